"""What the page of failures says is what happens, row by row."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.e2e.host import DEADLINE, PROGRAM
from tests.faults.failures import Failures
from tests.faults.table import Case, cases

SCRIPTED = [
    *cases("A hook or a health check fails"),
    *cases("Something fails while going back"),
    *cases("With `onFailure` written in every hook"),
]


def differences(failures: Failures, codes: dict[str, int] | None = None) -> str:
    """Where a case did not go as the page says."""
    seen = failures.seen()
    found = []
    for case in failures.cases:
        was = seen[case.name]
        was = replace(was, code=codes.get(case.name) if codes is not None else case.wanted.code)
        if was != case.wanted:
            found.append(f"{case.name}: {case.what}\n  page: {case.wanted}\n  seen: {was}")
    return "\n".join(found)


def by_code(some: Sequence[Case]) -> list[list[Case]]:
    """Cases that an exit code can be told of together, since all have the same."""
    codes = sorted({one.wanted.code or 0 for one in some})
    return [[one for one in some if (one.wanted.code or 0) == code] for code in codes]


def test_hooks_and_checks_that_fail_in_an_agent_lead_where_the_page_says(tmp_path: Path) -> None:
    """Every way to fail of every command, side by side, each an update by ``dropship update``."""
    failures = Failures(tmp_path, SCRIPTED)
    host = failures.host
    try:
        failures.install_old()
        failures.configure(failures.cases)
        host.start()
        failures.until_asked()
        failures.publish_new(failures.cases)
        groups = by_code(failures.cases)
        updates = [_update(failures, group) for group in groups]
        codes: dict[str, int] = {}
        for update, group in zip(updates, groups, strict=True):
            said, _ = update.communicate(timeout=DEADLINE)
            codes |= failures.codes(said)
            told = {codes.get(one.name) for one in group}
            assert update.returncode == next((code for code in (1, 4) if code in told), 0), said
        assert differences(failures, codes) == ""
        assert host.stop() == 0
    finally:
        host.close()


def _update(failures: Failures, some: Sequence[Case]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "update", *(one.name for one in some)],
        env=failures.host.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_hooks_and_checks_that_fail_in_a_single_run_lead_where_the_page_says(
    tmp_path: Path,
) -> None:
    """``agent --once``: 1 where one failed, else 0, one put off being none of them."""
    failures = Failures(tmp_path, [one for one in SCRIPTED if one.first])
    try:
        failures.install_old()
        failures.publish_new(failures.cases)
        ended = {}
        for group in by_code(failures.cases):
            failures.configure(group)
            ended[group[0].wanted.code] = failures.host.run("agent", "--once").returncode
        failures.configure(failures.cases)
        assert differences(failures) == ""
        assert ended == {0: 0, 1: 1, 4: 0}
    finally:
        failures.host.close()
