"""The engines that fleets of tests take turns at: each with a server of its own where it needs one.

Whoever tries something over all of them goes by ``ENGINES``: a new engine is one more entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

LOCK = "turns"
"""What the lock is called in each block."""

Block: TypeAlias = Callable[[Path], str]
"""Gives the lock block of a fleet, by the folder of that fleet: each has turns of its own."""

Engine: TypeAlias = Callable[[Path], AbstractContextManager[Block]]
"""Runs what it needs, in a folder."""


@contextmanager
def _file(_: Path) -> Iterator[Block]:
    yield lambda fleet: _block("file", f'path = "{fleet}/turns"')


def _block(kind: str, *keys: str, per_service: bool = True) -> str:
    lines = [f'type = "{kind}"', f"perService = {str(per_service).lower()}", *keys]
    return "\n  ".join([f'lock "{LOCK}" {{', *lines]) + "\n}\n"


ENGINES: Mapping[str, Engine] = {"file": _file}
