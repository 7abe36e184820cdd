"""Digests in headers: which are promises of the artifact's bytes."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from requests.structures import CaseInsensitiveDict

from dropship.core.checksum import Checksum
from dropship.repos.digests import computable
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from dropship.repos.http_promises import NONE, Promises, known, promises

DATA = b"what it is about"
MD5, SHA1 = hashlib.md5(DATA, usedforsecurity=False), hashlib.sha1(DATA, usedforsecurity=False)
SHA256, SHA512 = hashlib.sha256(DATA), hashlib.sha512(DATA)
CRC32 = zlib.crc32(DATA).to_bytes(4, "big")


def b64(value: bytes) -> str:
    """As headers have digests."""
    return b64encode(value).decode()


S256, S512, M, S1 = (b64(one.digest()) for one in (SHA256, SHA512, MD5, SHA1))
ONLY_MD5, ONLY_SHA256 = Promises(md5=MD5.hexdigest()), Promises(sha256=SHA256.hexdigest())  # type: ignore[arg-type] # a str


def told(headers: dict[str, str], *, whole: bool = True, sent: bool = True) -> Promises:
    """What these headers promise."""
    return promises(CaseInsensitiveDict(headers), known(), whole=whole, sent=sent)


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Repr-Digest": f"sha-256=:{S256}:"}, ONLY_SHA256),
        ({"Repr-Digest": f"unixsum=:AAA=:, md5=:{M}:"}, ONLY_MD5),
        ({"Content-Digest": f"sha-256=:{S256}:"}, ONLY_SHA256),
        ({"Digest": f"SHA-256={S256}"}, ONLY_SHA256),
        ({"Digest": f"adler32=03da0195, md5={M}"}, ONLY_MD5),
        ({"Digest": f"SHA={S1}"}, Promises(checksums=(Checksum("sha1", SHA1.hexdigest()),))),
        ({"Content-MD5": M}, ONLY_MD5),
        ({"X-Checksum-Md5": MD5.hexdigest().upper()}, ONLY_MD5),
        ({"X-Checksum-Sha256": f" {SHA256.hexdigest()} "}, ONLY_SHA256),
        ({"X-Checksum-Sha1": SHA1.hexdigest()}, Promises(checksums=(Checksum("sha1", SHA1.hexdigest()),))),
        ({"Repr-Digest": f"sha-512=:{S512}:"}, Promises(checksums=(Checksum("sha512", SHA512.hexdigest()),))),
        ({"x-goog-hash": f"md5={M}"}, ONLY_MD5),
        ({"x-goog-hash": f"crc32c=AAAAAA==, md5={M}", "x-goog-stored-content-encoding": "identity"},
         ONLY_MD5._replace(checksums=(Checksum("crc32c", "00000000"),) if computable("crc32c") else ())),
        ({"x-amz-checksum-sha256": S256}, ONLY_SHA256),
        ({"x-amz-checksum-crc32": b64(CRC32), "x-amz-checksum-type": "FULL_OBJECT"},
         Promises(checksums=(Checksum("crc32", CRC32.hex()),))),
        ({"X-Checksum-Sha256": "junk", "Digest": f"sha-256={S256}"}, ONLY_SHA256),
    ],
)  # fmt: skip
def test_digests_of_the_stored_bytes_are_promises(headers: dict[str, str], says: Promises) -> None:
    """Whoever writes them, and in which way."""
    assert told(headers) == says


@pytest.mark.parametrize(
    "headers",
    [
        {"Repr-Digest": "sha-256=:%%%:"},
        {"Repr-Digest": f"sha-256={S256}"},
        {"Repr-Digest": f"sha-256=:{M}:"},
        {"Digest": "sha-256"},
        {"Digest": "crc32c=\N{LATIN SMALL LETTER E WITH ACUTE}"},
        {"Content-MD5": MD5.hexdigest()},
        {"X-Checksum-Sha256": "", "X-Checksum-Md5": M},
        {"x-goog-hash": "md5=,crc32c"},
        {"x-goog-hash": f"md5={M}", "x-goog-stored-content-encoding": "gzip"},
        {"x-amz-checksum-sha256": S256, "x-amz-checksum-type": "COMPOSITE"},
        {"x-amz-checksum-sha256": f"{S256}-3"},
        {"X-Checksum-Sha256": SHA256.hexdigest(), "Content-Encoding": "gzip"},
        {"X-Checksum-Sha256": SHA256.hexdigest(), "ETag": 'W/"1"'},
    ],
)
def test_what_makes_no_sense_or_is_of_other_bytes_is_no_promise(headers: dict[str, str]) -> None:
    """It is passed over: good bytes must not fail by it."""
    assert told(headers) == NONE


@pytest.mark.parametrize("name", ["Content-MD5", "Content-Digest", "x-amz-checksum-sha256"])
def test_digest_of_a_part_is_no_promise_of_the_whole(name: str) -> None:
    """And that of the body that HEAD has not, even less."""
    value = {"Content-MD5": M, "Content-Digest": f"sha-256=:{S256}:"}.get(name, S256)
    assert told({name: value}) != NONE
    assert told({name: value}, whole=False) == NONE
    if name == "Content-Digest":
        assert told({name: value}, sent=False) == NONE


@given(
    st.dictionaries(
        st.sampled_from(
            ["Repr-Digest", "Digest", "Content-MD5", "X-Checksum-Sha256", "x-goog-hash", "ETag"]
        ),
        st.text(max_size=80),
    )
)
def test_any_text_is_a_promise_or_none(headers: dict[str, str]) -> None:
    """Never an error, and never anything but digests."""
    said = told(headers)
    for value, digits in ((said.md5, 32), (said.sha256, 64)):
        assert value is None or len(bytes.fromhex(value)) * 2 == digits


def test_promise_of_a_server_is_found(httpserver: HTTPServer) -> None:
    """By HEAD, and by the first byte where there is no HEAD."""
    headers = {"ETag": '"1"', "X-Checksum-Sha256": SHA256.hexdigest(), "Content-MD5": M}
    httpserver.expect_request("/a").respond_with_data(DATA, headers=headers)
    httpserver.expect_request("/b", method="HEAD").respond_with_data("", 405)
    part = {**headers, "Content-Range": f"bytes 0-0/{len(DATA)}"}
    httpserver.expect_request("/b", method="GET").respond_with_data(DATA[:1], 206, headers=part)
    made = HttpRepo(HttpOptions(url=httpserver.url_for("/")))
    a, b = (made.find(HttpLocation(path=name)) for name in "ab")
    made.close()
    assert (a.md5, a.sha256) == (MD5.hexdigest(), SHA256.hexdigest())
    assert (b.md5, b.sha256) == (None, SHA256.hexdigest())
    assert a.promised
