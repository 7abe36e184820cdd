"""Looking at something in a process of its own, which may hang, die, or become somebody else.

A share whose server is gone keeps a process for ever, whatever signal it is sent: it is left
behind then, and nobody waits for it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from typing import Final

from dropship.agent.fork import Child, fork
from dropship.cli.examine.finding import Finding, failed, warning
from dropship.cli.examine.who import Who
from dropship.linux import process

_AT_ONCE: Final = 8
_PIECE: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be looked at.

    Attributes:
        check, subject: What is told of it where it hangs.
        look: Gives findings, each as soon as it is known.
        seconds: How long it may take in all.
        who: Whose eyes it is looked at with; None: this process's.
        theirs: Another account would see something else.
        rest: What is to be told besides the findings so far, where time was over.
    """

    check: str
    subject: str | None
    look: Callable[[], Iterable[Finding]]
    seconds: float = 20.0
    who: Who | None = None
    theirs: bool = False
    rest: Callable[[Sequence[Finding]], Iterable[Finding]] | None = None


def run(tasks: Sequence[Task], waiting: Callable[[Task], None]) -> Iterator[Finding]:
    """The findings of all tasks, in the order of the tasks; several are looked at at once.

    ``waiting`` hears, again and again, whose findings are waited for.
    """
    running: dict[int, _Aside] = {}
    begun = 0
    try:
        for number, task in enumerate(tasks):
            while True:
                while (
                    begun < len(tasks) and sum(not one.done for one in running.values()) < _AT_ONCE
                ):
                    running[begun] = _Aside(tasks[begun])
                    begun += 1
                if running[number].done:
                    break
                waiting(task)
                _wait([one for one in running.values() if not one.done])
            yield from running[number].findings
    finally:
        for one in running.values():
            one.end()


class _Aside:
    """A task in its process.

    Attributes:
        done: Nothing is to be expected of it any more.
        findings: What came of it so far.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.done = False
        self.findings: list[Finding] = []
        self.until = time.monotonic() + task.seconds
        self.output, theirs = os.pipe2(os.O_CLOEXEC)
        self._heard = bytearray()
        try:
            self._child: Child = fork(
                partial(_look, task, theirs), title="dropship: doctor", keep={theirs}
            )
        finally:
            os.close(theirs)

    def hear(self) -> None:
        """Take what it says."""
        piece = os.read(self.output, _PIECE)
        self._heard += piece
        *lines, rest = self._heard.split(b"\n")
        self._heard = rest
        for line in lines:
            check, state, subject, message, cure = json.loads(line)
            self.findings.append(Finding(check, state, subject, message, cure))
        if not piece:
            self._ended()

    def late(self) -> None:
        """Its time is over."""
        task = self.task
        self.findings += (
            task.rest(self.findings)
            if task.rest
            else [
                failed(
                    task.check,
                    f"took longer than {task.seconds:.0f} s",
                    task.subject,
                    cure="a disk or share that it is on may hang",
                )
            ]
        )
        self.end()

    def end(self) -> None:
        """End it, if it has not by itself."""
        if not self.done:
            with suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGKILL)
            # Who hangs in the kernel does not even die.
            select.select([self._child.pidfd], [], [], 0.5)
            self._reap(os.WNOHANG)

    def _ended(self) -> None:
        status = self._reap(0)
        if status:
            number = os.waitstatus_to_exitcode(status)
            how = signal.Signals(-number).name if number < 0 else f"exit status {number}"
            message = f"it could not be looked at: the process for it ended with {how}"
            self.findings.append(
                failed(
                    self.task.check,
                    message,
                    self.task.subject,
                    cure="run it again with --log-level debug and report it",
                )
            )

    def _reap(self, flags: int) -> int:
        self.done = True
        os.close(self.output)
        os.close(self._child.pidfd)
        with suppress(ChildProcessError):
            return os.waitpid(self._child.pid, flags)[1]
        return 0


def _wait(running: Sequence[_Aside]) -> None:
    """Until one of them says something, or its time is over."""
    left = max(0.0, min(one.until for one in running) - time.monotonic())
    # Somebody may watch how it goes on.
    heard, _, _ = select.select([one.output for one in running], [], [], min(left, 0.2))
    now = time.monotonic()
    for one in running:
        if one.output in heard:
            one.hear()
        elif one.until <= now:
            one.late()


def _look(task: Task, output: int) -> int:
    if task.who is not None:
        task.who.become()
        # Forgotten with the change of user; the parent has not ended meanwhile, or it will.
        process.die_with_parent(os.getppid())
    for one in _seen(task):
        line = json.dumps(astuple(one)).encode() + b"\n"
        while line:
            line = line[os.write(output, line) :]
    return 0


def _seen(task: Task) -> Iterator[Finding]:
    """The findings; what this account may not look at is one, too."""
    try:
        for one in task.look():
            yield _doubted(one, task)
    except ImportError as error:
        cure = "install what python says above"
        yield failed(task.check, f"cannot be looked at: {error}", task.subject, cure=cure)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        message = f"cannot be looked at: {where}{error.strerror or error}"
        cure = "let the agent's user go there"
        yield _doubted(failed(task.check, message, task.subject, cure=cure), task)


def _doubted(one: Finding, task: Task) -> Finding:
    """What is wrong for this account need not be for the agent's."""
    who = task.who
    if who is None or who.reachable or not task.theirs or one.state == "ok":
        return one
    message = f"as uid {os.geteuid()} sees it: {one.message}"
    return warning(one.check, message, one.subject, cure=f"run dropship doctor as {who.name}")
