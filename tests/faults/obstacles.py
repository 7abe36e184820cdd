"""What can go wrong in an update besides its commands, and how each comes about on a real host.

Some are made by what the store answers, some by keys of the service, some by a command of the
update itself, at the moment that counts.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from tests.e2e.host import tarball


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store says; ``length`` where it is not that of the body."""

    version: str = "new"
    status: int = 200
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    length: int | None = None

    @property
    def body(self) -> bytes:
        """The artifact."""
        return tarball({"version": "new", **self.files})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: which service's artifact, how, and for the how-manieth time so."""

    folder: Path
    service: str
    method: str
    nth: int

    @property
    def state(self) -> Path:
        """The service's state on the host that asks."""
        return self.folder / "state" / "services" / self.service


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that goes wrong.

    Attributes:
        answer: What the store says.
        artifact, keys: More lines of the artifact and of the service.
        plan: What commands do, in shell; ``{folder}`` and ``{name}`` are filled in.
    """

    answer: Callable[[Asked], Answer] = lambda _: Answer()
    artifact: str = ""
    keys: str = ""
    plan: Mapping[str, str] = field(default_factory=dict)


MAIN: Final = """\
repo "http" {{
  retries = 0
}}
lock "own" {{
  type = "file"
  perService = true
}}
lock "broken" {{
  type = "file"
  path = "{folder}/dropship.hcl/locks"
}}
"""
"""Lines of the main file."""

_IN_TURN: Final = '  sequentialUpdates = true\n  lock = "own"'
_LOSE: Final = "rm {folder}/state/locks/turn-{name}.0.lock"
_BLOCK_LINK: Final = "mkdir -p {folder}/srv/.{name}.dropship-new/stays"
_LOSE_OLD: Final = (
    "rm -r {folder}/srv/.dropship/{name}/releases/*-$(echo $DROPSHIP_OLD_HASH | cut -c-12)"
)
_BLOCK_STATE: Final = (
    "cd {folder}/state/services/{name}\n"
    "test ! -e state.json || mv state.json state.json.kept\n"
    "mkdir -p state.json/stays"
)


def _unknown(_asked: Asked) -> Answer:
    return Answer(status=404)


_HOSTILE: Final = Answer(files={"../../escape": "x"})
_HOSTILE_MD5: Final = hashlib.md5(_HOSTILE.body, usedforsecurity=False).hexdigest()


def _huge(_asked: Asked) -> Answer:
    return Answer(length=1 << 50)


def _moving(asked: Asked) -> Answer:
    """Another artifact once it has been downloaded, and then no more."""
    second = asked.nth > 1
    return Answer("newer" if second else "new", files={"build": "2" if second else "1"})


def _restless(asked: Asked) -> Answer:
    """Another artifact whenever it is asked for."""
    return Answer(f"new {asked.nth}", files={"build": f"{asked.nth}"})


def _cut(_asked: Asked) -> Answer:
    return Answer(length=1 << 20)


def _gone(asked: Asked) -> Answer:
    return Answer(status=404 if asked.nth > 1 else 200)


def _without_journal(asked: Asked) -> Answer:
    if asked.method == "GET":
        (asked.state / "journal.json.next").mkdir(parents=True)
    return Answer()


OBSTACLES: Final = {
    "the store cannot be asked": Obstacle(_unknown),
    "the download breaks off": Obstacle(_cut),
    "the bytes are not what was promised": Obstacle(artifact=f'    md5 = "{"0" * 32}"'),
    "the archive breaks the rules": Obstacle(
        # Somebody vouches for it, so that no damage on the way is suspected.
        lambda _: _HOSTILE,
        artifact=f'    md5 = "{_HOSTILE_MD5}"',
    ),
    "less than `minFree` would be left": Obstacle(_huge),
    "the lock cannot be reached": Obstacle(keys='  sequentialUpdates = true\n  lock = "broken"'),
    "the artifact moves on before the turn": Obstacle(_moving, keys=_IN_TURN),
    "the artifact moves on each time": Obstacle(_restless, keys=_IN_TURN),
    "the store cannot be asked again in the turn": Obstacle(_gone, keys=_IN_TURN),
    "the journal cannot be written": Obstacle(_without_journal),
    "the turn is lost while `b1` runs": Obstacle(keys=_IN_TURN, plan={"b1": _LOSE}),
    "the turn is lost while `a1` runs": Obstacle(keys=_IN_TURN, plan={"a1": _LOSE}),
    "the link cannot be switched": Obstacle(plan={"b2": _BLOCK_LINK}),
    "the link cannot be switched back": Obstacle(plan={"a1": f"{_BLOCK_LINK}\nexit 1"}),
    "the old release is gone from disk": Obstacle(plan={"a1": f"{_LOSE_OLD}\nexit 1"}),
    "the outcome cannot be written for a while": Obstacle(plan={"a2": _BLOCK_STATE}),
    "the same, after going back": Obstacle(plan={"a1": f"{_BLOCK_STATE}\nexit 1"}),
    "the same, with nothing to go back to": Obstacle(plan={"a1": f"{_BLOCK_STATE}\nexit 1"}),
}
"""By how the page calls them."""


def mend(state: Path) -> None:
    """Make a service's state writable again, and what it was."""
    blocked, kept = state / "state.json", state / "state.json.kept"
    (blocked / "stays").rmdir()
    blocked.rmdir()
    if kept.exists():
        kept.rename(blocked)


class _Handler(BaseHTTPRequestHandler):
    """Answers for ``/NAME.tar.gz``."""

    server: _Store

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        said = self.server.answer(self.path[1:].removesuffix(".tar.gz"), self.command)
        self.send_response(said.status)
        self.send_header("ETag", f'"{said.version}"')
        self.send_header("Content-Length", str(said.length or len(said.body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(said.body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class _Store(ThreadingHTTPServer):
    def __init__(self, folder: Path, answers: Mapping[str, Callable[[Asked], Answer]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._folder = folder
        self._answers = answers
        self._asked: dict[tuple[str, str], int] = {}

    def answer(self, service: str, method: str) -> Answer:
        nth = self._asked[service, method] = self._asked.get((service, method), 0) + 1
        return self._answers[service](Asked(self._folder, service, method, nth))


@contextmanager
def store(folder: Path, answers: Mapping[str, Callable[[Asked], Answer]]) -> Iterator[str]:
    """A web server with an artifact for each service; its origin."""
    with _Store(folder, answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
