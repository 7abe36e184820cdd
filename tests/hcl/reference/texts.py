"""Random texts: grown from the grammar, strung together from tokens, and spoiled."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SAMPLES = sorted((ROOT / "tests" / "hcl" / "faulty").glob("*.[hj]*")) + sorted(
    (ROOT / "examples").rglob("*.hcl")
)

GAPS = ("", " ", " ", " ", "\n", "\n  ", "\t", "\r\n", "\r", " # c\n", "//c }\n", "/* { */", ",")
NAMES = (*"aaabbbccAA", "a-b", "a.b", "_", "é", "Ünï", "a٣", "env", "a1", "b2", "a²", "true")
LABELS = ('"a"', '"b c"', '"${x}"', '""', '"${x{y}}"', '"\\n"', '"true"')
INSIDE = (
    "a", " ", "é", "\\n", "\\r\\n", '\\"', "\\\\", "\\x41", "\\xff", "\\xc3\\xa9", "\\101", "\\377",
    "\\400", "\\u00e9", "\\ud800", "\\ud83d\\ude80", "\\U0001F680", "\\U00110000", "\\U80000041", "\\q",
    "\\", "\\x4", "\\u12", "\\08", "$", "$$", "{", "}", "${a}", "${a{b}}", "${{}}", '${"q"}', "${\n}",
    "${\r\n}", "${\\n}", "${\\400}", "${\\q}", '${f("x", "${y}")}', "${", "%{if}", "{{.Name}}", "#", "//",
    "/*", "\n", "\r", "\t", "\ufffd", "${\ufffd}", "\ue123", "\ufeff", "🚀", "\0", "<<X",
)  # fmt: skip
USUAL = (
    "a",
    " ",
    "é",
    "\\n",
    '\\"',
    "\\\\",
    "\\x41",
    "${a}",
    "${a{b}}",
    '${"q"}',
    "{",
    "}",
    "#",
    "$",
)
NUMBERS = (
    "0", "-0", "00", "007", "08", "0159", "08.5", "-12", "0x", "0x1F", "-0Xff", "1.", ".5", "-.5", ".5e3",
    "1e5", "1E+2", "1.e-3", "1e", "0e1", "1e999", "1e-999", "10s", "10 s", "1_0", "0b1", "5%", "1.2.3",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "+1", "- 1", "0.30000000000000004",
)  # fmt: skip
HEREDOCS = (
    "<<X\n{}\nX\n", "<<-X\n  {}\n  X\n", "<<-X\n\t{}\n  X\n", "<<-X\n    {}\n  X\n", "<<E1\n{}\n  E1\n",
    "<<-é\n  {}\n é\n", "<<X\n{}\nX \nX\n", "<<X\r\n{}\r\nX\r\n", "<<-X\n \f{}\n \fX\n", "<<X\r\r\n{}\r\r\nX\r\r\n",
    "<<-X\n{}\nX\n", "<<X\n{}\nX", "<< X\n{}\nX\n", "<<X Y\n{}\nX\n", "<<²\n{}\n²\n", "<<X\n{}",
)  # fmt: skip
BODIES = ("a", "  a", "", "a\n\nb", '"${', "X X\n XX", "\\q", "  a\n b", "é\r")
TOKENS = (
    "a", "b", '"a"', '"b"', "=", "=", "{", "}", "{", "}", "[", "]", ",", ",", "1", "-1", ".5", "true",
    '"${a{b}}"', "<<X\nt\nX\n", "#c\n", "/*c*/", "\n", "\n", "a-b", "07",
)  # fmt: skip
JSON_TOKENS = (
    "{",
    "}",
    "{",
    "}",
    "[",
    "]",
    ":",
    ":",
    ",",
    ",",
    '"a"',
    '"b"',
    "1",
    "true",
    "null",
    "\n",
)
SPOILERS = (
    *"{}[]\"'=,:\n\r\t #/*\\$%<>-+.0189aexXuU_é²;", "\ufeff", "\v", "\xa0", "\ue123", "\0", "<<X\n", "X\n", "${",
    "//", "/*", "*/", "true", "1e",
)  # fmt: skip


class Writer:
    """Writes one text by chance."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)

    def text(self) -> bytes:
        """A text of any of the ways."""
        grown = [self._items, self._items, self._json, lambda _: self._tokens(TOKENS)]
        share = self._dice.random()
        if share < 0.6:
            way = self._one(grown)
            return way(self._one((1, 2, 3))).encode()
        if share < 0.65:
            return ("{" + self._tokens(JSON_TOKENS)).encode()
        if share < 0.85:
            return self._spoiled(self._one(grown)(2).encode())
        return self._spoiled(self._one(SAMPLES).read_bytes())

    def _one(self, of: Sequence[object]) -> Any:
        return self._dice.choice(of)

    def _happens(self, share: float) -> bool:
        return self._dice.random() < share

    def _many(self, most: int) -> range:
        return range(self._dice.randint(0, most))

    def _gap(self) -> str:
        return " " if self._happens(0.7) else str(self._one(GAPS))

    def _tokens(self, of: Sequence[str]) -> str:
        return "".join(self._one(of) + self._one(("", "", " ")) for _ in self._many(14))

    def _items(self, depth: int) -> str:
        return "".join(self._item(depth) for _ in self._many(3))

    def _item(self, depth: int) -> str:
        behind = self._one(("\n",) * 20 + (" ", " ", ", ", ",", ",", ",,", ";"))
        if depth and self._happens(0.5):
            labels = "".join(self._key() + self._gap() for _ in self._many(3))
            return f"{self._key()}{self._gap()}{labels}{self._object(depth - 1)}{behind}"
        return f"{self._key()}{self._gap()}={self._gap()}{self._value(depth)}{behind}"

    def _key(self) -> str:
        share = self._dice.random()
        kinds = NAMES if share < 0.7 else LABELS
        return str(self._one(kinds)) if share < 0.95 else self._string()

    def _value(self, depth: int) -> str:
        ways = [
            self._string, self._string, self._number, lambda: self._one(("true", "false") * 6 + ("null", "b")),
            lambda: self._one(HEREDOCS).replace("{}", self._one(BODIES)),
        ]  # fmt: skip
        if depth:
            ways += [lambda: self._list(depth - 1), lambda: self._object(depth - 1)]
        return str(self._one(ways)())

    def _string(self) -> str:
        inside = INSIDE if self._happens(0.2) else USUAL
        return '"' + "".join(self._one(inside) for _ in self._many(3)) + '"'

    def _number(self) -> str:
        if self._happens(0.3):
            return str(self._one(NUMBERS))
        whole, rest = self._dice.randint(-(10**20), 10**20), self._dice.randint(0, 999)
        return f"{whole // 10 ** self._one((0, 2, 10, 18))}" + self._one(("", f".{rest}", "e2"))

    def _list(self, depth: int) -> str:
        commas = (",",) * 20 + ("", ",,")
        inside = "".join(
            self._value(depth) + self._gap() + self._one(commas) + self._gap()
            for _ in self._many(3)
        )
        return f"[{self._gap()}{inside}]"

    def _object(self, depth: int) -> str:
        return f"{{{self._gap()}{self._items(depth)}}}"

    def _json(self, depth: int) -> str:
        pairs = ",".join(
            f"{self._one(LABELS)} : {self._json_value(depth)}\n" for _ in self._many(3)
        )
        return f"{{{pairs}{self._one(('',) * 8 + (',',))}}}"

    def _json_value(self, depth: int) -> str:
        if not depth or self._happens(0.4):
            ways = (self._string, self._number, lambda: self._one(("true", "null", "{}", "[]")))
            return str(self._one(ways)())
        if self._happens(0.5):
            return self._json(depth - 1)
        return "[" + ",".join(self._json_value(depth - 1) for _ in self._many(3)) + "]"

    def _spoiled(self, text: bytes) -> bytes:
        for _ in range(self._one((1, 1, 1, 2, 3))):
            at, length = self._dice.randint(0, len(text)), self._one((0, 0, 1, 1, 2, 8))
            put = self._one(SPOILERS).encode() if self._happens(0.6) else b""
            if self._happens(0.1):
                start = self._dice.randint(0, len(text))
                put = text[start : start + self._dice.randint(1, 20)]
            text = text[:at] + put + text[at + length :]
        return text
