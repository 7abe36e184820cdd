"""The mark that a hook is running: which process group, since when, for how long.

It stands beside the journal while a hook runs, so that whoever comes after a crash can wait for
what is left of the group, or end it, before the step is repeated. It only matters while this
kernel lives (a reboot ends every process), so it is not made durable.
"""

from __future__ import annotations

from dataclasses import dataclass

from dropship.exec.run import ProcessGroup


@dataclass(frozen=True, slots=True)
class HookMark:
    """How far the hooks of one kind have come.

    Attributes:
        update: The update they belong to.
        kind: ``before``, ``after`` or ``failed``.
        rollback: They run to go back.
        index: The hook that runs, or is next.
        group: Its process group, if one runs; or that of a health check after the hooks.
        since: When it began, in seconds since the boot (CLOCK_BOOTTIME).
        timeout: How many seconds it may take.
    """

    update: str
    kind: str
    rollback: bool
    index: int
    group: ProcessGroup | None = None
    since: float = 0.0
    timeout: float = 0.0
