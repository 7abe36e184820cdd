"""Waiting for what ``status`` shows, never longer than a deadline."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dropship.demo.program import Program
from dropship.demo.seen import Seen
from dropship.errors import DropshipError

# Far more than anything takes on an idle machine: a slow one is no failure.
DEADLINE: Final = 60.0
_PAUSE: Final = 0.15  # between two looks: status is a command, there is nothing to wait on


def _nothing(_seen: Seen) -> None:
    """What most waits do meanwhile."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was waited for: what status says, and how many seconds it took."""

    seen: Seen
    seconds: float


class Lookout:
    """Asks the real ``status`` of a running agent again and again.

    Attributes:
        last: What it said when it was asked last.
    """

    last: Seen

    def __init__(self, program: Program, agent: subprocess.Popen[bytes]) -> None:
        self._program = program
        self._agent = agent

    def until(
        self, what: str, good: Callable[[Seen], bool], meanwhile: Callable[[Seen], None] = _nothing
    ) -> Sight:
        """Wait until status shows what is ``good``; ``meanwhile`` is called after every look.

        Raises:
            DropshipError: It did not in time, the agent ended, it cannot be understood; and what ``meanwhile`` raises.
        """
        began = time.monotonic()
        while True:
            seen = self.last = self._look()
            took = time.monotonic() - began
            meanwhile(seen)
            if good(seen):
                return Sight(seen, took)
            if (code := self._agent.poll()) is not None:
                raise DropshipError(f"waiting until {what}, but the agent ended (exit code {code})")
            if took > DEADLINE:
                raise DropshipError(f"not within {DEADLINE:.0f} s: {what}; status says: {seen}")
            time.sleep(_PAUSE)

    def _look(self) -> Seen:
        said = self._program.ask("status", "--format", "json")
        if not said.out:
            raise DropshipError(f"status said nothing, and exited with {said.code}: {said.errors}")
        return Seen.of(said.out)
