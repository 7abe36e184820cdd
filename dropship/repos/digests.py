"""What computes the checksums that stores keep: hashlib, zlib, and awscrt where it is installed."""

from __future__ import annotations

import hashlib
import importlib
import zlib
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Final

from dropship.core.checksum import Algorithm, Digester


def digester(algorithm: Algorithm) -> Digester | None:
    """A new one; None where this host cannot compute it."""
    if algorithm in _HASHES:
        # hashlib's own word for "not a signature": without it FIPS hosts have no md5.
        return hashlib.new(algorithm, usedforsecurity=False)
    found = _crc(algorithm)
    return _Crc(*found) if found else None


def computable(algorithm: Algorithm) -> bool:
    """Whether this host can compute it."""
    return algorithm in _HASHES or _crc(algorithm) is not None


class _Crc:
    def __init__(self, function: Callable[[memoryview, int], int], digits: int) -> None:
        self._function, self._digits, self._value = function, digits, 0

    def update(self, data: memoryview, /) -> None:
        self._value = self._function(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:0{self._digits}x}"


_HASHES: Final = frozenset({"md5", "sha1", "sha256", "sha512"})
_DIGITS: Final = {"crc32": 8, "crc32c": 8, "crc64nvme": 16}


def _crc(algorithm: Algorithm) -> tuple[Callable[[memoryview, int], int], int] | None:
    """Awscrt has what Python has not, where it is installed."""
    digits = _DIGITS[algorithm]
    if algorithm == "crc32":
        return zlib.crc32, digits
    function = getattr(_awscrt(), algorithm, None)
    return (function, digits) if function else None


@cache
def _awscrt() -> ModuleType | None:
    """Looked for once, when a store is made: a process that runs loads no more code from disk."""
    try:
        return importlib.import_module("awscrt.checksums")
    except ImportError:
        return None
