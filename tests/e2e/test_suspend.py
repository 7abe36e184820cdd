"""A host that slept blames nobody for the time that went by."""

from __future__ import annotations

import pytest

from tests.e2e.host import Host
from tests.e2e.suspend import ORDERS, nap


@pytest.mark.endurance
@pytest.mark.parametrize("order", ORDERS)
def test_sleep_of_the_host_kills_nobody_and_loses_no_update(
    host: Host, order: str, pytestconfig: pytest.Config
) -> None:
    """Longer than any silence is suffered: workers keep their pids, the update is finished."""
    outcome = nap(host, pytestconfig.getoption("suspend"), order, seed=20261129)
    assert outcome.faults == []
    assert outcome.processes >= (1 if order == "supervisor only" else 5)
