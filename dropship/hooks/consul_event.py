"""A user event in Consul: ``after "consul-event" { name = "deployed" }``.

The request is ``PUT /v1/event/fire/NAME`` (https://developer.hashicorp.com/consul/api-docs/event).
Its payload is what the Go tool of 2015 sent, since whoever watches for the event reads that.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dropship.core.option import option
from dropship.core.template import Template
from dropship.errors import ConfigError, HookError
from dropship.hooks import Event
from dropship.hooks.fields import fields
from dropship.hooks.request import Request, send
from dropship.net import http
from dropship.net.consul import CURES, Consul, ConsulOptions

if TYPE_CHECKING:
    from dropship.exec.run import Run


@dataclass(frozen=True, slots=True)
class ConsulEventOptions(ConsulOptions):
    """Keys of a ``consul-event`` hook."""

    name: Template = option(doc="The event's name.")
    service: Template | None = option(
        None, doc="Only for nodes with a service whose name matches this regular expression."
    )
    tag: Template | None = option(
        None, doc="Only where that service has a tag that matches this one.", needs="service"
    )
    node: Template | None = option(
        None, doc="Only for nodes whose name matches this regular expression."
    )


class ConsulEventHook:
    """Fires one event, made afresh from its templates every time."""

    Options = ConsulEventOptions
    notifies: ClassVar[bool] = True

    def __init__(self, options: ConsulEventOptions) -> None:
        self._options = options
        self._consul = Consul(options, os.environ)
        http.load()  # before workers are forked; who we are is read anew for every event

    def run(self, event: Event, run: Run) -> None:
        """Fire the event once.

        Raises:
            HookError: It cannot be, or there was no good answer.
        """
        try:
            request, identity = self._request(event), self._consul.identity()
        except ConfigError as error:
            raise HookError(str(error.args[0]), cure=error.cure) from error
        send(http.Http(identity), request, run)

    def describe(self, event: Event) -> str:
        """The request, without token and login."""
        filters = " ".join(f"{key}={value}" for key, value in self._filters(event).items())
        words = ["PUT", self._shown(event), filters, _body(event)]
        return " ".join(filter(None, words))

    def _request(self, event: Event) -> Request:
        name = self._name(event)
        if not name:
            raise HookError("the event has no name", cure="see what its template comes to")
        return Request(
            "PUT",
            self._consul.url("event", "fire", name, **self._filters(event)),
            _body(event),
            shown=self._shown(event),
            cures={
                **CURES,
                "403": f'check the token: its rules need event "{name}" {{ policy = "write" }}',
            },
            start="start Consul there, or write its address",
        )

    def _shown(self, event: Event) -> str:
        return self._consul.shown("event", "fire", self._name(event))

    def _name(self, event: Event) -> str:
        return self._options.name.render(fields(event))

    def _filters(self, event: Event) -> dict[str, str]:
        known, options = fields(event), self._options
        found = {"service": options.service, "tag": options.tag, "node": options.node}
        texts = {key: template.render(known) for key, template in found.items() if template}
        return {key: text for key, text in texts.items() if text}


def _body(event: Event) -> str:
    # Without spaces, as the Go tool has it: whoever watches may look for it as text.
    return json.dumps({"hash": event.hash}, separators=(",", ":"))
