"""A host for each test, which is slow: the whole program runs, some of it many times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.host import Host


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those in this folder; pytest hands over all there are."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host; nothing is left running on it."""
    made = Host(tmp_path)
    yield made
    made.close()
