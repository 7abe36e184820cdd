"""Configurations to be read: large ones, and one as most hosts have it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SERVICES = 1000

_SERVICE = """\
service "app-{number:04}" {{
  checkInterval     = "10s"
  sequentialUpdates = true # one host at a time
  updateTTL         = "30s"

  artifact "s3" {{
    bucket       = "releases"
    path         = "app-{number:04}/app.tar.gz"
    destination  = "/srv/app-{number:04}"
    keepReleases = 3
  }}

  before "script" {{
    command = "systemctl stop app-{number:04}"
  }}

  after "script" {{
    command = "systemctl start app-{number:04}"
    timeout = "30s"
  }}

  after "graphite-event" {{
    host = "http://graphite.example.com"
    what = "deployed {{{{.Name}}}} on {{{{.Hostname}}}}"
    tags = "deploy ${{ENV}} app-{number:04}"
  }}

  health "http" {{
    url    = "http://127.0.0.1:8080/app-{number:04}"
    within = "20s"
  }}
}}
"""

_MAIN = """\
repo "s3" {
  accessKey = "AKIA"
  secret    = env("SECRET", "")
  name      = "eu-central-1"
}

lock "file" {}
"""


def services(count: int) -> str:
    """So many services in one text; HCL 1 and HCL 2 read it alike."""
    return "\n".join(_SERVICE.format(number=number) for number in range(count))


def host(folder: Path, count: int) -> Path:
    """A main file, and a file for each service; gives the main file."""
    return _written(folder, _MAIN, [_SERVICE.format(number=number) for number in range(count)])


def plain(folder: Path, example: str, count: int) -> Path:
    """As ``host``, of services like the example's, and with nothing in the main file."""
    return _written(folder, "", [example.replace("example", f"app-{n}") for n in range(count)])


def _written(folder: Path, main: str, services: Sequence[str]) -> Path:
    (folder / "services").mkdir()
    for number, service in enumerate(services):
        (folder / "services" / f"app-{number:04}.hcl").write_text(service)
    file = folder / "dropship.hcl"
    file.write_text(main)
    return file
