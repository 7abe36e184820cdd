"""Downloads that are spoiled at random: the tree that was announced or none, and no secret elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.downloads import rounds
from tests.servers.nginx import Nginx
from tests.servers.swift import Swift

pytestmark = pytest.mark.endurance


def test_spoiled_downloads_end_whole_or_not_at_all(
    nginx: Nginx, swift: Swift, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Resumed where they were cut, in bounded time, and good again with the next run."""
    count = int(pytestconfig.getoption("downloads"))
    outcome = rounds(nginx, swift, tmp_path, count, seed=7)
    print(outcome)
    assert outcome.faults == []
    assert outcome.downloads == count
