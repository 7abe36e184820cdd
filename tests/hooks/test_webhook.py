"""Webhooks, as a server gets them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Got
from werkzeug import Response

from dropship.core.template import Template, Templates
from dropship.core.values import Secret, Strings
from dropship.hooks.webhook import Webhook, WebhookOptions
from tests.exec.runs import Runner
from tests.hooks.events import HASH, event


def hook(url: str, headers: dict[str, str] | None = None, **keys: Any) -> Webhook:
    """A hook from the texts of its templates."""
    if "body" in keys:
        keys["body"] = Template.parse(keys["body"])
    parsed = {name: Template.parse(text) for name, text in (headers or {}).items()}
    return Webhook(WebhookOptions(url=Template.parse(url), headers=Templates(parsed), **keys))


def got(httpserver: HTTPServer, made: Webhook, **what: Any) -> Got:
    """The request that the server gets."""
    came: list[Got] = []

    def answer(request: Got) -> Response:
        request.get_data()
        came.append(request)
        return Response()

    httpserver.expect_request("/deploys").respond_with_handler(answer)
    made.run(event(**what), Runner().run())
    (request,) = came
    return request


def url(httpserver: HTTPServer) -> str:
    """Where it listens."""
    address: str = httpserver.url_for("/deploys")
    return address


def test_event_is_sent_as_json(httpserver: HTTPServer) -> None:
    """Where nothing else is configured; null for what there is not."""
    came = got(
        httpserver, hook(url(httpserver)),
        phase="failed", new_hash=HASH, error='it said "no" …', rollback=True,
        artifact=Strings({"bucket": "builds"}),
    )  # fmt: skip
    assert came.method == "POST"
    assert came.headers["Content-Type"] == "application/json"
    assert json.loads(came.get_data()) == {
        "service": "api",
        "hostname": "web-07",
        "update": "u1",
        "phase": "failed",
        "oldHash": None,
        "newHash": HASH,
        "release": None,
        "version": None,
        "destination": None,
        "error": 'it said "no" …',
        "attempt": 1,
        "rollback": True,
        "artifact": {"bucket": "builds"},
    }


def test_everything_is_as_it_is_configured(httpserver: HTTPServer) -> None:
    """Address, headers and body are templates."""
    made = hook(
        url(httpserver) + "?of={{.Name}}",
        headers={
            "X-Host": "{{.Hostname}} é",
            "content-type": "text/x-note",
            "X-Error": "{{.Error}}",
        },
        method="PUT",
        body="{{.Name}}: {{.Error}}",
    )
    came = got(httpserver, made, error="first\nsecond")
    assert came.method == "PUT"
    assert came.args["of"] == "api"
    assert came.headers["X-Host"].encode("latin-1").decode() == "web-07 é"
    assert came.headers.getlist("Content-Type") == ["text/x-note"]
    assert came.headers["X-Error"] == "first second"
    assert came.get_data() == b"api: first\nsecond"


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ('{"text": {{json .Name}}}', "application/json"),
        ("{{.Name}} …", "text/plain; charset=utf-8"),
    ],
)
def test_body_that_is_json_is_sent_as_json(httpserver: HTTPServer, body: str, type_: str) -> None:
    """Chats want to be told."""
    assert got(httpserver, hook(url(httpserver), body=body)).headers["Content-Type"] == type_


def test_body_is_signed_if_there_is_a_secret(httpserver: HTTPServer) -> None:
    """Over the very bytes that are sent, as GitHub signs."""
    made = hook(url(httpserver), body="{{.Name}} é", secret=Secret("hunter2"))
    came = got(httpserver, made)
    wanted = hmac.new(b"hunter2", "api é".encode(), hashlib.sha256).hexdigest()
    assert came.headers["X-Dropship-Signature-256"] == f"sha256={wanted}"
    assert came.get_data() == "api é".encode()


def test_nothing_is_signed_without_a_secret(httpserver: HTTPServer) -> None:
    """A signature by an empty key would look like one."""
    assert "X-Dropship-Signature-256" not in got(httpserver, hook(url(httpserver))).headers


def test_every_request_is_made_afresh(httpserver: HTTPServer) -> None:
    """Of the event that it is for."""
    made = hook(url(httpserver), body="{{.Version}}")
    assert got(httpserver, made, version="1").get_data() == b"1"
    httpserver.clear()
    assert got(httpserver, made, version="2").get_data() == b"2"


def test_description_shows_the_request_without_its_secrets() -> None:
    """As ``run-hook --dry-run`` prints it."""
    made = hook(
        "https://hooks.example.com/services/T024BE7LD/xyz",
        headers={"Authorization": "Bearer hunter2"},
        body='{"text": {{json .Name}}}',
        secret=Secret("hunter3"),
    )
    assert made.describe(event()) == (
        'POST https://hooks.example.com/services/…/xyz {"text": "api"}'
    )
