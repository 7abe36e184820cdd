"""The unpacker's life: lock itself up, then turn bytes from a pipe into a tree.

Runs in a forked child that ends by ``_exit``; the only place where an archive's bytes are read.
"""

from __future__ import annotations

import os
from typing import Final

from dropship.install.plan import Plan, Report, Word
from dropship.install.sandbox import Bounds, enter, forget_parent, mapped, take_pipes
from dropship.install.work import SPOOL_ROOM, Work, pieces

_DATA: Final = 0
_REPORT: Final = 1


def child(plan: Plan, data: int, report: int, parent: int) -> None:
    """Be the unpacker; returns when its last report is out. ``parent`` is the worker's pidfd."""
    forget_parent()
    # By its path now: from ``enter`` on there are no paths that lead to it.
    folder = os.open(plan.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    take_pipes(data, report, keep=(folder, parent))
    bounds = Bounds(
        parent=parent,
        folder=folder,
        account=plan.account,
        file_bytes=plan.rules.max_size + SPOOL_ROOM,
        seconds=plan.seconds,
        mapped=mapped(),
    )
    try:
        layers = enter(bounds)
    except OSError as error:
        why = f"it could not be done as the artifact's owner: {error.strerror}"
        _say(Report(Word.FAILED, message=why))
        return
    os.close(parent)
    _say(Report(Word.READY, layers=layers))
    os.umask(0)
    _say(Work(plan, folder, _say).outcome(pieces(_DATA)))


def _say(report: Report) -> None:
    line = report.encode()
    while line:
        line = line[os.write(_REPORT, line) :]
