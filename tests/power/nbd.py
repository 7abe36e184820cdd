"""Serves a disk to a virtual machine, by the NBD protocol over a Unix socket.

Source: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md; of it what QEMU's
client speaks: fixed newstyle negotiation with NBD_OPT_GO, simple replies, one connection.
"""

from __future__ import annotations

import errno
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.power.disk import Disk

_OPTION_MAGIC: Final = 0x49484156454F5054
_OPTION_REPLY: Final = 0x3E889045565A9
_REQUEST: Final = 0x25609513
_REPLY: Final = 0x67446698

_FIXED_NEWSTYLE, _NO_ZEROES = 1, 2
_HAS_FLAGS, _SEND_FLUSH, _SEND_FUA = 1, 4, 8

_GO: Final = 7
_ACK, _INFO, _UNSUPPORTED = 1, 3, (1 << 31) + 1

_READ, _WRITE, _DISCONNECT, _FLUSH = 0, 1, 2, 3
_FUA: Final = 1

Passing = Callable[[str], bool]
"""Told of each request that changes the disk or its safety, ``write`` or ``flush``, in the middle
of it: what is written is in the cache, what is flushed is not safe yet. Whether the power stays on."""


class Server:
    """One disk on one socket, from ``start`` until the power goes or the client does."""

    def __init__(self, disk: Disk, path: Path, passing: Passing) -> None:
        self._disk = disk
        self._passing = passing
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Serve the first who comes."""
        self._thread.start()

    def close(self) -> None:
        """Nothing is written any more after this."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError, EOFError):
            connection, _ = self._listener.accept()
            with connection:
                _negotiate(connection, self._disk.size)
                while self._answer(connection):
                    pass

    def _answer(self, connection: socket.socket) -> bool:
        """One request; False if there will be no more."""
        magic, flags, kind, handle, offset, length = struct.unpack(">IHHQQI", _take(connection, 28))
        assert magic == _REQUEST
        error, data = 0, b""
        if kind == _DISCONNECT:
            return False
        if kind == _READ:
            data = self._disk.read(offset, length)
        elif kind == _WRITE:
            self._disk.write(offset, _take(connection, length))
            if not self._passing("write"):
                return False
        elif kind != _FLUSH:
            error = errno.EINVAL
        if kind == _FLUSH or flags & _FUA:
            if not self._passing("flush"):
                return False
            self._disk.flush()
        connection.sendall(struct.pack(">IIQ", _REPLY, error, handle) + data)
        return True


def _negotiate(connection: socket.socket, size: int) -> None:
    connection.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", _FIXED_NEWSTYLE | _NO_ZEROES))
    _take(connection, 4)
    while True:
        magic, option, length = struct.unpack(">QII", _take(connection, 16))
        assert magic == _OPTION_MAGIC
        _take(connection, length)
        if option != _GO:
            _reply(connection, option, _UNSUPPORTED)
            continue
        flags = _HAS_FLAGS | _SEND_FLUSH | _SEND_FUA
        _reply(connection, option, _INFO, struct.pack(">HQH", 0, size, flags))
        _reply(connection, option, _ACK)
        return


def _reply(connection: socket.socket, option: int, kind: int, data: bytes = b"") -> None:
    head = struct.pack(">QIII", _OPTION_REPLY, option, kind, len(data))
    connection.sendall(head + data)


def _take(connection: socket.socket, length: int) -> bytes:
    """Exactly so many bytes; raises EOFError if the other side has gone."""
    data = bytearray()
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
