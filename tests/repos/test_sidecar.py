"""Checksums beside an artifact: what is asked and read, how often, and where it ends."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dropship.core.values import Duration
from dropship.errors import RepoError
from dropship.repos import Body, Found
from dropship.repos.address import behind, beside
from dropship.repos.address import path as path_of
from dropship.repos.file import FileLocation, FileOptions, FileRepo
from dropship.repos.http import HttpLocation
from dropship.repos.s3 import S3Location
from dropship.repos.sidecar import Sidecar
from tests.contracts.shelves import Folder

DATA = b"some bytes"
SHA256 = hashlib.sha256(DATA).hexdigest()
OTHER = "ab" * 32


class Counted(FileRepo):
    """A folder that notes what it is asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(FileOptions(root=root))
        self.found: list[str] = []
        self.opened: list[str] = []
        self.troubled = ""

    def find(self, location: FileLocation) -> Found:
        """As ``FileRepo``."""
        self.found.append(location.path)
        if location.path == self.troubled:
            raise RepoError("the share is away")
        return super().find(location)

    def open(self, location: FileLocation, found: Found, offset: int = 0) -> Body:
        """As ``FileRepo``."""
        self.opened.append(location.path)
        return super().open(location, found, offset)


@dataclass
class Beside:
    """An artifact in a folder, and what looks beside it."""

    shelf: Folder
    repo: Counted
    sidecar: Sidecar
    until: float = math.inf

    def ask(self) -> Found:
        """What a check finds; what was noted before is forgotten."""
        self.repo.found.clear()
        self.repo.opened.clear()
        location = self.shelf.location("api.tar.gz")
        return self.sidecar.vouched(location, FileRepo.find(self.repo, location), self.until)

    def values(self) -> list[str]:
        """The digests that it finds."""
        return [one.value for one in self.ask().checksums]

    def refused(self) -> RepoError:
        """Why it finds none."""
        with pytest.raises(RepoError) as caught:
            self.ask()
        return caught.value


@pytest.fixture
def there(tmp_path: Path) -> Beside:
    """An artifact without any checksums."""
    shelf, repo = Folder(tmp_path), Counted(tmp_path)
    shelf.put("api.tar.gz", DATA)
    return Beside(shelf, repo, Sidecar(repo))


def test_later_checks_ask_one_question_and_read_only_what_has_changed(there: Beside) -> None:
    """However many names were tried at first."""
    there.shelf.put("SHA256SUMS", f"{SHA256}  api.tar.gz\n".encode())
    assert there.values() == [SHA256]
    assert there.repo.found[-1] == "SHA256SUMS"
    assert there.repo.opened == ["SHA256SUMS"]
    assert there.values() == [SHA256]
    assert (there.repo.found, there.repo.opened) == (["SHA256SUMS"], [])
    there.shelf.put("SHA256SUMS", f"{OTHER}  api.tar.gz\n".encode())
    assert there.values() == [OTHER]
    assert (there.repo.found, there.repo.opened) == (["SHA256SUMS"], ["SHA256SUMS"])


def test_checksums_that_went_away_are_looked_for_elsewhere(there: Beside) -> None:
    """The publisher has changed the name."""
    there.shelf.put("api.tar.gz.md5", hashlib.md5(DATA).hexdigest().encode())
    there.ask()
    (there.shelf.root / "api.tar.gz.md5").unlink()
    there.shelf.put("checksums.txt", f"{SHA256}  api.tar.gz\n".encode())
    assert there.values() == [SHA256]
    (there.shelf.root / "checksums.txt").unlink()
    assert "neither api.tar.gz.sha256" in str(there.refused())
    there.shelf.put("api.tar.gz.sha256", SHA256.encode())
    assert there.values() == [SHA256]


