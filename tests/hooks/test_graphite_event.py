"""Graphite events, read back from a real graphite-web."""

from __future__ import annotations

from typing import Any

import pytest

from dropship.core.template import Template
from dropship.core.values import Strings
from dropship.hooks import Event
from dropship.hooks.graphite_event import GraphiteEventHook, GraphiteEventOptions
from tests.exec.runs import Runner
from tests.hooks.events import HASH, event
from tests.servers.graphite import Graphite


def hook(host: str, **keys: Any) -> GraphiteEventHook:
    """A hook from the texts of its templates."""
    for key in ("what", "data"):
        if key in keys:
            keys[key] = Template.parse(keys[key])
    keys["tags"] = tuple(Template.parse(tag) for tag in keys.get("tags", ()))
    return GraphiteEventHook(GraphiteEventOptions(host=host, **keys))


def posted(graphite: Graphite, made: GraphiteEventHook, of: Event) -> dict[str, Any]:
    """The event that Graphite has after a run."""
    before = len(graphite.events())
    made.run(of, Runner().run())
    events = graphite.events()
    assert len(events) == before + 1
    return max(events, key=lambda one: one["id"])


@pytest.mark.parametrize("tags_format", ["list", "string"])
def test_event_arrives_with_its_templates_filled_in(graphite: Graphite, tags_format: str) -> None:
    """The README's example of the Go tool, either way of sending tags."""
    made = hook(
        graphite.host + "/", what="deployed to {{.Hostname}}", data="{{.Hash}} of {{.Artifact.bucket}}",
        tags=["my-service deployment", "{{.Phase}}"], tags_format=tags_format,
    )  # fmt: skip
    found = posted(graphite, made, event("my-service", artifact=Strings({"bucket": "builds"})))
    assert found["what"] == "deployed to web-07"
    assert found["data"] == f"{HASH} of builds"
    assert found["tags"] == ["my-service", "deployment", "after"]


def test_every_event_is_made_afresh(graphite: Graphite) -> None:
    """Tags do not grow and texts do not freeze from one event to the next."""
    made = hook(graphite.host, what="{{.Name}} {{.Version}}", tags=["deployment"])
    assert posted(graphite, made, event("one", version="1"))["tags"] == ["deployment", "one"]
    second = posted(graphite, made, event("two", version="2"))
    assert second["tags"] == ["deployment", "two"]
    assert second["what"] == "two 2"


def test_event_without_texts_has_sensible_ones(graphite: Graphite) -> None:
    """Only the host has to be written; a host without a scheme will do."""
    found = posted(graphite, hook(graphite.host.removeprefix("http://")), event())
    assert found["what"] == "api deployed to web-07"
    assert found["data"] == HASH
    assert found["tags"] == ["api"]


def test_headline_is_cut_to_what_graphite_stores(graphite: Graphite) -> None:
    """And whatever characters it has arrive."""
    found = posted(graphite, hook(graphite.host, what="é" * 300), event())
    assert found["what"] == "é" * 255


def test_description_shows_the_request_without_the_login() -> None:
    """As ``run-hook --dry-run`` prints it."""
    made = hook("http://u:hunter2@graphite", what="w", data="d", tags=["t"])
    assert made.describe(event()) == (
        'POST http://graphite/events/ {"what": "w", "tags": ["t", "api"], "data": "d"}'
    )
    as_string = hook("http://graphite", what="w", data="d", tags=["t"], tags_format="string")
    assert '"tags": "t api"' in as_string.describe(event())
