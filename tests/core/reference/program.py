"""Go's text/template: a program of a few lines around the one that comes with Go."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Rendered(NamedTuple):
    """What a template comes to with one set of fields.

    Attributes:
        failed: Why it does not; empty where it does.
    """

    failed: str
    text: bytes


class Outcome(NamedTuple):
    """What Go makes of a template.

    Attributes:
        refused: Why it is none; empty where it is one.
        rendered: One for each set of fields, none of what is refused.
    """

    refused: str
    rendered: tuple[Rendered, ...]


def missing() -> str | None:
    """What is not installed here; None if everything is."""
    return None if shutil.which("go") else "needs Go: apt-get install golang-go"


def version() -> str:
    """Which Go it is."""
    return subprocess.run(
        ["go", "env", "GOVERSION"], capture_output=True, text=True, check=True
    ).stdout.strip()


def build(folder: Path) -> Path:
    """The program, built into this folder."""
    program = folder / "reference"
    environment = os.environ | {"GO111MODULE": "off", "GOFLAGS": ""}
    source = Path(__file__).with_name("main.go")
    subprocess.run(["go", "build", "-o", program, source], env=environment, check=True, timeout=300)
    return program


def read(
    program: Path, texts: Iterable[str], sets: Sequence[Mapping[str, object]]
) -> list[Outcome]:
    """What Go makes of each, rendered with each set of fields."""
    lines = "\n".join(json.dumps(one) for one in (sets, *texts)).encode()
    done = subprocess.run([program], input=lines, stdout=subprocess.PIPE, check=True, timeout=300)
    return [_outcome(json.loads(line)) for line in done.stdout.splitlines()]


def _outcome(line: Mapping[str, object]) -> Outcome:
    rendered = line["rendered"] or ()
    assert isinstance(rendered, Sequence)
    return Outcome(
        str(line["refused"]),
        tuple(Rendered(one["failed"], base64.b64decode(one["text"] or "")) for one in rendered),
    )
