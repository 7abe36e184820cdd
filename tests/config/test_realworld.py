"""Configurations written for the Go tool are read, with warnings at most where that was wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.config.load import Mode, load

_FOLDER = Path(__file__).parents[2].parent / "shared" / "conformance" / "realworld"
_FILES = sorted(_FOLDER.glob("dropship-*.hcl"))


@pytest.mark.skipif(not _FILES, reason="the conformance data is not beside the repository")
def test_old_files_have_no_faults_but_those_we_find_on_purpose(tmp_path: Path) -> None:
    """Two services of one name; a store that is not defined in a lone file."""
    for path in _FILES:
        loaded = load(path, environ={}, cwd=tmp_path, euid=0, mode=Mode.WARN)
        errors = {one.code for one in loaded.errors}
        assert errors <= {"E210", "E213"}, (path.name, loaded.errors)
        assert loaded.files == (str(path),)
