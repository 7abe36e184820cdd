"""Cases of the tables of failures on one host: a service each, run by the real program.

Every command of theirs appends what it is to the service's trace, then does what is planned for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.e2e.host import Host, eventually
from tests.faults.obstacles import MAIN, OBSTACLES, Obstacle
from tests.faults.table import Case, Seen, ran, service

# A health check is looked at again and again, and is not told that the update goes back.
_COMMAND: Final = """\
trace={folder}/trace/$1
{alone}case $2 in
h) while read -r last; do step=h${{last#${{last%\\*}}}}; done <"$trace" ;;
f*) step=$2 ;;
*) step=$2${{DROPSHIP_ROLLBACK:+*}} ;;
esac
echo "$step" >>"$trace"
if test -e "{folder}/plan/$1/$step"; then . "{folder}/plan/$1/$step"; fi
"""

VERDICTS: Final = {"failed": 1, "not updated": 4, "updated": 0}


class Failures:
    """The host; ``cases`` are its services.

    ``origin``: of the web server that they get their artifacts from, if it is one; ``alone``: shell
    that every command begins with.
    """

    def __init__(
        self,
        folder: Path,
        cases: Sequence[Case],
        *,
        origin: str = "",
        interval: str = "1h",
        alone: str = "",
    ) -> None:
        self.host = Host(folder)
        self.cases = cases
        self._origin, self._interval = origin, interval
        (folder / "trace").mkdir()
        self._command = folder / "command"
        self._command.write_text(_COMMAND.format(folder=folder, alone=alone))
        for case in cases:
            plan = folder / "plan" / case.name
            plan.mkdir(parents=True)
            obstacle = OBSTACLES.get(case.what, Obstacle())
            for step, shell in {**case.plan, **obstacle.plan}.items():
                (plan / step).write_text(shell.format(folder=folder, name=case.name))

    def install_old(self) -> None:
        """The older release, where there is one; nothing of the case runs for that."""
        bare = [one for one in self.cases if not one.install]
        self.host.configure(*(self.host.service(name=one.name, interval="1h") for one in bare))
        for one in bare:
            self.host.publish({"version": "old"}, one.name)
        done = self.host.run("agent", "--once")
        assert done.returncode == 0, done.stderr

    def configure(self, cases: Sequence[Case]) -> None:
        """What the page shows, for some of the cases."""
        main = MAIN.format(folder=self.host.folder) if self._origin else ""
        self.host.configure(*(self._service(one) for one in cases), main=main)

    def _service(self, case: Case) -> str:
        obstacle = OBSTACLES.get(case.what, Obstacle())
        where = f'path = "{self.host.store}/{case.name}.tar.gz"\n    settle = "0s"'
        if self._origin:
            where = f'url = "{self._origin}/{case.name}.tar.gz"'
        artifact = f"""\
  artifact "{"http" if self._origin else "file"}" {{
    {where}
    destination = "{self.host.destination(case.name)}"
{obstacle.artifact}
  }}"""
        return service(case, artifact, f"exec sh {self._command}", obstacle.keys, self._interval)

    def publish_new(self, cases: Sequence[Case]) -> None:
        """What will fail."""
        for one in cases:
            self.host.publish({"version": "new"}, one.name)

    def until_asked(self) -> None:
        """Wait until the agent has asked for every artifact."""
        names = {one.name for one in self.cases}

        def asked() -> bool:
            told = self.host.services()
            return names <= {name for name, one in told.items() if one["lastCheck"]}

        eventually(asked, lambda: f"ask: {self.host.said()}")

    def codes(self, said: str) -> dict[str, int]:
        """What ``dropship update`` said of each service, as an exit code."""
        told = re.findall(
            r"^(?:dropship: )?(\S+): (failed|not updated|updated)\b", said, re.MULTILINE
        )
        return {name: VERDICTS[word] for name, word in told}

    def seen(self) -> dict[str, Seen]:
        """What an operator sees of every case."""
        services = {one["name"]: one for one in self.host.status()["services"]}
        return {one.name: self._seen(one, services[one.name]) for one in self.cases}

    def _seen(self, case: Case, told: dict[str, object]) -> Seen:
        trace = self.host.folder / "trace" / case.name
        outcomes = [str(line["outcome"]) for line in self.host.history(case.name)]
        return Seen(
            ran=ran(trace.read_text().split()) if trace.exists() else "",
            then=self.host.version(case.name) or "none",
            state=str(told["state"]),
            history=", ".join(outcomes[0 if case.install else 1 :]),
            quarantined=bool(told["quarantined"]),
        )
