"""Once it has started, an agent loads no code: its files may be another version's by then."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship.config.explain import stories
from tests.contracts.shelves import Bucket
from tests.e2e.host import Host, tarball
from tests.e2e.witness import Witness, bear_witness
from tests.servers import swift as swift_server
from tests.servers.swift import Swift

pytestmark = pytest.mark.wheel

_PATH = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])

_BODY = """
  sequentialUpdates = true
  preCommand  = "true"
  postCommand = "true"
  before "script" {{ command = "echo before" }}
  after  "script" {{ command = "grep -qv worse {there}/version || exit 1" }}
  after  "graphite-event" {{ host = "{web}" }}
  after  "consul-event" {{
    name    = "deployed"
    address = "{web}"
  }}
  after  "systemd" {{ unit = "named@{name}" }}
  after  "systemd" {{
    unit      = "fails"
    onFailure = "continue"
  }}
  failed "script" {{ command = "echo failed >&2" }}
  failed "graphite-event" {{ host = "{web}" }}
  health "http" {{
    url      = "{web}/health"
    contains = "well"
    within   = "5s"
    interval = "50ms"
  }}
  health "systemd" {{
    unit     = "named@{name}"
    interval = "50ms"
    holdFor  = "50ms"
  }}
  health "script" {{
    command  = "grep -qv bad {there}/version"
    within   = "200ms"
    interval = "50ms"
  }}
"""


class Web:
    """A store, Graphite, Consul, and a page that tells of health. ``shown``: the store's artifact."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.shown: str | None = None
        server.expect_request("/events/").respond_with_data("")
        server.expect_request("/v1/event/fire/deployed").respond_with_data("{}")
        server.expect_request("/health").respond_with_data("all is well")
        server.expect_request("/app.tar.gz").respond_with_handler(self._artifact)

    def _artifact(self, _request: Request) -> Response:
        if self.shown is None:
            return Response(status=503)
        data = tarball({"version": self.shown})
        return Response(data, headers={"ETag": f'"{self.shown}"'})


@pytest.fixture
def web(httpserver: HTTPServer) -> Web:
    """Whatever is reached by HTTP."""
    return Web(httpserver)


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    """What the agent loads late."""
    return bear_witness(tmp_path)


def body(host: Host, web: Web, name: str = "app") -> str:
    """Hooks and checks of every kind."""
    return _BODY.format(web=web.url, there=host.destination(name), name=name)


def service(host: Host, web: Web, name: str, artifact: str) -> str:
    """A service over another store than the host's folder."""
    return f"""
service "{name}" {{
  checkInterval = "200ms"
  artifact {artifact}
    destination = "{host.destination(name)}"
  }}
  {body(host, web, name)}
}}
"""


def over_http(host: Host, web: Web) -> str:
    """A service over a web server."""
    return service(host, web, "web", f'"http" {{\n    url = "{web.url}/app.tar.gz"')


def start(host: Host, witness: Witness) -> None:
    """Start the agent, watched."""
    host.start(
        PYTHONPATH=os.pathsep.join([str(witness.site), _PATH]),
        AWS_EC2_METADATA_DISABLED="true",
    )


@pytest.mark.usefixtures("units")
def test_running_agent_loads_nothing_for_an_update(host: Host, web: Web, witness: Witness) -> None:
    """Checks, staging, turns, hooks, health, the switch and the stop came with the start."""
    host.configure(host.service(body(host, web)), over_http(host, web))
    start(host, witness)
    for version in ("1", "2"):
        host.publish({"version": version})
        web.shown = version
        host.until_version(version)
        host.until_version(version, "web")
    assert host.stop() == 0
    assert witness.processes >= 6, "two workers, and an unpacker for each of four updates"
    assert witness.imports == []


@pytest.mark.usefixtures("units")
def test_running_agent_loads_nothing_for_an_update_from_s3(
    host: Host,
    web: Web,
    witness: Witness,
    swift: Swift,
) -> None:
    """boto3 loads much of itself late; all of that came with the start too."""
    shelf = Bucket(swift, "imports")
    try:
        host.configure(
            f"""
repo "s3" {{
  accessKey = "{swift_server.ACCESS_KEY}"
  secret    = "{swift_server.SECRET}"
  endpoint  = "{swift.endpoint}"
}}
""",
            service(host, web, "app", '"s3" {\n    bucket = "imports"\n    path = "app.tar.gz"'),
        )
        shelf.put("app.tar.gz", tarball({"version": "1"}))
        start(host, witness)
        host.until_version("1")
        shelf.put("app.tar.gz", tarball({"version": "2"}))
        host.until_version("2")
        assert host.stop() == 0
    finally:
        shelf.close()
    assert witness.processes >= 3, "a worker, and an unpacker for each of two updates"
    assert witness.imports == []


@pytest.mark.usefixtures("units")
def test_running_agent_loads_nothing_when_things_go_wrong(
    host: Host, web: Web, witness: Witness
) -> None:
    """No store, no archive, failing hooks and checks, the way back, a reload: all at hand."""
    host.configure(host.service(body(host, web)), over_http(host, web))
    start(host, witness)
    host.until_said("503")
    web.shown = "1"
    host.until_version("1", "web")
    for number, wrong in enumerate(({"version": "bad"}, {"version": "worse"}, b"no archive")):
        host.publish({"version": f"good {number}"})
        host.until_version(f"good {number}")
        host.publish(wrong)
        host.until_said("[app] not updated: quarantined", times=number + 1)
    host.config.write_text(host.config.read_text() + "\n# another")
    for number in (signal.SIGHUP, signal.SIGUSR1):
        host.agent.send_signal(number)
    host.until_said("reloaded")
    host.publish({"version": "last"})
    host.until_version("last")
    assert host.stop() == 0
    assert witness.imports == []


def test_running_agent_loads_nothing_for_any_fault_of_a_configuration(
    host: Host, witness: Witness
) -> None:
    """Whatever a reload is refused for, what tells of it is at hand."""
    sound = host.service()
    host.configure(sound)
    start(host, witness)
    host.until_said("there is no such file")
    for number, story in enumerate(stories().values(), 1):
        # Nothing of an example is to be done: there is always this fault besides.
        host.configure(sound, story.wrong, 'service "refused" {}')
        host.agent.send_signal(signal.SIGHUP)
        host.until_said("the old configuration stays", times=number)
    assert host.stop() == 0
    assert witness.imports == []
