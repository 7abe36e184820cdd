"""Reads a text with the generated parser, and with recovery where it is faulty.

A text without faults, which is nearly every text, is read at the parser's full speed. Only when
that fails is it read again, step by step.
"""

from __future__ import annotations

import re

from dropship.hcl import codes
from dropship.hcl.ast import Comment, ObjectValue, Source, Span
from dropship.hcl.builder import Builder
from dropship.hcl.diagnostics import Diagnostic, error, warning
from dropship.hcl.engine import Maker, make
from dropship.hcl.flatten import flatten
from dropship.hcl.tokens import Swallowed, TooDeep

# A file's reader hands over bytes that are no UTF-8 as Python's stand-ins for them. Version 1
# keeps U+E123 for itself, but in JSON.
_NOT_TEXT = {
    "hcl": re.compile("[\0\ue123\ud800-\udfff]"),
    "json": re.compile("[\0\ud800-\udfff]"),
}


class Reader:
    """A parser, made by ``maker``, and its builder; reads one text at a time."""

    def __init__(self, maker: Maker = make) -> None:
        self._builder = Builder()
        self._engine = maker(self._builder, {"COMMENT": self._builder.comment})

    def read(
        self, source: Source, start: str
    ) -> tuple[ObjectValue, tuple[Comment, ...], tuple[Diagnostic, ...]]:
        """The body, the comments and what is wrong, all in the text's order."""
        foreign = _foreign(source, start)
        if foreign and "\0" in source.text:
            # Not a text at all; every byte of it would be a fault.
            self._builder.begin(source)
            return self._builder.whole([]), (), (foreign,)
        body = self._body(source, start)
        faults = [foreign, *self._builder.faults] if foreign else self._builder.faults
        comments = {comment.span.start: comment for comment in self._builder.comments}
        if start == "json":
            body = flatten(body)
            end = body.span.end
            faults += [
                _json_comment(one, behind=one.span.start >= end) for one in comments.values()
            ]
        ordered = tuple(comments[at] for at in sorted(comments))
        return body, ordered, _told_once(faults)

    def _body(self, source: Source, start: str) -> ObjectValue:
        self._builder.begin(source)
        try:
            body: ObjectValue = self._engine.lark.parse(source.text, start=start)
        except (self._engine.unexpected, TooDeep, Swallowed):
            from dropship.hcl.recovery import recover  # noqa: PLC0415  good files need none of it

            body = recover(self._engine, self._builder, source, start)
        return body


def _foreign(source: Source, start: str) -> Diagnostic | None:
    match = _NOT_TEXT[start].search(source.text)
    if match is None:
        return None
    span = Span(source, match.start(), match.end())
    if match.group() == "\0":
        message = "this is not a text file, it holds a NUL byte"
    elif match.group() == "\ue123":
        message = "the character U+E123 cannot stand in a configuration"
    else:
        message = "this is not UTF-8"
    return error(codes.NOT_TEXT, message, span, suggestion="save the file as UTF-8 text")


def _json_comment(comment: Comment, *, behind: bool) -> Diagnostic:
    if behind:  # where version 1 reads nothing any more
        return warning(
            codes.AFTER_JSON, "what stands behind the JSON document is not read", comment.span
        )
    return error(codes.JSON_COMMENT, "JSON has no comments", comment.span)


def _told_once(faults: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """In the text's order; of several that start at one place, the first error."""
    chosen: dict[int, Diagnostic] = {}
    for fault in faults:
        assert fault.span is not None  # noqa: S101  all that the language says has a place
        known = chosen.get(fault.span.start)
        if known is None or known.severity.value > fault.severity.value:
            chosen[fault.span.start] = fault
    return tuple(chosen[at] for at in sorted(chosen))
