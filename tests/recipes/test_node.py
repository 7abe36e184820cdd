"""A Node program comes with its modules, and a version without them is taken back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.host import tarball
from tests.recipes.machine import SOURCE, Machine, following
from tests.recipes.recipe import missing
from tests.servers.process import home
from tests.servers.process import missing as not_installed
from tests.servers.systemd import Systemd

pytestmark = [pytest.mark.endurance, pytest.mark.root]

NPM = shutil.which("npm") or shutil.which("npm", path=home() / "node" / "bin")
HEALTH = "http://127.0.0.1:3000/healthz"

SERVER = """
const text = require("greeting");
const server = require("http").createServer((request, response) => response.end(text));
server.listen(process.env.PORT, "127.0.0.1");
process.on("SIGTERM", () => server.close(() => console.log("closed in order")));
"""


@pytest.fixture
def machine(systemd: Systemd) -> Iterator[Machine]:
    """The host of the page."""
    if not (shutil.which("node") and NPM):
        not_installed("node with npm")
    with following(systemd, "node") as machine:
        yield machine


def source(version: str) -> dict[str, str | bytes]:
    """A project that depends on a package of its own, so that it can be built without a network."""
    package = {"name": "greeting", "version": version, "main": "index.js"}
    where = f"file:vendor/greeting-{version}.tgz"
    project = {"name": "app", "version": version, "dependencies": {"greeting": where}}
    modules = {"": project, "node_modules/greeting": {"version": version, "resolved": where}}
    lock = {"name": "app", "version": version, "lockfileVersion": 3, "packages": modules}
    return {
        "server.js": SERVER,
        "package.json": json.dumps(project),
        "package-lock.json": json.dumps(lock),
        f"vendor/greeting-{version}.tgz": tarball(
            {
                "package/package.json": json.dumps(package),
                "package/index.js": f'module.exports = "version {version}";\n',
            }
        ),
    }


def build(machine: Machine, version: str) -> None:
    """Build and publish a version as the page says."""
    machine.source(source(version))
    machine.do(
        machine.recipe.typed(0),
        SOURCE,
        PATH=f"{Path(NPM or '').parent}:/usr/bin:/bin",
        npm_config_offline="true",
        npm_config_audit="false",
        npm_config_update_notifier="false",
    )
    publish(machine)


def publish(machine: Machine) -> None:
    """Publish what was built as the page says."""
    machine.do(machine.recipe.typed(1), SOURCE)
    machine.age("/srv/store/app.tar.gz")


def test_app_follows_its_versions_and_a_broken_one_is_taken_back(machine: Machine) -> None:
    """Version 1, version 2, and version 2 again after a version 3 without its modules."""
    build(machine, "1.0.0")
    machine.set_up(machine.recipe.typed(2))
    assert machine.get(HEALTH) == "200 version 1.0.0"

    build(machine, "2.0.0")
    machine.do("dropship update app")
    assert machine.get(HEALTH) == "200 version 2.0.0"
    assert "closed in order" in machine.do("journalctl -u app -o cat")

    machine.source(source("3.0.0"))
    machine.do("tar -czf app.tar.gz package.json server.js", SOURCE)
    publish(machine)
    done = machine.dropship("update", "app")
    assert done.returncode == 1
    assert missing(machine.recipe.shown(1), done.stderr) == []
    assert "Cannot find module" in machine.do("journalctl -u app -o cat")
    assert machine.get(HEALTH) == "200 version 2.0.0"
