"""Where S3's credentials come from: each kind reads an artifact, and none is fetched at each check."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core.values import Secret
from dropship.errors import ConfigError, RepoError
from dropship.repos.s3 import S3Location, S3Options, S3Repo
from tests.contracts.shelves import read
from tests.servers.certificate import certificate
from tests.servers.moto import Moto
from tests.servers.relay import Relay, relay
from tests.servers.swift import Swift

ROLE = "arn:aws:iam::123456789012:role/deploy"
PLACE = S3Location(bucket="kinds", path="api.tar.gz")
CHECKS = 20
HOURS = 6 * 3600


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A host without any credentials."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "ROLE_ARN"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def shelf(moto: Moto) -> Moto:
    """A moto with one object in it."""
    client = moto.client("s3")
    client.create_bucket(Bucket=PLACE.bucket)
    client.put_object(Bucket=PLACE.bucket, Key=PLACE.path, Body=b"abc")
    client.close()
    return moto


@pytest.fixture
def amazon(shelf: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """S3 and STS, and what they are asked."""
    with relay(shelf.port) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{between.port}")
        yield between


@dataclass
class Metadata:
    """What lends credentials to a container or an instance, and counts; see their manuals.

    ``lives``: seconds that those given one after the other are good for, the last for ever on.
    """

    server: HTTPServer
    lives: list[float] = field(default_factory=lambda: [HOURS])
    asked: list[str] = field(default_factory=list)
    given: int = 0

    def __post_init__(self) -> None:
        self.server.expect_request(re.compile("/(latest|lent).*")).respond_with_handler(self.answer)

    @property
    def url(self) -> str:
        """Of all of it."""
        return self.server.url_for("").rstrip("/")

    def answer(self, request: Request) -> Response:
        """Answer as https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html has it."""
        self.asked.append(f"{request.method} {request.path}")
        if request.method == "PUT":
            return Response("a token")
        wanted = {"x-aws-ec2-metadata-token": "a token", "Authorization": "a secret"}
        if not any(request.headers.get(name) == value for name, value in wanted.items()):
            return Response(status=401)
        if request.path.endswith("security-credentials/"):
            return Response("deploy")
        lives = self.lives.pop(0) if len(self.lives) > 1 else self.lives[0]
        self.given += 1
        until = datetime.now(timezone.utc) + timedelta(seconds=lives)
        lent = {
            "AccessKeyId": f"LENT{self.given}",
            "SecretAccessKey": "s",
            "Token": "t",
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return Response(json.dumps(lent))


@pytest.fixture
def metadata(httpserver: HTTPServer) -> Metadata:
    """Lends."""
    return Metadata(httpserver)


@dataclass
class Setting:
    """What a kind of credentials is made of."""

    folder: Path
    environ: pytest.MonkeyPatch
    metadata: Metadata

    @property
    def config(self) -> Path:
        """AWS's configuration file."""
        return self.folder / "config"

    @property
    def credentials(self) -> Path:
        """AWS's file of credentials."""
        return self.folder / "credentials"

    def set(self, **values: str) -> None:
        """Variables of the environment, ``AWS_`` before their names."""
        for name, value in values.items():
            self.environ.setenv(f"AWS_{name}", value)


def environment(setting: Setting) -> dict[str, Any]:
    """Variables."""
    setting.set(ACCESS_KEY_ID="KEY", SECRET_ACCESS_KEY="s", SESSION_TOKEN="t")
    return {}


def profile(setting: Setting) -> dict[str, Any]:
    """A profile of the file of credentials."""
    setting.credentials.write_text("[deploy]\naws_access_key_id=KEY\naws_secret_access_key=s\n")
    return {"profile": "deploy"}


def profile_with_a_role(setting: Setting) -> dict[str, Any]:
    """A profile that takes a role with another's keys."""
    setting.credentials.write_text("[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n")
    setting.config.write_text(f"[profile deploy]\nrole_arn={ROLE}\nsource_profile=base\n")
    return {"profile": "deploy"}


