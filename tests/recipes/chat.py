"""Slack's incoming webhooks and Grafana's annotations, as far as they are agreed upon."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

SLACK: Final = "/services/T024BE7LD/B024BE7LH/onlyLettersAndNoDigitAtAll"
TOKEN: Final = "glsa_thetokenofaserviceaccount"


@dataclass
class Told:
    """What was said: texts of messages, bodies of annotations."""

    port: int = 0
    down: bool = False
    messages: list[str] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Of both."""
        return f"http://127.0.0.1:{self.port}"

    def message(self, body: Any) -> tuple[int, str]:
        """Answer as Slack does (https://api.slack.com/messaging/webhooks#handling_errors)."""
        if self.down:
            return 500, "rollup_error"
        if not isinstance(body, dict):
            return 400, "invalid_payload"
        if not isinstance(body.get("text"), str):
            return 400, "no_text"
        self.messages.append(body["text"])
        return 200, "ok"

    def annotation(self, authorization: str, body: Any) -> tuple[int, str]:
        """Answer as Grafana does (POST /api/annotations of its HTTP API)."""
        if authorization != f"Bearer {TOKEN}":
            return 401, '{"message":"Invalid API key"}'
        if not isinstance(body, dict) or not body.get("text"):
            return 400, '{"message":"Failed to save annotation"}'
        self.annotations.append(body)
        return 200, '{"id":1,"message":"Annotation added"}'


@contextmanager
def listening() -> Iterator[Told]:
    """Both at one port."""
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, text = self._answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def _answer(self, data: bytes) -> tuple[int, str]:
            body = _json(data) if self.headers["Content-Type"] == "application/json" else None
            if self.path == SLACK:
                return told.message(body)
            if self.path == "/api/annotations":
                return told.annotation(self.headers["Authorization"], body)
            return 404, "no_service"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told
        server.shutdown()


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
