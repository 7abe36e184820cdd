"""Arguments that nobody means: of variables without a value, links that lead nowhere, pipes."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.host import PROGRAM, Host, tarball


@pytest.mark.parametrize(
    "words",
    [
        ("rollback", "app", ""),
        ("fmt", ""),
        ("validate", ""),
        ("status", ""),
        ("history", ""),
        ("--config", "", "status"),
        ("unpack", "", "there"),
        ("unpack", "app.tar.gz", ""),
    ],
    ids=" ".join,
)
def test_empty_argument_is_no_argument_left_out(host: Host, words: tuple[str, ...]) -> None:
    """It is wrong usage, and nothing is done."""
    host.configure(host.service())
    untidy = host.folder / "untidy.hcl"
    untidy.write_text("a   =   1\n")
    done = host.run(*words)
    assert done.returncode == 2
    assert "it is empty" in done.stderr
    assert untidy.read_text() == "a   =   1\n"


@pytest.mark.parametrize(
    ("text", "code"), [("x {", 1), ('state_path = "/tmp"\n', 0), ('service "a" {', 1)]
)
def test_configuration_from_a_pipe_is_read_whole(host: Host, text: str, code: int) -> None:
    """However often it is looked at."""
    done = subprocess.run(
        [*PROGRAM, "validate", "/dev/stdin"],
        input=text, capture_output=True, text=True, cwd=host.folder, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr


def test_services_of_a_piped_configuration_are_known(host: Host) -> None:
    """Also to commands that look at its first part beforehand."""
    host.configure(host.service())
    done = subprocess.run(
        [*PROGRAM, "--config", "/dev/stdin", "status"],
        input=host.config.read_text(), capture_output=True, text=True, cwd=host.folder, check=False,
    )  # fmt: skip
    assert "app" in done.stdout, done.stdout + done.stderr


def test_link_that_leads_nowhere_is_not_unpacked_through(host: Host) -> None:
    """What is outside of DEST is nobody's to make."""
    (host.folder / "one.tar.gz").write_bytes(tarball({"version": "1"}))
    (host.folder / "link").symlink_to("nowhere")
    done = host.run("unpack", "one.tar.gz", "link")
    assert done.returncode == 2
    assert "leads nowhere" in done.stderr
    assert not (host.folder / "nowhere").exists()


def test_strip_of_less_than_nothing_is_told_in_plain_words(host: Host) -> None:
    """As other numbers are."""
    done = host.run("unpack", "one.tar.gz", "there", "--strip=-1")
    assert done.returncode == 2
    assert "-1 is not a whole number from zero on" in done.stderr
