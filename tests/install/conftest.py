"""What tests of the install engine share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.install.remove import remove

NOBODY = 65534


@pytest.fixture
def users_folder() -> Iterator[Path]:
    """A folder that belongs to an ordinary user, who can also reach it (pytest's are 0700)."""
    folder = Path(tempfile.mkdtemp(prefix="dropship-test-"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    remove(folder)  # tests leave folders that protect themselves
