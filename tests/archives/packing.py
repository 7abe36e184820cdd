"""Compressing and packing for tests, by libraries and by the real tools."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

import pytest

if sys.version_info >= (3, 14):
    from compression import zstd as library
else:
    from backports import zstd as library


def zstd(content: bytes, **parameters: Any) -> bytes:
    """As ``zstd`` does it, with its check sum; parameters by their names in the library."""
    options: dict[int, int] = {library.CompressionParameter.checksum_flag: 1}
    for name, value in parameters.items():
        options[library.CompressionParameter[name]] = value
    compressor = library.ZstdCompressor(options=options)
    return compressor.compress(content) + compressor.flush()


def needed(tool: str) -> str:
    """A program's path; where it is missing the test is skipped by its name, in CI it fails."""
    path = shutil.which(tool)
    if path is None:
        words = f"{tool} is not installed: .ci/run has the list of packages"
        if os.environ.get("DROPSHIP_REQUIRE_SERVERS") == "1":
            pytest.fail(words)
        pytest.skip(words)
    return path
