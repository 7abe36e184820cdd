"""What a visitor of the web service sees."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import Final

from dropship.demo.port import HOST

_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` is None where there was no answer; ``text`` says why then."""

    status: int | None
    text: str

    def __str__(self) -> str:
        return self.text if self.status in (200, None) else f"{self.status} {self.text}"


@dataclass(frozen=True, slots=True)
class Page:
    """The page at a port of loopback."""

    port: int

    @property
    def url(self) -> str:
        """For the user's browser."""
        return f"http://{HOST}:{self.port}/"

    def ask(self) -> Answer:
        """Get it once, as it is now."""
        # Straight to loopback: a proxy of the environment has no business here.
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_SECONDS)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            body = response.read(4096).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            return Answer(None, f"no answer ({error})")
        finally:
            connection.close()
        return Answer(response.status, " ".join(body.split()))
