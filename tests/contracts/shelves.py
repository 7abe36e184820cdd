"""Stores of every kind as the contract sees them: somewhere to put an artifact, and a repo."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dropship.core.values import Duration, Secret
from dropship.repos import Repo
from dropship.repos.file import FileLocation, FileOptions, FileRepo
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from dropship.repos.s3 import S3Location, S3Options, S3Repo
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
    heeds_retry_after: bool
    tells_missing: bool

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
    """The ``http`` repo; ``below``: a part of nginx that behaves in its own way."""

    nginx: Nginx
    folder: str
    below: str = ""
    tls: bool = False
    promises_md5: bool = False
    keys_are_named: str = "user and password"
    heeds_retry_after: bool = True
    tells_missing: bool = True
    repo: Repo[Any] = field(init=False)

    def __post_init__(self) -> None:
        base = self.nginx.tls_url if self.tls else self.nginx.url
        trusted = str(self.nginx.authority) if self.tls else ""
        self.repo = HttpRepo(
            HttpOptions(url=f"{base}{self.below}/{self.folder}", ca_bundle=trusted)
        )
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
    heeds_retry_after: bool = False
    tells_missing: bool = False
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
