"""The semaphore of HashiCorp's Go client: who contends, who holds, how a place is won and left.

The source is ``api.Semaphore`` (``/api/semaphore.go`` of Consul): under the semaphore's prefix there
is a key for everybody who contends, which goes with its session, and ``.lock``, the record of who
holds a turn, written by check-and-set alone. Who is in the record and has no living session holds
nothing.

What only we keep stands under another prefix, which no Go agent lists.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from typing import Final, NamedTuple

from dropship.core import semaphore
from dropship.core.lease import Term
from dropship.core.semaphore import Record, SemaphoreError
from dropship.core.values import Duration, Md5
from dropship.core.watch import Watch
from dropship.errors import LockError
from dropship.lockers import Holder, records
from dropship.lockers.consul_keys import SECONDS, ConsulKeys, Key, Listing
from dropship.lockers.patience import Patience
from dropship.lockers.timed import now

FLAGS: Final = 0xE0F69A2BAA414DE0
"""On every key of a semaphore, so that it is not taken for another lock's."""

_OURS: Final = "dropship/marks"
_WAIT: Final = 15.0  # seconds that the Go client waits for a change
_PAUSE: Final = (0.05, 0.15)  # seconds, at random
_SOON: Final = 0.05  # seconds: what changes again within them is let settle
_PATIENCE: Final = 10.0  # seconds to try what others come between
_BRIEF: Final = 4.0  # seconds for a request of who goes: he may as well run out
_ELSEWHERE: Final = "write another prefix: this key is used for something else"
_AT_ODDS: Final = (
    "configure one limit on all hosts of the lock, then drop the old one with `dropship lock break`"
)


class Names(NamedTuple):
    """The keys of one semaphore."""

    base: str

    @property
    def lock(self) -> str:
        """Who holds a turn."""
        return f"{self.base}/.lock"

    @property
    def broken(self) -> str:
        """That turns were broken."""
        return f"{_OURS}/{self.base}/broken"

    def contender(self, session: str) -> str:
        """Somebody who holds a turn, or waits for one."""
        return f"{self.base}/{session}"

    def mark(self, md5: Md5) -> str:
        """A digest that failed."""
        return f"{_OURS}/{self.base}/failed/{md5}"


class View(NamedTuple):
    """A semaphore at one time.

    Attributes:
        record: Who holds a turn, and lives; its limit is 0 where nobody has written one yet.
        modified: The index of the record; 0 where there is none.
        contenders: Those who hold or wait, the first that came first.
        at: The index to wait for changes after; 0: do not.
    """

    record: Record
    modified: int
    contenders: tuple[Key, ...]
    at: int

    @property
    def waiting(self) -> tuple[Key, ...]:
        """Those without a turn."""
        holding = self.record.holders
        return tuple(one for one in self.contenders if one.session not in holding)

    def before(self, session: str) -> int:
        """How many of those who wait came before somebody who does."""
        sessions = [one.session for one in self.waiting]
        return sessions.index(session) if session in sessions else 0


class Contest:
    """One wait for a turn, from the session to the place in the record.

    Attributes:
        term: Until when the session can be trusted.
    """

    def __init__(
        self, keys: ConsulKeys, names: Names, ttl: Duration, limit: int, holder: Holder
    ) -> None:
        self._keys = keys
        self._names = names
        self._ttl = ttl
        self._limit = limit
        self._holder = holder
        self._session = ""
        self._known: dict[str, str] = {}
        self.term = Term(0.0, ttl.seconds)

    def enter(self) -> None:
        """Become one who contends."""
        self.term = Term(now(), self._ttl.seconds)
        self._session = self._keys.begin(self._holder.host, self._ttl)
        self._tell()

    def leave(self) -> None:
        """Be none any more: whatever is the session's goes with it."""
        if self._session:
            self._keys.end(self._session, _BRIEF)

    def wait(self, scope: str, timeout: float, watch: Watch) -> ConsulGrant:
        """Wait for a place in the record."""
        patience = Patience(scope, timeout, watch, _PAUSE)
        at, asked, deferred, waited = 0, 0.0, False, False
        while True:
            self._keep()
            soon, asked = time.monotonic() - asked < _SOON, time.monotonic()
            found = self._keys.list(self._names.base, at, self._change(patience.left))
            view = view_of(self._keys, self._names, found, self._limit)
            free = self._free(view)
            # Who came first goes first, if he goes soon: he need not be one of us, nor be alive.
            deferred = not deferred and patience.left > 0 and view.before(self._session) >= free > 0
            if free and not deferred and self._taken(view):
                if waited:
                    self._tell()
                return ConsulGrant(self._keys, self._names, self._session, self._ttl)
            patience.tell(self._words(view))
            if deferred or soon or not view.at:
                patience.rest()
            at, waited = 0 if deferred else view.at, True

    def _tell(self) -> None:
        """Say who we are, and that it is from now on."""
        name = self._names.contender(self._session)
        if not self._keys.put(name, records.holding(self._holder), FLAGS, acquire=self._session):
            raise LockError(f"{name} could not be taken in Consul, and is nobody's but ours")

    def _change(self, left: float) -> float:
        """Seconds to wait for a change: not beyond what is left, or when the session is renewed."""
        return max(0.0, min(_WAIT, self.term.renewed_at - now(), left))

    def _keep(self) -> None:
        """Renew the session if it is time."""
        moment = now()
        if moment >= self.term.renewed_at:
            if not self._keys.renew(self._session):
                raise self._gone()
            self.term = Term(moment, self._ttl.seconds)

    def _free(self, view: View) -> int:
        """How many places there are for us; one that is ours already is one."""
        if self._session not in {one.session for one in view.contenders}:
            raise self._gone()
        if self._session in view.record.holders:
            return 1
        return max(0, self._limit - len(view.record.holders))

    def _taken(self, view: View) -> bool:
        """Whether we are in the record; False if somebody else has written it meanwhile."""
        if self._session in view.record.holders:  # the answer to having written it was lost
            return True
        joined, at = view.record.joined(self._session), str(view.modified)
        return bool(joined and self._keys.put(self._names.lock, joined.text(), FLAGS, cas=at))

    def _words(self, view: View) -> tuple[str, ...]:
        """Who holds turns, for people; asks for each stranger once."""
        holders = view.record.holders
        self._known = {
            one: self._known.get(one) or holder_of(self._keys, view, one).words for one in holders
        }
        return tuple(sorted(self._known.values()))

    def _gone(self) -> LockError:
        return LockError(
            "Consul has ended the session that waited for a turn",
            cure="nothing, if Consul was restarted or the host slept; else look at its health checks",
        )


