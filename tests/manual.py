"""Writes commands and keys into the manual: ``python -m tests.manual`` renews packaging/man.

What stands around them there is written by hand. In man(7), as groff and mandoc read it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, zip_longest
from pathlib import Path
from textwrap import wrap

from dropship.cli import main
from dropship.config.reference import called, header, inner, kind, notes, sentences, usual, where
from dropship.config.schema import TYPES, Block, Key, schema

_FOLDER = Path(__file__).parents[1] / "packaging" / "man"
PAGE = _FOLDER / "dropship.hcl.5"
COMMANDS_PAGE = _FOLDER / "dropship.8"

_BEGIN = '.\\" Made by python -m tests.manual from here,\n'
_END = '.\\" to here.\n'

_MARKS = re.compile(r"(`[^`]+`)")
_TIE = "\u00a0"
_ROMAN = {"\\": "\\e"}
# As groff_char(7) has it: what is typed into a file keeps its plain form.
_CODE = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga"}


def page(text: str) -> str:
    """The manual of the configuration, ``text``, with its keys as they are now."""
    return _renewed(text, _body)


def commands_page(text: str) -> str:
    """The manual of the program, ``text``, with its commands as they are now."""
    return _renewed(text, _commands)


def _renewed(text: str, body: Callable[[], Iterator[str]]) -> str:
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    lines = "\n".join(body())
    return f"{before}{_BEGIN}{lines}\n{_END}{after}"


def _commands() -> Iterator[str]:
    for title, names in main.grouped():
        yield f".SH COMMANDS: {title.upper()}"
        for name in names:
            yield from _command(name)


def _command(name: str) -> Iterator[str]:
    parser = main.parser(name)
    actions = [one for one in parser._actions if not _global(one)]
    words = sorted(actions, key=lambda one: not one.option_strings)
    yield f".SS {_line(' '.join([f'`{name}`', *map(_use, words)]))}"
    yield from _said(_sentence(" ".join((parser.description or "").split())))
    for one in words:
        if one.help and one.help is not argparse.SUPPRESS:
            yield from _term(_named(one), _sentence(one.help))


def _global(action: argparse.Action) -> bool:
    return bool({*action.option_strings} & {*main.GLOBAL, "--help"})


def _use(action: argparse.Action) -> str:
    """How an argument stands in a command line."""
    if action.help is argparse.SUPPRESS:
        return ""
    if action.option_strings:
        return _named(action) if action.required else f"[{_named(action)}]"
    several = "\u2026" if action.nargs in ("*", "+") else ""
    word = _value(action) + several
    return f"[{word}]" if action.nargs in ("?", "*") else word


def _named(action: argparse.Action) -> str:
    names = ", ".join(f"`{one}`" for one in action.option_strings)
    return " ".join(filter(None, [names, _value(action)]))


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return "|".join(f"`{one}`" for one in action.choices)
    metavar = action.metavar or action.dest.upper()
    return metavar if isinstance(metavar, str) else " ".join(metavar)


def _sentence(text: str) -> str:
    """A line of help as a sentence of prose."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def _body() -> Iterator[str]:
    found = schema()
    yield ".SH TYPES"
    for name, meaning in TYPES:
        yield from _term(f"`{name}`", meaning)
    for file in found.files:
        yield f".SH {file.plan.title.upper()}"
        yield from _said(file.plan.doc)
        yield from _paragraph(inner(file))
        yield from _keys(file.keys)
    for title, blocks in groupby(found.blocks, lambda one: one.plan.title):
        yield f".SH {title.upper()}"
        yield from _section(list(blocks))


def _section(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        yield from _term(header(block), block.plan.doc)
    first = blocks[0]
    yield from _paragraph(where(first))
    if first.blocks:
        yield from _paragraph(inner(first))
    yield from _keys(first.keys)
    for backend in first.types:
        yield f".SS {_line(called(first))} {_line(f'`{backend.name}`')}"
        for note in notes(first, backend):
            yield from _said(note)
        yield from _keys(backend.keys)


def _keys(keys: Sequence[Key]) -> Iterator[str]:
    for key in keys:
        yield from _term(f"`{key.name}` ({kind(key)}, {usual(key)})", *sentences(key))


def _term(term: str, *said: str) -> Iterator[str]:
    yield ".TP"
    yield _line(term)
    yield from _said(*said)


def _paragraph(text: str) -> Iterator[str]:
    yield ".PP"
    yield from _said(text)


def _said(*sentences: str) -> Iterator[str]:
    """Each sentence on a line of its own, as the makers of these programs ask for it."""
    for sentence in re.split(r"(?<=\.) (?=[A-Z])", " ".join(sentences)):
        whole = _MARKS.sub(lambda code: code[0].replace(" ", _TIE), sentence)
        for line in wrap(_marked(whole), 79, break_long_words=False, break_on_hyphens=False):
            yield _plain(line.replace(_TIE, " "))


def _line(text: str) -> str:
    return _plain(_marked(text))


def _plain(line: str) -> str:
    """A line that is not taken for a request."""
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _marked(text: str) -> str:
    """Text in its escaped form, code in bold."""
    prose, code = _MARKS.split(text)[::2], _MARKS.split(text)[1::2]
    marked = [_escaped(part, _ROMAN) for part in prose]
    bold = [f"\\fB{_escaped(part[1:-1], _CODE)}\\fR" for part in code]
    return "".join(part for pair in zip_longest(marked, bold, fillvalue="") for part in pair)


def _escaped(text: str, marks: dict[str, str]) -> str:
    return "".join(marks.get(letter) or _ascii(letter) for letter in text)


def _ascii(letter: str) -> str:
    return letter if letter.isascii() or letter == _TIE else f"\\[u{ord(letter):04X}]"


if __name__ == "__main__":
    for path, renew in ((PAGE, page), (COMMANDS_PAGE, commands_page)):
        path.write_text(renew(path.read_text(encoding="utf-8")), encoding="utf-8")
