"""Two processes that write one tree: to make files is the kernel's work, which keeps one busy.

Small new files are gathered in slots of memory that both processes see. A full slot goes to the
second one, or is written right here where that one has enough to do: so both end at about the same
time. Everything else is done here, and waits until all is there where it depends on that.

The second process is forked inside the sandbox, before there is any thread; it ends with the
first one. Where there can be no more processes, one does it all.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import mmap
import os
import select
import struct
import traceback
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final, NoReturn

from dropship.archives import Hole, Piece
from dropship.core.entry import Entry, Kind, Place
from dropship.errors import RefusedError, StageError
from dropship.install.tree import Tree, write
from dropship.linux import process

_SMALL_BYTES: Final = 64 << 10
_SLOT_BYTES: Final = 512 << 10
SLOT_FILES: Final = 128
"""Most files in a slot: what no second process is asked to do."""
_SLOTS: Final = 3
"""One that is filled, one that is written out, one so that nobody has to wait."""

_ORDER: Final = struct.Struct("=II")  # the slot, and the length of what is said of its files
_FAILED: Final = b"\xff"  # in place of a slot that is done; what went wrong follows

_File = tuple[bytes, bytes, bytes, int, int | None, int, int]
"""Name in the archive, folder, name in there, mode, time, and where in the slot its contents are."""


class Writers:
    """A tree that is being filled by two."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._memory = memoryview(mmap.mmap(-1, _SLOTS * _SLOT_BYTES))
        self._free = list(range(_SLOTS))
        self._slot = self._free.pop()
        self._files: list[_File] = []
        self._at = 0
        self._second: _Second | None = None
        with contextlib.suppress(OSError):
            self._second = _Second(tree, self._memory)

    def put(self, entry: Entry, place: Place, body: Iterator[Piece]) -> None:
        """As ``Tree.put``, but a failure may be that of an earlier entry.

        Raises:
            StageError: The second process died.
            RefusedError, OSError: As ``Tree.put``.
        """
        if entry.kind is Kind.FILE and not place.again and entry.size <= _SMALL_BYTES:
            self._gather(entry, place, body)
            return
        if place.again or entry.kind is Kind.HARD_LINK:
            self._settle()
        self._tree.put(entry, place, body)

    def finish(self) -> None:
        """As ``Tree.finish``, once all is there.

        Raises:
            StageError, RefusedError, OSError: As ``put``.
        """
        self._settle()
        if self._second is not None:
            self._second.end()
        self._tree.finish()

    def _gather(self, entry: Entry, place: Place, body: Iterator[Piece]) -> None:
        if len(self._files) == SLOT_FILES or self._at + entry.size > _SLOT_BYTES:
            self._turn_over()
        self._tree.reach(entry, place)  # only one of the two may make the folder
        begin = self._at
        slot = _slot(self._memory, self._slot)
        for piece in body:
            if isinstance(piece, Hole):
                before, self._at = bytes(slot[begin : self._at]), begin
                whole = chain((before,) if before else (), (piece,), body)
                self._tree.put(entry, place, whole)
                return
            end = self._at + len(piece)
            slot[self._at : end] = piece
            self._at = end
        folder, name, mode, mtime = place.folder, place.name, place.mode, place.mtime_ns
        self._files.append((entry.name, folder, name, mode, mtime, begin, self._at))

    def _turn_over(self) -> None:
        """Have the slot's files written by whoever has time."""
        if self._second is not None:
            self._free += self._second.done(wait=False)
            if self._free:
                self._second.order(self._slot, self._files)
                self._tree.wrote(self._at)
                self._slot = self._free.pop()
                self._files, self._at = [], 0
                return
        self._write_slot()

    def _write_slot(self) -> None:
        _put_all(self._tree, self._files, _slot(self._memory, self._slot))
        self._files, self._at = [], 0

    def _settle(self) -> None:
        """All that was put is there."""
        self._write_slot()
        while self._second is not None and len(self._free) < _SLOTS - 1:
            self._free += self._second.done(wait=True)


