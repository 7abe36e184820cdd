"""Archives of any size that stand nowhere: a tar.gz is made while it is sent.

Its files are one block of noise over and over, longer than what gzip looks back on, so packed it
is as long as unpacked: what is downloaded and what is written are both of the full size.
"""

from __future__ import annotations

import random
import tarfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

_SEED: Final = 20261124
_BLOCK: Final = random.Random(_SEED).randbytes(1 << 20)
_HEAD: Final = bytes.fromhex("1f8b08000000000000ff")  # RFC 1952: deflate, no time, no name
_END: Final = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True)
class Stream:
    """A tar.gz of ``files`` files, each of ``blocks`` MiB."""

    files: int
    blocks: int

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self.files * self.blocks * len(_BLOCK)

    @property
    def tag(self) -> str:
        """Its ETag."""
        return f'"{self.files}-{self.blocks}"'

    @property
    def length(self) -> int:
        """Bytes of the archive."""
        file = len(_stored(self._head(0))) + self.blocks * len(_PACKED)
        return len(_HEAD) + self.files * file + len(_stored(_END, last=True)) + 8

    def pieces(self) -> Iterator[bytes]:
        """The archive, piece by piece."""
        yield _HEAD
        check, size = 0, 0
        for number in range(self.files):
            head = self._head(number)
            check, size = zlib.crc32(head, check), size + len(head)
            yield _stored(head)
            for _ in range(self.blocks):
                check, size = zlib.crc32(_BLOCK, check), size + len(_BLOCK)
                yield _PACKED
        yield _stored(_END, last=True)
        check, size = zlib.crc32(_END, check), size + len(_END)
        yield check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")

    def _head(self, number: int) -> bytes:
        info = tarfile.TarInfo(f"app/part-{number // 1000:04d}/file-{number:06d}")
        info.size = self.blocks * len(_BLOCK)
        return info.tobuf(tarfile.GNU_FORMAT)


def _stored(data: bytes, *, last: bool = False) -> bytes:
    """A block of a deflate stream that holds data as it is (RFC 1951, 3.2.4)."""
    size = len(data)
    return bytes([last]) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + data


def _packed(data: bytes) -> bytes:
    """Blocks of a deflate stream that refer to nothing before them."""
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


_PACKED: Final = _packed(_BLOCK)


class Server(ThreadingHTTPServer):
    """Serves one stream, whatever it is asked for."""

    daemon_threads = True

    def __init__(self, stream: Stream) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stream = stream

    @property
    def url(self) -> str:
        """Where the archive is."""
        return f"http://127.0.0.1:{self.server_address[1]}/app.tar.gz"


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        for piece in self._answer().pieces():
            self.wfile.write(piece)

    def _answer(self) -> Stream:
        assert isinstance(self.server, Server)
        stream = self.server.stream
        self.send_response(200)
        self.send_header("ETag", stream.tag)
        self.send_header("Content-Type", "application/gzip")
        self.send_header("Content-Length", str(stream.length))
        self.end_headers()
        return stream

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving(stream: Stream) -> Iterator[Server]:
    """A web server with a stream that can be changed."""
    with Server(stream) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
