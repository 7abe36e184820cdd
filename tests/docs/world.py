"""The host of a page: what the page's configuration names is there, so that it works as it stands."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dropship.config.load import Mode, load
from dropship.config.model import ServiceConfig
from tests.docs.neighbours import WWW, Buckets
from tests.docs.pages import ROOT, Block
from tests.e2e.host import eventually
from tests.recipes.machine import SOURCE, Machine
from tests.recipes.recipe import Recipe
from tests.servers import swift
from tests.servers.systemd import Systemd

MAIN: Final = "/etc/dropship.d/dropship.hcl"
VERSIONS: Final = ("1.4.7", "2.1.3", "2.1.4")
"""What there is where an artifact has versions."""

_CHECKOUT: Final = ("dropship", "grammar", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
_UNITS: Final = {
    "api.service": "[Service]\nWorkingDirectory=/srv/api\n"
    "ExecStart=/usr/bin/python3 -m http.server --bind 127.0.0.1 8080\n",
    "api@.service": "[Service]\nExecStart=/bin/sleep infinity\n",
}
_LEFT: Final = ("/mnt/fleet", "/opt/dropship", "/usr/local/bin/dropship", "/tmp/look", "/tmp/look2")


class World(Machine):
    """A host on which the first whole configuration of a page stands, and a checkout of the source.

    Every artifact is in its store, in version 1. Where an agent is running it is the unit's.
    """

    def __init__(self, systemd: Systemd, recipe: Recipe, buckets: Buckets, folder: Path) -> None:
        super().__init__(systemd, recipe)
        self._buckets, self._folder = buckets, folder
        self.environ = {
            # The program is the one that is installed, not the checkout where commands are typed.
            "PYTHONSAFEPATH": "1",
            "AWS_ENDPOINT_URL_S3": buckets.endpoint,
            "S3_ACCESS_KEY": swift.ACCESS_KEY,
            "S3_SECRET": swift.SECRET,
            "AWS_ACCESS_KEY_ID": swift.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": swift.SECRET,
        }
        self._agents: list[subprocess.Popen[bytes]] = []
        for name in _LEFT:
            self._remove(self.path(name))
        self._furnish()
        if self.services():
            self.publish("1")

    def _furnish(self) -> None:
        for name in _CHECKOUT:
            target = self.path(f"{SOURCE}/{name}")
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, target)
        for name in ("api.tar.gz", "build/api.tar.gz", "build/api-2.1.tar.gz"):
            self.write(f"{SOURCE}/{name}", archive("1", "api"))
        for name, text in _UNITS.items():
            self.write(f"/etc/systemd/system/{name}", text)
        self.do("systemctl daemon-reload")
        whole = [one for one in self.recipe.page.blocks("hcl") if one.note.split(" ")[0] in WHOLE]
        if MAIN not in self.recipe.files and whole:
            self.write(MAIN, whole[0].text)

    def services(self) -> tuple[ServiceConfig, ...]:
        """Those of the configuration."""
        if not self.path(MAIN).exists():
            return ()
        loaded = load(
            self.path(MAIN),
            environ=dict.fromkeys(os.environ, "") | self.environ,
            cwd=Path("/"),
            euid=0,
            mode=Mode.LENIENT,
        )
        return loaded.config.services if loaded.config else ()

    def publish(self, text: str, versions: Sequence[str] = VERSIONS) -> None:
        """Put a version of every artifact into its store, as ``text`` says; it has held still."""
        for service in self.services():
            where = service.artifact.location
            path = where.path or where.url
            for version in versions if "{version}" in path else [""]:
                self._put(service, path.replace("{version}", version), text + version)

    def _put(self, service: ServiceConfig, path: str, text: str) -> None:
        made, kind = archive(text, service.name), service.artifact.repo.type
        if kind == "s3":
            file = self._folder / "object"
            file.write_bytes(made)
            self._buckets.put(service.artifact.location.bucket, path, file)
        else:
            place = (
                path if kind == "file" else f"{WWW}/{path.partition('://')[2].partition('/')[2]}"
            )
            self.write(place, made)
            self.age(place)

    def type(self, block: Block, cwd: str, *, online: bool) -> subprocess.CompletedProcess[str]:
        """Type a block; ``online``: on a host that reaches registries of packages as this one does."""
        script = f"umask 022; cd {cwd}\n{block.text}"
        words = [f"{name}={value}" for name, value in self.environ.items()]
        if online:
            inside = ["nsenter", "-t", str(self._systemd.pid), "-m", "-u", "-i", "-p"]
            argv = [*inside, "env", "HOME=/root", "PATH=/usr/local/bin:/usr/bin:/bin"]
        else:
            argv = [*self._systemd.command("env", "HOME=/root")]
        argv += [*words, "sh", "-euc", script]
        if block.note == "terminal":
            return self._at_a_terminal(argv)
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240 if online else 90,
            check=False,
        )

    def _at_a_terminal(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        """``q`` is pressed whenever something is seen."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [*argv[:-3], "TERM=xterm", *argv[-3:]], stdin=theirs, stdout=theirs, stderr=theirs
        ) as typed:
            os.close(theirs)
            seen = b""
            with suppress(OSError):  # the terminal is gone with who wrote to it
                while more := os.read(ours, 4096):
                    seen += more
                    # What is pressed before the program listens for keys is lost.
                    os.write(ours, b"q")
            status = typed.wait(60)
        os.close(ours)
        return subprocess.CompletedProcess(argv, status, seen.decode(errors="replace"), "")

    def stay(self, block: Block, cwd: str) -> None:
        """Type what runs until Ctrl-C, and wait until it is there."""
        words = [f"{name}={value}" for name, value in self.environ.items()]
        self._agents.append(
            self._systemd.start(
                "env", "HOME=/root", *words, "sh", "-euc", f"cd {cwd}\nexec {block.text}"
            )
        )
        eventually(self._agent, "an agent runs")

    def run_agent(self) -> None:
        """Start the unit."""
        self.do("systemctl start dropship")

    def wait_until_installed(self, text: str) -> None:
        """Wait until every service has a version, and its update is over."""
        for service in self.services():
            eventually(lambda service=service: self._has(service, text), f"{text} is installed")

    def _has(self, service: ServiceConfig, text: str) -> bool:
        greeting = self.sh(f"cat {service.artifact.destination}/greeting").stdout
        return text in greeting and self.status(service.name)["state"] == "idle"

    def _agent(self) -> int | None:
        said = self.dropship("status", "--format", "json").stdout
        return json.loads(said)["agent"]["pid"] if said else None

    def press_ctrl_c(self) -> list[int]:
        """End what stayed; how it ended."""
        statuses = []
        for typed in self._agents:
            if typed.poll() is None:
                self.do(f"kill -INT {eventually(self._agent, 'an agent runs')}")
            statuses.append(typed.wait(60))
        self._agents.clear()
        return statuses

    def close(self) -> None:
        """Leave nothing running."""
        self.press_ctrl_c()
        self.sh("systemctl stop dropship api 'api@*'; systemctl reset-failed")
        for name in _UNITS:
            self.path(f"/etc/systemd/system/{name}").unlink(missing_ok=True)
        for name in _LEFT:
            self._remove(self.path(name))
        super().close()

    @staticmethod
    def _remove(path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


WHOLE: Final = ("", "warns")
"""Notes of configurations that are whole."""


@contextmanager
def world(systemd: Systemd, recipe: Recipe, buckets: Buckets, folder: Path) -> Iterator[World]:
    """The host of a page, which leaves nothing running."""
    made = World(systemd, recipe, buckets, folder)
    try:
        yield made
    finally:
        made.close()


def archive(text: str, name: str) -> bytes:
    """A version of a program: what hooks and health checks of pages look for in it."""
    files = {
        "greeting": f"hello, this is {name} {text}\n",
        "healthz": "ready\n",
        "bin/migrate": "#!/bin/sh\n",
    }
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content.encode()), 0o755
            tar.addfile(entry, io.BytesIO(content.encode()))
    return target.getvalue()
