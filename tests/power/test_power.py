"""A host whose power is cut while it updates is whole after each boot, and converges."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.power.cuts import rounds
from tests.power.machine import missing


@pytest.mark.timeout(0)
def test_power_cuts_leave_the_host_whole_and_it_converges(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """In a virtual machine, on a disk that loses what was not flushed; half a minute a cut."""
    count = pytestconfig.getoption("cuts")
    if not count:
        pytest.skip("power cuts take long: pytest --cuts 20 tests/power, or tox -e long -- power")
    if lacking := missing():
        pytest.skip(lacking)
    outcome = rounds(tmp_path, count, seed=20261124)
    assert outcome.faults == []
    assert len(outcome.cuts) >= count
    assert outcome.converged >= count
