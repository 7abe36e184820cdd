"""The unpacker's life: lock itself up, then turn bytes from a pipe into a tree.

Runs in a forked child that ends by ``_exit``; the only place where an archive's bytes are read.
"""

from __future__ import annotations

import os
from typing import Final

from dropship.install.plan import Plan, Report, Word
from dropship.install.sandbox import Bounds, enter, forget_parent, take_pipes
from dropship.install.work import SPOOL_ROOM, Work, pieces

_DATA: Final = 0
_REPORT: Final = 1


def child(plan: Plan, data: int, report: int, parent: int) -> None:
    """Be the unpacker; returns when its last report is out."""
    forget_parent()
    take_pipes(data, report)
    layers = enter(Bounds(parent, plan.rules.max_size + SPOOL_ROOM, plan.seconds))
    _say(Report(Word.READY, layers=layers))
    os.umask(0)
    folder = os.open(plan.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    _say(Work(plan, folder, _say).outcome(pieces(_DATA)))


def _say(report: Report) -> None:
    line = report.encode()
    while line:
        line = line[os.write(_REPORT, line) :]
