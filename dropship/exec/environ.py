"""The environment that the operator's commands run in: the agent's, less what is not theirs."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Mapping
from typing import Final

from dropship.log import Redactor

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where commands are looked for if the agent was started without a PATH."""

# Between systemd and the agent; a command that used them would speak in the agent's name.
_OURS: Final = frozenset({"NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY"})
_OUR_PREFIXES: Final = ("WATCHDOG_", "LISTEN_")
# A secret of so many characters is in no variable by chance.
_TELLING: Final = 8


def cleaned(
    environ: Mapping[str, str], *, secrets: Collection[str] = (), names: Collection[str] = ()
) -> dict[str, str]:
    """``environ`` without secrets and without what is between systemd and the agent.

    ``secrets`` are the values of the configuration's secrets, ``names`` the variables that
    ``env()`` read. A variable that has a secret within its value, plain or encoded, is left out
    too, unless the secret is so short that it may be a word. ``PATH`` and ``HOME`` are always set.
    """
    hidden = {value for value in secrets if value}
    within = Redactor.of(value for value in hidden if len(value) >= _TELLING)
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _OURS
        and not name.startswith(_OUR_PREFIXES)
        and name not in names
        and value not in hidden
        and not within.finds(value)
    }
    return {"PATH": PATH, "HOME": home(os.geteuid()), **_set(kept)}


def _set(environ: Mapping[str, str]) -> dict[str, str]:
    """Without an empty PATH or HOME, which would be as bad as none."""
    return {name: value for name, value in environ.items() if value or name not in {"PATH", "HOME"}}


def home(uid: int) -> str:
    """The home folder of an account; ``/`` for a number without one."""
    try:
        return pwd.getpwuid(uid).pw_dir or "/"
    except KeyError:
        return "/"
