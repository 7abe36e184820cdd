"""Events of real updates, read back from the servers that keep them."""

from __future__ import annotations

import hashlib
import json

from tests.e2e.host import Host, eventually, tarball
from tests.servers.consul import Consul
from tests.servers.graphite import Graphite

BODY = """
  after "graphite-event" {{
    host = "{graphite}"
    what = "{name} {{{{.NewHash}}}}"
    data = "{{{{.OldHash}}}} -> {{{{.Hash}}}}"
    tags = ["deployment", "{name}-{{{{.Phase}}}}"]
  }}
  after "graphite-event" {{
    host       = "{graphite}"
    what       = "{name} {{{{.NewHash}}}}"
    data       = "{{{{.OldHash}}}} -> {{{{.Hash}}}}"
    tags       = "deployment {name}-{{{{.Phase}}}}"
    tagsFormat = "string"
  }}
  after "consul-event" {{
    name = "{name}"
    node = "^{node}$"
  }}
  after "script" {{
    command = "grep -v bad version"
  }}
  failed "graphite-event" {{
    host = "{graphite}"
    what = "{name} {{{{.Phase}}}}"
    data = "{{{{.Error}}}}"
  }}
  failed "consul-event" {{
    name = "{name}-failed"
  }}
"""


def publish(host: Host, version: str, name: str) -> str:
    """Put a version into the store; gives its md5."""
    content = tarball({"version": version})
    host.publish(content, name)
    return hashlib.md5(content).hexdigest()


def of(graphite: Graphite, name: str) -> list[tuple[str, str, list[str]]]:
    """Headline, text and tags of a service's events, oldest first."""
    found = [one for one in graphite.events() if one["what"].startswith(f"{name} ")]
    found.sort(key=lambda one: one["id"])
    return [(one["what"], one["data"], one["tags"]) for one in found]


def hashes(consul: Consul, name: str, times: int) -> list[str]:
    """Payloads of a name's events, once there are so many."""
    eventually(lambda: len(consul.events(name)) >= times, f"fire {name} {times} times")
    return [json.loads(one["Payload"])["hash"] for one in consul.events(name)]


def test_every_update_has_its_own_events_and_the_way_back_has_none(
    host: Host, graphite: Graphite, consul: Consul
) -> None:
    """Two updates in a row, then one that fails: fresh texts, the same tags, told once."""
    name = "shop"
    body = BODY.format(graphite=graphite.host, name=name, node=consul.node)
    host.configure(host.service(body, name=name))
    known = {"CONSUL_HTTP_ADDR": consul.address}

    one = publish(host, "1", name)
    assert host.run("update", **known).returncode == 0
    two = publish(host, "2", name)
    assert host.run("update", **known).returncode == 0
    tags = ["deployment", f"{name}-after", name]
    first, second = (
        (f"{name} {one}", f" -> {one}", tags),
        (f"{name} {two}", f"{one} -> {two}", tags),
    )
    assert of(graphite, name) == [first, first, second, second]
    assert hashes(consul, name, 2) == [one, two]

    bad = publish(host, "bad", name)
    assert host.run("update", **known).returncode == 1
    assert host.version(name) == "2"
    *earlier, failed = of(graphite, name)
    third = (f"{name} {bad}", f"{two} -> {bad}", tags)
    assert earlier == [first, first, second, second, third, third]
    assert failed[0] == f"{name} failed"
    assert "after hook 4 (script)" in failed[1]
    assert hashes(consul, f"{name}-failed", 1) == [bad]
    assert hashes(consul, name, 3) == [one, two, bad]
