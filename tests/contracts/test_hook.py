"""What every hook promises, asked of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dropship.core.template import Template
from dropship.core.unit_name import UnitName
from dropship.errors import HookError
from dropship.hooks import Event, Hook
from dropship.hooks.consul_event import ConsulEventHook, ConsulEventOptions
from dropship.hooks.grafana_annotation import GrafanaAnnotationHook, GrafanaAnnotationOptions
from dropship.hooks.graphite_event import GraphiteEventHook, GraphiteEventOptions
from dropship.hooks.script import ScriptHook, ScriptOptions
from dropship.hooks.systemd import SystemdHook, SystemdOptions
from dropship.hooks.webhook import Webhook, WebhookOptions
from tests.exec.runs import Runner
from tests.plugins.dropship_shelf.note import NoteHook, NoteOptions
from tests.servers.process import free_port

EVENT = Event(service="api", hostname="web-07", update_id="u1", phase="after")

Make = Callable[[pytest.FixtureRequest], Hook]


def graphite_host(request: pytest.FixtureRequest) -> str:
    """Where graphite-web answers."""
    host: str = request.getfixturevalue("graphite").host
    return host


def webhook(request: pytest.FixtureRequest, path: str) -> Webhook:
    """A webhook of a server that knows only ``/deploys``."""
    server = request.getfixturevalue("httpserver")
    server.expect_request("/deploys", method="POST").respond_with_data("ok")
    return Webhook(WebhookOptions(url=Template.parse(server.url_for(path))))


def grafana(request: pytest.FixtureRequest, path: str) -> GrafanaAnnotationHook:
    """An annotation for a Grafana that is the whole server."""
    server = request.getfixturevalue("httpserver")
    server.expect_request("/api/annotations", method="POST").respond_with_data("{}")
    return GrafanaAnnotationHook(GrafanaAnnotationOptions(url=Template.parse(server.url_for(path))))


def consul(name: str, address: str) -> ConsulEventHook:
    """An event of a name at a Consul."""
    return ConsulEventHook(ConsulEventOptions(name=Template.parse(name), address=address))


def consul_address(request: pytest.FixtureRequest) -> str:
    """Where Consul answers."""
    address: str = request.getfixturevalue("consul").address
    return address


def systemd(unit: str) -> Make:
    """A restart of a unit of a booted systemd."""

    def make(request: pytest.FixtureRequest) -> Hook:
        request.getfixturevalue("units")
        return SystemdHook(SystemdOptions(unit=UnitName.parse(unit)))

    return make


GOOD: dict[str, Make] = {
    "third-party": lambda request: NoteHook(
        NoteOptions(file=str(request.getfixturevalue("tmp_path") / "notes"))
    ),
    "consul-event": lambda request: consul("deployed", consul_address(request)),
    "webhook": lambda request: webhook(request, "/deploys"),
    "grafana-annotation": lambda request: grafana(request, "/"),
    "script": lambda _: ScriptHook(ScriptOptions(command="true")),
    "graphite-event": lambda request: GraphiteEventHook(
        GraphiteEventOptions(host=graphite_host(request))
    ),
    "systemd": systemd("runs"),
}
BAD: dict[str, Make] = {
    "third-party": lambda _: NoteHook(NoteOptions(file="/nowhere/notes")),
    "consul-event": lambda request: consul("guarded", consul_address(request)),
    "consul-event-down": lambda _: consul("deployed", f"127.0.0.1:{free_port()}"),
    "consul-event-odd": lambda _: consul("deployed", "consul://there"),
    "webhook": lambda request: webhook(request, "/nowhere"),
    "webhook-down": lambda _: Webhook(
        WebhookOptions(url=Template.parse(f"http://127.0.0.1:{free_port()}"))
    ),
    "grafana-annotation": lambda request: grafana(request, "/nowhere"),
    "script": lambda _: ScriptHook(ScriptOptions(command="exit 3")),
    "script-unknown-user": lambda _: ScriptHook(ScriptOptions(command="true", user="no-such-user")),
    "graphite-event": lambda request: GraphiteEventHook(
        GraphiteEventOptions(host=graphite_host(request), path="/nowhere/")
    ),
    "graphite-event-down": lambda _: GraphiteEventHook(
        GraphiteEventOptions(host=f"http://127.0.0.1:{free_port()}")
    ),
    "graphite-event-odd": lambda _: GraphiteEventHook(
        GraphiteEventOptions(host="http://<my-graphite-server>")
    ),
    "systemd": systemd("fails"),
    "systemd-unknown": systemd("no-such-unit"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_hook_passes_and_can_be_run_again(request: pytest.FixtureRequest, name: str) -> None:
    """At least once means sometimes twice."""
    hook = GOOD[name](request)
    hook.run(EVENT, Runner().run())
    hook.run(EVENT, Runner().run())


@pytest.mark.parametrize("name", BAD)
def test_bad_hook_raises_hook_error_and_nothing_else(
    request: pytest.FixtureRequest, name: str
) -> None:
    """One line that says how it failed."""
    with pytest.raises(HookError) as caught:
        BAD[name](request).run(EVENT, Runner().run())
    assert str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_hook_describes_what_it_would_do(request: pytest.FixtureRequest, name: str) -> None:
    """Without doing it."""
    made = (GOOD | BAD)[name](request)
    assert made.describe(EVENT)


@pytest.mark.parametrize(
    ("hook", "notifies"),
    [
        (ScriptHook, False),
        (ConsulEventHook, True),
        (SystemdHook, False),
        (GrafanaAnnotationHook, True),
        (GraphiteEventHook, True),
        (Webhook, True),
        (NoteHook, True),
    ],
)
def test_hook_says_whether_it_only_tells_somebody(hook: Any, *, notifies: bool) -> None:
    """What decides whether its failure is passed."""
    assert hook.notifies is notifies
