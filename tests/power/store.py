"""A web server with one artifact a service, which changes all the time; knows every version it had."""

from __future__ import annotations

import hashlib
import io
import random
import stat
import sys
import tarfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.power import tree

FILES: Final = 200
SERVICES: Final = ("app", "tool")
_BAD: Final = 4


@dataclass(frozen=True)
class Version:
    """One version of a service's artifact. ``tree``: what it must be on disk, as a digest."""

    number: int
    data: bytes
    tree: str
    bad: bool = False

    @property
    def md5(self) -> str:
        """Of the artifact."""
        return hashlib.md5(self.data).hexdigest()


@lru_cache(maxsize=4)
def version(service: str, number: int) -> Version:
    """Made from its number alone. Every fourth of ``app`` is bad: its ``after`` hook fails."""
    chance = random.Random(f"{service} {number}")
    if service == "tool":
        data = chance.randbytes(chance.randrange(1, 300_000))
        return Version(number, data, tree.digest([(b"", stat.S_IFREG | 0o755, data)]))
    bad = number % _BAD == _BAD - 1
    entries = list(_entries(chance, bad=bad))
    return Version(number, _packed(entries), tree.digest(entries), bad)


def _entries(chance: random.Random, *, bad: bool) -> list[tree.Entry]:
    folders = [b"", *(b"lib-%d" % n for n in range(8)), b"lib-0/deep", b"empty"]
    entries: list[tree.Entry] = [(one, stat.S_IFDIR | 0o755, b"") for one in folders[1:]]
    for number in range(FILES):
        name = b"%s/part-%d" % (folders[number % 10], number)
        mode = stat.S_IFREG | chance.choice((0o644, 0o755))
        entries.append(
            (name.lstrip(b"/"), mode, chance.randbytes(chance.choice((0, 100, 5_000, 9_000))))
        )
    entries.append((b"lib-1/link", stat.S_IFLNK, b"../lib-0/part-1"))
    return [*entries, (b"bad", stat.S_IFREG | 0o644, b"")] if bad else entries


def _packed(entries: list[tree.Entry]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as archive:
        for name, mode, content in entries:
            info = tarfile.TarInfo(name.decode())
            info.mode = stat.S_IMODE(mode)
            if stat.S_ISDIR(mode):
                info.type = tarfile.DIRTYPE
            elif stat.S_ISLNK(mode):
                info.type, info.linkname = tarfile.SYMTYPE, content.decode()
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


class Store:
    """The server; publishes a next version of every service when told, or by itself at a pace."""

    def __init__(self) -> None:
        self._current = {one: version(one, 0) for one in SERVICES}
        self._trees: dict[str, int] = {}
        self._md5s: dict[str, int] = {}
        self._number = -1
        self.publish()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._closing = threading.Event()
        self._publisher: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Of loopback."""
        return int(self._server.server_address[1])

    @property
    def number(self) -> int:
        """Of the newest version."""
        return self._number

    def newest(self, service: str) -> Version:
        """What stands there now."""
        return self._current[service]

    def publish(self) -> None:
        """A next version of every service, one after the other."""
        self._number += 1
        for one in SERVICES:
            made = version(one, self._number)
            self._trees[made.tree] = self._md5s[made.md5] = made.number
            self._current[one] = made

    def publish_good(self) -> None:
        """A next version that can be reached."""
        self.publish()
        while any(self._current[one].bad for one in SERVICES):
            self.publish()

    def of_tree(self, tree: str | None) -> int | None:
        """The version with that tree; None if there never was one."""
        return self._trees.get(tree or "")

    def of_md5(self, md5: str | None) -> int | None:
        """The version with that artifact; None if there never was one."""
        return self._md5s.get(md5 or "")

    def start(self, pace: float) -> None:
        """Publish now, and then every ``pace`` seconds."""
        stop = self._closing = threading.Event()

        def publish() -> None:
            while not stop.is_set():
                self.publish()
                stop.wait(pace)

        self._publisher = threading.Thread(target=publish)
        self._publisher.start()

    def pause(self) -> None:
        """Publish no more by itself."""
        self._closing.set()
        if self._publisher is not None:
            self._publisher.join()

    def close(self) -> None:
        """End it."""
        self.pause()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client whose power was cut is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(store: Store) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            found = store.newest(self.path.lstrip("/").partition(".")[0])
            etag = f'"{found.number}-{found.md5}"'
            moved = self.headers.get("If-Match", etag) != etag
            self.send_response(412 if moved else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", "0" if moved else str(len(found.data)))
            self.end_headers()
            if body and not moved:
                self.wfile.write(found.data)

        def log_message(self, *_: object) -> None:
            """What matters is what becomes of it."""

    return Handler
