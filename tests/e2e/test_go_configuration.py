"""A configuration in the form of the Go tool's last example, run on a real S3 API and Graphite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from tests.e2e.host import Host, eventually, tarball
from tests.servers.graphite import Graphite
from tests.servers.relay import Relay, relay
from tests.servers.swift import Swift

BUCKET = "my-container"
KEY = "my-service.tar.gz"

MAIN = """
service_path = "{services}"

repo "s3" {{
  accessKey = "test:tester"
  secret = "testing"
  name = "us-east-1"
  endpoint = "http://127.0.0.1:{port}"
}}
"""

SERVICE = """
# vim: set ft=hcl :
service "my-service" {{
  # one machine at a time
  sequentialUpdates = true

  checkInterval = "10s"

  before "script" {{
    command = "echo stop >> {marks}"
  }}

  artifact "s3" {{
    bucket = "my-container"
    path = "my-service.tar.gz"
    destination = "./test/dest"
  }}

  after "graphite-event" {{
    host = "{graphite}"
    tags = "deployment"
    what = "deployed to {{{{.Name}}}} on {{{{.Hostname}}}}"
    data = "{{{{.Hash}}}}"
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
    store: Swift
    graphite: Graphite
    relay: Relay

    def publish(self, version: str) -> str:
        """Put a version into the bucket; gives its md5 as S3 knows it."""
        content = tarball({"version": version})
        client = self.store.client()
        answer = client.put_object(Bucket=BUCKET, Key=KEY, Body=content)
        client.close()
        return str(answer["ETag"]).strip('"')


@pytest.fixture
def stage(host: Host, swift: Swift, graphite: Graphite) -> Iterator[Stage]:
    """A host with the Go tool's two files, an S3 API behind a relay, and Graphite."""
    services = host.folder / "services"
    services.mkdir()
    client = swift.client()
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=BUCKET)
    client.close()
    with relay(swift.port) as between:
        main = MAIN.format(services=services, port=between.port)
        host.configure(main=main)
        text = SERVICE.format(marks=host.marks, graphite=graphite.host)
        (services / "my-service.hcl").write_text(text)
        yield Stage(host, swift, graphite, between)


def test_go_tools_example_installs_follows_and_survives_a_restart(stage: Stage) -> None:
    """Nothing is changed but addresses and commands."""
    host, relayed = stage.host, stage.relay
    dest = host.folder / "test" / "dest" / "version"
    known = len(stage.graphite.events())
    first = stage.publish("one")
    host.start()
    eventually(lambda: host.marked()[-1:] == ["start one"], host.said)
    assert host.marked() == ["stop", "start one"]
    assert dest.read_text() == "one"
    event = eventually(lambda: stage.graphite.events()[known:], "post the event")[0]
    assert event["data"] == first
    assert event["what"].startswith("deployed to my-service on ")
    assert sorted(event["tags"]) == ["deployment", "my-service"]

    # It sits still: HEADs only, nothing downloaded, nothing run.
    settled = len(relayed.methods(KEY))
    eventually(lambda: len(relayed.methods(KEY)) >= settled + 2, "check twice")
    assert set(relayed.methods(KEY)[settled:]) == {"HEAD"}
    assert relayed.methods(KEY).count("GET") == 1

    # The next check follows a change (one may be under way already), fresh event included.
    asked = len(relayed.methods(KEY))
    second = stage.publish("two")
    eventually(lambda: host.marked()[-1:] == ["start two"], host.said)
    assert relayed.methods(KEY)[asked:].index("GET") <= 2
    assert host.marked() == ["stop", "start one", "stop", "start two"]
    events = eventually(lambda: stage.graphite.events()[known + 1 :], "post the event")
    assert events[0]["data"] == second or stage.graphite.events()[-1]["data"] == second
    assert sorted(events[0]["tags"]) == ["deployment", "my-service"]
    assert relayed.methods(KEY).count("GET") == 2

    # A restarted agent downloads nothing.
    assert host.stop() == 0
    asked = len(relayed.methods(KEY))
    host.start()
    eventually(lambda: len(relayed.methods(KEY)) >= asked + 2, "check after the restart")
    assert set(relayed.methods(KEY)[asked:]) == {"HEAD"}
    assert host.stop() == 0
    assert host.marked() == ["stop", "start one", "stop", "start two"]


def test_wrong_key_and_wrong_bucket_are_told_apart_with_the_cure(stage: Stage) -> None:
    """What an operator mistypes."""
    host = stage.host
    stage.publish("one")
    good = host.config.read_text()
    host.config.write_text(good.replace('secret = "testing"', 'secret = "wrong"'))
    wrong_key = host.run("update")
    assert wrong_key.returncode == 1
    assert "secret" in wrong_key.stderr
    service = host.folder / "services" / "my-service.hcl"
    service.write_text(service.read_text().replace("my-container", "no-such-container"))
    host.config.write_text(good)
    wrong_bucket = host.run("update")
    assert wrong_bucket.returncode == 1
    assert "no-such-container" in wrong_bucket.stderr
    for done in (wrong_key, wrong_bucket):
        assert "Traceback" not in done.stdout + done.stderr
        assert "testing" not in done.stdout + done.stderr


def test_store_that_goes_away_and_comes_back_is_followed_again(stage: Stage) -> None:
    """The installed release stays; the next check after the store is back goes on."""
    host = stage.host
    stage.publish("one")
    assert host.run("update").returncode == 0
    stage.relay.cut.set()
    down = host.run("update")
    assert down.returncode == 1
    assert f"127.0.0.1:{stage.relay.port}" in down.stderr
    assert (host.folder / "test" / "dest" / "version").read_text() == "one"
    stage.relay.cut.clear()
    stage.publish("two")
    assert host.run("update").returncode == 0
    assert (host.folder / "test" / "dest" / "version").read_text() == "two"
