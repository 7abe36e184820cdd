"""An event on Graphite's time line: ``after "graphite-event" { host = "http://graphite" }``.

The request is graphite-web's ``POST /events/``
(https://graphite.readthedocs.io/en/latest/events.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from dropship.core.option import option
from dropship.core.template import Template
from dropship.errors import HookError, RepoError
from dropship.hooks import Event
from dropship.hooks.fields import fields
from dropship.net import url as urls
from dropship.net.http import READ, Http, NetError

if TYPE_CHECKING:
    import requests

    from dropship.exec.run import Run

_LONGEST_WHAT: Final = 255  # characters of graphite-web's column
_ANSWER: Final = 200  # bytes of a bad answer that are shown
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
        run.watch.look()
        url = self._url()
        try:
            response = self._http.request(
                "POST",
                url,
                headers={"Content-Type": "application/json"},
                body=json.dumps(self._body(event)).encode(),
                read=min(READ, run.timeout.seconds),
            )
            with response:
                if not 200 <= response.status_code < 300:
                    said = self._reason(response, urls.shown(url))
                    raise HookError(
                        f"POST {urls.shown(url)}: {response.status_code} {response.reason} {said}".rstrip()
                    )
        except NetError as error:
            raise HookError(str(error.args[0]), cure=error.cure) from error
        finally:
            self._http.close()

    def _reason(self, response: requests.Response, where: str) -> str:
        """The first line of an answer; empty if it cannot be read: the status says enough."""
        piece = memoryview(bytearray(_ANSWER))
        try:
            count = self._http.body(response, source=where, length=None).readinto(piece)
        except RepoError:
            return ""
        return bytes(piece[:count]).decode(errors="replace").split("\n")[0]

    def describe(self, event: Event) -> str:
        """The request, without the login that the URL may have."""
        body = json.dumps(self._body(event), ensure_ascii=False)
        return f"POST {urls.shown(self._url())} {body}"

    def _url(self) -> str:
        host = self._options.host.strip()
        if "://" not in host:
            host = f"http://{host}"
        return f"{host.rstrip('/')}/{self._options.path.lstrip('/')}"

    def _body(self, event: Event) -> dict[str, object]:
        options, known = self._options, fields(event)
        tags = _tags(options.tags, known, event.service)
        return {
            "what": options.what.render(known)[:_LONGEST_WHAT],
            "tags": tags if options.tags_format == "list" else " ".join(tags),
            "data": options.data.render(known),
        }


def _tags(templates: tuple[Template, ...], known: Mapping[str, object], service: str) -> list[str]:
    """Every tag once, the service's name last; Graphite parts tags at white space itself."""
    words = [word for template in templates for word in template.render(known).split()]
    return list(dict.fromkeys([*words, service]))
