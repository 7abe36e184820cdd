"""One artifact of a store in many versions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from dropship.core.values import Duration
from dropship.core.version import Constraint
from dropship.errors import MissingError, RepoError
from dropship.repos import Found
from dropship.repos.file import FileLocation, FileOptions, FileRepo
from dropship.repos.source import Source


def publish(folder: Path, *names: str) -> None:
    """Files of one length and one time, as reproducible builds have them."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{len(name):9}")
        os.utime(path, ns=(10**18, 10**18))


def source(folder: Path, path: str, text: str = "", **more: str) -> Source:
    """Over the ``file`` repo."""
    constraint = Constraint(text=text, **more)  # type: ignore[arg-type]  # only an order
    location = FileLocation(path=path, settle=Duration(0))
    return Source(FileRepo(FileOptions(root=folder)), location, constraint)


def test_newest_version_that_matches_is_the_artifact(tmp_path: Path) -> None:
    """By number, and not by the alphabet."""
    publish(
        tmp_path, "api-2.9.tgz", "api-2.10.tgz", "api-3.0.tgz", "api-2.11.tgz.sha256", "api.tgz"
    )
    one = source(tmp_path, "api-{version}.tgz", "~> 2.1")
    found = one.find()
    assert (found.version, found.name) == ("2.10", "api-2.10.tgz")
    body = one.open(found)
    buffer = bytearray(20)
    assert buffer[: body.readinto(memoryview(buffer))] == b"       12"
    body.close()
    assert one.versions() == ["3.0", "2.10", "2.9"]


def test_two_versions_never_have_one_token(tmp_path: Path) -> None:
    """Though their store may give both the same: here one file under two names."""
    publish(tmp_path, "api-1.0.tgz")
    (tmp_path / "api-1.1.tgz").hardlink_to(tmp_path / "api-1.0.tgz")
    one = source(tmp_path, "api-{version}.tgz")
    assert one.find("1.0").own == one.find("1.1").own
    assert one.find("1.0").token != one.find("1.1").token


def test_pinned_version_is_taken_whatever_the_constraint_says(tmp_path: Path) -> None:
    """Or there is none."""
    publish(tmp_path, "api-1.0.tgz", "api-2.0.tgz")
    one = source(tmp_path, "api-{version}.tgz", "2.*")
    assert one.find("1.0").version == "1.0"
    with pytest.raises(MissingError, match=r"version 3\.0, at which.*api-3\.0\.tgz.*unpin"):
        one.find("3.0")


def test_version_whose_folder_lacks_the_artifact_is_passed_over(tmp_path: Path) -> None:
    """It is half published, or half deleted; if all of them are, the newest is complained of."""
    publish(tmp_path, "api/1.0/a.tgz", "api/1.1/other", "api/1.2/other")
    one = source(tmp_path, "/api/{version}/a.tgz")
    assert one.find().version == "1.0"
    (tmp_path / "api/1.0/a.tgz").unlink()
    with pytest.raises(MissingError, match=r"api/1\.2/a\.tgz"):
        one.find()


@pytest.mark.parametrize(
    ("names", "text", "message"),
    [
        ((), "", "no version of api-{version}.tgz is in the store"),
        (("api-2.0.tgz",), "~> 3.0", 'matches "~> 3.0"; the newest is 2.0'),
        (("api-2.0-rc1.tgz",), "", "is more than a pre-release; the newest is 2.0-rc1"),
    ],
)
def test_no_version_says_what_there_is(
    tmp_path: Path, names: tuple[str, ...], text: str, message: str
) -> None:
    """And what to look at."""
    publish(tmp_path, *names)
    with pytest.raises(MissingError, match="no version") as caught:
        source(tmp_path, "api-{version}.tgz", text).find()
    assert message in str(caught.value)
    assert caught.value.cure


def test_folder_that_cannot_be_read_is_not_one_without_versions(tmp_path: Path) -> None:
    """A file in its place is."""
    publish(tmp_path, "api")
    one = source(tmp_path, "api/{version}/a.tgz")
    assert one.versions() == []
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RepoError, match="circle"):
        source(tmp_path, "loop/{version}/a.tgz").find()


def test_versions_without_the_artifact_are_not_gone_through_for_ever(tmp_path: Path) -> None:
    """Once the time is over, the first is complained of and nobody is asked any more."""
    asked: list[str] = []

    class Slow(FileRepo):
        def find(self, location: FileLocation) -> Found:
            asked.append(location.path)
            return super().find(location)

    publish(tmp_path, "1.0/a.tgz", "1.1/other", "1.2/other", "1.3/other")
    repo, location = Slow(FileOptions(root=tmp_path)), FileLocation(path="{version}/a.tgz")
    # Two are asked for: nine looks at the clock are those of the listing.
    ticks = iter([0.0] * 7 + [31.0] * 9)
    with pytest.raises(MissingError, match=r"1\.3/a\.tgz"):
        Source(repo, location, clock=lambda: next(ticks)).find()
    assert asked == ["1.3/a.tgz", "1.2/a.tgz"]


@pytest.mark.parametrize("known", [False, True])
def test_sidecar_has_what_is_left_of_the_time(tmp_path: Path, *, known: bool) -> None:
    """Of a store that was slow to tell of the artifact, nothing more is wanted for now."""
    now, asked = [0.0], list[str]()

    class Slow(FileRepo):
        def find(self, location: FileLocation) -> Found:
            asked.append(location.path)
            return super().find(location)

    publish(tmp_path, "a.tgz")
    (tmp_path / "a.tgz.md5").write_text("0" * 32)
    repo = Slow(FileOptions(root=tmp_path))
    location = FileLocation(path="a.tgz", settle=Duration(0))
    one = Source(repo, location, sidecar=True, clock=lambda: now[0] * len(asked))
    if known:
        assert one.find().checksums
        asked.clear()
    now[0] = 31.0
    with pytest.raises(RepoError, match="no time left") as caught:
        one.find()
    assert not caught.value.permanent
    assert asked == ["a.tgz"]


def test_listing_without_end_is_given_up(tmp_path: Path) -> None:
    """By count, and by the clock: the worker must not look as if it hung."""

    class Endless(FileRepo):
        def names(self, location: FileLocation, folder: str, begins: str) -> Iterator[str]:
            del location, folder
            return (f"{begins}{number}.tgz" for number in count())

    repo, location = Endless(FileOptions(root=tmp_path)), FileLocation(path="a-{version}.tgz")
    with pytest.raises(RepoError, match="more than 100000 names below a-") as caught:
        Source(repo, location).find()
    assert caught.value.permanent
    ticks = count()
    with pytest.raises(RepoError, match="took longer than 20 s"):
        Source(repo, location, clock=lambda: float(next(ticks))).find()
