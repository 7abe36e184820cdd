"""The Go program, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.program import built


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes turns by HashiCorp's client."""
    return built(tmp_path_factory.mktemp("interop"))
