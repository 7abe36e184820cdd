"""What is there before the agent runs, and its start."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from dropship.demo import configuration
from dropship.demo.folder import Folder
from dropship.demo.page import Page
from dropship.demo.program import Program
from dropship.demo.tale import Kind, Tell
from dropship.errors import DropshipError


@dataclass(frozen=True, slots=True)
class Props:
    """What the story is played with."""

    folder: Folder
    page: Page
    program: Program
    tell: Tell


def make(props: Props) -> None:
    """Write the configuration, and have the real command judge it.

    Raises:
        DropshipError: It has faults.
        OSError: It cannot be written.
    """
    props.tell(Kind.STEP, "a store, a configuration and a little web service are made")
    configuration.write(props.folder, props.page.port)
    said = props.program.ask("validate", "--strict")
    if said.code != 0:
        for line in (said.out or said.errors).splitlines():
            props.tell(Kind.QUOTE, line)
        raise DropshipError(f"{props.folder.config} is not valid here", cure="name another folder")
    props.tell(Kind.PROOF, f"{props.folder.config} is valid, says dropship validate")


def start_agent(props: Props) -> subprocess.Popen[bytes]:
    """Start the agent.

    Raises:
        DropshipError: It cannot be started.
    """
    props.tell(Kind.STEP, "an agent is started; it looks into the store twice a second")
    return props.program.start_agent()
