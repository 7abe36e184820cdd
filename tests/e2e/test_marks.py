"""What the fleet is told of a digest that failed, where its engine cannot be told, or asked."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
import requests

from tests.e2e.fleet import running
from tests.e2e.host import Host, eventually
from tests.servers.consul import Consul
from tests.servers.relay import relay

_GO_RULES = (
    'key_prefix "dropship/services" { policy = "write" } session_prefix "" { policy = "write" }'
)


def _lock(port: int, prefix: str) -> str:
    return f"""
lock "consul" {{
  address = "127.0.0.1:{port}"
  prefix  = "{prefix}"
  ttl     = "60s"
}}
"""


def _fails(host: Host) -> str:
    """The new version does not start, which takes until somebody allows it to."""
    wait = f"until test -e {host.folder}/gate; do sleep 0.02; done"
    return f'after "script" {{ command = "{host.mark("here")}; {wait}; exit 1" }}'


def _there(consul: Consul, keys: str) -> bool:
    try:
        return bool(consul.ask("GET", keys))
    except requests.HTTPError:  # 404: none
        return False


@pytest.mark.endurance
def test_fleet_is_told_of_a_failure_when_its_engine_is_back(tmp_path: Path, consul: Consul) -> None:
    """It costs one host also where the engine was away just then."""
    prefix = secrets.token_hex(8)
    with (
        relay(consul.port) as engine,
        running(tmp_path, 2, _lock(engine.port, prefix)) as fleet,
    ):
        one, other = fleet.hosts
        fleet.configure(_fails, interval="1s")
        fleet.publish({"version": "1"})
        one.start()
        eventually(lambda: one.marked() == ["here"], one.said)
        engine.cut.set()
        (one.folder / "gate").touch()
        one.until_said("the fleet was not told, and will be told that")
        engine.cut.clear()
        marks = f"kv/dropship/marks/dropship/services/{prefix}/failed?keys"
        eventually(lambda: _there(consul, marks), one.said)
        # Its turn could not be given back; it would be free by itself when its time is over.
        one.run("lock", "break", "consul")
        refused = other.run("update")
        assert refused.returncode == 4, refused.stderr
        assert "failed on" in refused.stderr
        assert other.marked() == []


def test_token_that_was_made_for_the_go_tool_updates_and_says_what_is_missing(
    host: Host, consul: Consul
) -> None:
    """It may not read marks: the configuration runs unchanged all the same."""
    token = consul.token_for(_GO_RULES)
    main = _lock(consul.port, secrets.token_hex(8)).replace("ttl ", f'token = "{token}"\n  ttl ')
    host.configure(host.service("sequentialUpdates = true"), main=main)
    host.publish({"version": "1"})
    done = host.run("update")
    assert done.returncode == 0, done.stderr
    assert host.version() == "1"
    assert "what failed on other hosts is not heeded" in done.stderr
    assert 'its rules need key_prefix "dropship' in done.stderr
    assert token not in done.stderr
