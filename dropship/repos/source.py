"""Where one service's artifact comes from: a store, the place in it, and which version of it.

Where the address of a location holds ``{version}``, the folder that the versions stand in is
listed at each check, and the newest one that the constraint admits is the artifact. Its token then
has the version in it: two versions may well have the same token of their store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from dropship.core.pattern import Pattern
from dropship.core.values import Token
from dropship.core.version import Constraint, key
from dropship.errors import MissingError, RepoError
from dropship.net import url as urls
from dropship.repos import Body, Found, Repo
from dropship.repos.address import at, filled, pattern_of, version_of
from dropship.repos.sidecar import Sidecar

# Versions that stand in folders may lack the artifact: half published, half deleted.
_TRIED: Final = 5
_MOST_NAMES: Final = 100_000
# Nobody listens while a store is asked; one that is slow must not look like a worker that hangs.
# No request begins when this is over, and the last one may take its own timeouts.
_LONGEST_SECONDS: Final = 30.0
_LONGEST_LISTING_SECONDS: Final = 20.0


class Source:
    """One artifact of a store, in one version or in many.

    ``local``: it is read from this host's own files.
    """

    def __init__(
        self,
        repo: Repo[Any],
        location: Any,
        constraint: Constraint | None = None,
        *,
        sidecar: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._repo = repo
        self._location = location
        self._sidecar = Sidecar(repo, clock) if sidecar else None
        self._constraint = constraint or Constraint()
        self._pattern = pattern_of(location)
        self.local = bool(getattr(repo, "local", False))

    def prepare(self) -> None:
        """Build what asking takes, for those who share this memory; talks to nobody."""
        if prepare := getattr(self._repo, "prepare", None):
            prepare(self._location)
        if self._sidecar is not None:
            self._sidecar.prepare(self._location)

    def find(self, pinned: str | None = None) -> Found:
        """What the artifact is now; of several versions the newest wanted one, or the ``pinned``.

        Raises:
            MissingError: There is no such artifact, or no such version.
            RepoError: The store could not be asked, or nothing vouches for the artifact where
                something should.
        """
        until = self._clock() + _LONGEST_SECONDS
        if self._pattern is None:
            return self._whole(self._location, until)
        if pinned is not None:
            return self._held(self._pattern, pinned, until)
        return self._newest(self._pattern, self._listed(self._pattern), until)

    def open(self, found: Found, offset: int = 0) -> Body:
        """The bytes of exactly what ``find`` saw, from ``offset`` on.

        Raises:
            MovedError: It is another by now.
            RepoError: The store could not be asked.
        """
        location = self._location
        if self._pattern is not None and found.version is not None:
            location = self._at(self._pattern, found.version)
        own = found.token if found.own is None else found.own
        return self._repo.open(location, found._replace(token=own), offset)

    def versions(self) -> list[str]:
        """Every version that the store has, wanted or not, newest first.

        Raises:
            RepoError: The store could not be asked, or cannot list.
        """
        return self._listed(self._pattern) if self._pattern else []

    def newest(self, listed: Sequence[str]) -> str | None:
        """Which of the ``versions`` a check takes; None if it takes none.

        Raises:
            RepoError: The store could not be asked.
        """
        if self._pattern is None:
            return None
        try:
            found = self._newest(self._pattern, listed, self._clock() + _LONGEST_SECONDS)
        except MissingError:
            return None
        return found.version

    def has(self, version: str) -> bool:
        """Whether the store has the artifact in this version, and not only its name.

        Raises:
            RepoError: The store could not be asked.
        """
        if self._pattern is None:
            return False
        try:
            self._repo.find(self._at(self._pattern, version))
        except MissingError:
            return False
        return True

    def admits(self, version: str) -> bool:
        """Whether the constraint does."""
        return self._constraint.admits(version)

    def _newest(self, pattern: Pattern, listed: Sequence[str], until: float) -> Found:
        wanted = [one for one in listed if self._constraint.admits(one)]
        if not wanted:
            where = self._shown(pattern.folder + pattern.part)
            raise _none(where, listed, self._constraint.text)
        first = None
        for version in wanted[:_TRIED]:
            try:
                return self._version(pattern, version, until)
            except MissingError as error:
                first = first or error
            if self._clock() > until:
                break
        assert first is not None  # noqa: S101 - at least one was asked for
        raise first

    def _held(self, pattern: Pattern, pinned: str, until: float) -> Found:
        try:
            return self._version(pattern, pinned, until)
        except MissingError as error:
            raise MissingError(
                f"version {pinned}, at which it is held, is not in the store: {error.args[0]}",
                cure="publish it again, or let it follow its versions with `dropship unpin`",
            ) from error

    def _version(self, pattern: Pattern, version: str, until: float) -> Found:
        found = self._whole(self._at(pattern, version), until)
        token = Token(f"{version} {found.token}")
        own = found.token if found.own is None else found.own
        return found._replace(version=version, token=token, own=own)

    def _whole(self, location: Any, until: float) -> Found:
        """What is found, with what the file beside it says."""
        found = self._repo.find(location)
        return self._sidecar.vouched(location, found, until) if self._sidecar else found

    def _at(self, pattern: Pattern, version: str) -> Any:
        return at(self._location, filled(self._location, pattern, version))

    def _shown(self, address: str) -> str:
        """An address for people: without the login of a URL."""
        return urls.shown(address) if getattr(self._location, "url", "") else address

    def _listed(self, pattern: Pattern) -> list[str]:
        order = self._constraint.order
        told = (version_of(self._location, pattern, one) for one in self._bounded(pattern))
        found = {version for version in told if version is not None}
        known = [(rank, one) for one in found if (rank := key(order, one)) is not None]
        return [one for _, one in sorted(known, reverse=True)]

    def _bounded(self, pattern: Pattern) -> Iterator[str]:
        """What the folder has, which may be a bucket that somebody else fills."""
        until = self._clock() + _LONGEST_LISTING_SECONDS
        names = self._repo.names(self._location, pattern.folder, pattern.begins)
        where = self._shown(pattern.folder + pattern.begins)
        for count, name in enumerate(names):
            if count == _MOST_NAMES:
                raise RepoError(
                    f"there are more than {_MOST_NAMES} names below {where}",
                    cure="delete old versions, or keep them in a folder of their own",
                    permanent=True,
                )
            if self._clock() > until:
                raise RepoError(
                    f"listing {where} took longer than {_LONGEST_LISTING_SECONDS:.0f} s"
                )
            yield name


def _none(where: str, listed: Sequence[str], text: str) -> MissingError:
    if not listed:
        return MissingError(
            f"no version of {where} is in the store",
            cure="check the artifact's path, and that versionOrder is theirs",
        )
    what = f'matches "{text}"' if text else "is more than a pre-release"
    return MissingError(
        f"no version of {where} {what}; the newest is {listed[0]}",
        cure="check the artifact's version; a pre-release must be named in it",
    )
