"""Which lock stands in where a configuration names none: chosen once, then kept.

Turns on this host alone; but where the Go tool worked there is a Consul agent, and turns were always
taken at it. An agent that first needs a lock looks for one. What it finds is kept in the agent's
folder for locks: a Consul that does not answer tomorrow must not silently turn into no turns at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from dropship.errors import LockError

NAME: Final = "default.json"
"""The file in the agent's folder for locks."""

FILE: Final = "file"
CONSUL: Final = "consul"


class Choice(NamedTuple):
    """What stands in: its type; of Consul also where it was, unless it was at its usual address."""

    type: str
    address: str = ""


def chosen(folder: Path) -> Choice | None:
    """What was chosen; None if nothing was yet, or we may not know.

    Raises:
        LockError: What stands there makes no sense.
    """
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
        import json  # noqa: PLC0415 - most hosts have chosen nothing

        said = json.loads(text)
        found = Choice(said["type"], said.get("address", ""))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _senseless(path) from error
    if found.type not in (FILE, CONSUL) or not isinstance(found.address, str):
        raise _senseless(path)
    return found


def _senseless(path: Path) -> LockError:
    return LockError(
        f"{path} does not say where turns are taken",
        cure="define a lock, or remove the file to have it chosen again",
    )
