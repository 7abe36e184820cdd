"""Consul events, read back from a real Consul."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest

from dropship.core.template import Template
from dropship.core.values import Secret
from dropship.errors import HookError
from dropship.hooks import Event
from dropship.hooks.consul_event import ConsulEventHook, ConsulEventOptions
from tests.exec.runs import Runner, eventually
from tests.hooks.events import HASH, event
from tests.servers.consul import Consul
from tests.servers.process import free_port
from tests.servers.relay import relay

_MAKE_THEN_FIRE = """
import sys
from contextlib import suppress
from dropship.errors import HookError
from tests.exec.runs import Runner
from tests.hooks.events import event
from tests.hooks.test_consul_event import hook

made, run = hook(sys.argv[1], name="deployed"), Runner().run()
known = set(sys.modules)
with suppress(HookError):
    made.run(event(), run)
print(sorted(set(sys.modules) - known))
"""


def hook(address: str, **keys: Any) -> ConsulEventHook:
    """A hook from the texts of its templates."""
    for key in ("name", "service", "tag", "node"):
        if key in keys:
            keys[key] = Template.parse(keys[key])
    return ConsulEventHook(ConsulEventOptions(address=address, **keys))


def fired(consul: Consul, name: str, times: int = 1) -> list[dict[str, Any]]:
    """The events of a name, once there are so many."""
    eventually(lambda: len(consul.events(name)) >= times)
    return consul.events(name)


def unique(word: str) -> str:
    """A name that no other test has: Consul forgets no event."""
    return f"{word}-{uuid.uuid4().hex[:8]}"


def refusal(made: ConsulEventHook, of: Event | None = None) -> str:
    """Why it fails."""
    with pytest.raises(HookError) as caught:
        made.run(of or event(), Runner().run())
    return str(caught.value)


def test_event_arrives_with_the_payload_of_the_go_tool(consul: Consul) -> None:
    """And with every filter as it was written."""
    name = unique("deployed")
    made = hook(consul.address, name=name, service="^api", tag="blue|green", node=consul.node)
    consul.ask("PUT", "agent/service/register", {"Name": "api", "Tags": ["blue"]})
    made.run(event(), Runner().run())
    (found,) = fired(consul, name)
    assert found["Payload"] == f'{{"hash":"{HASH}"}}'
    assert (found["ServiceFilter"], found["TagFilter"], found["NodeFilter"]) == (
        "^api", "blue|green", consul.node,
    )  # fmt: skip


def test_name_and_filters_are_templates_whatever_characters_they_come_to(consul: Consul) -> None:
    """They are escaped for the URL, and for nothing else."""
    mark = unique("ü")
    made = hook(
        consul.address, name=f"{mark} {{{{.Name}}}}/{{{{.Phase}}}}?", node="^{{.Hostname}}+&$|."
    )
    made.run(event("api"), Runner().run())
    (found,) = fired(consul, f"{mark} api/after?")
    assert found["NodeFilter"] == "^web-07+&$|."


def test_every_event_is_made_afresh(consul: Consul) -> None:
    """The second one tells of the second update."""
    name = unique("deployed")
    made = hook(consul.address, name=name)
    made.run(event(hash="1" * 32), Runner().run())
    fired(consul, name)
    made.run(event(hash="2" * 32), Runner().run())
    found = fired(consul, name, 2)
    assert [json.loads(one["Payload"])["hash"] for one in found] == ["1" * 32, "2" * 32]


def test_environment_of_consuls_clients_is_enough(
    consul: Consul, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old configuration writes no address, and no token."""
    monkeypatch.setenv("CONSUL_HTTP_ADDR", f"https://{consul.tls_address}")
    monkeypatch.setenv("CONSUL_CACERT", str(consul.authority))
    monkeypatch.setenv("CONSUL_CLIENT_CERT", str(consul.client.cert))
    monkeypatch.setenv("CONSUL_CLIENT_KEY", str(consul.client.key))
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", consul.token)
    name = unique("guarded")
    hook("", name=name).run(event(), Runner().run())
    assert fired(consul, name)


