"""The table of built-in backends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropship.plugins import BUILT_IN, Kind

_PATH = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
_CLIENTS = {"boto3", "botocore", "requests", "urllib3", "http.client", "ssl", "importlib.metadata"}


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.name.lower())
def test_backends_are_loaded_for_their_options_without_any_client(kind: Kind) -> None:
    """What only reads a configuration, such as ``validate``, pays for no client of a store."""
    program = (
        "import sys\n"
        "from dropship.plugins import BUILT_IN, Kind, find\n"
        f"found = [find(Kind.{kind.name}, name).Options for name in BUILT_IN[Kind.{kind.name}]]\n"
        "print(len(found), *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": _PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    count, *modules = done.stdout.split()
    assert int(count) == len(BUILT_IN[kind])
    assert not _CLIENTS & set(modules)
