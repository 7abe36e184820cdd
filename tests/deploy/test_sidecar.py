"""Checksums beside an artifact, and a publisher who renews one after the other."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dropship.deploy.check import check
from dropship.deploy.rig import Rig
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host, tarball


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose program is not run, and a service that wants its artifact vouched for."""
    made = Host(tmp_path)
    made.configure(made.service().replace("settle ", 'checksum = "sidecar"\n settle '))
    return made


def vouch(host: Host, version: str, tool: str = "sha256") -> None:
    """Write the checksum of a version beside the artifact."""
    digest = hashlib.new(tool, tarball({"version": version})).hexdigest()
    fresh = host.store / "new"
    fresh.write_text(f"{digest}  app.tar.gz\n")
    fresh.rename(host.store / f"app.tar.gz.{tool}")


def look(host: Host, made: Rig | None = None) -> Desk:
    """One check."""
    desk = Desk()
    drive(made or rig(host.config), desk)
    return desk


@pytest.mark.parametrize("tool", ["md5", "sha256", "sha512"])
def test_new_artifact_waits_for_its_new_checksum(host: Host, tool: str) -> None:
    """It is not installed, not put into quarantine, tried again, and told once."""
    host.publish({"version": "1"})
    vouch(host, "1", tool)
    look(host)
    assert host.version() == "1"
    host.publish({"version": "2"})
    for _ in range(3):
        look(host)
    assert host.version() == "1"
    assert host.saved()["quarantine"] == []
    first, second = host.history()
    assert (first["outcome"], second["outcome"]) == ("updated", "failed")
    assert f"app.tar.gz.{tool} promises" in second["error"]
    vouch(host, "2", tool)
    look(host)
    assert host.version() == "2"
    assert [one["outcome"] for one in host.history()] == ["updated", "failed", "updated"]


def test_new_checksum_waits_for_its_artifact(host: Host) -> None:
    """The other way round nothing is installed either."""
    host.publish({"version": "1"})
    vouch(host, "1")
    look(host)
    vouch(host, "2")
    look(host)
    assert host.version() == "1"
    host.publish({"version": "2"})
    look(host)
    assert host.version() == "2"


def test_artifact_nobody_vouches_for_is_not_installed(host: Host) -> None:
    """Not even as the first."""
    host.publish({"version": "1"})
    look(host)
    assert host.version() is None
    answer = check(rig(host.config))
    assert answer.state == "error"
    assert "neither app.tar.gz.sha256" in (answer.error or "")
    vouch(host, "1")
    look(host)
    assert host.version() == "1"
    assert check(rig(host.config)).state == "current"


def test_asking_for_checksums_later_changes_nothing_that_is_installed(host: Host) -> None:
    """The artifact is looked at once more, and is what is there."""
    wanted = host.config.read_text()
    host.config.write_text(wanted.replace('checksum = "sidecar"', ""))
    host.publish({"version": "1"})
    look(host)
    (release,) = host.releases()
    host.config.write_text(wanted)
    vouch(host, "1")
    look(host)
    look(host)
    assert host.releases() == [release]
    assert len(host.history()) == 1
