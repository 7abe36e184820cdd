"""Turns in etcd: each is a key that goes with its lease.

A turn is renewed by a *new* lease that its key is moved to, in one transaction with the proof that
the key is still the one that we made. etcd's keepalive is not used: a leader answers it by itself,
so that one which was held up, and has been replaced without knowing, may grant time that the
cluster does not know of. New leases and transactions need most members to agree.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from dropship.core.option import option
from dropship.core.values import Duration, Secret
from dropship.errors import ConfigError, LockError
from dropship.lockers import Place
from dropship.lockers.etcd_gateway import LONGEST, Gateway, GoneError
from dropship.lockers.slots import SlotLocker
from dropship.net import url as urls
from dropship.net.http import Identity

_USUAL: Final = "http://127.0.0.1:2379"
_RENEWAL: Final = (
    1 / 8
)  # of the time to live, for each of its calls: two may fail, and it is certain
_BRIEF: Final = 2.0  # seconds for what only spares others a wait


@dataclass(frozen=True, slots=True)
class EtcdOptions:
    """Keys of an ``etcd`` lock."""

    endpoints: tuple[str, ...] = option(
        (_USUAL,), doc="URLs of its members; one after the other is asked until one answers."
    )
    user: str = option("", doc="User of etcd, where it has auth enabled.")
    password: Secret = option(Secret(""), doc="The user's password.", secret=True, needs="user")
    prefix: str = option("/dropship", doc="All its keys are below this one.")
    ttl: Duration = option(
        Duration.of(30),
        doc="So long after its holder died a turn is free.",
        least=Duration.of(2).nanoseconds,
    )
    ca_file: str = option(
        "", otherwise="the system's", doc="File of the certificate authorities to trust."
    )
    cert_file: str = option(
        "",
        doc="File of a client certificate (PEM); where etcd has auth enabled, without a common name.",
    )
    key_file: str = option(
        "", otherwise="in `certFile`", doc="File of its key (PEM).", needs="certFile"
    )


class EtcdLocker(SlotLocker):
    """Gives turns by keys in etcd, 3.4 or later."""

    Options = EtcdOptions

    def __init__(self, options: EtcdOptions, place: Place) -> None:
        who = Identity(
            ca_bundle=options.ca_file,
            client_cert=options.cert_file,
            client_key=options.key_file,
        )
        members = [_member(one, place.name) for one in options.endpoints]
        if not members:
            raise ConfigError(
                f"the lock {place.name} has no endpoints", cure=f'write one, such as "{_USUAL}"'
            )
        gateway = Gateway(members, who, options.user, options.password)
        super().__init__(EtcdKeys(gateway), prefix=options.prefix, ttl=options.ttl.seconds)


class EtcdKeys:
    """Implements ``slots.Keys``."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def close(self) -> None:
        """Give back connections."""
        self._gateway.close()

    def take(self, key: str, text: str, ttl: float) -> EtcdGrant | None:
        """Write a key for a time if there is none; None if there is.

        Raises:
            LockError: etcd cannot be asked, or took as long as the turn would have been.
        """
        lease = _lease(self._gateway, ttl, LONGEST)
        try:
            made = self._make(key, text, lease)
        except BaseException:
            # Nobody shall wait for a turn that nobody knows to have, as far as we can help it.
            self._revoke(lease)
            raise
        if made is None:
            self._revoke(lease)
            return None
        return EtcdGrant(self._gateway, key, text, ttl, made)

    def read(self, prefix: str) -> Mapping[str, str]:
        """All keys that begin with ``prefix``.

        Raises:
            LockError: etcd cannot be asked.
        """
        asked = {"key": _coded(prefix), "range_end": _after(prefix)}
        with _sense():
            found = self._gateway.ask("kv/range", asked).get("kvs", [])
            return {_text(one["key"]): _text(one.get("value", "")) for one in found}

    def put(self, key: str, text: str) -> None:
        """Write a key to stay.

        Raises:
            LockError: etcd cannot be asked.
        """
        self._gateway.ask("kv/put", {"key": _coded(key), "value": _coded(text)})

    def delete(self, key: str) -> None:
        """Delete a key, whoever has it.

        Raises:
            LockError: etcd cannot be asked.
        """
        self._gateway.ask("kv/deleterange", {"key": _coded(key)})

    def _make(self, key: str, text: str, lease: str) -> _Version | None:
        """Have the key made; its version, or None if somebody else has made it."""
        absent = _equal(key, "VERSION", "version", "0")
        there = _change(self._gateway, key, text, lease, [absent], LONGEST)
        # A call that got no answer may have arrived, and was repeated.
        ours = there is not None and there.lease == lease
        return there if ours else None

    def _revoke(self, lease: str) -> None:
        with suppress(LockError):  # it runs out by itself
            self._gateway.ask("lease/revoke", {"ID": lease}, seconds=_BRIEF)


