"""The program as a package brings it: with the generated parser, compiled, alone in its venv."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import dropship
from dropship.hcl import engine

_WRITER = Path(__file__).parents[2] / "grammar" / "standalone.py"
# What the script of an installed package does.
_RUN = "import sys; from dropship.__main__ import main; sys.exit(main())"


@dataclass(frozen=True)
class Packaged:
    """Where it was put, and what runs it. What it needs of others is not there."""

    python: Path

    def command(self, *words: str | Path) -> list[str]:
        """A command line of the program."""
        return [str(self.python), "-c", _RUN, *map(str, words)]


def packaged(folder: Path, *, generated: bool) -> Packaged:
    """Put the package into a venv; without the generated parser it borrows lark."""
    venv.create(folder, symlinks=True)
    library = next(folder.glob("lib/python*/site-packages"))
    package = library / "dropship"
    ignored = shutil.ignore_patterns("__pycache__", "generated.py")
    shutil.copytree(Path(dropship.__file__).parent, package, ignore=ignored)
    (package / "hcl" / "grammar").mkdir(exist_ok=True)
    shutil.copy(engine.grammar_path(), package / "hcl" / "grammar")
    if generated:
        generate(package / "hcl" / "generated.py")
    else:
        import lark  # noqa: PLC0415 - only to know where it is

        shutil.copytree(Path(lark.__file__).parent, library / "lark")
    compileall.compile_dir(library, quiet=1)
    return Packaged(folder / "bin" / "python")


def generate(output: Path) -> None:
    """Write the parser that a build would make."""
    subprocess.run([sys.executable, _WRITER, output], check=True)
