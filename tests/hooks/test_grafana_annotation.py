"""Grafana's annotations, as its HTTP API takes them.

The server here refuses what Grafana refuses: another path or method, no token (401), no JSON, no
text (400), times that are no milliseconds.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Got
from werkzeug import Response

from dropship.core.template import Template
from dropship.core.values import Secret
from dropship.errors import HookError
from dropship.hooks.grafana_annotation import GrafanaAnnotationHook, GrafanaAnnotationOptions
from tests.exec.runs import Runner
from tests.hooks.events import HASH, event

TOKEN = "glsa_hunter2"


class Grafana:
    """Grafana's side of ``POST /api/annotations``."""

    def __init__(self, server: HTTPServer, prefix: str = "") -> None:
        self.url: str = server.url_for(prefix or "/").rstrip("/")
        self.annotations: list[dict[str, Any]] = []
        path = f"{prefix}/api/annotations"
        server.expect_request(path, method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Got) -> Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._said(401, "Unauthorized")
        if request.headers.get("Content-Type") != "application/json":
            return self._said(400, "bad request data")
        body = json.loads(request.get_data())
        if not body.get("text"):
            return self._said(400, "text field should not be empty")
        for name, kind in (("time", int), ("timeEnd", int), ("panelId", int), ("tags", list)):
            if name in body and not isinstance(body[name], kind):
                return self._said(400, "bad request data")
        self.annotations.append(body)
        return self._said(200, "Annotation added")

    @staticmethod
    def _said(status: int, message: str) -> Response:
        return Response(json.dumps({"message": message}), status, mimetype="application/json")


@pytest.fixture
def grafana(httpserver: HTTPServer) -> Grafana:
    """A Grafana."""
    return Grafana(httpserver)


def hook(url: str, **keys: Any) -> GrafanaAnnotationHook:
    """A hook from the texts of its templates."""
    if "text" in keys:
        keys["text"] = Template.parse(keys["text"])
    keys["tags"] = tuple(Template.parse(tag) for tag in keys.get("tags", ()))
    keys.setdefault("token", Secret(TOKEN))
    return GrafanaAnnotationHook(GrafanaAnnotationOptions(url=Template.parse(url), **keys))


def test_annotation_arrives_with_its_templates_filled_in(grafana: Grafana) -> None:
    """At this moment, with every tag once."""
    before = time.time()
    made = hook(
        grafana.url + "/", text="{{.Hash}} on {{.Hostname}}",
        tags=["a deployment", "{{.Phase}}", "{{.Version}}", "api"],
        dashboard_uid="cIBgcSjkk", panel_id=2,
    )  # fmt: skip
    made.run(event(), Runner().run())
    (came,) = grafana.annotations
    assert came["text"] == f"{HASH} on web-07"
    assert came["tags"] == ["a deployment", "after", "api"]
    assert came["dashboardUID"] == "cIBgcSjkk"
    assert came["panelId"] == 2
    assert before * 1000 - 1 <= came["time"] == came["timeEnd"] <= time.time() * 1000


def test_every_annotation_is_made_afresh(grafana: Grafana) -> None:
    """Tags do not grow, and texts do not freeze."""
    made = hook(grafana.url, text="{{.Name}} {{.Version}}", tags=["deployment"])
    made.run(event("one", version="1"), Runner().run())
    made.run(event("two", version="2"), Runner().run())
    assert [(one["text"], one["tags"]) for one in grafana.annotations] == [
        ("one 1", ["deployment", "one"]),
        ("two 2", ["deployment", "two"]),
    ]


def test_only_the_address_has_to_be_written(grafana: Grafana) -> None:
    """All dashboards show it then."""
    hook(grafana.url).run(event(), Runner().run())
    (came,) = grafana.annotations
    assert set(came) == {"time", "timeEnd", "tags", "text"}
    assert came["text"] == "api deployed to web-07"
    assert came["tags"] == ["api"]


@pytest.mark.parametrize("written", ["/", "/api/annotations", "/api/annotations/"])
def test_address_of_the_api_will_do(httpserver: HTTPServer, written: str) -> None:
    """Grafana may stand below a path, too."""
    grafana = Grafana(httpserver, "/grafana")
    hook(grafana.url + written).run(event(), Runner().run())
    assert len(grafana.annotations) == 1


def test_what_grafana_refuses_is_told(grafana: Grafana) -> None:
    """In its words."""
    with pytest.raises(HookError, match=r"401 UNAUTHORIZED .*Unauthorized"):
        hook(grafana.url, token=Secret("other")).run(event(), Runner().run())
    with pytest.raises(HookError, match="text field should not be empty"):
        hook(grafana.url, text="{{.Version}}").run(event(), Runner().run())
    assert not grafana.annotations


def test_description_shows_the_request_without_the_token() -> None:
    """As ``run-hook --dry-run`` prints it."""
    said = hook("https://grafana.example.com", text="t").describe(event())
    assert said.startswith("POST https://grafana.example.com/api/annotations {")
    assert '"text": "t"' in said
    assert TOKEN not in said
