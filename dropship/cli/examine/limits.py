"""How many files the agent may have open: two for each service, and what an update takes."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dropship.cli.examine.finding import Finding, ok, warning
from dropship.cli.examine.ground import Ground
from dropship.errors import StateError
from dropship.state.lock import agent_pid

_CHECK: Final = "limits"
_EACH: Final = 2
# Of the supervisor itself, of callers at its socket, of an unpacker.
_BESIDES: Final = 256
_LINE: Final = re.compile(r"^Max open files +(\w+)", re.MULTILINE)


def findings(ground: Ground) -> Iterator[Finding]:
    """Look at the limit of the agent that runs, of the unit that would start it, or of this process."""
    limit, whose = _limit(ground)
    yield judged(limit, whose, ground.services)


def _limit(ground: Ground) -> tuple[int | None, str]:
    """The limit, None if there is none, and whose it is."""
    try:
        pid = agent_pid(ground.config.run_path) if ground.config else None
        if pid is not None:
            match = _LINE.search(Path(f"/proc/{pid}/limits").read_text(encoding="ascii"))
            if match:
                return _number(match[1]), f"the agent (process {pid})"
    except (OSError, StateError):
        pass  # then what it would have
    if ground.by_unit and ground.unit and (said := ground.unit.get("LimitNOFILESoft")):
        return _number(said), "the agent's unit"
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (None if soft == resource.RLIM_INFINITY else soft), "this process"


def _number(said: str) -> int | None:
    return int(said) if said.isdecimal() else None


def judged(limit: int | None, whose: str, services: int) -> Finding:
    """Whether that is enough for so many services."""
    least = _BESIDES + _EACH * services
    words = f"open files: {'no limit' if limit is None else limit}, of {whose}"
    if limit is not None and limit < least:
        return warning(
            _CHECK,
            f"{words}; {least} are wanted for {services} services",
            "nofile",
            cure="raise LimitNOFILE of the unit, or ulimit -n of who starts the agent",
        )
    return ok(_CHECK, words, "nofile")
