"""What the recipe for units says, done to the letter on a booted systemd."""

from __future__ import annotations

import os
import re

import pytest

from tests.docs.pages import USAGE, Page
from tests.servers.systemd import Systemd
from tests.systemd.unit import Unit

pytestmark = [pytest.mark.endurance, pytest.mark.root]

PAGE = Page(USAGE / "recipes" / "systemd.md")
PROGRAM, BUILD, ONCE = (block.text for block in PAGE.blocks("sh"))
(UNIT,) = (block.text for block in PAGE.blocks("ini"))
CONFIG = next(block.text for block in PAGE.blocks("hcl"))
_, SHOWN = (block.text for block in PAGE.blocks("text"))

SOURCE = "root/source"


@pytest.fixture
def host(units: Systemd) -> Unit:
    """The host of the page."""
    host = Unit(units)
    host.path("etc/systemd/system/api.service").write_text(UNIT)
    host.configure(CONFIG)
    host.path(SOURCE).joinpath("bin").mkdir(parents=True)
    program = host.path(SOURCE) / "bin/api"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return host


def typed(host: Unit, script: str, cwd: str = "/") -> str:
    """Type what the page says to type; it has to work."""
    done = host.machine.run("sh", "-euc", f"cd {cwd}\n{script}")
    assert done.returncode == 0, done.stdout + done.stderr + host.journal()
    return done.stdout


def build(host: Unit, settings: str) -> None:
    """Build and publish a version as the page says."""
    (host.path(SOURCE) / "settings").write_text(settings)
    typed(host, BUILD, f"/{SOURCE}")
    # It has held still for long, so that nothing waits until it has.
    os.utime(host.path("srv/store/api.tar.gz"), (1_000_000_000, 1_000_000_000))


def working(host: Unit) -> str:
    """What the running version said last; empty if none runs."""
    host.run("journalctl", "--sync")
    if host.machine.show("api", "ActiveState") != "active":
        return ""
    return host.run("journalctl", "-q", "-u", "api", "-o", "cat", "-g", "^ready", "-n", "1").strip()


def steady(text: str) -> str:
    """A text without digests and numbers (times, durations, processes), its long lines whole.

    Nor what a look saw of a service that falls over and is started again: that is chance.
    """
    whole = re.sub(r"\n(?!\S+Z |dropship: )(?=.)", " ", text)
    return re.sub(r"did not hold .*|[0-9a-f]{12}|\d+", "#", whole)


def test_version_after_version_runs_and_the_bad_one_is_taken_back(host: Unit) -> None:
    """And what the page shows of that is what is seen."""
    build(host, "version 1")
    assert ", 0 warnings" in typed(host, ONCE)
    assert working(host) == "ready: version 1"

    build(host, "version 2")
    typed(host, "dropship update api")
    assert working(host) == "ready: version 2"

    build(host, "")
    done = host.machine.run("dropship", "update", "api")
    assert done.returncode == 1
    said = steady(done.stderr).splitlines()
    shown = steady(SHOWN).splitlines()
    assert [line for line in shown if line not in said] == [], done.stderr
    # What systemd and the service themselves say comes to the journal in either order.
    ours = iter(line for line in said if " | " not in line)
    assert all(line in ours for line in shown if " | " not in line), done.stderr
    assert "did not hold" in SHOWN
    assert "unit api.service " in done.stderr
    assert working(host) == "ready: version 2"
    assert "there are no settings" in typed(host, "dropship logs api")
