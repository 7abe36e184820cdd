"""Processes that contend for turns, each a host of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import ENGINES, Block
from tests.lockers.contention import contention

pytestmark = pytest.mark.endurance


@pytest.fixture(scope="module", params=ENGINES)
def block(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Block]:
    """Each engine in turn."""
    with ENGINES[request.param](tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.mark.parametrize("limit", [1, 3])
def test_twenty_processes_never_hold_more_turns_than_there_are(
    tmp_path: Path, block: Block, limit: int
) -> None:
    """And each gets all that it wants."""
    seen = contention(tmp_path, block, limit=limit, processes=20, turns=20)
    assert seen.faults == ()
    assert seen.turns == 400
    assert seen.most <= limit
