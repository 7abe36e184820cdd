"""Texts to start from, and how to spoil one: the language's own pieces at the wrong place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.dice import Dice

_TESTS = Path(__file__).parents[1]
_FOLDERS = ("hcl/faulty", "config/golden", "../examples/quickstart")

# Also the dictionary of the fuzzer that is guided by coverage.
TOKENS: Sequence[str] = (
    '"', '"a"', "{", "}", "[", "]", "(", ")", "=", ":", ",", ";", "\n", "\r\n", "\t", "  ", "#",
    "//", "/*", "*/", "<<E\n", "<<-END\n", "\nE\n", "\n  END\n", "${", "{{.Name}}", "%{", "$", "\\",
    '\\"', "\\u00e9", "\\ud83d", "\\q", "1", "-0.5e3", "10s", "0x1F", "0755", "1e999", "true",
    "false", "null", 'env("HOME")', "env(", 'file("/x")', "'", "“", "\u00a0", "é", "\U0001f600",
    "\ufeff", "\0", "\ue123", "\ud800", "\u2028", "\x1b[31m", "\x0b",
    'service "a" {\n', 'artifact "s3" {\n', 'before "script" {\n', 'health "http" {\n', "}\n",
    'lock "consul" {\n', 'repo "s3" {\n', "defaults {\n", "worker {\n", "env {\n",
    'checkInterval = "10s"\n', "sequentialUpdates = true\n", 'command = "x"\n', 'bucket = "b"\n',
    'destination = "/srv/a"\n', 'path = "p"\n', 'secret = "hush"\n', 'url = "http://u:p@h/"\n',
    "tags = [", '"a",', '"a": 1', '{"service": {"a": {',
)  # fmt: skip


def seeds() -> list[str]:
    """The texts, sound ones first, faulty ones behind, HCL and JSON."""
    files = sorted(
        path for one in _FOLDERS for path in (_TESTS / one).iterdir() if path.suffix != ".txt"
    )
    texts = [path.read_text(encoding="utf-8") for path in files if path.is_file()]
    return [(Path(__file__).parent / "services.hcl").read_text(encoding="utf-8"), *texts]


def spoiled(dice: Dice, texts: Sequence[str]) -> str:
    """One of the texts with a few changes."""
    text = texts[0] if dice.happens(0.5) else dice.choice(texts)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        text = _changed(dice, text, texts)
    return text


def _changed(dice: Dice, text: str, texts: Sequence[str]) -> str:
    start = dice.randrange(len(text) + 1)
    end = min(len(text), start + dice.choice((0, 1, 1, 3, 10, 80)))
    way = dice.randrange(6)
    if way < 2:
        return text[:start] + dice.choice(TOKENS) + text[end if way else start :]
    if way == 2:
        return text[:start] + text[end:]
    if way == 3:
        return text[:end] + text[start:]
    if way == 4:
        lines = text.splitlines(keepends=True)
        dice.shuffle(lines[: dice.randrange(len(lines) + 1)])
        at = dice.randrange(len(lines) + 1)
        return "".join(lines[:at] + lines[at + 1 :])
    other = dice.choice(texts)
    at = dice.randrange(len(other) + 1)
    return text[:start] + other[at : at + dice.randrange(200)] + text[start:]
