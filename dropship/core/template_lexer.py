"""Finds the actions of a template and takes them apart into words."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn

SPACE: Final = " \t\r\n"
_TRIM: Final = re.compile(r"\s-}}")
_TRIM_FAR: Final = re.compile(r"\s+-}}")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<raw>`[^`]*`)
      | (?P<number>[+-]?\d\w*)
      | (?P<field>(?:\.[^\W\d]\w*)+)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>[|()])
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))",
    re.DOTALL,
)
_PLAIN: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\",
    '"': '"',
}  # fmt: skip


class TemplateError(ValueError):
    """A text is no template.

    Attributes:
        start, end: Which part of it is at fault.
        hint: What may have been meant; empty if nobody knows.
    """

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hint = hint


class HintError(ValueError):
    """As ``ValueError``, with what may have been meant; where it stands its catcher knows."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def placed(error: ValueError, start: int, end: int, source: str = "") -> TemplateError:
    """The error with its place, unless it has one already, and with the action it is in."""
    message = f"{error}, in {source}" if source else str(error)
    if isinstance(error, TemplateError):
        return TemplateError(message, error.start, error.end, error.hint)
    return TemplateError(message, start, end, getattr(error, "hint", ""))


class Token(NamedTuple):
    """A word of an action. ``kind``: string, raw, number, field, word or mark.

    It is ``text[start:end]`` of the template.
    """

    kind: str
    text: str
    start: int = 0
    end: int = 0


def scan(text: str, at: int) -> tuple[list[Token] | None, int, bool]:
    """The tokens from ``at`` to the action's end (None: a comment), where it ends, and its trim."""
    start = at
    if comment := _COMMENT.match(text, len(text) - len(text[at:].lstrip(SPACE))):
        return _comment_end(text, comment.end())
    tokens: list[Token] = []
    while True:
        if text.startswith("}}", at):
            return tokens, at + 2, False
        if _TRIM.match(text, at):
            return tokens, at + 4, True
        match = _TOKEN.match(text, at)
        if match is None:
            _unexpected(text, start, at)
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match[0], at, match.end()))
            at = match.end()
        else:
            # Only so far that a trim marker keeps the space it needs before it.
            at += 1


def _comment_end(text: str, at: int) -> tuple[None, int, bool]:
    if text.startswith("}}", at):
        return None, at + 2, False
    if match := _TRIM_FAR.match(text, at):
        return None, match.end(), True
    message = 'a comment "{{/* … */}}" must be closed right after its "*/"'
    raise TemplateError(message, max(at - 2, 0), at)


def _unexpected(text: str, start: int, at: int) -> NoReturn:
    shown = "{{" + text[start:at].strip()
    if at >= len(text):
        message = f'"{shown}" has no closing "}}}}"'
        raise TemplateError(message, text.rfind("{{", 0, start), len(text))
    if text[at] in "\"`'":
        message = f'the string after "{shown}" does not end; strings stand in " or `'
        raise TemplateError(message, at, len(text))
    hint = ""
    if text[at] == "-":
        hint = "; a key with a dash is written without it: .Artifact.contentType"
    elif text[at] == "$" or text.startswith(":=", at):
        hint = "; there are no variables"
    elif text[at] == ".":
        hint = "; a dot alone has no value here, name a field such as .Name"
    message = f'"{text[at]}" is not understood in "{shown}…"{hint}'
    raise TemplateError(message, at, at + 1)


def number(text: str) -> int:
    """The number a literal stands for."""
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"{text} is not a whole number") from None


def unquoted(text: str) -> str:
    """The string a literal stands for, with Go's escapes."""
    return text[1:-1] if text[0] == "`" else _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    plain, octal, *hexes, other = match.groups()
    if plain:
        return _PLAIN[plain]
    if other is not None:
        raise ValueError(f'"{match[0]}" is not an escape that strings have')
    code = int(octal, 8) if octal else int(next(digits for digits in hexes if digits), 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise ValueError(f'"{match[0]}" is no character')
    return chr(code)
