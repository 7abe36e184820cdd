"""Reads templates into the tree of ``core.template_tree`` and checks them.

Everything that would fail when a template is rendered is refused here: fields and functions that
are not there, wrong numbers of arguments, and arguments whose kind cannot be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from dropship.core import template_check as check
from dropship.core.template_error import TemplateError, placed
from dropship.core.template_lexer import SPACE, Token, number, scan, unquoted
from dropship.core.template_tree import Action, Constant, Expression, If, Node, Text

_DEEPEST: Final = 50  # parentheses or ifs; a message needs two


@dataclass(slots=True)
class _Opened:
    """An ``if`` at ``source`` whose ``end`` is to come; ``chained``: it was written ``else if``."""

    condition: Expression
    source: Token
    chained: bool = False
    then: list[Node] = field(default_factory=list)
    otherwise: list[Node] | None = None


def parse(text: str) -> tuple[Node, ...]:
    """The nodes of a template.

    Raises:
        TemplateError: It is none, or could not be rendered; the message is for people.
    """
    builder = _Builder()
    for before, tokens, source in _pieces(text):
        builder.text(before)
        if tokens is not None:
            builder.action(tokens, source)
    return builder.finished()


def fields(text: str) -> Iterator[Token]:
    """Every field that the actions of a sound template name, where it stands."""
    for _, tokens, _ in _pieces(text):
        yield from (token for token in tokens or () if token.kind == "field")


def _pieces(text: str) -> Iterator[tuple[str, list[Token] | None, Token]]:
    """What stands before an action, trimmed, the action's words, and all of it as one.

    There are no words in comments, nor behind the last action.
    """
    at, trim = 0, False
    while (start := text.find("{{", at)) >= 0:
        inside = start + 2
        trim_before = text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in SPACE
        # An empty slice is "in" any string: text that ends here has no action to trim for.
        trim_before = trim_before and inside + 1 < len(text)
        before = _trimmed(text[at:start], left=trim, right=trim_before)
        tokens, at, trim = scan(text, inside + 2 * trim_before)
        yield before, tokens, Token("action", text[start:at], start, at)
    yield _trimmed(text[at:], left=trim, right=False), None, Token("action", "")


def _trimmed(text: str, *, left: bool, right: bool) -> str:
    text = text.lstrip(SPACE) if left else text
    return text.rstrip(SPACE) if right else text


class _Builder:
    """Puts text and actions where they belong."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._open: list[_Opened] = []

    def text(self, text: str) -> None:
        if text:
            self._here().append(Text(text))

    def action(self, tokens: list[Token], source: Token) -> None:
        word = tokens[0].text if tokens else ""
        try:
            if word == "if":
                self._if(_pipeline(tokens[1:]), source)
            elif word == "else":
                self._else(tokens[1:], source)
            elif word == "end":
                self._end(tokens[1:])
            else:
                self._here().append(Action(_pipeline(tokens)))
        except ValueError as error:
            raise placed(error, source.start, source.end, source.text) from None

    def finished(self) -> tuple[Node, ...]:
        if self._open:
            unclosed = self._open[-1].source
            message = f"{unclosed.text} has no {{{{end}}}}"
            raise TemplateError(message, unclosed.start, unclosed.end)
        return tuple(self._nodes)

    def _here(self) -> list[Node]:
        if not self._open:
            return self._nodes
        inner = self._open[-1]
        return inner.then if inner.otherwise is None else inner.otherwise

    def _if(self, condition: Expression, source: Token, *, chained: bool = False) -> None:
        if len(self._open) >= _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} ifs inside each other")
        self._open.append(_Opened(condition, source, chained))

    def _else(self, rest: list[Token], source: Token) -> None:
        if not self._open or self._open[-1].otherwise is not None:
            raise ValueError("there is no if that this else belongs to")
        self._open[-1].otherwise = []
        if rest and rest[0].text == "if":
            self._if(_pipeline(rest[1:]), source, chained=True)
        elif rest:
            raise ValueError(f'"{rest[0].text}" cannot follow else')

    def _end(self, rest: list[Token]) -> None:
        if rest:
            raise ValueError(f'"{rest[0].text}" cannot follow end')
        if not self._open:
            raise ValueError("there is no if that this end belongs to")
        chained = True
        while chained:
            done = self._open.pop()
            made = If(done.condition, tuple(done.then), tuple(done.otherwise or ()))
            self._here().append(made)
            chained = done.chained


def _pipeline(tokens: list[Token]) -> Expression:
    if not tokens:
        raise ValueError("there is nothing to show")
    expression, rest = _piped(tokens, 0)
    if rest:
        raise ValueError('")" closes nothing')
    return expression


def _piped(tokens: list[Token], depth: int) -> tuple[Expression, list[Token]]:
    """A pipeline up to a closing parenthesis or the end; what follows it."""
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} parentheses inside each other")
    value: Expression | None = None
    while True:
        value, tokens = _command(tokens, value, depth)
        if not tokens or tokens[0].text != "|" or tokens[0].kind != "mark":
            return value, tokens
        tokens = tokens[1:]


def _command(
    tokens: list[Token], piped: Expression | None, depth: int
) -> tuple[Expression, list[Token]]:
    head, rest = (tokens[0], tokens[1:]) if tokens else (Token("mark", ""), [])
    if head.kind == "word" and head.text not in {"true", "false"}:
        return _call(head, rest, piped, depth)
    if piped is not None:
        raise ValueError(f'after "|" there must be a function, not "{head.text}"')
    value, rest = _operand(tokens, depth)
    if rest and not _closes(rest[0]):
        raise ValueError(f'"{head.text}" is not a function, so "{rest[0].text}" cannot follow it')
    return value, rest


def _closes(token: Token) -> bool:
    return token.kind == "mark" and token.text in {"|", ")"}


@contextmanager
def _blamed_on(token: Token) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise placed(error, token.start, token.end) from None


def _call(
    head: Token, tokens: list[Token], piped: Expression | None, depth: int
) -> tuple[Expression, list[Token]]:
    name = head.text
    with _blamed_on(head):
        check.known_function(name)
    arguments: list[Expression] = []
    while tokens and not _closes(tokens[0]):
        argument, tokens = _operand(tokens, depth)
        arguments.append(argument)
    if piped is not None:
        arguments.append(piped)
    with _blamed_on(head):
        call = check.printf(arguments) if name == "printf" else check.checked(name, arguments)
    return call, tokens


def _operand(tokens: list[Token], depth: int) -> tuple[Expression, list[Token]]:
    if not tokens:
        raise ValueError("a value is missing")
    with _blamed_on(tokens[0]):
        return _value(tokens[0], tokens[1:], depth)


def _value(token: Token, rest: list[Token], depth: int) -> tuple[Expression, list[Token]]:
    if token.kind == "field":
        return check.field(token.text), rest
    if token.kind in {"string", "raw"}:
        return Constant(unquoted(token.text)), rest
    if token.kind == "number":
        return Constant(number(token.text)), rest
    if token.text in {"true", "false"}:
        return Constant(token.text == "true"), rest
    if token.text == "(":
        value, rest = _piped(rest, depth + 1)
        if not rest:
            raise ValueError('a ")" is missing')
        return value, rest[1:]
    if token.kind == "word":
        check.known_function(token.text)
        raise ValueError(f"a function as an argument needs parentheses: ({token.text} …)")
    raise ValueError(f'"{token.text}" cannot stand where a value is wanted')
