"""The Swift repo against a real Swift: credentials, places, tokens, large objects, odd answers."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropship.core.values import Duration, Secret, Size
from dropship.errors import ConfigError, IntegrityError, MovedError, RepoError
from dropship.install.stage import stage
from dropship.repos import Found
from dropship.repos.source import Source
from dropship.repos.swift import (
    RACKSPACE,
    RackspaceOptions,
    RackspaceRepo,
    SwiftLocation,
    SwiftOptions,
    SwiftRepo,
)
from tests.archives.tars import Member, tgz
from tests.contracts.shelves import Containers, cloud_options, drain, read, swift_options
from tests.install.stagings import NOW, CountingWatch, request
from tests.repos.answering import answering
from tests.servers import identity
from tests.servers.between import Answer, between, nothing
from tests.servers.certificate import certificate
from tests.servers.identity import Identity
from tests.servers.process import free_port
from tests.servers.swift import SECRET, Swift

CONTAINER = "builds"
PLACE = SwiftLocation(bucket=CONTAINER, path="api.tar.gz")
TAG = hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
DATA = random.Random(8).randbytes(200_000)


@pytest.fixture(scope="module")
def store(swift: Swift) -> Iterator[Containers]:
    """A container with one object in it."""
    made = Containers(swift)
    made.make(CONTAINER)
    made.put(CONTAINER, "api.tar.gz", b"abc")
    yield made
    made.session.close()


@pytest.fixture
def cloud(swift: Swift) -> Iterator[Identity]:
    """An identity service before it."""
    with identity.identity(swift) as made:
        yield made


def fault(keys: SwiftOptions, location: SwiftLocation = PLACE) -> RepoError:
    """The error that finding ends in; no secret is in it."""
    with closing(SwiftRepo(keys)) as repo, pytest.raises(RepoError) as caught:
        repo.find(location)
    assert SECRET not in str(caught.value)
    assert "secret" not in str(caught.value).lower().replace("credentialsecret", "")
    return caught.value


# --- who may, and what there is -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "where", "says", "cure"),
    [
        ({"key": Secret("wrong")}, {}, "/auth/v1.0: user or key is wrong", "check user, key"),
        ({"user": "test:nobody"}, {}, "/auth/v1.0: user or key is wrong", "check user, key"),
        ({"user": "tëst:ü"}, {}, "/auth/v1.0: user or key is wrong", "check user, key"),
        ({"user": "test:other", "key": Secret("other")}, {}, "swift://builds/api.tar.gz: access is denied", "X-Container-Read"),
        ({}, {"bucket": "no-such"}, "swift://no-such/api.tar.gz: there is no such container", "bucket"),
        ({}, {"path": "no-such"}, "swift://builds/no-such: there is no such object", "path"),
        ({}, {"bucket": "a/b"}, "no name of a container", "path"),
        ({}, {"bucket": ""}, "no name of a container", "path"),
    ],
)  # fmt: skip
def test_what_an_operator_has_to_mend_is_permanent_and_has_its_cure(
    swift: Swift, store: Containers, *, wrong: Any, where: Any, says: str, cure: str
) -> None:
    """A missing container is told from a missing object."""
    error = fault(swift_options(swift, **wrong), replace(PLACE, **where))
    assert error.permanent
    assert says in str(error)
    assert cure in error.cure


def test_object_is_found_with_what_is_known_of_it(swift: Swift, store: Containers) -> None:
    """The same by the address that is told."""
    with closing(SwiftRepo(swift_options(swift))) as repo:
        found = repo.find(PLACE)
    assert found.source == "swift://builds/api.tar.gz"
    assert found.content_type == "application/gzip"
    assert str(found.md5) == found.token == TAG


@pytest.mark.parametrize("name", ["/leading", "a//b", "ü ?#%2F+&'", "dots.../x", "trailing/"])
def test_object_is_named_as_it_was_put(swift: Swift, store: Containers, name: str) -> None:
    """As in the Go tool, a slash in front is part of the name, and so is anything else."""
    store.put(CONTAINER, name, name.encode())
    with closing(SwiftRepo(swift_options(swift))) as repo:
        assert read(repo, SwiftLocation(bucket=CONTAINER, path=name)) == name.encode()


@pytest.mark.parametrize("version", ["v2.0", "v3"])
@pytest.mark.parametrize(
    ("wrong", "says", "cure"),
    [
        ({"key": Secret("wrong")}, "user or key is wrong", "tenant and domain"),
        ({"user": "jim"}, "user or key is wrong", "tenant and domain"),
        ({"tenant": "nobody's"}, "user or key is wrong", "tenant and domain"),
        ({"region": "Mars"}, 'there is no region "Mars"; there is: Nowhere, RegionOne', "region"),
        ({"region": ""}, "there are several regions: Nowhere, RegionOne", "set region"),
        ({"endpoint_type": "admin"}, "the catalog has no admin address", "storageUrl"),
    ],
)
def test_what_an_identity_service_refuses_is_told_with_its_cure(
    cloud: Identity, version: str, wrong: Any, says: str, cure: str
) -> None:
    """Regions are listed."""
    error = fault(cloud_options(cloud.url(version), **wrong))
    assert error.permanent
    assert f"/identity/{version}: {says}" in str(error)
    assert cure in error.cure


@pytest.mark.parametrize(
    ("version", "keys"),
    [
        ("v2.0", {}),
        ("v2.0", {"tenant": "", "tenant_id": identity.PROJECT_ID}),
        ("v2.0/tokens", {}),
        ("v2.0/", {"region": "REGIONONE"}),
        ("", {"auth_version": 2}),
        ("v3", {}),
        ("v3", {"tenant": "", "tenant_id": identity.PROJECT_ID}),
        ("v3", {"domain_id": "default"}),
        ("v3/auth/tokens", {}),
        ("", {"auth_version": 3}),
    ],
)
def test_identity_service_is_asked_in_its_own_words(
    cloud: Identity, store: Containers, version: str, keys: Any
) -> None:
    """With ids instead of names, and its URL written in whatever form."""
    with closing(SwiftRepo(cloud_options(cloud.url(version), **keys))) as repo:
        assert read(repo, PLACE) == b"abc"
    assert len(cloud.asked) == 1


def test_application_credential_needs_no_user(cloud: Identity, store: Containers) -> None:
    """Nor a project: it is of one. A wrong one is called by its name."""
    name, secret = identity.CREDENTIAL
    keys = SwiftOptions(
        auth_url=cloud.url("v3"),
        region="RegionOne",
        application_credential_id=name,
        application_credential_secret=Secret(secret),
    )
    with closing(SwiftRepo(keys)) as repo:
        assert read(repo, PLACE) == b"abc"
    error = fault(replace(keys, application_credential_secret=Secret("wrong")))
    assert "the application credential is wrong" in str(error)


def test_rackspace_is_given_its_api_key(cloud: Identity, store: Containers) -> None:
    """With v2; its v1 needs no more than user and key."""
    keys = RackspaceOptions(
        auth_url=cloud.url("v2.0"),
        user=identity.USER,
        key=Secret(identity.API_KEY),
        region="RegionOne",
    )
    with closing(RackspaceRepo(keys)) as repo:
        assert read(repo, PLACE) == b"abc"
    assert list(cloud.asked[0]["auth"]) == ["RAX-KSKEY:apiKeyCredentials"]
    assert RackspaceOptions(user="u", key=Secret("k")).auth_url == RACKSPACE
    assert RACKSPACE == "https://auth.api.rackspacecloud.com/v1.0"


def test_storage_url_overrides_the_catalog(cloud: Identity, store: Containers) -> None:
    """Whatever regions there are."""
    keys = cloud_options(cloud.url("v3"), storage_url=f"{store.url}/", region="")
    with closing(SwiftRepo(keys)) as repo:
        assert read(repo, PLACE) == b"abc"


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"user": ""}, "no user"),
        ({"key": Secret("")}, "no key"),
        ({"auth_url": "auth.example.com/v1.0"}, "authUrl of the repo is not a whole URL"),
        ({"storage_url": "storage.example.com"}, "storageUrl of the repo is not a whole URL"),
        ({"auth_url": "https://auth.example.com/"}, "version of the repo's auth is not known"),
        ({"auth_version": 4}, "version of the repo's auth is not known"),
        ({"application_credential_id": "a"}, "unknown to v1 auth"),
        ({"application_credential_id": "a", "auth_version": 3}, "half of an application"),
    ],
)
def test_keys_that_cannot_work_are_refused_when_the_repo_is_made(bad: Any, says: str) -> None:
    """Before anything is forked."""
    keys: Any = {"auth_url": "https://h/v1.0", "user": "u", "key": Secret("k"), **bad}
    with pytest.raises(ConfigError, match=says):
        SwiftRepo(SwiftOptions(**keys))


def test_preparing_asks_nobody_and_changes_nothing(
    swift: Swift, store: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the store nor a proxy, however slow downloads are to be; not even for what cannot be."""
    with between(swift.port) as front, between(swift.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        keys = swift_options(swift, auth_url=f"{front.url}/auth/v1.0", max_rate=Size(1))
        with closing(SwiftRepo(keys)) as repo:
            repo.prepare(replace(PLACE, bucket="a/b"))
            repo.prepare(PLACE)
            assert front.asked == proxy.asked == []
            assert read(repo, PLACE, 2) == b"c"
            assert front.count("/auth/v1.0") == 1
        assert proxy.asked == []


# --- the token ------------------------------------------------------------------------------------


def test_one_token_does_for_many_checks(swift: Swift, store: Containers) -> None:
    """Each of which is one request."""
    with (
        between(swift.port) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        for _ in range(20):
            repo.find(PLACE)
        assert front.count("/auth/v1.0") == 1
        assert front.count("HEAD /v1/") == len(front.asked) - 1 == 20


@pytest.mark.parametrize("version", [1, 3])
def test_token_that_the_store_forgot_is_asked_for_again(
    swift: Swift, store: Containers, cloud: Identity, version: int
) -> None:
    """Before a check, between it and the download, and between two parts of a download."""
    store.put(CONTAINER, "large", DATA)
    place = replace(PLACE, path="large")
    keys = swift_options(swift) if version == 1 else cloud_options(cloud.url("v3"))
    with closing(SwiftRepo(keys)) as repo:
        repo.find(place)
        swift.forget_tokens()
        found = repo.find(place)
        swift.forget_tokens()
        body = repo.open(place, found)
        begun = bytearray(1000)
        count = body.readinto(memoryview(begun))
        body.close()
        swift.forget_tokens()
        rest = repo.open(place, found, count)
        assert bytes(begun[:count]) + drain(rest) == DATA
        rest.close()
    if version == 3:
        assert len(cloud.asked) == 4


def test_key_that_was_changed_meanwhile_is_told(swift: Swift, store: Containers) -> None:
    """When the token is over."""

    def change(answer: Answer) -> None:
        if answer.path == "/auth/v1.0" and front.count("/auth") > 1:
            answer.now(401)

    with between(swift.port, change) as front:
        keys = swift_options(swift, auth_url=f"{front.url}/auth/v1.0")
        with closing(SwiftRepo(keys)) as repo:
            repo.find(PLACE)
            swift.forget_tokens()
            with pytest.raises(RepoError, match="user or key is wrong") as caught:
                repo.find(PLACE)
    assert caught.value.permanent


def test_token_that_is_refused_at_once_is_asked_for_once_only(swift: Swift) -> None:
    """Or each check would be a storm."""

    def change(answer: Answer) -> None:
        if answer.path.startswith("/v1/"):
            answer.now(401)

    with between(swift.port, change) as front:
        error = fault(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))
        assert front.count("/auth") == 1
    assert "does not take the auth service's token" in str(error)
    assert error.permanent


@pytest.mark.parametrize(
    ("lifetime", "ahead", "left", "times"),
    [(3600, 0, 0.1, 1), (3600, 90_000, 0.1, 1), (0, 0, 1, 1), (3600, 0, 1, 3)],
)
def test_token_is_renewed_before_it_is_over(
    cloud: Identity,
    store: Containers,
    monkeypatch: pytest.MonkeyPatch,
    *,
    lifetime: float,
    ahead: float,
    left: float,
    times: int,
) -> None:
    """By the clock of whoever gave it, however wrong; one that never was good is left to the store."""
    monkeypatch.setattr("dropship.repos.swift_client._LEFT", left)
    cloud.lifetime, cloud.ahead = lifetime, ahead
    with closing(SwiftRepo(cloud_options(cloud.url("v3")))) as repo:
        for _ in range(3):
            repo.find(PLACE)
    assert len(cloud.asked) == times


# --- large objects --------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("kind", "pieces"), [("slo", 1), ("slo", 300), ("dlo", 3)])
def test_large_object_is_verified_by_its_segments(
    swift: Swift, store: Containers, tmp_path: Path, kind: Any, pieces: int
) -> None:
    """It has no md5 of its own, but what it was put together from."""
    content = put_large(store, kind, "large.tar.gz", pieces)
    found = staging(tmp_path, swift_options(swift), "large.tar.gz")
    assert found.parts is not None
    assert (len(found.parts.sizes), sum(found.parts.sizes)) == (pieces, len(content))
    assert found.md5 is None


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


# --- listing --------------------------------------------------------------------------------------


def test_folder_is_listed_page_by_page(
    swift: Swift, store: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of one level, folders with a slash, and only what begins so."""
    monkeypatch.setattr("dropship.repos.swift_client._PAGE", 3)
    store.make("listed")
    for name in (
        "r/",
        *(f"r/api-{one}.tgz" for one in range(7)),
        "r/web",
        "r/api/x",
        "r/api/y",
        "q",
    ):
        store.put("listed", name, b"x")
    wanted = [f"api-{one}.tgz" for one in range(7)]
    with closing(SwiftRepo(swift_options(swift))) as repo:
        place = SwiftLocation(bucket="listed", path="r/x")
        assert sorted(repo.names(place, "r/", "api")) == [*wanted, "api/"]
        assert sorted(repo.names(place, "r/", "")) == [*wanted, "api/", "web"]
        assert sorted(repo.names(place, "", "")) == ["q", "r/"]
        assert list(repo.names(place, "nowhere/", "")) == []
        with pytest.raises(RepoError, match="no such container") as caught:
            list(repo.names(replace(place, bucket="no-such"), "", ""))
    assert caught.value.permanent


def test_store_that_lists_the_same_for_ever_is_given_up(
    swift: Swift, store: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not know pages."""
    monkeypatch.setattr("dropship.repos.swift_client._PAGE", 2)

    def change(answer: Answer) -> None:
        if "format=json" in answer.path:
            answer.now(200, b'[{"name": "a"}, {"name": "b"}]')

    with (
        between(swift.port, change) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
        pytest.raises(RepoError, match="again and again"),
    ):
        list(repo.names(PLACE, "", ""))


# --- odd answers ----------------------------------------------------------------------------------


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


def test_store_that_tells_no_etag_is_refused(swift: Swift, store: Containers) -> None:
    """A change could not be seen."""

    def change(answer: Answer) -> None:
        answer.headers.pop("Etag", None)

    with between(swift.port, change) as front:
        error = fault(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))
    assert "swift://builds/api.tar.gz: the store tells no ETag" in str(error)
    assert error.permanent


def test_front_that_changes_nothing_is_not_noticed(swift: Swift, store: Containers) -> None:
    """What the tests above rely on."""
    with (
        between(swift.port, nothing) as front,
        closing(SwiftRepo(swift_options(swift, auth_url=f"{front.url}/auth/v1.0"))) as repo,
    ):
        assert read(repo, PLACE) == b"abc"
