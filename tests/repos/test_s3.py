"""The S3 repo: what goes wrong with credentials and places, and what an ETag promises."""

from __future__ import annotations

import hashlib
import socket
import time
from dataclasses import replace
from typing import Any

import pytest

from dropship.core.values import Duration, Secret, Token
from dropship.errors import ConfigError, MovedError, RepoError
from dropship.repos import Found
from dropship.repos.s3 import S3Location, S3Options, S3Repo
from dropship.repos.s3_store import _found
from tests.contracts.shelves import options, read
from tests.repos.answering import answering
from tests.servers.process import free_port
from tests.servers.swift import Swift

PART = 5 << 20  # the least that all parts but the last must have


@pytest.fixture(scope="module")
def bucket(swift: Swift) -> str:
    """A bucket with one object in it."""
    client = swift.client()
    client.create_bucket(Bucket="builds")
    client.put_object(
        Bucket="builds", Key="api.tar.gz", Body=b"abc", ContentType="Application/GZIP; x=y"
    )
    client.close()
    return "builds"


def fault(found_by: S3Options, location: S3Location, *, prepared: bool = True) -> RepoError:
    """The error that finding ends in, and ends in again where that was ``prepared``."""
    repo = S3Repo(found_by)
    try:
        with pytest.raises(RepoError) as plain:
            repo.find(location)
        if not prepared:
            return plain.value
        repo.prepare(location)
        with pytest.raises(RepoError) as caught:
            repo.find(location)
    finally:
        repo.close()
    assert (str(caught.value), caught.value.cure) == (str(plain.value), plain.value.cure)
    return caught.value


@pytest.mark.parametrize(
    ("wrong", "where", "says", "cure"),
    [
        ({"secret": "wrong"}, {}, "the secret key is wrong", "check accessKey and secret"),
        ({"access_key": "test:nobody"}, {}, "s3://builds/api.tar.gz", "check"),
        ({}, {"bucket": "no-such-bucket"}, "there is no such bucket", "check the artifact's bucket and path"),
        ({}, {"path": "no-such.tar.gz"}, "there is no such object", "check the artifact's bucket and path"),
        ({}, {"bucket": "No Bucket"}, "No Bucket", "check the artifact's bucket and path"),
    ],
)  # fmt: skip
def test_what_an_operator_has_to_mend_is_permanent_and_has_its_cure(
    swift: Swift, bucket: str, *, wrong: dict[str, str], where: dict[str, str], says: str, cure: str
) -> None:
    """A wrong secret is told from a wrong key, a missing bucket from a missing object."""
    place: dict[str, Any] = {"bucket": bucket, "path": "api.tar.gz", **where}
    error = fault(options(swift, **wrong), S3Location(**place))
    assert error.permanent
    assert says in str(error)
    assert cure in error.cure


def test_wrong_secret_is_permanent_when_it_is_opened_too(swift: Swift, bucket: str) -> None:
    """Keys may be changed between the two."""
    location = S3Location(bucket=bucket, path="api.tar.gz")
    good, bad = S3Repo(options(swift)), S3Repo(options(swift, secret="wrong"))
    try:
        with pytest.raises(RepoError, match="secret key is wrong") as caught:
            bad.open(location, good.find(location))
    finally:
        good.close()
        bad.close()
    assert caught.value.permanent


def test_store_that_is_down_is_passing_and_told_soon() -> None:
    """Bounded by its timeouts and one more try."""
    began = time.monotonic()
    down = S3Options(access_key="a", secret=Secret("b"), endpoint=f"http://127.0.0.1:{free_port()}")
    error = fault(down, S3Location(bucket="b", path="p"))
    assert not error.permanent
    assert time.monotonic() - began < 40