def program(setting: Setting) -> dict[str, Any]:
    """A program that tells them."""
    path = setting.folder / "program"
    path.write_text(
        f"#!/bin/sh\necho ran >> {setting.folder}/ran\n"
        """echo '{"Version": 1, "AccessKeyId": "KEY", "SecretAccessKey": "s"}'\n"""
    )
    path.chmod(0o755)
    setting.config.write_text(f"[default]\ncredential_process = {path}\n")
    return {}


def role(setting: Setting) -> dict[str, Any]:
    """A role of the repo, with the host's keys."""
    environment(setting)
    return {"role_arn": ROLE, "region": "eu-west-1"}


def role_by_own_keys(_: Setting) -> dict[str, Any]:
    """A role of the repo, with its own keys."""
    return {"access_key": "OWN", "secret": Secret("s"), "role_arn": ROLE}


def web_identity(setting: Setting) -> dict[str, Any]:
    """A role for who has a token in a file, as pods have it."""
    (setting.folder / "token").write_text("a.b.c")
    setting.set(WEB_IDENTITY_TOKEN_FILE=str(setting.folder / "token"), ROLE_ARN=ROLE)
    return {}


def container(setting: Setting) -> dict[str, Any]:
    """A container's."""
    (setting.folder / "secret").write_text("a secret")
    setting.set(
        CONTAINER_CREDENTIALS_FULL_URI=f"{setting.metadata.url}/lent",
        CONTAINER_AUTHORIZATION_TOKEN_FILE=str(setting.folder / "secret"),
    )
    return {}


def instance(setting: Setting) -> dict[str, Any]:
    """A virtual machine's, by the second version of its service."""
    setting.set(
        EC2_METADATA_SERVICE_ENDPOINT=setting.metadata.url,
        EC2_METADATA_DISABLED="false",
        EC2_METADATA_V1_DISABLED="true",
    )
    return {}


# How many requests lend them: to STS, and to whoever lends to containers and instances.
KINDS: dict[Callable[[Setting], dict[str, Any]], tuple[str, int, int]] = {
    lambda _: {"access_key": "KEY", "secret": Secret("s"), "token": Secret("t")}: ("KEY", 0, 0),
    environment: ("KEY", 0, 0),
    profile: ("KEY", 0, 0),
    profile_with_a_role: ("", 1, 0),
    program: ("KEY", 0, 0),
    role: ("", 1, 0),
    role_by_own_keys: ("", 1, 0),
    web_identity: ("", 1, 0),
    container: ("LENT1", 0, 1),
    instance: ("LENT1", 0, 3),
}


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: Metadata) -> Setting:
    """A host."""
    return Setting(tmp_path, monkeypatch, metadata)


def signers(store: Relay) -> set[str]:
    """The keys that requests to S3 were signed with."""
    found = (re.search(r"Credential=([^/]+)/\d+/[^/]+/s3/", one) for one in store.headers("authorization"))  # fmt: skip
    return {match[1] for match in found if match}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_kind_of_credentials_reads_an_artifact_and_is_fetched_once(
    amazon: Relay, setting: Setting, kind: Callable[[Setting], dict[str, Any]]
) -> None:
    """However often the store is asked afterwards, and not before it is asked at all."""
    repo = S3Repo(S3Options(endpoint=f"http://127.0.0.1:{amazon.port}", **kind(setting)))
    try:
        repo.prepare(PLACE)
        assert not amazon.requests, "nobody is asked before the fork"
        assert read(repo, PLACE) == b"abc"
        for _ in range(CHECKS):
            assert repo.find(PLACE).size == 3
    finally:
        repo.close()
    key, roles, lent = KINDS[kind]
    assert len([1 for how, _ in amazon.requests if how == "POST"]) == roles
    assert len(setting.metadata.asked) == lent
    if (setting.folder / "ran").exists():
        assert (setting.folder / "ran").read_text() == "ran\n"
    [signer] = signers(amazon)
    assert signer == key or (not key and signer not in {"KEY", "OWN", "BASE"})


