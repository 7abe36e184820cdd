"""``python -m dropship.hcl FILE``: a file as JSON in version 1's shape, or what is wrong with it.

Knows nothing of services; ``dropship validate`` does. With ``--ast`` the tree with positions.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dropship.hcl.ast import Source
from dropship.hcl.decode import Decoder
from dropship.hcl.diagnostics import Diagnostic, Severity, draw
from dropship.hcl.dump import dump
from dropship.hcl.parser import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the file; 0, or 1 where anything is wrong with it, or 2 for a wrong call."""
    options = _options().parse_args(arguments)
    try:
        text = _read(options.file)
    except OSError as cause:
        sys.stderr.write(f"{options.file}: cannot be read: {cause.strerror}\n")
        return 1
    parsed = parse(Source(options.file, text))
    if _tell(parsed.diagnostics):
        return 1
    decoder = Decoder(os.environ, _read_strictly)
    shown: Any = dump(parsed.file) if options.ast else decoder.object(parsed.file.body)
    if _tell(decoder.faults):
        return 1
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dropship.hcl",
        description="Print a configuration file as JSON.",
        epilog="example: python -m dropship.hcl /etc/dropship.d/dropship.hcl",
    )
    parser.add_argument("file", metavar="FILE", help="the file, - for standard input")
    parser.add_argument("--ast", action="store_true", help="print the tree with positions")
    return parser


def _read(name: str) -> str:
    raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    # Bytes that are no UTF-8 get a place in the text, so that they get one in a diagnostic.
    return raw.decode("utf-8", "surrogateescape")


def _read_strictly(name: str) -> str:
    return Path(name).read_bytes().decode("utf-8")


def _tell(diagnostics: Sequence[Diagnostic]) -> bool:
    for diagnostic in diagnostics:
        sys.stderr.write(draw(diagnostic) + "\n")
    return any(one.severity is Severity.ERROR for one in diagnostics)


if __name__ == "__main__":  # pragma: no cover  the tests run it in a child
    sys.exit(main())
