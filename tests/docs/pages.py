"""The pages that operators read, taken apart: blocks, links, headings, tables of keys."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
USAGE = ROOT / "docs" / "usage"

_FENCE = re.compile(r"^```(\S*)[ ]?(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PUNCTUATION = re.compile(r"[^\w\- ]")
_ENDS_COMMAND = frozenset({"|", "||", "&", "&&", ";"})
_REDIRECTS = frozenset({">", ">>", "<"})


@dataclass(frozen=True)
class Block:
    """A fenced block: ``language`` and the ``note`` behind it, as they stand after the fence."""

    page: Page
    line: int
    language: str
    note: str
    text: str

    @property
    def where(self) -> str:
        """For the names of tests."""
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True)
class Page:
    """One page."""

    path: Path

    @property
    def name(self) -> str:
        """Where it is below ``docs/usage``, or its name elsewhere."""
        inside = self.path.is_relative_to(USAGE)
        return self.path.relative_to(USAGE).as_posix() if inside else self.path.name

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """All but the blocks; newlines within sentences are spaces."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> Iterator[Block]:
        """The blocks of a language."""
        text = self.text
        for match in _FENCE.finditer(text):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 1
                yield Block(self, line, match[1], match[2].strip(), match[3])

    def links(self) -> list[str]:
        """Where its links lead."""
        return _LINK.findall(self.prose)

    def spans(self) -> list[str]:
        """What stands between single backquotes, each on one line."""
        return [" ".join(span.split()) for span in _CODE.findall(self.prose)]

    def anchors(self) -> set[str]:
        """The anchors of its headings, as GitHub makes them."""
        found = _HEADING.findall(self.prose)
        return {
            _PUNCTUATION.sub("", heading.strip().lower()).replace(" ", "-") for heading in found
        }

    def section(self, heading: str) -> str:
        """What stands below a heading, up to the next one."""
        parts = re.split(r"^(#+ .+)$", self.prose, flags=re.MULTILINE)
        for title, body in zip(parts[1::2], parts[2::2], strict=True):
            if title.lstrip("#").strip() == heading:
                return body
        raise AssertionError(f"{self.path.name} has no heading {heading!r}")


def pages() -> list[Page]:
    """README and every page of ``docs/usage`` and its folders."""
    return [Page(path) for path in (ROOT / "README.md", *sorted(USAGE.rglob("*.md")))]


def blocks(language: str) -> list[Block]:
    """The blocks of a language on all pages."""
    return [block for page in pages() for block in page.blocks(language)]


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of every ``dropship`` command in lines of shell."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        words = iter([*lexer, ";"])
        for word in words:
            if word in _REDIRECTS:
                next(words)  # a file, whatever it is called
            elif word not in _ENDS_COMMAND:
                command.append(word)
            else:
                if command and command[0].rpartition("/")[2] == "dropship":
                    yield command[1:]
                command = []
