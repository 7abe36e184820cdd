"""The packages, each kind of host booted once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.packaging.packages import DEBIANS, Host, Packages, found, running
from tests.servers.systemd import Systemd


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Two releases of them."""
    return found(request.config.getoption("--packages"), tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="session", params=DEBIANS)
def debian(
    request: pytest.FixtureRequest,
    packages: Packages,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Systemd]:
    """A booted Debian."""
    with running(tmp_path_factory.mktemp(request.param), request.param, packages) as machine:
        yield machine


@pytest.fixture
def host(debian: Systemd, packages: Packages) -> Host:
    """A host without the package."""
    return Host(debian, packages)