class ConsulGrant:
    """A place in the record; implements ``Grant``."""

    def __init__(self, keys: ConsulKeys, names: Names, session: str, ttl: Duration) -> None:
        self._keys = keys
        self._names = names
        self._session = session
        # Both requests of a renewal are over before the next third of the time to live begins.
        self._seconds = min(SECONDS, max(1.0, ttl.seconds / 6))

    def renew(self) -> bool:
        """Have it for another whole time, if the session lives and still is in the record."""
        if not self._keys.renew(self._session, self._seconds):
            return False
        key = self._keys.read(self._names.lock, self._seconds)
        return self._session in _record(self._keys, self._names, key).holders

    def drop(self) -> None:
        """Give it back: out of the record, then the contender, then the session."""
        until = time.monotonic() + _PATIENCE
        while not self._out() and time.monotonic() < until:
            time.sleep(random.uniform(*_PAUSE))  # noqa: S311 - nobody guards a secret with it
        self._keys.delete(self._names.contender(self._session))
        self._keys.end(self._session, _BRIEF)

    def _out(self) -> bool:
        """Whether we are not in the record any more."""
        key = self._keys.read(self._names.lock, _BRIEF)
        record = _record(self._keys, self._names, key)
        if key is None or self._session not in record.holders:
            return True
        text, at = record.left(self._session).text(), str(key.modified)
        return self._keys.put(self._names.lock, text, FLAGS, cas=at)


def view_of(keys: ConsulKeys, names: Names, found: Listing, limit: int | None = None) -> View:
    """The semaphore in a listing; with a ``limit`` its record must be of that."""
    lock = next((one for one in found.keys if one.name == names.lock), None)
    record = _record(keys, names, lock, limit)
    # As the Go client: a holder lives if any key of the listing is its session's, also that of a
    # neighbour whose name begins like ours.
    living = {one.session for one in found.keys if one.session}
    contenders = [
        one for one in found.keys if one.session and one.name == names.contender(one.session)
    ]
    return View(
        record=record.living(living),
        modified=lock.modified if lock else 0,
        contenders=tuple(sorted(contenders, key=lambda one: one.created)),
        at=found.at,
    )


def _record(keys: ConsulKeys, names: Names, key: Key | None, limit: int | None = None) -> Record:
    text, where = _text(keys, names, key), keys.shown(names.lock)
    try:
        return semaphore.parse(text) or Record(0) if limit is None else semaphore.read(text, limit)
    except SemaphoreError as error:
        raise LockError(f"{where} {error}", cure=_AT_ODDS) from error


def _text(keys: ConsulKeys, names: Names, key: Key | None) -> str | None:
    """What is written in the record's place, by somebody who knows that it is one."""
    if key is None:
        return None
    if key.flags != FLAGS:
        raise LockError(
            f"{keys.shown(names.lock)} is not of turns: its flags are {key.flags}", cure=_ELSEWHERE
        )
    return key.text


def holder_of(keys: ConsulKeys, view: View, session: str) -> Holder:
    """Who has a session; of somebody else's agent only the name of its session is known."""
    text = next((one.text for one in view.contenders if one.session == session), None)
    holder = records.holder(text or "")
    if holder.host == "?":
        with suppress(LockError):  # we may not be allowed to ask
            return holder._replace(host=keys.named(session) or "?")
    return holder


def forget(keys: ConsulKeys, names: Names) -> tuple[str, ...]:
    """Delete the record, as the Go client's ``Destroy``, also one that makes no sense; who was in it.

    Raises:
        LockError: Consul cannot be asked, or what stands there is not of turns.
    """
    until = time.monotonic() + _PATIENCE
    while key := keys.read(names.lock):
        text = _text(keys, names, key)
        if keys.delete(names.lock, cas=str(key.modified)):
            with suppress(SemaphoreError):
                return (semaphore.parse(text) or Record(0)).holders
            return ()
        if time.monotonic() >= until:
            raise LockError(f"{keys.shown(names.lock)} is written all the time", cure="try again")
        time.sleep(random.uniform(*_PAUSE))  # noqa: S311 - nobody guards a secret with it
    return ()
