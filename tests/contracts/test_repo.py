"""What every store promises, asked of each against its real server."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dropship.core.values import Size
from dropship.errors import MovedError, RepoError
from tests.contracts import strangers
from tests.contracts.shelves import Bucket, Container, Folder, Shelf, Web, drain, read

DATA = random.Random(7).randbytes(1_300_000)

Make = Callable[[pytest.FixtureRequest, Path, str], Shelf]
SHELVES: dict[str, Make] = {
    "file": lambda _, folder, __: Folder(folder),
    "http": lambda request, _, name: Web(request.getfixturevalue("nginx"), name),
    "https": lambda request, _, name: Web(request.getfixturevalue("nginx"), name, tls=True),
    "https-certificate": lambda request, _, name: Web(request.getfixturevalue("nginx"), name, shows="certificate"),
    "http-password": lambda request, _, name: Web(request.getfixturevalue("nginx"), name, "/private", shows="password"),
    "http-no-etag": lambda request, _, name: Web(request.getfixturevalue("nginx"), name, "/no-etag"),
    "http-no-head": lambda request, _, name: Web(request.getfixturevalue("nginx"), name, "/no-head"),
    "http-no-range": lambda request, _, name: Web(request.getfixturevalue("nginx"), name, "/no-range"),
    "http-redirected": lambda request, _, name: Web(request.getfixturevalue("nginx"), name, "/to-file"),
    "s3": lambda request, _, name: Bucket(request.getfixturevalue("swift"), name),
    "s3-prepared": lambda request, _, name: Bucket(request.getfixturevalue("swift"), name, prepared=True),
    "swift": lambda request, _, name: Container(request.getfixturevalue("swift"), name),
    "swift-v2": lambda request, _, name: Container(request.getfixturevalue("swift"), name, 2),
    "swift-v3": lambda request, _, name: Container(request.getfixturevalue("swift"), name, 3, prepared=True),
    "swift-slo": lambda request, _, name: Container(request.getfixturevalue("swift"), name, kind="slo"),
    "swift-dlo": lambda request, _, name: Container(request.getfixturevalue("swift"), name, kind="dlo"),
}  # fmt: skip
SHELVES |= strangers.shelves()

# Their bytes come in the way of another one's.
AS_ANOTHER = {"swift-v2", "swift-v3", "swift-slo", "swift-dlo"}


@pytest.fixture(params=SHELVES)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    """Every store in turn, with a place of its own."""
    name = f"{request.param}-{abs(hash(request.node.nodeid)) % 10**9}"
    made = SHELVES[request.param](request, tmp_path, name)
    yield made
    made.close()


def test_artifact_is_found_with_its_name_size_and_source(shelf: Shelf) -> None:
    """And the promised md5 is the bytes' own."""
    shelf.put("api 1.tar.gz", DATA)
    found = shelf.repo.find(shelf.location("api 1.tar.gz"))
    assert found.name == "api 1.tar.gz"
    assert found.size == len(DATA)
    assert "api" in found.source
    assert found.token
    wanted = hashlib.md5(DATA, usedforsecurity=False).hexdigest() if shelf.promises_md5 else None
    assert found.md5 == wanted


def test_token_stays_until_the_artifact_changes(shelf: Shelf) -> None:
    """The same length is no excuse."""
    location = shelf.location("api.tar.gz")
    shelf.put("api.tar.gz", b"one")
    first = shelf.repo.find(location)
    assert shelf.repo.find(location).token == first.token
    shelf.put("api.tar.gz", b"two")
    assert shelf.repo.find(location).token != first.token


@pytest.mark.parametrize("size", [0, 1, 65_536, len(DATA)])
def test_bytes_come_as_they_were_put(shelf: Shelf, size: int) -> None:
    """From nothing to more than any buffer."""
    shelf.put("api.bin", DATA[:size])
    assert read(shelf.repo, shelf.location("api.bin")) == DATA[:size]


@pytest.mark.parametrize("offset", [1, 700_001, len(DATA) - 1])
def test_bytes_come_from_an_offset_on(shelf: Shelf, offset: int) -> None:
    """So that a cut download can be resumed."""
    shelf.put("api.bin", DATA)
    assert read(shelf.repo, shelf.location("api.bin"), offset) == DATA[offset:]


@pytest.mark.parametrize("offset", [0, 2])
def test_artifact_that_moved_on_is_not_opened(shelf: Shelf, offset: int) -> None:
    """What is opened is what was found, or nothing."""
    location = shelf.location("api.bin")
    shelf.put("api.bin", b"first")
    found = shelf.repo.find(location)
    shelf.put("api.bin", b"other")
    with pytest.raises(MovedError, match="changed"):
        shelf.repo.open(location, found, offset)


@pytest.mark.parametrize("shelf", sorted(SHELVES.keys() - AS_ANOTHER), indirect=True)
def test_rate_is_kept(shelf: Shelf) -> None:
    """``maxRate``, within a tenth, from the start or from an offset on."""
    shelf.put("api.bin", DATA)
    shelf.repo._rate = Size(1_000_000)  # type: ignore[attr-defined] # every store has it
    location = shelf.location("api.bin")
    for offset in (0, 700_000):
        body = shelf.repo.open(location, shelf.repo.find(location), offset)
        began = time.monotonic()
        assert len(drain(body)) == len(DATA) - offset
        took = time.monotonic() - began
        body.close()
        assert 0.9 < took * 1_000_000 / (len(DATA) - offset) < 1.1


def test_missing_artifact_is_permanent_and_says_what_to_do(shelf: Shelf) -> None:
    """Waiting does not make it appear."""
    shelf.put("there", b"x")
    with pytest.raises(RepoError, match="nowhere") as caught:
        shelf.repo.find(shelf.location("nowhere.tar.gz"))
    assert caught.value.permanent
    assert "path" in caught.value.cure


def test_body_can_be_closed_half_way_and_twice(shelf: Shelf) -> None:
    """And the repo works on."""
    shelf.put("api.bin", DATA)
    location = shelf.location("api.bin")
    body = shelf.repo.open(location, shelf.repo.find(location))
    assert body.readinto(memoryview(bytearray(100)))
    body.close()
    body.close()
    assert read(shelf.repo, location) == DATA


def test_nothing_is_read_past_the_end(shelf: Shelf) -> None:
    """The end stays the end."""
    shelf.put("api.bin", b"abc")
    location = shelf.location("api.bin")
    body = shelf.repo.open(location, shelf.repo.find(location))
    assert drain(body) == b"abc"
    assert body.readinto(memoryview(bytearray(10))) == 0
    body.close()
