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
import re
import resource
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from dropship.core.watch import Watch
from dropship.errors import HookError
from dropship.exec import account, groups
from dropship.exec.leftover import drain, unread
from dropship.exec.output import Lines
from dropship.exec.run import ProcessGroup, Run

GRACE: Final = 10.0
"""Seconds between TERM and KILL."""

# After KILL only what is stuck in the kernel, or has become another user, is still there.
_STUCK: Final = 5.0
_LOOK: Final = 0.25  # seconds between two looks around
_PIECE: Final = 64 << 10
# As long as it is said: each byte may be a line of the log, and take a tenth of a millisecond.
_SAID_PIECE: Final = 4 << 10
_SHELL: Final = "/bin/sh"
# Other shells drop variables that they could not name themselves; -p: nothing of what these say
# to a bash is heeded by the gate.
_KEEPING_SHELL: Final = ("/bin/bash", "-p")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GATE: Final = (
    'ulimit -S -n "$1" 2>/dev/null; shift; IFS= read -r dropship_gate && exec "$@" </dev/null'
)
# As whoever started us wanted it: a worker's own limit is none of its commands'.
_FILES: Final = resource.getrlimit(resource.RLIMIT_NOFILE)[0]


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
        timed_out = _led(running, run)
        running.finish(run.watch)
    finally:
        running.close()
    return _exit(running.process.returncode, timed_out=timed_out)


def _led(running: _Running, run: Run) -> bool:
    """From its gate to its exit; True if it had to be ended.

    Whatever breaks out of that ends it, too.
    """
    try:
        running.begin(run)
        return _followed(running, run)
    except BaseException:
        _end(running)
        running.finish(None)
        raise


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
        running.pump_for(_LOOK / 2)
    groups.sweep(running.group)


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

    def pump_for(self, seconds: float) -> None:
        """Take output for a while, less only if it exits."""
        until = time.monotonic() + seconds
        over = self.exited()
        while (left := until - time.monotonic()) > 0 and self.exited() == over:
            self.pump(left)

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

    def take(self) -> int:
        """Read a piece of output; how long it was, 0 if there is none just now."""
        try:
            piece = os.read(self.output, _PIECE if self.lines.over else _SAID_PIECE)
        except BlockingIOError:
            return 0
        self.ended = not piece
        self.lines.feed(piece)
        return len(piece)

    def finish(self, watch: Watch | None) -> None:
        """Say what was written up to now: somebody left behind may write faster than we can say."""
        left = unread(self.output)
        while left > 0:
            if watch is not None:
                watch.look()
            count = self.take()
            left = left - count if count else 0

    def close(self) -> None:
        """Give back descriptors, and the output to whoever reads the rest of it."""
        try:
            self.lines.close()
            if not self.ended:
                drain(self.output)
        finally:
            os.close(self.output)
            if self.pidfd is not None:
                os.close(self.pidfd)
            if self.process.stdin is not None:
                with suppress(BrokenPipeError):
                    self.process.stdin.close()


def _start(command: Command, run: Run) -> _Running:
    try:
        reading, writing = _pipe()
    except OSError as error:
        raise _refused(command, error) from error
    try:
        process = _spawn(command, writing)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    group = replace(groups.of(process.pid), output=os.fstat(reading).st_ino)
    return _Running(process, group, reading, Lines(run.say), _pidfd(process.pid))


def _pipe() -> tuple[int, int]:
    """Our end of a command's output, and the command's own.

    That one can read, too: so somebody always can, and if we die a command in the middle of its
    work is not ended by SIGPIPE for a word. It can write on until the pipe is full; by then our
    successor listens (``leftover``).
    """
    reading, writing = os.pipe()
    try:
        os.set_blocking(reading, False)
        return reading, os.open(f"/proc/self/fd/{writing}", os.O_RDWR | os.O_CLOEXEC)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)


def _spawn(command: Command, output: int) -> subprocess.Popen[bytes]:
    who = account.find(command.user) if command.user else None
    environ = {**command.environ, **(who.environ if who else {})}
    if command.cwd is not None:
        environ["PWD"] = command.cwd
    switch = who if who is not None and who.other else None
    try:
        if switch is not None:
            os.fchown(output, switch.uid, -1)  # else it could not open /dev/stderr by name
        return subprocess.Popen(
            (*_shell(environ), "-c", _GATE, "dropship", _limit(), *command.argv),
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
        raise _refused(command, error) from error


def _refused(command: Command, error: OSError | ValueError) -> HookError:
    reason = getattr(error, "strerror", None) or str(error)
    where = f" in {command.cwd}" if command.cwd is not None else ""
    as_user = f" as {command.user}" if command.user else ""
    return HookError(f"the command cannot be run{where}{as_user}: {reason}")


def _shell(environ: Mapping[str, str]) -> tuple[str, ...]:
    """One that hands every variable on."""
    if all(map(_NAME.fullmatch, environ)) or not os.access(_KEEPING_SHELL[0], os.X_OK):
        return (_SHELL,)
    return _KEEPING_SHELL


def _limit() -> str:
    return "unlimited" if _FILES == resource.RLIM_INFINITY else str(_FILES)


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