class _Second:
    """The second process, as the first one sees it.

    Raises:
        OSError: There can be no more processes.
    """

    def __init__(self, tree: Tree, memory: memoryview) -> None:
        orders, self._orders = os.pipe2(os.O_CLOEXEC)
        self._answers, answers = os.pipe2(os.O_CLOEXEC)
        first = os.getpid()
        try:
            self._pid = os.fork()
            if self._pid == 0:
                os.close(self._orders)
                os.close(self._answers)
                _be_second(first, tree, memory, orders, answers)
        except OSError:
            os.close(self._orders)
            os.close(self._answers)
            raise
        finally:
            os.close(orders)
            os.close(answers)

    def order(self, slot: int, files: list[_File]) -> None:
        """Have the files in a slot written."""
        said = marshal.dumps(files)
        try:
            write(self._orders, _ORDER.pack(slot, len(said)) + said)
        except BrokenPipeError:
            self.done(wait=True)  # it says why

    def done(self, *, wait: bool) -> bytes:
        """Slots that were written out meanwhile; with ``wait``, at least one.

        Raises:
            StageError: It died.
            RefusedError, OSError: It failed so.
        """
        if not wait:
            poll = select.poll()
            poll.register(self._answers, select.POLLIN)
            if not poll.poll(0):
                return b""
        said = os.read(self._answers, _SLOTS)
        if not said:
            self._died()
        slots, failed, rest = said.partition(_FAILED)
        if failed:
            with os.fdopen(self._answers, "rb") as answers:
                _fail(rest + answers.read())
        return slots

    def end(self) -> None:
        """It has nothing more to do.

        Raises:
            StageError: It died before.
        """
        os.close(self._orders)
        if os.waitpid(self._pid, 0)[1]:
            self._died()

    def _died(self) -> NoReturn:
        raise StageError("the second of its two processes was killed or crashed")


def _slot(memory: memoryview, number: int) -> memoryview:
    return memory[number * _SLOT_BYTES : (number + 1) * _SLOT_BYTES]


def _put_all(tree: Tree, files: Sequence[_File], slot: memoryview) -> None:
    for name, folder, own, mode, mtime, begin, end in files:
        entry, place = Entry(name, Kind.FILE), Place(folder, own, mode, mtime)
        tree.put(entry, place, iter((slot[begin:end],) if begin < end else ()))


# --- the second process -------------------------------------------------------------------------


def _be_second(first: int, tree: Tree, memory: memoryview, orders: int, answers: int) -> NoReturn:
    """Its whole life; never returns, whatever happens."""
    status = 1
    try:
        process.die_with_parent(first)
        os.dup2(orders, 0)  # in place of the first one's input
        with os.fdopen(0, "rb", closefd=False) as source:
            _work(tree.beside(), memory, source, answers)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the first one's stack may be unwound here
        with contextlib.suppress(BaseException):
            write(2, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(status)


def _work(tree: Tree, memory: memoryview, source: BinaryIO, answers: int) -> None:
    while order := source.read(_ORDER.size):
        number, length = _ORDER.unpack(order)
        files = marshal.loads(source.read(length))  # noqa: S302 - this very program wrote it
        try:
            _put_all(tree, files, _slot(memory, number))
        except (RefusedError, OSError) as error:
            write(answers, _FAILED + _failure(error))
            return
        write(answers, bytes([number]))


def _failure(error: RefusedError | OSError) -> bytes:
    """What ``_fail`` makes the same error of."""
    if isinstance(error, RefusedError):
        return marshal.dumps((0, str(error.args[0]), error.cure))
    return marshal.dumps((error.errno or errno.EIO, error.strerror or "", ""))


def _fail(said: bytes) -> NoReturn:
    """Raise here what went wrong there."""
    number, message, cure = marshal.loads(said)  # noqa: S302 - as in ``_work``
    if number:
        raise OSError(number, message)
    raise RefusedError(message, cure=cure)
