"""Real supervisors for tests: a program that runs one over tiny workers, and a handle on it.

A service's name says what its worker does: ``idle-a`` sleeps until told, ``busy-a`` is in the middle
of an update until a file appears, and so on (see ``ROLES``).
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil

from dropship import log
from dropship.agent import answers, client, messages
from dropship.agent.answers import AgentAnswer, StatusAnswer, WorkerAnswer
from dropship.agent.channel import Channel
from dropship.agent.desk import WorkerDesk
from dropship.agent.messages import Asleep, Busy
from dropship.agent.protocol import Request
from dropship.agent.supervisor import Plan, supervise
from dropship.config.model import (
    ArtifactConfig,
    Config,
    RepoConfig,
    ServiceConfig,
    WorkerLimits,
)
from dropship.core import events as on
from dropship.core.values import Duration, Size
from dropship.core.watch import Progress
from dropship.deploy.desk import Answer, Order, Verdict
from dropship.errors import ConfigError, DropshipError, NoAgentError
from tests.waiting import tries

ROOT = Path(__file__).parents[2]
DEADLINE = 60.0

T = TypeVar("T")


def eventually(what: Callable[[], T | None], *, doing: str, deadline: float = DEADLINE) -> T:
    """Ask again and again until the answer is true; fails when the deadline is over."""
    for _ in tries(deadline):
        if answer := what():
            return answer
    raise AssertionError(f"not within {deadline} s: {doing}")


class Agent:
    """A supervisor in a process of its own; used with ``with``, which ends it."""

    def __init__(self, folder: Path, *services: str, **settings: Any) -> None:
        self.folder = folder
        self.run_path = folder / "run"
        self.errors = folder / "stderr"
        self.settings = folder / "settings.json"
        self.configure(*services, **settings)
        self.environ = {**os.environ, **settings.get("environ", {})}
        self.process: subprocess.Popen[bytes]

    def configure(self, *services: str, **settings: Any) -> None:
        """Write what the program reads, at start and at every reload."""
        content = {"services": services, "settings": settings}
        self.settings.write_text(json.dumps(content))

    def start(self) -> Agent:
        """Start it and wait until every worker runs."""
        self.spawn()
        eventually(self._up, doing=f"start: {self.log()}")
        return self

    def spawn(self) -> subprocess.Popen[bytes]:
        """Only start it."""
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.agent.agents", str(self.folder)],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stderr=errors,
            )
        return self.process

    def _up(self) -> bool:
        """Every worker runs, or has run: some roles are killed at once, again and again."""
        assert self.process.poll() is None, self.log()
        workers = self.workers()
        return bool(workers) and all(one.pid or one.deaths for one in workers.values())

    def found(self) -> StatusAnswer | None:
        """What it says of itself; None if it does not run."""
        try:
            document = client.ask(self.run_path, Request("status"))
        except NoAgentError:
            return None
        return answers.of_json(StatusAnswer, document, "the agent")

    def record(self) -> AgentAnswer:
        """What it says of itself."""
        found = self.found()
        assert found is not None, self.log()
        return found.agent

    def workers(self) -> dict[str, WorkerAnswer]:
        """Its workers by name."""
        found = self.found()
        if found is None:
            return {}
        return {one.name: one.worker for one in found.services if one.worker}

    def pid(self, name: str) -> int:
        """The pid of a worker that runs."""
        return eventually(lambda: self.workers()[name].pid, doing=f"run {name}")

    def idle(self, name: str) -> int:
        """The pid of a worker that has come to rest."""

        def resting() -> int | None:
            worker = self.workers()[name]
            return worker.pid if worker.phase == "idle" else None

        return eventually(resting, doing=f"let {name} rest")

    def log(self) -> str:
        """What it said so far."""
        return self.errors.read_text() if self.errors.exists() else ""

    def says(self, words: str) -> None:
        """Wait until it has said something."""
        eventually(lambda: words in self.log(), doing=f"say {words!r}: {self.log()}")

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end; gives the exit status."""
        return self.process.wait(DEADLINE)

    def ask(self, command: str, *services: str, **fields: Any) -> Any:
        """Ask it as the command line does."""
        return client.ask(self.run_path, Request(command, services, **fields))

    def fds(self) -> int:
        """How many descriptors it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def children(self) -> set[int]:
        """The processes below it, dead ones that were not reaped included."""
        return {one.pid for one in psutil.Process(self.process.pid).children()}

    def settle(self) -> set[int]:
        """Wait until all workers run and it has no other child; gives their pids.

        Whoever asks is answered by a child, mostly before the agent itself has let go of the call and
        of that child. Once the child is reaped, it has.
        """
        eventually(self._up, doing=f"have all workers: {self.log()}")
        pids = {one.pid for one in self.workers().values()}
        eventually(lambda: self.children() == pids, doing=f"reap {self.children()} but {pids}")
        return self.children()

    def reports(self, name: str, word: str) -> list[str]:
        """Lines beginning with ``word`` that a worker wrote into its file."""
        file = self.folder / f"{name}.said"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.partition(" ")[2] for line in lines if line.partition(" ")[0] == word]

    def __enter__(self) -> Agent:  # noqa: PYI034 - typing.Self is 3.11's
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def config(folder: Path) -> Config:
    """The configuration that ``settings.json`` describes.

    Raises:
        ConfigError: It has an entry ``fault``.
        OSError: It has an entry ``gone``.
    """
    content = json.loads((folder / "settings.json").read_text())
    settings = content["settings"]
    if fault := settings.get("fault"):
        raise ConfigError(fault)
    if settings.get("gone"):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return Config(
        main=folder,
        services=tuple(_service(folder, name, settings) for name in content["services"]),
        environ_read=frozenset(),
        state_path=Path(settings.get("state_path", folder / "state")),
        run_path=Path(settings.get("run_path", folder / "run")),
        watchdog=Duration.of(settings.get("watchdog", 60)),
        stop_timeout=Duration.of(settings.get("stop_timeout", 60)),
        socket_group=settings.get("socket_group", "dropship"),
    )


def _service(folder: Path, name: str, settings: dict[str, Any]) -> ServiceConfig:
    memory = settings.get("memory")
    return ServiceConfig(
        name=name,
        artifact=ArtifactConfig(
            repo=RepoConfig("file", "file", None), location=None, destination=folder / name
        ),
        lock=None,
        before=(),
        after=(),
        failed=(),
        health=(),
        worker=WorkerLimits(memory=Size(memory) if memory else None, nofile=settings.get("nofile")),
        check_interval=Duration.of(settings.get("intervals", {}).get(name, 10)),
    )


class _Scene:
    """What a worker of a test works with."""

    def __init__(self, service: ServiceConfig, channel: Channel) -> None:
        self.service = service
        self.name = service.name
        self.folder = service.artifact.destination.parent
        self.channel = channel

    def say(self, text: str) -> None:
        with (self.folder / f"{self.name}.said").open("a") as file:
            file.write(text + "\n")

    def idle(self) -> int:
        desk = WorkerDesk(self.channel)
        desk.rest(Asleep(0.0))
        self.say(f"interval {self.service.check_interval}")
        while True:
            desk.attend()
            for order in desk.orders():
                if isinstance(order.event, on.Stop):
                    return 0
                if isinstance(order.event, on.CheckNow):
                    self.say("checked now")
            desk.sleep(3600.0)

    def busy(self) -> int:
        """In an update that is finished first, once ``NAME.release`` appears."""
        desk = WorkerDesk(self.channel)
        desk.busy(Busy("before", "r1"))
        while not (self.folder / f"{self.name}.release").exists():
            desk.attend()
            if any(isinstance(one.event, on.Stop) and one.event.hard for one in desk.orders()):
                return 1
            desk.sleep(0.05)
        self.say("finished update")
        return 0

    def obeys(self) -> int:
        """Carries out every order, except while ``NAME.hold`` stands."""
        hold = self.folder / f"{self.name}.hold"
        desk = WorkerDesk(self.channel)
        waiting: list[Order] = []
        while True:
            desk.attend()
            for order in desk.orders():
                if isinstance(order.event, on.Stop):
                    return 0
                self.say(f"ordered {type(order.event).__name__}")
                waiting.append(order)
            if not hold.exists():
                for order in waiting:
                    desk.answer(order, Answer(Verdict.GOOD, f"done by {os.getpid()}"))
                waiting = []
            if waiting:
                desk.busy(Busy("staging", "r1", Progress(1, 2)))
            else:
                desk.rest(Asleep(0.0))
            desk.sleep(0.02 if waiting else 3600.0)

    def wordy(self) -> int:
        """As ``obeys``, and tells much of what it does."""
        desk = WorkerDesk(self.channel)
        waiting: list[Order] = []
        hold = self.folder / "wordy.hold"
        desk.busy(Busy("staging", "", Progress(note="." * 20_000)))
        while True:
            desk.attend()
            waiting += desk.orders()
            if any(isinstance(one.event, on.Stop) for one in waiting):
                return 0
            if not hold.exists():
                for order in waiting:
                    desk.answer(order, Answer(Verdict.GOOD, "done"))
                waiting = []
            desk.sleep(0.05)

    def parting(self) -> int:
        """Talks much once ``NAME.release`` appears, answers last, and is gone."""
        desk = WorkerDesk(self.channel)
        desk.rest(Asleep(0.0))
        desk.sleep(3600.0)
        (order,) = desk.orders()
        self.say("ordered to part")
        eventually((self.folder / f"{self.name}.release").exists, doing="be released")
        for number in range(150):
            desk.busy(Busy(f"phase {number}"))
        desk.answer(order, Answer(Verdict.GOOD, "said at last"))
        return 1

    def hangs(self) -> int:
        """Sleeps; on SIGUSR2 it closes its channel and lives on."""

        def hang_up(_number: int, _frame: object) -> None:
            self.channel.close()
            while True:
                signal.pause()

        signal.signal(signal.SIGUSR2, hang_up)
        return self.idle()

    def talks(self) -> int:
        """Says what is right, as fast as it can."""
        for number in itertools.count():
            self._shout(messages.encode(Busy("staging", f"r{number}")))
        return 0

    def raves(self) -> int:
        """Says what makes no sense, as fast as it can."""
        self._shout(messages.encode(Busy("staging", "r1")))
        while True:
            self._shout(b"[" * 30_000)

    def _shout(self, packet: bytes) -> None:
        with socket.socket(fileno=os.dup(self.channel.fileno())) as end:
            select.select([], [end], [])
            with suppress(BlockingIOError):
                end.send(packet)

    def dead(self) -> int:
        self.say("began dying")
        raise RuntimeError("this worker cannot work")

    def refused(self) -> int:
        raise DropshipError("its state cannot be read", cure="mend it")

    def stuck(self) -> int:
        """Takes no notice of anything, as a worker in an endless loop."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.say("got stuck")
        while True:
            signal.pause()

    def well(self) -> int:
        return 0

    def badly(self) -> int:
        return 1

    def hungry(self) -> int:
        eaten = bytearray(64 << 20)
        eaten[::4096] = b"x" * len(eaten[::4096])
        return self.idle()

    def naked(self) -> int:
        """Tells what it came into the world with."""
        fds = sorted(int(entry.name) for entry in list(Path("/proc/self/fd").iterdir()))
        # The listing's own descriptor is closed by now.
        open_ones = [fd for fd in fds if Path(f"/proc/self/fd/{fd}").is_symlink()]
        self.say(f"fds {json.dumps([fd for fd in open_ones if fd != self.channel.fileno()])}")
        self.say(f"sid {os.getsid(0)}")
        self.say(f"stdin {Path('/proc/self/fd/0').readlink()}")
        return self.idle()


