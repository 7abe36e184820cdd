"""Two hosts that take turns in etcd, with TLS and users: the whole program."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet import standing
from tests.e2e.host import Host
from tests.e2e.witness import bear_witness
from tests.servers.etcd import PASSWORD, PREFIX, USER, Etcd

_PATH = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])

_BODY = """
  sequentialUpdates = true
  before "script" {{ command = "echo {name} >> {log}" }}
  after  "script" {{ command = "sleep 0.3; echo {name} >> {log}" }}
"""


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[Host]]:
    """Two, with folders of their own."""
    with standing(tmp_path, "one", "two") as made:
        yield made


def test_hosts_update_one_after_the_other_and_load_no_code_for_it(
    guarded_etcd: Etcd, hosts: list[Host], tmp_path: Path
) -> None:
    """Nobody is between ``before`` and ``after`` while another is."""
    log, etcd = tmp_path / "log", guarded_etcd
    assert etcd.client is not None
    lock = f"""
lock "etcd" {{
  endpoints = ["{etcd.urls[0]}"]
  user      = "{USER}"
  password  = env("ETCD_PASSWORD")
  prefix    = "{PREFIX}{tmp_path.name}"
  ttl       = "10s"
  caFile    = "{etcd.authority}"
  certFile  = "{etcd.client.cert}"
  keyFile   = "{etcd.client.key}"
}}
"""
    witness = bear_witness(tmp_path)
    for host in hosts:
        body = _BODY.format(name=host.folder.name, log=log)
        host.configure(host.service(body), main=lock)
        host.publish({"version": "1"})
        path = os.pathsep.join([str(witness.site), _PATH])
        host.start(ETCD_PASSWORD=PASSWORD, PYTHONPATH=path)
    for version in ("1", "2"):
        for host in hosts:
            host.publish({"version": version})
        for host in hosts:
            host.until_version(version)
    said = log.read_text().split()
    assert len(said) == 8
    assert said[::2] == said[1::2]
    assert [host.stop() for host in hosts] == [0, 0]
    assert witness.imports == []
    for host in hosts:
        assert PASSWORD not in host.log.read_text()
