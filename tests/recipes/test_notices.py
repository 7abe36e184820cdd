"""People hear of switches and failures, in words that Slack and Grafana take."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator

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
def page(host: Host, told: Told) -> Host:
    """The host of the page."""
    (host.folder / "etc").mkdir()
    (host.folder / "etc" / "slack").write_text(f"{told.url}{SLACK}\n")
    (host.folder / "etc" / "grafana").write_text(f"{TOKEN}\n")
    (text,) = RECIPE.files.values()
    host.configure(here(text, host, told))
    return host


def here(text: str, host: Host, told: Told) -> str:
    """A text of the page, its folders below the test's, its Grafana and its host this one."""
    for written, ours in (
        ("/etc/dropship.d", host.folder / "etc"),
        ("/srv/store", host.store),
        ("/srv/api", host.destination("api")),
        ("https://grafana.example.com", told.url),
        ("web-1", socket.gethostname()),
    ):
        text = text.replace(written, str(ours))
    return text


def deploy(host: Host, check: str) -> subprocess.CompletedProcess[str]:
    """Publish a version and have it deployed."""
    host.publish({"check": check}, "api")
    os.utime(host.store / "api.tar.gz", (0, 0))  # it has held still for long
    return host.run("update", "api")


def test_channel_and_graphs_are_told_of_good_versions_and_of_a_bad_one(
    page: Host, told: Told
) -> None:
    """The channel reads what the page shows; the graphs have a mark for each switch."""
    begun = time.time()
    for check, status in (("exit 0", 0), ("true", 0), ("echo '\"no\"'; exit 1", 1)):
        assert deploy(page, check).returncode == status
    shown = here("\n".join(RECIPE.shown(0)), page, told).splitlines()
    assert missing(shown, "\n".join(told.messages)) == []
    assert len(told.messages) == len(shown)
    assert len(told.annotations) == 3
    for one in told.annotations:
        assert begun - 1 < one["time"] / 1000 < time.time() + 1
        assert one["tags"] == ["deployment", socket.gethostname(), "api"]


def test_update_goes_on_where_nobody_listens(page: Host, told: Told) -> None:
    """Whoever is told is not asked; the address, which is a secret, is not told to the log."""
    told.down = True
    done = deploy(page, "true")
    assert done.returncode == 0
    assert "500" in done.stderr
    assert SLACK.rpartition("/")[2] not in done.stderr
