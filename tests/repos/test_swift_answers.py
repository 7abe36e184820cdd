"""Odd answers of a Swift and its auth service."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropship.core.values import Duration, Secret
from dropship.errors import MovedError, RepoError
from dropship.repos.swift import (
    SwiftOptions,
    SwiftRepo,
)
from tests.contracts.shelves import Containers, cloud_options, read, swift_options
from tests.repos.answering import answering
from tests.repos.cloud_files import PLACE, TAG, fault
from tests.servers.between import Answer, between, nothing
from tests.servers.certificate import certificate
from tests.servers.identity import Identity
from tests.servers.process import free_port
from tests.servers.swift import Swift

THEN = {"Retry-After": "Fri, 01 Jan 1999 00:01:30 GMT", "Date": "Fri, 01 Jan 1999 00:00:00 GMT"}


@pytest.mark.parametrize("status", [413, 429, 498, 503])
@pytest.mark.parametrize("path", ["/auth/", "/v1/"])
@pytest.mark.parametrize(
    ("said", "wait"), [({"Retry-After": "17"}, 17), (THEN, 90), ({"Retry-After": "soon"}, 0)]
)
def test_store_that_asks_to_be_left_alone_is_heard(
    swift: Swift, store: Containers, *, status: int, path: str, said: dict[str, str], wait: float
) -> None:
    """Also the auth service, in seconds or by a date of its own clock."""

    def change(answer: Answer) -> None:
        if answer.path.startswith(path):
            answer.now(status)
            answer.headers |= said

    with between(swift.port, change) as front:
        error = fault(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))
    assert (error.wait, error.permanent) == (wait, False)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (404, True), (408, False), (500, False), (502, False)]
)
def test_other_refusals_of_the_auth_service_say_what_they_are(
    swift: Swift, status: int, *, permanent: bool
) -> None:
    """Those that waiting mends, and the others with a cure."""
    with between(swift.port, lambda answer: answer.now(status)) as front:
        error = fault(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))
    assert error.permanent == permanent
    assert bool(error.cure) == permanent
    assert f"{front.url}/auth/v1.0: " in str(error)


@pytest.mark.parametrize("path", ["/auth/", "/v1/"])
def test_redirect_is_told_and_neither_key_nor_token_goes_along(
    swift: Swift, store: Containers, path: str
) -> None:
    """Wherever it leads."""

    def change(answer: Answer) -> None:
        if answer.path.startswith(path):
            answer.now(302, Location=f"{other.url}/there?sig=hush")

    with between(swift.port) as other, between(swift.port, change) as front:
        error = fault(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))
        assert other.asked == []
    assert f"redirects to {other.url}/there?…" in str(error)
    assert error.permanent
    assert "Url of the repo" in error.cure


def test_storage_without_tls_is_refused_where_the_auth_has_it(
    swift: Swift, store: Containers, tmp_path: Path
) -> None:
    """The token would go in the clear. A certificate of nobody's is refused, too."""
    made = certificate(tmp_path)
    with between(swift.port, shows=made) as front:
        keys = swift_options(swift, auth_url=f"{front.url}/auth/v1.0")
        error = fault(keys)
        assert "TLS failed" in str(error)
        assert "caBundle" in error.cure
        assert error.permanent
        trusting = replace(keys, ca_bundle=str(made.cert))
        error = fault(trusting)
        assert "anybody on the way could read the token" in str(error)
        assert "storageUrl" in error.cure
        assert error.permanent
        account = store.url.rpartition("/")[2]
        whole = replace(trusting, storage_url=f"{front.url}/v1/{account}")
        with closing(SwiftRepo(whole)) as repo:
            assert read(repo, PLACE, 1) == b"bc"
        plain = replace(trusting, storage_url=store.url)
        with closing(SwiftRepo(plain)) as repo:
            assert read(repo, PLACE) == b"abc"


def test_services_that_are_down_are_passing_and_named(swift: Swift, cloud: Identity) -> None:
    """The auth service, or the storage of a region."""
    port = free_port()
    error = fault(swift_options(swift, auth_url=f"http://127.0.0.1:{port}/v1.0"))
    assert not error.permanent
    assert f"127.0.0.1:{port}" in str(error)
    error = fault(cloud_options(cloud.url("v3"), region="Nowhere"))
    assert not error.permanent
    assert "127.0.0.1:1" in str(error)


