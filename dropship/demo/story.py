"""The story: every step is told as it begins, and proven by what the live agent's status says."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Final

from dropship.demo import store
from dropship.demo.agent_log import AgentLog
from dropship.demo.configuration import SERVICE
from dropship.demo.lookout import Lookout, Sight
from dropship.demo.opening import Props
from dropship.demo.seen import Seen, past
from dropship.demo.store import Version
from dropship.demo.tale import Kind
from dropship.errors import DropshipError

ONE: Final = Version(1)
TWO: Final = Version(2)
THREE: Final = Version(3, broken=True)
FOUR: Final = Version(4)


class Story:
    """From an agent that has been started to version 4."""

    def __init__(self, props: Props, agent: subprocess.Popen[bytes]) -> None:
        self._page = props.page
        self._program = props.program
        self._store = props.folder.store
        self._tell = props.tell
        self._agent = agent
        self._log = AgentLog(props.folder.log)
        self._lookout = Lookout(props.program, agent)

    def play(self) -> None:
        """Tell it all.

        Raises:
            DropshipError: A step did not come out right.
            OSError: The store cannot be written.
        """
        self._agent_runs()
        one = self._publish(ONE, "is put into the store")
        two = self._publish(TWO, "is put into the store")
        self._worker_is_killed(two)
        three = self._broken_is_taken_back(two)
        four = self._publish(FOUR, "is put into the store; it has its page again", bad=three)
        self._show_status()
        self._show_history(
            [(four, "updated"), (three, "rolled-back"), (two, "updated"), (one, "updated")]
        )

    # --- the steps ------------------------------------------------------------------------------

    def _agent_runs(self) -> None:
        sight = self._lookout.until(
            "the agent and its worker run",
            lambda seen: seen.agent == self._agent.pid and seen.worker is not None,
        )
        seen = sight.seen
        self._proven(f"agent {seen.agent} runs", sight, f"its worker: process {seen.worker}")

    def _publish(self, version: Version, how: str, bad: str = "") -> str:
        """Publish a version that works; ``bad`` stays in quarantine meanwhile."""
        self._tell(Kind.STEP, f"{version} {how}")
        before = self._lookout.last
        md5 = store.publish(self._store, version)
        sight = self._lookout.until(
            f"{version} (md5 {md5}) is current",
            lambda seen: (
                seen.hash == md5
                and seen.state == "idle"
                and seen.previous == before.release
                and seen.quarantined == ((bad,) if bad else ())
            ),
            meanwhile=lambda seen: _hopeful(version, md5, bad, seen),
        )
        self._proven(f"{version} is current", sight, f"release {sight.seen.release}")
        self._page_says(version)
        return md5

    def _worker_is_killed(self, current: str) -> None:
        before = self._lookout.last
        self._tell(Kind.STEP, f"the worker, process {before.worker}, is killed (SIGKILL)")
        self._log.skip()
        self._kill(before)
        answers: list[str] = []
        sight = self._lookout.until(
            f"another worker than {before.worker} runs",
            lambda seen: (
                seen.worker not in (None, before.worker)
                and seen.restarts > before.restarts
                and seen.hash == current
            ),
            meanwhile=lambda _: self._listen(TWO, answers),
        )
        self._quote()
        seen = sight.seen
        self._proven(
            "another worker runs", sight, f"process {seen.worker}, restarts: {seen.restarts}"
        )
        self._tell(Kind.FACT, f"{self._page.url} answered all the while: {answers[-1]}")

    def _kill(self, before: Seen) -> None:
        if before.worker is None:
            raise DropshipError(f"there is no worker to kill; status says: {before}")
        try:
            os.kill(before.worker, signal.SIGKILL)
        except OSError as error:
            raise DropshipError(
                f"the worker, process {before.worker}, cannot be killed: {error.strerror}"
            ) from error

    def _broken_is_taken_back(self, former: str) -> str:
        before = self._lookout.last
        self._tell(Kind.STEP, f"{THREE} is put into the store; its page was forgotten")
        self._log.skip()
        md5 = store.publish(self._store, THREE)
        sight = self._lookout.until(
            f"{THREE} (md5 {md5}) is in quarantine and {TWO} (md5 {former}) is current",
            lambda seen: md5 in seen.quarantined and seen.hash == former and seen.at_rest,
            meanwhile=lambda _: self._quote(),
        )
        if sight.seen.release != before.release:
            raise DropshipError(f"{TWO} should be {before.release}; status says: {sight.seen}")
        self._proven(f"{TWO} is back", sight, f"release {sight.seen.release}")
        self._tell(Kind.FACT, f"{THREE} is in quarantine (md5 {md5})")
        self._page_says(TWO)
        return md5

    def _show_status(self) -> None:
        self._tell(Kind.STEP, "dropship status")
        if code := self._program.show("status"):
            raise DropshipError(f"dropship status exited with {code}")

    def _show_history(self, wanted: list[tuple[str, str]]) -> None:
        self._tell(Kind.STEP, f"dropship history {SERVICE}")
        said = self._program.ask("history", SERVICE, "--format", "json")
        if said.code != 0:
            raise DropshipError(f"dropship history exited with {said.code}: {said.errors}")
        found = [(row.to, row.outcome) for row in past(said.out)]
        if code := self._program.show("history", SERVICE):
            raise DropshipError(f"dropship history exited with {code}")
        if found != wanted:
            raise DropshipError(f"history should be {wanted}, and is {found}")

    # --- what they share ------------------------------------------------------------------------

    def _proven(self, words: str, sight: Sight, detail: str) -> None:
        self._tell(Kind.PROOF, f"{words} after {sight.seconds:.1f} s ({detail})")

    def _quote(self) -> None:
        for line in self._log.fresh():
            self._tell(Kind.QUOTE, line)

    def _page_says(self, version: Version) -> None:
        answers: list[str] = []
        self._listen(version, answers)
        self._tell(Kind.FACT, f"{self._page.url} answers: {answers[-1]}")

    def _listen(self, version: Version, answers: list[str]) -> None:
        answer = self._page.ask()
        if answer.text != version.page:
            raise DropshipError(f'{self._page.url} should answer "{version.page}": {answer}')
        answers.append(str(answer))


def _hopeful(version: Version, md5: str, bad: str, seen: Seen) -> None:
    """There is nothing to wait for any more once it has failed."""
    # With bad bytes before it, a failure may be theirs: as long as they are in the store.
    failed = seen.state == "failed" and not bad
    if failed or md5 in seen.quarantined:
        raise DropshipError(f"{version} (md5 {md5}) should work; status says: {seen}")
