"""The disk that forgets: what was flushed stays, anything else may go."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.power.disk import SECTOR, Disk, Loss
from tests.power.nbd import Server

SECTORS = 4

writes = st.tuples(st.integers(0, SECTORS - 2), st.integers(1, 2), st.integers(1, 255))


def sector(number: int) -> bytes:
    """One that can be told from others."""
    return bytes([number]) * SECTOR


@given(st.lists(writes | st.none(), max_size=12), st.floats(0, 1), st.integers(0, 9))
def test_power_cut_leaves_of_each_sector_what_was_flushed_or_written_since(
    done: list[tuple[int, int, int] | None], kept: float, seed: int
) -> None:
    """In any mixture; ``None`` is a flush."""
    disk = Disk(bytes(SECTORS * SECTOR))
    possible = [{0} for _ in range(SECTORS)]
    newest = [0] * SECTORS
    for one in done:
        if one is None:
            disk.flush()
            possible = [{number} for number in newest]
            continue
        first, count, number = one
        disk.write(first * SECTOR, sector(number) * count)
        for place in range(first, first + count):
            newest[place] = number
            possible[place].add(number)
    assert disk.read(0, disk.size) == b"".join(sector(number) for number in newest)
    loss = disk.cut(kept, random.Random(seed))
    assert 0 <= loss.lost <= loss.unflushed
    left = disk.read(0, disk.size)
    assert left == disk.safe
    for place, numbers in enumerate(possible):
        there = left[place * SECTOR : (place + 1) * SECTOR]
        assert there in {sector(number) for number in numbers}


def test_power_cut_takes_all_or_nothing_of_the_cache_at_the_ends_of_the_scale() -> None:
    """The two plain cases: a cache that is lost, and one that was written just in time."""
    for kept, left, lost in ((0.0, sector(0), 1), (1.0, sector(1), 0)):
        disk = Disk(sector(0))
        disk.write(0, sector(1))
        assert disk.cut(kept, random.Random(1)) == Loss(unflushed=1, lost=lost)
        assert disk.safe == left


class Client:
    """Speaks as QEMU's does."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        assert self._take(18)[:16] == b"NBDMAGICIHAVEOPT"
        self._socket.sendall(struct.pack(">I", 3))
        option = struct.pack(">QII", 0x49484156454F5054, 8, 0)  # structured replies: not to be had
        self._socket.sendall(option)
        assert struct.unpack(">QIII", self._take(20))[2] == (1 << 31) + 1
        self._socket.sendall(struct.pack(">QII", 0x49484156454F5054, 7, 6) + bytes(6))
        assert struct.unpack(">QIII", self._take(20))[2:] == (3, 12)
        self.size, self.flags = struct.unpack(">QH", self._take(12)[2:])
        assert struct.unpack(">QIII", self._take(20))[2] == 1

    def ask(self, kind: int, offset: int = 0, data: bytes = b"", length: int = 0) -> bytes | None:
        """What is read; None if there is no answer."""
        head = struct.pack(">IHHQQI", 0x25609513, 0, kind, 7, offset, length or len(data))
        self._socket.sendall(head + data)
        reply = self._take(16)
        if not reply:
            return None
        assert struct.unpack(">IIQ", reply) == (0x67446698, 0, 7)
        return self._take(length)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _take(self, length: int) -> bytes:
        return self._socket.recv(length, socket.MSG_WAITALL) if length else b""


READ, WRITE, FLUSH = 0, 1, 3


class Power:
    """Goes off at the request of that number; 0: never."""

    def __init__(self) -> None:
        self.off_at = 0
        self.passed: list[str] = []

    def passing(self, kind: str) -> bool:
        """Told by the server."""
        self.passed.append(kind)
        return len(self.passed) != self.off_at


@pytest.fixture
def power() -> Power:
    """Stays on."""
    return Power()


@pytest.fixture
def disk() -> Disk:
    """Empty."""
    return Disk(bytes(SECTORS * SECTOR))


@pytest.fixture
def client(tmp_path: Path, disk: Disk, power: Power) -> Iterator[Client]:
    """Of the disk, served."""
    server = Server(disk, tmp_path / "socket", power.passing)
    server.start()
    made = Client(tmp_path / "socket")
    yield made
    made.close()
    server.close()


def test_served_disk_reads_what_was_written_and_keeps_what_was_flushed(
    client: Client, disk: Disk, power: Power
) -> None:
    """It says that it has a cache, so that whoever wants to keep something flushes."""
    assert client.size == disk.size
    assert client.flags & 4
    assert client.ask(WRITE, SECTOR, sector(1)) == b""
    assert client.ask(READ, SECTOR, length=SECTOR) == sector(1)
    assert sector(1) not in disk.safe
    assert client.ask(FLUSH) == b""
    assert disk.safe[SECTOR : 2 * SECTOR] == sector(1)
    assert power.passed == ["write", "flush"]


def test_power_that_goes_in_a_flush_leaves_it_undone_and_unanswered(
    client: Client, disk: Disk, power: Power
) -> None:
    """What was to be flushed is in the cache still, and may be lost."""
    power.off_at = 2
    assert client.ask(WRITE, 0, sector(1)) == b""
    assert client.ask(FLUSH) is None
    assert disk.cut(0.0, random.Random(1)) == Loss(unflushed=1, lost=1)