ROLES: dict[str, Callable[[_Scene], int]] = {
    "idle": _Scene.idle,
    "busy": _Scene.busy,
    "obeys": _Scene.obeys,
    "wordy": _Scene.wordy,
    "parting": _Scene.parting,
    "hangs": _Scene.hangs,
    "talks": _Scene.talks,
    "raves": _Scene.raves,
    "dead": _Scene.dead,
    "refused": _Scene.refused,
    "stuck": _Scene.stuck,
    "well": _Scene.well,
    "badly": _Scene.badly,
    "hungry": _Scene.hungry,
    "naked": _Scene.naked,
}


def work(_config: Config, service: ServiceConfig, channel: Channel) -> int:
    """A worker: does what its name says."""
    return ROLES[service.name.partition("-")[0]](_Scene(service, channel))


def _prepare(folder: Path, settings: dict[str, Any]) -> None:
    """Takes its time, if wanted: until the file ``prepared`` appears."""
    if settings.get("slow_start"):
        eventually((folder / "prepared").exists, doing="be told to go on")


def main(folder: Path) -> int:
    """Run a supervisor as the command line does."""
    log.setup("info", "text")
    first = config(folder)
    settings = json.loads((folder / "settings.json").read_text())["settings"]
    return supervise(
        Plan(
            config=first,
            work=work,
            reload=lambda: config(folder),
            prepare=lambda _config: _prepare(folder, settings),
            environ=os.environ,
            once=settings.get("once", False),
        )
    )


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except DropshipError as error:
        sys.exit(f"{type(error).__name__}: {error}")
