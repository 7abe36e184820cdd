"""Runs a command of the operator on a leash.

The command has its own session and process group, none of our descriptors, no terminal and no
input. Its exit is that of its own process: what it leaves running is neither waited for nor
ended, and can go on writing to its output. Over its time it is ended with everything in its
group, and so it is when the work is interrupted.

A gate stands before it: a shell that waits for a line on its input and then becomes the command.
So the process group is on record before the command does anything, and if we die before that,
the command never begins. (Forking by hand would do too, but ``subprocess`` forks without copying
our memory and is safe beside threads.)
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from dropship.errors import HookError
from dropship.exec import account, groups
from dropship.exec.output import RUN, Lines
from dropship.exec.run import ProcessGroup, Run

GRACE: Final = 10.0
"""Seconds between TERM and KILL."""

# After KILL only what is stuck in the kernel, or has become another user, is still there.
_STUCK: Final = 5.0
_LOOK: Final = 0.25  # seconds between two looks around
_PIECE: Final = 64 << 10
_SHELL: Final = "/bin/sh"
_GATE: Final = 'IFS= read -r dropship_gate && exec "$@" </dev/null'
# In the background, where a shell gives a command no input of its own unless by another number.
_DRAIN: Final = "exec 3<&0; cat <&3 >/dev/null 2>&1 &"


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: ``cwd`` None is the agent's own folder, ``user`` empty its own account."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: str | None = None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a command ended; ``signal`` is the one that killed it, ``status`` None then."""

    status: int | None = None
    signal: int | None = None
    timed_out: bool = False

    @property
    def good(self) -> bool:
        """It said that all is well, in time."""
        return self.status == 0 and not self.timed_out

    def __str__(self) -> str:
        if self.timed_out:
            return "took too long and was ended"
        if self.signal is not None:
            return f"was killed by {_signal_name(self.signal)}"
        return f"exited with status {self.status}"


def execute(command: Command, run: Run) -> Exit:
    """Run a command to its end, attentively.

    Raises:
        HookError: It could not be started.
        InterruptedByStop: The watch said so; the command and its group are ended by then.
    """
    running = _start(command, run)
    try:
        running.begin(run)
        timed_out = _followed(running, run)
    except BaseException:
        _end(running)
        raise
    finally:
        running.close()
    return _exit(running.process.returncode, timed_out=timed_out)


def _followed(running: _Running, run: Run) -> bool:
    """Wait for the command's exit; True if its time was over and it had to be ended."""
    deadline = time.monotonic() + run.timeout.seconds
    while not running.exited():
        run.watch.look()
        left = deadline - time.monotonic()
        if left <= 0:
            _end(running, run)
            return True
        running.pump(min(left, _LOOK))
    return False


def _end(running: _Running, run: Run | None = None) -> None:
    """TERM to the group, KILL to what is left of it after the grace; reaps the command."""
    kill_at = time.monotonic() + GRACE
    give_up = kill_at + _STUCK
    running.signal(signal.SIGTERM)
    while not running.exited() or groups.alive(running.group):
        if run is not None:
            run.watch.look()
        now = time.monotonic()
        if now >= give_up:
            return
        if now >= kill_at:
            running.signal(signal.SIGKILL)
        running.pump(_LOOK / 2)


@dataclass(slots=True)
class _Running:
    """A command that has been started: our ends of its gate and of its output."""

    process: subprocess.Popen[bytes]
    group: ProcessGroup
    output: int
    lines: Lines
    pidfd: int | None
    ended: bool = field(default=False)

    def begin(self, run: Run) -> None:
        """Open the gate, once the group is on record."""
        run.starting(self.group)
        gate = self.process.stdin
        if gate is not None:
            # A gate that was killed meanwhile shows as the command's exit.
            with suppress(BrokenPipeError):
                gate.write(b"\n")
                gate.flush()

    def exited(self) -> bool:
        return self.process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group.pgid, number)
            os.killpg(self.group.pgid, signal.SIGCONT)

    def pump(self, seconds: float) -> None:
        """Wait for output or the exit, and take what output there is."""
        poll = select.poll()
        if not self.ended:
            poll.register(self.output, select.POLLIN)
        # Not asked anew whether it has exited: if it has since, its pidfd ends the wait at once.
        if self.pidfd is not None and self.process.returncode is None:
            poll.register(self.pidfd, select.POLLIN)
        elif self.pidfd is None:
            seconds = min(seconds, 0.02)  # a kernel that cannot tell of an exit
        for descriptor, _ in poll.poll(seconds * 1000):
            if descriptor == self.output:
                self.take()

    def take(self) -> bool:
        """Read a piece of output; False if there is none just now."""
        try:
            piece = os.read(self.output, _PIECE)
        except BlockingIOError:
            return False
        self.ended = not piece
        self.lines.feed(piece)
        return bool(piece)

    def close(self) -> None:
        """Say the rest of the output; somebody left behind may go on writing."""
        try:
            budget = RUN // _PIECE  # somebody left behind may write faster than we read
            while not self.ended and budget and self.take():
                budget -= 1
            self.lines.close()
            if not self.ended:
                _drain(self.output)
        finally:
            os.close(self.output)
            if self.pidfd is not None:
                os.close(self.pidfd)
            if self.process.stdin is not None:
                with suppress(BrokenPipeError):
                    self.process.stdin.close()


def _start(command: Command, run: Run) -> _Running:
    reading, writing = os.pipe()
    try:
        os.set_blocking(reading, False)
        process = _spawn(command, writing)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return _Running(process, groups.of(process.pid), reading, Lines(run.say), _pidfd(process.pid))


def _spawn(command: Command, output: int) -> subprocess.Popen[bytes]:
    who = account.find(command.user) if command.user else None
    environ = {**command.environ, **(who.environ if who else {})}
    if command.cwd is not None:
        environ["PWD"] = command.cwd
    switch = who if who is not None and who.other else None
    try:
        return subprocess.Popen(
            (_SHELL, "-c", _GATE, "dropship", *command.argv),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=command.cwd,
            env=environ,
            start_new_session=True,
            user=switch.uid if switch else None,
            group=switch.gid if switch else None,
            extra_groups=switch.groups if switch else None,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = f" in {command.cwd}" if command.cwd is not None else ""
        as_user = f" as {command.user}" if command.user else ""
        raise HookError(f"the command cannot be run{where}{as_user}: {reason}") from error


def _drain(output: int) -> None:
    """Leave somebody to read what is still written, for as long as anybody can write.

    Not one of us: a thread or a fork of the worker would cost memory for as long as the daemon
    lives, and the worker's own end would break the daemon's output.
    """
    os.set_blocking(output, True)
    with suppress(OSError):
        subprocess.run(
            (_SHELL, "-c", _DRAIN),
            stdin=output,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            start_new_session=True,
            check=False,
        )


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _exit(returncode: int | None, *, timed_out: bool) -> Exit:
    if returncode is not None and returncode < 0:
        return Exit(signal=-returncode, timed_out=timed_out)
    return Exit(status=returncode, timed_out=timed_out)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
