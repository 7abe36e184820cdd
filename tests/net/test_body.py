"""Bodies count their bytes, whatever the library lets pass."""

from __future__ import annotations

import io

import pytest
import urllib3

from dropship.errors import MovedError, RepoError
from dropship.net.body import HttpBody


def body(data: bytes, length: int | None, skip: int = 0) -> HttpBody:
    """A body over a response that does not look at lengths itself."""
    raw = urllib3.HTTPResponse(
        io.BufferedReader(io.BytesIO(data)),
        preload_content=False,
        enforce_content_length=False,
    )
    return HttpBody(raw, source="http://h/a", length=length, skip=skip)


def read(of: HttpBody) -> bytes:
    """All of it, three bytes at a time."""
    data, buffer = b"", bytearray(3)
    while count := of.readinto(memoryview(buffer)):
        data += buffer[:count]
    of.close()
    return data


@pytest.mark.parametrize("length", [8, None])
def test_body_of_the_promised_length_is_whole(length: int | None) -> None:
    """Or of any, where the transfer tells its own end."""
    assert read(body(b"01234567", length)) == b"01234567"


def test_body_that_ends_early_is_an_error() -> None:
    """Whatever the client library says of it."""
    with pytest.raises(RepoError, match="http://h/a: the download ended after 8 of 9 bytes"):
        read(body(b"01234567", 9))


def test_body_that_is_longer_than_announced_is_another_object() -> None:
    """Nothing to resume: what was announced is not what is sent."""
    with pytest.raises(MovedError, match="http://h/a is longer than the 7 bytes"):
        read(body(b"01234567", 7))


@pytest.mark.parametrize("skip", [1, 7, 8])
def test_leading_bytes_are_skipped(skip: int) -> None:
    """For a server that cannot begin further on."""
    assert read(body(b"01234567", 8, skip)) == b"01234567"[skip:]


def test_body_that_ends_before_what_is_skipped_is_an_error() -> None:
    """Not an endless wait."""
    with pytest.raises(RepoError):
        read(body(b"0123", 8, 6))
    assert read(body(b"0123", None, 6)) == b""
