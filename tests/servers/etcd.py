"""etcd: one member or three, plain, or with TLS and users.

Where it guards itself, it takes only clients that show a certificate, and users: ``USER`` may read
and write what begins with ``PREFIX``, ``READER`` may only read that.
"""

from __future__ import annotations

import secrets
import shutil
import signal
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests

from tests.servers.certificate import Certificate, certificate
from tests.servers.process import Process, free_port, missing
from tests.waiting import tries

USER: Final = "dropship"
READER: Final = "onlooker"
PASSWORD: Final = "pass word é"
PREFIX: Final = "/dropship/"

_ROOT: Final = "root"  # without this user auth cannot be enabled
_TIMES: Final = ("--heartbeat-interval", "100", "--election-timeout", "1000")
_PATIENCE: Final = 60.0


@dataclass
class Member:
    """One of a cluster; ``name`` is its alone. ``process`` is of its latest start."""

    name: str
    folder: Path
    argv: Sequence[str | Path]
    url: str
    ask: requests.Session
    process: Process = field(init=False)

    @property
    def port(self) -> int:
        """Of its clients."""
        return int(self.url.rpartition(":")[2])

    def start(self) -> None:
        """Begin, or go on with what it has written."""
        self.process = Process(self.argv, self.folder / f"{self.name}.log", cwd=self.folder)

    def kill(self) -> None:
        """End it without a word."""
        self.process.signal(signal.SIGKILL)
        self.process.stop()

    def freeze(self) -> None:
        """It keeps its connections and says nothing."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        self.process.signal(signal.SIGCONT)

    def say(self, call: str, body: Any) -> Any:
        """What it answers to a call below ``/v3/``."""
        answer = self.ask.post(f"{self.url}/v3/{call}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def again(self) -> None:
        """Start it once more after a ``kill``, and wait until it answers; whatever it says."""
        self.start()
        self.process.wait_until(self._answers)

    def leads(self) -> bool:
        """Whether it is the leader, as it sees it."""
        try:
            said = self.say("maintenance/status", {})
        except (requests.RequestException, ValueError):
            return False
        return said["header"]["member_id"] == said.get("leader")

    def _answers(self) -> bool:
        try:
            return bool(self.ask.post(f"{self.url}/v3/kv/range", json={}, timeout=10).status_code)
        except requests.RequestException:
            return False

    def well(self, names: Sequence[str]) -> bool:
        """Whether it is of a cluster of these, and that has a leader."""
        try:
            members = self.say("cluster/member/list", {})["members"]
            self.say("kv/range", {"key": text("health")})  # the whole cluster has to agree
        except (requests.RequestException, ValueError):
            return False
        return sorted(one.get("name", "") for one in members) == sorted(names)


@dataclass(frozen=True)
class Etcd:
    """A running cluster.

    Attributes:
        authority: Whose certificates prove it, where it speaks TLS.
        client: The certificate it wants to see there.
    """

    members: tuple[Member, ...]
    authority: Path | None = None
    client: Certificate | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """Where its members answer clients."""
        return tuple(member.url for member in self.members)

    def say(self, call: str, body: Any) -> Any:
        """What the first member answers to a call below ``/v3/``."""
        return self.members[0].say(call, body)

    def leader(self) -> Member:
        """The one that leads; waits until there is one."""
        for _ in tries(_PATIENCE):
            for member in self.members:
                if member.leads():
                    return member
        raise AssertionError("the cluster found no leader")

    def keys(self, prefix: str = PREFIX) -> dict[str, Any]:
        """What it has below a prefix."""
        asked = {"key": text(prefix), "range_end": text(prefix[:-1] + chr(ord(prefix[-1]) + 1))}
        return {one["key"]: one for one in self.say("kv/range", asked).get("kvs", [])}

    def guard(self) -> None:
        """Make users and their roles, and take nobody else from now on."""
        self.say("auth/user/add", {"name": _ROOT, "password": PASSWORD})
        self.say("auth/user/grant", {"user": _ROOT, "role": _ROOT})
        for user, right in ((USER, "READWRITE"), (READER, "READ")):
            self.say("auth/user/add", {"name": user, "password": PASSWORD})
            self.say("auth/role/add", {"name": user})
            end = text(PREFIX[:-1] + chr(ord(PREFIX[-1]) + 1))
            perm = {"permType": right, "key": text(PREFIX), "range_end": end}
            self.say("auth/role/grant", {"name": user, "perm": perm})
            self.say("auth/user/grant", {"user": user, "role": user})
        self.say("auth/enable", {})

    def end_tokens(self, user: str) -> None:
        """No token that a user was given is good any more."""
        token = self.say("auth/authenticate", {"name": _ROOT, "password": PASSWORD})["token"]
        (member, *_) = self.members
        answer = member.ask.post(
            f"{member.url}/v3/auth/user/changepw",
            json={"name": user, "password": PASSWORD},
            headers={"Authorization": token},
            timeout=10,
        )
        answer.raise_for_status()


def text(said: str) -> str:
    """A key or value as its gateway takes it."""
    return b64encode(said.encode()).decode()


@contextmanager
def running(
    folder: Path, *, members: int = 1, guarded: bool = False, named: bool = False
) -> Iterator[Etcd]:
    """A cluster whose files are all in ``folder``; ``named``: its clients' certificate has a name.

    Where there are users, its gateway takes none that has: the name could be a user's, too.
    """
    etcd = _made(folder, members, guarded=guarded, named=named)
    names = [member.name for member in etcd.members]
    try:
        for member in etcd.members:
            member.start()
        for member in etcd.members:
            member.process.wait_until(lambda it=member: it.well(names))  # type: ignore[misc] # mypy has no type for a lambda's default
        if guarded:
            etcd.guard()
        yield etcd
    finally:
        for member in etcd.members:
            member.kill()  # on TERM a leader looks for somebody else first


def _made(folder: Path, count: int, *, guarded: bool, named: bool) -> Etcd:
    program = shutil.which("etcd")
    if program is None:
        missing("etcd")
    session = requests.Session()
    session.trust_env = False
    authority, client, tls = None, None, []
    if guarded:
        server = certificate(folder, "server-")
        subject = "/CN=dropship tests" if named else "/O=dropship tests"
        client = certificate(folder, "client-", subject)
        # Its gateway is a client of its own, with the server's certificate.
        trusted = folder / "trusted.pem"
        trusted.write_bytes(server.cert.read_bytes() + client.cert.read_bytes())
        tls = ["--cert-file", server.cert, "--key-file", server.key, "--client-cert-auth"]
        tls += ["--trusted-ca-file", trusted, "--bcrypt-cost", "4"]
        authority = server.cert
        session.verify, session.cert = str(authority), (str(client.cert), str(client.key))
    scheme = "https" if guarded else "http"
    token = secrets.token_hex(8)
    peers = {f"{token}-{number}": f"http://127.0.0.1:{free_port()}" for number in range(count)}
    found = []
    for name, peer in peers.items():
        url = f"{scheme}://127.0.0.1:{free_port()}"
        argv = [
            program, "--name", name, "--data-dir", folder / name, "--unsafe-no-fsync",
            "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", ",".join(f"{one}={where}" for one, where in peers.items()),
            "--initial-cluster-token", token, "--logger", "zap", "--log-level", "warn",
            *_TIMES, *tls,
        ]  # fmt: skip
        found.append(Member(name, folder, argv, url, session))
    return Etcd(tuple(found), authority, client)
