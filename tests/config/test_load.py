"""Files and folders."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import dropship.config.load as load_module
from dropship.config.load import Loaded, Mode, load, load_alone
from dropship.core.secrets import secret_values
from tests.config.conftest import WEB, Reader, service_files

SOUND = WEB.format(service="", artifact="")


def _service(name: str) -> str:
    return SOUND.replace('"web"', f'"{name}"').replace("/srv/web", f"/srv/{name}")


def _load(path: Path, cwd: Path | None = None) -> Loaded:
    return load(path, environ={}, cwd=cwd or path.parent, euid=0, mode=Mode.REQUIRE)


def _codes(loaded: Loaded) -> list[str]:
    return [one.code for one in loaded.diagnostics]


def test_service_files_are_read_in_lexical_order_hcl_and_json_alike(read: Reader) -> None:
    """Hidden files and others are left alone."""
    json = '{"service": {"b": {"checkInterval": "1s", "artifact": {"file": {"path": "/x", "destination": "/srv/b"}}}}}'
    result = read(
        "",
        services={
            "c.hcl": _service("c"),
            "a.hcl": _service("a"),
            "b.json": json,
            ".a.hcl": "not {",
            "a.hcl~": "not {",
            "README": "not {",
        },
    )
    assert [service.name for service in result.config.services] == ["a", "b", "c"]
    assert result.loaded.service_names == ("a", "b", "c")
    names = [Path(name).name for name in result.loaded.files]
    assert names == ["dropship.hcl", "a.hcl", "b.json", "c.hcl"]


def test_services_may_stand_in_the_main_file_too(read: Reader) -> None:
    """Those come first."""
    result = read(SOUND, services={"a.hcl": _service("a")})
    assert [service.name for service in result.config.services] == ["web", "a"]


def test_folder_of_services_may_be_named(read: Reader, tmp_path: Path) -> None:
    """Relative to the working directory."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/web.hcl").write_text(SOUND)
    result = read('service_path = "elsewhere"')
    assert result.web.name == "web"
    assert result.config.service_path == tmp_path / "elsewhere"


def test_named_folder_of_services_that_is_not_there_is_a_warning(read: Reader) -> None:
    """A host may have no services yet; a missing default folder is not even that."""
    assert read(SOUND + 'service_path = "/nowhere"').codes == ["W002"]
    assert read('service_path = "/nowhere"').codes == ["W002"]
    assert read('service_path = ""').codes == ["E205"]
    assert read(SOUND).codes == []


def test_folder_of_services_beside_the_file_is_named_where_it_is_meant(tmp_path: Path) -> None:
    """A path is relative to the working directory, which people forget."""
    (tmp_path / "etc/mine").mkdir(parents=True)
    main = tmp_path / "etc/main.hcl"
    main.write_text('service_path = "mine"')
    (warning,) = _load(main, tmp_path).diagnostics
    assert warning.code == "W002"
    assert warning.suggestion is not None
    assert warning.suggestion.startswith(f"write {tmp_path}/etc/mine: ")
    main.write_text('service_path = env("X", "mine")')
    assert [one.suggestion for one in _load(main, tmp_path).diagnostics] == [None]


def test_main_file_in_its_own_folder_of_services_is_read_once(read: Reader) -> None:
    """``service_path`` may be the folder that the main file stands in."""
    result = read(f'service_path = "{read.folder}"\n' + SOUND)
    assert result.codes == []


def test_main_may_be_named_relative_to_the_working_directory(tmp_path: Path) -> None:
    """Shown as it was named, kept as an absolute path."""
    (tmp_path / "main.hcl").write_text(SOUND)
    loaded = _load(Path("main.hcl"), tmp_path)
    assert loaded.files == ("main.hcl",)
    assert loaded.config is not None
    assert loaded.config.main == tmp_path / "main.hcl"


def test_main_may_be_a_folder(tmp_path: Path) -> None:
    """Its files are read as if they were one; services lie in its own ``services``."""
    (tmp_path / "a.hcl").write_text('repo "backup" { type = "file" }')
    (tmp_path / "b.hcl").write_text('defaults { checkInterval = "1s" }')
    (tmp_path / "services").mkdir()
    artifact = 'artifact "backup" { path = "/x" destination = "/srv/w" }'
    (tmp_path / "services/w.hcl").write_text(f'service "w" {{ {artifact} }}')
    loaded = _load(tmp_path)
    assert _codes(loaded) == []
    assert loaded.config is not None
    assert [service.name for service in loaded.config.services] == ["w"]
    assert loaded.config.main == tmp_path


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_main_that_cannot_be_read_is_one_clear_error(tmp_path: Path, kind: str) -> None:
    """With its path and the cause."""
    path = tmp_path / "main.hcl"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\x80\x81")
    loaded = _load(path)
    (diagnostic,) = loaded.diagnostics
    assert diagnostic.code == "E001"
    assert str(path) in diagnostic.message
    assert diagnostic.where == str(path)
    assert diagnostic.suggestion
    assert loaded.config is None


def test_service_file_that_cannot_be_read_is_an_error_among_others(
    read: Reader, tmp_path: Path
) -> None:
    """A dangling link, say; the other files are read all the same."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services/gone.hcl").symlink_to("nowhere")
    result = read(SOUND.replace('"10s"', '"x"'))
    assert result.codes == ["E205", "E001"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.root
@pytest.mark.parametrize("locked", ["main.hcl", "services", "services/web.hcl", "."])
def test_file_or_folder_without_permission_is_an_error(locked: str) -> None:
    """Named, with the cause; where it stands in a folder that is closed, too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "services").mkdir(mode=0o755)
        (folder / "main.hcl").write_text("maxStagings = 1")
        (folder / "services/web.hcl").write_text(SOUND)
        (folder / locked).chmod(0)
        said = _as_nobody(lambda: _load(folder / "main.hcl").diagnostics[-1].message)
    named = "main.hcl" if locked == "." else locked
    assert said == f"{folder / named} cannot be read: Permission denied"


