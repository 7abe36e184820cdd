"""The S3 repo: what goes wrong with credentials and places, and what an ETag promises."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import pytest

from dropship.core.values import Secret
from dropship.errors import ConfigError, RepoError
from dropship.repos.s3 import S3Location, S3Options, S3Repo, _found
from tests.contracts.shelves import options, read
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


def fault(found_by: S3Options, location: S3Location) -> RepoError:
    """The error that finding ends in."""
    repo = S3Repo(found_by)
    try:
        with pytest.raises(RepoError) as caught:
            repo.find(location)
    finally:
        repo.close()
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
    found = _found({"ETag": f'"{MD5}"', **answer}, S3Location(bucket="b", path="p"))
    assert (found.md5, found.sha256) == (md5, sha256)


def test_directory_bucket_promises_no_md5() -> None:
    """ETags of S3 Express are no digests."""
    assert (
        _found({"ETag": f'"{MD5}"'}, S3Location(bucket="b--use1-az4--x-s3", path="p")).md5 is None
    )


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"access_key": "a"}, "no secret"),
        ({"secret": Secret("a")}, "no accessKey"),
        ({"profile": "no-such-profile"}, "no-such-profile"),
        ({"endpoint": "not a url"}, "not a url"),
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
