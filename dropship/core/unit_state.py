"""What ``systemctl show`` says of a unit: how it is, and whether it is the same run as before.

The properties are those of org.freedesktop.systemd1(5), one ``NAME=VALUE`` a line. An older
systemd leaves out those that it does not know: before 232 there is no InvocationID, before 235 no
NRestarts.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

PROPERTIES: Final = (
    "LoadState", "ActiveState", "SubState", "Result", "Type", "NRestarts", "InvocationID",
    "InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic",
    "ExecMainStartTimestampMonotonic", "ExecMainCode", "ExecMainStatus", "User",
)  # fmt: skip
"""What is asked for."""

# A reload is no fall: logrotate may ask for one at any time.
_UP: Final = frozenset({"active", "reloading", "refreshing"})
# CLD_EXITED, CLD_KILLED and CLD_DUMPED of waitid(2).
_EXITED, _KILLED, _DUMPED = 1, 2, 3
# What systemd itself exits with where it cannot run the command (systemd.exec(5), "Process exit codes").
_BEFORE_IT_RAN: Final = {
    200: "CHDIR", 203: "EXEC", 208: "STDIN", 209: "STDOUT", 216: "GROUP", 217: "USER",
    226: "NAMESPACE", 238: "STATE_DIRECTORY", 243: "CREDENTIALS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit at a moment.

    Attributes:
        load: ``loaded``, or why there is no such unit: ``not-found``, ``masked``, ``bad-setting``.
        active, sub: ``active`` and ``running``, ``failed`` and ``failed``, …
        result: How it ended: ``success``, ``exit-code``, ``signal``, ``timeout``, …
        type: Of a service: ``simple``, ``notify``, ``oneshot``, …; empty of others.
        restarts: How often systemd has restarted it by itself since somebody last started it.
        run: Names the time for which it has been up: another one, if it was started anew.
        begun: When it was last begun to be started, in seconds of ``time.monotonic()``; 0: never.
        started: When its main process was, in seconds of ``time.monotonic()``; 0 if it has none.
        code, status: How its main process ended: as waitid(2) has them; 0 while it runs.
        user: Whose name or number its processes run as; empty if that is root's.
    """

    load: str
    active: str
    sub: str = ""
    result: str = ""
    type: str = ""
    restarts: int = 0
    run: tuple[str, str] = ("", "")
    begun: float = 0.0
    started: float = 0.0
    code: int = 0
    status: int = 0
    user: str = ""

    @classmethod
    def parse(cls, lines: Iterable[str]) -> UnitState:
        """Read what ``systemctl show`` printed; lines that are something else are passed over.

        Raises:
            ValueError: There is no state in it.
        """
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        if not (found.get("LoadState") and found.get("ActiveState")):
            raise ValueError("systemctl did not say how the unit is")
        return cls(
            load=found["LoadState"],
            active=found["ActiveState"],
            sub=found.get("SubState", ""),
            result=found.get("Result", ""),
            type=found.get("Type", ""),
            restarts=_number(found.get("NRestarts", "")),
            run=(found.get("InvocationID", ""), found.get("ActiveEnterTimestampMonotonic", "")),
            begun=_number(found.get("InactiveExitTimestampMonotonic", "")) / 1e6,
            started=_number(found.get("ExecMainStartTimestampMonotonic", "")) / 1e6,
            code=_number(found.get("ExecMainCode", "")),
            status=_number(found.get("ExecMainStatus", "")),
            user=found.get("User", ""),
        )

    @property
    def up(self) -> bool:
        """It is active, a reload included; what only begins or ends is not."""
        return self.active in _UP

    @property
    def missing(self) -> bool:
        """There is no such unit, or none that can be started."""
        return self.load != "loaded" and not self.up

    @property
    def ended(self) -> bool:
        """It is a command that has done its work, and does not stay active afterwards."""
        return self.type == "oneshot" and self.active == "inactive"

    def __str__(self) -> str:
        """``failed (exit-code, status 3)``."""
        more = [self.sub] if self.sub != self.active else []
        if self.result != "success":
            more += [self.result, self._last_words()]
        said = ", ".join(one for one in more if one)
        return f"{self.active} ({said})" if said else self.active

    def _last_words(self) -> str:
        if self.code in (_KILLED, _DUMPED):
            return _signal_name(self.status)
        if self.code != _EXITED or not self.status:
            return ""
        named = _BEFORE_IT_RAN.get(self.status)
        return f"status {self.status}/{named}" if named else f"status {self.status}"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
