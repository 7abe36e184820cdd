"""What an agent asks all day: prepared before it is asked, and the same as botocore's own."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core.values import Secret
from dropship.errors import RepoError
from dropship.repos import Found
from dropship.repos.s3 import S3Location, S3Options, S3Repo

PLACE = S3Location(bucket="builds", path="über/api 1.tar.gz")
ANSWER = {
    "ETag": '"900150983cd24fb0d6963f7d28e17f72"',
    "Content-Length": "3",
    "Content-Type": "Application/GZIP; x=y",
    "x-amz-checksum-sha256": base64.b64encode(bytes(32)).decode(),
    "x-amz-checksum-type": "FULL_OBJECT",
    "x-amz-server-side-encryption": "AES256",
}
# New in each request, or in each attempt.
CHANGING = {"X-Amz-Date", "Authorization", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request"}


class Store:
    """Takes down what it is asked, and answers as told to."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.heard: list[tuple[str, Mapping[str, str]]] = []
        self.says: Mapping[str, str] = ANSWER
        self.status = 200
        server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.heard.append((f"{request.method} {request.full_path}", dict(request.headers)))
        response = Response(status=self.status, headers=dict(self.says))
        response.automatically_set_content_length = False
        return response

    def repo(self, **more: Any) -> S3Repo:
        """Asks it."""
        keys = {"access_key": "AKIA", "secret": Secret("s"), "endpoint": self.url, **more}
        return S3Repo(S3Options(**keys))


@pytest.fixture
def store(httpserver: HTTPServer) -> Store:
    """A store."""
    return Store(httpserver)


def signed(authorization: str) -> list[str]:
    """Which headers a signature covers."""
    match = re.search(r"SignedHeaders=([^,]*)", authorization)
    assert match, authorization
    return match[1].split(";")


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({}, {}),
        ({"token": Secret("session")}, {}),
        ({"region": "eu-west-1"}, {"version_id": "a+b/c="}),
        ({}, {"requester_pays": True}),
        ({}, {"sse_customer_key": Secret("k" * 32)}),
        ({"path_style": False}, {"bucket": "localhost"}),
    ],
)
def test_prepared_request_is_botocores(
    store: Store, *, keys: dict[str, Any], place: dict[str, Any]
) -> None:
    """The same line, the same headers, the same ones signed; and the answer is read alike."""
    location = S3Location(**{"bucket": "builds", "path": "über/api 1.tar.gz", **place})
    repo = store.repo(**keys)
    try:
        plain = repo.find(location)
        repo.prepare(location)
        assert len(store.heard) == 1, "preparing asks nobody"
        assert repo.find(location) == plain
    finally:
        repo.close()
    (line, headers), (again, prepared) = store.heard
    assert again == line
    assert {"Amz-Sdk-Request"} & set(headers), "the first was botocore's"
    assert not {"Amz-Sdk-Request"} & set(prepared), "the second was ours"
    unsigned = CHANGING | {"Accept-Encoding", "Connection"}
    told = [
        {name: value for name, value in one.items() if name not in unsigned}
        for one in (headers, prepared)
    ]
    assert told[0] == told[1]
    ours = set(signed(prepared["Authorization"]))
    assert ours == set(signed(headers["Authorization"])) - {
        "amz-sdk-invocation-id",
        "amz-sdk-request",
    }


def test_whatever_is_no_plain_yes_is_asked_again_by_botocore(store: Store) -> None:
    """Which knows what to make of it."""
    repo = store.repo()
    repo.prepare(PLACE)
    try:
        store.status, store.says = 403, {}
        with pytest.raises(RepoError, match="access is denied"):
            repo.find(PLACE)
        assert ["Amz-Sdk-Request" in headers for _, headers in store.heard][:2] == [False, True]
    finally:
        repo.close()


def test_what_was_not_prepared_is_asked_by_botocore_once(store: Store) -> None:
    """A new version cannot be known beforehand; of many only the last ones are kept."""
    repo = store.repo()
    places = [PLACE.at(f"{number}.tar.gz") for number in range(6)]
    try:
        for place in places:
            for _ in range(3):
                repo.find(place)
        assert ["Amz-Sdk-Request" in headers for _, headers in store.heard] == [True, False, False] * 6  # fmt: skip
        repo.find(places[0])
        assert "Amz-Sdk-Request" in store.heard[-1][1]
        repo.find(places[5])
        assert "Amz-Sdk-Request" not in store.heard[-1][1]
    finally:
        repo.close()


def test_preparing_needs_no_credentials(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are fetched by a program, it runs when they are needed, and once."""
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(
        f"#!/bin/sh\necho ran >> {ran}\n"
        """echo '{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s"}'\n"""
    )
    program.chmod(0o755)
    (tmp_path / "config").write_text(f"[profile deploy]\ncredential_process = {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    repo = store.repo(access_key="", secret=Secret(""), profile="deploy")
    try:
        repo.prepare(PLACE)
        assert not ran.exists()
        found: Found = repo.find(PLACE)
        assert found.size == 3
        repo.find(PLACE)
        assert ran.read_text() == "ran\n"
    finally:
        repo.close()


def test_proxy_of_the_environment_is_used(
    store: Store, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By botocore: a prepared request goes around none."""
    monkeypatch.setenv("http_proxy", store.url)
    monkeypatch.setenv("no_proxy", "")
    repo = store.repo(endpoint="http://store.invalid")
    try:
        repo.prepare(PLACE)
        for _ in range(3):
            assert repo.find(PLACE).size == 3
    finally:
        repo.close()
    assert [headers["Host"] for _, headers in store.heard] == ["store.invalid"] * 3
