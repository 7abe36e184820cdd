"""The stories behind codes are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dropship.config
from dropship.config.explain import Story, explain, stories
from dropship.config.load import Mode, load
from dropship.errors import UsageError
from dropship.hcl.codes import CODES

_ALL = stories()


def test_every_code_of_the_language_and_the_configuration_has_a_story() -> None:
    """And no story is about a code that does not exist."""
    folder = Path(dropship.config.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    written = set(re.findall(r'"([EW][02]\d\d)"', sources))
    # Those that resolver raises with the letter that the mode has it.
    numbers = {code[1:] for code in written} | set(re.findall(r'"(2\d\d)"', sources))
    told = {code[1:] for code in _ALL if code[1] != "1"}
    assert numbers == told
    assert {code for code in _ALL if code[1] == "1"} == set(CODES)


@pytest.mark.parametrize(
    ("story", "text", "wrong"),
    [
        pytest.param(story, text, wrong, id=f"{story.code}-{'wrong' if wrong else 'right'}")
        for story in _ALL.values()
        for text, wrong in ((story.wrong, True), (story.right, False))
        if text
    ],
)
def test_wrong_example_has_the_fault_and_the_right_one_none(
    tmp_path: Path,
    story: Story,
    text: str,
    wrong: bool,
) -> None:
    """Right examples have no error and no warning, but for there being no service."""
    main = tmp_path / "main.hcl"
    main.write_text(text + "\n", encoding="utf-8")
    main.chmod(0o644)
    loaded = load(main, environ={}, cwd=tmp_path, euid=0, mode=Mode.WARN)
    numbers = {one.code[1:] for one in loaded.diagnostics}
    if wrong:
        assert story.code[1:] in numbers
    else:
        assert not numbers - {"003"} | (numbers & {story.code[1:]})


@pytest.mark.parametrize("code", ["W201", "E201", "201", " e201 "])
def test_story_is_found_by_number_whichever_letter(code: str) -> None:
    """W201 is E201 under --strict."""
    assert explain(code).code == "W201"


def test_code_that_does_not_exist_names_the_nearest() -> None:
    """A mistyped code is a wrong call."""
    with pytest.raises(UsageError, match=r"there is no code E2033; did you mean E2\d\d\?"):
        explain("E2033")


def test_story_without_examples_reads_as_text() -> None:
    """Not every fault is a matter of text."""
    assert "wrong:" not in str(explain("E001"))


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
