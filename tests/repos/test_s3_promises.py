"""What bytes from S3 are verified against, and what falls back to their length."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core.values import Secret, Token
from dropship.errors import IntegrityError, RepoError
from dropship.install.stage import stage
from dropship.repos import Found, s3_parts
from dropship.repos.digests import computable
from dropship.repos.s3 import S3Location, S3Options, S3Repo
from dropship.repos.s3_store import _found
from dropship.repos.source import Source
from tests.contracts.shelves import read
from tests.faults.proxy import Fault, proxy
from tests.install.stagings import CountingWatch, request
from tests.servers.moto import Moto
from tests.servers.relay import Relay, relay
from tests.servers.swift import Swift

MIB = 1 << 20
DATA = random.Random(8).randbytes(11 * MIB)
BUCKET = "promises"
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


def upload(client: Any, key: str, pieces: Sequence[bytes]) -> S3Location:
    """An object that is put there in parts."""
    named = {"Bucket": BUCKET, "Key": key}
    upload = {**named, "UploadId": client.create_multipart_upload(**named)["UploadId"]}
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(**upload, PartNumber=number, Body=piece)["ETag"],
        }
        for number, piece in enumerate(pieces, 1)
    ]
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    return S3Location(bucket=BUCKET, path=key)


def cut(data: bytes, size: int) -> list[bytes]:
    """Pieces of one size, and the rest."""
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.fixture(scope="module")
def knows(swift: Swift) -> Iterator[Any]:
    """A client of a store that knows parts, and a bucket."""
    client = swift.client()
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()


@pytest.fixture(scope="module")
def plain(moto: Moto) -> Iterator[Any]:
    """A client of a store that encrypts and has checksums, and a bucket."""
    client = moto.client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()


@pytest.fixture
def counted(swift: Swift, knows: Any) -> Iterator[Relay]:
    """Swift, and what it is asked."""
    del knows
    with relay(swift.port) as between:
        yield between


def at(port: int, **more: Any) -> S3Repo:
    """A repo over a port of loopback."""
    keys = {"access_key": "test:tester", "secret": Secret("testing"), **more}
    return S3Repo(S3Options(endpoint=f"http://127.0.0.1:{port}", **keys))


@pytest.mark.parametrize("prepared", [False, True])
def test_parts_are_learnt_once_for_all_checks(
    counted: Relay, knows: Any, *, prepared: bool
) -> None:
    """Two further requests, and then none; the digest of the right bytes is the promised one."""
    place, repo = upload(knows, f"big-{prepared}", cut(DATA, 5 * MIB)), at(counted.port)
    if prepared:
        repo.prepare(place)
    try:
        for _ in range(10):
            found = repo.find(place)
    finally:
        repo.close()
    assert counted.methods(place.path).count("HEAD") == 12
    assert [what for _, what in counted.requests if "partNumber" in what] == [
        f"/{BUCKET}/{place.path}?partNumber=1",
        f"/{BUCKET}/{place.path}?partNumber=3",
    ]
    assert (found.md5, found.promised) == (None, True)
    assert found.parts is not None
    assert found.parts.sizes == (5 * MIB, 5 * MIB, MIB)
    if prepared:
        assert not counted.headers("amz-sdk-request"), "botocore had nothing to do"


@pytest.mark.parametrize(
    ("name", "pieces", "heads"),
    [
        ("one", [DATA[:1000]], 1),
        ("two", cut(DATA[: 3 * MIB], 2 * MIB), 2),
        ("even", cut(DATA[: 4 * MIB], 2 * MIB), 2),
        ("many", cut(DATA[: 66 << 10], 1 << 10), 3),
        pytest.param("300", cut(DATA[: 300 << 10], 1 << 10), 3, marks=pytest.mark.endurance),
        ("odd", [DATA[:7], DATA[7:100], DATA[100:150], DATA[150:151]], 6),
        ("last-is-larger", [DATA[:7], DATA[7:14], DATA[14:150]], 3),
    ],
)
def test_parts_are_the_right_ones(
    counted: Relay, knows: Any, tmp_path: Path, *, name: str, pieces: list[bytes], heads: int
) -> None:
    """Whatever their sizes: they are staged, and spoiled ones are not."""
    place, repo = upload(knows, name, pieces), at(counted.port)
    try:
        found = repo.find(place)
        assert counted.methods(name).count("HEAD") == heads
        assert found.parts is not None
        assert found.parts.sizes == tuple(map(len, pieces))
        assert staged(repo, place, found, tmp_path) == sum(map(len, pieces))
    finally:
        repo.close()


def test_more_odd_parts_than_are_asked_for_leave_the_length(counted: Relay, knows: Any) -> None:
    """A store is not asked a thousand times."""
    pieces = [DATA[one : one + 1 + one % 2] for one in range(65)]
    place, repo = upload(knows, "crumbs", pieces), at(counted.port)
    try:
        found = repo.find(place)
        assert read(repo, place) == b"".join(pieces)
    finally:
        repo.close()
    assert not found.promised
    assert counted.methods("crumbs").count("HEAD") <= 6


def test_store_that_does_not_know_parts_leaves_the_length(plain: Any, moto: Moto) -> None:
    """That is, moto: it tells of parts what is theirs alone. Nothing is guessed, and the bytes come."""
    place, repo = upload(plain, "unknown", cut(DATA, 5 * MIB)), at(moto.port)
    try:
        found = repo.find(place)
        assert found.token.endswith("-3")
        assert not found.promised
        assert read(repo, place) == DATA
    finally:
        repo.close()


@pytest.mark.parametrize("status", [400, 501])
def test_store_that_refuses_parts_leaves_the_length(httpserver: HTTPServer, status: int) -> None:
    """What may be better the next time is no refusal: the check has failed."""

    def answer(asked: Request) -> Response:
        if "partNumber" in asked.args:
            return Response(status=status)
        return Response(DATA[:100], headers={"ETag": f'"{MD5}-2"'})

    httpserver.expect_request(f"/{BUCKET}/refused").respond_with_handler(answer)
    repo, place = at(httpserver.port), S3Location(bucket=BUCKET, path="refused")
    try:
        if status == 400:
            assert not repo.find(place).promised
        else:
            with pytest.raises(RepoError) as caught:
                repo.find(place)
            assert not caught.value.permanent
    finally:
        repo.close()


def test_flipped_byte_of_a_part_is_caught(swift: Swift, knows: Any, tmp_path: Path) -> None:
    """Where parts are known, what was spoiled on the way is never staged."""
    place = upload(knows, "spoiled", cut(DATA, 5 * MIB))
    assert flipped(swift.port, place, tmp_path) == "the md5 of the parts"


@pytest.mark.parametrize(
    ("kind", "more", "caught"),
    [
        ("sse-s3", {"ServerSideEncryption": "AES256"}, "the md5"),
        ("sha256", {"ChecksumAlgorithm": "SHA256", "ServerSideEncryption": "aws:kms"}, "the sha256"),
        ("sha1", {"ChecksumAlgorithm": "SHA1", "ServerSideEncryption": "aws:kms"}, "the sha1"),
        ("crc32", {"ChecksumAlgorithm": "CRC32", "ServerSideEncryption": "aws:kms"}, "the crc32"),
        ("crc32c", {"ChecksumAlgorithm": "CRC32C", "ServerSideEncryption": "aws:kms"}, "the crc32c"),
        ("crc64nvme", {"ChecksumAlgorithm": "CRC64NVME", "ServerSideEncryption": "aws:kms"}, "the crc64nvme"),
        ("kms", {"ServerSideEncryption": "aws:kms"}, ""),
    ],
)  # fmt: skip
def test_flipped_byte_is_caught_where_a_digest_is_promised(
    plain: Any, moto: Moto, tmp_path: Path, *, kind: str, more: dict[str, Any], caught: str
) -> None:
    """Encrypted by a key of KMS or the customer, and without a checksum, only the length counts."""
    if kind in {"crc32c", "crc64nvme"}:
        pytest.importorskip("awscrt")
    data = DATA[:MIB]
    plain.put_object(Bucket=BUCKET, Key=kind, Body=data, **more)
    place = S3Location(bucket=BUCKET, path=kind)
    repo = at(moto.port)
    repo.prepare(place)
    assert read(repo, place) == data
    assert repo.find(place).promised == bool(caught)
    repo.close()
    assert flipped(moto.port, place, tmp_path) == caught


def staged(repo: S3Repo, place: S3Location, found: Found, folder: Path) -> int:
    """Bytes of what was found, once they are staged."""
    wanted = replace(request(folder, b""), found=found)
    return stage(wanted, Source(repo, place), CountingWatch(), lambda: 1.0).release.bytes


def flipped(port: int, place: S3Location, folder: Path) -> str:
    """The digest by which a byte that was flipped on the way is seen; empty: it is not."""
    with proxy(port) as between:
        repo, said = at(between.port), ""
        try:
            found = repo.find(place)
            between.begin([], [Fault("corrupt")], lambda: None)
            staged(repo, place, found, folder)
        except IntegrityError as error:
            said = str(error).partition(" of what came")[0]
        finally:
            repo.close()
    assert bool(said) != bool(list(folder.glob("srv/.dropship/api/releases/*")))
    return said


def test_version_is_the_one_that_is_asked_for(plain: Any, moto: Moto) -> None:
    """However many have come since."""
    plain.create_bucket(Bucket="versions")
    plain.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    first, _ = (
        plain.put_object(Bucket="versions", Key="a", Body=body)["VersionId"]
        for body in (b"first", b"second")
    )
    repo, newest = at(moto.port), S3Location(bucket="versions", path="a")
    try:
        assert read(repo, newest) == b"second"
        assert read(repo, replace(newest, version_id=first)) == b"first"
        with pytest.raises(RepoError):
            repo.find(replace(newest, version_id="nonesuch"))
    finally:
        repo.close()


def test_customer_key_and_who_pays_are_said_in_every_request(plain: Any, moto: Moto) -> None:
    """Also where the bytes are asked for."""
    plain.put_object(
        Bucket=BUCKET,
        Key="kept",
        Body=b"abc",
        SSECustomerKey="k" * 32,
        SSECustomerAlgorithm="AES256",
    )
    place = S3Location(
        bucket=BUCKET, path="kept", sse_customer_key=Secret("k" * 32), requester_pays=True
    )
    with relay(moto.port) as between:
        repo = at(between.port)
        repo.prepare(place)
        assert read(repo, place) == b"abc"
        repo.close()
    key = base64.b64encode(b"k" * 32).decode()
    assert between.methods("kept") == ["HEAD", "GET"]
    assert between.headers("x-amz-server-side-encryption-customer-key") == [key, key]
    assert between.headers("x-amz-request-payer") == ["requester", "requester"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"ChecksumSHA1": base64.b64encode(bytes(20)).decode()}, {"sha1": "00" * 20}),
        ({"ChecksumCRC32": "AAAAAQ=="}, {"crc32": "00000001"}),
        ({"ChecksumCRC32": "AAAAAQ==", "ChecksumType": "COMPOSITE"}, {}),
        ({"ChecksumCRC32": "AAAAAQ==-3"}, {}),
        ({"ChecksumCRC32": "AAAA"}, {}),
        ({"ChecksumCRC32": "é"}, {}),
        ({"ChecksumCRC32C": "AAAAAQ=="}, {}),
    ],
)
def test_checksum_counts_where_it_is_of_all_bytes_and_can_be_computed(
    answer: dict[str, str], found: dict[str, str]
) -> None:
    """Others promise nothing."""
    made = _found({"ETag": '"t"', **answer}, S3Location(bucket="b", path="p"), frozenset({"sha1", "crc32"}))  # fmt: skip
    assert {one.algorithm: one.value for one in made.checksums} == found


def test_sizes_that_do_not_make_the_whole_are_no_parts() -> None:
    """Of a store that tells nonsense, or of an object that changed meanwhile."""
    token = Found(token=f"{MD5}-3", source="", name="").token  # type: ignore[arg-type] # a text will do
    for sizes in ([4, 4, 4], [0, 5, 5], [10, 0, 0], [5, None, 1], [20, 1, 1], [4, 5, 9]):
        assert s3_parts.parts(token, 10, lambda number, told=sizes: told[number - 1]) is None  # type: ignore[misc] # bound now
    assert s3_parts.parts(token, None, lambda _: 1) is None


def test_parts_of_a_store_that_dawdles_are_not_gone_through() -> None:
    """A worker that asks for each of them for minutes would look like one that hangs."""
    token, sizes = Token(f"{MD5}-60"), [5, *([7] * 59)]
    asked: list[int] = []

    def size_of(number: int) -> int:
        asked.append(number)
        return sizes[number - 1]

    def clock() -> float:
        return 2.0 * len(asked)

    assert s3_parts.parts(token, sum(sizes), size_of, clock) is None
    assert len(asked) == 6
    asked.clear()
    assert s3_parts.parts(token, sum(sizes), size_of, lambda: 0.0) is not None


def test_extra_of_the_package_brings_what_computes_the_other_checksums() -> None:
    """Where it is installed."""
    pytest.importorskip("awscrt")
    assert computable("crc32c")
    assert computable("crc64nvme")