def test_store_that_says_nothing_for_the_stall_timeout_is_given_up(
    swift: Swift, store: Containers
) -> None:
    """Before the first byte as between bytes."""
    over: list[int] = []

    def change(answer: Answer) -> None:
        if answer.method == "GET" and answer.path.startswith("/v1/"):
            while not over:
                time.sleep(0.01)

    with between(swift.port, change) as front:
        keys = swift_options(
            swift, auth_url=f"{front.url}/auth/v1.0", stall_timeout=Duration.of(0.3)
        )
        with closing(SwiftRepo(keys)) as repo:
            found = repo.find(PLACE)
            with pytest.raises(RepoError, match="no answer in time") as caught:
                repo.open(PLACE, found)
        over.append(1)
    assert not caught.value.permanent


LOGIN = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (LOGIN + b"\r\n", "tells no storage URL and token"),
        (LOGIN + b"X-Storage-Url: http://127.0.0.1:1/\r\n\r\n", "tells no storage URL and token"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nHello", "tells no storage URL and token"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nHello", "broke"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (9 << 20), "longer than"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP"),
        (b"", ""),
    ],
    ids=["empty", "no-token", "page", "cut", "endless", "no-http", "nothing"],
)  # fmt: skip
def test_auth_service_that_talks_nonsense_is_told(answer: bytes, says: str) -> None:
    """Rackspace's first one answers a wrong URL with a page of documentation."""
    with answering(answer) as url:
        keys = SwiftOptions(auth_url=f"{url}/v1.0", user="u", key=Secret("k"))
        error = fault(keys)
    assert says in str(error)
    assert f"{url}/v1.0: " in str(error)
    assert len(str(error)) < 400


def change_store(status: int, body: bytes = b"", **headers: str) -> Callable[[Answer], None]:
    """Have the store say something else of the object."""

    def change(answer: Answer) -> None:
        if answer.path.endswith("api.tar.gz") and answer.method == "GET":
            answer.now(status, body, **headers)

    return change


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (change_store(206, b"c", ETag=TAG), RepoError, "a part without a Content-Range"),
        (change_store(206, b"c", ETag=TAG, Content_Range="bytes */3"), RepoError, "a Content-Range that is none"),
        (change_store(206, b"c", ETag=TAG, Content_Range="bytes 2-2/9"), MovedError, "9 bytes are sent"),
        (change_store(200, b"abcdefghi", ETag=TAG), MovedError, "9 bytes are sent"),
        (change_store(200, b"abc", ETag="other"), MovedError, "changed since"),
        (change_store(412), MovedError, "changed since"),
        (change_store(416), MovedError, "changed since"),
        (change_store(409), RepoError, "its segments are not what its manifest says"),
    ],
)  # fmt: skip
def test_part_that_is_not_the_one_asked_for_is_told(
    swift: Swift, store: Containers, change: Any, kind: type[RepoError], says: str
) -> None:
    """Another object is told as moved, not as something that trying again mends."""
    with (
        between(swift.port, change) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        found = repo.find(PLACE)
        with pytest.raises(RepoError, match=says) as caught:
            repo.open(PLACE, found, 2)
    assert type(caught.value) is kind


def test_store_without_ranges_sends_all_again(swift: Swift, store: Containers) -> None:
    """What is there already is skipped."""
    with (
        between(swift.port, change_store(200, b"abc", ETag=TAG)) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        assert read(repo, PLACE, 2) == b"c"


def test_store_is_asked_for_exactly_what_was_found(swift: Swift, store: Containers) -> None:
    """Rather than for what is there, to be thrown away if it is something else."""
    asked: list[dict[str, str]] = []

    def change(answer: Answer) -> None:
        if answer.method == "GET" and answer.path.endswith("api.tar.gz"):
            asked.append(answer.asked)

    with (
        between(swift.port, change) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        assert (read(repo, PLACE), read(repo, PLACE, 2)) == (b"abc", b"c")
    told = [[one.get(name) for name in ("If-Match", "Range", "If-Range")] for one in asked]
    assert told == [[f'"{TAG}"', None, None], [f'"{TAG}"', "bytes=2-", f'"{TAG}"']]


def test_store_that_tells_no_etag_is_refused(swift: Swift, store: Containers) -> None:
    """A change could not be seen."""

    def change(answer: Answer) -> None:
        answer.headers.pop("Etag", None)

    with between(swift.port, change) as front:
        error = fault(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))
    assert "swift://containers/api.tar.gz: the store tells no ETag" in str(error)
    assert error.permanent


def test_front_that_changes_nothing_is_not_noticed(swift: Swift, store: Containers) -> None:
    """What the tests above rely on."""
    with (
        between(swift.port, nothing) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        assert read(repo, PLACE) == b"abc"
