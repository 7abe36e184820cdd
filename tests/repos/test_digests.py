"""Digests that stores keep in their own ways."""

from __future__ import annotations

import pytest

from dropship.core.checksum import Algorithm
from dropship.repos.digests import computable, digester

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