def test_token_counts_and_a_new_one_in_its_file_does_too(
    consul: Consul, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Tokens are renewed while an agent runs for months."""
    name = unique("guarded")
    (tmp_path / "token").write_text(str(uuid.uuid4()))
    monkeypatch.setenv("CONSUL_HTTP_TOKEN_FILE", str(tmp_path / "token"))
    made = hook(consul.address, name=name)
    assert "ACL not found; write another token: Consul does not know this one" in refusal(made)
    (tmp_path / "token").write_text(consul.token)
    made.run(event(), Runner().run())
    assert fired(consul, name)


def test_missing_right_is_told_with_the_rule_that_gives_it(consul: Consul) -> None:
    """Whose name is the event's."""
    name = unique("guarded")
    assert refusal(hook(consul.address, name=name)) == (
        f"PUT http://{consul.address}/v1/event/fire/{name}: 403 Forbidden Permission denied; "
        f'check the token: its rules need event "{name}" {{ policy = "write" }}'
    )


def test_consul_that_is_not_there_is_told_with_its_address() -> None:
    """However it is written."""
    port = free_port()
    assert refusal(hook(f"127.0.0.1:{port}", name="deployed")) == (
        f"PUT http://127.0.0.1:{port}/v1/event/fire/deployed: Connection refused; "
        "start Consul there, or write its address"
    )
    assert refusal(hook("unix:///no/such.sock", name="deployed")) == (
        "PUT unix:///no/such.sock/v1/event/fire/deployed: /no/such.sock: No such file or directory; "
        "start Consul there, or write its address"
    )


def test_tls_that_does_not_work_is_told_with_the_key_to_look_at(consul: Consul) -> None:
    """Each slip has another cure."""
    tls = f"https://{consul.tls_address}"
    files = {"ca_file": str(consul.authority), "cert_file": str(consul.client.cert)}
    other = str(consul.authority.with_name("server-key.pem"))
    said = [
        refusal(hook(tls, name="deployed")),
        refusal(hook(tls, name="deployed", key_file=other, **files)),
        refusal(hook(tls, name="deployed", key_file="/no/such", **files)),
        refusal(hook(consul.tls_address, name="deployed")),
    ]
    assert [one.rpartition("; ")[2] for one in said] == [
        "check the certificate, or name its authority in caFile",
        "check caFile, certFile and keyFile",
        "create it, or name another",
        "write https://, or useSSL = true",
    ]
    assert "there is no file /no/such" in said[2]
    # What OpenSSL calls an answer that is no TLS depends on its version.
    assert "TLS failed" in refusal(hook(f"https://{consul.address}", name="deployed"))


def test_login_of_a_proxy_arrives_and_is_not_shown(consul: Consul) -> None:
    """Neither the token."""
    with relay(consul.port) as between:
        made = hook(
            f"127.0.0.1:{between.port}", name=unique("guarded"),
            token=Secret(consul.token), user="me", password=Secret("hunter2"), datacenter="dc1",
        )  # fmt: skip
        made.run(event(), Runner().run())
    assert between.headers("Authorization") == ["Basic bWU6aHVudGVyMg=="]
    assert between.requests[0][1].endswith("?dc=dc1")
    for secret in (consul.token, "hunter2"):
        assert secret not in made.describe(event())


def test_hook_loads_no_code_once_it_is_made() -> None:
    """By then the files may be another version's."""
    done = subprocess.run(
        [sys.executable, "-c", _MAKE_THEN_FIRE, f"127.0.0.1:{free_port()}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"node": "("}, "Invalid node filter"),
        ({"tag": "blue"}, "Cannot provide tag filter without service filter"),
        ({"datacenter": "nowhere"}, "No path to datacenter"),
        ({"name": "{{.Version}}"}, "the event has no name; see what its template comes to"),
        ({"name": "x" * 600}, "exceeds"),
    ],
)
def test_what_consul_does_not_take_is_told_in_its_words(
    consul: Consul, keys: dict[str, Any], said: str
) -> None:
    """In one line."""
    found = refusal(hook(consul.address, **{"name": "deployed", **keys}))
    assert said in found
    assert "\n" not in found


def test_odd_environment_fails_the_hook_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent has started with it, and an update goes on without the event."""
    monkeypatch.setenv("CONSUL_HTTP_SSL", "yes")
    assert refusal(hook("", name="deployed")) == (
        'CONSUL_HTTP_SSL is "yes"; set it to true or false'
    )


def test_description_shows_what_is_fired_and_where() -> None:
    """As a rehearsal prints it."""
    made = hook("https://u:hunter2@consul/below", name="{{.Name}} up", service="^api$", node="web")
    assert made.describe(event()) == (
        "PUT https://consul/below/v1/event/fire/api%20up service=^api$ node=web "
        f'{{"hash":"{HASH}"}}'
    )
    assert (
        hook("unix:///s", name="n").describe(event()).startswith("PUT unix:///s/v1/event/fire/n ")
    )
