"""Random files of HCL in a random layout: gaps, commas and comments wherever they may stand."""

from __future__ import annotations

from random import Random

_GAPS = (
    "", "", "", "", " ", " ", "\t ", "\n", "\n", "\r\n", "\n\n", "\n \n\n", "# c\n", " // d \t\n",
    "#\r\n", "/* e */", " /**/ ", "/* f\n  g \r\n*/", "\n# h\n", "\n\n# i\n\n", "# j\n\n/* k */",
)  # fmt: skip
_LINES = ("\n", "\r\n", "\n\n\n", " # l\n", "\n/* m */")
_NAMES = ("a", "bc", "service", '"x-y"', "z-", '"quoted"', "größe", "for", "env", "null", "_1")
_ODD_NAMES = ("d.e", '"a"', '"x y"', '"true"', '"f.g"', '"for"', '""', '"q\\u0041"', '"${h}"')
_LABELS = ("b", '"c d"', '"e"', "f-g", "h.i", '"\\x41"')
_LITERALS = (
    "1", "0755", "-1.5e3", "true", "false", '""', '"text"', '"\\a\\033\\x41\\xc3\\xa9\\ud83d\\ude00"',
    '"${a(\n1)}"', '"$${b} {{.C}} \\\\x41"', 'env("A")', 'file( "B" )', "[]", "{}",
)  # fmt: skip
_ODD_LITERALS = (
    "0x1F", ".5", '"\\xff"', '"${d("e", {f = "\\n"})}"', '"${g:-\r\n}"', '"%{h}"', '"i\t \r"',
)  # fmt: skip
_HEREDOCS = ("<<E\nE", "<<E\n x \n\n  E", "<<-F\r\n  y\t\r\n  F\r")
_ODD_HEREDOCS = ("<<G\n\nz\r\r\nG\r", "<<1\n${\n 1")


class Layout:
    """Writes one file; ``portable``: of nothing that HCL 2 has no form for."""

    def __init__(self, random: Random, *, portable: bool) -> None:
        self._random = random
        self._portable = portable
        self._left = 40  # nodes, so that a file stays one that a person can look at

    def file(self) -> str:
        """The file's text."""
        return self._pick(("", "", "\ufeff")) + self._body(0, expression=False)

    def _body(self, depth: int, *, expression: bool) -> str:
        names = list(_NAMES if self._portable else _NAMES + _ODD_NAMES)
        self._random.shuffle(names)
        text = self._gap()
        for _ in range(self._random.randint(0, 4)):
            name = names.pop() if self._portable else self._pick(names)
            text += self._item(name, depth, expression=expression)
        return text

    def _item(self, name: str, depth: int, *, expression: bool) -> str:
        kind = self._random.randrange(4)
        if kind or depth > 4:
            text = f"{name}{self._gap()}={self._gap()}{self._value(depth)}"
        else:
            # Labels have no form in an expression of HCL 2.
            most = 0 if expression and self._portable else 2
            labels = "".join(
                self._space() + self._pick(_LABELS) for _ in range(self._random.randint(0, most))
            )
            inner = self._body(depth + 1, expression=expression)
            text = f"{name}{labels}{self._gap()}{{{inner}}}"
        line = self._pick(_LINES) if text[-1] not in '"]})' else self._gap()
        return text + line + self._pick(("", "", f",{self._gap()}"))

    def _value(self, depth: int) -> str:
        self._left -= 1
        kind = self._random.randrange(6)
        if depth > 4 or self._left < 0 or kind < 3:
            return self._pick(_LITERALS if self._portable else _LITERALS + _ODD_LITERALS)
        if kind == 3:
            heredocs = _HEREDOCS if self._portable else _HEREDOCS + _ODD_HEREDOCS
            return self._pick(heredocs) + self._pick(("\n", "\r\n"))
        if kind == 4:
            return f"{{{self._body(depth + 1, expression=True)}}}"
        return self._list(depth)

    def _list(self, depth: int) -> str:
        elements = [self._element(depth) for _ in range(self._random.randint(0, 4))]
        commas = [self._pick((",", ",", ",,")) + self._gap() for _ in elements]
        if commas and self._random.randrange(2):
            commas[-1] = ""
        pairs = zip(elements, commas, strict=True)
        return f"[{self._gap()}{''.join(one + comma for one, comma in pairs)}]"

    def _element(self, depth: int) -> str:
        return self._value(depth + 1) + self._gap()

    def _gap(self) -> str:
        return self._pick(_GAPS)

    def _space(self) -> str:
        return self._gap() or " "

    def _pick(self, some: tuple[str, ...] | list[str]) -> str:
        return self._random.choice(some)
