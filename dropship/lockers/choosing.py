"""The choice of what stands in for a lock: looks whether there is a Consul agent on this host."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from dropship.lockers.default import CONSUL, FILE, NAME, Choice
from dropship.lockers.file_text import put, told
from dropship.net.consul import USUAL

_ADDRESS: Final = "CONSUL_HTTP_ADDR"
_PATIENCE: Final = 1.0  # seconds; it is on this host
_LONGEST: Final = 4096


def choose(folder: Path, environ: Mapping[str, str], usual: str = USUAL) -> Choice:
    """Choose what stands in from now on, and keep that. ``usual``: where Consul is looked for.

    Raises:
        LockError: It cannot be kept.
    """
    address = environ.get(_ADDRESS, "")
    if address:
        # A login is a secret, and no business of a file that others read.
        choice = Choice(CONSUL, "" if "@" in address else address)
    else:
        choice = Choice(CONSUL if _is_consul(usual) else FILE)
    with told(folder):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        put(folder / NAME, json.dumps(choice._asdict()))
    return choice


def _is_consul(address: str) -> bool:
    """Whether a Consul agent answers at ``host:port``."""
    try:
        with closing(http.client.HTTPConnection(address, timeout=_PATIENCE)) as connection:
            # Needs no rights (https://developer.hashicorp.com/consul/api-docs/status).
            connection.request("GET", "/v1/status/leader")
            answer = connection.getresponse()
            said = answer.read(_LONGEST).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return False
    if answer.status == http.client.OK:
        return said.startswith('"')  # the address of a server
    # Its cluster may be in trouble just now; it is Consul all the same.
    return any(word in said for word in ("leader", "Consul", "Permission denied"))
