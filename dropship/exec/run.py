"""What a command on the leash runs with: its bounds, and where to tell what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dropship.core.values import Duration
from dropship.core.watch import Watch


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """A running process group, told from a later one of the same number by its start.

    ``started`` is field 22 of /proc/PID/stat of its leader (clock ticks since boot), ``boot`` the
    boot that they count from; empty: unknown. ``output`` is the inode of the pipe that it was given
    for its output; 0: unknown.
    """

    pgid: int
    started: int
    boot: str = ""
    output: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What a hook runs with: its bounds, and where to tell what.

    Attributes:
        timeout: After that it has failed and whatever it started in its group is ended.
        environ: The agent's environment, secrets taken out.
        watch: Attention while it runs.
        starting: Called with the process group before the command itself begins.
        say: Called with every line of output, already decoded and bounded.
    """

    timeout: Duration
    environ: Mapping[str, str]
    watch: Watch
    starting: Callable[[ProcessGroup], None]
    say: Callable[[str], None]
