"""Versions in every store: what a folder holds, and which of it is the artifact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.core.version import Constraint
from dropship.errors import MissingError
from dropship.repos.source import Source
from tests.contracts.shelves import Shelf, Web, drain
from tests.contracts.test_repo import SHELVES, Make

ODD = "api-3.0 beta+1&é.tgz"


def nginx(request: pytest.FixtureRequest, name: str, below: str) -> Web:
    """The part of nginx that makes index pages."""
    return Web(request.getfixturevalue("nginx"), name, below)


# Of web servers those that list.
LISTING: dict[str, Make] = {
    **{name: make for name, make in SHELVES.items() if not name.startswith("http")},
    "http": lambda request, _, name: nginx(request, name, "/list"),
    "http-json": lambda request, _, name: nginx(request, name, "/list-json"),
    "http-redirected": lambda request, _, name: nginx(request, name, "/to-list"),
}


@pytest.fixture(params=LISTING)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    """Every store in turn, with a place of its own."""
    name = f"versions-{request.param}-{abs(hash(request.node.nodeid)) % 10**9}"
    made = LISTING[request.param](request, tmp_path, name)
    yield made
    made.close()


def source(shelf: Shelf, path: str, text: str = "") -> Source:
    """Over a shelf, prepared as agents have it."""
    made = Source(shelf.repo, shelf.location(path), Constraint(text=text))
    made.prepare()
    return made


def names(shelf: Shelf, folder: str, begins: str = "") -> set[str]:
    """What a folder holds of that beginning: others may come, too."""
    found = shelf.repo.names(shelf.location("any"), folder, begins)
    return {one for one in found if one.startswith(begins)}


def test_folder_tells_the_names_of_one_level(shelf: Shelf) -> None:
    """Folders with a slash, whatever characters names have."""
    for name in ("apps/api-1.0.tgz", f"apps/{ODD}", "apps/old/api-0.9.tgz", "apps/web.tgz", "x"):
        shelf.put(name, b"some")
    assert names(shelf, "apps/", "api-") == {"api-1.0.tgz", ODD}
    assert names(shelf, "apps/") == {"api-1.0.tgz", ODD, "old/", "web.tgz"}
    assert names(shelf, "apps/old/") == {"api-0.9.tgz"}


def test_newest_version_that_is_wanted_is_found_and_read(shelf: Shelf) -> None:
    """And the next one, once it is there; none of them has the token of another."""
    for version in ("1.9", "1.10", "2.0"):
        shelf.put(f"apps/api-{version}.tgz", f"version {version}".encode())
    one = source(shelf, "apps/api-{version}.tgz", "1.*")
    found = one.find()
    assert (found.version, found.name) == ("1.10", "api-1.10.tgz")
    body = one.open(found)
    assert drain(body) == b"version 1.10"
    body.close()
    assert one.find().token == found.token
    assert one.find("1.9").token != found.token
    shelf.put("apps/api-1.11.tgz", b"version 1.11")
    assert one.find().version == "1.11"
    assert one.versions() == ["2.0", "1.11", "1.10", "1.9"]


def test_version_in_a_folder_without_the_artifact_is_passed_over(shelf: Shelf) -> None:
    """And one that is pinned and not there is missing."""
    shelf.put("apps/1.0/api.tgz", b"one")
    shelf.put("apps/1.1/notes", b"to come")
    one = source(shelf, "apps/{version}/api.tgz")
    assert one.find().version == "1.0"
    with pytest.raises(MissingError):
        one.find("1.1")


def test_folder_that_is_not_there_has_no_versions(shelf: Shelf) -> None:
    """Said as that, not as a fault of the store."""
    shelf.put("apps/other", b"x")
    with pytest.raises(MissingError, match="no version of"):
        source(shelf, "apps/api-{version}.tgz").find()
