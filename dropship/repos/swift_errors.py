"""What Swift and its auth service refuse, in words, and with what to do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from dropship.errors import MissingError, RepoError
from dropship.net import url as urls
from dropship.net.lines import in_a_line
from dropship.net.retry_after import wait_of
from dropship.repos.swift_auth import Login

if TYPE_CHECKING:
    import requests

_LONGEST_REASON: Final = 100
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# Too many requests: Swift's own word is 498, Rackspace's 413.
_LATER: Final = frozenset({408, 413, 429, 498, 499})
_BUSY: Final = frozenset({413, 429, 498, 503})

_STORE: Final[Mapping[int, tuple[str, str]]] = {
    403: ("access is denied", "let the repo's user read the container (X-Container-Read)"),
    409: ("its segments are not what its manifest says", "upload it again"),
}
_AUTH: Final[Mapping[int, tuple[str, str]]] = {
    400: ("the auth service does not understand", "check authUrl and authVersion of the repo"),
    401: ("user or key is wrong", "check user, key, tenant and domain of the repo"),
    403: ("the user may not log in", "check user, key, tenant and domain of the repo"),
    404: ("there is no auth service", "check authUrl of the repo: it is the whole URL"),
    405: ("there is no auth service of that kind", "check authUrl and authVersion of the repo"),
    # Swift's own word for a path that is none of its: the auth service's is most often /auth/v1.0.
    412: ("there is no auth service", "check authUrl of the repo: it is the whole URL"),
}
_CREDENTIAL: Final = (
    "the application credential is wrong",
    "check applicationCredentialId and applicationCredentialSecret of the repo, and whether it has expired",
)


def refused(response: requests.Response, where: str) -> RepoError:
    """What a store's answer about an object or a container means."""
    if response.status_code == 404:
        return MissingError(
            f"{where}: there is no such object", cure="check the artifact's bucket and path"
        )
    cure = "set storageUrl of the repo to where it is"
    return _moved(response, where, "the store", cure) or _said(response, where, _STORE)


def unknown(response: requests.Response, who: Login) -> RepoError:
    """What an auth service's answer means."""
    cure = "set authUrl of the repo to where it is"
    if moved := _moved(response, who.shown, "the auth service", cure):
        return moved
    known = dict(_AUTH)
    if who.version == 1:  # which has neither tenants nor domains
        for status in (401, 403):
            known[status] = (_AUTH[status][0], "check user and key of the repo")
    if who.options.application_credential_id:
        known[401] = _CREDENTIAL
    return _said(response, who.shown, known)


def unauthorized(where: str) -> RepoError:
    """The store does not take a token that was just given."""
    return RepoError(
        f"{where}: the store does not take the auth service's token",
        cure="check authUrl, region and storageUrl of the repo: they belong together",
        permanent=True,
    )


def _moved(response: requests.Response, where: str, what: str, cure: str) -> RepoError | None:
    target = response.headers.get("Location", "")
    if response.status_code not in _REDIRECTS or not target:
        return None
    said = f"{where}: {what} redirects to {urls.shown(target)}"
    return RepoError(said, cure=cure, permanent=True)


def _said(
    response: requests.Response, where: str, known: Mapping[int, tuple[str, str]]
) -> RepoError:
    status = response.status_code
    if status in known:
        words, cure = known[status]
        return RepoError(f"{where}: {words}", cure=cure, permanent=True)
    return RepoError(
        f"{where}: {status} {in_a_line(response.reason or '', _LONGEST_REASON)}".rstrip(),
        permanent=status < 500 and status not in _LATER,
        wait=_wait(response),
    )


def _wait(response: requests.Response) -> float:
    """How long it wants to be left alone; whoever says so in another way means it as well."""
    status = 429 if response.status_code in _BUSY else response.status_code
    return wait_of(status, response.headers, time.time())
