"""``printf`` of templates: the verbs ``%s %d %q %v %%`` of Go's fmt, with width and precision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

Value = str | int | bool | None
"""What an expression can be; None is Go's "no value", a key that the artifact does not have."""

_VERB: Final = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>[0-9]+)?(?:\.(?P<precision>[0-9]*))?(?P<verb>.?)", re.DOTALL)  # fmt: skip
_FLAGS: Final = {"s": "-", "q": "-", "v": "-", "d": "-+ 0"}
_WIDEST: Final = 1_000_000  # as in Go's fmt, which calls more BADWIDTH or BADPREC

_ESCAPES: Final = {
    "\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v",
    "\\": r"\\", '"': r"\"",
}  # fmt: skip


class Verb(NamedTuple):
    """One place of a format that takes an argument."""

    verb: str
    flags: str = ""
    width: int = 0
    precision: int | None = None

    def filled(self, value: Value) -> str:
        """The argument as this verb shows it."""
        if value is None:
            # Go's fmt pads only what the verb takes, and %v takes everything.
            return self._padded("<nil>") if self.verb == "v" else f"%!{self.verb}(<nil>)"
        if isinstance(value, bool):
            return self._padded(shown(value))
        if isinstance(value, int):
            return self._number(value)
        text = value if self.precision is None else value[: self.precision]
        return self._padded(quote(text) if self.verb == "q" else text)

    def _number(self, value: int) -> str:
        sign = "-" if value < 0 else next((flag for flag in "+ " if flag in self.flags), "")
        least = self.precision
        if least == 0 == value:
            return self._padded("")
        if least is None:
            zeros = "0" in self.flags and "-" not in self.flags
            least = self.width - len(sign) if zeros else 0
        return self._padded(sign + str(abs(value)).rjust(least, "0"))

    def _padded(self, text: str) -> str:
        return text.ljust(self.width) if "-" in self.flags else text.rjust(self.width)


class Format(NamedTuple):
    """A format taken apart: text, verb, text, verb, …, text."""

    texts: tuple[str, ...]
    verbs: tuple[Verb, ...]

    @classmethod
    def parse(cls, text: str) -> Format:
        """Take a format apart.

        Raises:
            ValueError: It has a verb or a flag that is not here; the message is for people.
        """
        texts, verbs, at = [""], list[Verb](), 0
        for match in _VERB.finditer(text):
            texts[-1] += text[at : match.start()]
            at = match.end()
            if match[0] == "%%":
                texts[-1] += "%"
            else:
                verbs.append(_verb(match))
                texts.append("")
        texts[-1] += text[at:]
        return cls(tuple(texts), tuple(verbs))

    def filled(self, values: Sequence[Value]) -> str:
        """The text with the arguments put in, as many as there are verbs."""
        out = [self.texts[0]]
        for verb, value, after in zip(self.verbs, values, self.texts[1:], strict=True):
            out += [verb.filled(value), after]
        return "".join(out)


def _verb(match: re.Match[str]) -> Verb:
    verb, flags = match["verb"], match["flags"]
    if verb not in _FLAGS:
        raise ValueError(f'printf knows %s, %d, %q, %v and %%, not "{match[0]}"')
    if set(flags) - set(_FLAGS[verb]):
        raise ValueError(f'printf cannot do "{match[0]}"; a width and a precision it can')
    width, precision = _size(match, "width"), match["precision"]
    return Verb(verb, flags, width, None if precision is None else _size(match, "precision"))


def _size(match: re.Match[str], name: str) -> int:
    digits = (match[name] or "0").lstrip("0") or "0"
    if len(digits) > len(str(_WIDEST)) or int(digits) > _WIDEST:
        raise ValueError(f'the {name} of "{match[0]}" is beyond {_WIDEST:,}')
    return int(digits)


def shown(value: Value) -> str:
    """A value as Go prints it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def quote(text: str) -> str:
    """A string as Go's strconv.Quote writes it."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
