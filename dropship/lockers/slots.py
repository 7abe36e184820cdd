"""Turns as numbered slots in a store of keys that go by themselves: what etcd and Redis share.

A scope has as many slots as turns. Whoever writes a slot's key while there is none has the turn, for
a time only; the key's value says who. Who reads them sees whom to wait for. Beside them stand the
marks of digests that failed, and who broke turns last; those stay.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

from dropship.core.values import Md5
from dropship.core.watch import Watch
from dropship.errors import LockError
from dropship.lockers import Broken, Holder, Mark, Standing, records
from dropship.lockers.patience import Patience
from dropship.lockers.timed import Grant, TimedLease, now
from dropship.net.heed import bounded
from dropship.net.http import NetError

_POLL: Final = (0.15, 0.6)  # seconds between two looks, at random so that hosts do not beat in step
_LONGEST: Final = 10.0  # seconds that one look may take


class Keys(Protocol):
    """A store of keys and texts. All raise ``LockError`` where it cannot be asked."""

    def take(self, key: str, text: str, ttl: float) -> Grant | None:
        """Write a key for a time if there is none; None if there is."""

    def read(self, name: str) -> Mapping[str, str]:
        """The key of that name or, where it ends with a slash, all keys below."""

    def put(self, key: str, text: str) -> None:
        """Write a key to stay."""

    def delete(self, key: str) -> None:
        """Delete a key, whoever has it."""


class _Scope(NamedTuple):
    """Names of a scope's keys."""

    base: str

    @property
    def slots(self) -> str:
        return f"{self.base}/slots/"

    @property
    def broken(self) -> str:
        return f"{self.base}/broken"

    def mark(self, md5: Md5) -> str:
        return f"{self.base}/failed/{md5}"


class SlotLocker:
    """Implements ``Locker`` over ``Keys``; ``prefix`` stands in front of all of them."""

    def __init__(self, keys: Keys, *, prefix: str, ttl: float) -> None:
        self._keys = keys
        self._prefix = prefix.rstrip("/")
        self._ttl = ttl
        self.marks = SlotMarks(keys, self._prefix)

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> TimedLease:
        """Wait up to ``timeout`` seconds for one of ``limit`` turns of ``scope``.

        Raises:
            LockError: No turn in time, or the engine cannot be asked.
        """
        names = _scope(self._prefix, scope)
        patience = Patience(scope, timeout, watch, _POLL)
        while True:
            with _attentive(watch, scope):
                held = self._keys.read(names.slots)
                lease = self._try(names, limit, set(held), holder, scope)
            if lease is not None:
                return lease
            patience.tell(sorted(records.holder(one).words for one in held.values()))
            patience.rest()

    def standing(self, scope: str) -> Standing:
        """Who holds a turn now.

        Raises:
            LockError: The engine cannot be asked.
        """
        names = _scope(self._prefix, scope)
        held = self._keys.read(names.slots)
        broken = self._keys.read(names.broken).get(names.broken)
        return Standing(
            holders=tuple(records.holder(held[key]) for key in sorted(held)),
            broken=records.broken(broken) if broken else None,
        )

    def break_turns(self, scope: str, broken: Broken) -> None:
        """Free every turn of ``scope`` at once, on record.

        Raises:
            LockError: The engine cannot be asked.
        """
        names = _scope(self._prefix, scope)
        self._keys.put(names.broken, records.text(broken))
        for key in self._keys.read(names.slots):
            self._keys.delete(key)

    def close(self) -> None:
        """Give back connections."""
        close = getattr(self._keys, "close", None)
        if close:
            close()

    def _try(
        self, names: _Scope, limit: int, held: set[str], holder: Holder, scope: str
    ) -> TimedLease | None:
        wanted = [f"{names.slots}{number}" for number in range(limit)]
        free = [one for one in wanted if one not in held]
        # Under a larger limit somebody may hold a slot beyond ours; that counts against ours.
        if not free or len(held) >= limit:
            return None
        key, asked = random.choice(free), now()  # noqa: S311 - so that hosts do not all want the same
        grant = self._keys.take(key, records.holding(holder), self._ttl)
        what = f"the turn of {scope}"
        return TimedLease(grant, asked=asked, ttl=self._ttl, what=what) if grant else None


class SlotMarks:
    """Implements ``Marks`` over ``Keys``."""

    def __init__(self, keys: Keys, prefix: str) -> None:
        self._keys = keys
        self._prefix = prefix

    def put(self, scope: str, mark: Mark) -> None:
        """Tell the fleet that a digest had to be taken back here."""
        self._keys.put(_scope(self._prefix, scope).mark(mark.md5), records.text(mark))

    def get(self, scope: str, md5: Md5) -> Mark | None:
        """The mark against a digest, if there is one."""
        key = _scope(self._prefix, scope).mark(md5)
        text = self._keys.read(key).get(key)
        return None if text is None else records.mark(text, md5)

    def clear(self, scope: str, md5: Md5) -> None:
        """Lift the mark."""
        self._keys.delete(_scope(self._prefix, scope).mark(md5))


@contextmanager
def _attentive(watch: Watch, scope: str) -> Iterator[None]:
    """Look around while the engine is slow, and do not wait for it for ever."""
    try:
        with bounded(watch, _LONGEST, f"the turn of {scope}"):
            yield
    except NetError as error:
        cure = "see whether the engine is overloaded, or something stands between"
        raise LockError(str(error.args[0]), cure=cure) from error


def _scope(prefix: str, scope: str) -> _Scope:
    # A name may have anything in it, slashes too.
    return _Scope(f"{prefix}/{quote(scope, safe='')}")
