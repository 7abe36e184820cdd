"""Tokens to the tree: what the parser calls for each token that it takes.

The method names are the terminals' in ``grammar/hcl.lark``. A token brings its offset and the
white space behind it along.
"""

from __future__ import annotations

import re
from typing import Any

from dropship.hcl import codes
from dropship.hcl.ast import (
    BoolValue,
    Comment,
    Key,
    NullValue,
    NumberValue,
    Source,
    Span,
    StringValue,
)
from dropship.hcl.diagnostics import Diagnostic, error, warning
from dropship.hcl.literals import heredoc, number, short, unquote, unquote_json

# Whoever walks the tree may do it by recursion: nothing that a person writes comes near.
DEEPEST = 100

# Compiled with the first number there is.
_UNIT = (
    r"(?i)[ \t]+((?:ns|us|µs|ms|[smhdw]|secs?|seconds?|mins?|minutes?|hours?|days?|weeks?"
    r"|bytes?|[kmgt]i?b|[kmgt]))(?![\w.\-])(?![ \t]*=)"
)


class Opened(list[Any]):
    """An object or list that is being read: its content so far, and where it opened."""

    __slots__ = ("brace", "start")

    def __init__(self, brace: str, start: int) -> None:
        self.brace = brace
        self.start = start


class TooDeep(Exception):  # noqa: N818  the situation, caught by the reader; never leaves the folder
    """A brace or bracket opens the level that is one too deep."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


class Swallowed(Exception):  # noqa: N818  the situation, caught by the reader; never leaves the folder
    """A heredoc runs into the next one, which has the same terminator."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


