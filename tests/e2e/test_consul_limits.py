"""A limit that is changed on all hosts: Consul has the old one written down, until turns are broken."""

from __future__ import annotations

import json
import secrets

import pytest

from dropship.lockers.consul_turns import FLAGS
from tests.e2e.host import Host
from tests.servers.consul import Consul


@pytest.fixture
def base(host: Host, consul: Consul) -> str:
    """Where the turns of the host's service are; there are two at a time."""
    prefix = secrets.token_hex(8)
    host.configure(
        host.service("sequentialUpdates = true\n  maxParallel = 2"),
        main=f"""
lock "consul" {{
  address    = "{consul.address}"
  prefix     = "{prefix}"
  perService = true
}}
""",
    )
    host.publish({"version": "1"})
    return f"dropship/services/{prefix}/app"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"Limit": 1, "Holders": {}}, "nobody held a turn; the limit of 1 is forgotten"),
        (
            {"Limit": 1, "Holders": {"gone": True}},
            "nobody held a turn; the limit of 1 is forgotten",
        ),
        ({"Limit": 0, "Holders": {}}, "nobody held a turn; the limit of 0 is forgotten"),
        (["odd"], "broke the turn of somebody (?)"),
    ],
)
def test_record_that_does_not_fit_is_let_go_of_when_turns_are_broken(
    host: Host, consul: Consul, base: str, record: object, said: str
) -> None:
    """As the error says; a second time there is nothing to break."""
    consul.ask("PUT", f"kv/{base}/.lock?flags={FLAGS}", record)
    refused = host.run("update")
    assert refused.returncode == 1
    assert "dropship lock break" in refused.stderr
    for words in (said, "nobody held a turn"):
        assert host.run("lock", "break", "app").stdout == f"app: {words}\n"
    (turns,) = json.loads(host.run("lock", "ls", "--format", "json").stdout)
    assert (turns["broken"] is not None) == said.startswith("broke"), "on record"
    assert host.run("update").returncode == 0
    assert host.version() == "1"
