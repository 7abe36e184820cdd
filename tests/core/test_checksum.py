"""Digests that stores keep in their own ways."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.checksum import Algorithm, Parts, PartsDigester, computable, digester
from dropship.core.values import Md5

# Of the nine digits, as catalogues of CRCs give them; the others as their standards' own tests do.
KNOWN: dict[Algorithm, tuple[bytes, str]] = {
    "crc32": (b"123456789", "cbf43926"),
    "crc32c": (b"123456789", "e3069283"),
    "crc64nvme": (b"123456789", "ae8b14860a799888"),
    "md5": (b"abc", "900150983cd24fb0d6963f7d28e17f72"),
    "sha1": (b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
}


@pytest.mark.parametrize("algorithm", KNOWN)
def test_checksum_is_the_one_that_everybody_knows(algorithm: Algorithm) -> None:
    """However the bytes come."""
    if not computable(algorithm):
        pytest.skip(f"awscrt, which has {algorithm}, is not installed")
    data, wanted = KNOWN[algorithm]
    for size in (1, 2, len(data)):
        one = digester(algorithm)
        assert one is not None
        for begin in range(0, len(data), size):
            one.update(memoryview(data[begin : begin + size]))
        assert one.hexdigest() == wanted


@given(st.binary(max_size=300), st.lists(st.integers(0, 60)), st.integers(1, 100), st.booleans())
def test_digest_of_parts_is_that_of_their_digests(
    data: bytes, sizes: list[int], step: int, raw: bool
) -> None:
    """Wherever the pieces that come are cut."""
    sizes = [*sizes, max(0, len(data) - sum(sizes))]
    data = data.ljust(sum(sizes), b"x")
    cuts = [sum(sizes[:index]) for index in range(len(sizes))]
    hashes = [
        hashlib.md5(data[cut : cut + size], usedforsecurity=False)
        for cut, size in zip(cuts, sizes, strict=True)
    ]
    joined = b"".join(one.digest() if raw else one.hexdigest().encode() for one in hashes)
    wanted = hashlib.md5(joined, usedforsecurity=False).hexdigest()
    one = PartsDigester(Parts(tuple(sizes), Md5(wanted), "raw" if raw else "hex"))
    for begin in range(0, len(data), step):
        one.update(memoryview(data[begin : begin + step]))
    assert one.hexdigest() == wanted
    one.update(memoryview(b"more"))
    assert one.hexdigest() != wanted
