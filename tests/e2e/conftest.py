"""A host for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.host import Host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host; nothing is left running on it."""
    made = Host(tmp_path)
    yield made
    made.close()
