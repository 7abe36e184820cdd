r"""Keys, literals and comments as the canonical form writes them: what HCL 1 and 2 read alike.

Escapes that version 2 does not know (``\a``, ``\033``, ``\x1b``, surrogates) become ``\u`` escapes of
what they stand for, which are the same in both. Templates, heredocs and numbers stay as they are written: a key that takes a
string takes a number's very text, and what ``${…}`` means is not the language's to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import ucd_3_2_0

from dropship.hcl.ast import Comment, Key, StringValue, Value
from dropship.hcl.literals import template_end, unquote

# One escape that version 2 does not know, or one that it does, so as not to start within it.
_ESCAPES = re.compile(
    r"(?P<bytes>(?:\\(?:[abfv]|[0-3][0-7]{2}|x[0-9a-fA-F]{2}))+)"
    r"|(?P<surrogates>(?:\\u[dD][89a-fA-F][0-9a-fA-F]{2})+)|\\."
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_LETTERS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd")
# A carriage return in front of it would become part of the line's end.
_LINE_END = re.compile(r"(?<!\r)\r\n")


def inline(comment: Comment) -> bool:
    """Whether something can stand behind the comment, on its line."""
    return comment.text.startswith("/*") and "\n" not in comment.text


def comment(one: Comment) -> str:
    """A comment, without white space at its lines' ends."""
    return "\n".join(line.rstrip() for line in one.text.split("\n"))


def joined(comments: Sequence[Comment], text: str = "") -> str:
    """Comments on one line, and a text behind them."""
    if not comments:
        return text
    words = [comment(one) for one in comments]
    return " ".join([*words, text] if text else words)


def key(one: Key, raw: str, *, expression: bool, first: bool) -> str:
    """The first key of an item; ``raw`` is how it is written.

    ``expression``: it stands where version 2 has an object, not a body: every key may be quoted
    there, and one with a dot has to be. ``first``: ``for`` in front begins something else there.
    """
    if identifier(one.text) and not (expression and first and one.text == "for"):
        return one.text
    return label(one, raw) if one.quoted or expression else raw


def label(one: Key, raw: str) -> str:
    """A label, in quotes."""
    return _string(raw) if one.quoted else f'"{raw}"'


def identifier(text: str) -> bool:
    """Whether both versions take this for a name without quotes.

    A dot is part of a name in version 1 only; ``true`` and ``false`` are no names there. Each
    reader knows the letters of the Unicode that it was made for: only old ones are sure.
    """
    if text.isascii():
        return _NAME.match(text) is not None and text not in ("true", "false")
    return text.replace("-", "_").isidentifier() and all(map(_old, text)) and text[0] != "-"


def _old(letter: str) -> bool:
    plain = letter.isalpha() or letter.isdecimal()
    return letter in "_-" or (plain and ucd_3_2_0.category(letter) in _LETTERS)


def literal(value: Value, raw: str) -> str:
    """A value that is no list, object or call; ``raw`` is how it is written."""
    if not isinstance(value, StringValue):
        return raw
    if value.heredoc:
        return _LINE_END.sub("\n", raw.rstrip("\r"))
    return _string(raw)


def _string(raw: str) -> str:
    if "\r" in raw:
        raw = _LINE_END.sub("\n", raw)
    if "\\" not in raw:
        return raw
    parts: list[str] = []
    at = 0
    while (opening := raw.find("${", at)) >= 0:
        parts.append(_ESCAPES.sub(_portable, raw[at:opening]))
        at = template_end(raw, opening + 2)
        parts.append(raw[opening:at])
    parts.append(_ESCAPES.sub(_portable, raw[at:]))
    return "".join(parts)


def _portable(match: re.Match[str]) -> str:
    if match.lastgroup is None:
        return match[0]
    text, _ = unquote(match[0])
    if match["bytes"] and "\ufffd" in text:
        return match[0]  # bytes that are no character: version 1 keeps them
    return "".join(rf"\u{ord(c):04x}" if ord(c) < 0x10000 else rf"\U{ord(c):08x}" for c in text)
