"""Text that is compared as a whole with a file in ``golden/``.

To renew one after a wanted change, delete it and run the test: it is written anew, and fails once,
so that somebody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent / "golden"


def same(name: str, lines: Mapping[str, Sequence[str]]) -> None:
    """The lines, each lot below its title, are those of the file."""
    lots = [[f"=== {title}", *lot, ""] for title, lot in lines.items()]
    said = "\n".join(line for lot in lots for line in lot)
    golden = _FOLDER / f"{name}.txt"
    if not golden.exists():
        golden.write_text(said, encoding="utf-8")
        pytest.fail(f"{golden.name} was not there; read what was written into it")
    assert said == golden.read_text(encoding="utf-8")
