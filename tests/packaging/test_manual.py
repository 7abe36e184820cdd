"""The manuals: commands and keys are those there are, and man can show them."""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.cli import main
from dropship.config.load import Mode, load
from dropship.config.reference import kind, sentences, usual
from dropship.config.schema import TYPES, schema
from tests import manual
from tests.tools import needed

_READERS = [
    ["mandoc", "-Kutf-8", "-Tutf8", "-Owidth=1000"],
    ["groff", "-man", "-k", "-Tutf8", "-rLL=300n"],
]
TEXT = manual.PAGE.read_text(encoding="utf-8")


def said_of_keys() -> Iterator[str]:
    """What must be read of each key."""
    found = schema()
    for block in (*found.files, *found.blocks):
        for keys in (block.keys, *(one.keys for one in block.types)):
            for key in keys:
                yield f"{key.name} ({kind(key)}, {usual(key)}) {' '.join(sentences(key))}"


def shown(command: list[str], page: str) -> str:
    """A page as it is read: one space between words, nothing bold."""
    done = subprocess.run(
        command, input=page, capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return " ".join(re.sub(r".\x08|\x1b\[\d*m", "", done.stdout).split())


def test_keys_of_the_manual_are_those_there_are() -> None:
    """``python -m tests.manual`` renews it."""
    assert manual.page(TEXT) == TEXT
    assert manual.page(TEXT.replace("maxStagings", "someStagings")) == TEXT


def test_commands_of_the_manual_are_those_there_are() -> None:
    """``python -m tests.manual`` renews it."""
    text = manual.COMMANDS_PAGE.read_text(encoding="utf-8")
    assert manual.commands_page(text) == text
    assert manual.commands_page(text.replace(".SS ", ".SH ")) == text


@pytest.mark.parametrize("command", _READERS, ids=["mandoc", "groff"])
def test_every_command_is_shown_with_its_options(command: list[str]) -> None:
    """As its help has them."""
    needed(command[0])
    text = manual.COMMANDS_PAGE.read_text(encoding="utf-8")
    page = shown(command, text.replace(".SH NAME", ".nh\n.SH NAME"))
    for name in main.COMMANDS:
        assert f" {name} " in page
        for action in main.parser(name)._actions:
            for option in action.option_strings if action.help is not argparse.SUPPRESS else ():
                assert option == "-h" or option in page, (name, option)


@pytest.mark.parametrize("command", _READERS, ids=["mandoc", "groff"])
def test_every_key_is_shown_as_the_reference_has_it(command: list[str]) -> None:
    """No escape shows, none is missing, and nothing is taken for a request."""
    needed(command[0])
    # groff is told not to break words; mandoc never does.
    text = shown(command, TEXT.replace(".SH NAME", ".nh\n.SH NAME"))
    wanted = [*said_of_keys(), *(f"{name} {meaning}" for name, meaning in TYPES)]
    assert [one for one in wanted if one.replace("`", "") not in text] == []


_ODD = r"'a' \n ~/.x `'\d+' ^a~b --no-x \(em` and. `.hcl` \fBx"


@pytest.mark.parametrize("command", _READERS, ids=["mandoc", "groff"])
def test_text_with_marks_of_the_manual_is_shown_as_it_is(command: list[str]) -> None:
    """Also at the start of a line; what stands in backquotes is what is typed, to the letter."""
    needed(command[0])
    head = ".TH X 5 2026-01-01\n.SH NAME\nx \\- y\n.SH TEXT\n.nh\n"
    text = shown(
        command, head + "\n".join([*manual._said(_ODD), *manual._said(".hcl is it.")]) + "\n"
    )
    # An apostrophe in prose may be shown as one of type.
    assert _ODD.replace("`", "") in text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    assert r"'\d+' ^a~b --no-x \(em" in text
    assert ".hcl is it." in text


_PAGES = pytest.mark.parametrize(
    "page", [manual.PAGE, manual.COMMANDS_PAGE], ids=lambda page: page.name
)


@_PAGES
def test_manual_is_well_formed_for_mandoc(page: Path) -> None:
    """With all its warnings."""
    done = subprocess.run(
        [needed("mandoc"), "-T", "lint", "-W", "warning", page],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@_PAGES
def test_manual_is_well_formed_for_groff(page: Path) -> None:
    """With all its warnings."""
    done = subprocess.run(
        [needed("groff"), "-man", "-ww", "-k", "-T", "utf8", "-z", page],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_example_of_the_manual_is_a_configuration(tmp_path: Path) -> None:
    """With nothing to be said of it."""
    (example,) = re.findall(r"^\.EX\n(.*?)^\.EE$", TEXT, re.MULTILINE | re.DOTALL)
    secret = tmp_path / "token"
    secret.write_text("sesame\n")
    path = tmp_path / "dropship.hcl"
    path.write_text(example.replace("/etc/dropship.d/releases-token", str(secret)))
    loaded = load(path, environ={}, cwd=tmp_path, euid=0, mode=Mode.REQUIRE)
    assert loaded.diagnostics == ()
    assert loaded.config is not None
