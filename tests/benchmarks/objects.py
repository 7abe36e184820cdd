"""A host whose services are objects of a real S3 store, and what its agent takes."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.lender import OWN_KEYS, Given
from tests.benchmarks.looking import family
from tests.benchmarks.packaged import Packaged, packaged
from tests.e2e.host import Host, eventually, tarball
from tests.servers import swift as swift_server
from tests.servers.relay import Relay, relay
from tests.servers.swift import Swift

BUCKET: Final = "shelf"
_PATIENCE: Final = 300.0


@dataclass(frozen=True)
class Store:
    """The store, and the relay that its requests are counted at."""

    swift: Swift
    relay: Relay
    client: Any

    @property
    def endpoint(self) -> str:
        """URL of the relay."""
        return f"http://127.0.0.1:{self.relay.port}"

    def publish(self, names: Sequence[str], version: str) -> None:
        """A new release of each."""
        for name in names:
            data = tarball({"version": version})
            self.client.put_object(Bucket=BUCKET, Key=f"{name}.tar.gz", Body=data)

    def heads(self, name: str) -> int:
        """How often an object was asked for."""
        return self.relay.methods(f"/{name}.tar.gz").count("HEAD")

    def all_heads(self) -> int:
        """How often any object was asked for."""
        return sum(how == "HEAD" for how, _ in self.relay.requests)


@contextmanager
def store(folder: Path) -> Iterator[Store]:
    """Swift with its S3 API, behind a relay."""
    folder.mkdir()
    with swift_server.running(folder) as swift, relay(swift.port) as between:
        client = swift.client()
        try:
            client.create_bucket(Bucket=BUCKET)
            yield Store(swift, between, client)
        finally:
            client.close()


def installed(folder: Path) -> Packaged:
    """The program as a package brings it, with what it needs of others."""
    built = packaged(folder, generated=True)
    library = next(folder.glob("lib/python*/site-packages"))
    (library / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return built


class ObjectHost:
    """A host with so many services, each of an object of its own, over one repo block."""

    def __init__(
        self,
        folder: Path,
        program: Packaged,
        store: Store,
        services: int,
        given: Given = OWN_KEYS,
    ) -> None:
        folder.mkdir()
        self.host = Host(folder, program.command())
        self._given = given
        self.names = [f"app-{one:03}" for one in range(services)]
        self._store = store

    def configure(self, interval: float) -> None:
        """Have each service ask every ``interval`` seconds."""
        repo = f'repo "s3" {{\n{self._given.lines}  endpoint = "{self._store.endpoint}"\n}}\n'
        self.host.configure(repo, *(self._service(name, interval) for name in self.names))

    def start(self) -> None:
        """Start the agent, with what its credentials take."""
        self.host.start(**self._given.environ)

    def _service(self, name: str, interval: float) -> str:
        return f"""
service "{name}" {{
  checkInterval = "{round(1000 * interval)}ms"
  artifact "s3" {{
    bucket      = "{BUCKET}"
    path        = "{name}.tar.gz"
    destination = "{self.host.destination(name)}"
  }}
}}
"""

    def publish(self, version: str) -> None:
        """A new release of every service, and wait until it is everywhere."""
        self._store.publish(self.names, version)

        def there() -> bool:
            return all(self.host.version(name) == version for name in self.names)

        eventually(there, self.host.said, _PATIENCE)

    def checks(self, times: int) -> None:
        """Wait until every service has asked so often from now on."""
        heads = {name: self._store.heads(name) for name in self.names}

        def done() -> bool:
            return all(self._store.heads(name) >= heads[name] + times for name in self.names)

        eventually(done, self.host.said, _PATIENCE)

    def workers(self) -> list[int]:
        """The pids of the workers; nobody else runs below the agent when they are told."""
        found = [one["worker"]["pid"] for one in self.host.services().values()]
        agent = self.host.agent.pid
        eventually(lambda: len(family(agent)) == len(found) + 1, self.host.said, _PATIENCE)
        return found

    def processor(self) -> float:
        """Seconds of processor that the tree has had."""
        return sum(_processor(one.pid) for one in family(self.host.agent.pid))


def _processor(pid: int) -> float:
    """Nanoseconds are the first number; see the kernel's Documentation/scheduler/sched-stats."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def own(pid: int) -> int:
    """Bytes that only this process has (USS)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(
        int(size) << 10 for size in re.findall(r"^Private_\w+: +(\d+) kB", text, re.MULTILINE)
    )


# What people would write: one client, one loop.
_LOOP: Final = """
import sys, time, boto3
from botocore.config import Config
endpoint, key, secret, bucket, count, *names = sys.argv[1:]
client = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=key,
    aws_secret_access_key=secret, region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}))
def ask(times):
    for one in range(times):
        client.head_object(Bucket=bucket, Key=f"{names[one % len(names)]}.tar.gz")
ask(20)
began = time.process_time()
ask(int(count))
print((time.process_time() - began) / int(count))
"""


def looped(program: Packaged, store: Store, names: Sequence[str], count: int) -> float:
    """Seconds of processor per check of a boto3 loop in one warm process."""
    words = [store.endpoint, swift_server.ACCESS_KEY, swift_server.SECRET, BUCKET, str(count)]
    done = subprocess.run(
        [str(program.python), "-c", _LOOP, *words, *names],
        env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
        stdout=subprocess.PIPE,
        check=True,
        timeout=_PATIENCE,
    )
    return float(done.stdout)


def window(host: ObjectHost, store: Store, seconds: float) -> float:
    """Seconds of processor of the whole tree per check, over a while."""
    before, heads = host.processor(), store.all_heads()
    time.sleep(seconds)
    spent, asked = host.processor() - before, store.all_heads() - heads
    if not asked:
        raise RuntimeError(f"nobody has asked: {host.host.said()}")
    return spent / asked
