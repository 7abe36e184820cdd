"""Random templates, read and rendered by us and by Go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.core.reference import program
from tests.core.reference.judge import judge
from tests.core.reference.texts import SETS, Writer

_BATCH = 5000
_MOST_FAULTS = 20


@dataclass
class Seen:
    """What was seen.

    Attributes:
        texts: How many.
        read, rendered: How many of them Go parses, and renders with every set of fields.
        alike: How many of those come to the same with us.
        on_purpose: Differences, by kind and purpose.
        differences: How many have no purpose.
        faults: The first of those, as they are.
    """

    texts: int = 0
    read: int = 0
    rendered: int = 0
    alike: int = 0
    on_purpose: Counter[str] = field(default_factory=Counter)
    differences: int = 0
    faults: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As plain values; the most frequent purposes first."""
        return {**vars(self), "on_purpose": dict(self.on_purpose.most_common())}


def rounds(folder: Path, texts: int, seed: int) -> Seen:
    """Read so many texts; the folder is for the program."""
    built = program.build(folder)
    seen = Seen()
    for first in range(0, texts, _BATCH):
        numbers = range(first, min(first + _BATCH, texts))
        batch = [Writer(f"{seed}/{number}").text() for number in numbers]
        for text, theirs in zip(batch, program.read(built, batch, SETS), strict=True):
            _count(seen, text, theirs)
    return seen


def _count(seen: Seen, text: str, theirs: program.Outcome) -> None:
    seen.texts += 1
    seen.read += not theirs.refused
    rendered = not theirs.refused and not any(one.failed for one in theirs.rendered)
    seen.rendered += rendered
    difference = judge(text, theirs, SETS)
    if difference is None:
        seen.alike += rendered
        return
    kind, purpose = difference
    if purpose:
        seen.on_purpose[f"{kind}: {purpose}"] += 1
        return
    seen.differences += 1
    if len(seen.faults) < _MOST_FAULTS:
        seen.faults.append(f"{kind}: {text!r}")
