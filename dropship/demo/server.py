"""The web service that the demo deploys: ``server.py start PORT PIDFILE``, ``server.py stop PIDFILE``.

It stands in every artifact beside ``page.txt``, which it answers every request with; without one it
answers 500. It needs nothing but Python's standard library and is never imported, only run.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import IO

# Resolved: a process goes on to serve its own release when another one is current.
_PAGE = Path(__file__).resolve().with_name("page.txt")


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            status, body = 200, _PAGE.read_bytes()
        except OSError as error:
            status, body = 500, f"{_PAGE.name}: {error.strerror}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: nobody reads it."""


class _Server(ThreadingTCPServer):
    # Not HTTPServer: that one asks the name service what its address is called.
    allow_reuse_address = True
    daemon_threads = True


def start(port: int, pid_file: Path) -> None:
    """Listen, and go on in the background; a port that is taken fails here, before that."""
    server = _Server(("127.0.0.1", port), _Handler)
    mark = pid_file.open("a")
    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if pid := os.fork():
        mark.truncate(0)
        mark.write(f"{pid}\n")
        mark.flush()
        return
    # From here on it is the daemon, which holds the lock for as long as it lives.
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    with server:  # its end closes the port, and only then the process ends and leaves the lock
        server.serve_forever()


def stop(pid_file: Path) -> None:
    """End the one that runs, and wait until its port is free."""
    with pid_file.open("a+") as mark:
        if _taken(mark):
            mark.seek(0)
            signal.pidfd_send_signal(os.pidfd_open(int(mark.read())), signal.SIGTERM)
            fcntl.flock(mark, fcntl.LOCK_EX)
        mark.truncate(0)


def _taken(mark: IO[str]) -> bool:
    """Whether one runs: a process id alone may be anybody's by now, a lock is not."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


if __name__ == "__main__":
    if sys.argv[1] == "start":
        start(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        stop(Path(sys.argv[2]))