class Terminals:
    """Makes the tree's leaves, and notes what is wrong inside of a token."""

    def __init__(self) -> None:
        self.begin(Source("", ""))

    def begin(self, source: Source) -> None:
        """Start to read this source."""
        self.source = source
        self.comments: list[Comment] = []
        self.faults: list[Diagnostic] = []
        self.depth = 0

    # ---- Terminals ----

    def comment(self, token: Any) -> Any:
        """Keep a comment, that the grammar ignores."""
        text = str(token) if token.startswith("/*") else token.rstrip("\r")
        start = token.start_pos
        span = Span(self.source, start, start + len(text))
        self.comments.append(Comment(text.replace("\r\n", "\n"), span))
        return token

    def NAME(self, token: Any) -> Key:  # noqa: N802  the terminal's name
        """A bare key or label."""
        text = token.rstrip()
        start = token.start_pos
        if not text.isascii():
            self._look_for_numerals(text, start)
        return Key(text, Span(self.source, start, start + len(text)))

    def KEY_STRING(self, token: Any) -> Key:  # noqa: N802  the terminal's name
        """A quoted key or label."""
        text = token.rstrip()
        start = token.start_pos
        span = Span(self.source, start, start + len(text))
        return Key(self._unquoted(text, start), span, quoted=True)

    def STRING(self, token: Any) -> StringValue:  # noqa: N802  the terminal's name
        """A quoted value."""
        text = token.rstrip()
        start = token.start_pos
        span = Span(self.source, start, start + len(text))
        return StringValue(self._unquoted(text, start), span)

    def HEREDOC(self, token: Any) -> StringValue:  # noqa: N802  the terminal's name
        """A heredoc, terminator included."""
        text, start, end = str(token), token.start_pos, token.end_pos
        if text.find("<", 2) > 0:
            from dropship.hcl.scan import swallows  # noqa: PLC0415 - a rare sight in good files

            if swallows(self.source.text, start, end):
                raise Swallowed(start)
        if not text.isascii():
            self._look_for_numerals(text.partition("\n")[0], start)
        return StringValue(heredoc(text), Span(self.source, start, end), heredoc=True)

    def BOOL(self, token: Any) -> BoolValue:  # noqa: N802  the terminal's name
        """``true`` or ``false``."""
        word, span = self._word(token)
        return BoolValue(word == "true", span)

    def NUMBER(self, token: Any) -> NumberValue | StringValue:  # noqa: N802  the terminal's name
        """A number, or what only starts like one."""
        text, start, end = str(token), token.start_pos, token.end_pos
        span = Span(self.source, start, end)
        value = number(text)
        if value is None:
            self.faults.append(_bad_number(text, span))
            return StringValue(text, span, broken=True)
        self._look_for_unit(text, end)
        return NumberValue(value, text, span)

    def LBRACE(self, token: Any) -> Opened:  # noqa: N802  the terminal's name
        """The start of an object."""
        return self._opened("{", token.start_pos)

    def LBRACK(self, token: Any) -> Opened:  # noqa: N802  the terminal's name
        """The start of a list."""
        return self._opened("[", token.start_pos)

    def JSON_KEY(self, token: Any) -> Key:  # noqa: N802  the terminal's name
        """A key in JSON."""
        raw, span = self._word(token)
        text = self._unescaped(span.start, *unquote_json(raw[1:-1]))
        return Key(text, span, quoted=True)

    def JSON_STRING(self, token: Any) -> StringValue:  # noqa: N802  the terminal's name
        """A string in JSON."""
        key = self.JSON_KEY(token)
        return StringValue(key.text, key.span)

    def JSON_NUMBER(self, token: Any) -> NumberValue | StringValue:  # noqa: N802  the terminal's name
        """A number in JSON, where no integer starts with a superfluous 0."""
        text = str(token)
        span = Span(self.source, token.start_pos, token.end_pos)
        value = number(text)
        if value is None or (isinstance(value, int) and re.match(r"-?0[0-9xX]", text)):
            self.faults.append(_bad_number(text, span))
            return StringValue(text, span, broken=True)
        return NumberValue(value, text, span)

    def JSON_WORD(self, token: Any) -> BoolValue | NullValue:  # noqa: N802  the terminal's name
        """``true``, ``false`` or ``null``."""
        word, span = self._word(token)
        return NullValue(span) if word == "null" else BoolValue(word == "true", span)

    def _opened(self, brace: str, start: int) -> Opened:
        if self.depth >= DEEPEST:
            raise TooDeep(start)
        self.depth += 1
        return Opened(brace, start)

    def _word(self, token: Any) -> tuple[str, Span]:
        # A token brings the white space behind it along.
        text, start = token.rstrip(), token.start_pos
        return text, Span(self.source, start, start + len(text))

    def _unquoted(self, text: str, start: int) -> str:
        if "\\" not in text and "\r" not in text:
            return text[1:-1]
        return self._unescaped(start, *unquote(text[1:-1]))

    def _unescaped(self, start: int, value: str, faults: list[tuple[int, int]]) -> str:
        for first, last in faults:
            span = Span(self.source, start + 1 + first, start + 1 + last)
            self.faults.append(_bad_escape(self.source.text[span.start : span.end], span))
        return value

    def _look_for_numerals(self, text: str, start: int) -> None:
        # Python's \w takes them for letters, version 1 does not.
        for at, character in enumerate(text, start):
            if character.isnumeric() and not (character.isdecimal() or character.isalpha()):
                span = Span(self.source, at, at + 1)
                message = f"{character} cannot stand in a name without quotes"
                self.faults.append(error(codes.UNEXPECTED, message, span))

    def _look_for_unit(self, text: str, end: int) -> None:
        unit = re.compile(_UNIT).match(self.source.text, end)
        if unit:
            self.faults.append(
                warning(
                    codes.NUMBER_THEN_UNIT,
                    f"{unit[1]} behind a number starts the next item, it is not a unit",
                    Span(self.source, unit.start(1), unit.end(1)),
                    suggestion=f'write "{text}{unit[1]}"',
                )
            )


def _bad_number(text: str, span: Span) -> Diagnostic:
    whole = text.replace(".", "0.", 1)  # what is meant by -.5, which is none
    hint = f"write {whole}" if number(whole) is not None else f'write "{short(text)}"'
    return error(codes.BAD_NUMBER, f"{short(text)} is not a number", span, suggestion=hint)


def _bad_escape(text: str, span: Span) -> Diagnostic:
    return error(
        codes.BAD_ESCAPE,
        f"{short(text)} is not an escape",
        span,
        suggestion=f"write \\{short(text)} for a backslash",
    )
