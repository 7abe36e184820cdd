"""Turns by keys of one Redis server: ``lock "redis" { url = "rediss://redis.example.com" }``.

A turn is a key that goes by itself (``SET … NX PX``). Its value says who holds it, and has a member
that nobody else's has: it is prolonged and deleted only while it is still there, by scripts, which
Redis runs in one piece (https://redis.io/docs/latest/commands/set/#patterns).

Beside the keys of the slots stands a set of their names, so that reading them never goes through
everything that somebody else may keep in the same server.
"""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dropship.core.option import option
from dropship.core.values import Duration, Secret
from dropship.errors import LockError
from dropship.lockers import Place
from dropship.lockers.redis_server import Login, RedisServer, Tls
from dropship.lockers.slots import SlotLocker
from dropship.lockers.timed import now

_RENEW: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] "
    "then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
)
_DROP: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
)


@dataclass(frozen=True, slots=True)
class RedisLockerOptions:
    """Keys of a ``redis`` lock."""

    url: str = option(
        doc="Where Redis answers: `redis://host:port/db`, `rediss://…` with TLS, or `unix:///path`"
        " of a socket. A login in it counts, unless `user` or `password` is written."
    )
    user: str = option(
        "", otherwise="Redis's own `default`", doc="ACL user, with `password`.", needs="password"
    )
    password: Secret = option(
        Secret(""), otherwise="that of `url`, else none", doc="Password.", secret=True
    )
    prefix: str = option("dropship", doc="What the names of all keys begin with.")
    ttl: Duration = option(
        Duration.of(30),
        doc="How long a turn outlives its holder; renewed every third of it.",
        least=2_000_000_000,
    )
    ca_file: str = option(
        "", doc="File of certificate authorities to trust besides the system's (PEM)."
    )
    cert_file: str = option("", doc="File of a client certificate (PEM).")
    key_file: str = option(
        "", otherwise="in `certFile`", doc="File of its key (PEM).", needs="certFile"
    )


class RedisLocker(SlotLocker):
    """Gives turns by keys of a Redis server."""

    Options = RedisLockerOptions

    def __init__(self, options: RedisLockerOptions, _place: Place) -> None:
        # A renewal must not take so long that there is no time for another.
        server = RedisServer(
            options.url,
            Login(options.user, options.password),
            Tls(options.ca_file, options.cert_file, options.key_file),
            patience=min(5.0, options.ttl.seconds / 3),
        )
        keys = RedisKeys(server, settling=options.ttl.seconds)
        super().__init__(keys, prefix=options.prefix, ttl=options.ttl.seconds)


class RedisKeys:
    """Implements ``Keys`` over a Redis server.

    No key is taken in the first ``settling`` seconds after the server began: it may have come back
    without the keys of those who still trust them.
    """

    def __init__(self, server: RedisServer, *, settling: float) -> None:
        self._server = server
        self._settling = settling

    def take(self, key: str, text: str, ttl: float) -> RedisGrant | None:
        """Write a key for a time if there is none; ``text`` is a JSON object.

        Raises:
            LockError: Redis cannot be asked, or has only just begun.
        """
        value = json.dumps(
            {**json.loads(text), "grant": secrets.token_hex(16)}, separators=(",", ":")
        )
        grant = RedisGrant(self._server, key, value, ttl)
        self._server.ask("SADD", f"{key.rpartition('/')[0]}/", key)
        taken = self._server.ask("SET", key, value, "NX", "PX", _milliseconds(ttl))
        # Where the connection broke it was asked twice, and the first time may have been heard.
        if taken is None and not grant.renew():
            return None
        try:
            self._settle()  # only now: it may have begun anew just before
        except LockError:
            grant.drop()
            raise
        return grant

    def read(self, name: str) -> Mapping[str, str]:
        """The key of that name or, where it ends with a slash, all keys below.

        Raises:
            LockError: Redis cannot be asked.
        """
        names = sorted(self._server.ask("SMEMBERS", name)) if name.endswith("/") else [name]
        values = self._server.ask("MGET", *names) if names else []
        return {key: text for key, text in zip(names, values, strict=True) if text is not None}

    def put(self, key: str, text: str) -> None:
        """Write a key to stay.

        Raises:
            LockError: Redis cannot be asked.
        """
        self._server.ask("SET", key, text)

    def delete(self, key: str) -> None:
        """Delete a key, whoever has it.

        Raises:
            LockError: Redis cannot be asked.
        """
        self._server.ask("DEL", key)

    def close(self) -> None:
        """Give back the connection."""
        self._server.close()

    def _settle(self) -> None:
        age = now() - self._server.began
        if age < self._settling:
            raise LockError(
                f"{self._server.name} began {age:.0f} s ago, and may have forgotten turns that are"
                " still held",
                cure=f"it gives turns again in {math.ceil(self._settling - age)} s",
            )


class RedisGrant:
    """A key that is ours for as long as it has our value."""

    def __init__(self, server: RedisServer, key: str, value: str, ttl: float) -> None:
        self._server = server
        self._key = key
        self._value = value
        self._ttl = ttl

    def renew(self) -> bool:
        """Have it for another whole time; False if it is not ours any more.

        Raises:
            LockError: Redis cannot be asked.
        """
        words = (_RENEW, 1, self._key, self._value, _milliseconds(self._ttl))
        return bool(self._server.ask("EVAL", *words))

    def drop(self) -> None:
        """Delete it, if it still is ours.

        Raises:
            LockError: Redis cannot be asked.
        """
        self._server.ask("EVAL", _DROP, 1, self._key, self._value)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
