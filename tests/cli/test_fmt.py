"""``dropship fmt`` from outside: what it writes, prints and leaves alone, and how it exits."""

from __future__ import annotations

import os
import pwd
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dropship.cli.main import run
from tests.users import as_nobody

_PATH = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
ODD = 'service web{checkInterval="10s",hash="é" // why\n}'
EVEN = 'service "web" {\n  checkInterval = "10s"\n  hash          = "é" // why\n}\n'
FAULTY = """\
repo "http" {
  password = "hunter2" url = 10s
  headers { x = "hunter3" y = 1_0_0 }
}
service "web" {
  artifact "s3" { sseCustomerKey =
    "hunter4" bucket = 1x }
}
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DROPSHIP_CONFIG", raising=False)
    return tmp_path


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _fmt(*arguments: str) -> int:
    return run(["fmt", *arguments])


def _child(
    *arguments: str, given: bytes = b"", before: Callable[[], object] | None = None, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "dropship", "fmt", *arguments],
        input=given,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": _PATH, **environ},
        preexec_fn=before,
        check=False,
    )


# ---- Which files, and what is said ----


def test_changed_files_are_written_and_named(folder: Path, capsys: Captured) -> None:
    """One that is in the form already is not touched."""
    (folder / "odd.hcl").write_text(ODD)
    (folder / "even.hcl").write_text(EVEN)
    before = (folder / "even.hcl").stat()
    assert _fmt("odd.hcl", "even.hcl") == 0
    assert tuple(capsys.readouterr()) == ("odd.hcl\n", "")
    assert (folder / "odd.hcl").read_text() == EVEN
    after = (folder / "even.hcl").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert _names(folder) == ["even.hcl", "odd.hcl"]


def test_without_path_the_main_file_and_its_services_are_meant(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever ``service_path`` says they are; hidden files are what editors leave behind."""
    (folder / "main.hcl").write_text('service_path="apps"\n')
    (folder / "apps").mkdir()
    (folder / "apps" / "web.hcl").write_text(ODD)
    (folder / "apps" / ".web.hcl").write_text(ODD)
    (folder / "apps" / "api.json").write_text('{"service" : {}}')
    (folder / "other.hcl").write_text(ODD)
    monkeypatch.setenv("DROPSHIP_CONFIG", "main.hcl")
    assert _fmt() == 0
    assert capsys.readouterr().out == f"main.hcl\n{folder}/apps/web.hcl\n"
    assert (folder / "main.hcl").read_text() == 'service_path = "apps"\n'
    assert (folder / "apps" / "web.hcl").read_text() == EVEN
    assert (folder / "apps" / "api.json").read_text() == '{"service" : {}}'


def test_main_file_without_services_is_all_there_is(folder: Path, capsys: Captured) -> None:
    """A folder that is not there is no fault of the form."""
    (folder / "main.hcl").write_text('service_path="nowhere"')
    assert run(["--config", "main.hcl", "fmt"]) == 0
    assert tuple(capsys.readouterr()) == ("main.hcl\n", "")


def test_missing_main_file_is_told_with_what_to_do(capsys: Captured) -> None:
    """Once, exit 1."""
    assert run(["fmt", "--config", "main.hcl"]) == 1
    assert capsys.readouterr().err == (
        "main.hcl: error E001: main.hcl cannot be read: No such file or directory\n"
        "  hint: write one, or name another with --config\n\n"
    )


