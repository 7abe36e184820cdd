"""Finds the actions of a template and takes them apart into words.

What is a space, a word, a number or an escape is what Go's text/template/parse and strconv take for
one: texts that Go refuses are refused here too.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NoReturn

from dropship.core.template_error import TemplateError

SPACE: Final = " \t\r\n"
_TRIM: Final = re.compile(r"[ \t\r\n]-}}")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n])
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<raw>`[^`]*`)
      | (?P<number>[+-]?\.?[0-9](?:[eEpP][+-]|[\w.])*)
      | (?P<field>(?:\.[^\W\d]\w*)+)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>[|()])
    """,
    re.VERBOSE,
)
_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<hex>(?:_?[0-9a-fA-F])+)|0[bB](?P<binary>(?:_?[01])+)"
    r"|0[oO]?(?P<octal>(?:_?[0-7])+)|(?P<decimal>0|[1-9](?:_?[0-9])*))"
)
_BASES: Final = {"hex": 16, "binary": 2, "octal": 8, "decimal": 10}
_LONGEST: Final = 80  # digits; 64 bits have as many at most, the rest are zeros in front
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))",
    re.DOTALL,
)
_PLAIN: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\",
    '"': '"',
}  # fmt: skip


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
    if comment := _COMMENT.match(text, at):
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
        at = match.end()
        if match.lastgroup != "space":
            token = Token(str(match.lastgroup), match[0], match.start(), at)
            _spelled(text, start, token)
            if tokens:
                _apart(tokens[-1], token)
            tokens.append(token)


def _spelled(text: str, start: int, token: Token) -> None:
    """Refuse what only Python takes for a letter, such as ²."""
    if token.kind in {"field", "word"} and not token.text.isascii():
        for at, character in enumerate(token.text, token.start):
            if not (character.isalpha() or character.isdecimal() or character in "._"):
                _unexpected(text, start, at)


def _apart(before: Token, token: Token) -> None:
    """Values need a space between them; a parenthesis or a field may follow ``if`` at once."""
    touch = before.end == token.start and before.text not in {"|", "("}
    if not touch or token.text in {"|", ")"}:
        return
    if before.text != "if" or not token.text.startswith(("(", ".")):
        raise TemplateError(f'a space is missing before "{token.text}"', token.start, token.end)


def _comment_end(text: str, at: int) -> tuple[None, int, bool]:
    if text.startswith("}}", at):
        return None, at + 2, False
    if _TRIM.match(text, at):
        return None, at + 4, True
    message = 'a comment must be closed right after its "*/", by "}}" or " -}}"'
    raise TemplateError(message, max(at - 2, 0), at)


def _unexpected(text: str, start: int, at: int) -> NoReturn:
    shown = "{{" + text[start:at].strip()
    if at >= len(text):
        message = f'"{shown}" has no closing "}}}}"'
        raise TemplateError(message, text.rfind("{{", 0, start), len(text))
    if text[at] == "'":
        message = '"\'" begins no string'
        raise TemplateError(message, at, at + 1, 'strings stand in " or `')
    if text[at] in '"`':
        message = f'the string after "{shown}" does not end; strings stand in " or `'
        raise TemplateError(message, at, len(text))
    hint = ""
    if text[at] == "-":
        hint = "; a key with a dash is written without it: .Artifact.contentType"
    elif text[at] == "$" or text.startswith(":=", at):
        hint = "; there are no variables"
    elif text.startswith("/*", at):
        hint = '; a comment begins right behind "{{" or "{{- " and ends with "*/"'
    elif text[at] == ".":
        hint = "; a dot alone has no value here, name a field such as .Name"
    message = f'"{text[at]}" is not understood in "{shown}…"{hint}'
    raise TemplateError(message, at, at + 1)


def number(text: str) -> int:
    """The number a literal stands for: what Go's strconv.ParseInt reads with base 0."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is not a whole number")
    (base,) = (name for name in _BASES if match[name])
    digits = match[base].replace("_", "").lstrip("0")[: _LONGEST + 1]
    value = int(match["sign"] + (digits or "0"), _BASES[base])
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{text} is too large, numbers have 64 bits")
    return value


def unquoted(text: str) -> str:
    """The string a literal stands for, as Go's strconv.Unquote reads it."""
    if text[0] == "`":
        return text[1:-1].replace("\r", "")
    found = _ESCAPE.sub(_unescaped, text[1:-1])
    try:
        # \x and \ooo are bytes, of which several make a character.
        return found.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        raise ValueError(f"the bytes of {text} are no UTF-8") from None


def _unescaped(match: re.Match[str]) -> str:
    plain, octal, hex_byte, *hexes, other = match.groups()
    if plain:
        return _PLAIN[plain]
    if other is not None or (octal and int(octal, 8) > 0xFF):
        raise ValueError(f'"{match[0]}" is not an escape that strings have')
    if octal or hex_byte:
        return _byte(int(octal, 8) if octal else int(hex_byte, 16))
    code = int(next(digits for digits in hexes if digits), 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise ValueError(f'"{match[0]}" is no character')
    return chr(code)


def _byte(value: int) -> str:
    return bytes([value]).decode("utf-8", "surrogateescape")
