"""Artifacts of the demo are what a build server would publish."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from dropship.demo import store
from dropship.demo.store import Version
from tests.folders import names


def test_published_version_is_whole_and_its_digest_is_given(tmp_path: Path) -> None:
    """One file in the store, and nothing beside it."""
    md5 = store.publish(tmp_path, Version(1))
    assert names(tmp_path) == [store.NAME]
    assert hashlib.md5((tmp_path / store.NAME).read_bytes()).hexdigest() == md5
    with tarfile.open(tmp_path / store.NAME) as archive:
        assert sorted(archive.getnames()) == [store.PAGE, store.PROGRAM]
        page = archive.extractfile(store.PAGE)
        assert page is not None
        assert page.read() == b"Hello, this is version 1.\n"


def test_broken_version_has_no_page_and_other_bytes(tmp_path: Path) -> None:
    """It is told by its bytes, as every other."""
    good = store.publish(tmp_path, Version(3))
    assert store.publish(tmp_path, Version(3, broken=True)) != good
    with tarfile.open(tmp_path / store.NAME) as archive:
        assert archive.getnames() == [store.PROGRAM]
