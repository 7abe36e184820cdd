"""What an agent with many services, or a slow store, takes of its host."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.e2e.host import Host, eventually, tarball

_STALLS = 14.0


def test_one_staging_at_a_time(host: Host) -> None:
    """The other service waits, and says so; then it has its turn."""
    repo = 'repo "file" { maxRate = "100KB" }\nmaxStagings = 1\n'
    host.configure(host.service(name="one"), host.service(name="two"), main=repo)
    for name in ("one", "two"):
        host.publish({"version": "1", "noise": random.Random(name).randbytes(200_000)}, name)
    host.start()

    def waits() -> bool:
        workers = [dict(one["worker"] or {}) for one in host.services().values()]
        staging = [one for one in workers if one.get("phase") == "staging"]
        notes = [one for one in staging if one["note"] == "waits for one of 1 stagings"]
        return len(staging) == 2 and len(notes) == 1

    eventually(waits, lambda: f"wait for each other: {host.said()}")
    for name in ("one", "two"):
        host.until_version("1", name)
    assert host.stop() == 0


def test_store_that_says_nothing_for_long_gets_no_worker_killed(
    host: Host, httpserver: HTTPServer
) -> None:
    """``stallTimeout`` is longer than ``watchdog`` and ten seconds; the download goes on."""
    content = tarball({"version": "1"})

    def slowly(request: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            yield content[:10]
            time.sleep(_STALLS)
            yield content[10:]

        headers = {"ETag": '"1"', "Content-Length": str(len(content))}
        return Response(pieces() if request.method == "GET" else content, headers=headers)

    httpserver.expect_request("/app.tar.gz").respond_with_handler(slowly)
    repo = 'repo "http" { stallTimeout = "60s" }\nwatchdog = "1s"\n'
    host.configure(
        f"""
service "app" {{
  checkInterval = "1m"
  artifact "http" {{
    url         = "{httpserver.url_for("/app.tar.gz")}"
    destination = "{host.destination()}"
  }}
}}
""",
        main=repo,
    )
    host.start()
    first = host.pid()
    host.until_version("1")
    assert host.pid() == first
    assert host.worker()["restarts"] == 0
    assert host.stop() == 0
