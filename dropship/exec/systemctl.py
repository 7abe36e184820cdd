"""Asks systemd for something by its own command, systemctl(1), on the leash.

Owns how it is called, and what it means where systemd cannot be asked at all. What is wanted of
the unit, and whether its state is good enough, is the caller's.
"""

from __future__ import annotations

import pwd
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from dropship.core.unit_name import UnitName
from dropship.core.unit_state import PROPERTIES, UnitState
from dropship.core.values import Duration
from dropship.errors import HookError
from dropship.exec import leash
from dropship.exec.run import Run

ASIDE: Final = Duration.of(5)
"""For whatever is asked besides what is wanted: why it failed, what the journal has."""

_LINES: Final = 10  # of the journal that are told
_ABSENT: Final = "use script hooks and checks where systemd does not run"
_DENIED: Final = "run the agent as root, or allow it by a rule of polkit"
_ENDING: Final = frozenset({"stop", "restart", "try-restart"})
# In front of, and behind, what systemctl really has to say.
_BESIDES: Final = ("Warning: ", "See ", "Hint: ")


@dataclass(frozen=True, slots=True)
class Answer:
    """How systemctl ended, and what it said."""

    exit: leash.Exit
    lines: tuple[str, ...]

    @property
    def said(self) -> str:
        """The sentence that matters, without its full stop; empty if there is none."""
        told = [line for line in self.lines if line and not line.startswith(_BESIDES)]
        return told[0].partition(" See ")[0].rstrip(".") if told else ""


def words(action: str, unit: UnitName) -> tuple[str, ...]:
    """The command line that asks for something.

    The end of the agent's own unit is not waited for: it comes only when the update is over that
    would wait for it here. A reload does not wait for updates.
    """
    aside = ("--no-block",) if action in _ENDING and _own(unit) else ()
    return ("systemctl", "--no-ask-password", *aside, action, unit.text)


def ask(argv: tuple[str, ...], run: Run, *, aloud: bool = False) -> Answer:
    """Call systemctl; ``aloud`` says its output as that of any command is said.

    Raises:
        HookError: There is no systemctl, no systemd that it could ask, or no permission to.
    """
    lines: list[str] = []

    def heard(line: str) -> None:
        lines.append(line)
        if aloud:
            run.say(line)

    ended = leash.execute(_command(argv, run), replace(run, say=heard))
    answer = Answer(ended, tuple(lines))
    _heeded(answer)
    return answer


def state(unit: UnitName, run: Run) -> UnitState:
    """How a unit is, by one ``systemctl show``.

    Raises:
        HookError: That cannot be known, or took too long.
    """
    answer = ask(("systemctl", "show", "-p", ",".join(PROPERTIES), "--", unit.text), run)
    if answer.exit.timed_out:
        raise HookError(f"systemctl show {unit} took longer than {run.timeout} and was ended")
    if not answer.exit.good:
        raise HookError(f"systemctl show {unit} {answer.exit}: {answer.said}".removesuffix(": "))
    try:
        return UnitState.parse(answer.lines)
    except ValueError as error:
        raise HookError(f"{unit}: {error}") from error


def absence(unit: UnitName, found: UnitState) -> HookError:
    """What is wrong where there is no such unit."""
    if found.load == "not-found":
        cure = "if its file is there, run systemctl daemon-reload"
        return HookError(f"there is no unit {unit} on this host", cure=cure)
    if found.load == "masked":
        return HookError(f"the unit {unit} is masked", cure=f"systemctl unmask {unit}")
    message = f"the unit {unit} cannot be loaded ({found.load})"
    return HookError(message, cure=f"systemd-analyze verify {unit}")


def tell(unit: UnitName, user: str, since: float | None, run: Run) -> None:
    """Say the last lines that a unit has in the journal, from ``since`` (seconds of the epoch) on.

    By time, not by the ID of an invocation: journald does not always know it any more of a process
    that died at once. Nor does it know the unit then, but what systemd says in the process that is
    to become the command names it; that may be the unit's ``user`` already. Nothing is said where
    the journal cannot be read; who is not root may see none of it.
    """
    deadline = time.monotonic() + run.timeout.seconds
    # What a process wrote before it died may be on its way to the journal; only root can wait.
    _journal(("--sync",), run)
    left = Duration.of(deadline - time.monotonic())
    if left.nanoseconds > 0:
        lately = ("--since", f"@{since:.6f}") if since is not None else ()
        # systemd.journal-fields(7); "+" is an or, and so is a field that is there twice.
        ours = (f"_SYSTEMD_UNIT={unit}", "+", f"UNIT={unit}", "_UID=0", *_by(user))
        words = ("-n", str(_LINES), *lately, *ours)
        for line in _journal(words, replace(run, timeout=left)):
            # What systemd itself says of a unit mostly begins with the name already.
            run.say(line if line.startswith(f"{unit}: ") else f"{unit}: {line}")


def _by(user: str) -> tuple[str, ...]:
    try:
        return (f"_UID={user if user.isdecimal() else pwd.getpwnam(user).pw_uid}",) if user else ()
    except KeyError:
        return ()  # one that there was only while the unit ran (DynamicUser= of systemd.exec(5))


def _journal(words: tuple[str, ...], run: Run) -> list[str]:
    lines: list[str] = []
    command = leash.Command(("journalctl", "-q", "-o", "cat", *words), run.environ)
    ended = leash.execute(command, replace(run, say=lines.append))
    return lines if ended.good else []


def _command(argv: tuple[str, ...], run: Run) -> leash.Command:
    found = shutil.which(argv[0], path=run.environ.get("PATH"))
    if found is None:
        raise HookError("there is no systemctl on this host", cure=_ABSENT)
    return leash.Command((found, *argv[1:]), run.environ)


def _heeded(answer: Answer) -> None:
    """What has nothing to do with the unit.

    In a chroot systemctl does nothing and says that this went well.
    """
    said = answer.said
    if "booted with systemd" in said or said.startswith("Running in chroot"):
        raise HookError("systemd does not run on this host", cure=_ABSENT)
    if answer.exit.good:
        return
    if said.startswith("Failed to connect to bus"):
        raise HookError(f"systemd cannot be asked: {said}", cure=_ABSENT)
    if said.endswith(("authentication required", "Access denied", "Permission denied")):
        raise HookError(f"systemd does not allow it: {said}", cure=_DENIED)


def _own(unit: UnitName) -> bool:
    """Whether this process belongs to the unit (cgroups(7), /proc/PID/cgroup)."""
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(unit.text in line.split("/") for line in groups.splitlines())
