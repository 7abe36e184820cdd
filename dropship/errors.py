"""The errors of Dropship. The type of an error answers what happens next.

Every error's text is one sentence for an operator: what went wrong, where, and (in ``cure``)
what to do. Only ``cli`` and the forked children turn an error into an exit code.
"""

from __future__ import annotations


class DropshipError(Exception):
    """Something went wrong that an operator can understand.

    Attributes:
        cure: What to do next, a sentence fragment such as ``run it as root``; may be empty.
    """

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}; {self.cure}" if self.cure else message


class UsageError(DropshipError):
    """The command was called wrongly; the operator types it again (exit 2)."""


class ConfigError(DropshipError):
    """The configuration is at fault; an operator edits a file."""


class RepoError(DropshipError):
    """A store could not be asked or read; it is asked again later.

    Attributes:
        permanent: Waiting alone will not mend it (wrong key, missing bucket).
        wait: Seconds before which the store does not want to be asked again; 0: it does not say.
    """

    def __init__(
        self, message: str, *, cure: str = "", permanent: bool = False, wait: float = 0.0
    ) -> None:
        super().__init__(message, cure=cure)
        self.permanent = permanent
        self.wait = wait


class MissingError(RepoError):
    """The store was asked, and has no such artifact."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message, cure=cure, permanent=True)


class MovedError(RepoError):
    """The artifact changed while it was read; start over with what it is now."""


class IntegrityError(DropshipError):
    """The bytes are not what the store promised; they never become current."""


class RefusedError(DropshipError):
    """The archive breaks the rules; its bytes are as promised and will not get better.

    Attributes:
        md5: Of the artifact, where all of it was read; the name to quarantine it by.
    """

    def __init__(self, message: str, *, cure: str = "", md5: str | None = None) -> None:
        super().__init__(message, cure=cure)
        self.md5 = md5


class NoSpaceError(DropshipError):
    """The disk is too full to stage; retried when there is room."""


class StageError(DropshipError):
    """Staging failed for a passing reason (the unpacker died, a deadline); retried."""


class LockError(DropshipError):
    """The turn could not be had; nothing starts without it.

    Attributes:
        permanent: Waiting alone will not mend it (missing rights).
    """

    def __init__(self, message: str, *, cure: str = "", permanent: bool = False) -> None:
        super().__init__(message, cure=cure)
        self.permanent = permanent


class LeaseLostError(LockError):
    """A turn that was held is not certain any more."""


class ActivationError(DropshipError):
    """The destination could not be switched; the update is taken back."""


class HookError(DropshipError):
    """A hook failed."""


class HookPutOffError(HookError):
    """A hook asked to try the whole update later (exit status 75, ``EX_TEMPFAIL``)."""


class HealthError(DropshipError):
    """A health check does not hold."""


class StateError(DropshipError):
    """State on disk cannot be read or written; nothing is guessed."""


class BusyError(DropshipError):
    """Somebody else drives this service or agent just now (exit 4 or 1)."""


class NoAgentError(DropshipError):
    """No agent runs that could be asked (exit 3)."""


class AgentHungError(DropshipError):
    """An agent runs and does not answer; what state says can be shown all the same.

    Attributes:
        pid: Its process; None if it has just ended.
    """

    def __init__(self, message: str, *, cure: str = "", pid: int | None = None) -> None:
        super().__init__(message, cure=cure)
        self.pid = pid


class InterruptedByStop(BaseException):
    """A stop was asked for while something interruptible was under way."""
