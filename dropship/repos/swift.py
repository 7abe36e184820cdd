"""OpenStack Swift, and Rackspace Cloud Files, which is one: ``artifact "swift" { bucket = "b" path = "api.tar.gz" }``.

What talks to it is ``repos.swift_client``, imported when a repo is made, not with this module:
it is large, and `validate` needs only the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from dropship.core.checksum import Parts
from dropship.core.option import option
from dropship.core.values import Md5, Secret, Token
from dropship.errors import MovedError, RepoError
from dropship.net import lengths
from dropship.net.lengths import LengthError, Part
from dropship.repos import Body, Found
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced
from dropship.repos.sent import left

if TYPE_CHECKING:
    import requests

    from dropship.repos.swift_client import Client

_MD5: Final = re.compile(r"[0-9a-f]{32}")
# What is known of large objects' parts; a worker looks at one object, `check` at those of a file.
_MOST_KNOWN: Final = 16
_TIMES: Final = 10  # Python 3.11 takes its last note of code at the eighth time it runs

RACKSPACE: Final = "https://auth.api.rackspacecloud.com/v1.0"
"""Where Rackspace's customers authenticate; the Go tool knew no other."""


@dataclass(frozen=True, slots=True)
class SwiftOptions(StoreOptions):
    """Keys of a ``swift`` repo."""

    auth_url: str = option(
        doc="Whole URL of the auth service: `…/v1.0` of Swift's own, `…/v2.0` or `…/v3` of Keystone.",
    )
    auth_version: int | None = option(
        None, otherwise="as `authUrl` ends", least=1, doc="Its version: 1, 2 or 3."
    )
    user: str = option("", doc="User name; of v1 often `account:user`.", needs="key")
    key: Secret = option(
        Secret(""), aliases=("password",), doc="Key or password.", secret=True, needs="user"
    )
    tenant: str = option("", aliases=("project",), doc="Name of the tenant (v2) or project (v3).")
    tenant_id: str = option("", aliases=("projectId",), doc="Its id instead.")
    domain: str = option("Default", doc="Name of the domain of user and project (v3).")
    domain_id: str = option("", doc="Its id instead.")
    application_credential_id: str = option(
        "",
        doc="An application credential instead of user, key and project (v3).",
        needs="applicationCredentialSecret",
    )
    application_credential_secret: Secret = option(
        Secret(""), doc="Its secret.", secret=True, needs="applicationCredentialId"
    )
    region: str = option(
        "", otherwise="the only one there is", doc="The region (v2 and v3; v1 knows none)."
    )
    endpoint_type: Literal["public", "internal", "admin"] = option(
        "public", doc="Which of a region's addresses is taken (v2 and v3)."
    )
    storage_url: str = option(
        "",
        otherwise="the auth service tells it",
        doc="Whole URL of the account, where that of the auth service cannot be reached from here.",
    )
    ca_bundle: str = option(
        "", otherwise="the system's", doc="File of the certificate authorities to trust."
    )


@dataclass(frozen=True, slots=True)
class RackspaceOptions(SwiftOptions):
    """Keys of a ``rackspace`` repo."""

    auth_url: str = option(
        RACKSPACE,
        doc="Whole URL of the auth service; `https://identity.api.rackspacecloud.com/v2.0` knows regions.",
    )
    user: str = option(doc="User name.")
    key: Secret = option(doc="API key.", secret=True)


@dataclass(frozen=True, slots=True)
class SwiftLocation:
    """Keys of an artifact in a ``swift`` or ``rackspace`` repo."""

    bucket: str = option(aliases=("container",), doc="The container.")
    path: str = option(doc="The object's name.")