def test_no_credentials_at_all_is_permanent(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """With what to set."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    error = fault(S3Options(endpoint="http://127.0.0.1:1"), S3Location(bucket="b", path="p"))
    assert error.permanent
    assert "there are no credentials" in str(error)


def test_credentials_come_from_the_environment(
    swift: Swift, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3's usual chain, looked at when the first request needs it."""
    repo = S3Repo(S3Options(endpoint=swift.endpoint))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test:tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    try:
        assert read(repo, S3Location(bucket=bucket, path="api.tar.gz")) == b"abc"
    finally:
        repo.close()


OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n"
TAGGED = (
    OK + b'ETag: "' + hashlib.md5(b"abc", usedforsecurity=False).hexdigest().encode() + b'"\r\n'
)
NO = b"HTTP/1.1 400 No\r\nConnection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
XML = b'<?xml version="1.0"?>'


def answered(*answers: bytes, prepared: bool = True) -> RepoError:
    """The error that finding ends in, with a store that answers so."""
    with answering(*answers) as url:
        keys = S3Options(access_key="a", secret=Secret("b"), endpoint=url)
        return fault(keys, S3Location(bucket="bkt", path="a"), prepared=prepared)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (TAGGED.replace(b": 3", b": abc") + b"\r\n", 'sends a Content-Length that is no length: "abc"'),
        (TAGGED.replace(b": 3", b": -3") + b"\r\n", 'sends a Content-Length that is no length: "-3"'),
        (TAGGED.replace(b": 3", b": " + b"9" * 5000) + b"\r\n", "sends a Content-Length that is no length"),
        (TAGGED + b"Last-Modified: never\r\n\r\n", 'makes no sense: Invalid timestamp "never"'),
        (TAGGED + b"Last-Modified: " + b"9" * 5000 + b"\r\n\r\n", "makes no sense"),
        (TAGGED + b"x-amz-missing-meta: x\r\n\r\n", "makes no sense"),
        (NO + b"Content-Length: 100\r\n" + CHUNKED + b"zz\r\nabc", "broke off"),
        (NO + b"\r\n" + XML + b"<Error><Code>A</Code><Code>B</Code></Error>", "makes no sense"),
    ],
)  # fmt: skip
def test_answer_that_makes_no_sense_is_told_with_its_place(answer: bytes, says: str) -> None:
    """What the library makes of it is no error of ours; it may be gone the next time."""
    # A prepared request looks at nothing but what is wanted.
    error = answered(answer, prepared=b"Last-Modified" not in answer and b"meta" not in answer)
    assert str(error).startswith("s3://bkt/a: ")
    assert says in str(error)
    assert len(str(error)) < 400
    assert not error.permanent


@pytest.mark.parametrize("tag", [b"", b'ETag: ""\r\n'])
def test_store_that_tells_no_etag_is_refused(tag: bytes) -> None:
    """A change could not be seen."""
    error = answered(OK + tag + b"\r\n")
    assert "s3://bkt/a: the store tells no ETag" in str(error)
    assert error.permanent


def test_redirect_is_told_and_not_followed() -> None:
    """Nor is a bucket's region looked for where there are none, again and again."""
    location = b"Location: http://127.0.0.1:1/b?X-Amz-Signature=hush\r\n"
    error = answered(b"HTTP/1.1 301 Moved\r\nConnection: close\r\n" + location + b"\r\n")
    assert str(error) == (
        "s3://bkt/a: the store redirects to http://127.0.0.1:1/b?…; "
        "set `endpoint` of the repo to where it is"
    )
    assert error.permanent


PARTIAL = TAGGED.replace(b"200 OK", b"206 Part").replace(b"Length: 3", b"Length: 1")


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (PARTIAL + b"\r\nc", RepoError, "a part without a Content-Range"),
        (PARTIAL + b"Content-Range: bytes */3\r\n\r\nc", RepoError, "a Content-Range that is none"),
        (PARTIAL + b"Content-Range: bytes 2-2/9\r\n\r\nc", MovedError, "9 bytes are sent"),
        (TAGGED.replace(b": 3", b": 9") + b"\r\nabcdefghi", MovedError, "9 bytes are sent"),
        (OK + b'ETag: "other"\r\n\r\nabc', MovedError, "changed since"),
        (NO.replace(b"400", b"412") + b"\r\n", MovedError, "changed since"),
        (NO.replace(b"400", b"416") + b"\r\n", MovedError, "changed since"),
    ],
)
def test_part_that_is_not_the_one_asked_for_is_told(
    answer: bytes, kind: type[RepoError], says: str
) -> None:
    """Another object is told as moved, not as something that trying again mends."""
    with answering(TAGGED + b"\r\n", answer) as url:
        repo = S3Repo(S3Options(access_key="a", secret=Secret("b"), endpoint=url))
        location = S3Location(bucket="bkt", path="a")
        with pytest.raises(RepoError, match=says) as caught:
            repo.open(location, repo.find(location), 2)
        repo.close()
    assert type(caught.value) is kind


def test_store_without_ranges_sends_all_again() -> None:
    """What is there already is skipped."""
    with answering(TAGGED + b"\r\n", TAGGED + b"\r\nabc") as url:
        repo = S3Repo(S3Options(access_key="a", secret=Secret("b"), endpoint=url))
        assert read(repo, S3Location(bucket="bkt", path="a"), 2) == b"c"
        repo.close()


