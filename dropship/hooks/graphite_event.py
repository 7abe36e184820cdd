"""An event on Graphite's time line: ``after "graphite-event" { host = "http://graphite" }``.

The request is graphite-web's ``POST /events/``
(https://graphite.readthedocs.io/en/latest/events.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from dropship.core.option import option
from dropship.core.template import Template
from dropship.hooks import Event
from dropship.hooks.fields import fields, once
from dropship.hooks.request import Request, send
from dropship.net.http import Http

if TYPE_CHECKING:
    from dropship.exec.run import Run

_LONGEST_WHAT: Final = 255  # characters of graphite-web's column
_WHAT: Final = Template.parse("{{.Name}} deployed to {{.Hostname}}")
_DATA: Final = Template.parse("{{.Hash}}")


@dataclass(frozen=True, slots=True)
class GraphiteEventOptions:
    """Keys of a ``graphite-event`` hook."""

    host: str = option(doc="URL of graphite-web.")
    what: Template = option(_WHAT, doc="The event's headline.")
    tags: tuple[Template, ...] = option((), doc="Tags besides the service's name.")
    data: Template = option(_DATA, doc="The event's text.")
    tags_format: Literal["list", "string"] = option(
        "list", doc="How tags are sent; `string` for Graphite 0.9."
    )
    path: str = option("/events/", doc="Path of the events' API below `host`.")


class GraphiteEventHook:
    """Posts one event, made afresh from its templates every time."""

    Options = GraphiteEventOptions
    notifies: ClassVar[bool] = True

    def __init__(self, options: GraphiteEventOptions) -> None:
        self._options = options
        self._http = Http()

    def run(self, event: Event, run: Run) -> None:
        """Post the event once.

        Raises:
            HookError: There was no good answer.
        """
        send(self._http, self._request(event), run)

    def describe(self, event: Event) -> str:
        """The request, without the login that the URL may have."""
        return str(self._request(event))

    def _request(self, event: Event) -> Request:
        import json  # noqa: PLC0415 - `validate` checks events, and sends none

        return Request("POST", self._url(), json.dumps(self._body(event), ensure_ascii=False))

    def _url(self) -> str:
        host = self._options.host.strip()
        if "://" not in host:
            host = f"http://{host}"
        return f"{host.rstrip('/')}/{self._options.path.lstrip('/')}"

    def _body(self, event: Event) -> dict[str, object]:
        options, known = self._options, fields(event)
        # Graphite parts tags at white space itself.
        words = [word for tag in options.tags for word in tag.render(known).split()]
        tags = once(words, event.service)
        return {
            "what": options.what.render(known)[:_LONGEST_WHAT],
            "tags": tags if options.tags_format == "list" else " ".join(tags),
            "data": options.data.render(known),
        }
