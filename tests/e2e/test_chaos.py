"""Whatever is killed, whenever: the destination is one whole tree, and the agent converges."""

from __future__ import annotations

import pytest

from tests.e2e.chaos import rounds
from tests.e2e.host import Host

pytestmark = pytest.mark.endurance


def test_kills_at_random_moments_never_tear_a_tree(host: Host, pytestconfig: pytest.Config) -> None:
    """SIGKILL to worker, unpacker and supervisor in turn, while versions are published."""
    outcome = rounds(host, count=pytestconfig.getoption("kills"), seed=20261123)
    assert outcome.torn == []
    assert outcome.litter == []
    assert outcome.orphans == []
    assert outcome.kills == pytestconfig.getoption("kills")
