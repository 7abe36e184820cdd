"""OpenStack Swift with its S3 API: one proxy, one account, container and object server.

Auth is tempauth (Swift's v1 auth); S3 keys are ``test:tester`` and ``testing``. Signatures, ETags,
multipart uploads and their errors are as on Amazon's; server-side encryption is not there.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

from tests.servers.process import Process, free_port, home, missing

ACCESS_KEY = "test:tester"
SECRET = "testing"

_SERVER = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/srv
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
log_name = {kind}
log_address = {folder}/no-log

[pipeline:main]
pipeline = {kind}-server

[app:{kind}-server]
use = egg:swift#{kind}
"""

_PROXY = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
log_address = {folder}/no-log

[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy-logging cache listing_formats bulk tempurl s3api tempauth slo dlo versioned_writes symlink proxy-logging proxy-server

[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true

[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_other = other

[filter:cache]
paste.filter_factory = swift_test_cache:filter_factory

[filter:s3api]
use = egg:swift#s3api
s3_acl = false
min_segment_size = 1
max_bucket_listing = 10

# Small segments of large objects come one a second otherwise, from the eleventh on.
[filter:slo]
use = egg:swift#slo
rate_limit_under_size = 0

[filter:dlo]
use = egg:swift#dlo
rate_limit_after_segment = 100000

[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
"""
_PLAIN = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "tempurl", "symlink")  # fmt: skip

# tempauth keeps its tokens in memcached's shape; inside the one proxy a dictionary does.
_CACHE = """\
class Cache:
    def __init__(self):
        self._kept = {}

    def get(self, key, *args, **kwargs):
        return self._kept.get(key)

    def set(self, key, value, *args, **kwargs):
        self._kept[key] = value

    def incr(self, key, delta=1, *args, **kwargs):
        self._kept[key] = int(self._kept.get(key) or 0) + delta
        return self._kept[key]

    def decr(self, key, delta=1, *args, **kwargs):
        return self.incr(key, -delta)

    def delete(self, key, *args, **kwargs):
        self._kept.pop(key, None)


def filter_factory(global_conf, **local_conf):
    cache = Cache()

    def make(app):
        def call(env, start_response):
            if env["PATH_INFO"] == "/forget-tokens":
                for key in list(cache._kept):
                    if "/token/" in key or "/user/" in key:
                        cache.delete(key)
                start_response("204 No Content", [])
                return []
            env["swift.cache"] = cache
            return app(env, start_response)

        return call

    return make
"""


@dataclass(frozen=True)
class Swift:
    """A running Swift."""

    port: int
    processes: dict[str, Process]

    @property
    def endpoint(self) -> str:
        """URL of its S3 API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def auth_url(self) -> str:
        """URL of its v1 auth."""
        return f"{self.endpoint}/auth/v1.0"

    def forget_tokens(self) -> None:
        """Let no token that was handed out be good any more."""
        requests.get(f"{self.endpoint}/forget-tokens", timeout=10).raise_for_status()

    def client(self) -> Any:
        """A boto3 client, to put objects there; close it."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


@contextmanager
def running(folder: Path) -> Iterator[Swift]:
    """A Swift whose everything is below ``folder``, which must have xattrs."""
    programs = home() / "swift" / "bin"
    if not (programs / "swift-proxy-server").exists():
        missing("Swift")
    ports = {kind: free_port() for kind in ("account", "container", "object", "proxy")}
    _configure(folder, ports, programs)
    processes = {
        kind: Process(
            [programs / f"swift-{kind}-server", folder / f"{kind}.conf"],
            folder / f"{kind}.log",
            environ={
                "PYTHONPATH": str(folder),
                "SWIFT_CONF_FILE": str(folder / "swift.conf"),
                "PYTHONWARNINGS": "ignore",
            },
        )
        for kind in ports
    }
    try:
        swift = Swift(ports["proxy"], processes)
        processes["proxy"].wait_until(lambda: _is_swift(swift))
        yield swift
    finally:
        for process in processes.values():
            process.stop()


def _configure(folder: Path, ports: dict[str, int], programs: Path) -> None:
    (folder / "srv" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = dropship\nswift_hash_path_suffix = tests\n"
        "[storage-policy:0]\nname = Policy-0\ndefault = yes\n"
    )
    (folder / "swift_test_cache.py").write_text(_CACHE)
    user = getpass.getuser()
    for kind, port in ports.items():
        text = _PROXY if kind == "proxy" else _SERVER
        filled = text.format(kind=kind, port=port, user=user, folder=folder)
        if kind == "proxy":
            filled += "".join(f"\n[filter:{name}]\nuse = egg:swift#{name}\n" for name in _PLAIN)
            filled += "\n[filter:proxy-logging]\nuse = egg:swift#proxy_logging\n"
        else:
            _ring(folder, kind, port, programs)
        (folder / f"{kind}.conf").write_text(filled)


def _ring(folder: Path, kind: str, port: int, programs: Path) -> None:
    for words in (
        ("create", "0", "1", "0"),
        ("add", f"r1z1-127.0.0.1:{port}/d1", "1"),
        ("rebalance",),
    ):
        subprocess.run(
            [programs / "swift-ring-builder", folder / f"{kind}.builder", *words],
            check=True,
            capture_output=True,
            env={**os.environ, "SWIFT_CONF_FILE": str(folder / "swift.conf")},
        )


def _is_swift(swift: Swift) -> bool:
    """It knows our user, keeps what it is given, and all four servers work."""
    try:
        answer = requests.get(
            swift.auth_url, headers={"X-Auth-User": ACCESS_KEY, "X-Auth-Key": SECRET}, timeout=5
        )
        token = answer.headers.get("X-Auth-Token")
        if not token:
            return False
        url = f"{answer.headers['X-Storage-Url']}/started"
        answer = requests.put(url, headers={"X-Auth-Token": token}, timeout=5)
        if answer.ok:
            answer = requests.put(
                f"{url}/yes", data=b"", headers={"X-Auth-Token": token}, timeout=5
            )
    except requests.RequestException:
        return False
    return answer.ok
