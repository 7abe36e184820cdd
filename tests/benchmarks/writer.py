"""Another process that writes: ``python -m tests.benchmarks.writer FOLDER``, until it is ended.

It writes a large file and syncs it, over and over, as a database or a backup does, and says
``busy`` once it has done so the first time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 20
_PIECES: Final = 256


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Such a process in ``folder``, well under way; ended when the block is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.writer", str(folder)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    try:
        if process.stdout is None or process.stdout.readline() != b"busy\n":
            raise RuntimeError("the writer did not start")
        yield
    finally:
        process.kill()
        process.communicate()


def main(folder: Path) -> None:
    """Write for ever."""
    piece, said = os.urandom(_PIECE), False
    while True:
        with (folder / "written").open("wb", buffering=0) as file:
            for _ in range(_PIECES):
                file.write(piece)
            os.fsync(file.fileno())
        if not said:
            said = True
            print("busy", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
