"""What an operator reads about a faulty file: whole texts, one file a case.

Beside each file of ``faulty/`` stands the text that it gives.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.hcl.ast import Source
from dropship.hcl.diagnostics import draw
from dropship.hcl.parser import parse

FILES = sorted(
    path for path in (Path(__file__).parent / "faulty").iterdir() if path.suffix != ".txt"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_faulty_file_gives_the_text_beside_it(path: Path) -> None:
    """Messages, places, carets and hints are as reviewed."""
    text = path.read_bytes().decode("utf-8")
    parsed = parse(Source(path.name, text))
    drawn = "".join(draw(one) + "\n" for one in parsed.diagnostics)
    assert drawn == path.with_suffix(".txt").read_text(encoding="utf-8")
