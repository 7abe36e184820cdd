"""Testimony of what a program loads once it has forked for the first time.

``bear_witness`` writes a ``sitecustomize`` into a folder for PYTHONPATH. From the first fork on, every
process of the program that looks for a module says so: a finder that finds nothing stands before
all others, where statements, ``importlib`` and the interpreter's own imports come by.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dropship

_OURS = str(Path(dropship.__file__).parent)

_SITE = """\
import os, sys

FORKED = False

def say(text):
    title = open("/proc/self/cmdline", "rb").read().replace(b"\\0", b" ").decode().strip()
    out = os.open({there!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(out, f"{{text}} in {{os.getpid()}} ({{title}})\\n".encode())
    os.close(out)

def forked(word):
    global FORKED
    FORKED = True
    say(word)

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if FORKED:
            frame = sys._getframe(1)
            while frame.f_back and not frame.f_code.co_filename.startswith({ours!r}):
                frame = frame.f_back
            say(f"import {{name}} by {{frame.f_code.co_filename}}:{{frame.f_lineno}}")
        return None

sys.meta_path.insert(0, Finder)
os.register_at_fork(after_in_parent=lambda: forked("fork"), after_in_child=lambda: forked("begin"))
"""


@dataclass(frozen=True)
class Witness:
    """What was said. ``site``: the folder for PYTHONPATH."""

    site: Path
    there: Path

    @property
    def processes(self) -> int:
        """How many were forked."""
        return sum(line.startswith("begin ") for line in self._lines())

    @property
    def imports(self) -> list[str]:
        """What was looked for, by which line, in which process."""
        return [line for line in self._lines() if line.startswith("import ")]

    def _lines(self) -> list[str]:
        return self.there.read_text().splitlines() if self.there.exists() else []


def bear_witness(folder: Path) -> Witness:
    """Have programs with ``site`` on their PYTHONPATH watched."""
    said = Witness(folder / "site", folder / "testimony")
    said.site.mkdir()
    (said.site / "sitecustomize.py").write_text(_SITE.format(there=str(said.there), ours=_OURS))
    return said
