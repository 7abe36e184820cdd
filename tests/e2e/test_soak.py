"""Half an hour of it, or as long as there is time for: nothing grows, nothing is missed."""

from __future__ import annotations

import pytest

from tests.e2e.host import Host
from tests.e2e.soak import Look, grown, soak
from tests.servers.nginx import Nginx


@pytest.mark.endurance
@pytest.mark.timeout(3600)
def test_many_services_are_kept_up_to_date_whatever_is_killed(
    host: Host, nginx: Nginx, pytestconfig: pytest.Config
) -> None:
    """50 services, versions and kills all the time."""
    seconds = pytestconfig.getoption("soak")
    outcome = soak(host, seconds, seed=20261129, web=(nginx.url, nginx.www))
    assert outcome.faults == []
    assert outcome.published > seconds
    assert outcome.owed > seconds / 10, "or nothing could have been missed"
    assert sum(outcome.strikes.values()) > seconds / 4


def test_growth_is_told() -> None:
    """Of memory, of descriptors, of zombies that stay."""
    flat = [Look(n, 20 << 20, 400 << 20, 120, 51, 0) for n in range(60)]
    assert list(grown(flat)) == []
    leaking = [Look(n, (20 << 20) + n * 100_000, 400 << 20, 120 + n, 51, n == 7) for n in range(60)]
    told = list(grown(leaking))
    assert len(told) == 2
    assert "supervisor" in told[0]
    assert "descriptors" in told[1]
    assert "zombies" in next(grown([Look(n, 1, 1, 1, 1, 1) for n in range(12)]))
