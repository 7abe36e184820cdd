"""Which shell runs a command."""

from __future__ import annotations

from pathlib import Path

from dropship.exec import shell


def test_bash_is_used_where_it_is_and_sh_where_it_is_not(tmp_path: Path) -> None:
    """Looked for on the command's own PATH."""
    bash = tmp_path / "bash"
    assert shell.argv("true", {"PATH": str(tmp_path)}) == ("/bin/sh", "-c", "true")
    bash.symlink_to("/bin/sh")
    assert shell.argv("true", {"PATH": str(tmp_path)}) == (str(bash), "-c", "true")