_CHECK = """
import sys
from dropship.repos.s3 import S3Location, S3Options, S3Repo
repo, place = S3Repo(S3Options(endpoint=sys.argv[1])), S3Location(bucket="kinds", path="api.tar.gz")
repo.prepare(place)
before = set(sys.modules)
assert repo.find(place).size == 3
print(*(set(sys.modules) - before))
"""


@pytest.mark.parametrize("kind", [web_identity, instance])
def test_code_is_loaded_before_the_fork(
    amazon: Relay, setting: Setting, kind: Callable[[Setting], dict[str, Any]]
) -> None:
    """An upgrade may replace files under an agent that runs."""
    kind(setting)
    words = [sys.executable, "-c", _CHECK, f"http://127.0.0.1:{amazon.port}"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert done.stdout.split() == []


def test_sts_is_asked_in_the_repos_region(amazon: Relay, setting: Setting) -> None:
    """And by the keys that may take the role."""
    repo = S3Repo(S3Options(endpoint=f"http://127.0.0.1:{amazon.port}", **role(setting)))
    repo.find(PLACE)
    repo.close()
    assert "Credential=KEY/" in amazon.headers("authorization")[0]
    assert "/eu-west-1/sts/" in amazon.headers("authorization")[0]


def test_lent_credentials_are_renewed_before_they_end(amazon: Relay, setting: Setting) -> None:
    """Those that end within ten minutes are not relied on."""
    setting.metadata.lives[:0] = [300]
    repo = S3Repo(S3Options(endpoint=f"http://127.0.0.1:{amazon.port}", **container(setting)))
    for _ in range(CHECKS):
        repo.find(PLACE)
    repo.close()
    assert setting.metadata.given == 2
    assert signers(amazon) == {"LENT2"}


@pytest.mark.parametrize("file", ["credentials", "config"])
def test_keys_that_were_replaced_in_their_file_are_found_without_a_restart(
    swift: Swift, setting: Setting, file: str
) -> None:
    """Once the store has refused those that were there."""
    client, place = swift.client(), replace(PLACE, bucket=f"replaced-{file}")
    client.create_bucket(Bucket=place.bucket)
    client.put_object(Bucket=place.bucket, Key=place.path, Body=b"abc")
    client.close()
    path = setting.folder / file
    keys = "[default]\naws_access_key_id=test:tester\naws_secret_access_key={}\n"
    path.write_text(keys.format("replaced"))
    repo = S3Repo(S3Options(endpoint=swift.endpoint))
    try:
        repo.prepare(place)
        with pytest.raises(RepoError, match="the secret key is wrong"):
            repo.find(place)
        path.write_text(keys.format("testing"))
        assert repo.find(place).size == 3
    finally:
        repo.close()


EXPIRED = b'<?xml version="1.0"?><Error><Code>ExpiredToken</Code><Message>Over</Message></Error>'


@dataclass
class Forgetful:
    """A store that takes no credentials but those lent last."""

    metadata: Metadata
    good: str
    asked: int = 0

    def __post_init__(self) -> None:
        self.metadata.server.expect_request(re.compile("/kinds/.*")).respond_with_handler(
            self.answer
        )

    def answer(self, request: Request) -> Response:
        """Yes, or that they are over."""
        self.asked += 1
        if f"Credential={self.good}/" in request.headers["Authorization"]:
            return Response("abc", headers={"ETag": '"900150983cd24fb0d6963f7d28e17f72"'})
        return Response(b"" if request.method == "HEAD" else EXPIRED, status=400)


def test_credentials_that_the_store_calls_expired_are_fetched_anew_once(setting: Setting) -> None:
    """Whatever they say of themselves."""
    Forgetful(setting.metadata, good="LENT2")
    repo = S3Repo(S3Options(endpoint=setting.metadata.url, **container(setting)))
    try:
        repo.prepare(PLACE)
        for _ in range(CHECKS):
            assert repo.find(PLACE).token
        assert read(repo, PLACE) == b"abc"
    finally:
        repo.close()
    assert setting.metadata.given == 2


def test_store_that_calls_all_credentials_expired_is_not_asked_for_ever(setting: Setting) -> None:
    """The error says what to do."""
    store = Forgetful(setting.metadata, good="NONE")
    repo = S3Repo(S3Options(endpoint=setting.metadata.url, **container(setting)))
    with pytest.raises(RepoError, match="credentials have expired; get new") as caught:
        repo.find(PLACE)
    repo.close()
    assert caught.value.permanent
    assert setting.metadata.given == 2
    assert store.asked == 4


def test_keys_of_the_configuration_are_not_tried_twice(setting: Setting) -> None:
    """There are no others."""
    store = Forgetful(setting.metadata, good="NONE")
    keys = S3Options(endpoint=setting.metadata.url, access_key="KEY", secret=Secret("s"))
    repo = S3Repo(keys)
    with pytest.raises(RepoError, match="credentials have expired"):
        repo.find(PLACE)
    repo.close()
    assert store.asked == 2


LENT = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""


@pytest.fixture
def sts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[HTTPServer, Path]]:
    """A token service whose certificate its own authority vouches for; that authority."""
    made = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url_for("").rstrip("/"))
        yield server, made.cert


def test_role_is_asked_for_by_its_names_and_a_private_authority(
    amazon: Relay, sts: tuple[HTTPServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``externalId`` and ``roleSessionName``; ``caBundle`` counts for STS too."""
    server, authority = sts
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url_for("").rstrip("/"))
    asked: list[dict[str, str]] = []

    def answer(request: Request) -> Response:
        asked.append(request.form.to_dict())
        return Response(LENT, content_type="text/xml")

    server.expect_request("/").respond_with_handler(answer)
    keys = S3Options(
        access_key="OWN",
        secret=Secret("s"),
        role_arn=ROLE,
        role_session_name="web-1",
        external_id="our id",
        ca_bundle=str(authority),
        endpoint=f"http://127.0.0.1:{amazon.port}",
    )
    repo = S3Repo(keys)
    assert repo.find(PLACE).size == 3
    repo.close()
    [form] = asked
    assert (form["RoleArn"], form["RoleSessionName"], form["ExternalId"]) == (
        ROLE,
        "web-1",
        "our id",
    )
    assert signers(amazon) == {"ROLE"}


def test_role_that_may_not_be_taken_is_told_as_that(
    sts: tuple[HTTPServer, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """And not as an object that may not be read; by us alone, not by the library at each check, too."""
    server, authority = sts
    no = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>"
    server.expect_request("/").respond_with_data(no, status=403, content_type="text/xml")
    keys = S3Options(
        access_key="OWN",
        secret=Secret("s"),
        role_arn=ROLE,
        ca_bundle=str(authority),
        endpoint="http://127.0.0.1:1",
    )
    repo = S3Repo(keys)
    with pytest.raises(RepoError, match="may not assume the role: not for you; check the role's"):
        repo.find(PLACE)
    repo.close()
    assert [one for one in caplog.records if one.name.startswith("botocore")] == []


def test_role_that_is_no_name_of_one_is_told_with_its_key() -> None:
    """The library refuses it before it asks."""
    keys = S3Options(access_key="a", secret=Secret("s"), role_arn="read-releases")
    repo = S3Repo(keys)
    with pytest.raises(RepoError, match=r"RoleArn.*; check roleArn") as caught:
        repo.find(PLACE)
    repo.close()
    assert caught.value.permanent


@pytest.mark.parametrize("prepared", [False, True])
def test_anonymous_repo_signs_nothing(amazon: Relay, *, prepared: bool) -> None:
    """What everybody may read needs no credentials."""
    repo = S3Repo(S3Options(anonymous=True, endpoint=f"http://127.0.0.1:{amazon.port}"))
    if prepared:
        repo.prepare(PLACE)
    # moto gives what is not public to nobody without a name.
    with pytest.raises(RepoError, match="access is denied"):
        repo.find(PLACE)
    repo.close()
    assert amazon.methods(PLACE.path)
    assert not amazon.headers("authorization")


def test_anonymous_repo_with_keys_is_refused() -> None:
    """One of the two was not meant."""
    with pytest.raises(ConfigError, match="anonymous"):
        S3Repo(S3Options(anonymous=True, access_key="a", secret=Secret("b")))
