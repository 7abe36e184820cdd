"""The demo's configuration is a first one to learn from: it has no faults, whatever the place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dropship.config.load import Mode, load
from dropship.demo import configuration
from dropship.demo.folder import Folder
from dropship.hcl.diagnostics import draw


@pytest.mark.parametrize("name", ["plain", 'it\'s 50% "done" \\ $HOME', "größe"])
def test_configuration_has_nothing_to_complain_about(tmp_path: Path, name: str) -> None:
    """Paths are taken to the letter, by the language and by the shell."""
    folder = Folder.make(tmp_path / name)
    configuration.write(folder, 8080)
    loaded = load(folder.config, environ={}, cwd=tmp_path, euid=0, mode=Mode.REQUIRE)
    assert [draw(one, loaded.masked) for one in loaded.diagnostics] == []
    assert loaded.config is not None
    assert loaded.config.state_path == folder.state
    assert loaded.config.run_path == folder.run
    (service,) = loaded.config.services
    assert service.name == "web"


def test_configuration_is_for_this_python_and_explains_itself(tmp_path: Path) -> None:
    """Every block has a comment above it."""
    text = configuration.text(Folder.make(tmp_path), 8080)
    assert f"{sys.executable} server.py start 8080 " in text
    assert text.count("# ") >= 8
    assert max(len(line) for line in text.splitlines() if "#" in line) <= 100
