"""The arrows of the architecture are kept by a check that really fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program and its settings, to plant things in."""
    shutil.copytree(ROOT / "dropship", tmp_path / "dropship")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter, on a copy."""
    command = (
        "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_arrows_point_down(copy: Path) -> None:
    """As things are, the check passes."""
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("place", "planted"),
    [
        ("demo/story.py", "from dropship.cli import output"),
        ("agent/worker.py", "from dropship.demo import stage"),
        ("core/schedule.py", "import dropship.cli.main"),
        ("repos/file.py", "from dropship.deploy import driver"),
        ("hcl/parser.py", "from dropship.config import model"),
        ("hcl/format.py", "from dropship.repos import options"),
        ("install/stage.py", "from dropship.agent import supervisor"),
    ],
)
def test_planted_upward_import_fails_the_check(copy: Path, place: str, planted: str) -> None:
    """An arrow that points up is found."""
    target = copy / "dropship" / place
    target.write_text(f"{target.read_text()}\n{planted}\n")
    done = lint_imports(copy)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout
