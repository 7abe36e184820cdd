"""Which layers of its sandbox the unpacker can have on this host: one is started on nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from dropship.core.entry import Rules
from dropship.install.plan import Plan
from dropship.install.sandbox import LAYERS
from dropship.install.unpacker import Unpacker

_SECONDS: Final = 10.0


def words() -> str:
    """A sentence for the log: the layers that are there, and those that are not.

    Raises:
        OSError: There can be no folder for temporary files, or no process.
        StageError: The unpacker died.
    """
    active = layers()
    # Another user is a matter of the artifact, not of the host.
    missing = [name for name in LAYERS if name not in (*active, "user")]
    said = f"the unpacker is locked up by {', '.join(active) or 'nothing'}"
    return f"{said}; not to be had here: {', '.join(missing)}" if missing else said


def layers() -> tuple[str, ...]:
    """The layers that are there.

    Raises:
        OSError, StageError: As ``words``.
    """
    with tempfile.TemporaryDirectory(prefix="dropship-") as folder:
        plan = Plan(
            folder=Path(folder),
            said="file",
            config_type="",
            store_type="",
            name="nothing",
            rules=Rules(),
            file_mode=0o600,
            umask=0o077,
            seconds=_SECONDS,
        )
        with Unpacker(plan) as unpacker:
            unpacker.close_input()
            while not unpacker.ended and unpacker.wait(_SECONDS):
                pass
            unpacker.result()
            return unpacker.layers
