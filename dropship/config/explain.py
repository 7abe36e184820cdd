"""The story behind every code: what it means, why it matters, and how to write it instead.

The stories themselves are text, in ``codes.md`` beside this file. The number names the fault,
the letter how bad it is here: ``E201`` (under ``--strict``) and ``W201`` share a story.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from dropship.errors import UsageError

_HEADING: Final = re.compile(r"^# ([EW]\d{3}) (.+)$", re.MULTILINE)
_EXAMPLE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Story:
    """What there is to say of a code.

    Attributes:
        code: With the letter it usually has.
        title: The fault in a few words.
        text: What it means and why it matters.
        wrong: A main file with this fault, or what a shell does to get it.
        right: The same without it.
        language: What both are written in: ``hcl``, ``json`` or ``sh``.
    """

    code: str
    title: str
    text: str
    wrong: str
    right: str
    language: str

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.title}", self.text]
        for label, example in (("wrong:", self.wrong), ("right:", self.right)):
            parts += [label, _indented(example)]
        return "\n\n".join(parts)


def stories() -> Mapping[str, Story]:
    """All of them, by code."""
    text = (Path(__file__).parent / "codes.md").read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    found = [
        _story(heading, text[heading.end() : end])
        for heading, end in zip(headings, ends, strict=True)
    ]
    return MappingProxyType({story.code: story for story in found})


def explain(code: str) -> Story:
    """The story of a code, whichever letter it comes with.

    Raises:
        UsageError: There is no such code.
    """
    wanted, known = code.strip().upper(), stories()
    # E101 and W101 are two stories, E201 and W201 are one.
    for spelling in (wanted, f"E{wanted[-3:]}", f"W{wanted[-3:]}"):
        if spelling in known and wanted[:-3] in ("", "E", "W"):
            return known[spelling]
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    near = get_close_matches(wanted, known, n=1)
    cure = f"did you mean {near[0]}?" if near else "codes look like E203"
    raise UsageError(f"there is no code {code}", cure=cure)


def _story(heading: re.Match[str], body: str) -> Story:
    (language, wrong), (_, right) = _EXAMPLE.findall(body)
    text = _EXAMPLE.sub("", body).strip()
    return Story(heading[1], heading[2], text, wrong.rstrip("\n"), right.rstrip("\n"), language)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in text.splitlines())
