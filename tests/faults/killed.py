"""Agents and workers that are killed while a command of an update runs.

What the command does after that is its sort: it ends by itself before anybody is back (short) or
when it likes (long), runs over its time (overdue), or does not heed TERM even then (stubborn).
Whenever two commands of a service run at a time, its trace says so.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil

from tests.e2e.host import eventually
from tests.faults.failures import Failures
from tests.faults.table import Case

# Every member of the process group has the lock, whatever becomes of the one that took it.
_ALONE: Final = 'exec 9>>"{folder}/lock/$1"; flock -n 9 || echo "overlap:$2" >>"$trace"\n'

_STRUCK: Final = """\
nth=$(ls "{{folder}}/strikes/{{name}}" | head -n 1)
if test -n "$nth"; then
rm "{{folder}}/strikes/{{name}}/$nth"
touch "{{folder}}/reached/{{name}}-$nth"
{body}
fi
"""
_UNTIL: Final = 'until test -e "{{folder}}/{file}/{{name}}-$nth"; do sleep 0.05; done'

_SORTS: Final = {
    "short": _UNTIL.format(file="killed") + '\ntouch "{folder}/ended/{name}-$nth"',
    "long": _UNTIL.format(file="go"),
    "overdue": "exec sleep 600",
    "stubborn": "trap '' TERM; while :; do sleep 0.1; done",
}
OVER_TIME: Final = ("overdue", "stubborn")


def of_sort(case: Case, sort: str) -> Case:
    """The case, with a command of a sort where the agent is killed."""
    time = "45s" if sort in OVER_TIME else "5m"
    keys = f'timeout = "{time}"'
    step = case.killed.strip("*")
    return replace(
        case,
        name=f"{case.name}-{sort}",
        plan={**case.plan, case.killed: _STRUCK.format(body=_SORTS[sort])},
        keys={step: f'{keys}, within = "5m"' if step == "h" else keys},
    )


class Killed(Failures):
    """The host; its agent checks all the time."""

    def __init__(self, folder: Path, cases: Sequence[Case]) -> None:
        super().__init__(folder, cases, interval="300ms", alone=_ALONE.format(folder=folder))
        for name in ("lock", "reached", "killed", "ended", "go"):
            (folder / name).mkdir()
        for case in cases:
            strikes = folder / "strikes" / case.name
            strikes.mkdir(parents=True)
            for nth in range(1, case.strikes + 1):
                (strikes / f"{nth}").touch()

    def kill_agents(self) -> None:
        """Kill the agent with all its workers whenever everybody has come so far."""
        self._begin()
        for nth in range(1, max(one.strikes for one in self.cases) + 1):
            struck = [one for one in self.cases if one.strikes >= nth]
            self._until_over([one for one in self.cases if one.strikes < nth])
            for case in struck:
                self._until_reached(case, nth)
            self._kill_agent()
            for case in struck:
                self._killed(case, nth)
            self.host.start()
            self._go_on(struck, nth)
        self._finish()

    def kill_agents_twice(self) -> None:
        """Kill the agent, and the next one while that waits for what is left of the first."""
        self._begin()
        for case in self.cases:
            self._until_reached(case, 1)
        self._kill_agent()
        before = self.host.said()
        self.host.start()
        eventually(
            lambda: all(self._recovers(one, self.host.said()[len(before) :]) for one in self.cases),
            "wait for everything that is left over",
        )
        self._kill_agent()
        self.host.start()
        self._go_on(self.cases, 1)
        self._finish()

    def kill_workers(self) -> None:
        """Kill each worker as soon as it has come so far."""
        self._begin()
        for nth in range(1, max(one.strikes for one in self.cases) + 1):
            struck = [one for one in self.cases if one.strikes >= nth]
            for case in struck:
                self._until_reached(case, nth)
                os.kill(self.host.pid(case.name), signal.SIGKILL)
                self._killed(case, nth)
            self._go_on(struck, nth)
        self._finish()

    def close(self) -> None:
        """Leave nothing running."""
        self.host.close()
        for pid in self.host.left_over():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _begin(self) -> None:
        self.install_old()
        self.configure(self.cases)
        self.publish_new(self.cases)
        self.host.start()

    def _finish(self) -> None:
        self._until_over(self.cases)
        assert self.host.stop() == 0
        eventually(lambda: not self.host.left_over(), "leave nobody running")

    def _kill_agent(self) -> None:
        workers = psutil.Process(self.host.agent.pid).children()
        self.host.agent.kill()
        for one in workers:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.host.agent.wait()
        psutil.wait_procs(workers)

    def _killed(self, case: Case, nth: int) -> None:
        """What is short ends now."""
        self._file("killed", case, nth).touch()
        if case.name.endswith("-short"):
            eventually(self._file("ended", case, nth).exists, f"{case.name} ends")

    def _go_on(self, struck: Sequence[Case], nth: int) -> None:
        """What is long ends when others have long got over it: nobody was quicker than it."""
        self._until_over([one for one in struck if one.name.endswith("-short")], nth)
        for case in struck:
            self._file("go", case, nth).touch()

    def _until_reached(self, case: Case, nth: int) -> None:
        eventually(
            self._file("reached", case, nth).exists,
            lambda: f"{case.name} comes so far: {self.host.said()}",
        )

    def _until_over(self, some: Sequence[Case], nth: int = 0) -> None:
        for case in some:
            if nth in (0, case.strikes):
                eventually(lambda one=case: self._over(one), lambda one=case: self._told(one))

    def _recovers(self, case: Case, said: str) -> bool:
        return f"[{case.name}] recovering an update that was cut off" in said

    def _over(self, case: Case) -> bool:
        journal = self.host.folder / "state" / "services" / case.name / "journal.json"
        trace = self.host.folder / "trace" / case.name
        # By its length: what it holds is judged at the end.
        steps = trace.read_text().split() if trace.exists() else []
        return not journal.exists() and len(steps) >= len(case.wanted.ran.split())

    def _told(self, case: Case) -> str:
        said = [one for one in self.host.said().splitlines() if f"[{case.name}]" in one]
        trace = (self.host.folder / "trace" / case.name).read_text().split()
        return "\n".join([f"{case.name} ends as {case.wanted}, not {trace}", *said[-30:]])

    def _file(self, folder: str, case: Case, nth: int) -> Path:
        return self.host.folder / folder / f"{case.name}-{nth}"
