"""Whatever a configuration's text is: it is read, and what is wrong with it is shown in its place.

``look`` holds one text against what is true of all; ``run`` tries many.
"""

from __future__ import annotations

import itertools
import re
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dropship.config.load import Loaded, Mode, load, load_alone
from dropship.hcl import codes, parser
from dropship.hcl.ast import Source, Span
from dropship.hcl.decode import Decoder
from dropship.hcl.diagnostics import Diagnostic, Severity, draw
from dropship.hcl.dump import dump
from dropship.hcl.parser import Parsed, parse
from tests.fuzz.dice import Dice
from tests.fuzz.run import Outcome, no_longer_than
from tests.fuzz.texts import seeds, spoiled

_HANG_SECONDS = 10.0
_ENVIRON = {"HOME": "/root", "X": "x"}
_HERE = Path("/")
_CARET = re.compile(r" +\| ([ \t]*)(\^+)\Z")


def run(inputs: int, seed: int, first: int = 0, seconds: float = float("inf")) -> Outcome:
    """Look at as many texts, or what can be done in ``seconds``."""
    seen, texts = Outcome(), seeds()
    began = time.monotonic()
    for number in range(first, first + inputs):
        start = time.monotonic()
        if start - began > seconds:
            break
        seen.inputs += 1
        dice = Dice(f"{seed}/{number}")
        text = spoiled(dice, texts)
        try:
            with no_longer_than(_HANG_SECONDS):
                found = look(text, whole=dice.happens(0.05))
        except Exception as error:  # noqa: BLE001 - whatever else it may be is what is looked for
            seen.faults[number] = f"{type(error).__name__}: {error}"
            continue
        seen.slowest = max(seen.slowest, time.monotonic() - start)
        seen.accepted += not found
        seen.reasons.update(found)
    seen.seconds = time.monotonic() - began
    return seen


def made(number: int, seed: int) -> str:
    """An input."""
    return spoiled(Dice(f"{seed}/{number}"), seeds())


def look(text: str, *, whole: bool = False) -> Counter[str]:
    """The codes of a text's diagnostics; ``whole``: as a main file on disk, too.

    Raises:
        AssertionError: Something is not as it must be.
    """
    parsed = parse(Source("any.hcl", text))
    assert parse(Source("any.hcl", text)) == parsed, "it is read in two ways"
    _shown(text, parsed.diagnostics)
    dump(parsed.file)
    Decoder(_ENVIRON, lambda _: "x").object(parsed.file.body)
    # What stands behind a JSON document is only a warning.
    if not _errors(parsed.diagnostics) and not any(
        one.code == codes.AFTER_JSON for one in parsed.diagnostics
    ):
        _accepted(parsed)
    loaded = load_alone([parsed], environ=_ENVIRON, cwd=_HERE, euid=0, mode=Mode.WARN)
    _judged(text, loaded)
    if whole:
        _from_disk(text)
    return Counter(one.code for one in loaded.diagnostics)


def _errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(one.severity is Severity.ERROR for one in diagnostics)


def _judged(text: str, loaded: Loaded) -> None:
    assert (loaded.config is None) == _errors(loaded.diagnostics), "no word of why, or for nothing"
    _shown(text, loaded.diagnostics, loaded.masked)


def _accepted(parsed: Parsed) -> None:
    """What no fault is told of the grammar takes as well."""
    source = parsed.file.source
    reader = parser._reader()
    reader._builder.begin(source)
    start = "json" if parser._JSON.match(source.text) else "hcl"
    reader._engine.lark.parse(source.text, start=start)


def _shown(text: str, found: Iterable[Diagnostic], masked: tuple[Span, ...] = ()) -> None:
    for one in found:
        spans = [one.span, *(related.span for related in one.related)]
        for span in spans:
            assert span is not None, f"{one.code} has no place"
            _placed(text, span)
        drawn = draw(one, masked).split("\n")
        for line, caret in itertools.pairwise(drawn):
            if mark := _CARET.match(caret):
                columns = _columns(line.partition(" | ")[2])
                assert len(mark[1] + mark[2]) <= columns + 1, f"{one.code}: caret"


def _columns(line: str) -> int:
    """How many a terminal takes for it."""
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me")
        else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in line
    )


def _placed(text: str, span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(text), "outside of the text"
    assert (span.line, span.column) == _place(text, span.start), "another line or column"
    assert (span.end_line, span.end_column) == _place(text, span.end), "another end"


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column; no editor counts a byte order mark."""
    before = text[:offset].split("\n")
    marked = len(before) == 1 and before[0].startswith("\ufeff")
    return len(before), len(before[-1]) + 1 - marked


def _from_disk(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "main.hcl"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        loaded = load(path, environ=_ENVIRON, cwd=Path(folder), euid=0, mode=Mode.WARN)
        assert (loaded.config is None) == _errors(loaded.diagnostics), "no word of why"
        for one in loaded.diagnostics:
            draw(one, loaded.masked)
