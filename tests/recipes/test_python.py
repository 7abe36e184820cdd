"""A virtualenv works after its way through a tarball, and a version that cannot start is taken back."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recipes.machine import SOURCE, Machine, following
from tests.recipes.recipe import missing
from tests.servers.systemd import Systemd

pytestmark = [pytest.mark.endurance, pytest.mark.root]

HEALTH = "http://127.0.0.1:8000/healthz"

APP = """
import http.server
import greeting

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(greeting.TEXT.encode())

http.server.HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""


def wheel(version: str) -> bytes:
    """What the app requires: a package with a script, as pip installs it."""
    target = io.BytesIO()
    info = f"greeting-{version}.dist-info"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(
            "greeting.py", f'TEXT = "version {version}"\n\n\ndef main():\n    print(TEXT)\n'
        )
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: greeting\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/entry_points.txt", "[console_scripts]\ngreet = greeting:main\n")
        archive.writestr(f"{info}/RECORD", "")
    return target.getvalue()


@pytest.fixture
def machine(systemd: Systemd) -> Iterator[Machine]:
    """The host of the page."""
    with following(systemd, "python") as machine:
        yield machine


def build(machine: Machine, version: str, program: str = APP) -> None:
    """Build a version as the page says, on a machine that has nothing else in /srv, and publish it."""
    wheels = f"{SOURCE}/wheels"
    machine.source(
        {
            "app/__main__.py": program,
            "requirements.txt": f"greeting=={version}\n",
            f"wheels/greeting-{version}-py3-none-any.whl": wheel(version),
        }
    )
    machine.build(
        machine.recipe.typed(0),
        PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin",
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=wheels,
        PIP_NO_CACHE_DIR="1",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    machine.do(machine.recipe.typed(1), cwd=SOURCE)
    machine.age("/srv/store/app.tar.gz")


def test_app_follows_its_versions_and_a_broken_one_is_taken_back(machine: Machine) -> None:
    """Version 1, version 2, and version 2 again after a version 3 that cannot import something."""
    build(machine, "1")
    machine.set_up(machine.recipe.typed(2))
    assert machine.get(HEALTH) == "200 version 1"

    build(machine, "2")
    machine.do("dropship update app")
    assert machine.get(HEALTH) == "200 version 2"
    assert machine.do("/srv/app/venv/bin/greet") == "version 2\n", "a script of a dependency"

    build(machine, "3", "import nowhere\n" + APP)
    done = machine.dropship("update", "app")
    assert done.returncode == 1
    assert missing(machine.recipe.shown(1), done.stderr) == []
    assert "No module named 'nowhere'" in machine.do("journalctl -u app -o cat")
    assert machine.get(HEALTH) == "200 version 2"
