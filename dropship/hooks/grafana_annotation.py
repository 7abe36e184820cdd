"""A mark on Grafana's graphs: ``after "grafana-annotation" { url = "https://grafana.example.com" }``.

The request is ``POST /api/annotations``
(https://grafana.com/docs/grafana/latest/developers/http_api/annotations/).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from dropship.core.option import option
from dropship.core.template import Template
from dropship.core.values import Secret
from dropship.hooks import Event
from dropship.hooks.fields import fields, once
from dropship.hooks.request import Request, send
from dropship.net.http import Http, Identity

if TYPE_CHECKING:
    from dropship.exec.run import Run

_TEXT: Final = Template.parse("{{.Name}} deployed to {{.Hostname}}")
_PATH: Final = "/api/annotations"


@dataclass(frozen=True, slots=True)
class GrafanaAnnotationOptions:
    """Keys of a ``grafana-annotation`` hook."""

    url: Template = option(doc="URL of Grafana.")
    token: Secret = option(
        Secret(""), secret=True, doc="Of a service account that may write annotations."
    )
    text: Template = option(_TEXT, doc="What the annotation says.")
    tags: tuple[Template, ...] = option((), doc="Tags besides the service's name.")
    dashboard_uid: str = option(
        "", key="dashboardUID", otherwise="all dashboards", doc="The only dashboard to mark."
    )
    panel_id: int | None = option(None, otherwise="all panels", doc="The only panel of it to mark.")


class GrafanaAnnotationHook:
    """Posts one annotation, made afresh from its templates every time."""

    Options = GrafanaAnnotationOptions
    notifies: ClassVar[bool] = True

    def __init__(self, options: GrafanaAnnotationOptions) -> None:
        self._options = options
        self._http = Http(Identity(bearer=options.token))

    def run(self, event: Event, run: Run) -> None:
        """Post the annotation once.

        Raises:
            HookError: There was no good answer.
        """
        send(self._http, self._request(event), run)

    def describe(self, event: Event) -> str:
        """The request, without the token."""
        return str(self._request(event))

    def _request(self, event: Event) -> Request:
        options, known = self._options, fields(event)
        now = int(time.time() * 1000)
        body: dict[str, object] = {
            "time": now,
            "timeEnd": now,
            "tags": once((tag.render(known) for tag in options.tags), event.service),
            "text": options.text.render(known),
        }
        if options.dashboard_uid:
            body["dashboardUID"] = options.dashboard_uid
        if options.panel_id is not None:
            body["panelId"] = options.panel_id
        url = options.url.render(known).strip().rstrip("/").removesuffix(_PATH) + _PATH
        return Request("POST", url, json.dumps(body, ensure_ascii=False))
