"""What goes wrong with S3, each in words of its own, with what to do and whether waiting may help."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core.values import Secret
from dropship.errors import MissingError, RepoError
from dropship.repos.s3 import S3Location, S3Options, S3Repo
from tests.contracts.shelves import options, read
from tests.repos.answering import answering
from tests.servers.certificate import certificate
from tests.servers.relay import relay
from tests.servers.swift import Swift

PLACE = S3Location(bucket="bkt", path="a")


def error(url: str, place: S3Location = PLACE, **more: Any) -> RepoError:
    """What finding ends in."""
    repo = S3Repo(S3Options(**{"access_key": "a", "secret": Secret("b"), "endpoint": url, **more}))
    try:
        repo.prepare(place)
        with pytest.raises(RepoError) as caught:
            repo.find(place)
    finally:
        repo.close()
    return caught.value


def says(code: str, message: str = "No", more: str = "") -> str:
    """An answer of Amazon's."""
    return (
        f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'
    )


@pytest.fixture
def store(httpserver: HTTPServer) -> Iterator[HTTPServer]:
    """A store that is told what to answer."""
    yield httpserver
    httpserver.clear()


def refusing(store: HTTPServer, status: int, body: str, **headers: str) -> str:
    """Have it answer so; its URL."""

    def answer(request: Request) -> Response:
        return Response("" if request.method == "HEAD" else body, status=status, headers=headers)

    store.expect_request("/bkt/a").respond_with_handler(answer)
    return store.url_for("").rstrip("/")


SSE_C = "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object."
KMS = "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource"


@pytest.mark.parametrize(
    ("status", "body", "told", "cure"),
    [
        (400, says("ExpiredToken"), "the credentials have expired", "get new temporary credentials"),
        (403, says("InvalidAccessKeyId"), "the access key is unknown", "check accessKey and secret"),
        (403, says("SignatureDoesNotMatch"), "the secret key is wrong", "check accessKey and secret"),
        (403, says("AccessDenied"), "access is denied", "set requesterPays"),
        (403, says("AccessDenied"), "access is denied", "s3:GetObject, s3:ListBucket"),
        (403, says("AccessDenied", KMS), "the KMS key it is encrypted with may not be used", "allow the credentials kms:Decrypt"),
        (400, says("KMS.DisabledException"), "the KMS key it is encrypted with is disabled", "enable the key"),
        (400, says("KMS.KMSInvalidStateException"), "the KMS key it is encrypted with is not usable", "enable the key"),
        (400, says("KMS.NotFoundException"), "the KMS key it is encrypted with is gone", "store the object with another"),
        (400, says("InvalidRequest", SSE_C), "is encrypted with a customer key (SSE-C)", "set sseCustomerKey"),
        (400, says("AuthorizationHeaderMalformed", more="<Region>eu-west-1</Region>"), "the bucket is in eu-west-1", 'set `name` of the repo to "eu-west-1"'),
        (301, says("PermanentRedirect"), "the bucket is somewhere else", "set `name` of the repo"),
        (404, says("NoSuchBucket"), "there is no such bucket", "check the artifact's bucket and path"),
        (404, says("NoSuchKey"), "there is no such object", "check the artifact's bucket and path"),
        (404, says("NoSuchVersion"), "there is no such version", "check the artifact's versionId"),
        (403, says("InvalidObjectState"), "the object is archived", "restore it"),
        (400, says("Unheard", "of this"), "the store says Unheard: of this", ""),
    ],
)  # fmt: skip
def test_what_waiting_does_not_mend_says_what_does(
    store: HTTPServer, *, status: int, body: str, told: str, cure: str
) -> None:
    """As Amazon writes it, to a HEAD that says nothing and a GET that does."""
    found = error(refusing(store, status, body))
    assert found.permanent
    assert str(found).startswith("s3://bkt/a: ")
    assert told in str(found)
    assert cure in found.cure


@pytest.mark.parametrize(
    ("code", "missing"), [("NoSuchKey", True), ("NoSuchVersion", True), ("NoSuchBucket", False)]
)
def test_object_that_is_missing_is_told_from_a_store_that_is(
    store: HTTPServer, code: str, *, missing: bool
) -> None:
    """An older version may be there; another bucket is not."""
    assert isinstance(error(refusing(store, 404, says(code))), MissingError) == missing


def test_region_of_a_bucket_is_taken_from_the_head_of_an_answer_too(store: HTTPServer) -> None:
    """HEAD has no more."""
    headers = {"x-amz-bucket-region": "eu-north-1"}
    found = error(refusing(store, 301, says("PermanentRedirect"), **headers))
    assert "the bucket is in eu-north-1" in str(found)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", "The calculated MD5 hash of the key did not match the hash"),
        ("InvalidArgument", "The provided encryption parameters did not match the ones used"),
    ],
)
def test_wrong_customer_key_is_told(store: HTTPServer, code: str, message: str) -> None:
    """And is not shown."""
    place = S3Location(bucket="bkt", path="a", sse_customer_key=Secret("hunter2." * 4))
    found = error(refusing(store, 403, says(code, message)), place)
    assert found.permanent
    assert "is not encrypted with that customer key" in str(found)
    assert "hunter2" not in str(found)


