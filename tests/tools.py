"""Programs of the machine that tests run."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(*names: str) -> str:
    """The path of the first of some programs that is there.

    Where none is, the test is skipped by the name of the first, and fails in CI.
    """
    for name in names:
        if path := shutil.which(name):
            return path
    words = f"{names[0]} is not installed: .ci/run has the list of packages"
    if os.environ.get("DROPSHIP_REQUIRE_SERVERS") == "1":
        pytest.fail(words)
    pytest.skip(words)
