"""Runs the program in a fork of a warm process, and kills or fails it at a named system call.

Reads one request a line from standard input and answers with one line: ``fork`` of a process that
has imported the whole program costs milliseconds, where starting it costs most of a second. What
runs in the fork is the program's own ``main`` and the kernel's own calls. A filter lets the kernel
stop it at the calls that change the disk and nowhere else; a call that is killed or failed there
has not begun.

A point is (process, call, occurrence): the process by the order in which they first change
anything, the occurrence counted within it. Programs that a process executes (hooks) do not count.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pkgutil
import signal
import struct
import sys
from collections import Counter
from typing import Any, Final

from tests.faults.calls import CALLS, Call, changed

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_LIBC.ptrace.restype = ctypes.c_long
_TRACEME, _CONT, _GETREGS, _SETREGS, _SETOPTIONS = 0, 7, 12, 13, 0x4200
_EXEC, _SECCOMP = 4, 7
# Forks of all kinds, exec, the filter; and nobody outlives the tracer.
_OPTIONS: Final = 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
_ALL: Final = 0x40000000
_RAX, _ORIG_RAX = 10, 15
_ARGUMENTS: Final = (14, 13, 12, 7, 9, 8)
_DEADLINE: Final = 120
_PATIENCE: Final = 3
"""Seconds after which a run whose disk fails from some point on is killed."""


class Filter(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _ptrace(request: int, tid: int, address: Any = None, data: Any = None) -> None:
    if _LIBC.ptrace(request, tid, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _filtered() -> None:
    """From here on the kernel asks the tracer before each of the calls."""
    numbers = list(CALLS)
    code = struct.pack("=HBBI", 0x20, 0, 0, 0)
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        code += struct.pack("=HBBI", 0x15, left, 0, number)
    code += struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000) + struct.pack(
        "=HBBI", 0x06, 0, 0, 0x7FF00000
    )
    held = ctypes.create_string_buffer(code)
    program = Filter(len(code) // 8, ctypes.addressof(held))
    if os.geteuid() != 0:
        _LIBC.prctl(38, 1, 0, 0, 0)
    if _LIBC.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter")


class Trace:
    """One run of the program under a plan."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._folder = request["folder"] + "/"
        self._plan = request.get("plan")
        self._points: list[tuple[int, str, int, str]] = []
        self._struck = 0
        self._seen: Counter[tuple[int, str]] = Counter()
        self._order: dict[int, int] = {}
        self._executed: set[int] = set()
        self._known: set[int] = set()
        self._root = _fork(request)

    def follow(self) -> dict[str, Any]:
        """Until every process of it has ended."""
        code = -1
        signal.signal(signal.SIGALRM, lambda *_: [os.kill(one, 9) for one in self._known])
        signal.alarm(_DEADLINE)
        while True:
            try:
                tid, status = os.waitpid(-1, _ALL)
            except ChildProcessError:
                break
            if os.WIFSTOPPED(status):
                self._stopped(tid, status)
                continue
            self._known.discard(tid)
            if tid == self._root:
                code = os.waitstatus_to_exitcode(status)
        stuck = signal.alarm(0) == 0
        return {"code": code, "points": self._points, "struck": self._struck, "stuck": stuck}

    def _stopped(self, tid: int, status: int) -> None:
        number, event = os.WSTOPSIG(status), status >> 16
        try:
            if tid not in self._known:
                self._known.add(tid)
                number = 0
                if tid == self._root:
                    _ptrace(_SETOPTIONS, tid, None, _OPTIONS)
            elif event == _SECCOMP:
                self._asked(tid)
            elif event == _EXEC:
                self._executed.add(tid)
            _ptrace(_CONT, tid, None, 0 if event else number)
        except ProcessLookupError:
            return  # it was killed

    def _asked(self, tid: int) -> None:
        registers = (ctypes.c_ulong * 27)()
        _ptrace(_GETREGS, tid, None, ctypes.byref(registers))
        call = CALLS.get(registers[_ORIG_RAX])
        process = _process(tid)
        if call is None or process in self._executed:
            return
        path = changed(call, tid, tuple(registers[one] for one in _ARGUMENTS))
        if path is None or not (path + "/").startswith(self._folder):
            return
        if self._planned(self._note(process, call, path)):
            self._struck += 1
            if self._plan["times"] == 0 and self._struck == 1:
                signal.alarm(_PATIENCE)  # what waits for room would wait for ever
            number = self._plan["errno"]
            if number == 0:
                os.kill(process, signal.SIGKILL)
                return
            registers[_ORIG_RAX], registers[_RAX] = ctypes.c_ulong(-1).value, (1 << 64) - number
            _ptrace(_SETREGS, tid, None, ctypes.byref(registers))

    def _note(self, process: int, call: Call, path: str) -> tuple[int, str, int]:
        order = self._order.setdefault(process, len(self._order))
        self._seen[order, call.name] += 1
        point = (order, call.name, self._seen[order, call.name])
        self._points.append((*point, path.removeprefix(self._folder)))
        return point

    def _planned(self, point: tuple[int, str, int]) -> bool:
        """``times``: so often at this call of this process; 0 for everything from there on."""
        if self._plan is None:
            return False
        process, name, first = self._plan["point"]
        times = self._plan["times"]
        if times == 0 and self._struck:
            return True
        if point[:2] != (process, name):
            return False
        return first <= point[2] < first + max(times, 1)


def _process(tid: int) -> int:
    with open(f"/proc/{tid}/status", encoding="ascii") as file:  # noqa: PTH123 - at every call
        return next(int(line.split()[1]) for line in file if line.startswith("Tgid:"))


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        null, output = os.open("/dev/null", os.O_RDONLY), os.open(request["output"], 0o1101, 0o600)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environ"])
        _filtered()
        _ptrace(_TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        from dropship.cli.main import run  # noqa: PLC0415 - imported long ago

        code = run(request["argv"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _warm() -> None:
    import dropship  # noqa: PLC0415 - the program, not the tracer's part

    for module in pkgutil.walk_packages(dropship.__path__, "dropship."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def main() -> None:
    """Serve until the requests end."""
    _warm()
    for line in sys.stdin:
        print(json.dumps(Trace(json.loads(line)).follow()), flush=True)


if __name__ == "__main__":
    main()
