"""An old and two new agents of a fleet: the whole program, over TLS, with a token of few rights."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import standing
from tests.e2e.host import Host, eventually
from tests.e2e.witness import bear_witness
from tests.interop.program import Contest, go
from tests.servers.consul import Consul

_PATH = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
_RULES = 'key_prefix "dropship/" { policy = "write" } session_prefix "" { policy = "write" }'
_BODY = """
  sequentialUpdates = true
  before "script" {{ command = "echo begin {name} >> {log}" }}
  after  "script" {{ command = "sleep 0.2; echo end {name} >> {log}" }}
"""


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[Host]]:
    """Two, with folders of their own."""
    with standing(tmp_path, "one", "two") as made:
        yield made


def waited_for(host: Host) -> list[str]:
    """For whom a host waits."""
    turn = host.services().get("app", {}).get("turn") or {}
    return list(turn.get("waitingFor", ()))


def test_new_agents_wait_for_the_old_one_and_for_each_other(
    consul: Consul, program: Path, hosts: list[Host], tmp_path: Path
) -> None:
    """They say for whom; no code is loaded for it after the fork, and the token is never shown."""
    contest = Contest(program, consul.address, secrets.token_hex(8), tmp_path / "log")
    token = consul.token_for(_RULES)
    lock = f"""
lock "consul" {{
  address  = "https://{consul.tls_address}"
  token    = env("CONSUL_TOKEN")
  prefix   = "{contest.prefix}"
  caFile   = "{consul.authority}"
  certFile = "{consul.client.cert}"
  keyFile  = "{consul.client.key}"
}}
"""
    witness = bear_witness(tmp_path)
    with contest.theirs("old-web", 1, hold=600) as old:
        go(old)
        eventually(lambda: contest.lines() == [("begin", "old-web")], "the old agent's turn")
        for host in hosts:
            body = _BODY.format(name=host.folder.name, log=contest.log)
            host.configure(host.service(body), main=lock)
            host.publish({"version": "1"})
            path = os.pathsep.join([str(witness.site), _PATH])
            host.start(CONSUL_TOKEN=token, PYTHONPATH=path)
        eventually(
            lambda: [waited_for(host) for host in hosts] == [["old-web (?)"]] * 2,
            lambda: f"wait for the old agent: {[host.said() for host in hosts]}",
        )
        go(old)
        for host in hosts:
            host.until_version("1")
        assert old.wait(60) == 0
    assert [host.stop() for host in hosts] == [0, 0]
    lines = contest.lines()
    assert [what for what, _ in lines] == ["begin", "end"] * 3
    assert [who for _, who in lines[::2]] == [who for _, who in lines[1::2]]
    assert sorted(who for _, who in lines[::2]) == ["old-web", "one", "two"]
    assert witness.imports == []
    for host in hosts:
        assert token not in host.log.read_text()
