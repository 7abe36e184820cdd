"""The clock: is it kept, and does it agree with the clocks of stores and engines?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.config.model import Config, LockConfig, ServiceConfig
from dropship.linux import clock
from dropship.net import dates

_CHECK: Final = "clock"
_CURE: Final = "have it set by NTP: chrony, systemd-timesyncd or ntpd"
_ODD: Final = 30.0
# RequestTimeTooSkewed of Amazon's S3.
_REFUSED: Final = 15 * 60.0
_TIMEOUT: Final = 5.0


def kept() -> Iterator[Finding]:
    """Ask the kernel whether anybody keeps the clock."""
    try:
        found = clock.synchronised()
    except OSError as error:
        yield warning(_CHECK, f"the kernel does not say whether it is kept: {error.strerror}")
        return
    if found:
        yield ok(_CHECK, "synchronised, as the kernel has it")
    else:
        yield warning(
            _CHECK, "not synchronised: nothing has told the kernel that it is right", cure=_CURE
        )


class Server(NamedTuple):
    """Who may be asked for the time.

    Attributes:
        strict: It refuses who is a quarter of an hour off.
        authorities: The file of those that vouch for it; empty: the usual ones.
    """

    name: str
    url: str
    strict: bool = False
    authorities: str = ""


def servers(config: Config) -> tuple[Server, ...]:
    """Those of the configuration that speak HTTP, each once."""
    found = [_store(one) for one in config.services]
    found += [_engine(one.lock) for one in config.services if one.lock and one.sequential_updates]
    known = {one.url: one for one in found if one is not None}
    return tuple(known.values())


def _store(service: ServiceConfig) -> Server | None:
    repo = service.artifact.repo
    options, location = repo.options, service.artifact.location
    if repo.type == "s3":
        region = options.region or "us-east-1"
        url = options.endpoint or f"https://s3.{region}.amazonaws.com"
        return Server(f"store {repo.name}", _origin(url), True, options.ca_bundle)
    said = {
        "swift": lambda: options.auth_url,
        "rackspace": lambda: options.auth_url,
        "http": lambda: location.url if "://" in location.url else options.url,
    }.get(repo.type)
    if said is None or not said():
        return None
    return Server(f"store {repo.name}", _origin(said()), authorities=options.ca_bundle)


def _engine(lock: LockConfig) -> Server | None:
    if lock.type == "consul":
        from dropship.net.consul import USUAL  # noqa: PLC0415 - only where it is used

        said = lock.options.address or USUAL
        scheme = "https" if lock.options.use_ssl else "http"
        url = said if "://" in said else f"{scheme}://{said}"
    elif lock.type == "etcd":
        url = lock.options.endpoints[0]
    else:
        return None
    if not url.startswith("http"):
        return None
    return Server(f"lock {lock.name}", _origin(url), authorities=lock.options.ca_file)


def _origin(url: str) -> str:
    """Without a path, and without the login that may stand before the host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"


def compared(server: Server) -> Iterator[Finding]:
    """Ask a server for the time; whether it can be reached at all is told elsewhere."""
    import requests  # noqa: PLC0415 - slow, and in a process of its own

    before = time.time()
    try:
        # Whose certificate does not hold is not trusted with the time, either.
        response = requests.head(
            server.url,
            timeout=_TIMEOUT,
            allow_redirects=False,
            verify=server.authorities or True,
        )
    except (requests.RequestException, OSError, ValueError):
        return
    moment = dates.seconds(response.headers.get("Date", ""))
    if moment is not None:
        # The date is cut to seconds.
        yield judged(server, (before + time.time()) / 2 - (moment + 0.5))


def judged(server: Server, ahead: float) -> Finding:
    """What it means that this host is so many seconds ahead of a server."""
    words = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} it"
    if abs(ahead) < _ODD:
        return ok(_CHECK, "agrees with it", server.name)
    if server.strict and abs(ahead) > _REFUSED:
        message = f"{words}: it refuses whatever is signed more than 15 min off"
        return failed(_CHECK, message, server.name, cure=_CURE)
    return warning(_CHECK, words, server.name, cure=_CURE)