def test_folder_stands_for_its_files_and_its_services(folder: Path, capsys: Captured) -> None:
    """As in ``validate``; other folders in it may be anybody's."""
    for name in ("site/a.hcl", "site/services/b.hcl", "site/other/c.hcl", "site/d.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(ODD)
    assert _fmt("site") == 0
    assert capsys.readouterr().out == "site/a.hcl\nsite/services/b.hcl\n"


def test_file_of_several_names_is_formatted_once(folder: Path, capsys: Captured) -> None:
    """Named twice, through a link, in its folder."""
    (folder / "odd.hcl").write_text(ODD)
    (folder / "link.hcl").symlink_to("odd.hcl")
    assert _fmt("--check", "./odd.hcl", "odd.hcl", "link.hcl", ".") == 1
    assert capsys.readouterr().out == "odd.hcl\n"


# ---- --check and --diff ----


def test_check_names_what_would_change_and_writes_nothing(folder: Path, capsys: Captured) -> None:
    """Exit 1; 0 once it is formatted."""
    (folder / "odd.hcl").write_text(ODD)
    (folder / "even.hcl").write_text(EVEN)
    assert _fmt("--check", ".") == 1
    assert tuple(capsys.readouterr()) == ("odd.hcl\n", "")
    assert (folder / "odd.hcl").read_text() == ODD
    assert _fmt(".") == 0
    assert _fmt("--check", ".") == 0


def test_diff_is_one_that_patch_applies_and_writes_nothing(folder: Path, capsys: Captured) -> None:
    """Exit 0, or 1 with ``--check``; the missing newline at the end is told as patch wants it."""
    (folder / "odd.hcl").write_text(ODD)
    (folder / "even.hcl").write_text(EVEN)
    assert _fmt("--diff", ".") == 0
    diff = (
        "--- odd.hcl\n"
        "+++ odd.hcl\n"
        "@@ -1,2 +1,4 @@\n"
        '-service web{checkInterval="10s",hash="é" // why\n'
        "-}\n"
        "\\ No newline at end of file\n"
        '+service "web" {\n'
        '+  checkInterval = "10s"\n'
        '+  hash          = "é" // why\n'
        "+}\n"
    )
    assert tuple(capsys.readouterr()) == (diff, "")
    assert _fmt("--diff", "--check", "odd.hcl") == 1
    assert capsys.readouterr().out == diff
    assert (folder / "odd.hcl").read_text() == ODD


# ---- Standard input ----


def test_standard_input_goes_to_standard_output_in_utf8() -> None:
    """Whatever the terminal's encoding is."""
    done = _child("-", given=ODD.encode(), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (done.returncode, done.stdout, done.stderr) == (0, EVEN.encode(), b"")
    assert _child("-", given=EVEN.encode()).stdout == EVEN.encode()


def test_standard_input_may_be_checked_and_compared() -> None:
    """It has a name of its own there."""
    done = _child("-", "--check", given=ODD.encode())
    assert (done.returncode, done.stdout) == (1, b"<stdin>\n")
    assert _child("--check", "-", given=EVEN.encode()).returncode == 0
    done = _child("-", "--diff", given=ODD.encode())
    assert done.returncode == 0
    assert done.stdout.startswith(b"--- <stdin>\n+++ <stdin>\n@@")


def test_faulty_standard_input_gives_nothing_on_standard_output() -> None:
    """A pipe into the file would empty it of what was sound, too."""
    for given, word in ((b"a = 'x'", b"E1"), (b"a = \xff", b"not UTF-8 at byte 5"), (b"{", b"E1")):
        done = _child("-", given=given)
        assert (done.returncode, done.stdout) == (1, b"")
        assert word in done.stderr
        assert b"<stdin> is left as it is" in done.stderr


def test_json_passes_through() -> None:
    """As it is."""
    done = _child("-", given=b'  {"a" : 1}')
    assert (done.returncode, done.stdout) == (0, b'  {"a" : 1}')


def test_standard_input_beside_paths_is_a_wrong_call(folder: Path, capsys: Captured) -> None:
    """Exit 2, and the other file is not touched."""
    (folder / "odd.hcl").write_text(ODD)
    assert _fmt("odd.hcl", "-") == 2
    assert "- is standard input and stands alone" in capsys.readouterr().err
    assert (folder / "odd.hcl").read_text() == ODD


def test_file_named_like_standard_input_can_be_formatted(folder: Path) -> None:
    """With a folder before it, as everywhere."""
    (folder / "-").write_text(ODD)
    assert _fmt("./-") == 0
    assert (folder / "-").read_text() == EVEN


# ---- What is left alone ----


def test_faulty_file_is_left_alone_and_others_are_not(folder: Path, capsys: Captured) -> None:
    """Its faults are drawn as ``validate`` draws them, without secrets."""
    (folder / "a.hcl").write_text(FAULTY)
    (folder / "b.hcl").write_text(ODD)
    assert _fmt("a.hcl", "b.hcl") == 1
    out, err = capsys.readouterr()
    assert out == "b.hcl\n"
    assert err == (
        "a.hcl:2:30: error E109: 10s is not a number\n"
        " 2 |   password = ********* url = 10s\n"
        "   |                              ^^^\n"
        '  hint: write "10s"\n'
        "\n"
        "a.hcl:3:31: error E109: … is not a number\n"
        " 3 |   headers { x = ********* y = ***** }\n"
        "   |                               ^^^^^\n"
        '  hint: write "…"\n'
        "\n"
        "a.hcl:7:24: error E109: 1x is not a number\n"
        " 7 |     ********* bucket = 1x }\n"
        "   |                        ^^\n"
        '  hint: write "1x"\n'
        "\n"
        "dropship: a.hcl is left as it is; mend it, and run this again\n"
    )
    assert (folder / "a.hcl").read_text() == FAULTY
    assert (folder / "b.hcl").read_text() == EVEN


def test_faulty_file_fails_a_check(folder: Path) -> None:
    """Nobody can tell what it would look like."""
    (folder / "a.hcl").write_text(FAULTY)
    assert _fmt("--check", "a.hcl") == 1
    assert _fmt("--diff", "a.hcl") == 1


@pytest.mark.parametrize("text", ['service "web" {}\n', EVEN + "}"])
def test_fault_of_the_formatter_costs_nobody_a_file(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """None is known, so one is made up; what would be written is read before it is."""
    (folder / "a.hcl").write_text(ODD)
    monkeypatch.setattr("dropship.cli.fmt.formatted", lambda _file: text)
    assert _fmt("a.hcl") == 1
    out, err = capsys.readouterr()
    assert (out, (folder / "a.hcl").read_text()) == ("", ODD)
    assert err == (
        "dropship: a.hcl is left as it is, it could not be formatted; report this fault\n"
    )


def test_warnings_are_not_this_commands_business(folder: Path, capsys: Captured) -> None:
    """Nor is what the keys mean."""
    (folder / "a.hcl").write_text("unknown = 10 s = 1\nservice {}")
    assert _fmt("a.hcl") == 0
    assert tuple(capsys.readouterr()) == ("a.hcl\n", "")
    assert (folder / "a.hcl").read_text() == "unknown = 10\ns       = 1\nservice {}\n"


def test_json_is_left_alone_unless_it_is_faulty(folder: Path, capsys: Captured) -> None:
    """Whatever its name is."""
    (folder / "a.hcl").write_text('{"a":1}')
    assert _fmt("a.hcl") == 0
    assert tuple(capsys.readouterr()) == ("", "")
    (folder / "a.hcl").write_text('{"a":1')
    assert _fmt("a.hcl") == 1
    assert "E103" in capsys.readouterr().err


def test_what_cannot_be_read_is_told_and_others_are_formatted(
    folder: Path, capsys: Captured
) -> None:
    """Missing, no text, no file, nothing in it."""
    (folder / "latin.hcl").write_bytes(b'a = "\xe9"')
    (folder / "empty").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "odd.hcl").write_text(ODD)
    assert _fmt("missing.hcl", "latin.hcl", "empty", "pipe", "odd.hcl") == 1
    out, err = capsys.readouterr()
    assert out == "odd.hcl\n"
    assert err == (
        "missing.hcl: error E001: missing.hcl cannot be read: No such file or directory\n"
        "\n"
        "latin.hcl: error E001: latin.hcl cannot be read: not UTF-8 at byte 6\n"
        "  hint: save it as UTF-8\n"
        "\n"
        "dropship: latin.hcl is left as it is; mend it, and run this again\n"
        "empty: error E001: empty cannot be read: this folder holds no *.hcl file\n"
        "\n"
        "pipe: error E001: pipe cannot be read: it is no file\n"
        "\n"
    )


# ---- How a file is replaced ----


def test_mode_stays(folder: Path) -> None:
    """Who could read it still can, and who could not still cannot."""
    path = folder / "odd.hcl"
    path.write_text(ODD)
    for mode in (0o640, 0o666):
        path.write_text(ODD)
        path.chmod(mode)
        assert _fmt("odd.hcl") == 0
        assert path.stat().st_mode & 0o7777 == mode


def test_extended_attributes_stay(folder: Path) -> None:
    """Lists of who may read it are such."""
    path = folder / "odd.hcl"
    path.write_text(ODD)
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    assert _fmt("odd.hcl") == 0
    assert os.getxattr(path, "user.note") == b"mine"


@pytest.mark.root
def test_owner_stays(folder: Path) -> None:
    """Root formats for others."""
    path = folder / "odd.hcl"
    path.write_text(ODD)
    os.chown(path, 1234, 4321)
    path.chmod(0o4600)
    assert _fmt("odd.hcl") == 0
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1234, 4321, 0o4600)


def test_link_stays_a_link(folder: Path, capsys: Captured) -> None:
    """What it leads to is written."""
    (folder / "site").mkdir()
    (folder / "site" / "odd.hcl").write_text(ODD)
    (folder / "link.hcl").symlink_to("site/odd.hcl")
    assert _fmt("link.hcl") == 0
    assert capsys.readouterr().out == "link.hcl\n"
    assert (folder / "link.hcl").readlink() == Path("site/odd.hcl")
    assert (folder / "site" / "odd.hcl").read_text() == EVEN


def test_file_that_cannot_be_written_whole_stays_as_it_was(folder: Path) -> None:
    """Nothing is left beside it; the next one is formatted."""
    (folder / "odd.hcl").write_text(ODD)
    (folder / "short.hcl").write_text("a=1")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))

    done = _child("odd.hcl", "short.hcl", before=limit)
    assert (done.returncode, done.stdout) == (1, b"short.hcl\n")
    assert done.stderr == b"dropship: odd.hcl cannot be written: File too large\n"
    assert (folder / "odd.hcl").read_text() == ODD
    assert _names(folder) == ["odd.hcl", "short.hcl"]


