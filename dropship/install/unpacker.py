"""The worker's end of the unpacker: fork it, feed it, hear it, and never leave it behind.

The child is forked by hand from a process with one thread, with everything it needs imported.
Its process number stands in a file beside its folder, so that a sweep after the worker's death
can make sure that it is gone before its folder is deleted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import time
import traceback
from pathlib import Path
from typing import Final

from dropship.errors import NoSpaceError, StageError
from dropship.install.plan import LINE_MAX, Plan, Report, Word
from dropship.install.unpack import child
from dropship.linux import namespaces, pidfd

_F_SETPIPE_SZ: Final = 1031  # <linux/fcntl.h>; fcntl.F_SETPIPE_SZ is there from Python 3.10 on
_PIPE_BYTES: Final = 1 << 20
_CRASHED: Final = 70  # EX_SOFTWARE
_ENDED_SECONDS: Final = 10.0
_WORDS_KEPT: Final = 4096

PID_SUFFIX: Final = ".pid"


class Unpacker:
    """A running unpacker. Use it in a ``with``: on the way out it is ended and reaped.

    Attributes:
        layers: Of its sandbox, as it said itself.
        entries: Members unpacked so far.
        size: Length of the contents unpacked so far.
    """

    def __init__(self, plan: Plan) -> None:
        """Fork it.

        Raises:
            OSError: No process or pipe was to be had.
        """
        self.layers: tuple[str, ...] = ()
        self.entries = 0
        self.size = 0
        self._final: Report | None = None
        self._line = b""
        self._other = b""
        self._status: int | None = None
        self._pid, self._data, self._reports = _fork(plan)
        self._note = plan.folder.with_name(plan.folder.name + PID_SUFFIX)
        try:
            self._note.write_text(f"{self._pid} {pidfd.started(self._pid)}\n", encoding="ascii")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Unpacker:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close_input()
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._reap()
        self._see_all_gone()
        self._note.unlink(missing_ok=True)

    @property
    def final(self) -> Report | None:
        """Its last word, once it said it."""
        return self._final

    def feed(self, piece: memoryview) -> int:
        """Give it as much as its pipe takes at once; the number of bytes taken.

        What comes after its last word is taken and dropped.

        Raises:
            StageError: It died.
            NoSpaceError: It found the disk full.
        """
        if self._final is not None or self._data < 0:
            return len(piece)
        try:
            return os.write(self._data, piece)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            self.close_input()
            self._hear_out()
            return len(piece)

    def close_input(self) -> None:
        """That was all."""
        if self._data >= 0:
            os.close(self._data)
            self._data = -1

    def wait(self, seconds: float) -> bool:
        """Until it takes more input (or has ended), and hear what it says meanwhile.

        Returns:
            Whether anything happened in time.

        Raises:
            StageError, NoSpaceError: As ``feed``.
        """
        poll = select.poll()
        if self._data >= 0:
            poll.register(self._data, select.POLLOUT)
        if self._reports >= 0:
            poll.register(self._reports, select.POLLIN)
        ready = dict(poll.poll(round(seconds * 1000)))
        if self._reports in ready:
            self._hear()
        return bool(ready)

    @property
    def ended(self) -> bool:
        """It will say no more."""
        return self._reports < 0

    def result(self) -> Report:
        """Its last word, after it ended.

        Raises:
            StageError: It died without one, or after it.
            NoSpaceError: It found the disk full.
        """
        status = self._reap()
        if self._final is None or (status and self._final.word is Word.DONE):
            raise StageError(f"the unpacker {_ending(status)}{self._last_words()}")
        return self._final

    def _see_all_gone(self) -> None:
        """Its second process holds the other end of the pipe for as long as it lives."""
        if self._reports < 0:
            return
        poll = select.poll()
        poll.register(self._reports, select.POLLIN)
        until = time.monotonic() + _ENDED_SECONDS
        while (left := until - time.monotonic()) > 0 and poll.poll(left * 1000):
            if not os.read(self._reports, LINE_MAX):  # else: what it still had to say
                break
        os.close(self._reports)
        self._reports = -1

    def _hear_out(self) -> None:
        """It closed its end: whatever it had to say is in the pipe, and then the pipe ends."""
        while not self.ended:
            self.wait(_ENDED_SECONDS)
        self.result()

    def _hear(self) -> None:
        try:
            said = os.read(self._reports, LINE_MAX)
        except BlockingIOError:
            return
        if not said:
            os.close(self._reports)
            self._reports = -1
            return
        *lines, rest = (self._line + said).split(b"\n")
        self._line = rest[-LINE_MAX:]
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        report = Report.parse(line)
        if report is None:
            self._other = (self._other + line + b"\n")[-_WORDS_KEPT:]
            return
        if report.word is Word.READY:
            self.layers = report.layers
            return
        self.entries, self.size = report.entries or self.entries, report.size or self.size
        if report.word.final:
            self._final = report
            _raise_fault(report)

    def _reap(self) -> int:
        if self._status is None:
            try:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            except ChildProcessError:  # somebody else's SIGCHLD handler was faster
                self._status = 0
        return self._status

    def _last_words(self) -> str:
        words = self._other.decode("utf-8", "replace").split("\n")
        said = next((word.strip() for word in reversed(words) if word.strip()), "")
        return f": {said}" if said else ""


def end_left_over(note: Path) -> bool:
    """End the unpacker whose worker died and left ``note``.

    Returns:
        Whether it is certain that it is gone.
    """
    try:
        pid, start = (int(word) for word in note.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return True  # never written: the kernel ended it with its parent
    return pidfd.kill_and_wait(pid, start, _ENDED_SECONDS)


def _fork(plan: Plan) -> tuple[int, int, int]:
    """The child's pid, the end of the pipe that feeds it, the end of the one it reports on."""
    data, feed = os.pipe2(os.O_CLOEXEC)
    reports, report = os.pipe2(os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # without privileges there is a limit to it
            fcntl.fcntl(feed, _F_SETPIPE_SZ, _PIPE_BYTES)
        pid = _fork_child(plan, data, report)
    except BaseException:
        os.close(feed)
        os.close(reports)
        raise
    finally:
        os.close(data)
        os.close(report)
    os.set_blocking(feed, False)
    os.set_blocking(reports, False)
    return pid, feed, reports


def _fork_child(plan: Plan, data: int, report: int) -> int:
    parent = os.pidfd_open(os.getpid())
    # No handler of the worker's may run in the child.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = namespaces.fork()
        if pid == 0:
            _be_child(plan, data, report, parent)
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(parent)


def _be_child(plan: Plan, data: int, report: int, parent: int) -> None:
    """The rest of the child's life; never returns, whatever happens."""
    status = _CRASHED
    try:
        child(plan, data, report, parent)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the parent's stack may be unwound here
        with contextlib.suppress(BaseException):
            text = traceback.format_exc()
            os.write(2, text.encode("utf-8", "replace")[-_WORDS_KEPT:])
    finally:
        os._exit(status)


def _raise_fault(report: Report) -> None:
    if report.word is Word.NO_SPACE:
        raise NoSpaceError(
            f"there is no room to unpack: {report.message}",
            cure="make room, or keep fewer releases (`keepReleases`)",
        )
    if report.word is Word.FAILED:
        raise StageError(f"the artifact could not be unpacked: {report.message}")


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}" if status else "ended without a word"
