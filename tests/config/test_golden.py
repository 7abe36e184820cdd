"""Whole configurations and every word said of them, compared as text.

Each ``NAME.hcl`` in ``golden/`` has a ``NAME.txt``. To renew one after a wanted change, delete it
and run the test: it writes the file anew, and fails once so that somebody reads it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.config.load import Mode, load
from dropship.hcl.diagnostics import draw

_FOLDER = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(path.stem for path in _FOLDER.glob("*.hcl")))
def test_golden_configuration_gets_exactly_these_words(name: str) -> None:
    """Messages, places, carets, hints, order."""
    loaded = load(Path(f"{name}.hcl"), environ={}, cwd=_FOLDER, euid=0, mode=Mode.WARN)
    # The mode of files in a checkout is not ours to choose.
    shown = [one for one in loaded.diagnostics if one.code != "W237"]
    said = "".join(f"{draw(one, loaded.masked)}\n\n" for one in shown)
    golden = _FOLDER / f"{name}.txt"
    if not golden.exists():
        golden.write_text(said, encoding="utf-8")
        pytest.fail(f"{golden.name} was not there; read what was written into it")
    assert said == golden.read_text(encoding="utf-8")
