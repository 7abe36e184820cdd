"""Which names stand in a folder of a bucket: those of one level, page by page, however odd."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core.values import Secret
from dropship.errors import RepoError
from dropship.repos.s3 import S3Location, S3Options, S3Repo
from tests.contracts.shelves import options
from tests.servers.relay import relay
from tests.servers.swift import Swift

BUCKET = "names"
PLACE = S3Location(bucket=BUCKET, path="app/{version}/app.tar.gz")
ODD = ("app/ü 1+2%20&?#.gz", "app/a\tb", "app/<é>\"'", "app/日本")


@pytest.fixture(scope="module")
def full(swift: Swift) -> Swift:
    """A bucket with names in it."""
    client = swift.client()
    client.create_bucket(Bucket=BUCKET)
    for key in (
        "app/",
        "app/1.0/app.tar.gz",
        "app/1.0/more",
        "app/1.1/app.tar.gz",
        "app/2",
        "apple",
        *ODD,
    ):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    for number in range(25):
        client.put_object(Bucket=BUCKET, Key=f"many/{number:04}", Body=b"")
    client.close()
    return swift


@pytest.fixture
def repo(full: Swift) -> Iterator[S3Repo]:
    """Lists them."""
    made = S3Repo(options(full))
    yield made
    made.close()


@pytest.mark.parametrize("folder", ["app/", "/app/"])
def test_names_are_of_one_level_and_as_they_stand(repo: S3Repo, folder: str) -> None:
    """Folders with a slash; the folder itself is none of them, nor is what begins like it."""
    odd = {one.removeprefix("app/") for one in ODD}
    assert set(repo.names(PLACE, folder, "")) == {"1.0/", "1.1/", "2", *odd}
    assert set(repo.names(PLACE, folder, "1")) == {"1.0/", "1.1/"}


@pytest.mark.parametrize("folder", ["", "/"])
def test_names_of_the_bucket_itself(repo: S3Repo, folder: str) -> None:
    """The top is a folder, too."""
    assert set(repo.names(PLACE, folder, "a")) == {"app/", "apple"}


def test_folder_that_is_not_there_is_empty(repo: S3Repo) -> None:
    """Nothing was published yet."""
    assert list(repo.names(PLACE, "nowhere/", "")) == []


def test_names_come_page_by_page(full: Swift) -> None:
    """And the next page only if it is wanted."""
    with relay(full.port) as between:
        repo = S3Repo(options(full, endpoint=f"http://127.0.0.1:{between.port}"))
        first = list(itertools.islice(repo.names(PLACE, "many/", ""), 3))
        assert first == ["0000", "0001", "0002"]
        assert len(between.requests) == 1
        assert len(list(repo.names(PLACE, "many/", ""))) == 25
        assert len(between.requests) == 4
        repo.close()


def test_listing_says_who_pays_and_what_is_wrong(full: Swift) -> None:
    """As asking for an object does."""
    with relay(full.port) as between:
        repo = S3Repo(options(full, endpoint=f"http://127.0.0.1:{between.port}"))
        list(repo.names(S3Location(bucket=BUCKET, path="a", requester_pays=True), "app/", ""))
        assert between.headers("x-amz-request-payer") == ["requester"]
        with pytest.raises(
            RepoError, match="the list of s3://nowhere/app/: there is no such bucket"
        ):
            list(repo.names(S3Location(bucket="nowhere", path="a"), "app/", ""))
        repo.close()


def test_store_that_tells_the_same_page_for_ever_is_given_up(httpserver: HTTPServer) -> None:
    """It would never end."""
    page = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken></ListBucketResult>"

    def answer(_: Request) -> Response:
        return Response(page, content_type="application/xml")

    httpserver.expect_request(f"/{BUCKET}").respond_with_handler(answer)
    url: Any = httpserver.url_for("").rstrip("/")
    repo = S3Repo(S3Options(access_key="a", secret=Secret("b"), endpoint=url))
    with pytest.raises(RepoError, match="the same page again"):
        list(repo.names(PLACE, "app/", ""))
    repo.close()


def test_another_object_of_the_same_store_has_no_version() -> None:
    """A version is of one object."""
    place = S3Location(bucket="b", path="p", version_id="1", requester_pays=True)
    assert place.at("q") == S3Location(bucket="b", path="q", requester_pays=True)
