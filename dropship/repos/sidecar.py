"""Checksums that stand beside an artifact: ``api.tar.gz.sha256``, or ``SHA256SUMS`` in its folder.

Whatever there is first counts, and is remembered, so that a check costs one more cheap request; it
is read again only when its token has changed. Where it went away, all are looked for again.

What it says is added to what the store promises; nothing takes the place of anything, and both must
hold. It is never taken for the artifact's md5 as the store knows it: a file that was not renewed
would make a new artifact look like the one that is installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from dropship.core.checksum import Algorithm, Checksum
from dropship.core.sums import SumsError, parse, promised
from dropship.core.values import Token
from dropship.errors import RepoError
from dropship.repos import Found, Repo
from dropship.repos.address import behind, beside, path

_OWN_BYTES: Final = 1 << 20
_SUMS_BYTES: Final = 8 << 20
_PIECE_BYTES: Final = 64 << 10


class _Kind(NamedTuple):
    """A file to look for. ``own``: its name is the artifact's with ``name`` behind it."""

    name: str
    own: bool
    algorithm: Algorithm | None

    def of(self, location: Any) -> Any:
        return behind(location, self.name) if self.own else beside(location, self.name)


_KINDS: Final = (
    _Kind(".sha256", own=True, algorithm="sha256"),
    _Kind(".sha512", own=True, algorithm="sha512"),
    _Kind(".md5", own=True, algorithm="md5"),
    _Kind("SHA256SUMS", own=False, algorithm="sha256"),
    _Kind("SHA512SUMS", own=False, algorithm="sha512"),
    _Kind("MD5SUMS", own=False, algorithm="md5"),
    _Kind("SHA256SUMS.txt", own=False, algorithm="sha256"),
    _Kind("sha256sum.txt", own=False, algorithm="sha256"),
    _Kind("checksums.txt", own=False, algorithm=None),
)


class _Read(NamedTuple):
    """What was read last: where, when it was what, and what it said."""

    location: Any
    token: Token
    checksums: tuple[Checksum, ...]


class Sidecar:
    """Looks beside one artifact of a store."""

    def __init__(self, repo: Repo[Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._repo = repo
        self._clock = clock
        self._kind: _Kind | None = None
        self._read: _Read | None = None

    def prepare(self, location: Any) -> None:
        """Build what asking for the usual one takes, for those who share this memory."""
        if prepare := getattr(self._repo, "prepare", None):
            prepare(_KINDS[0].of(location))

    def vouched(self, location: Any, found: Found, until: float) -> Found:
        """What was found, with what the file beside it says, and that file's token in its own.

        ``until``: by the clock; nobody is asked any more then.

        Raises:
            RepoError: There is none, it could not be read, or does not say.
        """
        if not path(location).rpartition("/")[2]:
            raise RepoError(
                f"{found.source} has no name that a file of checksums could go by",
                cure="leave out `checksum`",
                permanent=True,
            )
        kind, seen = self._seen(location, found, until)
        checksums = self._said(kind, location, seen, until)
        return found._replace(
            token=Token(f"{found.token} {seen.token}"),
            own=found.token if found.own is None else found.own,
            checksums=(*found.checksums, *checksums),
        )

    def _seen(self, location: Any, found: Found, until: float) -> tuple[_Kind, Found]:
        """The file there is: the one of the last time, or the first of all."""
        self._in_time(found.source, until)
        known = self._kind
        if known is not None and (seen := self._there(known, location)):
            return known, seen
        reasons: list[str] = []
        for kind in _KINDS:
            self._in_time(found.source, until)
            if seen := self._there(kind, location, reasons):
                self._remember(kind, location)
                return kind, seen
        raise _none(location, found, reasons)

    def _there(self, kind: _Kind, location: Any, reasons: list[str] | None = None) -> Found | None:
        """The file, if it is there; one that may not be read counts as none."""
        try:
            return self._repo.find(kind.of(location))
        except RepoError as error:
            if not error.permanent:
                raise
            if reasons is not None:
                reasons.append(str(error.args[0]))
            return None

    def _remember(self, kind: _Kind, location: Any) -> None:
        self._kind = kind
        if prepare := getattr(self._repo, "prepare", None):
            prepare(kind.of(location))

    def _said(self, kind: _Kind, location: Any, seen: Found, until: float) -> tuple[Checksum, ...]:
        companion, last = kind.of(location), self._read
        if last is not None and (last.location, last.token) == (companion, seen.token):
            return last.checksums
        limit = _OWN_BYTES if kind.own else _SUMS_BYTES
        data = self._bytes(companion, seen, limit, until)
        try:
            said = promised(parse(data), path(location), only=kind.algorithm, alone=kind.own)
        except SumsError as error:
            raise RepoError(
                f"{seen.source}: {error}",
                cure="write it anew beside the artifact, as sha256sum does",
                permanent=True,
            ) from error
        checksums = tuple(one._replace(by=seen.source) for one in said)
        self._read = _Read(companion, seen.token, checksums)
        return checksums

    def _bytes(self, companion: Any, seen: Found, limit: int, until: float) -> bytes:
        if seen.size is not None and seen.size > limit:
            raise _too_large(seen, limit)
        data, view = bytearray(), memoryview(bytearray(_PIECE_BYTES))
        body = self._repo.open(companion, seen)
        try:
            while count := body.readinto(view):
                data += view[:count]
                if len(data) > limit:
                    raise _too_large(seen, limit)
                self._in_time(seen.source, until)
        finally:
            body.close()
        if seen.size not in {None, len(data)}:
            raise RepoError(f"{seen.source}: {len(data)} of {seen.size} bytes came")
        return bytes(data)

    def _in_time(self, source: str, until: float) -> None:
        if self._clock() > until:
            raise RepoError(
                f"{source}: the store is so slow that there is no time left for its checksums"
            )


def _too_large(seen: Found, limit: int) -> RepoError:
    return RepoError(
        f"{seen.source} is larger than {limit >> 20} MiB, which no file of checksums should be",
        cure="write one for this artifact alone, or leave out `checksum`",
        permanent=True,
    )


def _none(location: Any, found: Found, reasons: Sequence[str]) -> RepoError:
    own = path(location).rpartition("/")[2]
    names = [own + kind.name if kind.own else kind.name for kind in _KINDS]
    return RepoError(
        f"there is no file of checksums beside {found.source}, neither {', '.join(names[:-1])} "
        f"nor {names[-1]} (of the first: {reasons[0]})",
        cure=f"publish one with `sha256sum {own} > {names[0]}`, or leave out `checksum`",
        permanent=True,
    )
