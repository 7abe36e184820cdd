"""Rows of a body or list, and how they stand below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a row holds; only attributes and elements are aligned with their neighbours."""

    ATTRIBUTE = auto()
    ELEMENT = auto()
    OTHER = auto()


@dataclass(slots=True)
class Row:
    """An item, an element or a comment.

    Attributes:
        left: Its text, for an attribute what stands in front of the ``=``. Lines but the first
            bring their indentation along.
        right: What stands behind the ``=``.
        trail: Comments behind it on its last line.
        blank: Whether a blank line stands in front of it.
        kind: What it is.
    """

    left: str
    right: str = ""
    trail: str = ""
    blank: bool = False
    kind: Kind = Kind.OTHER


def indentation(level: int) -> str:
    """The white space in front of a line."""
    return "  " * level


def single(row: Row) -> str:
    """A row by itself, without the comma behind an element."""
    text = f"{row.left} = {row.right}" if row.kind is Kind.ATTRIBUTE else row.left
    return f"{text} {row.trail}" if row.trail else text


def draw(rows: Sequence[Row], level: int) -> str:
    """Rows below each other, aligned; no newline at the end."""
    indent = indentation(level)
    lines: list[str] = []
    at = 0
    while at < len(rows):
        end = _run(rows, at)
        texts = _aligned(rows[at:end])
        lines.append("\n" + indent + texts[0] if rows[at].blank and at else indent + texts[0])
        lines += [indent + text for text in texts[1:]]
        at = end
    return "\n".join(lines)


def _run(rows: Sequence[Row], at: int) -> int:
    """The end of the run of rows that are aligned with the one here."""
    end = at + 1
    if _aligns(rows[at]):
        while end < len(rows) and _aligns(rows[end]) and not _apart(rows[end - 1], rows[end]):
            end += 1
    return end


def _aligns(row: Row) -> bool:
    return row.kind is not Kind.OTHER and "\n" not in row.left and "\n" not in row.right


def _apart(above: Row, below: Row) -> bool:
    return below.blank or "\n" in above.trail


def _aligned(rows: Sequence[Row]) -> list[str]:
    width = max(len(row.left) for row in rows) if len(rows) > 1 else 0
    texts = [_text(row, width) for row in rows]
    column = max((len(text) for text, row in zip(texts, rows, strict=True) if row.trail), default=0)
    column = column if len(rows) > 1 else 0
    return [
        f"{text:{column}} {row.trail}" if row.trail else text
        for text, row in zip(texts, rows, strict=True)
    ]


def _text(row: Row, width: int) -> str:
    if row.kind is Kind.ATTRIBUTE:
        return f"{row.left:{width}} = {row.right}"
    return f"{row.left}," if row.kind is Kind.ELEMENT else row.left