@pytest.mark.root
def test_whoever_may_not_write_is_told_so() -> None:
    """A folder, a file, another's file, a folder that cannot be entered."""
    base = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    base.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    names = ("folder", "file", "other", "closed")
    try:
        for name in names:
            (base / name).mkdir(parents=True)
            (base / name / "odd.hcl").write_text(ODD)
        for path in (base / "file", base / "other", base / "file" / "odd.hcl"):
            shutil.chown(path, nobody.pw_uid, nobody.pw_gid)
        (base / "folder" / "odd.hcl").chmod(0o666)
        (base / "file" / "odd.hcl").chmod(0o444)
        (base / "other" / "odd.hcl").chmod(0o666)
        (base / "closed").chmod(0o700)
        paths = [f"{base}/{name}/odd.hcl" for name in names]
        done = as_nobody(lambda: run(["fmt", *paths]))
        assert (done.returncode, done.stdout) == (1, "")
        who = "run it as a user who may change it"
        assert done.stderr == (
            f"dropship: {paths[0]} cannot be written: Permission denied; {who}\n"
            f"dropship: {paths[1]} cannot be written: it is read-only; {who}\n"
            f"dropship: {paths[2]} cannot be written: its owner and group could not be kept; {who}\n"
            f"{paths[3]}: error E001: {paths[3]} cannot be read: Permission denied\n\n"
        )
        assert {Path(path).read_text() for path in paths} == {ODD}
        assert [_names(base / name) for name in names] == [["odd.hcl"]] * 4
    finally:
        shutil.rmtree(base)
