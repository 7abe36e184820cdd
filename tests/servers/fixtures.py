"""A session fixture for each server; ``tests/conftest.py`` offers them to all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import consul as consul_server
from tests.servers import etcd as etcd_server
from tests.servers import graphite as graphite_server
from tests.servers import moto as moto_server
from tests.servers import nginx as nginx_server
from tests.servers import redis as redis_server
from tests.servers import swift as swift_server
from tests.servers import systemd as systemd_server


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[swift_server.Swift]:
    """Swift with its S3 API."""
    with swift_server.running(tmp_path_factory.mktemp("swift")) as running:
        yield running


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[moto_server.Moto]:
    """moto, as S3 and STS."""
    with moto_server.running(tmp_path_factory.mktemp("moto")) as running:
        yield running


@pytest.fixture(scope="session")
def graphite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[graphite_server.Graphite]:
    """graphite-web."""
    with graphite_server.running(tmp_path_factory.mktemp("graphite")) as running:
        yield running


@pytest.fixture(scope="session")
def consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[consul_server.Consul]:
    """Consul, plain and TLS."""
    with consul_server.running(tmp_path_factory.mktemp("consul")) as running:
        yield running


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[etcd_server.Etcd]:
    """One member of etcd, plain."""
    with etcd_server.running(tmp_path_factory.mktemp("etcd")) as running:
        yield running


@pytest.fixture(scope="session")
def guarded_etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[etcd_server.Etcd]:
    """One member of etcd, with TLS and users."""
    with etcd_server.running(tmp_path_factory.mktemp("guarded-etcd"), guarded=True) as running:
        yield running


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[nginx_server.Nginx]:
    """nginx, plain and TLS."""
    with nginx_server.running(tmp_path_factory.mktemp("nginx")) as running:
        yield running


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.Redis]:
    """Redis: plain, TLS, by socket."""
    with redis_server.running(tmp_path_factory.mktemp("redis"), tls=True) as running:
        yield running


@pytest.fixture(scope="session")
def guarded_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.Redis]:
    """Redis that asks for passwords: plain, TLS."""
    folder = tmp_path_factory.mktemp("guarded-redis")
    with redis_server.running(folder, *redis_server.users(), tls=True) as running:
        yield running


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[redis_server.Redis]:
    """A Redis of the test's own, to be ill-treated."""
    with redis_server.running(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[systemd_server.Systemd]:
    """A booted systemd with the program and its unit."""
    with systemd_server.running(tmp_path_factory.mktemp("systemd")) as running:
        yield running


@pytest.fixture
def units(
    systemd: systemd_server.Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[systemd_server.Systemd]:
    """The same, its units (``tests/systemd/units``) stopped, its systemctl the first in PATH."""
    lent = systemd.lend(tmp_path / "systemctl")
    monkeypatch.setenv("PATH", f"{lent}:{os.environ['PATH']}")
    yield systemd
    systemd.settle()