class EtcdGrant:
    """Implements ``timed.Grant``: a key, as long as it is the one that we made."""

    def __init__(self, gateway: Gateway, key: str, text: str, ttl: float, made: _Version) -> None:
        self._gateway = gateway
        self._key = key
        self._text = text
        self._ttl = ttl
        self._known = made

    def renew(self) -> bool:
        """Move the key to a new lease; False if it is not ours any more.

        Raises:
            LockError: etcd cannot be asked.
        """
        seconds = min(self._ttl * _RENEWAL, LONGEST)
        lease = _lease(self._gateway, self._ttl, seconds)
        for _ in range(2):
            # Nothing of an earlier renewal that arrives late may take the key back to its lease.
            ours = _equal(self._key, "CREATE", "create_revision", self._known.made)
            latest = _equal(self._key, "MOD", "mod_revision", self._known.changed)
            there = _change(self._gateway, self._key, self._text, lease, [ours, latest], seconds)
            if there is None or there.made != self._known.made:
                return False
            self._known = there
            if there.lease == lease:
                return True
        raise LockError(f"somebody else writes the key {self._key} of etcd")

    def drop(self) -> None:
        """Delete the key, if it still is ours.

        Raises:
            LockError: etcd cannot be asked.
        """
        ours = _equal(self._key, "CREATE", "create_revision", self._known.made)
        gone = {"request_delete_range": {"key": _coded(self._key)}}
        self._gateway.ask("kv/txn", {"compare": [ours], "success": [gone]})


@dataclass(frozen=True, slots=True)
class _Version:
    """A key as it stands; numbers as the gateway writes them, in texts.

    Attributes:
        made: The revision at which it was made; another key of its name has another.
        changed: The revision at which it was written last.
        lease: With which it goes.
    """

    made: str
    changed: str
    lease: str


def _lease(gateway: Gateway, ttl: float, seconds: float) -> str:
    """A new lease. etcd counts whole seconds, and may give more than was asked for."""
    given = gateway.ask("lease/grant", {"TTL": math.ceil(ttl)}, seconds=seconds)
    with _sense():
        lease, granted = str(given["ID"]), int(given["TTL"])
    if granted < ttl:
        raise LockError(f"etcd grants a lease of {granted} s only", cure=f"write ttl = {granted}s")
    return lease


def _change(  # noqa: PLR0913, PLR0917 - one transaction, taken apart
    gateway: Gateway, key: str, text: str, lease: str, only: list[Any], seconds: float
) -> _Version | None:
    """Write a key if all that is compared holds; how it stands then, None if there is none."""
    written = {"request_put": {"key": _coded(key), "value": _coded(text), "lease": lease}}
    asked = {"request_range": {"key": _coded(key)}}
    body = {"compare": only, "success": [written, asked], "failure": [asked]}
    try:
        said = gateway.ask("kv/txn", body, seconds=seconds)
    except GoneError as error:
        raise LockError("etcd took longer to answer than it grants a turn for") from error
    with _sense():
        found = said["responses"][-1]["response_range"].get("kvs", [])
        if not found:
            return None
        return _Version(
            found[0]["create_revision"], found[0]["mod_revision"], found[0].get("lease", "0")
        )


@contextmanager
def _sense() -> Iterator[None]:
    """Within this an answer is taken apart, of what may be something else than etcd.

    Raises:
        LockError: It is not what etcd answers.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise LockError(
            "the answer makes no sense for etcd", cure="check the endpoints of the lock"
        ) from error


def _equal(key: str, target: str, field: str, value: str) -> dict[str, str]:
    return {"key": _coded(key), "target": target, "result": "EQUAL", field: value}


def _member(url: str, name: str) -> str:
    """The URL of a member, if it is one.

    Raises:
        ConfigError: It is none that can be used.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            f'the lock {name}: the endpoint "{urls.shown(url)}" is no URL of etcd',
            cure=f'write one such as "{_USUAL}"',
        )
    if urls.login_part(url):
        raise ConfigError(
            f"the lock {name}: etcd takes no login in its URL {urls.shown(url)}",
            cure="write user and password in the lock",
        )
    return url


def _coded(text: str) -> str:
    """Bytes as the gateway takes them."""
    return b64encode(text.encode()).decode()


def _text(coded: str) -> str:
    return b64decode(coded, validate=True).decode(errors="replace")


def _after(prefix: str) -> str:
    """The first key behind all that begin with ``prefix``, coded."""
    first = prefix.encode()
    return b64encode(first[:-1] + bytes([first[-1] + 1])).decode()  # no text has a last byte of 255
