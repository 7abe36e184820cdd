"""Getting an artifact's bytes past the digests and into the unpacker, once, in order."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from dropship.core.checksum import Digester
from dropship.core.values import Digest, Md5
from dropship.core.watch import Progress, Watch
from dropship.errors import MovedError, RepoError
from dropship.install.unpacker import Unpacker
from dropship.net.heed import Heed
from dropship.repos import Body

_BUFFER_BYTES: Final = 512 << 10
_WAIT_SECONDS: Final = 0.25
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
# A store that wants to be left alone for longer is asked again by the next check.
_LONGEST_WISH_SECONDS: Final = 300.0
_JITTER: Final = 0.25


@dataclass(frozen=True, slots=True)
class Fetched:
    """What went by."""

    digest: Digest
    bytes: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """One download.

    Attributes:
        open: Opens the artifact from an offset on.
        total: Its length, where the store told.
        watch: Attention.
        check: Called several times a second; raises when it is over (deadline, disk, stop).
        tries: How often in a row a cut connection is taken up again.
        others: What else has to see the bytes go by.
    """

    open: Callable[[int], Body]
    total: int | None
    watch: Watch
    check: Callable[[], None]
    tries: int = _TRIES
    others: Sequence[Digester] = ()

    def into(self, unpacker: Unpacker) -> Fetched:
        """Read the artifact to its end, and wait for the unpacker to be done with it.

        Once the unpacker has refused it, the rest is read for the digest alone.

        Raises:
            MovedError: The artifact changed meanwhile, or is not as long as the store said.
            RepoError: The store could not be read to the end.
            StageError, NoSpaceError: The unpacker failed.
        """
        # hashlib's own word for "not a signature": without it FIPS hosts have no md5.
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        digesters = (md5, sha256, *self.others)
        view = memoryview(bytearray(_BUFFER_BYTES))
        with _Source(self) as source:
            while count := source.readinto(view):
                sent = unpacker.feed(view[:count])  # it works while this process hashes
                for one in digesters:
                    one.update(view[:count])
                while sent < count:
                    self.check()
                    unpacker.wait(_WAIT_SECONDS)
                    sent += unpacker.feed(view[sent:count])
                self.watch.report(Progress(done=source.offset, total=self.total))
                self.check()
        unpacker.close_input()
        while not unpacker.ended:
            self.check()
            unpacker.wait(_WAIT_SECONDS)
        return Fetched(Digest(Md5(md5.hexdigest()), sha256.hexdigest()), source.offset)


class _Source:
    """The artifact's bytes; a cut connection is opened again where it broke off."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._body: Body | None = None
        self._tries = 0
        self._heed = Heed(fetch.check)
        self._open = ExitStack()
        self.offset = 0

    def __enter__(self) -> _Source:  # noqa: PYI034 - Self needs Python 3.11
        with ExitStack() as stack:
            stack.enter_context(self._heed)
            with self._heed.blocking():
                self._body = self._fetch.open(0)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._close()

    def readinto(self, view: memoryview) -> int:
        """Some bytes; 0 only at the promised end."""
        while True:
            try:
                count = self._attempt(view)
            except MovedError:
                raise
            except RepoError as error:
                self._cut(error)
                continue
            self._tries = 0
            self.offset += count
            return count

    def _attempt(self, view: memoryview) -> int:
        total = self._fetch.total
        if self._body is None:
            if self.offset == total:
                return 0
            with self._heed.blocking():
                self._body = self._fetch.open(self.offset)
        with self._heed.blocking():
            count = self._body.readinto(view)
        if total is None:
            return count
        if self.offset + count > total:
            raise MovedError(f"the artifact is longer than the {total} bytes that were announced")
        if not count and self.offset < total:
            raise RepoError(f"the artifact ended after {self.offset} of {total} bytes")
        return count

    def _cut(self, error: RepoError) -> None:
        """Wait a little, longer each time and at least as long as the store wants, unless it is hopeless."""
        self._close()
        self._tries += 1
        hopeless = error.permanent or error.wait > _LONGEST_WISH_SECONDS
        if hopeless or self._tries > self._fetch.tries:
            raise error
        pause = min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2 ** min(self._tries - 1, 10))
        # Never sooner than it wants, and not all hosts at the same moment.
        spread = 1 + _JITTER * random.random()  # noqa: S311 - spreads load, hides nothing
        self._fetch.watch.wait(max(pause, error.wait * spread))
        self._fetch.check()

    def _close(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
