"""Version 1 itself: a program of a few lines around Debian's package of the library."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOPATH = Path("/usr/share/gocode")
PACKAGE = "golang-github-hashicorp-hcl-dev"
LIBRARY = GOPATH / "src/github.com/hashicorp/hcl"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What version 1 makes of a text.

    Attributes:
        refused: Why it is not read; empty where it is.
        failed: Why it is read but not decoded.
        value: As ``python -m dropship.hcl`` prints it.
        tree: As its ``--ast`` prints the items; a text without a value is one that it panics over.
    """

    refused: str
    failed: str
    value: Any
    tree: Any


def missing() -> str | None:
    """What is not installed here; None if everything is."""
    if shutil.which("go") and LIBRARY.is_dir():
        return None
    return f"needs Go and version 1: apt-get install golang-go {PACKAGE}"


def version() -> str:
    """Which version 1 it is."""
    asked = ["dpkg-query", "--show", "--showformat=${Version}", PACKAGE]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def build(folder: Path) -> Path:
    """The program, built into this folder."""
    program = folder / "reference"
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": ""}
    source = Path(__file__).with_name("main.go")
    subprocess.run(["go", "build", "-o", program, source], env=environment, check=True, timeout=300)
    return program


def read(program: Path, texts: Iterable[bytes]) -> list[Outcome]:
    """What version 1 makes of each."""
    lines = b"".join(base64.b64encode(text) + b"\n" for text in texts)
    done = subprocess.run([program], input=lines, stdout=subprocess.PIPE, check=True, timeout=300)
    return [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]
