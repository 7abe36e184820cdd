"""Random templates: grown from the grammar, strung together from words, and spoiled."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dropship.core.template_check import FIELDS

_WIDE = "日本 \uff37\uff44 🚀👩‍🚀 ﬁ ß ŉ ᾳ ǆ \u017f İı ΑΣ Ⅷⅷ"
_COMBINED = "e\u0301a\u0308\u0323 \u200d\u200f\ufeff\u00ad 가\u1100\u1161"
_CONTROL = (
    "\0\a\b\t\n\v\f\r\x1b\x1f\x7f\x80\x85\x9f\u2028\u2029\ufffd\ufffe\ue000\U000e0001\U0010ffff"
)
_SOUND: Mapping[str, object] = {
    "Name": "api",
    "Hostname": "web-07.example.com",
    "Hash": "900150983cd24fb0d6963f7d28e17f72",
    "OldHash": "d41d8cd98f00b204e9800998ecf8427e",
    "NewHash": "900150983cd24fb0d6963f7d28e17f72",
    "Release": "20261129T101500Z-90015098",
    "Phase": "after",
    "Error": "",
    "CheckInterval": "30s",
    "UpdateTTL": "0s",
    "Version": "",
    "Sequential": True,
    "Artifact": {"url": "https://builds.example.com/api.tar.gz", "contentType": "application/gzip"},
}


def _all(text: str, *, sequential: bool) -> Mapping[str, object]:
    keys = {"url": text, "contentType": text, "bucket": text}
    return {**dict.fromkeys(FIELDS, text), "Sequential": sequential, "Artifact": keys}


SETS: Sequence[Mapping[str, object]] = (
    _SOUND,
    {**_all("", sequential=False), "Artifact": {}},
    {**_SOUND, "Name": "a", "Error": 'health: got "502" \\ `<&>\'\r\n\t{{.Name}} %s %!', "Phase": "failed"},
    {**_all(_WIDE, sequential=False), "Hash": _COMBINED},
    {**_all(_CONTROL, sequential=True), "Name": "\ud7ff\u0600\u0660é\u00a0"},
)  # fmt: skip

TEXTS = (
    "a", " ", "\n", " \t\r\n ", "deployed to ", "é日", "\u00a0", "{", "}", "} }", "{ {", "-", "- ", "%d", "/*", '"', "\v", "\0",
)  # fmt: skip
OPENS = ("{{",) * 6 + ("{{ ", "{{- ", "{{-\n", "{{\n", "{{-  ", "{{-")
CLOSES = ("}}",) * 6 + (" }}", " -}}", "\n-}}", "\t}}", "  -}}", "-}}")
GAPS = (" ",) * 12 + ("  ", "\n", "\t", "\r\n", "", "\u00a0", "\v")
COMMENTS = (
    "{{/* a */}}", "{{- /* a */ -}}", "{{/*a*/}}", "{{/**/}}", "{{/* {{.Name}} */}}", "{{- /* a\nb */}}", "{{/*/}}",
    "{{/* a */ -}}", "{{ /* a */}}", "{{/* a */ }}", "{{/* a */  -}}", "{{-  /* a */}}", "{{-\n/* a */\n-}}",
    "{{/* a", "{{.Name /* a */}}", "{{/* a */ .Name}}",
)  # fmt: skip
INSIDE = (
    "a", "é", "日", " ", "e\u0301", "%s", "%", "}}", "{{", "`", "'", "\\n", "\\t", '\\"', "\\\\", "\\a\\b\\f\\r\\v", "\\x41",
    "\\u00e9", "\\U0001F680", "\\101", "\\000", "\\xc3\\xa9", "\\303\\251",
)  # fmt: skip
WILD = (
    "\\xff", "\\xc3", "\\377", "\\400", "\\777", "\\ud800", "\\U00110000", "\\q", "\\'", "\\x4", "\\08", "\\", "\n", "\r",
    "\\\n", "\\u12", "\0", "\u2028", "\ufeff",
)  # fmt: skip
RAW = ("a", "\\n", "\\", '"', "\n", "\r\n", "é", "}}", "{{", " ")
NUMBERS = (
    "0", "1", "7", "-3", "+5", "12", "40", "0x1F", "-0Xff", "0b101", "0o17", "0O7", "017", "-017", "00", "-0", "1_000", "0x_f",
    "0_7", "9223372036854775807", "-9223372036854775808",
)  # fmt: skip
ODD_NUMBERS = (
    "08", "1__0", "1_", "_1", "0x", "0b2", "0o8", "1.5", ".5", "1.", "1e3", "1e-1", "0x1p4", "5i", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1a", "--1", "+-1", "٣", "1٣", "0x1.8p1", "1e400",
    "0" * 90 + "1",
)  # fmt: skip
NAMES = (*FIELDS, "Artifact.url", "Artifact.contentType", "Artifact.bucket", "Artifact.none")
ODD_OPERANDS = (
    ".", "$", "$.Name", "$x", "nil", "'a'", "'\\n'", ".Name.Foo", ".Foo", ".name", ".Artifact", ".Artifact.url.x", "Name",
    ".Artifact.é", ".Artifact.²", ".Artifact.a٣", ".Artifact.content-type", "(.Artifact).url", '(index .Artifact "url")',
    "(len .Name)", "(print .Name)", "(html .Error)", "(lt 1 2)", "true", "if", "end", "()", "(upper)", "upper", "((.Name))",
)  # fmt: skip
VERBS = ("s", "s", "s", "q", "v", "d", "d")
FORMATS = (
    "%x", "%t", "%+q", "%#q", "%05s", "%*d", "%[1]s", "%", "%5%", "%!", "%-", "%.2000000s", "%1000001s", "%٣d", "%.٣s", "%  d",
    "%+-05d", "%c", "%#v", "%+v", "%T", "%é",
)  # fmt: skip
WORDS = (
    "{{", "}}", "{{-", "-}}", "{{- ", " -}}", " ", " ", " ", ".Name", ".Sequential", ".Artifact.url", ".Error", "if", "else", "end",
    "printf", '"%s"', '"%5d"', "upper", "trunc", "3", "eq", "ne", "and", "or", "not", "json", "|", "(", ")", "text", "\n", "/*",
    "*/", "default", '"', "`", "%", ".", "true", "false", '"a"', "`a`", "-", ",", ":=", "$x", "range", "with", "nil", "'a'",
)  # fmt: skip
SPOILERS = (
    *"{}-|()\"'`.,:=$/*% \n\t\r\v\\0129axX_é²٣\u00a0\ufeff\0", "{{", "}}", "{{- ", " -}}", "{{end}}", "{{else}}", "/*", "*/", "%s",
)  # fmt: skip

_Way = Callable[[int], str]


class Writer:
    """Writes one template by chance."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)
        self._odd = 0.0

    def text(self) -> str:
        """A template of any of the ways."""
        share = self._dice.random()
        # What is odd is mostly refused, so most templates have nothing of it.
        self._odd = self._one((0.0, 0.0, 0.0, 0.05, 0.3))
        if share < 0.7:
            return self._nodes(self._one((1, 2, 3)))
        if share < 0.8:
            return "".join(self._one(WORDS) for _ in self._many(14))
        if share < 0.85:
            return "{{" + "".join(self._one(WORDS) + self._gap() for _ in self._many(8)) + "}}"
        return self._spoiled(self._nodes(2))

    def _one(self, of: Sequence[Any]) -> Any:
        return self._dice.choice(of)

    def _happens(self, share: float) -> bool:
        return self._dice.random() < share

    def _many(self, most: int) -> range:
        return range(self._dice.randint(0, most))

    def _gap(self) -> str:
        return str(self._one(GAPS)) if self._happens(self._odd) else " "

    def _nodes(self, depth: int) -> str:
        return "".join(self._node(depth) for _ in range(self._dice.randint(1, 4)))

    def _node(self, depth: int) -> str:
        share = self._dice.random()
        if share < 0.3:
            return str(self._one(TEXTS))
        if share < 0.35:
            return str(self._one(COMMENTS if self._happens(self._odd) else COMMENTS[:4]))
        if depth and share < 0.5:
            return self._if(depth - 1)
        return self._action(self._pipeline(depth))

    def _action(self, inside: str) -> str:
        if self._happens(self._odd):
            return f"{self._one(OPENS)}{inside}{self._one(CLOSES)}"
        return f"{self._one(OPENS[:-2])}{inside}{self._one(CLOSES[:-3])}"

    def _if(self, depth: int) -> str:
        text = self._action(f"if {self._pipeline(depth)}") + self._nodes(depth)
        for _ in self._many(2):
            if self._happens(0.5):
                text += self._action(f"else if {self._pipeline(depth)}") + self._nodes(depth)
        if self._happens(0.5):
            text += self._action("else") + self._nodes(depth)
        return text + self._action("end")

    def _pipeline(self, depth: int) -> str:
        ways = (self._texts, self._texts, self._texts, self._number, self._truth, self._any)
        return str(self._one(ways)(depth))

    def _chosen(self, ways: Sequence[_Way], depth: int) -> str:
        """One of the ways; what is odd, and what is of another kind, now and then."""
        if self._happens(self._odd):
            return str(self._one(ODD_OPERANDS))
        if self._happens(self._odd):
            ways = (self._texts, self._number, self._truth, self._any)
        return str(self._one(ways)(depth))

    def _operand(self, way: _Way, depth: int) -> str:
        """An argument of the kind that a way makes: a literal, a field or a call."""
        text = self._chosen([way], depth)
        simple = not any(mark in text for mark in " |")
        return text if simple or text.startswith(('"', "`")) else f"({text})"

    def _texts(self, depth: int) -> str:
        ways: list[_Way] = [self._field, self._field, self._field, self._string]
        if depth:
            ways += [
                self._called,
                self._called,
                self._piped,
                self._printf,
                self._choice(self._texts),
            ]
        return self._chosen(ways, depth)

    def _number(self, depth: int) -> str:
        if self._happens(self._odd):
            return str(self._one(ODD_NUMBERS))
        ways: list[_Way] = [lambda _: str(self._one(NUMBERS))]
        return self._chosen(ways if not depth else [*ways, self._choice(self._number)], depth)

    def _truth(self, depth: int) -> str:
        ways: list[_Way] = [lambda _: ".Sequential", lambda _: str(self._one(("true", "false")))]
        if depth:
            ways += [self._compared, self._compared, self._denied, self._choice(self._truth)]
        return self._chosen(ways, depth)

    def _any(self, depth: int) -> str:
        return str(
            self._one((self._texts, self._number, self._truth, self._choice(self._any)))(depth)
        )

    def _field(self, _depth: int) -> str:
        return f".{self._one(NAMES)}" if self._happens(0.9) else ".Artifact.none"

    def _string(self, _depth: int) -> str:
        if self._happens(0.2):
            return "`" + "".join(self._one(RAW) for _ in self._many(3)) + "`"
        inside = INSIDE + WILD if self._happens(self._odd) else INSIDE
        return '"' + "".join(self._one(inside) for _ in self._many(3)) + '"'

    def _called(self, depth: int) -> str:
        way = self._one((self._texts, self._texts, self._any))
        name = self._one(("upper", "lower", "trunc")) if way == self._texts else "json"
        words = [name, self._operand(way, depth - 1)]
        if name == "trunc":
            words.insert(1, self._operand(self._number, 0))
        if self._happens(self._odd):
            words.insert(1, self._operand(self._any, 0))
        return self._gap().join(words)

    def _piped(self, depth: int) -> str:
        head = self._texts(depth - 1)
        for _ in range(self._dice.randint(1, 2)):
            stage = self._one(
                ("upper", "lower", "json", f"trunc {self._operand(self._number, 0)}", 'printf "%s"', 'printf "%-8q"',
                 f"default {self._operand(self._texts, 0)}", f"or {self._operand(self._texts, 0)}")
            )  # fmt: skip
            head += f"{self._one((' | ', ' | ', '|'))}{stage}"
        return head

    def _printf(self, depth: int) -> str:
        form, values = "", []
        for _ in range(self._dice.randint(1, 3)):
            form += str(self._one(("", "", " ", "a", "é", "%%", "\\n")))
            if self._happens(self._odd):
                form += str(self._one(FORMATS))
                continue
            verb, way = self._verb()
            form += verb
            values.append(self._operand(way, depth - 1))
        if self._happens(self._odd):
            values.append(self._operand(self._any, 0))
        return self._gap().join(["printf", f'"{form}"', *values])

    def _verb(self) -> tuple[str, _Way]:
        verb = self._one(VERBS)
        flags = self._one(
            ("", "", "-", "+", " ", "0", "-0", "+ ", "0-+") if verb == "d" else ("", "", "-")
        )
        width = self._one(("", "", "", "3", "12", "0", "40"))
        precision = self._one(("", "", "", ".", ".0", ".2", ".07", ".20"))
        ways = {"d": self._number, "v": self._any}
        flags = flags if width or "0" not in flags or self._happens(0.2) else ""
        return f"%{flags}{width}{precision}{verb}", ways.get(verb, self._texts)

    def _choice(self, way: _Way) -> _Way:
        def made(depth: int) -> str:
            depth = max(depth - 1, 0)
            one, other = self._operand(way, depth), self._operand(way, depth)
            name = self._one(("and", "or", "default"))
            more = [self._operand(way, depth)] if name != "default" and self._happens(0.2) else []
            return self._gap().join([name, one, other, *more])

        return made

    def _compared(self, depth: int) -> str:
        way = self._one((self._texts, self._texts, self._number, self._truth))
        name = self._one(("eq", "eq", "ne"))
        count = self._one((2, 2, 3, 4)) if name == "eq" else 2
        return self._gap().join([name, *(self._operand(way, depth - 1) for _ in range(count))])

    def _denied(self, depth: int) -> str:
        return f"not{self._gap()}{self._operand(self._any, depth - 1)}"

    def _spoiled(self, text: str) -> str:
        for _ in range(self._one((1, 1, 1, 2, 3))):
            at, length = self._dice.randint(0, len(text)), self._one((0, 0, 1, 1, 2, 8))
            put = str(self._one(SPOILERS)) if self._happens(0.6) else ""
            if self._happens(0.1):
                start = self._dice.randint(0, len(text))
                put = text[start : start + self._dice.randint(1, 20)]
            text = text[:at] + put + text[at + length :]
        return text
