"""Configurations of 2015 with Rackspace Cloud Files, run on a real Swift with its v1 auth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.contracts.shelves import Containers
from tests.e2e.host import Host, eventually, tarball
from tests.servers.relay import Relay, relay
from tests.servers.swift import Swift

KEYS = """
  user = "test:tester"
  key = "{key}"
  region = "DFW"
  authUrl = "http://127.0.0.1:{port}/auth/v1.0"
"""

MAIN = """
# Location that service config will be read from
service_path = "{services}"

# Rackspace Repo Config
# =====================
{block} {{{keys}}}
"""

SERVICE = """
# vim: set ft=hcl :
service "my-service" {{
  # Use a semaphore to update one machine at a time
  sequentialUpdates = true

  # Check for updates every 10s
  checkInterval = "10s"

  before "script" {{
    command = "echo stop >> {marks}"
  }}

  artifact "rackspace" {{
    bucket = "my-container"
    path = "my-service.tar.gz"
    destination = "./test/dest"
  }}

  after "script" {{
    command = "echo start $(cat version) >> {marks}"
  }}
}}
"""


@dataclass(frozen=True)
class Stage:
    """All that takes part."""

    host: Host
    store: Containers
    relay: Relay

    def configure(self, block: str, key: str = "testing") -> None:
        """The main file, with a store by one of its two names."""
        services = self.host.folder / "services"
        keys = KEYS.format(port=self.relay.port, key=key)
        self.host.configure(main=MAIN.format(services=services, block=block, keys=keys))

    def publish(self, version: str) -> None:
        """Put a version into the container."""
        self.store.put("my-container", "my-service.tar.gz", tarball({"version": version}))

    def version(self) -> str:
        """The one that is installed."""
        return (self.host.folder / "test" / "dest" / "version").read_text()


@pytest.fixture
def stage(host: Host, swift: Swift) -> Iterator[Stage]:
    """A host with the Go tool's two files, and Cloud Files behind a relay."""
    (host.folder / "services").mkdir()
    service = host.folder / "services" / "my-service.hcl"
    service.write_text(SERVICE.format(marks=host.marks))
    store = Containers(swift)
    store.make("my-container")
    with relay(swift.port) as between:
        yield Stage(host, store, between)
    store.session.close()


def test_configuration_of_2015_installs_follows_and_survives_a_lost_token(
    stage: Stage, swift: Swift
) -> None:
    """Nothing is changed but addresses and commands; it authenticates once a worker."""
    host, relayed = stage.host, stage.relay
    stage.configure('repo "rackspace"')
    stage.publish("one")
    host.start()
    eventually(lambda: host.marked()[-1:] == ["start one"], host.said)
    assert host.marked() == ["stop", "start one"]
    assert stage.version() == "one"

    settled = len(relayed.methods("my-service.tar.gz"))
    host.run("check", "my-service")
    eventually(lambda: len(relayed.methods("my-service.tar.gz")) > settled, "check again")
    assert set(relayed.methods("my-service.tar.gz")[settled:]) == {"HEAD"}
    assert len(relayed.methods("/auth/v1.0")) <= 2  # the worker, and the command if it asks itself

    swift.forget_tokens()
    stage.publish("two")
    assert host.run("update", "my-service").returncode == 0  # by the agent's own worker
    assert host.marked() == ["stop", "start one", "stop", "start two"]
    assert stage.version() == "two"
    assert host.stop() == 0
    assert "testing" not in host.said()


def test_block_of_the_first_form_works_and_is_told_as_deprecated(stage: Stage) -> None:
    """``rackspace { … }`` at the top."""
    stage.configure("rackspace")
    stage.publish("one")
    done = stage.host.run("update")
    assert done.returncode == 0, done.stderr
    assert stage.version() == "one"
    told = stage.host.run("validate")
    assert told.returncode == 0
    assert 'write repo "rackspace" { … }' in told.stdout + told.stderr
    assert "W216" in told.stdout + told.stderr


def test_wrong_key_is_told_with_the_cure_and_never_shown(stage: Stage) -> None:
    """What an operator mistypes."""
    stage.publish("one")
    stage.configure('repo "rackspace"', key="hunter2")
    done = stage.host.run("update")
    assert done.returncode == 1
    assert "user or key is wrong" in done.stderr
    assert "check user and key" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
