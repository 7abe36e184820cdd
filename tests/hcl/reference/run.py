"""Random texts, read by us and by version 1."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hcl.reference import library
from tests.hcl.reference.judge import judge
from tests.hcl.reference.texts import Writer

_BATCH = 5000
_MOST_FAULTS = 20


@dataclass
class Outcome:
    """What was seen.

    Attributes:
        texts: How many.
        read, decoded: How many of them version 1 reads, and decodes.
        on_purpose: Differences, by kind and purpose.
        differences: How many have no purpose.
        faults: The first of those, as they are.
    """

    texts: int = 0
    read: int = 0
    decoded: int = 0
    on_purpose: Counter[str] = field(default_factory=Counter)
    differences: int = 0
    faults: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As plain values; the most frequent purposes first."""
        return {**vars(self), "on_purpose": dict(self.on_purpose.most_common())}


def rounds(folder: Path, texts: int, seed: int) -> Outcome:
    """Read so many texts; the folder is for the program."""
    program = library.build(folder)
    seen = Outcome()
    for first in range(0, texts, _BATCH):
        numbers = range(first, min(first + _BATCH, texts))
        batch = [Writer(f"{seed}/{number}").text() for number in numbers]
        for text, theirs in zip(batch, library.read(program, batch), strict=True):
            _count(seen, text, theirs)
    return seen


def _count(seen: Outcome, text: bytes, theirs: library.Outcome) -> None:
    seen.texts += 1
    seen.read += not theirs.refused
    seen.decoded += not (theirs.refused or theirs.failed)
    difference = judge(text, theirs)
    if difference is None:
        return
    kind, purpose = difference
    if purpose:
        seen.on_purpose[f"{kind}: {purpose}"] += 1
        return
    seen.differences += 1
    if len(seen.faults) < _MOST_FAULTS:
        seen.faults.append(f"{kind}: {text!r}")
