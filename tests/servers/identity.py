"""The identity service of a cloud (Keystone's v2 and v3, Rackspace's v2) before the tests' Swift.

Who may log in is written here; the tokens that it hands out are Swift's own, of its v1 auth, and
the catalog leads to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from typing import Any

import requests

from tests.servers.between import QuietServer, serving
from tests.servers.swift import ACCESS_KEY, SECRET, Swift

USER = "joe"
PASSWORD = "open sesame"
API_KEY = "0123456789abcdef"
PROJECT = "shop"
PROJECT_ID = "f00"
CREDENTIAL = ("cred-1", "cred secret")


class Identity:
    """A running one.

    Attributes:
        asked: The bodies of requests for a token, in the order they came.
        regions: Storage URLs by region; empty ones are Swift's own.
        lifetime: For how many seconds tokens are said to be good.
        ahead: By how many seconds its clock is.
    """

    def __init__(self, swift: Swift) -> None:
        self.asked: list[Any] = []
        self.regions = {"Nowhere": "http://127.0.0.1:1/v1/AUTH_none", "RegionOne": ""}
        self.lifetime = 3600.0
        self.ahead = 0.0
        self._swift = swift
        self.server = QuietServer(("127.0.0.1", 0), _handler(self))

    def url(self, version: str) -> str:
        """What ``authUrl`` is: ``v2.0`` or ``v3``."""
        return f"http://127.0.0.1:{self.server.server_port}/identity/{version}"

    def answer(self, path: str, asked: Any) -> tuple[int, dict[str, str], Any]:
        """Status, headers and document for a request for a token."""
        self.asked.append(asked)
        check, tell = {
            "/identity/v2.0/tokens": (_known_to_v2, self._v2),
            "/identity/v3/auth/tokens": (_known_to_v3, self._v3),
        }.get(path, (None, None))
        if check is None or tell is None:
            return 404, {}, {"error": {"code": 404}}
        if not check(asked["auth"]):
            return 401, {}, {"error": {"code": 401, "message": "no"}}
        given = requests.get(
            self._swift.auth_url,
            headers={"X-Auth-User": ACCESS_KEY, "X-Auth-Key": SECRET},
            timeout=10,
        )
        storage = given.headers["X-Storage-Url"]
        regions = {name: url or storage for name, url in self.regions.items()}
        return tell(given.headers["X-Auth-Token"], regions)

    def _v2(self, token: str, regions: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        begin, end = self._times()
        cdn = {"type": "rax:object-cdn", "endpoints": [{"region": "X", "publicURL": "http://x/"}]}
        store = {
            "type": "object-store",
            "name": "cloudFiles",
            "endpoints": [
                {"region": name, "publicURL": url, "internalURL": f"{url}/internal"}
                for name, url in regions.items()
            ],
        }
        told = {
            "token": {"id": token, "issued_at": begin, "expires": end},
            "serviceCatalog": [cdn, store],
        }
        return 200, {}, {"access": told}

    def _v3(self, token: str, regions: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        begin, end = self._times()
        endpoints = [
            {"interface": interface, "region_id": name, "region": name, "url": f"{url}{more}"}
            for name, url in regions.items()
            for interface, more in (("internal", "/internal"), ("public", "/"))
        ]
        told = {
            "issued_at": begin,
            "expires_at": end,
            "catalog": [
                {"type": "compute", "endpoints": []},
                {"type": "object-store", "endpoints": endpoints},
            ],
        }
        return 201, {"X-Subject-Token": token}, {"token": told}

    def _times(self) -> tuple[str, str]:
        now = datetime.now(timezone.utc) + timedelta(seconds=self.ahead)
        end = now + timedelta(seconds=self.lifetime)
        return tuple(f"{one:%Y-%m-%dT%H:%M:%S.%fZ}" for one in (now, end))  # type: ignore[return-value] # two


def _known_to_v2(auth: Any) -> bool:
    if auth.keys() == {"RAX-KSKEY:apiKeyCredentials"}:
        return bool(auth["RAX-KSKEY:apiKeyCredentials"] == {"username": USER, "apiKey": API_KEY})
    known = auth.get("passwordCredentials") == {"username": USER, "password": PASSWORD}
    project = auth.get("tenantName") == PROJECT or auth.get("tenantId") == PROJECT_ID
    return bool(known and project)


def _known_to_v3(auth: Any) -> bool:
    identity = auth["identity"]
    if identity["methods"] == ["application_credential"]:
        name, secret = CREDENTIAL
        return "scope" not in auth and bool(
            identity["application_credential"] == {"id": name, "secret": secret}
        )
    user = identity["password"]["user"]
    project = auth.get("scope", {}).get("project")
    domains: list[dict[str, str]] = [{"name": "Default"}, {"id": "default"}]
    return (
        identity["methods"] == ["password"]
        and user["domain"] in domains
        and (user["name"], user["password"]) == (USER, PASSWORD)
        and project in [{"id": PROJECT_ID}, *({"name": PROJECT, "domain": one} for one in domains)]
    )


def _handler(identity: Identity) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, document = identity.answer(self.path, asked)
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def identity(swift: Swift) -> Iterator[Identity]:
    """One that runs while a block lasts."""
    made = Identity(swift)
    with serving(made.server):
        yield made
