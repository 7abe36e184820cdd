"""A file's tree and comments → its text in the canonical form. Pure; refuses nothing.

The form: two spaces a level, one item a line, ``=`` and trailing comments aligned over consecutive
single-line attributes, the brace on the header's line, labels quoted, at most one blank line.

What it keeps: the tree (places aside), every comment and their order, heredoc bodies. What it
writes is read alike by versions 1 and 2 of HCL, as far as the tree has a form that both know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dropship.hcl import format_text as texts
from dropship.hcl.ast import (
    CallValue,
    Comment,
    File,
    Item,
    ListValue,
    ObjectValue,
    StringValue,
    Value,
)
from dropship.hcl.format_gaps import Gaps
from dropship.hcl.format_rows import Kind, Row, draw, indentation, single
from dropship.hcl.format_style import Styles


def formatted(file: File) -> str:
    """The text of a file of HCL that was read without an error; empty if nothing stands in it."""
    return _Formatter(file).whole()


class _Place(NamedTuple):
    """What stands in front of a node: comments on its line, and whether a blank line does."""

    prefix: Sequence[Comment]
    blank: bool


class _How(NamedTuple):
    """How an item is written: with ``=``, within an HCL 2 expression, as the first there."""

    assigned: bool
    expression: bool
    first: bool


class _Formatter:
    """One run over a file: nodes and comments are met in the text's order."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._text = file.source.text
        self._gaps = Gaps(self._text, file.comments)
        self._styles = Styles(self._text)

    def whole(self) -> str:
        _, rows = self._body(self._file.body, (0, len(self._text)), 0, in_braces=False)
        return draw(rows, 0) + "\n" if rows else ""

    # ---- What stands between braces or brackets ----

    def _body(
        self, body: ObjectValue, inside: tuple[int, int], level: int, *,
        in_braces: bool = True, expression: bool = False,
    ) -> tuple[str, list[Row]]:  # fmt: skip
        assigned = self._styles.assigned(body, expression=expression)

        def build(at: int, place: _Place) -> list[Row]:
            how = _How(assigned[at], expression, not at)
            return self._item(body.items[at], place, level, how)

        nodes = [(item.span.start, item.value.span.end) for item in body.items]
        return self._rows(nodes, inside, build, in_braces=in_braces)

    def _rows(
        self, nodes: Sequence[tuple[int, int]], inside: tuple[int, int],
        build: Callable[[int, _Place], list[Row]], *, in_braces: bool = True,
    ) -> tuple[str, list[Row]]:  # fmt: skip
        """What stands behind the opener on its line, and the rows of all else."""
        opening = ""
        rows: list[Row] = []
        end = inside[0]
        last = len(nodes)
        for at, (start, behind) in enumerate([*nodes, (inside[1], 0)]):
            gap = self._gaps.between(
                end, start, attached=in_braces or at > 0, opens=not at, closes=at == last
            )
            if at:
                rows[-1].trail = texts.joined(gap.trail)
            else:
                opening = texts.joined(gap.trail)
            rows += [Row(texts.joined(line), blank=blank) for line, blank in gap.lines]
            if at < last:
                rows += build(at, _Place(gap.prefix, gap.blank))
                end = behind
        return opening, rows

    def _object(self, value: ObjectValue, level: int, opening: str, *, expression: bool) -> str:
        span = value.span
        inside = (span.start + 1, span.end - 1)
        beside, rows = self._body(value, inside, level + 1, expression=expression)
        if not rows and not beside:
            return "{}"
        if not opening and len(value.items) <= 1 and self._on_one_line(value):
            line = " ".join(filter(None, (beside, *map(single, rows))))
            # HCL 2 has no block within a block on one line.
            nested = not expression and any(row.kind is Kind.OTHER for row in rows)
            if "\n" not in line and not nested:
                return f"{{ {line} }}"
        return _spread("{", opening or beside, rows, level, "}")

    def _list(self, value: ListValue, level: int, opening: str) -> str:
        span = value.span
        beside, rows = self._rows(
            [(one.span.start, self._gaps.behind(one.span.end)) for one in value.elements],
            (span.start + 1, span.end - 1),
            lambda at, place: self._element(value.elements[at], place, level + 1),
        )
        if not rows and not beside:
            return "[]"
        if not opening and self._on_one_line(value):
            line = beside + ", ".join(map(single, rows))
            if "\n" not in line:
                return f"[{line}]"
        return _spread("[", opening or beside, rows, level, "]")

    def _on_one_line(self, value: ObjectValue | ListValue) -> bool:
        return "\n" not in self._text[value.span.start : value.span.end]

    # ---- Items, elements, values ----

    def _item(self, item: Item, place: _Place, level: int, how: _How) -> list[Row]:
        value = item.value
        head = self._gaps.take(value.span.end if isinstance(value, CallValue) else value.span.start)
        lifted: list[Row] = []
        opening = ""
        if head and self._fits_behind_opener(head, value):
            opening = texts.joined([head.pop()])
        elif not all(map(texts.inline, head)):
            lifted, place, head = *_lifted([*place.prefix, *head], place), []
        split = self._styles.equals(item) if head else 0
        left = texts.joined(place.prefix, self._header(item, head, split, how))
        behind = [one for one in head if one.span.start >= split]
        text = self._value(value, level, behind, opening, expression=how.assigned)
        if how.assigned:
            row = Row(left, text, blank=place.blank, kind=Kind.ATTRIBUTE)
        else:
            row = Row(f"{left} {text}", blank=place.blank)
        return [*lifted, row]

    def _header(self, item: Item, comments: Sequence[Comment], split: int, how: _How) -> str:
        key, *labels = item.keys
        raw = self._text[key.span.start : key.span.end]
        text = texts.key(key, raw, expression=how.expression, first=how.first)
        if not labels and not comments:
            return text
        parts = [(key.span.start, text)]
        for label in labels:
            raw = self._text[label.span.start : label.span.end]
            parts.append((label.span.start, texts.label(label, raw)))
        parts += [
            (one.span.start, texts.comment(one)) for one in comments if one.span.start < split
        ]
        return " ".join(part for _, part in sorted(parts))

    def _element(self, value: Value, place: _Place, level: int) -> list[Row]:
        inner = self._gaps.take(value.span.end) if isinstance(value, CallValue) else []
        lifted: list[Row] = []
        if not all(map(texts.inline, inner)):
            lifted, place, inner = *_lifted([*place.prefix, *inner], place), []
        text = texts.joined(place.prefix, self._value(value, level, inner, "", expression=True))
        if isinstance(value, StringValue) and value.heredoc:
            text += "\n" + indentation(level)  # the terminator stands alone on its line
        return [*lifted, Row(text, blank=place.blank, kind=Kind.ELEMENT)]

    def _value(
        self, value: Value, level: int, comments: Sequence[Comment], opening: str, *,
        expression: bool,
    ) -> str:  # fmt: skip
        """The value's text; ``comments`` stand in front of it, or within a call."""
        if isinstance(value, ObjectValue):
            text = self._object(value, level, opening, expression=expression)
        elif isinstance(value, ListValue):
            text = self._list(value, level, opening)
        elif isinstance(value, CallValue):
            within = [one for one in comments if one.span.start >= value.span.start]
            comments = comments[: len(comments) - len(within)]
            text = self._call(value, within)
        else:
            text = texts.literal(value, self._text[value.span.start : value.span.end])
        return texts.joined(comments, text)

    def _call(self, call: CallValue, comments: Sequence[Comment]) -> str:
        arguments: list[str] = []
        start = call.span.start
        for argument in call.arguments:
            span = argument.span
            before = [one for one in comments if start <= one.span.start < span.start]
            text = texts.literal(argument, self._text[span.start : span.end])
            arguments.append(texts.joined(before, text))
            start = span.end
        behind = [texts.comment(one) for one in comments if one.span.start >= start]
        arguments[-1] = " ".join([arguments[-1], *behind])
        return f"{call.function}({', '.join(arguments)})"

    def _fits_behind_opener(self, head: Sequence[Comment], value: Value) -> bool:
        """Whether the last comment of a header may move behind the ``{`` or ``[`` on its line."""
        *others, last = head
        filled = (isinstance(value, ObjectValue) and value.items) or (
            isinstance(value, ListValue) and value.elements
        )
        return (
            bool(filled)
            and not last.text.startswith("/*")
            and all(map(texts.inline, others))
            and not self._gaps.beside(value.span.start)
        )


def _lifted(comments: Sequence[Comment], place: _Place) -> tuple[list[Row], _Place]:
    """Comments that cannot stay where they are, as lines of their own in front."""
    rows = [Row(texts.comment(one)) for one in comments]
    rows[0].blank = place.blank
    return rows, _Place((), blank=False)


def _spread(opener: str, opening: str, rows: Sequence[Row], level: int, closer: str) -> str:
    lines = [f"{opener} {opening}" if opening else opener]
    if rows:
        lines.append(draw(rows, level + 1))
    lines.append(indentation(level) + closer)
    return "\n".join(lines)
