"""A request to whoever wants to know: ``failed "webhook" { url = "https://ops.example.com/deploys" }``.

A signature is made as GitHub makes those of its webhooks
(https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from dropship.core.option import option
from dropship.core.template import Template, Templates
from dropship.core.values import Secret, Strings
from dropship.hooks import Event
from dropship.hooks.fields import fields
from dropship.hooks.request import Request, header, send
from dropship.net.http import Http, Identity

if TYPE_CHECKING:
    from dropship.exec.run import Run

SIGNATURE: Final = "X-Dropship-Signature-256"
"""``sha256=`` and the HMAC of the body in lower-case hex."""


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    """Keys of a ``webhook`` hook."""

    url: Template = option(doc="Where to send it; white space around it is dropped.")
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = option("POST", doc="Of the request.")
    headers: Templates = option(Templates(), doc="More headers of the request.", secret=True)
    body: Template | None = option(
        None, otherwise="the event as JSON", doc="What to send; sent as JSON if it is JSON."
    )
    secret: Secret = option(
        Secret(""), secret=True, doc=f"Signs the body: HMAC-SHA256 in `{SIGNATURE}`."
    )


class Webhook:
    """Sends one request, made afresh from its templates every time."""

    Options = WebhookOptions
    notifies: ClassVar[bool] = True

    def __init__(self, options: WebhookOptions) -> None:
        self._options = options

    def run(self, event: Event, run: Run) -> None:
        """Send it once.

        Raises:
            HookError: There was no good answer.
        """
        request, own = self._request(event), self._own_headers(event)
        taken = {name.casefold() for name in own}
        free = {name: of for name, of in request.headers.items() if name.casefold() not in taken}
        # The operator's are of the session: credentials are not for another origin.
        send(Http(Identity(headers=own)), request._replace(headers=free), run)

    def describe(self, event: Event) -> str:
        """The request, without what may be a secret in its address, and without headers."""
        return str(self._request(event))

    def _own_headers(self, event: Event) -> Strings:
        known = fields(event)
        return Strings(
            {name: header(value.render(known)) for name, value in self._options.headers.items()}
        )

    def _request(self, event: Event) -> Request:
        options, known = self._options, fields(event)
        body = as_json(event) if options.body is None else options.body.render(known)
        headers = {"Content-Type": _content_type(body)} if body else {}
        if options.secret:
            key = options.secret.reveal().encode()
            headers[SIGNATURE] = (
                "sha256=" + hmac.new(key, body.encode(), hashlib.sha256).hexdigest()
            )
        return Request(options.method, options.url.render(known).strip(), body, headers)


def as_json(event: Event) -> str:
    """The event, null for what there is not."""
    return json.dumps(
        {
            "service": event.service,
            "hostname": event.hostname,
            "update": event.update_id,
            "phase": event.phase,
            "oldHash": event.old_hash or None,
            "newHash": event.new_hash or None,
            "release": event.release or None,
            "version": event.version or None,
            "destination": event.destination or None,
            "error": event.error or None,
            "attempt": event.attempt,
            "rollback": event.rollback,
            "artifact": dict(event.artifact),
        },
        ensure_ascii=False,
    )


def _content_type(body: str) -> str:
    try:
        json.loads(body)
    except ValueError:
        return "text/plain; charset=utf-8"
    return "application/json"
