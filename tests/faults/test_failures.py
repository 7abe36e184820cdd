"""What the page of failures says is what happens, row by row."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dropship.cli.orders import worst
from tests.e2e.host import PROGRAM, eventually
from tests.faults.failures import Failures
from tests.faults.killed import OVER_TIME, Killed, of_sort
from tests.faults.obstacles import OBSTACLES, mend, store
from tests.faults.table import Case, cases

pytestmark = pytest.mark.slow

SCRIPTED = [
    *cases("A hook or a health check fails"),
    *cases("Something fails while going back"),
    *cases("With `onFailure` written in every hook"),
]
PATIENCE = 240.0
"""Seconds for all updates side by side, on a machine with other things to do."""

KILLED = list(cases("The agent or its worker is killed"))


def judge(failures: Failures, codes: dict[str, int] | None = None) -> None:
    """See that every case went as the page says; tell of all that did not."""
    seen = failures.seen()
    found = []
    for case in failures.cases:
        was = seen[case.name]
        was = replace(was, code=codes.get(case.name) if codes is not None else case.wanted.code)
        if was != case.wanted:
            found.append(f"{case.name}: {case.what}\n  page: {case.wanted}\n  seen: {was}")
    if found:
        pytest.fail("\n".join(found))


def by_code(some: Sequence[Case]) -> list[list[Case]]:
    """Cases that an exit code can be told of together, since all have the same."""
    codes = sorted({one.wanted.code or 0 for one in some})
    return [[one for one in some if (one.wanted.code or 0) == code] for code in codes]


@pytest.mark.parametrize("first", [True, pytest.param(False, marks=pytest.mark.endurance)])
def test_hooks_and_checks_that_fail_in_an_agent_lead_where_the_page_says(
    tmp_path: Path, first: bool
) -> None:
    """Every command, side by side, each an update by ``dropship update``; then every other way."""
    failures = Failures(tmp_path, [one for one in SCRIPTED if one.first is first])
    host = failures.host
    try:
        failures.install_old()
        failures.configure(failures.cases)
        host.start()
        failures.until_asked()
        failures.publish_new(failures.cases)
        codes = updated(failures)
        judge(failures, codes)
        assert host.stop() == 0
    finally:
        host.close()


def updated(
    failures: Failures, meanwhile: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Have ``dropship update`` update them all; what it ended with for each.

    ``meanwhile`` is called with what it has said so far, until it is done.
    """
    host, codes = failures.host, dict[str, int]()
    running = []
    for group in by_code(failures.cases):
        out = host.folder / f"out-{group[0].wanted.code}"
        with out.open("wb") as file:
            update = subprocess.Popen(
                [*PROGRAM, "update", *(one.name for one in group)],
                env=host.environ(),
                stdout=file,
                stderr=file,
            )
        running.append((group, out, update))
    for group, out, update in running:

        def ended(out: Path = out, update: subprocess.Popen[bytes] = update) -> bool:
            meanwhile(out.read_text())
            return update.poll() is not None

        eventually(ended, out.read_text, PATIENCE)
        mine = failures.codes(out.read_text())
        assert update.returncode == worst([*mine.values()]), out.read_text()
        assert set(mine) == {one.name for one in group}, out.read_text()
        codes |= mine
    return codes


def test_hooks_and_checks_that_fail_in_a_single_run_lead_where_the_page_says(
    tmp_path: Path,
) -> None:
    """``agent --once``: 1 where one failed, else 0, one put off being none of them."""
    some = cases("A hook or a health check fails")
    failures = Failures(tmp_path, [one for one in some if one.first])
    try:
        failures.install_old()
        failures.publish_new(failures.cases)
        ended = {}
        for group in by_code(failures.cases):
            failures.configure(group)
            ended[group[0].wanted.code] = failures.host.run("agent", "--once").returncode
        failures.configure(failures.cases)
        judge(failures)
        assert ended == {0: 0, 1: 1, 4: 0}
    finally:
        failures.host.close()


def mend_told(failures: Failures, said: str) -> None:
    """A state that cannot be written is mended once that was told."""
    for one in failures.cases:
        state = failures.host.folder / "state" / "services" / one.name
        if f"cannot write {state}/state.json: " in said and (state / "state.json").is_dir():
            mend(state)


def test_whatever_else_fails_leads_where_the_page_says(tmp_path: Path) -> None:
    """A store, a disk, a turn: ``dropship update`` without an agent."""
    some = list(cases("Something else fails"))
    assert {one.what for one in some} == set(OBSTACLES), "every row can be made to happen"
    with store(tmp_path, {one.name: OBSTACLES[one.what].answer for one in some}) as origin:
        failures = Failures(tmp_path, some, origin=origin)
        try:
            failures.install_old()
            failures.configure(some)
            codes = updated(failures, lambda said: mend_told(failures, said))
        finally:
            failures.host.close()
    judge(failures, codes)


def killed(folder: Path, strike: Callable[[Killed], None], some: Sequence[Case]) -> None:
    """Strike cases, and see that each went on as the page says."""
    struck = Killed(folder, some)
    try:
        strike(struck)
        judge(struck)
    finally:
        struck.close()


def test_agent_that_is_killed_in_a_command_goes_on_as_the_page_says(tmp_path: Path) -> None:
    """What outlives it is waited for: in that time others are updated from the beginning to the end."""
    some = [
        of_sort(one, "short" if one.killed.strip("*").endswith("2") else "long")
        for one in KILLED
        if one.strikes == 1
    ]
    killed(tmp_path, Killed.kill_agents, some)


@pytest.mark.endurance
@pytest.mark.timeout(900)
@pytest.mark.parametrize("strike", [Killed.kill_agents, Killed.kill_workers])
def test_whatever_is_killed_in_whatever_command_goes_on_as_the_page_says(
    tmp_path: Path, strike: Callable[[Killed], None]
) -> None:
    """Commands that end in time or not, that heed TERM or not; five deaths in a row as well."""
    once = [one for one in KILLED if one.strikes == 1]
    # They must all be struck before the time of the first is over, so these are fewer.
    over = [of_sort(one, sort) for one in once if "2" not in one.killed for sort in OVER_TIME]
    in_time = [of_sort(one, sort) for one in once for sort in ("short", "long")]
    often = [of_sort(one, "short") for one in KILLED if one.strikes > 1]
    killed(tmp_path, strike, over + in_time + often)


@pytest.mark.endurance
def test_agent_that_is_killed_while_it_waits_for_what_is_left_over_goes_on_as_the_page_says(
    tmp_path: Path,
) -> None:
    """It has begun nothing by then; the one after it waits for the same."""
    some = [of_sort(one, "long") for one in KILLED if one.strikes == 1]
    killed(tmp_path, Killed.kill_agents_twice, some)
