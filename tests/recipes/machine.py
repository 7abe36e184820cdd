"""A host on which a recipe is followed: a booted systemd, so that every path is the page's own."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.recipes.recipe import Recipe
from tests.servers.systemd import Systemd

SOURCE: Final = "/root/source"
"""Where the project is built."""

_PLACES: Final = (
    "/etc/dropship.d",
    "/opt/greeter",
    "/srv",
    "/var/lib/dropship",
    "/var/lib/shop",
)
"""What recipes use on a host."""

_ASKER: Final = """
import select, sys, urllib.error, urllib.request

def answer():
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=10) as found:
            return f"{found.status} {found.read().decode()}"
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return str(error)

seen = set()
while not (seen and select.select([sys.stdin], [], [], 0)[0]):
    if (one := answer()) not in seen:
        print(repr(one), flush=True)
    seen.add(one)
"""
"""Prints each new answer; it ends when its input does."""


@contextmanager
def following(systemd: Systemd, page: str) -> Iterator[Machine]:
    """A machine for the recipe of a page, which leaves nothing running on it."""
    machine = Machine(systemd, Recipe(page))
    try:
        yield machine
    finally:
        machine.close()


class Machine:
    """A host and a build machine, one after the other, without a past of the recipe's at first."""

    def __init__(self, systemd: Systemd, recipe: Recipe) -> None:
        self._systemd = systemd
        self.recipe = recipe
        for folder in (*_PLACES, SOURCE):
            shutil.rmtree(self.path(folder), ignore_errors=True)
        self.path("/srv/store").mkdir(parents=True)
        self.path(SOURCE).mkdir()
        ours = {name: text for name, text in recipe.files.items() if name.startswith("/")}
        # Units of other tests may have the same name.
        self._stood = {self.path(name): _content(self.path(name)) for name in ours}
        for name, text in ours.items():
            self.write(name, text)
        self.do("systemctl daemon-reload")

    def close(self) -> None:
        """Stop what the recipe has started, and put what stood in the place of its files back."""
        units = " ".join(Path(one).name for one in self.recipe.files if one.endswith(".service"))
        if units:
            self.sh(f"systemctl disable --now {units}; systemctl reset-failed {units}")
        for path, content in self._stood.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        self.do("systemctl daemon-reload")

    def path(self, inside: str) -> Path:
        """Where a file of the machine is, seen from here."""
        return self._systemd.root / inside.lstrip("/")

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of the machine."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def source(self, files: Mapping[str, str | bytes]) -> None:
        """Have the project consist of these files; those in ``bin`` can be run."""
        shutil.rmtree(self.path(SOURCE))
        for name, content in files.items():
            self.write(f"{SOURCE}/{name}", content)
            if name.startswith("bin/"):
                self.path(f"{SOURCE}/{name}").chmod(0o755)

    def age(self, name: str) -> None:
        """Let a file of the store have held still for long, so that nothing waits until it has."""
        long_ago = time.time() - 3600
        os.utime(self.path(name), (long_ago, long_ago))

    def sh(self, script: str, cwd: str = "/", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run shell text in it; an error ends it."""
        words = [f"{name}={value}" for name, value in environ.items()]
        return self._systemd.run(
            "env", "HOME=/root", *words, "sh", "-euc", f"umask 022; cd {cwd}\n{script}"
        )

    def do(self, script: str, cwd: str = "/", **environ: str) -> str:
        """Run shell text in it that has to work; what it printed."""
        done = self.sh(script, cwd, **environ)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}\n{self.journal()}"
        return done.stdout

    def set_up(self, script: str) -> None:
        """Run shell text that puts the service on the host; the configuration is beyond reproach."""
        said = self.do(script)
        assert ", 0 warnings" in said, said

    def build(self, script: str, **environ: str) -> None:
        """Run shell text in the source, as on a machine that has nothing in ``/srv``."""
        alone = f"mount -t tmpfs tmpfs /srv\n{script}"
        self.do(f"exec unshare --mount sh -euc {shlex.quote(alone)}", SOURCE, **environ)

    @contextmanager
    def holding(self, lock: str) -> Iterator[None]:
        """Somebody else holds a lock file of the machine."""
        words = self._systemd.command("flock", lock, "sh", "-c", "echo held; read answer")
        holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield

    def dropship(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the program in it."""
        return self._systemd.run("dropship", *words)

    def status(self, service: str) -> dict[str, Any]:
        """What ``dropship status`` says of a service."""
        said = json.loads(self.dropship("status", service, "--format", "json").stdout)
        return dict(said["services"][0])

    def get(self, url: str) -> str:
        """What a GET gives: the status, and the body of a good one."""
        with self.asking(url) as answers:
            return answers[0]

    @contextmanager
    def asking(self, url: str) -> Iterator[list[str]]:
        """GET a URL again and again; in the end the list has all answers that differ."""
        words = self._systemd.command(sys.executable, "-c", _ASKER, url)
        asker = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with asker:
            assert asker.stdout is not None
            answers = [str(ast.literal_eval(asker.stdout.readline()))]
            yield answers
            said, _ = asker.communicate()
            answers += map(ast.literal_eval, said.splitlines())

    def journal(self) -> str:
        """The last that was said on it."""
        return self._systemd.run("journalctl", "-n", "40", "-o", "cat").stdout


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
