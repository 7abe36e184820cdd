"""Authentication of Swift: what is asked, and what the answer gives. Sends nothing.

- v1: https://docs.openstack.org/swift/latest/overview_auth.html, and as Rackspace had it first.
- v2: https://docs.openstack.org/keystone/ocata/ (API v2.0); Rackspace's ``RAX-KSKEY`` form:
  https://docs.rackspace.com/docs/cloud-identity-v2-getting-started
- v3: https://docs.openstack.org/api-ref/identity/v3/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from dropship.core.values import Secret
from dropship.errors import ConfigError, RepoError
from dropship.net import url as urls
from dropship.repos.swift import SwiftOptions

_VERSION: Final = re.compile(r"/v([123])(?:\.\d)?$")
_TAIL: Final = re.compile(r"/(?:auth/)?tokens$")
_VERSIONS: Final = {1: "v1.0", 2: "v2.0", 3: "v3"}
_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):?(\d\d))?"
)
_SERVICE: Final = "object-store"


class Login(NamedTuple):
    """Who asks where, and for which of the storage there is.

    Attributes:
        version: Of the auth, 1 to 3.
        url: Of the auth service, without a slash at its end.
        api_key: The key is an API key of Rackspace's, where that makes a difference.
    """

    version: int
    url: str
    api_key: bool
    options: SwiftOptions

    @property
    def shown(self) -> str:
        """The auth service, for people."""
        return urls.shown(self.url)

    @property
    def tls(self) -> bool:
        """The auth service is asked over TLS, so the token must not travel without."""
        return self.url.lower().startswith("https:")


class Question(NamedTuple):
    """A request to the auth service."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Access(NamedTuple):
    """What the auth service gave. ``lifetime``: seconds that the token is good for, if it tells."""

    url: str
    token: Secret
    lifetime: float | None = None


def login(options: SwiftOptions, *, api_key: bool) -> Login:
    """What options come to.

    Raises:
        ConfigError: Something is missing, or contradicts something else.
    """
    url = _TAIL.sub("", options.auth_url.strip().rstrip("/"))
    for name, one in (("authUrl", url), ("storageUrl", options.storage_url)):
        if one and not re.match(r"https?://[^/]", one, re.IGNORECASE):
            raise ConfigError(
                f"{name} of the repo is not a whole URL: {urls.shown(one)}",
                cure="write it with https:// in front",
            )
    written = _VERSION.search(url)
    version = options.auth_version or (int(written[1]) if written else 0)
    if version not in _VERSIONS:
        raise ConfigError(
            "the version of the repo's auth is not known",
            cure="let authUrl end with /v1.0, /v2.0 or /v3, or set authVersion to 1, 2 or 3",
        )
    if version > 1 and not written:
        url = f"{url}/{_VERSIONS[version]}"
    _complete(options, version)
    return Login(version, url, api_key, options)


def _complete(options: SwiftOptions, version: int) -> None:
    if options.application_credential_id or options.application_credential_secret:
        if version != 3:
            raise ConfigError(
                f"application credentials are unknown to v{version} auth",
                cure="let authUrl end with /v3, or use user and key",
            )
        if not (options.application_credential_id and options.application_credential_secret):
            raise ConfigError(
                "the repo has half of an application credential",
                cure="set both applicationCredentialId and applicationCredentialSecret",
            )
    elif not (options.user and options.key):
        missing = "key" if options.user else "user"
        raise ConfigError(f"the repo has no {missing}", cure="set both user and key")


def question(who: Login) -> Question:
    """The request that is to be made."""
    if who.version == 1:
        headers = {
            "X-Auth-User": _header(who.options.user),
            "X-Auth-Key": _header(who.options.key.reveal()),
        }
        return Question("GET", who.url, headers)
    path, asked = ("tokens", _v2(who)) if who.version == 2 else ("auth/tokens", _v3(who))
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    return Question("POST", f"{who.url}/{path}", headers, json.dumps({"auth": asked}).encode())


def _header(text: str) -> str:
    """As UTF-8, which is what Swift takes headers for."""
    return text.encode().decode("latin-1")


def _v2(who: Login) -> dict[str, Any]:
    options, key = who.options, who.options.key.reveal()
    asked: dict[str, Any] = {}
    if who.api_key:
        asked["RAX-KSKEY:apiKeyCredentials"] = {"username": options.user, "apiKey": key}
    else:
        asked["passwordCredentials"] = {"username": options.user, "password": key}
    if options.tenant_id:
        asked["tenantId"] = options.tenant_id
    elif options.tenant:
        asked["tenantName"] = options.tenant
    return asked


def _v3(who: Login) -> dict[str, Any]:
    options = who.options
    if options.application_credential_id:
        secret = options.application_credential_secret.reveal()
        credential = {"id": options.application_credential_id, "secret": secret}
        way = "application_credential"
        return {"identity": {"methods": [way], way: credential}}
    domain = {"id": options.domain_id} if options.domain_id else {"name": options.domain}
    user = {"name": options.user, "password": options.key.reveal(), "domain": domain}
    asked: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
    if options.tenant_id:
        asked["scope"] = {"project": {"id": options.tenant_id}}
    elif options.tenant:
        asked["scope"] = {"project": {"name": options.tenant, "domain": domain}}
    return asked


