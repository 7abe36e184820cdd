"""The stories behind codes are true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import dropship.config
from dropship.config.explain import Story, explain, stories
from dropship.config.load import Mode, load
from dropship.errors import UsageError
from dropship.hcl import codes
from tests.config import chatter

_ALL = stories()
_TEXT = (Path(dropship.config.__file__).parent / "codes.md").read_text(encoding="utf-8")


# Said by ``python -m dropship.hcl`` only, which evaluates calls and prints what they stand for.
_OF_THE_LANGUAGE_ALONE = ("E121", "E122")


def test_every_code_of_the_language_and_the_configuration_has_a_story() -> None:
    """And no story is about a code that does not exist."""
    folder = Path(dropship.config.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    written = set(re.findall(r'"([EW][02]\d\d)"', sources))
    # Those that resolver raises with the letter that the mode has it.
    numbers = {code[1:] for code in written} | set(re.findall(r'"(2\d\d)"', sources))
    told = {code[1:] for code in _ALL if code[1] != "1"}
    assert numbers == told
    named = {value for name, value in vars(codes).items() if name.isupper()}
    assert {code for code in _ALL if code[1] == "1"} == named


def test_no_code_has_two_stories() -> None:
    """The second would hide the first."""
    headings = re.findall(r"^# ([EW]\d{3}) ", _TEXT, re.MULTILINE)
    assert len(headings) == len(set(headings)) == len(_ALL)


def test_stories_stand_in_the_order_of_their_numbers() -> None:
    """As the page of errors lists them, E before W."""
    assert list(_ALL) == sorted(_ALL, key=lambda code: (code[1:], code[0]))


@pytest.mark.parametrize("story", _ALL.values(), ids=lambda story: story.code)
def test_every_story_says_more_than_its_title(story: Story) -> None:
    """What it means and what to do, in whole sentences, short enough for a terminal."""
    assert story.title[0] == story.title[0].lower()
    assert len(story.text) >= 80
    assert story.text.endswith(".")
    assert max(map(len, str(story).splitlines())) <= 110
    assert story.wrong != story.right


def _given(folder: Path, story: Story, text: str) -> set[str]:
    """What is wrong with an example, by code; from 200 on by number, whichever letter it has."""
    main = folder / "dropship.hcl"
    if story.language == "sh":
        subprocess.run(["bash", "-euc", text], cwd=folder, check=True, timeout=60)
    else:
        main.write_text(text + "\n", encoding="utf-8")
        main.chmod(0o644)
    if story.code in _OF_THE_LANGUAGE_ALONE:
        argv = [sys.executable, "-m", "dropship.hcl", str(main)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == (1 if done.stderr else 0)
        return set(re.findall(r"error (E\d{3}):", done.stderr))
    loaded = load(main, environ={}, cwd=folder, euid=0, mode=Mode.WARN)
    return {_named(one.code) for one in loaded.diagnostics}


def _named(code: str) -> str:
    return code if code[1] == "1" else code[1:]


@pytest.mark.parametrize("story", _ALL.values(), ids=lambda story: story.code)
def test_wrong_example_has_the_fault_and_the_right_one_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    """Right examples have no error and no warning, but for there being no service."""
    monkeypatch.syspath_prepend(str(chatter.install(tmp_path)))
    wrong, right = tmp_path / "wrong", tmp_path / "right"
    wrong.mkdir()
    right.mkdir()
    assert _named(story.code) in _given(wrong, story, story.wrong)
    assert not _given(right, story, story.right) - ({"003"} - {_named(story.code)})


@pytest.mark.parametrize("code", ["W201", "E201", "201", " e201 "])
def test_story_is_found_by_number_whichever_letter(code: str) -> None:
    """W201 is E201 under --strict."""
    assert explain(code).code == "W201"


def test_code_that_does_not_exist_names_the_nearest() -> None:
    """A mistyped code is a wrong call."""
    with pytest.raises(UsageError, match=r"there is no code E2033; did you mean E2\d\d\?"):
        explain("E2033")


def test_story_reads_as_text() -> None:
    """Title, story, both examples, indented."""
    text = str(explain("E205"))
    assert text.startswith("E205: a value that does not fit\n\n")
    assert "\n\nwrong:\n\n    defaults {\n" in text
    assert '\n      splay = "10s"\n' in text


def test_codes_that_differ_only_in_their_letter_have_each_its_own_story() -> None:
    """The language has E101 and W101, and they are not the same fault."""
    assert explain("W101").code == "W101"
    assert explain("E101").code == "E101"
    assert explain("e201") == explain("W201")
