"""The program as a package brings it: with the generated parser, and compiled."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from pathlib import Path

import dropship
from dropship.hcl import engine

# What the script of an installed package does.
_RUN = "import sys; from dropship.__main__ import main; sys.exit(main())"


def packaged(folder: Path, *, generated: bool) -> Path:
    """A folder that holds the package, to be put first in the import path."""
    package = folder / "dropship"
    ignored = shutil.ignore_patterns("__pycache__", "generated.py")
    shutil.copytree(Path(dropship.__file__).parent, package, ignore=ignored)
    grammar = package / "hcl" / "grammar"
    grammar.mkdir(exist_ok=True)
    shutil.copy(engine.grammar_path(), grammar)
    if generated:
        starts = [word for start in engine.STARTS for word in ("-s", start)]
        output = package / "hcl" / "generated.py"
        tool = [sys.executable, "-m", "lark.tools.standalone"]
        subprocess.run([*tool, *starts, "-o", output, engine.grammar_path()], check=True)
    compileall.compile_dir(package, quiet=1)
    return folder


def command(*words: str | Path) -> list[str]:
    """The command line that runs it, given the import path of ``environ``."""
    return [sys.executable, "-c", _RUN, *map(str, words)]


def environ(folder: Path) -> dict[str, str]:
    """The environment in which the package of this folder is found."""
    return {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "HOME": "/root"}
