"""nginx serves the new release from the switch on, and the old one again when that is no site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.recipes.machine import SOURCE, Machine, following
from tests.recipes.recipe import missing
from tests.servers.systemd import Systemd

pytestmark = [pytest.mark.endurance, pytest.mark.root]

PAGE = "http://127.0.0.1/"


@pytest.fixture
def machine(systemd: Systemd) -> Iterator[Machine]:
    """The host of the page."""
    with following(systemd, "static-site") as machine:
        yield machine


def build(machine: Machine, version: str, page: str = "index.html") -> None:
    """Build and publish a version as the page says."""
    style = f"assets/main-{version}.css"
    machine.source(
        {
            f"public/{page}": f'<html><link href="{style}">{version}</html>\n',
            f"public/{style}": f"/* {version} */\n",
        }
    )
    machine.do(machine.recipe.typed(0), cwd=SOURCE)
    machine.age("/srv/store/site.tar.gz")


def test_site_follows_its_versions_and_a_broken_one_is_taken_back(machine: Machine) -> None:
    """Version 1, version 2, and version 2 again after a version 3 without a page."""
    build(machine, "1")
    machine.set_up(machine.recipe.typed(1))
    assert machine.get(PAGE) == '200 <html><link href="assets/main-1.css">1</html>\n'
    workers = machine.do("pgrep -f '[n]ginx: worker'")

    build(machine, "2")
    machine.do("dropship update site")
    assert machine.get(PAGE) == '200 <html><link href="assets/main-2.css">2</html>\n'
    assert machine.get(PAGE + "assets/main-2.css") == "200 /* 2 */\n"
    assert machine.get(PAGE + "assets/main-1.css") == "200 /* 1 */\n", "an open page needs it"

    build(machine, "3", page="home.html")
    done = machine.dropship("update", "site")
    assert done.returncode == 1
    assert missing(machine.recipe.shown(1), done.stderr) == []
    assert machine.get(PAGE) == '200 <html><link href="assets/main-2.css">2</html>\n'
    assert machine.do("pgrep -f '[n]ginx: worker'") == workers, "nginx was never reloaded"
