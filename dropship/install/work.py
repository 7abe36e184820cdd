"""Unpacking: a stream of bytes becomes a judged, complete, synced tree, or a refusal.

Knows formats, judge and tree; nothing of processes and sandboxes.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final

from dropship.archives import Archive, Piece
from dropship.archives.codecs import CODECS
from dropship.archives.inflate import Codec, Inflater, first_bytes
from dropship.archives.plain import PlainFile
from dropship.archives.tar import TarReader
from dropship.archives.zip import ZipReader
from dropship.core.entry import Entry, Rules
from dropship.core.format import HEAD_BYTES, Claims, Format, choose
from dropship.core.judge import Judge
from dropship.core.values import Size
from dropship.errors import DropshipError, RefusedError
from dropship.install.plan import TREE, Plan, Report, Word
from dropship.install.pump import pumped
from dropship.install.tree import Tree, write
from dropship.install.writeback import Writeback
from dropship.install.writers import Writers

_READ_BYTES: Final = 256 << 10
_REPORT_SECONDS: Final = 0.25
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

_SPOOL: Final = "spool"
SPOOL_ROOM: Final = 256 << 20
"""How much longer than its contents a zip may be: names and headers of its entries."""


class Work:
    """One unpacking into ``folder``, a descriptor; the process's umask must be 0.

    What it opens stays open: whoever does one ends with it. ``say`` hears how far it is.
    """

    def __init__(self, plan: Plan, folder: int, say: Callable[[Report], None]) -> None:
        self._plan = plan
        self._judge = Judge(plan.rules)
        self._folder = folder
        self._writeback = Writeback(folder)
        self._say = say
        self._unpacked = 0
        self._said = time.monotonic()

    def outcome(self, source: Iterator[bytes]) -> Report:
        """Do it; whatever comes of it, in the words of a report."""
        try:
            self._run(source)
            said = Report(Word.DONE)
        except RefusedError as error:
            said = Report(Word.REFUSED, message=str(error.args[0]), cure=error.cure)
        except OSError as error:
            word = Word.NO_SPACE if error.errno in _FULL else Word.FAILED
            said = Report(word, message=error.strerror or str(error))
        except (DropshipError, MemoryError) as error:
            said = Report(Word.FAILED, message=str(error) or "out of memory")
        return replace(said, entries=self._judge.entries, size=self._judge.bytes)

    def _run(self, source: Iterator[bytes]) -> None:
        head = _head(source)
        plan = self._plan
        claims = Claims(plan.said, plan.config_type, plan.store_type, plan.name)
        form = choose(claims, head[:HEAD_BYTES], _inside)
        stream = self._stream(chain(_sliced(head), source), CODECS.get(form))
        if form in (Format.FILE, Format.GZ):
            self._file(stream)
        elif form is Format.ZIP:
            self._zip(stream)
        else:
            self._tree(TarReader(stream, plan.rules.max_entries))
        self._writeback.finish()

    def _tree(self, archive: Archive) -> None:
        os.mkdir(TREE, 0o700, dir_fd=self._folder)
        root = os.open(TREE, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._folder)
        tree = Writers(Tree(root, self._plan.umask, self._writeback.wrote))
        self._fill(archive, tree)
        self._judge.finish()
        tree.finish()

    def _zip(self, stream: Iterator[bytes]) -> None:
        """A zip says at its end what it is: all of it has to be there first."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        spool = os.open(_SPOOL, flags, 0o600, dir_fd=self._folder)
        size = 0
        for piece in stream:
            size += len(piece)
            if size > self._plan.rules.max_size + SPOOL_ROOM:
                raise RefusedError(
                    f"the zip itself is larger than {Size(self._plan.rules.max_size)}",
                    cure="raise `maxSize` if that is as it should be",
                )
            write(spool, piece)
        reader = ZipReader(partial(os.pread, spool), size, self._plan.rules.max_entries)
        self._tree(_Weighed(reader, self._judge, size, self._tell))
        os.ftruncate(spool, 0)  # so that it is not written to the disk only to be deleted

    def _file(self, stream: Iterator[bytes]) -> None:
        """One file; its mode is the operator's, so all of it counts."""
        rules = self._plan.rules
        self._judge = Judge(
            Rules(keep_modes=True, max_size=rules.max_size, max_ratio=rules.max_ratio)
        )
        entry = Entry(TREE.encode(), PlainFile.kind, mode=self._plan.file_mode, mtime_ns=None)
        tree = Tree(self._folder, 0, self._writeback.wrote)
        self._fill(PlainFile(self._grown(entry, stream), entry), tree)

    def _fill(self, archive: Archive, tree: Tree | Writers) -> None:
        for entry in archive.entries():
            place = self._judge.admit(entry)
            if place is not None:
                tree.put(entry, place, archive.body())

    def _stream(self, whole: Iterator[bytes], codec: Codec | None) -> Iterator[bytes]:
        if codec is None:
            yield from self._counted(whole)
            return
        inflater = Inflater(whole, codec)
        for piece in self._counted(pumped(iter(inflater))):
            self._judge.inflated(inflater.packed, self._unpacked)
            yield piece

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._unpacked += len(piece)
            self._tell()
            yield piece

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._said > _REPORT_SECONDS:
            self._said = now
            self._say(Report(Word.GOING, self._judge.entries, self._judge.bytes))

    def _grown(self, entry: Entry, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._judge.grew(entry, len(piece))
            yield piece


class _Weighed:
    """A zip whose members are looked at for how much comes out of how much.

    Its sizes are told beforehand and kept to by its reader: what was admitted is what comes out.
    """

    def __init__(
        self, archive: Archive, judge: Judge, packed: int, tell: Callable[[], None]
    ) -> None:
        self._archive = archive
        self._judge = judge
        self._packed = packed
        self._tell = tell

    def entries(self) -> Iterator[Entry]:
        """As ``Archive``."""
        for entry in self._archive.entries():
            self._judge.inflated(self._packed, self._judge.bytes + entry.size)
            yield entry

    def body(self) -> Iterator[Piece]:
        """As ``Archive``."""
        for piece in self._archive.body():
            self._tell()
            yield piece


def pieces(fd: int) -> Iterator[bytes]:
    """What comes from a descriptor."""
    while piece := os.read(fd, _READ_BYTES):
        yield piece


def _sliced(head: bytes) -> Iterator[bytes]:
    return (head[at : at + _READ_BYTES] for at in range(0, len(head), _READ_BYTES))


def _inside(form: Format, head: bytes, count: int) -> bytes:
    codec = CODECS.get(form)
    return first_bytes(head, codec, count) if codec else b""


def _head(source: Iterator[bytes]) -> bytes:
    """The stream's start, long enough to tell what it is."""
    head = b""
    while len(head) < HEAD_BYTES and (piece := next(source, b"")):
        head += piece
    return head