def _as_nobody(ask: Callable[[], str]) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer = "nothing was said"
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            answer = ask()
        finally:
            os.write(writer, answer.encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read().decode()
    os.waitpid(child, 0)
    return answer


def test_host_without_a_list_of_users_is_no_reason_to_fail(tmp_path: Path) -> None:
    """A container may have none."""
    assert load_module._passwd(tmp_path / "passwd") == ""


def test_other_blocks_in_a_service_file_are_ignored_with_a_warning(read: Reader) -> None:
    """They belong into the main file."""
    result = read("", services={"web.hcl": SOUND + 'repo "backup" { type = "file" }'})
    assert result.codes == ["W202"]
    assert result.suggestions == ["it belongs in the main file"]


def test_configuration_without_services_is_a_warning(read: Reader) -> None:
    """Valid, but nothing to do."""
    assert read("").codes == ["W003"]


def test_positions_of_lines_with_carriage_returns_are_right(read: Reader) -> None:
    """Offsets are those of the file, not of a converted text."""
    (read.folder / "dropship.hcl").write_bytes(b"")
    text = 'state_path = "/x"\r\nstate_pth = "/y"\r\n'
    (read.folder / "x.hcl").write_bytes(text.encode())
    loaded = _load(read.folder / "x.hcl")
    unknown = next(one for one in loaded.diagnostics if one.code == "W201")
    assert unknown.where.endswith("x.hcl:2:1")


def test_service_files_alone_are_told_from_a_main_file(tmp_path: Path) -> None:
    """By what they hold: services and nothing else."""
    web = tmp_path / "web.hcl"
    web.write_text(SOUND)
    assert [one.file.source.name for one in service_files(web, tmp_path)] == [str(web)]
    assert [one.file.source.name for one in service_files(tmp_path, tmp_path)] == [str(web)]
    web.write_text(SOUND + 'state_path = "/x"')
    assert service_files(web, tmp_path) == []
    web.write_text("")
    assert service_files(web, tmp_path) == []
    assert service_files(tmp_path / "missing.hcl", tmp_path) == []


def test_main_file_of_services_with_a_folder_beside_it_is_a_main_file(tmp_path: Path) -> None:
    """Else the services in the folder would be missed."""
    (tmp_path / "main.hcl").write_text(SOUND)
    (tmp_path / "services").mkdir()
    assert service_files(tmp_path / "main.hcl", tmp_path) == []


def test_repo_and_lock_of_a_service_file_alone_may_be_elsewhere(tmp_path: Path) -> None:
    """A warning: the main file is not known; all other faults are errors as ever."""
    web = tmp_path / "web.hcl"
    web.write_text(
        SOUND.replace('"http"', '"backup"').replace(
            "checkInterval", 'sequentialUpdates = true lock = "turns" checkInterval'
        )
        + 'service "b" {}'
    )
    files = service_files(web, tmp_path)
    loaded = load_alone(files, environ={}, cwd=tmp_path, euid=0, mode=Mode.WARN)
    assert _codes(loaded) == ["W213", "W213", "E203", "E203"]
    assert loaded.service_names == ("web", "b")


def test_lock_of_a_service_file_alone_may_have_turns_for_each_service(tmp_path: Path) -> None:
    """What the main file's lock says is not known."""
    web = tmp_path / "web.hcl"
    turns = "sequentialUpdates = true maxParallel = 2 checkInterval"
    web.write_text(SOUND.replace("checkInterval", turns))
    files = service_files(web, tmp_path)
    loaded = load_alone(files, environ={}, cwd=tmp_path, euid=0, mode=Mode.WARN)
    assert _codes(loaded) == ["W219", "W215"]
    assert loaded.diagnostics[0].message.endswith("there is no lock block in this file")


def test_user_gets_folders_of_the_xdg_directories(read: Reader) -> None:
    """Where root's would not be writable."""
    config = read(SOUND, environ={"HOME": "/home/joe"}, euid=1000).config
    assert config.state_path == Path("/home/joe/.local/state/dropship")


def test_thousand_services_are_checked_in_seconds_not_minutes(read: Reader) -> None:
    """The work grows with the number of services, not with its square."""
    text = "".join(_service(f"s{number}") for number in range(1000))
    result = read(text)
    assert result.codes == []
    assert len(result.config.services) == 1000


def test_every_secret_that_was_decoded_is_known(read: Reader) -> None:
    """Those of blocks that no service uses too, and those of a configuration that is at fault."""
    unused = """
        repo "http" {
          user = "u"
          password = env("KEY")
          bearer = ""
          headers { "X-Auth" = "Bearer headers" }
          url = "https://joe:login@example.com/"
        }
        repo "mine" {
          type = "s3"
          secret = "literal"
        }
    """
    environ = {"KEY": "from outside"}
    sound = read(unused + SOUND.replace('"http"', '"file"'), environ=environ)
    broken = read(unused + 'service "web" { checkInterval = 5 }', environ=environ)
    assert broken.loaded.config is None
    for one in (sound, broken):
        found = secret_values(one.loaded.secrets)
        assert found == {
            "from outside", "literal", "Bearer headers", "headers", "joe:login", "login",
        }  # fmt: skip
        assert "literal" not in repr(one.loaded.secrets)


def test_configuration_knows_secrets_that_nothing_uses(read: Reader) -> None:
    """Hooks must not see them in the environment either."""
    result = read('repo "mine" { type = "s3" secret = "literal" }' + SOUND)
    assert secret_values(result.config) == {"literal"}
