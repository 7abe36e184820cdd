"""Checksums beside an artifact, in every store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.core.checksum import Checksum
from dropship.errors import RepoError
from dropship.repos.source import Source
from tests.contracts.shelves import Shelf, drain
from tests.contracts.test_repo import SHELVES

DATA = b"some bytes"
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
OTHER = "ab" * 32


@pytest.fixture(params=SHELVES)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    """Every store in turn, with an artifact in it."""
    name = f"sidecar-{request.param}-{abs(hash(request.node.nodeid)) % 10**9}"
    made = SHELVES[request.param](request, tmp_path, name)
    made.put("api 1.tar.gz", DATA)
    yield made
    made.close()


@pytest.fixture
def source(shelf: Shelf) -> Source:
    """The artifact, for which something must vouch."""
    made = Source(shelf.repo, shelf.location("api 1.tar.gz"), sidecar=True)
    made.prepare()
    return made


def said(source: Source) -> dict[str, str]:
    """What is promised by others than the store."""
    return {one.algorithm: one.value for one in source.find().checksums if one.by}


def test_what_stands_beside_the_artifact_vouches_for_it(shelf: Shelf, source: Source) -> None:
    """Its own file first, of any name and notation; then one of the folder."""
    shelf.put("MD5SUMS", f"{OTHER[:32]}  web.tar.gz\n{MD5}  ./api 1.tar.gz\n".encode())
    assert said(source) == {"md5": MD5}
    shelf.put("api 1.tar.gz.sha256", f"{SHA256} *dist/api.tar.gz\r\n".encode())
    assert said(source) == {"md5": MD5}, "what is known is kept"
    other = Source(shelf.repo, shelf.location("api 1.tar.gz"), sidecar=True)
    (promise,) = [one for one in other.find().checksums if one.by]
    assert promise == Checksum("sha256", SHA256, promise.by)
    assert promise.by.endswith(".tar.gz.sha256")


def test_artifact_opens_and_its_token_has_that_of_its_checksums(
    shelf: Shelf, source: Source
) -> None:
    """Either change is worth a closer look."""
    shelf.put("api 1.tar.gz.sha256", SHA256.encode())
    found = source.find()
    assert source.find() == found
    plain = shelf.repo.find(shelf.location("api 1.tar.gz"))
    assert (found.own, found.md5) == (plain.token, plain.md5)
    for offset in (0, 5):
        body = source.open(found, offset)
        assert drain(body) == DATA[offset:]
        body.close()
    shelf.put("api 1.tar.gz.sha256", OTHER.encode())
    later = source.find()
    assert later.token != found.token
    assert later.own == found.own
    assert said(source) == {"sha256": OTHER}


def test_artifact_without_anything_beside_it_says_what_was_looked_for(source: Source) -> None:
    """And how to make it."""
    with pytest.raises(
        RepoError, match=r"neither api 1\.tar\.gz\.sha256, .* nor checksums\.txt"
    ) as (caught):
        source.find()
    assert caught.value.permanent
    assert "sha256sum api 1.tar.gz > api 1.tar.gz.sha256" in caught.value.cure
