"""People hear of switches and failures, in words that Slack and Grafana take."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.e2e.host import Host
from tests.recipes.chat import SLACK, TOKEN, Told, listening
from tests.recipes.recipe import Recipe, missing

RECIPE = Recipe("notices")


@pytest.fixture
def told() -> Iterator[Told]:
    """Slack and Grafana."""
    with listening() as told:
        yield told


@pytest.fixture
def host() -> Iterator[Host]:
    """One whose paths are about as short as the page's: long commands are told by their beginning."""
    with TemporaryDirectory(prefix="t") as folder:
        made = Host(Path(folder))
        yield made
        made.close()


@pytest.fixture
def page(host: Host, told: Told) -> Host:
    """The host of the page."""
    (host.folder / "etc").mkdir()
    (host.folder / "etc" / "slack").write_text(f"{told.url}{SLACK}\n")
    (host.folder / "etc" / "grafana").write_text(f"{TOKEN}\n")
    (text,) = RECIPE.files.values()
    host.configure(here(text, host).replace("https://grafana.example.com", told.url))
    return host


def here(text: str, host: Host) -> str:
    """A text of the page, its folders below the test's, its host this one."""
    for written, ours in (
        ("/etc/dropship.d", host.folder / "etc"),
        ("/srv/store", host.store),
        ("/srv/api", host.destination("api")),
        ("web-1", socket.gethostname()),
    ):
        text = text.replace(written, str(ours))
    return text


def publish(host: Host, check: str) -> None:
    """Publish a version; it has held still for long."""
    host.publish({"check": check}, "api")
    os.utime(host.store / "api.tar.gz", (0, 0))


def typed(host: Host, number: int) -> subprocess.CompletedProcess[str]:
    """Type what the page says to type."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-euc", here(RECIPE.typed(number), host)],
        env=host.environ(PATH=path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_channel_and_graphs_are_told_of_good_versions_and_of_a_bad_one(
    page: Host, told: Told
) -> None:
    """The channel reads what the page shows; the graphs have a mark for each switch."""
    begun = time.time()
    publish(page, "exit 0")
    done = typed(page, 0)
    assert ", 0 warnings" in done.stdout, done.stdout + done.stderr
    publish(page, "true")
    assert page.run("update", "api").returncode == 0
    publish(page, "echo '\"no\"'; exit 1")
    assert page.run("update", "api").returncode == 1

    shown = here("\n".join(RECIPE.shown(0)), page).splitlines()
    assert missing(shown, "\n".join(told.messages)) == []
    assert len(told.messages) == len(shown)
    assert len(told.annotations) == 3
    for one in told.annotations:
        assert begun - 1 < one["time"] / 1000 < time.time() + 1
        assert one["tags"] == ["deployment", socket.gethostname(), "api"]


def test_update_goes_on_where_nobody_listens(page: Host, told: Told) -> None:
    """Whoever is told is not asked; the address, which is a secret, is not told to the log."""
    told.down = True
    publish(page, "true")
    done = page.run("update", "api")
    assert done.returncode == 0
    assert "500" in done.stderr
    assert SLACK.rpartition("/")[2] not in done.stderr
    assert told.messages == []

    told.down = False
    assert typed(page, 1).returncode == 0
    assert len(told.messages) == 1
