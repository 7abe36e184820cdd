"""Running cases by the real unpacker: a forked, locked up child, as an update has it."""

from __future__ import annotations

import re
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from dropship.core.format import AUTO
from dropship.errors import RefusedError
from dropship.install.fetch import Fetch
from dropship.install.plan import TREE, Plan, Report, Word
from dropship.install.unpacker import Unpacker
from tests.hostile.case import Case
from tests.hostile.watched import Surroundings, faults
from tests.install.stagings import CountingWatch, MemoryBody

SECONDS = 60.0
KIBIBYTES = 400 << 10


@dataclass(frozen=True)
class Seen:
    """What became of a case. ``peak``: KiB of the largest unpacker so far."""

    name: str
    said: str
    faults: list[str]
    seconds: float
    peak: int


def run(case: Case, around: Surroundings) -> Seen:
    """Unpack one case and look at what came of it, inside and around."""
    content = case.make()
    began = time.monotonic()
    with around.emptied() as folder:
        said = _unpack(case, content, folder)
        seconds = time.monotonic() - began
        accepted = said.word is Word.DONE
        text = str(RefusedError(said.message, cure=said.cure))
        wrong = []
        if said.word not in (Word.DONE, Word.REFUSED):
            wrong.append(f"it ended with {said.word.value}: {text}")
        if accepted != (not case.refused):
            wrong.append(text or "it was accepted")
        if case.refused and not re.search(case.refused, text):
            wrong.append(f"it was refused for another reason: {text}")
        there = folder / TREE
        if there.is_dir():
            wrong += faults(there, case, accepted=accepted)
    wrong += [f"{path} is not what it was" for path in around.changes()]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if seconds > SECONDS:
        wrong.append(f"it took {seconds:.0f} s")
    if peak > KIBIBYTES:
        wrong.append(f"it took {peak >> 10} MiB")
    return Seen(case.name, text, wrong, seconds, peak)


def _unpack(case: Case, content: bytes, folder: Path) -> Report:
    plan = Plan(
        folder=folder,
        said=AUTO,
        config_type="",
        store_type="",
        name=case.file,
        rules=case.rules,
        file_mode=0o644,
        umask=0o022,
        seconds=10 * SECONDS,
    )
    watch = CountingWatch()
    fetch = Fetch(
        open=lambda offset: MemoryBody(content, offset, 1 << 20, lambda _offset: None),
        total=len(content),
        watch=watch,
        check=watch.look,
    )
    with Unpacker(plan) as unpacker:
        fetch.into(unpacker)
        return unpacker.result()
