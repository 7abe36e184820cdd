"""The phases of an update; their values are what stands in journals and in ``status``."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """The phases of an update, in the order of a good one; then those of going back."""

    STARTING = "starting"
    IDLE = "idle"
    CHECKING = "checking"
    STAGING = "staging"
    WAITING = "waiting"
    RECHECKING = "rechecking"
    BEFORE = "before"
    ACTIVATING = "activating"
    AFTER = "after"
    VERIFYING = "verifying"
    COMMITTING = "committing"
    HOLDING = "holding"
    UNDO_BEFORE = "undo_before"
    UNDO_FLIP = "undo_flip"
    UNDO_AFTER = "undo_after"
    UNDO_VERIFY = "undo_verify"
    UNDO_NOTIFY = "undo_notify"
    SETTLING = "settling"
    STOPPED = "stopped"
