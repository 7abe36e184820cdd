"""The scripts that complete command lines, run by the shells they are for."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dropship.cli import main
from tests.tools import needed

SERVICES = ["api", "web-shop"]

_SERVICE = """
service "{0}" {{
  checkInterval = "30s"
  artifact "file" {{
    path        = "/store/{0}.tar"
    destination = "/srv/{0}"
  }}
}}
"""


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """Where ``dropship`` is a command, and two services are configured."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "dropship"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m dropship "$@"\n')
    command.chmod(0o755)
    config = tmp_path / "dropship.hcl"
    paths = f'state_path = "{tmp_path}/state"\nrun_path = "{tmp_path}/run"\n'
    config.write_text(paths + "".join(_SERVICE.format(name) for name in SERVICES))
    (tmp_path / "other.hcl").write_text(paths + _SERVICE.format("other"))
    return {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "DROPSHIP_CONFIG": str(config),
        "HOME": str(tmp_path),
    }


def run(argv: list[str], environ: Mapping[str, str], stdin: str = "") -> str:
    """The output of a program that ends well."""
    done = subprocess.run(
        argv, env=environ, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def script(name: str, environ: Mapping[str, str]) -> str:
    """What ``completion`` prints."""
    return run(["dropship", "completion", name], environ)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_every_command_is_in_the_script(name: str, environ: Mapping[str, str]) -> None:
    """And none that is hidden."""
    text = script(name, environ)
    for command in main.COMMANDS:
        assert command in text
    assert "log-format" in text
    assert "SUPPRESS" not in text
    assert '"--services"' not in text
    assert "-l services" not in text


_LINES = {
    "dropship sta": ["status"],
    "dropship status ": SERVICES,
    "dropship update api w": ["web-shop"],
    "dropship update --force a": ["api"],
    "dropship status --format ": ["text", "json"],
    "dropship --log-level ": ["debug", "info", "warning", "error"],
    "dropship --log-level debug paus": ["pause"],
    "dropship completion ": ["bash", "zsh", "fish"],
    "dropship --config {folder}/other.hcl status ": ["other"],
}
_OPTIONS = {"dropship status --w": ["--watch"], "dropship pause --rea": ["--reason"]}
_FILES = {
    "dropship validate {folder}/oth": ["{folder}/other.hcl"],
    "dropship --config {folder}/oth": ["{folder}/other.hcl"],
    "dropship unpack {folder}/oth": ["{folder}/other.hcl"],
    "dropship demo {folder}/": ["{folder}/bin"],
}

_BASH = """
while read -r line; do
  COMP_LINE=$line
  [[ $line == *_ ]] && line=${line%_}
  read -ra COMP_WORDS <<< "$line"
  [[ $line == *" " ]] && COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _shtab_dropship 2>/dev/null
  echo "${COMPREPLY[*]}"
done
"""


def test_bash_completes(environ: Mapping[str, str], tmp_path: Path) -> None:
    """Commands, options, choices, services of the configuration that is meant, paths."""
    bash = needed("bash")
    cases = _of({**_LINES, **_OPTIONS, **_FILES}, tmp_path)
    # A space at the end of a line would be lost.
    lines = "".join(f"{line}_\n" for line in cases)
    said = run([bash, "-c", script("bash", environ) + _BASH], environ, lines)
    assert dict(zip(cases, map(str.split, said.splitlines()), strict=True)) == cases


def test_fish_completes(environ: Mapping[str, str], tmp_path: Path) -> None:
    """As bash does."""
    fish = needed("fish")
    cases = _of({**_LINES, **_OPTIONS}, tmp_path)
    (tmp_path / "script.fish").write_text(script("fish", environ))
    asking = "".join(f"echo (complete -C {shlex.quote(line)})\n" for line in cases)
    asking = asking.replace(")\n", " | string replace -r '\\t.*' '')\n")
    run([fish, "-n", str(tmp_path / "script.fish")], environ)
    said = run([fish, "--no-config", "-c", f"source {tmp_path}/script.fish\n{asking}"], environ)
    found = dict(zip(cases, map(str.split, said.splitlines()), strict=True))
    assert {line: sorted(words) for line, words in found.items()} == {
        line: sorted(words) for line, words in cases.items()
    }


def test_zsh_understands_its_script(environ: Mapping[str, str], tmp_path: Path) -> None:
    """It is sound, and every service of several is completed, not the first only."""
    zsh = needed("zsh")
    path = tmp_path / "_dropship"
    path.write_text(script("zsh", environ))
    run([zsh, "-n", str(path)], environ)
    assert '"*:default\\: all:_dropship_services"' in path.read_text()


def _of(cases: Mapping[str, list[str]], folder: Path) -> dict[str, list[str]]:
    where = str(folder)
    return {
        line.replace("{folder}", where): [word.replace("{folder}", where) for word in words]
        for line, words in cases.items()
    }


def test_names_are_nobodys_trouble(environ: Mapping[str, str], tmp_path: Path) -> None:
    """Whoever presses Tab on a broken configuration sees no names and no faults."""
    (tmp_path / "dropship.hcl").write_text("service {")
    assert run(["dropship", "completion", "--services", "dropship status "], environ) == ""


def test_shell_has_to_be_named(environ: Mapping[str, str]) -> None:
    """Exit 2, and which there are."""
    done = subprocess.run(
        ["dropship", "completion"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "dropship: no shell is named; name one of bash, zsh, fish\n"