def test_store_that_says_nothing_for_the_stall_timeout_is_given_up() -> None:
    """Before the first byte as between bytes, with one more try."""
    keys = S3Options(access_key="a", secret=Secret("b"), stall_timeout=Duration.of(0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        repo = S3Repo(replace(keys, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        found = Found(token=Token("t"), source="s3://bkt/a", name="a", size=3, ref="t")
        began = time.monotonic()
        with pytest.raises(RepoError, match="Read timeout") as caught:
            repo.open(S3Location(bucket="bkt", path="a"), found)
        assert time.monotonic() - began < 10
        repo.close()
    assert not caught.value.permanent


def test_leading_slash_of_a_path_is_dropped(swift: Swift, bucket: str) -> None:
    """As the Go tool read it."""
    repo = S3Repo(options(swift))
    try:
        found = repo.find(S3Location(bucket=bucket, path="/api.tar.gz"))
    finally:
        repo.close()
    assert found.source == "s3://builds/api.tar.gz"
    assert found.content_type == "application/gzip"


def test_multipart_upload_promises_no_md5_but_has_a_token(swift: Swift, bucket: str) -> None:
    """Its ETag is not the md5 of its bytes; they come all the same, from an offset too."""
    client, data = swift.client(), bytes(range(256)) * ((PART + 1000) // 256)
    upload = client.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(
                Bucket=bucket, Key="big", UploadId=upload, PartNumber=number, Body=piece
            )["ETag"],
        }
        for number, piece in enumerate((data[:PART], data[PART:]), 1)
    ]
    client.complete_multipart_upload(
        Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    client.close()
    repo, location = S3Repo(options(swift)), S3Location(bucket=bucket, path="big")
    try:
        found = repo.find(location)
        assert found.token.endswith("-2")
        assert found.md5 is None
        assert read(repo, location) == data
        assert read(repo, location, PART - 10) == data[PART - 10 :]
    finally:
        repo.close()


MD5 = hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
SHA = hashlib.sha256(b"abc")
SHA64 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="


@pytest.mark.parametrize(
    ("answer", "md5", "sha256"),
    [
        ({}, MD5, None),
        ({"ServerSideEncryption": "AES256"}, MD5, None),
        ({"ServerSideEncryption": "aws:kms"}, None, None),
        ({"ServerSideEncryption": "aws:kms:dsse"}, None, None),
        ({"SSECustomerAlgorithm": "AES256"}, None, None),
        ({"ETag": f'"{MD5}-3"'}, None, None),
        ({"ETag": '"not-a-digest"'}, None, None),
        ({"ChecksumSHA256": SHA64}, MD5, SHA.hexdigest()),
        ({"ChecksumSHA256": SHA64, "ChecksumType": "FULL_OBJECT"}, MD5, SHA.hexdigest()),
        ({"ChecksumSHA256": SHA64, "ChecksumType": "COMPOSITE"}, MD5, None),
        ({"ChecksumSHA256": f"{SHA64}-2"}, MD5, None),
        ({"ChecksumSHA256": "?"}, MD5, None),
    ],
)
def test_digest_is_promised_only_where_the_answer_is_one(
    answer: dict[str, str], md5: str | None, sha256: str | None
) -> None:
    """A wrong promise would refuse good bytes for ever."""
    found = _found({"ETag": f'"{MD5}"', **answer}, S3Location(bucket="b", path="p"), frozenset())
    assert (found.md5, found.sha256) == (md5, sha256)


def test_directory_bucket_promises_no_md5() -> None:
    """ETags of S3 Express are no digests."""
    place = S3Location(bucket="b--use1-az4--x-s3", path="p")
    assert _found({"ETag": f'"{MD5}"'}, place, frozenset()).md5 is None


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"access_key": "a"}, "no secret.*set both"),
        ({"secret": Secret("a")}, "no accessKey.*set both"),
        ({"profile": "no-such-profile"}, "no-such-profile.*add it to the AWS configuration files"),
        ({"endpoint": "s3.example.com"}, "s3.example.com; write endpoint as a whole URL"),
    ],
)
def test_keys_that_cannot_work_are_refused_when_the_repo_is_made(bad: Any, says: str) -> None:
    """Before anything is forked."""
    with pytest.raises(ConfigError, match=says):
        S3Repo(S3Options(**bad))


def test_customer_key_must_be_32_bytes(swift: Swift, bucket: str) -> None:
    """Or their base64; the message does not show it."""
    location = S3Location(bucket=bucket, path="api.tar.gz", sse_customer_key=Secret("hunter2"))
    error = fault(options(swift), location)
    assert error.permanent
    assert "32 bytes" in str(error)
    assert "hunter2" not in str(error)
