"""An engine that cannot be reached while a host holds a turn of it."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.e2e.host import Host, eventually
from tests.servers.consul import Consul
from tests.servers.relay import relay


@pytest.mark.endurance
def test_status_tells_that_the_engine_is_away_while_the_holder_goes_on(
    host: Host, consul: Consul
) -> None:
    """Who holds a turn finishes; who wants one waits, and says why."""
    gate = host.folder / "gate"
    hook = f'after "script" {{ command = "while [ ! -e {gate} ]; do sleep 0.05; done" }}'
    turns = f"sequentialUpdates = true\n {hook}"
    with relay(consul.port) as engine:
        host.configure(
            host.service(turns),
            main=f"""lock "consul" {{
  address = "127.0.0.1:{engine.port}"
  prefix  = "{secrets.token_hex(8)}"
  ttl     = "60s"
}}""",
        )
        host.publish({"version": "1"})
        host.start()
        eventually(lambda: _app(host).get("state") == "updating", host.said)
        engine.cut.set()
        address = f"127.0.0.1:{engine.port}"
        eventually(lambda: address in host.worker().get("note", ""), host.said)
        assert address in host.run("status").stdout
        assert "goes on, though the turn could not be renewed" in host.said()
        gate.touch()
        host.until_version("1")
        host.publish({"version": "2"})
        eventually(lambda: address in (_app(host)["lastError"] or ""), host.said)
        assert host.version() == "1"
        engine.cut.clear()
        # The turn could not be given back; it would be free by itself when its time is over.
        assert "broke the turn of" in host.run("lock", "break", "consul").stdout
        host.until_version("2")


def _app(host: Host) -> dict[str, Any]:
    return dict(host.services().get("app") or {})
