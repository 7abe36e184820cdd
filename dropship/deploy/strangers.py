"""Backends that others have written, held to their Protocols.

What they raise or give besides becomes the error of the Protocol, which names them: the check, the
hook or the turn has failed then, and the worker goes on. Built-in ones are not wrapped: a fault of
ours is to be seen as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final, get_args

from dropship.core.checksum import Algorithm, Checksum, Parts
from dropship.core.values import Md5
from dropship.core.watch import Watch
from dropship.errors import (
    ConfigError,
    DropshipError,
    HealthError,
    HookError,
    LeaseLostError,
    LockError,
    RepoError,
)
from dropship.exec.run import Run
from dropship.health import Health
from dropship.hooks import Event, Hook
from dropship.lockers import Broken, Holder, Lease, Locker, Mark, Standing
from dropship.plugins import BUILT_IN, Kind
from dropship.repos import Body, Found, Repo

_CURE: Final = "tell those who made it; --log-level debug shows where"
# Code that is at fault will be so again: without what it should remember things go on.
_BUG: Final = partial(LockError, cure=_CURE, permanent=True)


def built(kind: Kind, name: str, cls: Callable[..., Any], *arguments: Any) -> Any:
    """A backend, made; one of others is held to its Protocol from then on.

    Raises:
        ConfigError: It refuses its options, or cannot be made.
    """
    if name in BUILT_IN[kind]:
        return cls(*arguments)
    what = f"the {kind.value} {name}"
    with _kept(what, "be made", ConfigError):
        made = cls(*arguments)
    return _GUARDS[kind](what, made)


@contextmanager
def _kept(
    what: str,
    to_do: str,
    kind: type[DropshipError],
    fault: Callable[[str], DropshipError] | None = None,
) -> Iterator[None]:
    """Whatever is raised inside is of this kind when it comes out; ``fault`` makes it of a bug."""
    try:
        yield
    except kind:
        raise
    except Exception as error:
        if isinstance(error, DropshipError):
            raise kind(str(error.args[0]), cure=error.cure) from error
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise (fault or partial(kind, cure=_CURE))(f"{what} could not {to_do}: {said}") from error


class GuardedRepo:
    """A store of others."""

    def __init__(self, what: str, repo: Repo[Any]) -> None:
        self._what = what
        self._repo = repo
        self.local = bool(getattr(repo, "local", False))

    def prepare(self, location: Any) -> None:
        """As the store, if it does; ``find`` says what is wrong."""
        with suppress(Exception):
            if prepare := getattr(self._repo, "prepare", None):
                prepare(location)

    def find(self, location: Any) -> Found:
        """As ``Repo``."""
        with _kept(self._what, "look for the artifact", RepoError):
            found = self._repo.find(location)
        if odd := _odd(found):
            raise self._garbage(odd)
        return found

    def open(self, location: Any, found: Found, offset: int = 0) -> Body:
        """As ``Repo``."""
        with _kept(self._what, "open the artifact", RepoError):
            body = self._repo.open(location, found, offset)
        if not hasattr(body, "readinto") or not hasattr(body, "close"):
            raise self._garbage(f"{type(body).__name__} where the artifact's bytes should be")
        return GuardedBody(self._what, body)

    def names(self, location: Any, folder: str, begins: str) -> Iterator[str]:
        """As ``Repo``."""
        if not hasattr(self._repo, "names"):
            raise RepoError(
                f"{self._what} cannot list what it has, so there are no versions",
                cure="leave out {version}",
                permanent=True,
            )
        with _kept(self._what, "list what it has", RepoError):
            for name in self._repo.names(location, folder, begins):
                if not isinstance(name, str):
                    raise self._garbage(f"{type(name).__name__} among the names")
                yield name

    def close(self) -> None:
        """As ``Repo``."""
        with suppress(Exception):
            self._repo.close()

    def _garbage(self, odd: str) -> RepoError:
        return RepoError(f"{self._what} gave {odd}", cure=_CURE, permanent=True)


def _odd(found: Any) -> str:
    """What is wrong with what a store has found; empty if nothing is."""
    if not isinstance(found, Found):
        return f"{type(found).__name__} where it should say what it found"
    said: dict[str, Any] = found._asdict()
    if not isinstance(said["token"], str) or not said["token"]:
        return "no token, so a change could not be seen"
    for name in ("source", "name", "content_type", "md5", "sha256", "ref"):
        if not isinstance(said[name] or "", str):
            return f"a {name} that is no text"
    size = said["size"]
    if size is not None and (not isinstance(size, int) or size < 0):
        return "a size that is none"
    sound = isinstance(said["checksums"], tuple) and all(map(_sound, said["checksums"]))
    if not sound or not isinstance(said["parts"], Parts | None):
        return "checksums that are none"
    return ""


def _sound(one: Any) -> bool:
    known = isinstance(one, Checksum) and one.algorithm in get_args(Algorithm)
    return known and isinstance(one.value, str)


class GuardedBody:
    """Bytes of a store of others."""

    def __init__(self, what: str, body: Body) -> None:
        self._what = what
        self._body = body

    def readinto(self, buffer: memoryview) -> int:
        """As ``Body``."""
        with _kept(self._what, "read the artifact", RepoError):
            count: Any = self._body.readinto(buffer)
        if not isinstance(count, int) or not 0 <= count <= len(buffer):
            said = f"{count!r} as the number of bytes that were read"
            raise RepoError(f"{self._what} gave {said}", cure=_CURE, permanent=True)
        return count

    def close(self) -> None:
        """As ``Body``."""
        with suppress(Exception):
            self._body.close()


class GuardedHook:
    """A hook of others."""

    def __init__(self, what: str, hook: Hook) -> None:
        self._what = what
        self._hook = hook

    def run(self, event: Event, run: Run) -> None:
        """As ``Hook``."""
        with _kept(self._what, "be run", HookError):
            self._hook.run(event, run)

    def describe(self, event: Event) -> str:
        """As ``Hook``; a ``HookError`` if it cannot."""
        with _kept(self._what, "say what it would do", HookError):
            return str(self._hook.describe(event))


class GuardedHealth:
    """A health check of others."""

    def __init__(self, what: str, check: Health) -> None:
        self._what = what
        self._check = check
        if hasattr(check, "begin"):  # that it is there makes it ``Comparing``
            self.begin = self._begin

    def probe(self, run: Run) -> None:
        """As ``Health``."""
        with _kept(self._what, "look", HealthError):
            self._check.probe(run)

    def describe(self) -> str:
        """As ``Health``; its type if it cannot."""
        with suppress(Exception):
            return str(self._check.describe())
        return self._what

    def _begin(self) -> None:
        with _kept(self._what, "begin", HealthError):
            self._check.begin()  # type: ignore[attr-defined] # looked at above


class GuardedLocker:
    """A lock of others."""

    def __init__(self, what: str, locker: Locker) -> None:
        self._what = what
        self._locker = locker
        self.marks = GuardedMarks(what, locker)

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> Lease:
        """As ``Locker``."""
        with _kept(self._what, "give a turn", LockError):
            lease = self._locker.acquire(scope, limit, holder, timeout=timeout, watch=watch)
        if not all(hasattr(lease, one) for one in ("check", "confirm", "release")):
            raise LockError(f"{self._what} gave {type(lease).__name__} for a turn", cure=_CURE)
        return GuardedLease(self._what, lease)

    def standing(self, scope: str) -> Standing:
        """As ``Locker``."""
        with _kept(self._what, "say who has a turn", LockError):
            standing: Any = self._locker.standing(scope)
        if not isinstance(standing, Standing):
            said = f"{type(standing).__name__} where it should say who has a turn"
            raise LockError(f"{self._what} gave {said}", cure=_CURE)
        found: Standing = standing
        return found

    def break_turns(self, scope: str, broken: Broken) -> None:
        """As ``Locker``."""
        with _kept(self._what, "break turns", LockError):
            self._locker.break_turns(scope, broken)

    def close(self) -> None:
        """As ``Locker``."""
        with suppress(Exception):
            self._locker.close()


class GuardedMarks:
    """What a lock of others remembers of digests that failed."""

    def __init__(self, what: str, locker: Locker) -> None:
        self._what = what
        self._locker = locker

    def put(self, scope: str, mark: Mark) -> None:
        """As ``Marks``."""
        with _kept(self._what, "tell what has failed", LockError, _BUG):
            self._locker.marks.put(scope, mark)

    def get(self, scope: str, md5: Md5) -> Mark | None:
        """As ``Marks``."""
        with _kept(self._what, "say what has failed", LockError, _BUG):
            mark = self._locker.marks.get(scope, md5)
        if not isinstance(mark, Mark | None):
            raise LockError(
                f"{self._what} gave {type(mark).__name__} for a mark", cure=_CURE, permanent=True
            )
        return mark

    def clear(self, scope: str, md5: Md5) -> None:
        """As ``Marks``."""
        with _kept(self._what, "forget what has failed", LockError):
            self._locker.marks.clear(scope, md5)


class GuardedLease:
    """A turn of others."""

    def __init__(self, what: str, lease: Lease) -> None:
        self._what = what
        self._lease = lease

    @property
    def trouble(self) -> str:
        """As ``Lease``; nothing where it does not say."""
        return str(getattr(self._lease, "trouble", ""))

    def check(self) -> None:
        """As ``Lease``: what cannot be asked is not certain."""
        with _kept(self._what, "make sure of the turn", LeaseLostError):
            self._lease.check()

    def confirm(self) -> None:
        """As ``Lease``; likewise."""
        with _kept(self._what, "make sure of the turn", LeaseLostError):
            self._lease.confirm()

    def release(self) -> None:
        """As ``Lease``."""
        with _kept(self._what, "take the turn back", LockError):
            self._lease.release()


_GUARDS: Final[dict[Kind, Callable[[str, Any], Any]]] = {
    Kind.REPO: GuardedRepo,
    Kind.HOOK: GuardedHook,
    Kind.HEALTH: GuardedHealth,
    Kind.LOCK: GuardedLocker,
}
