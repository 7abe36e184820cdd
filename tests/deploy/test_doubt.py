"""Archives that are refused although nobody promised their bytes: not at the first time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Saved
from dropship.deploy.desk import Order
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host, tarball

GOOD: Final = tarball({"version": "1"})
BAD: Final = GOOD[:-20] + bytes(20)
MD5: Final = hashlib.md5(BAD, usedforsecurity=False).hexdigest()
SHA256: Final = hashlib.sha256(BAD).hexdigest()


class Store:
    """Sends these bodies, one after the other and the last for ever; counts them."""

    def __init__(self, server: HTTPServer, *bodies: bytes, headers: dict[str, str]) -> None:
        self.sent = 0
        self.url = server.url_for("/app.tar.gz")
        self._bodies, self._headers = bodies, headers
        server.expect_request("/app.tar.gz").respond_with_handler(self._serve)

    def _serve(self, request: Request) -> Response:
        body = self._bodies[min(self.sent, len(self._bodies) - 1)]
        self.sent += request.method == "GET"
        return Response(body, headers={"ETag": '"1"', **self._headers})


def checked(host: Host, store: Store, times: int, keys: str = "") -> Saved:
    """What is known after so many checks by one driver."""
    host.configure(
        f"""service "app" {{
          checkInterval = "1m"
          artifact "http" {{
            url = "{store.url}"
            destination = "{host.destination()}"
            {keys}
          }}
        }}"""
    )
    return drive(rig(host.config), Asking(times)).state.saved


class Asking(Desk):
    """Orders so many checks, each when the driver rests from the last."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times - 1

    def sleep(self, seconds: float | None) -> None:
        """The next check, or the end."""
        if self._left and self.state is not None and self.state.phase is Phase.IDLE:
            self._left -= 1
            self._orders.append(Order(on.CheckNow()))
        else:
            super().sleep(seconds)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose program is not run."""
    return Host(tmp_path)


def test_download_that_was_damaged_once_puts_nothing_into_quarantine(
    host: Host, httpserver: HTTPServer
) -> None:
    """The next one is good."""
    store = Store(httpserver, BAD, GOOD, headers={})
    first = checked(host, store, 1)
    assert (first.quarantine, first.failed, host.version()) == ((), None, None)
    assert checked(host, store, 1).quarantine == ()
    assert (store.sent, host.version()) == (2, "1")


def test_same_bytes_refused_twice_go_into_quarantine(host: Host, httpserver: HTTPServer) -> None:
    """And are not downloaded a third time."""
    store = Store(httpserver, BAD, headers={})
    saved = checked(host, store, 4)
    assert [one.md5 for one in saved.quarantine] == [MD5]
    assert store.sent == 2


def test_same_bytes_are_known_again_by_another_driver(host: Host, httpserver: HTTPServer) -> None:
    """As where no agent runs, but ``update`` or ``agent --once`` now and then."""
    store = Store(httpserver, BAD, headers={})
    assert checked(host, store, 1).quarantine == ()
    assert [one.md5 for one in checked(host, store, 1).quarantine] == [MD5]
    assert store.sent == 2


def test_other_damage_each_time_is_never_sure(host: Host, httpserver: HTTPServer) -> None:
    """A bad line, not a bad archive."""
    store = Store(httpserver, BAD, GOOD[:-30] + bytes(30), BAD, headers={})
    assert checked(host, store, 3).quarantine == ()
    assert store.sent == 3


@pytest.mark.parametrize(
    ("headers", "keys"),
    [({"X-Checksum-Sha256": SHA256}, ""), ({}, f'md5 = "{MD5}"'), ({}, f'sha256 = "{SHA256}"')],
)
def test_bytes_that_somebody_vouches_for_are_refused_at_once(
    host: Host, httpserver: HTTPServer, headers: dict[str, str], keys: str
) -> None:
    """They came as they are."""
    store = Store(httpserver, BAD, headers=headers)
    assert [one.md5 for one in checked(host, store, 2, keys).quarantine] == [MD5]
    assert store.sent == 1
