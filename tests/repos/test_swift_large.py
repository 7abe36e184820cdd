"""Large objects of Swift, verified by their segments."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dropship.errors import IntegrityError, RepoError
from dropship.install.stage import stage
from dropship.repos import Found
from dropship.repos.source import Source
from dropship.repos.swift import (
    SwiftOptions,
    SwiftRepo,
)
from tests.archives.tars import Member, tgz
from tests.contracts.shelves import Containers, read, swift_options
from tests.install.stagings import NOW, CountingWatch, request
from tests.repos.cloud_files import CONTAINER, DATA, PLACE
from tests.servers.between import Answer, between
from tests.servers.swift import Swift


def put_large(store: Containers, kind: Any, name: str, pieces: int = 3) -> bytes:
    """An archive in segments."""
    content = tgz(Member(b"app/x", DATA, mode=0o644))
    store.put(CONTAINER, name, content, kind, pieces)
    return content


def staging(folder: Path, keys: SwiftOptions, name: str) -> Found:
    """Stage it, as an update does; gives what was found."""
    repo = SwiftRepo(keys)
    place = replace(PLACE, path=name)
    with closing(repo):
        found = repo.find(place)
        asked = replace(request(folder, b""), found=found)
        stage(asked, Source(repo, place), CountingWatch(), lambda: NOW)
    return found


@pytest.mark.parametrize(("kind", "pieces"), [("slo", 1), ("slo", 7), ("dlo", 3)])
def test_large_object_is_verified_by_its_segments(
    swift: Swift, store: Containers, tmp_path: Path, kind: Any, pieces: int
) -> None:
    """It has no md5 of its own, but what it was put together from."""
    content = put_large(store, kind, "large.tar.gz", pieces)
    found = staging(tmp_path, swift_options(swift), "large.tar.gz")
    assert found.parts is not None
    assert (len(found.parts.sizes), sum(found.parts.sizes)) == (pieces, len(content))
    assert found.md5 is None


def test_hundreds_of_segments_are_no_trouble(
    swift: Swift, store: Containers, tmp_path: Path
) -> None:
    """The same one over and over, too."""
    store.put(CONTAINER, "piece", DATA[:1000])
    store.manifest(f"{CONTAINER}/many.bin", [{"path": f"{CONTAINER}/piece"}] * 300)
    found = staging(tmp_path, swift_options(swift), "many.bin")
    assert found.parts is not None
    assert found.parts.sizes == (1000,) * 300


@pytest.mark.parametrize("kind", ["plain", "slo", "dlo"])
def test_flipped_byte_is_caught(swift: Swift, store: Containers, tmp_path: Path, kind: Any) -> None:
    """Which the archive's own checks may let pass."""
    put_large(store, kind, "large.tar.gz")

    def change(answer: Answer) -> None:
        if answer.method == "GET" and answer.path.endswith("large.tar.gz"):
            # The time stamp of gzip, which nobody else looks at.
            answer.body = answer.body[:4] + bytes([answer.body[4] ^ 1]) + answer.body[5:]

    with between(swift.port, change) as front:
        keys = swift_options(swift, auth_url=f"{front.url}/auth/v1.0")
        with pytest.raises(IntegrityError, match="md5"):
            staging(tmp_path, keys, "large.tar.gz")


@pytest.mark.parametrize("kind", ["slo", "dlo"])
def test_segments_are_asked_for_once(swift: Swift, store: Containers, kind: Any) -> None:
    """Until there are others."""
    put_large(store, kind, "large.tar.gz")
    place = replace(PLACE, path="large.tar.gz")
    with (
        between(swift.port) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        first = repo.find(place)
        before = len(front.asked)
        assert all(repo.find(place) == first for _ in range(5))
        assert len(front.asked) == before + 5
        store.put(CONTAINER, "large.tar.gz", DATA * 2, kind)
        second = repo.find(place)
    assert first.parts is not None
    assert second.parts is not None
    assert first.parts != second.parts


def test_large_object_that_cannot_be_recomputed_is_known_by_its_length(
    swift: Swift, store: Containers
) -> None:
    """One made of large objects, or of parts of objects."""
    store.put(CONTAINER, "inner", DATA, "slo")
    store.put(CONTAINER, "whole", DATA)
    store.manifest(f"{CONTAINER}/nested", [{"path": f"{CONTAINER}/inner"}] * 2)
    store.manifest(f"{CONTAINER}/cut", [{"path": f"{CONTAINER}/whole", "range": "0-99999"}])
    with closing(SwiftRepo(swift_options(swift))) as repo:
        for name, wanted in (("nested", DATA * 2), ("cut", DATA[:100_000])):
            found = repo.find(replace(PLACE, path=name))
            assert (found.size, found.promised) == (len(wanted), False)
            assert read(repo, replace(PLACE, path=name)) == wanted


def test_data_that_stands_in_a_manifest_counts(swift: Swift, store: Containers) -> None:
    """Swift lets small pieces be put there."""
    store.put(CONTAINER, "whole", DATA)
    store.manifest(f"{CONTAINER}/mixed", [{"data": "aGVsbG8="}, {"path": f"{CONTAINER}/whole"}])
    with closing(SwiftRepo(swift_options(swift))) as repo:
        found = repo.find(replace(PLACE, path="mixed"))
    assert found.parts is not None
    assert found.parts.sizes == (5, len(DATA))


@pytest.mark.parametrize("status", [403, 404])
def test_large_object_whose_segments_may_not_be_listed_is_taken(
    swift: Swift, store: Containers, status: int
) -> None:
    """Who may read it need not be allowed to see what it is made of."""
    put_large(store, "dlo", "large.tar.gz")

    def change(answer: Answer) -> None:
        if "prefix=" in answer.path:
            answer.now(status)

    place = replace(PLACE, path="large.tar.gz")
    with (
        between(swift.port, change) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        assert not repo.find(place).promised


def test_segments_that_cannot_be_had_just_now_put_the_check_off(
    swift: Swift, store: Containers
) -> None:
    """Rather than have bytes go by that could have been verified."""
    put_large(store, "slo", "large.tar.gz")
    refusing = [True]

    def change(answer: Answer) -> None:
        if "multipart-manifest" in answer.path and refusing:
            answer.now(503)

    place = replace(PLACE, path="large.tar.gz")
    with (
        between(swift.port, change) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        with pytest.raises(RepoError, match="503"):
            repo.find(place)
        refusing.clear()
        assert repo.find(place).promised


def test_segments_that_take_too_long_to_list_put_the_check_off(
    swift: Swift, store: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that waited for all of them would look as if it hung."""
    put_large(store, "dlo", "large.tar.gz")
    ticks = count(step=6)
    monkeypatch.setattr("dropship.repos.swift_client._PAGE", 1)
    with closing(SwiftRepo(swift_options(swift))) as repo:
        clock = SimpleNamespace(monotonic=lambda: next(ticks))
        monkeypatch.setattr("dropship.repos.swift_client.time", clock)
        with pytest.raises(RepoError, match="listing took longer than 20 s") as caught:
            repo.find(replace(PLACE, path="large.tar.gz"))
    assert not caught.value.permanent
