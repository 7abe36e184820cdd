"""The Swift repo against a real Swift: who may, what there is, and the token."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from dropship.core.values import Secret, Size
from dropship.errors import ConfigError, MissingError, RepoError
from dropship.repos.source import Source
from dropship.repos.swift import (
    RACKSPACE,
    RackspaceOptions,
    RackspaceRepo,
    SwiftLocation,
    SwiftOptions,
    SwiftRepo,
)
from tests.contracts.shelves import Containers, cloud_options, drain, read, swift_options
from tests.repos.cloud_files import CONTAINER, DATA, PLACE, TAG, fault
from tests.servers import identity
from tests.servers.between import Answer, between
from tests.servers.identity import Identity
from tests.servers.swift import Swift

# --- who may, and what there is -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "where", "says", "cure"),
    [
        ({"key": Secret("hunter2")}, {}, "/auth/v1.0: user or key is wrong", "check user and key"),
        ({"user": "test:nobody"}, {}, "/auth/v1.0: user or key is wrong", "check user and key"),
        ({"user": "tëst:ü"}, {}, "/auth/v1.0: user or key is wrong", "check user and key"),
        ({"user": "test:other", "key": Secret("other")}, {}, "swift://containers/api.tar.gz: access is denied", "X-Container-Read"),
        ({}, {"bucket": "no-such"}, "swift://no-such/api.tar.gz: there is no such container", "bucket"),
        ({}, {"path": "no-such"}, "swift://containers/no-such: there is no such object", "path"),
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
    assert isinstance(error, MissingError) == ("no such object" in says)
    assert says in str(error)
    assert cure in error.cure


def test_v1_has_no_tenant_to_check(swift: Swift) -> None:
    """Nor a domain; and what is most often forgotten of its URL is told as such."""
    assert fault(swift_options(swift, key=Secret("wrong"))).cure == "check user and key of the repo"
    error = fault(swift_options(swift, auth_url=f"{swift.endpoint}/v1.0"))
    assert error.permanent
    assert "there is no auth service" in str(error)
    assert "whole URL" in error.cure


def test_object_is_found_with_what_is_known_of_it(swift: Swift, store: Containers) -> None:
    """The same by the address that is told."""
    with closing(SwiftRepo(swift_options(swift))) as repo:
        found = repo.find(PLACE)
    assert found.source == "swift://containers/api.tar.gz"
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
        ({"key": Secret("hunter2")}, "user or key is wrong", "tenant and domain"),
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
    error = fault(replace(keys, application_credential_secret=Secret("hunter2")))
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


def test_newest_version_is_found_with_the_file_that_vouches_for_it(
    swift: Swift, store: Containers
) -> None:
    """Versions are listed; one whose folder lacks the artifact is passed."""
    store.make("versions")
    for version in ("1.9.0", "1.10.0", "1.10.0-rc.1"):
        store.put("versions", f"api/{version}/api.tgz", version.encode())
    store.put("versions", "api/1.11.0/notes.txt", b"x")
    sha256 = hashlib.sha256(b"1.10.0").hexdigest()
    store.put("versions", "api/1.10.0/api.tgz.sha256", f"{sha256}  api.tgz\n".encode())
    with closing(SwiftRepo(swift_options(swift))) as repo:
        place = SwiftLocation(bucket="versions", path="api/{version}/api.tgz")
        source = Source(repo, place, sidecar=True)
        found = source.find()
        assert source.versions()[0] == "1.11.0"
        assert found.version == "1.10.0"
        assert [one.value for one in found.checksums] == [sha256]
        body = source.open(found)
        assert drain(body) == b"1.10.0"
        body.close()


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