class SwiftRepo:
    """Objects by container and name, known by their ETag."""

    Options: type[SwiftOptions] = SwiftOptions
    Location = SwiftLocation
    api_key = False

    def __init__(self, options: SwiftOptions) -> None:
        from dropship.repos import swift_client  # noqa: PLC0415 - requests is large, see above

        self._rehearsed = False
        self._rate = options.max_rate
        self._stall = options.stall_timeout.seconds
        self._known: dict[tuple[str, Token], Parts | None] = {}
        self._client: Client = swift_client.Client(options, api_key=self.api_key)

    def prepare(self, location: SwiftLocation) -> None:
        """Ask nobody what will be asked all day, for those who share this memory."""
        if self._rehearsed:
            return
        self._rehearsed = True
        with self._client.rehearsing(), suppress(RepoError):  # ``find`` says what is wrong with it
            for _ in range(_TIMES):
                found = self.find(location)
                self._client.close()
                body = self.open(location, found)
                body.readinto(memoryview(bytearray(8)))
                body.close()
                self._client.close()

    def find(self, location: SwiftLocation) -> Found:
        """Ask for what is known of the object.

        Raises:
            MissingError: It has no such object.
            RepoError: The store could not be asked, or has no such container.
        """
        response = self._client.ask("HEAD", _container(location), location.path)
        try:
            self._good(response, location)
            found = _found(response, location)
        finally:
            self._client.done(response)
        return self._joint(found, response, location)

    def open(self, location: SwiftLocation, found: Found, offset: int = 0) -> Body:
        """Ask for the bytes of exactly that object.

        Raises:
            MovedError: It is another by now.
            RepoError: The store could not be asked.
        """
        tag = f'"{found.ref}"'
        headers = {"If-Match": tag}
        if offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": tag}
        response = self._client.ask(
            "GET", _container(location), location.path, headers=headers, read=self._stall
        )
        try:
            # What begins behind its end (416) is not as long as it was.
            if response.status_code == 412 or (response.status_code == 416 and offset):
                raise MovedError(f"{found.source} changed since it was looked at")
            self._good(response, location)
            return paced(self._body(response, found, offset), self._rate)
        except BaseException:
            response.close()
            raise

    def names(self, location: SwiftLocation, folder: str, begins: str) -> Iterator[str]:
        """What stands in a folder of the container, page by page.

        Raises:
            RepoError: The store could not be asked.
        """
        for entry in self._client.listing(_container(location), folder + begins, delimiter="/"):
            name = str(entry.get("subdir") or entry.get("name") or "")
            if name.startswith(folder) and name != folder:
                yield name.removeprefix(folder)

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _good(self, response: requests.Response, location: SwiftLocation) -> None:
        if response.status_code in {200, 204, 206}:
            return
        where = _shown(location)
        if response.status_code == 404 and not self._client.has(location.bucket):
            raise RepoError(
                f"{where}: there is no such container",
                cure="check the artifact's bucket and path, and region of the repo",
                permanent=True,
            )
        raise self._client.refused(response, where)

    def _joint(self, found: Found, response: requests.Response, location: SwiftLocation) -> Found:
        """The same, with the parts of a large object; they are asked for once."""
        headers = response.headers
        segments = headers.get("X-Object-Manifest", "")
        if not segments and not _large(response):
            return found
        known = (found.source, found.token)
        if known not in self._known:
            while len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[known] = self._client.parts(
                _container(location), location.path, segments, found.token, found.size
            )
        return found._replace(parts=self._known[known])

    def _body(self, response: requests.Response, found: Found, offset: int) -> Body:
        part, sent = _part(response, found.source), _length(response, found.source)
        if _token(response) != found.ref:
            raise MovedError(f"{found.source} changed since it was looked at")
        length = left(found, part, sent, offset)
        return self._client.body(
            response, source=found.source, length=length, skip=offset - part.begins
        )


class RackspaceRepo(SwiftRepo):
    """Rackspace Cloud Files: keys of its v2 auth are API keys, not passwords."""

    Options = RackspaceOptions
    api_key = True


def _container(location: SwiftLocation) -> str:
    if not location.bucket or "/" in location.bucket:
        raise RepoError(
            f"{_shown(location)}: that is no name of a container",
            cure="write the container into the artifact's bucket, and all else into its path",
            permanent=True,
        )
    return location.bucket


def _shown(location: SwiftLocation) -> str:
    return f"swift://{location.bucket}/{location.path}"


def _found(response: requests.Response, location: SwiftLocation) -> Found:
    token, where = _token(response), _shown(location)
    if not token:
        raise RepoError(
            f"{where}: the store tells no ETag, so a change could not be seen",
            cure="upload it in fewer segments, or with a static manifest",
            permanent=True,
        )
    joint = _large(response) or "X-Object-Manifest" in response.headers
    return Found(
        token=token,
        source=where,
        name=PurePosixPath(location.path).name,
        size=_length(response, where),
        content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        md5=Md5(str(token)) if _MD5.fullmatch(token) and not joint else None,
        ref=str(token),
    )


def _large(response: requests.Response) -> bool:
    return response.headers.get("X-Static-Large-Object", "").strip().lower() in {"true", "1"}


def _token(response: requests.Response) -> Token:
    """The ETag without the quotes, which only those of large objects have."""
    return Token(response.headers.get("ETag", "").strip().removeprefix("W/").strip('"'))


def _length(response: requests.Response, where: str) -> int | None:
    try:
        return lengths.length(response.headers.get("Content-Length"))
    except LengthError as error:
        raise RepoError(f"{where}: the store {error}") from error


def _part(response: requests.Response, where: str) -> Part:
    """The part that was sent; a store without ranges sends all of it."""
    if response.status_code != 206:
        return lengths.WHOLE
    try:
        return lengths.part(response.headers.get("Content-Range"))
    except LengthError as error:
        raise RepoError(f"{where}: the store {error}") from error
