"""Where a Consul agent answers, and who we are to it: what its hook and its lock have in common.

What the configuration says comes first, then the variables of Consul's own clients
(https://developer.hashicorp.com/consul/commands#environment-variables), then their defaults, so
that what worked for another client on a host works here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from dropship.core.option import option
from dropship.core.values import Secret, Strings
from dropship.errors import ConfigError
from dropship.net import url as urls
from dropship.net.http import Identity

USUAL: Final = "127.0.0.1:8500"
"""Where the agent of a host answers if nobody says anything else."""

CURES: Final = Strings(
    {
        "ACL not found": "write another token: Consul does not know this one",
        "CERTIFICATE_VERIFY_FAILED": "check the certificate, or name its authority in caFile",
        "ALERT": "show Consul a certificate that it trusts: certFile, keyFile",
        "WRONG_VERSION_NUMBER": "write http:// for a port that speaks no TLS",
        "HTTP request to an HTTPS server": "write https://, or useSSL = true",
        "TLS failed": "check caFile, certFile and keyFile",
        "401": "check user and password",
    }
)
"""What to do where it cannot be reached or says no, by words that this is told in."""

_UNIX: Final = "unix://"
# strconv.ParseBool, by which Consul's clients read theirs.
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(frozen=True, slots=True)
class ConsulOptions:
    """Keys that say how Consul is reached."""

    address: str = option(
        "",
        otherwise=f"`CONSUL_HTTP_ADDR`, else `{USUAL}`",
        doc="Where Consul answers: `host:port`, a URL, or `unix:///path` of a socket.",
    )
    token: Secret = option(
        Secret(""),
        otherwise="what is in `CONSUL_HTTP_TOKEN_FILE`, else `CONSUL_HTTP_TOKEN`",
        doc="ACL token.",
        secret=True,
    )
    user: str = option(
        "",
        otherwise="both as in `CONSUL_HTTP_AUTH`",
        doc="For Basic authentication, with `password`.",
    )
    password: Secret = option(
        Secret(""), doc="For Basic authentication.", secret=True, needs="user"
    )
    use_ssl: bool | None = option(
        None,
        otherwise="`CONSUL_HTTP_SSL`, else false",
        key="useSSL",
        doc="TLS, for an address that does not begin with https:// anyway.",
    )
    ca_file: str = option(
        "",
        otherwise="`CONSUL_CACERT`, else the system's",
        doc="File of the certificate authorities to trust.",
    )
    cert_file: str = option(
        "", otherwise="`CONSUL_CLIENT_CERT`", doc="File of a client certificate (PEM)."
    )
    key_file: str = option(
        "", otherwise="`CONSUL_CLIENT_KEY`, else in `certFile`", doc="File of its key (PEM)."
    )
    datacenter: str = option(
        "", otherwise="the agent's own", doc="The datacenter that requests are for."
    )


class Consul:
    """A Consul agent, as options and an environment say."""

    def __init__(self, options: ConsulOptions, environ: Mapping[str, str]) -> None:
        self._options = options
        self._environ = environ

    @property
    def address(self) -> str:
        """Where it answers, as it was written."""
        return self._options.address or self._environ.get("CONSUL_HTTP_ADDR") or USUAL

    def url(self, *steps: str, **query: str) -> str:
        """The URL of ``/v1/`` and steps, for the datacenter; a query without a value is left out.

        Over a socket the URL's host says nothing; the identity has the socket's path.

        Raises:
            ConfigError: The environment makes no sense.
        """
        asked = {"dc": self._options.datacenter, **query}
        text = urlencode({name: value for name, value in asked.items() if value})
        return f"{self._base()}{_path(steps)}{'?' if text else ''}{text}"

    def shown(self, *steps: str) -> str:
        """The same for people: without a query and a login, over a socket with the socket's path."""
        if self.address.startswith(_UNIX):
            return f"{self.address}{_path(steps)}"
        try:
            base = self._base()
        except ConfigError:
            base = self.address
        return urls.shown(f"{base}{_path(steps)}")

    def identity(self) -> Identity:
        """Who we are to it; its files are named here and read when a request is made.

        Raises:
            ConfigError: The address or the environment makes no sense, or the token's file cannot
                be read.
        """
        options, environ = self._options, self._environ
        token = options.token.reveal() or self._token()
        cert = options.cert_file or environ.get("CONSUL_CLIENT_CERT", "")
        key = options.key_file or environ.get("CONSUL_CLIENT_KEY", "")
        if key and not cert:
            raise ConfigError(f"{key} is the key of no certificate", cure="name its certFile")
        user, password = self._login()
        return Identity(
            home=self._base(),
            user=user,
            password=password,
            headers=Strings({"X-Consul-Token": token} if token else {}),
            ca_bundle=options.ca_file or environ.get("CONSUL_CACERT", ""),
            client_cert=cert,
            client_key=key,
            verified=self._flag("CONSUL_HTTP_SSL_VERIFY", usual=True),
            server_name=environ.get("CONSUL_TLS_SERVER_NAME", ""),
            socket=self.address.removeprefix(_UNIX) if self.address.startswith(_UNIX) else "",
        )

    def _base(self) -> str:
        address = self.address
        scheme, there, rest = address.partition("://")
        if not there:
            scheme, rest = "http", address
        written = self._options.use_ssl
        tls = self._flag("CONSUL_HTTP_SSL", usual=False) if written is None else written
        if scheme == "unix":
            if not rest:
                raise ConfigError(f"{address} names no socket", cure="write unix:///path")
            if tls:
                raise ConfigError(f"no TLS is spoken over {address}", cure="leave out useSSL")
            return "http://localhost"
        if scheme not in {"http", "https"}:
            raise ConfigError(
                f"{scheme}:// is no way to reach Consul",
                cure="write host:port, a URL that begins with http:// or https://, or unix:///path",
            )
        return f"{'https' if tls else scheme}://{rest.rstrip('/')}"

    def _token(self) -> str:
        """That of the environment; a file wins, as with Consul's own clients."""
        if named := self._environ.get("CONSUL_HTTP_TOKEN_FILE"):
            try:
                token = Path(named).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is no text"
                raise ConfigError(
                    f"CONSUL_HTTP_TOKEN_FILE: {named} cannot be read: {why}",
                    cure="let the agent's user read it",
                ) from error
            if token:
                return token
        return self._environ.get("CONSUL_HTTP_TOKEN", "")

    def _login(self) -> tuple[str, Secret]:
        if self._options.user:
            return self._options.user, self._options.password
        user, _, password = self._environ.get("CONSUL_HTTP_AUTH", "").partition(":")
        return user, Secret(password)

    def _flag(self, name: str, *, usual: bool) -> bool:
        text = self._environ.get(name, "")
        if not text:
            return usual
        if text not in _TRUE | _FALSE:
            raise ConfigError(f'{name} is "{text}"', cure="set it to true or false")
        return text in _TRUE


def _path(steps: Iterable[str]) -> str:
    return "".join(f"/{quote(step, safe='')}" for step in ("v1", *steps))