def test_store_in_passing_trouble_is_no_store_without_checksums(there: Beside) -> None:
    """Weaker ones must not count because the better ones could not be had for a moment."""
    there.shelf.put("api.tar.gz.sha256", SHA256.encode())
    there.shelf.put("api.tar.gz.md5", hashlib.md5(DATA).hexdigest().encode())
    there.repo.troubled = "api.tar.gz.sha256"
    assert str(there.refused()) == "the share is away"
    there.repo.troubled = ""
    assert there.values() == [SHA256]
    there.repo.troubled = "api.tar.gz.sha256"
    assert str(there.refused()) == "the share is away"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("api.tar.gz.sha256", b"<html>", "api.tar.gz.sha256: line 1 is no checksum: '<html>'"),
        ("api.tar.gz.sha256", b"ab" * 16, "line 1 has an md5, where sha256 is expected"),
        ("MD5SUMS", b"", "MD5SUMS: there is no checksum in it, and not api.tar.gz"),
        ("api.tar.gz.md5", b"#" * ((1 << 20) + 1), "api.tar.gz.md5 is larger than 1 MiB"),
        ("checksums.txt", b"#" * ((8 << 20) + 1), "checksums.txt is larger than 8 MiB"),
    ],
)
def test_file_that_does_not_say_is_an_error_with_its_name(
    there: Beside, name: str, content: bytes, message: str
) -> None:
    """And nothing else takes its place; once it is mended all is well."""
    there.shelf.put(name, content)
    error = there.refused()
    assert message in str(error)
    assert error.permanent
    assert error.cure
    good = SHA256 if "sha256" in name or "checks" in name else hashlib.md5(DATA).hexdigest()
    there.shelf.put(name, f"{good}  api.tar.gz".encode())
    assert there.values() == [good]


class _Nameless(Counted):
    """A store that does not tell lengths."""

    def find(self, location: FileLocation) -> Found:
        """As ``FileRepo``."""
        return super().find(location)._replace(size=None)


def test_file_whose_length_nobody_tells_is_bounded_all_the_same(tmp_path: Path) -> None:
    """It is not read to its end."""
    repo = _Nameless(tmp_path)
    there = Beside(Folder(tmp_path), repo, Sidecar(repo))
    there.shelf.put("api.tar.gz", DATA)
    there.shelf.put("api.tar.gz.sha256", b"#" * ((1 << 20) + 1))
    assert "is larger than 1 MiB" in str(there.refused())
    there.shelf.put("api.tar.gz.sha256", SHA256.encode())
    assert there.values() == [SHA256]


def test_store_that_dawdles_is_given_up_for_now(there: Beside) -> None:
    """A worker that looks for checksums for ever would look like one that hangs."""
    for name in ("checksums.txt", "api.tar.gz.sha256"):
        there.shelf.put(name, f"{SHA256}  api.tar.gz".encode())
        hours: Callable[[], float] = itertools.count(0, 3600).__next__
        error = Beside(there.shelf, there.repo, Sidecar(there.repo, hours), 20.0).refused()
        assert "no time left for its checksums" in str(error)
        assert len(there.repo.found) < 3
        assert not error.permanent


def test_artifact_without_a_name_is_told(there: Beside) -> None:
    """Nothing can be put behind it."""
    found = FileRepo.find(there.repo, there.shelf.location("api.tar.gz"))
    with pytest.raises(RepoError, match="has no name that a file of checksums could go by"):
        there.sidecar.vouched(HttpLocation(url="https://releases.example.com"), found, math.inf)


S3 = S3Location(bucket="b", path="web/a?b.tgz")


@pytest.mark.parametrize(
    ("location", "own", "sums", "path"),
    [
        (
            HttpLocation(url="https://example.com/v%201/a.tgz?sig=x/y#top"),
            HttpLocation(url="https://example.com/v%201/a.tgz.md5?sig=x/y#top"),
            HttpLocation(url="https://example.com/v%201/MD5SUMS?sig=x/y#top"),
            "/v 1/a.tgz",
        ),
        (HttpLocation(url="a.tgz"), HttpLocation(url="a.tgz.md5"), HttpLocation(url="MD5SUMS"), "a.tgz"),
        (
            HttpLocation(path="v 1/a#b.tgz"),
            HttpLocation(path="v 1/a#b.tgz.md5"),
            HttpLocation(path="v 1/MD5SUMS"),
            "v 1/a#b.tgz",
        ),
        (
            S3,
            S3Location(bucket="b", path="web/a?b.tgz.md5"),
            S3Location(bucket="b", path="web/MD5SUMS"),
            "web/a?b.tgz",
        ),
        (
            FileLocation(path="/a.tgz", settle=Duration(0)),
            FileLocation(path="/a.tgz.md5", settle=Duration(0)),
            FileLocation(path="/MD5SUMS", settle=Duration(0)),
            "/a.tgz",
        ),
    ],
)  # fmt: skip
def test_neighbours_of_an_address(location: Any, own: Any, sums: Any, path: str) -> None:
    """In front of a URL's query; a key or a path has none."""
    assert behind(location, ".md5") == own
    assert beside(location, "MD5SUMS") == sums
    assert path_of(location) == path
