"""Whatever a worker dies of, in whatever phase: nobody else is hurt, and it comes back."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.faults import matrix

pytestmark = pytest.mark.endurance


def test_worker_that_dies_anyhow_anywhere_hurts_nobody(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Cells of the matrix by chance; ``--rounds 0``: every one."""
    count = pytestconfig.getoption("rounds") or len(matrix.cells())
    seed = pytestconfig.getoption("rounds_seed") or secrets.randbelow(1 << 16)
    print(f"--rounds {count} --rounds-seed {seed}")
    outcome = matrix.rounds(tmp_path, count, seed)
    assert outcome.faults == []
    assert outcome.cells == count
