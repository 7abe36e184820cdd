"""A page that tells whether the service works: ``health "http" { url = "http://127.0.0.1:8080/" }``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dropship.core.option import option
from dropship.errors import HealthError, RepoError
from dropship.net import url as urls
from dropship.net.heed import bounded
from dropship.net.http import Http, NetError

if TYPE_CHECKING:
    import requests

    from dropship.exec.run import Run
    from dropship.net.body import HttpBody

_MOST: Final = 1 << 20  # bytes of a page that are searched
_PIECE: Final = 64 << 10
_RANGE: Final = re.compile(r"\s*([1-5]\d\d)\s*(?:-\s*([1-5]\d\d)\s*)?")


@dataclass(frozen=True, slots=True)
class Statuses:
    """Answers that are good: ``200-399``, or ``200, 204``."""

    text: str
    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Statuses:
        """Read status codes and ranges of them.

        Raises:
            ValueError: They are none; the message is for people.
        """
        ranges = []
        for part in text.split(","):
            match = _RANGE.fullmatch(part)
            if match is None or int(match[2] or match[1]) < int(match[1]):
                raise ValueError(f'"{text}" is no status such as "200", "200-399" or "200, 204"')
            ranges.append((int(match[1]), int(match[2] or match[1])))
        return cls(text, tuple(ranges))

    def __contains__(self, status: int) -> bool:
        return any(first <= status <= last for first, last in self.ranges)

    def __str__(self) -> str:
        return self.text


_GOOD: Final = Statuses.parse("200-399")


@dataclass(frozen=True, slots=True)
class HttpHealthOptions:
    """Keys of an ``http`` health check."""

    url: str = option(doc="The page.")
    status: Statuses = option(_GOOD, doc="Status codes that are good; a redirect is one too.")
    contains: str = option("", doc="Text that the page must contain, in its first 1 MiB.")


class HttpHealth:
    """Gets the page; redirects are answers here, not followed."""

    Options = HttpHealthOptions

    def __init__(self, options: HttpHealthOptions) -> None:
        self._options = options
        self._http = Http()

    def probe(self, run: Run) -> None:
        """Get the page once.

        Raises:
            HealthError: There was no answer in time, or not the one that is wanted.
        """
        seconds = run.timeout.seconds
        try:
            with bounded(run.watch, seconds, f"GET {urls.shown(self._options.url)}"):
                response = self._http.request("GET", self._options.url, read=seconds, follow=False)
                with response:
                    self._judge(response)
        except NetError as error:
            raise HealthError(str(error)) from error
        finally:
            # A connection that is kept would not see a new server fail.
            self._http.close()

    def describe(self) -> str:
        """The page, and what it must contain."""
        containing = f" containing {self._options.contains!r}" if self._options.contains else ""
        return f"http {urls.shown(self._options.url)}{containing}"

    def _judge(self, response: requests.Response) -> None:
        where = f"GET {urls.shown(self._options.url)}"
        if response.status_code not in self._options.status:
            raise HealthError(
                f"{where}: {response.status_code} {response.reason}, wanted {self._options.status}"
            )
        wanted = self._options.contains.encode()
        if not wanted:
            return
        body = self._http.body(response, source=where, length=None)
        if wanted not in _page(body, where):
            raise HealthError(f"{where}: the page does not contain {self._options.contains!r}")


def _page(body: HttpBody, where: str) -> bytes:
    page, piece = bytearray(), memoryview(bytearray(_PIECE))
    try:
        while count := body.readinto(piece):
            page += piece[:count]
            if len(page) >= _MOST:
                break
    except RepoError as error:
        raise HealthError(f"{where}: the page broke off: {error.__cause__}") from error
    return bytes(page)
