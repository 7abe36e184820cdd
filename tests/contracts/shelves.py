"""Stores of every kind as the contract sees them: somewhere to put an artifact, and a repo."""

from __future__ import annotations

import json
import os
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote

import requests

from dropship.core.values import Duration, Secret
from dropship.repos import Repo
from dropship.repos.file import FileLocation, FileOptions, FileRepo
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from dropship.repos.s3 import S3Location, S3Options, S3Repo
from dropship.repos.swift import SwiftLocation, SwiftOptions, SwiftRepo
from tests.servers import identity
from tests.servers import nginx as nginx_server
from tests.servers import swift as swift_server
from tests.servers.nginx import Nginx
from tests.servers.swift import Swift


class Shelf(Protocol):
    """A store, its repo, and how artifacts get there."""

    repo: Repo[Any]
    promises_md5: bool

    def put(self, name: str, data: bytes) -> None:
        """Store an artifact, in the place of one that is there."""

    def location(self, name: str) -> Any:
        """Where it is, as a configuration says it."""

    def close(self) -> None:
        """Let go of everything."""


class Reached(Shelf, Protocol):
    """A store that is reached over the network: also through something that stands before it."""

    port: int
    keys_are_named: str

    def through(
        self, origin: str, authority: Path | None = None, *, wrong: bool = False
    ) -> Repo[Any]:
        """A repo that asks the same store at another origin, with wrong credentials or the right ones."""

    def nowhere(self) -> Any:
        """A location whose bucket is not there; None for a store that has no buckets."""


