"""Migrations of a release run before it is switched to, once, and never on the way back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.recipes.machine import SOURCE, Machine, following
from tests.recipes.recipe import missing
from tests.servers.process import missing as not_installed
from tests.servers.systemd import Systemd

pytestmark = [pytest.mark.endurance, pytest.mark.root]

HEALTH = "http://127.0.0.1:8000/healthz"

SHOP = """#!/usr/bin/python3
import http.server, sqlite3, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = sqlite3.connect(sys.argv[1], isolation_level=None).execute("{query}").fetchall()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"version {version} {{found}}".encode())

http.server.HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""
OLD = "INSERT INTO orders (item) VALUES ('tea') RETURNING item"
NEW = "INSERT INTO orders (item, note) VALUES ('tea', 'hot') RETURNING item, note"

PID = "systemctl show --value -p MainPID shop"
FIRST, SECOND = "migrations/0001-orders.sql", "migrations/0002-note.sql"
THIRD = "migrations/0003-price.sql"


def shop(version: str, query: str) -> str:
    """A version of the program; each request asks the database something."""
    return SHOP.format(version=version, query=query)


@pytest.fixture
def machine(systemd: Systemd) -> Iterator[Machine]:
    """The host of the page."""
    if not shutil.which("sqlite3"):
        not_installed("sqlite3")
    with following(systemd, "migration") as machine:
        yield machine
    systemd.run("userdel", "shop")


def publish(machine: Machine, shop: str, more: dict[str, str]) -> None:
    """Build and publish a version with the page's migrations, and more, as the page says."""
    files = machine.recipe.files
    migrate = files["bin/migrate"] + "echo done >> /var/lib/shop/migrated\n"
    machine.source({"bin/migrate": migrate, "bin/shop": shop, FIRST: files[FIRST], **more})
    machine.do(machine.recipe.typed(0), SOURCE)
    machine.age("/srv/store/shop.tar.gz")


def schema(machine: Machine) -> str:
    """The number of the last migration that the database has had."""
    return machine.do("sqlite3 /var/lib/shop/shop.db 'PRAGMA user_version'").strip()


def test_migrations_go_before_the_switch_and_survive_the_way_back(machine: Machine) -> None:
    """1, 2 with a migration, 3 whose migration fails, 4 that is put off, migrates, and is taken back."""
    second = {SECOND: machine.recipe.files[SECOND]}
    publish(machine, shop("1", OLD), {})
    machine.set_up(machine.recipe.typed(1))
    assert machine.get(HEALTH) == "200 version 1 [('tea',)]"

    publish(machine, shop("2", NEW), second)
    machine.do("dropship update shop")
    assert machine.get(HEALTH) == "200 version 2 [('tea', 'hot')]"
    assert schema(machine) == "2"
    pid = machine.do(PID)

    publish(
        machine,
        shop("3", NEW),
        {**second, THIRD: "CREATE TABLE prices (id);\nALTER TABLE order ADD x;\n"},
    )
    done = machine.dropship("update", "shop")
    assert done.returncode == 1
    assert missing(machine.recipe.shown(1), done.stderr) == []
    assert machine.get(HEALTH) == "200 version 2 [('tea', 'hot')]"
    assert machine.do("sqlite3 /var/lib/shop/shop.db .tables") == "orders\n", "no half of it"
    assert machine.status("shop")["quarantined"] == []
    assert machine.do(PID) == pid, "the old version was never stopped"

    publish(
        machine, "#!/usr/bin/nowhere\n", {**second, THIRD: "ALTER TABLE orders ADD x INTEGER;\n"}
    )
    with machine.holding("/var/lib/shop/lock"):
        assert machine.dropship("update", "shop").returncode == 4
    assert (schema(machine), machine.do(PID)) == ("2", pid)
    done = machine.dropship("update", "shop")
    assert done.returncode == 1
    assert missing(machine.recipe.shown(2), done.stderr) == []
    assert machine.get(HEALTH) == "200 version 2 [('tea', 'hot')]"
    assert schema(machine) == "3"
    assert machine.do("cat /var/lib/shop/migrated") == 3 * "done\n", "1, 2, 4; not on the way back"


def test_first_install_does_not_go_on_without_its_migration(machine: Machine) -> None:
    """There is no old version to protect, and all the same nothing is served without its tables."""
    publish(machine, shop("1", OLD), {SECOND: "CREATE TABEL slips (id);\n"})
    assert machine.sh(machine.recipe.typed(1)).returncode != 0
    assert not machine.path("/srv/shop").is_symlink()
    assert schema(machine) == "1"
    assert machine.do(PID) == "0\n"
