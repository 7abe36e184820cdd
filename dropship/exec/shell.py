"""How a line of shell text becomes a command."""

from __future__ import annotations

import shutil
from collections.abc import Mapping


def argv(command: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The command by ``bash -c``, or by ``sh -c`` where there is no bash."""
    bash = shutil.which("bash", path=environ.get("PATH"))
    return (bash or "/bin/sh", "-c", command)
