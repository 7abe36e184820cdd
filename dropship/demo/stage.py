"""The demo from its beginning to its end: a folder, a port, the story, and nothing left running."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.demo import household, opening, port
from dropship.demo.agent_log import AgentLog
from dropship.demo.configuration import SERVICE
from dropship.demo.folder import Folder
from dropship.demo.interrupt import Interrupts
from dropship.demo.opening import Props
from dropship.demo.page import Page
from dropship.demo.program import Program
from dropship.demo.story import Story
from dropship.demo.tale import Kind, Tell
from dropship.errors import DropshipError, InterruptedByStop

_LAST_LINES: Final = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants.

    Attributes:
        folder: Absent, or empty; None is a temporary one.
        port: To listen on; None is a free one.
        environ: The user's environment.
        command: How the program is called here, for what to try next.
    """

    folder: Path | None
    port: int | None
    environ: Mapping[str, str]
    command: str


def perform(wish: Wish, tell: Tell, interrupts: Interrupts) -> None:
    """Tell the story, end everything, and say where it all is.

    Raises:
        UsageError: The folder is not empty.
        DropshipError: A step did not come out right, or something could not be ended.
        OSError: The kernel will not let us look after our processes.
        InterruptedByStop: A signal came.
    """
    began = time.monotonic()
    free = port.usable(wish.port)
    folder = Folder.make(wish.folder)
    tell(Kind.TITLE, f"The life of a little web service, in {folder.path}")
    household.gather()
    props = Props(folder, Page(free), Program(folder, wish.environ), tell)
    stage = _Stage(props)
    try:
        try:
            stage.play()
        finally:
            # Were a signal to come before this is done: the outer one is still ahead.
            interrupts.hold()
    finally:
        stage.clear()
    tell(Kind.PROOF, f"every step came out right, in {time.monotonic() - began:.0f} s")
    _try_next(folder, wish.command, tell)


class _Stage:
    def __init__(self, props: Props) -> None:
        self._props = props
        self._tell = props.tell
        self._agent: subprocess.Popen[bytes] | None = None

    def play(self) -> None:
        """The story, and what went wrong with it.

        Raises:
            DropshipError: A step did not come out right.
            InterruptedByStop: A signal came.
        """
        try:
            opening.make(self._props)
            self._agent = opening.start_agent(self._props)
            Story(self._props, self._agent).play()
        except (DropshipError, OSError) as error:
            self._tell(Kind.FAULT, f"this did not come out right: {error}")
            self._last_words()
            raise DropshipError(f"the demo failed: {error}") from error
        except InterruptedByStop:
            self._tell(Kind.FAULT, "interrupted")
            raise

    def clear(self) -> None:
        """End everything, and say where it is.

        Raises:
            DropshipError: Something could not be ended.
        """
        self._tell(Kind.STEP, "everything that was started is stopped")
        ended = household.end(self._agent.pid if self._agent else None)
        self._props.folder.tidy()
        if ended.left:
            self._tell(Kind.FAULT, f"still running: {_listed(ended.left)}")
        else:
            whom = f"{_listed(ended.ended)} ended; " if ended.ended else ""
            self._tell(Kind.PROOF, f"{whom}nothing is left running")
        self._tell(Kind.FACT, f"what there is to look at is in {self._props.folder.path}")
        if ended.left:
            raise DropshipError(
                f"the demo could not end {_listed(ended.left)}", cure="kill what still runs"
            )

    def _last_words(self) -> None:
        folder = self._props.folder
        lines = AgentLog(folder.log).last(_LAST_LINES)
        if lines:
            self._tell(Kind.FACT, f"the last lines of {folder.log}:")
        for line in lines:
            self._tell(Kind.QUOTE, line)


def _listed(pids: tuple[int, ...]) -> str:
    word = "process" if len(pids) == 1 else "processes"
    return f"{word} {', '.join(map(str, pids))}"


def _try_next(folder: Folder, command: str, tell: Tell) -> None:
    """Commands that work as they stand."""
    config = shlex.quote(str(folder.config))
    dropship = f"{command} --config {config}"
    tell(Kind.PLAIN, "")
    tell(Kind.TITLE, "What to try next")
    for words in (
        f"less {config}",
        f"{dropship} status",
        f"{dropship} history {SERVICE}",
        f"{dropship} agent",
        f"rm -r {shlex.quote(str(folder.path))}",
    ):
        tell(Kind.PLAIN, f"  {words}")