@dataclass
class Folder:
    """The ``file`` repo."""

    root: Path
    promises_md5: bool = False
    repo: Repo[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.repo = FileRepo(FileOptions(root=self.root))

    def put(self, name: str, data: bytes) -> None:
        """Store it."""
        replace(self.root / name, data)

    def location(self, name: str) -> FileLocation:
        """As the configuration says it."""
        return FileLocation(path=name, settle=Duration(0))

    def close(self) -> None:
        """Let go."""
        self.repo.close()


@dataclass
class Web:
    """The ``http`` repo; ``below``: a part of nginx that behaves in its own way.

    ``shows``: what it wants to see of who asks.
    """

    nginx: Nginx
    folder: str
    below: str = ""
    tls: bool = False
    shows: Literal["nothing", "password", "certificate"] = "nothing"
    promises_md5: bool = False
    keys_are_named: str = "user and password"
    repo: Repo[Any] = field(init=False)

    def __post_init__(self) -> None:
        base = self.nginx.tls_url if self.tls else self.nginx.url
        keys: dict[str, Any] = {}
        if self.shows == "password":
            keys = {"user": nginx_server.USER, "password": Secret(nginx_server.PASSWORD)}
        elif self.shows == "certificate":
            client, base = self.nginx.client, self.nginx.known_url
            keys = {"client_cert": str(client.cert), "client_key": str(client.key)}
        if base.startswith("https:"):
            keys["ca_bundle"] = str(self.nginx.authority)
        self.repo = HttpRepo(HttpOptions(url=f"{base}{self.below}/{self.folder}", **keys))
        (self.nginx.www / self.folder).mkdir(exist_ok=True)
        self.port = self.nginx.port

    def through(
        self, origin: str, authority: Path | None = None, *, wrong: bool = False
    ) -> HttpRepo:
        """At another origin, as who may read what needs a password."""
        return HttpRepo(
            HttpOptions(
                url=f"{origin}{self.below}/{self.folder}",
                user=nginx_server.USER,
                password=Secret("wrong" if wrong else nginx_server.PASSWORD),
                ca_bundle=str(authority or ""),
            )
        )

    def nowhere(self) -> None:
        """There are no buckets."""

    def put(self, name: str, data: bytes) -> None:
        """Store it."""
        replace(self.nginx.www / self.folder / name, data)

    def location(self, name: str) -> HttpLocation:
        """As the configuration says it."""
        return HttpLocation(path=name)

    def close(self) -> None:
        """Let go."""
        self.repo.close()


@dataclass
class Bucket:
    """The ``s3`` repo. ``prepared``: as agents have it, each location is prepared."""

    swift: Swift
    bucket: str
    prepared: bool = False
    promises_md5: bool = True
    keys_are_named: str = "accessKey and secret"
    repo: S3Repo = field(init=False)

    def __post_init__(self) -> None:
        self.port = self.swift.port
        self.repo = S3Repo(options(self.swift))
        self._client = self.swift.client()
        self._client.create_bucket(Bucket=self.bucket)

    def put(self, name: str, data: bytes) -> None:
        """Store it."""
        self._client.put_object(
            Bucket=self.bucket, Key=name, Body=data, ContentType="application/gzip"
        )

    def location(self, name: str) -> S3Location:
        """As the configuration says it."""
        location = S3Location(bucket=self.bucket, path=name)
        if self.prepared:
            self.repo.prepare(location)
        return location

    def through(self, origin: str, authority: Path | None = None, *, wrong: bool = False) -> S3Repo:
        """At another endpoint."""
        secret = "wrong" if wrong else swift_server.SECRET
        return S3Repo(options(self.swift, secret, endpoint=origin, ca_bundle=str(authority or "")))

    def nowhere(self) -> S3Location:
        """In a bucket that is not there."""
        return S3Location(bucket=f"{self.bucket}-not", path="api.bin")

    def close(self) -> None:
        """Let go."""
        self.repo.close()
        self._client.close()


Kind = Literal["plain", "slo", "dlo"]


@dataclass
class Containers:
    """What Swift's own API says to who may do everything: puts containers and objects there."""

    swift: Swift
    session: requests.Session = field(default_factory=requests.Session)
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self._log_in()

    def _log_in(self) -> None:
        login = {"X-Auth-User": swift_server.ACCESS_KEY, "X-Auth-Key": swift_server.SECRET}
        given = self.session.get(self.swift.auth_url, headers=login, timeout=30)
        self.url = given.headers["X-Storage-Url"]
        self.session.headers["X-Auth-Token"] = given.headers["X-Auth-Token"]

    def make(self, container: str) -> None:
        """A container."""
        self._put(container, b"")

    def put(
        self, container: str, name: str, data: bytes, kind: Kind = "plain", pieces: int = 3
    ) -> None:
        """An object, whole or in ``pieces`` segments in the container ``<container>-segments``."""
        place = f"{container}/{quote(name)}"
        if kind == "plain":
            self._put(place, data, {"Content-Type": "Application/GZIP; x=y"})
            return
        size = max(1, -(-len(data) // pieces))
        cut = [data[at : at + size] for at in range(0, len(data), size)]
        self.make(f"{container}-segments")
        # All that begins so is in a dynamic large object.
        prefix = f"{container}-segments/{uuid.uuid4().hex}/"
        tags = [self._put(f"{prefix}{number:05}", one) for number, one in enumerate(cut)]
        if kind == "dlo":
            self._put(place, b"", {"X-Object-Manifest": prefix})
            return
        manifest = [
            {"path": f"{prefix}{number:05}", "etag": tag} for number, tag in enumerate(tags)
        ]
        self.manifest(place, manifest)

    def manifest(self, place: str, segments: list[dict[str, Any]]) -> None:
        """A static large object."""
        self._put(f"{place}?multipart-manifest=put", json.dumps(segments).encode())

    def delete(self, place: str) -> None:
        """No object any more."""
        self.session.delete(f"{self.url}/{place}", timeout=30).raise_for_status()

    def _put(self, place: str, data: bytes, headers: dict[str, str] | None = None) -> str:
        answer = self.session.put(f"{self.url}/{place}", data=data, headers=headers, timeout=30)
        if answer.status_code == 401:  # a test has had all tokens forgotten
            self._log_in()
            return self._put(place, data, headers)
        answer.raise_for_status()
        return answer.headers.get("ETag", "").strip('"')


@dataclass
class Container:
    """The ``swift`` repo, by the version of its auth; ``kind``: how artifacts are put there."""

    swift: Swift
    name: str
    version: Literal[1, 2, 3] = 1
    kind: Kind = "plain"
    prepared: bool = False
    keys_are_named: str = "user and key"
    promises_md5: bool = field(init=False)
    repo: SwiftRepo = field(init=False)

    def __post_init__(self) -> None:
        self.promises_md5 = self.kind == "plain"
        self.port = self.swift.port
        self._open = ExitStack()
        self._containers = Containers(self.swift)
        self._containers.make(self.name)
        self.repo = SwiftRepo(self._options())

    def _options(self) -> SwiftOptions:
        if self.version == 1:
            return swift_options(self.swift)
        cloud = self._open.enter_context(identity.identity(self.swift))
        return cloud_options(cloud.url({2: "v2.0", 3: "v3"}[self.version]))

    def through(
        self, origin: str, authority: Path | None = None, *, wrong: bool = False
    ) -> SwiftRepo:
        """At another origin, by its v1 auth; whose storage URL is without TLS."""
        more = {"key": Secret("wrong")} if wrong else {}
        storage = f"{origin}/v1/{self._containers.url.rpartition('/')[2]}"
        keys = {"auth_url": f"{origin}/auth/v1.0", "storage_url": storage, **more}
        return SwiftRepo(swift_options(self.swift, ca_bundle=str(authority or ""), **keys))

    def nowhere(self) -> SwiftLocation:
        """In a container that is not there."""
        return SwiftLocation(bucket=f"{self.name}-not", path="api.bin")

    def put(self, name: str, data: bytes) -> None:
        """Store it."""
        self._containers.put(self.name, name, data, self.kind if data else "plain")

    def location(self, name: str) -> SwiftLocation:
        """As the configuration says it."""
        location = SwiftLocation(bucket=self.name, path=name)
        if self.prepared:
            self.repo.prepare(location)
        return location

    def close(self) -> None:
        """Let go."""
        self.repo.close()
        self._containers.session.close()
        self._open.close()


def swift_options(swift: Swift, **more: Any) -> SwiftOptions:
    """How the ``swift`` repo reaches Swift by its v1 auth."""
    user, key = swift_server.ACCESS_KEY, Secret(swift_server.SECRET)
    return SwiftOptions(**{"auth_url": swift.auth_url, "user": user, "key": key, **more})


def cloud_options(auth_url: str, **more: Any) -> SwiftOptions:
    """How it reaches Swift by way of an identity service."""
    keys = {
        "auth_url": auth_url,
        "user": identity.USER,
        "key": Secret(identity.PASSWORD),
        "tenant": identity.PROJECT,
        "region": "regionone",
    }
    return SwiftOptions(**{**keys, **more})


def options(swift: Swift, secret: str = swift_server.SECRET, **more: Any) -> S3Options:
    """How the ``s3`` repo reaches Swift."""
    keys = {"access_key": swift_server.ACCESS_KEY, "endpoint": swift.endpoint, **more}
    return S3Options(secret=Secret(secret), **keys)


def replace(path: Path, data: bytes) -> None:
    """Write a file that differs from the one before in its time, however coarse clocks are.

    It looks an hour old: dates of HTTP know only seconds, and tell little of what is fresh.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(data)
    later = max(path.stat().st_mtime_ns - 3_600_000_000_000, before + 2_000_000_000)
    os.utime(path, ns=(later, later))


def read(repo: Repo[Any], location: Any, offset: int = 0) -> bytes:
    """All bytes of an artifact from ``offset`` on."""
    body = repo.open(location, repo.find(location), offset)
    try:
        return drain(body)
    finally:
        body.close()


def drain(body: Any) -> bytes:
    """The rest of a body."""
    data, buffer = bytearray(), bytearray(100_000)
    while count := body.readinto(memoryview(buffer)):
        data += buffer[:count]
    return bytes(data)
