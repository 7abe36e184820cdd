"""nginx serves the new release from the switch on, and the old one again when that is no site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.recipes.machine import SOURCE, Machine, following
from tests.recipes.recipe import missing
from tests.servers.systemd import Systemd

pytestmark = [pytest.mark.endurance, pytest.mark.root]

WORKERS = "pgrep -f '[n]ginx: worker'"
PAGE = "http://127.0.0.1/"


@pytest.fixture
def machine(systemd: Systemd) -> Iterator[Machine]:
    """The host of the page."""
    with following(systemd, "static-site") as machine:
        yield machine
    systemd.run("systemctl", "stop", "nginx")


def build(machine: Machine, version: str, name: str = "index.html") -> None:
    """Build and publish a version as the page says."""
    style = f"assets/main-{version}.css"
    machine.source(
        {
            f"public/{name}": f'<html><link href="{style}">{version}</html>\n',
            f"public/{style}": f"/* {version} */\n",
        }
    )
    machine.do(machine.recipe.typed(0), cwd=SOURCE)
    machine.age("/srv/store/site.tar.gz")


def page(version: str) -> str:
    """What nginx answers for a version."""
    return f'200 <html><link href="assets/main-{version}.css">{version}</html>\n'


def test_site_follows_its_versions_and_a_broken_one_is_taken_back(machine: Machine) -> None:
    """Version 1, version 2, and version 2 again after a version 3 without a page."""
    build(machine, "1")
    machine.set_up(machine.recipe.typed(1))
    workers = machine.do(WORKERS)

    build(machine, "2")
    with machine.asking(PAGE) as answers:
        machine.do("dropship update site")
        assert machine.get(PAGE) == page("2")
    assert answers == [page("1"), page("2")], "no visitor notices"
    assert machine.get(PAGE + "assets/main-2.css") == "200 /* 2 */\n"
    assert machine.get(PAGE + "assets/main-1.css") == "200 /* 1 */\n", "an open page needs it"

    build(machine, "3", name="home.html")
    done = machine.dropship("update", "site")
    assert done.returncode == 1
    assert missing(machine.recipe.shown(1), done.stderr) == []
    assert machine.get(PAGE) == page("2")
    assert machine.do(WORKERS) == workers, "nginx was never reloaded"
