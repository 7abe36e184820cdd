"""However often the configuration changes or breaks: no update is lost, doubled or cut short."""

from __future__ import annotations

import pytest

from tests.e2e.fire import rounds
from tests.e2e.host import Host

pytestmark = pytest.mark.endurance


def test_reloads_while_everything_updates_lose_and_double_nothing(
    host: Host, pytestconfig: pytest.Config
) -> None:
    """Valid and broken ones, by signal and by socket; only who has changed is started again."""
    count = pytestconfig.getoption("reloads")
    outcome = rounds(host, count, seed=20261124)
    assert outcome.faults == []
    assert outcome.valid + outcome.broken == count + 1
    assert outcome.by_signal + outcome.by_socket == count
    assert outcome.updates > count
    assert set(outcome.changes) == {"shift-a", "shift-b", "shift-c"}
