"""The md5 of the md5s of parts, computed while the bytes go by."""

from __future__ import annotations

import hashlib

import pytest

from dropship.core.checksum import Parts
from dropship.core.parts import PartsDigester
from dropship.core.values import Md5


def md5(data: bytes) -> str:
    """In hex."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    "pieces", [(), (b"",), (b"abc",), (b"abc", b"de"), (b"", b"abc", b"", b"d", b"", b"")]
)
@pytest.mark.parametrize("step", [1, 2, 100])
def test_parts_come_to_the_same_however_the_bytes_come(
    pieces: tuple[bytes, ...], step: int
) -> None:
    """Empty parts count, wherever they are."""
    combined = md5("".join(map(md5, pieces)).encode())
    digester = PartsDigester(Parts(tuple(map(len, pieces)), Md5(combined), "hex"))
    data = b"".join(pieces)
    for at in range(0, len(data), step):
        digester.update(memoryview(data[at : at + step]))
    assert digester.hexdigest() == combined
    assert digester.hexdigest() == combined


def test_bytes_behind_the_last_part_spoil_it() -> None:
    """They belong to no part that was promised."""
    combined = md5(md5(b"a").encode())
    digester = PartsDigester(Parts((1,), Md5(combined), "hex"))
    digester.update(memoryview(b"a"))
    assert digester.hexdigest() == combined
    digester.update(memoryview(b"b"))
    assert digester.hexdigest() != combined
