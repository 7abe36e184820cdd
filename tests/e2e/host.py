"""A host for tests: a configuration, a store in a folder, and the real program run on them."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil

from dropship.agent import client
from dropship.agent.answers import seconds_of
from dropship.agent.protocol import Request
from dropship.errors import NoAgentError
from tests.waiting import tries

DEADLINE = 60.0
# A packaged program, where the tests are to try that: see tests/packaging/elsewhere.py.
_OTHER = os.environ.get("DROPSHIP_TEST_PROGRAM")
PROGRAM = (_OTHER,) if _OTHER else (sys.executable, "-m", "dropship")

T = TypeVar("T")


def eventually(
    what: Callable[[], T | None], doing: str | Callable[[], str], deadline: float = DEADLINE
) -> T:
    """Ask until the answer is true; fails, saying what was waited for, when time is over."""
    for _ in tries(deadline):
        if answer := what():
            return answer
    said = doing if isinstance(doing, str) else doing()
    raise AssertionError(f"not within {deadline} s: {said}")


def tarball(files: Mapping[str, str | bytes]) -> bytes:
    """A tar.gz of files; the same bytes whenever it is made."""
    target = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", 1, target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


class Host:
    """One host: everything below one folder."""

    def __init__(self, folder: Path, program: Sequence[str] = PROGRAM) -> None:
        self.folder = folder
        self.program = program
        self.store = folder / "store"
        self.store.mkdir()
        self.config = folder / "dropship.hcl"
        self.log = folder / "log"
        self.marks = folder / "marks"
        self._agent: subprocess.Popen[bytes] | None = None
        self._main = f'state_path = "{folder}/state"\nrun_path = "{folder}/run"\n'

    # --- what stands on it ----------------------------------------------------------------------

    def configure(self, *services: str, main: str = "") -> None:
        """Write the configuration: service blocks, and lines of the main file."""
        self.config.write_text(self._main + main + "\n" + "\n".join(services))

    def service(self, body: str = "", *, name: str = "app", interval: str = "200ms") -> str:
        """A service block over the folder store."""
        return f"""
service "{name}" {{
  checkInterval = "{interval}"
  artifact "file" {{
    path        = "{self.store}/{name}.tar.gz"
    destination = "{self.folder}/srv/{name}"
    settle      = "0s"
  }}
  {body}
}}
"""

    def mark(self, text: str) -> str:
        """Shell text that appends a line to the marks."""
        return f"echo {text} >> {self.marks}"

    def marked(self) -> list[str]:
        """The lines of the marks."""
        return self.marks.read_text().splitlines() if self.marks.exists() else []

    def publish(self, content: bytes | Mapping[str, str | bytes], name: str = "app") -> None:
        """Put an artifact into the store, whole at once."""
        data = content if isinstance(content, bytes) else tarball(content)
        fresh = self.store / f".{name}.new"
        fresh.write_bytes(data)
        fresh.rename(self.store / f"{name}.tar.gz")

    def destination(self, name: str = "app") -> Path:
        """Where the service is."""
        return self.folder / "srv" / name

    def version(self, name: str = "app") -> str | None:
        """What the file ``version`` at the destination says."""
        try:
            return (self.destination(name) / "version").read_text()
        except FileNotFoundError:
            return None

    def root(self, name: str = "app") -> Path:
        """The service's own folder."""
        return self.folder / "srv" / ".dropship" / name

    def releases(self, name: str = "app") -> list[str]:
        """Names of the releases on disk."""
        folder = self.root(name) / "releases"
        return sorted(one.name for one in folder.iterdir() if one.suffix != ".json")

    def litter(self, name: str = "app") -> list[Path]:
        """What is left in staging, or half written among the releases."""
        staging = self.root(name) / "staging"
        drafts = list((self.root(name) / "releases").glob(".*"))
        return [*staging.iterdir(), *drafts] if staging.is_dir() else drafts

    def saved(self, name: str = "app") -> dict[str, Any]:
        """The service's state file."""
        path = self.folder / "state" / "services" / name / "state.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def history(self, name: str = "app") -> list[dict[str, Any]]:
        """Lines of the service's history, oldest first."""
        path = self.folder / "state" / "services" / name / "history.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # --- running the program --------------------------------------------------------------------

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of the program."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DROPSHIP_", "AWS_"))}
        return {**kept, "DROPSHIP_CONFIG": str(self.config), **more}

    def run(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*self.program, *args],
            cwd=self.folder,
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def start(self, *args: str, cwd: Path | None = None, **environ: str) -> subprocess.Popen[bytes]:
        """Start an agent."""
        with self.log.open("ab") as log:
            self._agent = subprocess.Popen(
                [*self.program, "agent", *args],
                cwd=cwd or self.folder,
                env=self.environ(**environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self._agent

    @property
    def agent(self) -> subprocess.Popen[bytes]:
        """The agent that was started."""
        assert self._agent is not None
        return self._agent

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the agent; gives its exit code."""
        self.agent.send_signal(number)
        return self.agent.wait(DEADLINE)

    def close(self) -> None:
        """Leave nothing running."""
        # Hooks of tests wait for it; they are not the agent's to end, and outlive it.
        (self.folder / "gate").touch()
        if self._agent is not None and self._agent.poll() is None:
            self._agent.kill()
            self._agent.wait(DEADLINE)

    def left_over(self) -> list[int]:
        """Processes that still have something to do with it."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("DROPSHIP_CONFIG") == str(self.config):
                    found.append(process.pid)
        return found

    def said(self) -> str:
        """The agent's log."""
        return self.log.read_text() if self.log.exists() else ""

    def status(self) -> dict[str, Any]:
        """``status --format json``."""
        return dict(json.loads(self.run("status", "--format", "json").stdout))

    def services(self) -> dict[str, Any]:
        """What the agent says of its services, by name; empty if it does not run."""
        try:
            document = client.ask(self.folder / "run", Request("status"))
        except NoAgentError:
            return {}
        return {one["name"]: one for one in document["services"]}

    def worker(self, name: str = "app") -> dict[str, Any]:
        """What the agent says of a worker; empty if it does not run."""
        return dict(self.services().get(name, {}).get("worker") or {})

    def checked(self, name: str = "app") -> float:
        """When the agent last asked the store, seconds since the epoch; 0 if it has not."""
        last = self.services().get(name, {}).get("lastCheck")
        return seconds_of(last) if last else 0.0

    def pid(self, name: str = "app") -> int:
        """The pid of a worker that runs."""
        return int(
            eventually(lambda: self.worker(name).get("pid"), lambda: f"run {name}: {self.said()}")
        )

    def until_version(self, version: str, name: str = "app") -> None:
        """Wait until a version is current and the update is over."""
        journal = self.folder / "state" / "services" / name / "journal.json"
        eventually(
            lambda: self.version(name) == version and not journal.exists(),
            lambda: f"deploy {version}: {self.said()}",
        )

    def until_said(self, text: str, times: int = 1) -> None:
        """Wait until the agent's log holds a text so often."""
        eventually(lambda: self.said().count(text) >= times, lambda: f"say {text!r}: {self.said()}")