def test_who_pays_already_is_not_told_to(store: HTTPServer) -> None:
    """It is something else then."""
    place = S3Location(bucket="bkt", path="a", requester_pays=True)
    assert "requesterPays" not in error(refusing(store, 403, says("AccessDenied")), place).cure


@pytest.mark.parametrize(("seconds", "told"), [(-1800, "ahead of"), (1800, "behind")])
def test_clock_that_is_wrong_is_told_by_how_much(seconds: int, told: str) -> None:
    """The store's answer has a date."""
    date = formatdate(time.time() + seconds, usegmt=True)
    body = says("RequestTimeTooSkewed")
    head = (
        f"HTTP/1.1 403 No\r\nConnection: close\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n"
    )
    with answering(f"{head}\r\n{body}".encode()) as url:
        found = error(url)
    assert found.permanent
    assert told in str(found)
    assert "29m" in str(found) or "30m" in str(found)
    assert found.cure == "set this host's clock"


@pytest.mark.parametrize(
    ("status", "code", "after", "least", "most"),
    [
        (503, "SlowDown", "7", 7, 7),
        (429, "TooManyRequests", "7", 7, 7),
        (503, "SlowDown", "a date", 49_000, 50_000),
        (503, "SlowDown", "soon", 0, 0),
        (500, "InternalError", "3", 0, 0),
    ],
)
def test_store_that_is_asked_too_much_is_left_alone(
    store: HTTPServer, *, status: int, code: str, after: str, least: float, most: float
) -> None:
    """For as long as it says, or until then."""
    if after == "a date":
        after = formatdate(time.time() + 50_000, usegmt=True)
    found = error(refusing(store, status, says(code), **{"Retry-After": after}))
    assert not found.permanent
    assert least <= found.wait <= most
    assert ("too busy" in str(found)) == (status != 500)


def test_authority_that_is_not_known_is_told(tmp_path: Path) -> None:
    """With where it is named."""
    made = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        found = error(server.url_for("").rstrip("/"))
    assert found.permanent
    assert "CERTIFICATE_VERIFY_FAILED" in str(found)
    assert "name its authority in caBundle" in found.cure


@pytest.mark.parametrize(
    ("written", "told", "cure"),
    [
        (None, "the file of certificate authorities cannot be read: No such file", "check caBundle of the repo"),
        ("no certificate\n", "NO_CERTIFICATE_OR_CRL_FOUND", "name a file of PEM certificates in caBundle"),
    ],
)  # fmt: skip
def test_file_of_authorities_that_is_none_is_no_fault_of_the_certificate(
    store: HTTPServer, tmp_path: Path, *, written: str | None, told: str, cure: str
) -> None:
    """It is missing, or holds none."""
    bundle = tmp_path / "authorities.pem"
    if written is not None:
        bundle.write_text(written)
    url = refusing(store, 200, "").replace("http:", "https:")
    found = error(url, ca_bundle=str(bundle))
    assert found.permanent
    assert told in str(found)
    assert cure in found.cure


def test_https_to_a_port_without_tls_is_told(store: HTTPServer) -> None:
    """A certificate is not what is wrong there."""
    url = refusing(store, 200, "").replace("http:", "https:")
    found = error(url)
    assert found.permanent
    assert "write http:// for one that speaks no TLS" in found.cure


def test_name_that_no_bucket_can_have_is_told_without_a_pattern() -> None:
    """The library quotes what it matches names with."""
    place = S3Location(bucket="Rel_ases!", path="a")
    found = error("http://127.0.0.1:1", place)
    assert found.permanent
    assert found.args[0] == "s3://Rel_ases!/a: that is no name of a bucket"
    assert "check the artifact's bucket" in found.cure


@pytest.mark.parametrize("prepared", [False, True])
def test_region_that_is_wrong_is_learnt_once_where_the_store_tells_it(
    swift: Swift, *, prepared: bool
) -> None:
    """From then on requests go where they belong at once."""
    client = swift.client()
    client.create_bucket(Bucket=f"regions-{prepared}".lower())
    client.put_object(Bucket=f"regions-{prepared}".lower(), Key="a", Body=b"abc")
    client.close()
    place = S3Location(bucket=f"regions-{prepared}".lower(), path="a")
    with relay(swift.port) as between:
        endpoint = f"http://127.0.0.1:{between.port}"
        repo = S3Repo(options(swift, region="eu-west-1", endpoint=endpoint))
        if prepared:
            repo.prepare(place)
        assert repo.find(place).size == 3
        before = len(between.requests)
        for _ in range(3):
            repo.find(place)
        assert len(between.requests) == before + 3
        assert read(repo, place) == b"abc"
        repo.close()


def test_credentials_that_nobody_lends_just_now_are_passing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A container's lender may be back in a moment."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "ROLE_ARN"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/lent"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        hanging = threading.Thread(target=_hang_up, args=(listener,))
        hanging.start()
        repo = S3Repo(S3Options(endpoint="http://127.0.0.1:1"))
        with pytest.raises(RepoError) as caught:
            repo.find(PLACE)
        repo.close()
        listener.shutdown(socket.SHUT_RDWR)
        hanging.join()
    assert not caught.value.permanent
    assert "no credentials can be had" in str(caught.value)


def _hang_up(listener: socket.socket) -> None:
    """On everybody."""
    try:
        while True:
            listener.accept()[0].close()
    except OSError:
        return
