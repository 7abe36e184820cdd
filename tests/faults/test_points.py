"""Killed or failed at any call that changes the disk: whole trees, and the next run converges."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.scenes import SCENES, rounds, supported

pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(not supported(), reason="the tracer knows x86-64's calls only"),
]


@pytest.fixture
def points(pytestconfig: pytest.Config) -> int:
    """How many a scene; 0 for all."""
    return int(pytestconfig.getoption("points"))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kills", [True, False], ids=["killed", "failed"])
@pytest.mark.parametrize("name", SCENES)
def test_update_struck_at_a_point_leaves_a_whole_tree_and_converges(
    tmp_path: Path, name: str, points: int, *, kills: bool
) -> None:
    """An evenly spread part of all points; every one of them was really passed."""
    outcome = rounds(tmp_path, name, points, kills=kills)
    print(f"{name}: {outcome.listed} listed, {outcome.tried} tried")
    assert outcome.faults == []
    assert outcome.listed > 0
    assert outcome.tried == (min(points, outcome.listed) if points else outcome.listed)
