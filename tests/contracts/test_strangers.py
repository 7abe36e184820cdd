"""How stores of others get into the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.shelves import read
from tests.contracts.strangers import shelves


def test_shelf_that_the_environment_names_is_one_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made in a folder of its own."""
    monkeypatch.delenv("DROPSHIP_SHELF", raising=False)
    assert list(shelves()) == ["third-party"]
    name = "tests.contracts.strangers:Zipped"
    monkeypatch.setenv("DROPSHIP_SHELF", name)
    shelf = shelves()[name](None, tmp_path, "")
    shelf.put("a", b"b")
    assert read(shelf.repo, shelf.location("a")) == b"b"
    shelf.close()
