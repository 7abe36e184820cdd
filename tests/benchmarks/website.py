"""A small web service, the scripts that stop and start it, and somebody who visits it all the time."""

from __future__ import annotations

import http.client
import io
import random
import shlex
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.e2e.host import eventually

RATE: Final = 50.0
"""Requests a second."""

PAYLOAD: Final = 20 << 20
"""Bytes of files beside the program, which nothing makes smaller."""

Kind = Literal["good", "sick", "silent"]

_FILES: Final = 40
_STEADY: Final = 10  # good answers in a row, before anything is done to the service
_PATIENCE: Final = 1.0  # seconds, for one answer

# It notes down when it can be reached. Nothing is imported that it does not need.
_PROGRAM: Final = """
import http.server, sys, time
from pathlib import Path

here, port, marks = Path(__file__).parent, int(sys.argv[1]), sys.argv[2]
kind, version = (here / "kind").read_text(), (here / "version").read_bytes()

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if kind == "sick" else 200)
        self.send_header("Content-Length", str(len(version)))
        self.end_headers()
        self.wfile.write(version)

    def log_message(self, *_):
        pass

if kind == "silent":
    time.sleep(3600)
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
with open(marks, "a") as file:
    file.write(f"up {time.time()}\\n")
server.serve_forever()
"""

# Whoever adopts it may be slow to bury it: what counts is that it has no program any more.
_STOP: Final = """
[ -e {pid} ] || exit 0
read -r pid < {pid}
echo stopping $EPOCHREALTIME >> {marks}
kill $pid
while [ -e /proc/$pid/exe ]; do sleep 0.005; done
echo stopped $EPOCHREALTIME >> {marks}
"""
_START: Final = """
echo starting $EPOCHREALTIME >> {marks}
setsid {python} {program} {port} {marks} < /dev/null >> {log} 2>&1 &
echo $! > {pid}
"""


def archive(version: str, kind: Kind, size: int) -> bytes:
    """A release of it: a tar.gz with so many bytes of files that are like noise."""
    noise, target = random.Random(version), io.BytesIO()
    files = {"serve.py": _PROGRAM.encode(), "kind": kind.encode(), "version": version.encode()}
    files |= {f"data/{one}": noise.randbytes(size // _FILES) for one in range(_FILES)}
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as packed:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return target.getvalue()


@dataclass(frozen=True)
class Site:
    """The service at one destination and port; its scripts and marks are in ``folder``."""

    folder: Path
    destination: Path
    port: int

    def prepare(self) -> None:
        """Write the scripts."""
        self.folder.mkdir()
        words = {
            "pid": self.folder / "pid",
            "marks": self._marks,
            "log": self.folder / "log",
            "program": self.destination / "serve.py",
            "python": sys.executable,
            "port": self.port,
        }
        quoted = {name: shlex.quote(str(word)) for name, word in words.items()}
        self.stop.write_text(_STOP.format(**quoted))
        self.start.write_text(_START.format(**quoted))

    @property
    def stop(self) -> Path:
        """Ends it; there need not be one."""
        return self.folder / "stop"

    @property
    def start(self) -> Path:
        """Starts it, and does not wait until it can be reached."""
        return self.folder / "start"

    @property
    def _marks(self) -> Path:
        return self.folder / "marks"

    def moments(self) -> list[tuple[str, float]]:
        """What happened to it, and when (seconds since the epoch)."""
        lines = self._marks.read_text().splitlines() if self._marks.exists() else []
        return [(what, float(when)) for what, when in map(str.split, lines)]

    def forget(self) -> None:
        """From here on."""
        self._marks.unlink(missing_ok=True)

    def end(self) -> None:
        """Leave nothing running."""
        if self.stop.exists():
            subprocess.run(["bash", self.stop], check=False)


@dataclass(frozen=True)
class Answer:
    """One request: when it was over (``time.monotonic()``), and whether there was a good answer."""

    at: float
    good: bool


class Visitor:
    """Asks for the page at a steady rate, each time over a new connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._answers: list[Answer] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._visit)

    def _visit(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            good = self._ask()
            self._answers.append(Answer(time.monotonic(), good))
            # An answer that took long is followed by the next at once, not by all it held up.
            due = max(due + 1 / RATE, time.monotonic())

    def _ask(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        else:
            return answer.status == 200
        finally:
            connection.close()

    def settle(self) -> None:
        """Wait until the service answers steadily."""
        seen = len(self._answers)

        def steady() -> bool:
            last = self._answers[seen:][-_STEADY:]
            return len(last) == _STEADY and all(one.good for one in last)

        eventually(steady, "answer steadily")

    def since(self, moment: float) -> Sequence[Answer]:
        """The answers from the last good one before ``moment`` on."""
        good = [number for number, one in enumerate(self._answers) if one.good and one.at < moment]
        return self._answers[good[-1] :]

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Be done."""
        self._over.set()
        self._thread.join()


@contextmanager
def visited(port: int) -> Iterator[Visitor]:
    """A visitor while the block lasts."""
    visitor = Visitor(port)
    visitor.start()
    try:
        yield visitor
    finally:
        visitor.end()