# --- answers --------------------------------------------------------------------------------------


def access(who: Login, headers: Mapping[str, str], body: bytes) -> Access:
    """What a good answer gives.

    Raises:
        RepoError: It is none, or has no storage for us.
    """
    found = _v1_access(who, headers) if who.version == 1 else _catalogued(who, headers, body)
    if not found.url or not found.token:
        raise _nonsense(who, "tells no storage URL and token")
    if who.tls and not found.url.lower().startswith("https:") and not who.options.storage_url:
        raise RepoError(
            f"{who.shown}: the storage is at {urls.shown(found.url)}, where anybody on the way could "
            "read the token",
            cure="set storageUrl of the repo to its https URL",
            permanent=True,
        )
    return found._replace(url=found.url.rstrip("/"))


def _v1_access(who: Login, headers: Mapping[str, str]) -> Access:
    token = headers.get("X-Storage-Token") or headers.get("X-Auth-Token") or ""
    url = who.options.storage_url or headers.get("X-Storage-Url", "")
    left = headers.get("X-Auth-Token-Expires", "")
    lifetime = float(left[:9]) if left.isascii() and left.isdigit() else None
    return Access(url, Secret(token), lifetime)


def _catalogued(who: Login, headers: Mapping[str, str], body: bytes) -> Access:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _nonsense(who, "is no JSON") from error
    told = _map(_map(document).get("access" if who.version == 2 else "token"))
    if who.version == 2:
        token = _map(told.get("token"))
        name, expires, services = token.get("id"), token.get("expires"), told.get("serviceCatalog")
    else:
        token = told
        name, expires = headers.get("X-Subject-Token"), told.get("expires_at")
        services = told.get("catalog")
    if not isinstance(name, str) or not name:
        raise _nonsense(who, "tells no token")
    lifetime = _lifetime(token.get("issued_at"), expires, headers.get("Date", ""))
    url = who.options.storage_url or _endpoint(who, services)
    return Access(url, Secret(name), lifetime)


def _endpoint(who: Login, services: Any) -> str:
    """The storage URL of the region that is wanted.

    Raises:
        RepoError: There is none, or several and nobody says which.
    """
    found = dict(reversed(list(_endpoints(who, services))))  # the first of each region counts
    if not found:
        raise RepoError(
            f"{who.shown}: the catalog has no {who.options.endpoint_type} address of an {_SERVICE}",
            cure="set tenant of the repo to a project that has storage, or set storageUrl",
            permanent=True,
        )
    listed = ", ".join(sorted(region or "one without a name" for region in found))
    wanted = who.options.region
    if not wanted:
        if len(found) == 1:
            return next(iter(found.values()))
        raise RepoError(
            f"{who.shown}: there are several regions: {listed}",
            cure="set region of the repo to one of them",
            permanent=True,
        )
    for region, url in found.items():
        if region.casefold() == wanted.casefold():
            return url
    raise RepoError(
        f'{who.shown}: there is no region "{wanted}"; there is: {listed}',
        cure="check region of the repo",
        permanent=True,
    )


def _endpoints(who: Login, services: Any) -> Iterator[tuple[str, str]]:
    wanted = who.options.endpoint_type
    for service in _list(services):
        if _map(service).get("type") != _SERVICE:
            continue
        for one in map(_map, _list(service.get("endpoints"))):
            if who.version == 2:
                url = one.get(f"{wanted}URL")
            else:
                url = one.get("url") if one.get("interface") == wanted else None
            if isinstance(url, str) and url:
                yield str(one.get("region") or one.get("region_id") or ""), url


def _lifetime(issued: Any, expires: Any, date: str) -> float | None:
    """From one clock, whatever time it is here: the server's, of when it issued or answered."""
    end, begin = _moment(expires), _moment(issued)
    if begin is None:
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            begin = parsedate_to_datetime(date)
    if end is None or begin is None:
        return None
    if begin.tzinfo is None:
        begin = begin.replace(tzinfo=timezone.utc)
    return (end - begin).total_seconds()


def _moment(text: Any) -> datetime | None:
    """A moment of ISO 8601, which Python before 3.11 does not read in all its forms."""
    match = _MOMENT.fullmatch(text) if isinstance(text, str) and text.isascii() else None
    if not match:
        return None
    try:
        moment = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc)
        if match[2]:
            east = timedelta(hours=int(match[3]), minutes=int(match[4]))
            moment -= east if match[2] == "+" else -east
    except (ValueError, OverflowError):
        return None
    return moment


def _map(what: Any) -> Mapping[str, Any]:
    return what if isinstance(what, dict) else {}


def _list(what: Any) -> list[Any]:
    return what if isinstance(what, list) else []


def _nonsense(who: Login, what: str) -> RepoError:
    return RepoError(
        f"{who.shown}: the answer of the auth service {what}",
        cure="check authUrl and authVersion of the repo",
        permanent=True,
    )
