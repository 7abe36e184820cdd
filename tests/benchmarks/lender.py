"""Kinds of S3 credentials for the agents that are measured, and who lends them.

All of them are keys that Swift takes; STS, a container's and an instance's services are played by
one small server, since moto's STS lends what nobody else knows.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from tests.servers.swift import ACCESS_KEY, SECRET

_UNTIL: Final = "2099-01-01T00:00:00Z"
_ROLE: Final = "arn:aws:iam::123456789012:role/deploy"
_KEYS: Final = f'  accessKey = "{ACCESS_KEY}"\n  secret = "{SECRET}"\n'
_FILE: Final = f"aws_access_key_id={ACCESS_KEY}\naws_secret_access_key={SECRET}\n"


@dataclass(frozen=True)
class Given:
    """What makes an agent use a kind: lines of its ``repo`` block, and its environment."""

    lines: str
    environ: Mapping[str, str]


OWN_KEYS: Final = Given(_KEYS, {})
"""Those of the repo block."""


class _Lender(ThreadingHTTPServer):
    """Counts what it lends."""

    daemon_threads = True
    lent = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Lender

    def do_PUT(self) -> None:
        """A token of an instance's service."""
        self._answer("a token")

    def do_GET(self) -> None:
        """A role's name, and credentials."""
        if self.path.endswith("security-credentials/"):
            return self._answer("deploy")
        self.server.lent += 1
        lent = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET, "Token": "t"}
        return self._answer(json.dumps({**lent, "Expiration": _UNTIL}))

    def do_POST(self) -> None:
        """STS."""
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        what = "AssumeRoleWithWebIdentity" if "WebIdentity" in form else "AssumeRole"
        self.server.lent += 1
        self._answer(
            f'<{what}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{what}Result>'
            f"<Credentials><AccessKeyId>{ACCESS_KEY}</AccessKeyId>"
            f"<SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>t</SessionToken>"
            f"<Expiration>{_UNTIL}</Expiration></Credentials></{what}Result></{what}Response>",
            "text/xml",
        )

    def _answer(self, text: str, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Kinds:
    """Makes what each kind needs, in a folder."""

    def __init__(self, folder: Path, lender: _Lender) -> None:
        self._folder = folder
        self._lender = lender

    @property
    def lent(self) -> int:
        """How often credentials were lent."""
        return self._lender.lent

    def given(self, kind: str) -> Given:
        """What makes an agent use it."""
        lines, environ = _KINDS[kind](self._folder, self._lender.url)
        nothing = str(self._folder / "nothing")
        bare = {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing}
        return Given(lines, {**bare, **environ})


def _explicit(_: Path, __: str) -> tuple[str, dict[str, str]]:
    return _KEYS, {}


def _env(_: Path, __: str) -> tuple[str, dict[str, str]]:
    return "", {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


def _profile(folder: Path, _: str) -> tuple[str, dict[str, str]]:
    (folder / "credentials").write_text(f"[deploy]\n{_FILE}")
    environ = {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}
    return '  profile = "deploy"\n', environ


def _role(_: Path, url: str) -> tuple[str, dict[str, str]]:
    return f'{_KEYS}  roleArn = "{_ROLE}"\n', {"AWS_ENDPOINT_URL_STS": url}


def _web_identity(folder: Path, url: str) -> tuple[str, dict[str, str]]:
    (folder / "token").write_text("a.b.c")
    environ = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"), "AWS_ROLE_ARN": _ROLE}
    return "", {**environ, "AWS_ENDPOINT_URL_STS": url}


def _container(folder: Path, url: str) -> tuple[str, dict[str, str]]:
    (folder / "secret").write_text("a secret")
    environ = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(folder / "secret")}
    return "", {**environ, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/lent"}


def _instance(_: Path, url: str) -> tuple[str, dict[str, str]]:
    return "", {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url}


_KINDS: Final[Mapping[str, Callable[[Path, str], tuple[str, dict[str, str]]]]] = {
    "explicit": _explicit,
    "env": _env,
    "profile": _profile,
    "role": _role,
    "web-identity": _web_identity,
    "container": _container,
    "instance": _instance,
}
KINDS: Final = tuple(_KINDS)
"""Their names; the first is what is measured if nothing else is said."""


@contextmanager
def lending(folder: Path) -> Iterator[Kinds]:
    """All kinds, while a lender serves."""
    folder.mkdir()
    with _Lender(("127.0.0.1", 0), _Handler) as lender:
        thread = threading.Thread(target=lender.serve_forever)
        thread.start()
        try:
            yield Kinds(folder, lender)
        finally:
            lender.shutdown()
            thread.join()
