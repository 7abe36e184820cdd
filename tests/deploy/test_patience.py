"""A store that is slow in a way that no timeout of a read notices."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from dropship.core.phase import Phase
from dropship.deploy import perform
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host
from tests.servers.listener import Listener, listening


class Dripping(Listener):
    """Answers with headers that come for ever, byte by byte."""

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self._over.wait(0.01):
                client.sendall(b"X")


@pytest.mark.parametrize(
    ("repo", "artifact"),
    [
        ("", 'artifact "http" {{ url = "{origin}/app.tar.gz"'),
        (
            'repo "s3" {{ accessKey = "a" secret = "b" endpoint = "{origin}" }}',
            'artifact "s3" {{ bucket = "b" path = "app.tar.gz"',
        ),
    ],
)
def test_store_that_never_comes_to_an_end_is_asked_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo: str, artifact: str
) -> None:
    """The check has failed; its worker lives, and need not be killed."""
    monkeypatch.setattr(perform, "_LONGEST_ASK_SECONDS", 0.5)
    host, desk = Host(tmp_path), Desk()
    with listening(Dripping()) as store:
        origin = f"http://127.0.0.1:{store.port}"
        host.configure(
            f'service "app" {{ checkInterval = "1m" {artifact.format(origin=origin)} '
            f'destination = "{host.destination()}" }} }}',
            main=repo.format(origin=origin),
        )
        driver = drive(rig(host.config), desk)
    assert Phase.CHECKING in desk.phases
    assert "the store of app had not answered within 0.5 s" in (driver.state.trouble or "")
