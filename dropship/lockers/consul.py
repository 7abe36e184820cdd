"""Turns in Consul, held as the Go tool of 2015 held them, so that old and new agents share a fleet.

Consul ends a session between one and two times its time to live; a holder counts from before the
request that renewed it, and never trusts it longer than one. ``lockers.consul_turns`` has the
semaphore.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from posixpath import normpath
from typing import Final
from urllib.parse import quote

from dropship.core.option import option
from dropship.core.values import Duration, Md5
from dropship.core.watch import Watch
from dropship.errors import ConfigError, LockError
from dropship.lockers import Broken, Holder, Mark, Place, Standing, records
from dropship.lockers.consul_keys import ConsulKeys
from dropship.lockers.consul_turns import Contest, Names, forget, holder_of, view_of
from dropship.lockers.timed import TimedLease
from dropship.net.consul import Consul, ConsulOptions

_TURNS: Final = "dropship/services/"


@dataclass(frozen=True, slots=True)
class ConsulLockerOptions(ConsulOptions):
    """Keys of a ``consul`` lock."""

    prefix: str = option(
        "", doc="Where below `dropship/services` the turns are, as the Go tool has it."
    )
    ttl: Duration = option(
        Duration.of(15),
        least=Duration.of(10).nanoseconds,
        most=Duration.of(86400).nanoseconds,
        doc="How long the turn of a host that died is kept; Consul may take twice as long.",
    )


class ConsulLocker:
    """Gives turns by semaphores in Consul."""

    Options = ConsulLockerOptions

    def __init__(self, options: ConsulLockerOptions, place: Place) -> None:
        # As Go's filepath.Join: what is cleaned is the whole.
        base = normpath(_TURNS + options.prefix)
        if base == "." or base.split("/")[0] == "..":
            raise ConfigError(
                f'the prefix "{options.prefix}" leads out of all keys', cure="write fewer `..`"
            )
        self._base = base
        self._place = place
        self._ttl = options.ttl
        self._keys = ConsulKeys(Consul(options, os.environ))
        self.marks = ConsulMarks(self._keys, self._names)

    def acquire(
        self, scope: str, limit: int, holder: Holder, *, timeout: float, watch: Watch
    ) -> TimedLease:
        """Wait up to ``timeout`` seconds for one of ``limit`` turns of ``scope``.

        Raises:
            LockError: No turn in time, or Consul cannot be asked, or has another limit.
        """
        contest = Contest(self._keys, self._names(scope), self._ttl, limit, holder)
        try:
            with self._keys.watched(watch):
                contest.enter()
                grant = contest.wait(scope, timeout, watch)
        except BaseException:
            with suppress(LockError):  # then it ends by itself
                contest.leave()
            raise
        ttl, asked = self._ttl.seconds, contest.term.asked
        return TimedLease(grant, asked=asked, ttl=ttl, what=f"the turn of {scope}")

    def standing(self, scope: str) -> Standing:
        """Who holds a turn now, and how many wait.

        Raises:
            LockError: Consul cannot be asked, or what stands there is no record.
        """
        names = self._names(scope)
        view = view_of(self._keys, names, self._keys.list(names.base))
        said = self._keys.read(names.broken)
        return Standing(
            limit=view.record.limit if view.modified else None,
            holders=tuple(holder_of(self._keys, view, one) for one in view.record.holders),
            waiting=len(view.waiting),
            broken=records.broken(said.text) if said and said.text else None,
        )

    def break_turns(self, scope: str, broken: Broken) -> None:
        """Free every turn of ``scope`` at once, on record; its holders lose it.

        The record is deleted, as the Go client's ``Destroy`` does it: the next holder writes a new
        one, of its own limit.

        Raises:
            LockError: Consul cannot be asked, or what stands there is not of turns.
        """
        names = self._names(scope)
        if broken.holders:
            self._keys.put(names.broken, records.text(broken))
        for session in forget(self._keys, names):
            # They see it in the record, too: where we may not end sessions, they run out.
            with suppress(LockError):
                self._keys.end(session)

    def close(self) -> None:
        """Give back connections."""
        self._keys.close()

    def _names(self, scope: str) -> Names:
        place = self._place
        if scope == place.name and not place.per_service:
            return Names(self._base)
        # A name may have anything in it: slashes, or nothing but dots, which servers take for steps.
        step = quote(scope, safe="")
        return Names(f"{self._base}/{'%2E' + step[1:] if step.startswith('.') else step}")


class ConsulMarks:
    """Implements ``Marks`` by a key each."""

    def __init__(self, keys: ConsulKeys, names: Callable[[str], Names]) -> None:
        self._keys = keys
        self._names = names

    def put(self, scope: str, mark: Mark) -> None:
        """Tell the fleet that a digest had to be taken back here."""
        self._keys.put(self._names(scope).mark(mark.md5), records.text(mark))

    def get(self, scope: str, md5: Md5) -> Mark | None:
        """The mark against a digest, if there is one."""
        key = self._keys.read(self._names(scope).mark(md5))
        return None if key is None else records.mark(key.text or "", md5)

    def clear(self, scope: str, md5: Md5) -> None:
        """Lift the mark."""
        self._keys.delete(self._names(scope).mark(md5))
