"""The programs that take turns: HashiCorp's client, built from what ``tests/servers/install`` unpacked, and ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import home, missing

Program = subprocess.Popen[str]


def built(folder: Path) -> Path:
    """The Go program, built into this folder without any network."""
    sources = home() / "consul" / "go"
    if not (sources / "src" / "github.com" / "hashicorp" / "consul").exists():
        missing("HashiCorp's client of Consul")
    if shutil.which("go") is None:
        missing("Go")
    program = folder / "turns"
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "GOPATH": str(sources),
        "GOCACHE": str(home() / "consul" / "go-build"),
        "CGO_ENABLED": "0",
    }
    source = Path(__file__).with_name("main.go")
    subprocess.run(["go", "build", "-o", program, source], env=environment, check=True, timeout=300)
    return program


@dataclass(frozen=True)
class Contest:
    """Programs that contend for the turns of one prefix, and what they say of them.

    Attributes:
        go: The Go program.
        log: Where each turn's begin and end is added, in the order in which they happened.
    """

    go: Path
    address: str
    prefix: str
    log: Path

    @contextmanager
    def theirs(self, name: str, turns: int, hold: float, ttl: float = 15) -> Iterator[Program]:
        """One that has HashiCorp's client."""
        words = [f"dropship/services/{self.prefix}", "1", str(turns), f"{hold}s", f"{ttl}s"]
        with _running([str(self.go), name, *words, str(self.log)], self.address) as program:
            yield program

    @contextmanager
    def ours(self, name: str, turns: int, hold: float, ttl: float = 15) -> Iterator[Program]:
        """One that has our locker."""
        module = [sys.executable, "-m", "tests.interop.ours", name, self.address, self.prefix, "1"]
        words = [str(turns), str(hold), str(ttl), str(self.log)]
        with _running([*module, *words], self.address) as program:
            yield program

    def lines(self) -> list[tuple[str, str]]:
        """What happened, and to whom."""
        text = self.log.read_text() if self.log.exists() else ""
        return [(what, who) for what, _, who in (line.partition(" ") for line in text.splitlines())]


def go(program: Program) -> None:
    """Let it begin."""
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()


@contextmanager
def _running(words: list[str], address: str) -> Iterator[Program]:
    """A program that is ready to begin; ended by its own number."""
    with subprocess.Popen(
        words,
        env=os.environ | {"CONSUL_HTTP_ADDR": address},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            yield program
        finally:
            program.kill()
