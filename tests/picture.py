"""The picture of the README, from a real run: ``python -m tests.picture``.

Runs ``dropship demo`` on a terminal 100 columns wide and draws what is seen there. The picture
names no font and no file of other servers: it looks the same offline.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

PICTURE: Final = Path(__file__).parents[1] / "docs" / "demo.svg"
COMMAND: Final = ("dropship", "demo")

_COLUMNS: Final = 100
_ROWS: Final = 100
_ELSEWHERE: Final = re.compile(r"@font-face \{\{.*?\}\}\s*|<!--.*?-->\s*", re.DOTALL)
_FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def seen() -> str:
    """What the command shows on a terminal.

    Raises:
        SystemExit: It did not come out right; there is no picture of that.
    """
    terminal, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    # As it is called when it is on the PATH, whatever folder that is here.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "TMPDIR")}
    with subprocess.Popen(
        COMMAND,
        env={**kept, "PATH": path, "TERM": "xterm-256color"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    ) as running:
        os.close(its)
        shown = bytearray()
        with suppress(OSError):  # EIO: how a terminal ends
            while piece := os.read(terminal, 4096):
                shown += piece
        os.close(terminal)
    text = shown.decode().replace("\r\n", "\n")
    if running.returncode != 0:
        raise SystemExit(text)
    return text


def drawn(text: str) -> str:
    """An SVG of a terminal that shows ``text`` with its colours."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), color_system="truecolor")
    console.print(Text.assemble(("$ ", "bold green"), (" ".join(COMMAND), "bold")))
    for line in text.rstrip().split("\n"):
        console.print(Text.from_ansi(line))
    ours = _ELSEWHERE.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code, monospace", _FONT)
    # Some viewers would drop the spaces that lines begin with.
    ours = ours.replace("<svg ", '<svg xml:space="preserve" ', 1)
    # A fixed id: two pictures differ only where the runs did.
    return console.export_svg(title="dropship demo", code_format=ours, unique_id="demo")


def main() -> int:
    """Draw it."""
    picture = drawn(seen())
    PICTURE.write_text(picture, encoding="utf-8")
    print(f"{PICTURE} is {len(picture) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
