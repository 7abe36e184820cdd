"""The question that is asked all day, whether an object is still the same, asked with less work.

botocore works out every request from its models and rules, and from one check to the next only
the time and the signature change. So a request is taken down when it is built for the first time,
and from then on signed anew, by botocore's own signer, and sent by urllib3: a fifth of the work,
and of a worker's own memory two thirds.

Only a plain yes is an answer here. Whatever else happens (redirects, errors, no connection, ways to
sign that are not the usual one, proxies), the caller asks again by botocore, which knows about it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import botocore
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import where
from botocore.utils import get_environ_proxies
from urllib3.util import create_urllib3_context

from dropship.net.http import CONNECT, READ
from dropship.net.lengths import LengthError, length
from dropship.repos.s3_theatre import TIMES, Theatre

# The second for a part.
_YES: Final = frozenset({200, 206})
# Signature version 4 as S3 has it; "v4" is what botocore calls that until it looks at the name.
_USUAL: Final = frozenset({("v4", "s3"), ("s3v4", "s3")})
# Of one attempt, and new in each.
_OF_ATTEMPTS: Final = "amz-sdk-"
_PART: Final = "partNumber="
_FIRST_PART: Final = f"{_PART}1"
# What is asked for again and again without having been prepared: a version, what vouches for it.
_MOST_LATE: Final = 4

# What botocore calls the headers of the answer; https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
_NAMES: Final[Mapping[str, str]] = {
    "ETag": "etag",
    "ContentType": "content-type",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSECustomerAlgorithm": "x-amz-server-side-encryption-customer-algorithm",
    "ChecksumSHA256": "x-amz-checksum-sha256",
    "ChecksumSHA1": "x-amz-checksum-sha1",
    "ChecksumCRC32": "x-amz-checksum-crc32",
    "ChecksumCRC32C": "x-amz-checksum-crc32c",
    "ChecksumCRC64NVME": "x-amz-checksum-crc64nvme",
    "ChecksumType": "x-amz-checksum-type",
    "PartsCount": "x-amz-mp-parts-count",
}

Named: TypeAlias = Mapping[str, Any]
"""Parameters of ``head_object``."""


@dataclass(frozen=True, slots=True, repr=False)
class _Request:
    """A request but for its signature. It may hold a customer's key, and shows nothing."""

    url: str
    headers: Mapping[str, str]
    context: Mapping[str, Any]
    region: str
    name: str


class Heads:
    """Asks for objects whose requests were taken down.

    ``client`` is botocore's, of which nothing but its way of building requests is used;
    ``credentials`` are what to sign with, or None to sign nothing.
    """

    def __init__(
        self, client: Any, credentials: Credentials | None, authorities: str | None
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._requests: dict[frozenset[tuple[str, Any]], _Request] = {}
        self._late: list[frozenset[tuple[str, Any]]] = []
        self._pool = _pool(_trusting(authorities))

    def learn(self, named: Named) -> None:
        """Take down the request for an object; asks nobody, and needs no credentials.

        A client that does not build it is none to be asked by, either.
        """
        with _listening(self._client) as heard:
            try:
                self._client.head_object(**named)
            except (BotoCoreError, ValueError):
                return
        request = heard.request()
        if request is None or get_environ_proxies(request.url):
            return
        if not self._requests:
            _rehearse(request)
        self._requests[_key(named)] = request

    def learn_late(self, named: Named) -> None:
        """Take down what botocore has just been asked.

        It was not known beforehand, as the newest of several versions; or botocore knows by now
        that the bucket is in another region.
        """
        key = _key(named)
        if named.get("PartNumber", 1) != 1:
            return
        if key not in self._requests:
            if key in self._late:
                return  # it cannot be: there is a proxy, or another way to sign
            self._late.append(key)
        self.learn(named)
        if len(self._late) > _MOST_LATE:
            self._requests.pop(self._late.pop(0), None)

    def ask(self, named: Named) -> Mapping[str, Any] | None:
        """What botocore would answer; None where it has to be asked."""
        request = self._request(named)
        if request is None:
            return None
        try:
            headers = _signed(request, self._credentials)
            answer = self._pool.request("HEAD", request.url, headers=headers, redirect=False)
            return _told(answer) if answer.status in _YES else None
        except (BotoCoreError, ClientError, urllib3.exceptions.HTTPError, OSError, LengthError):
            return None

    def _request(self, named: Named) -> _Request | None:
        """What was taken down; for any part it is that for the first with another number."""
        number = named.get("PartNumber")
        if number is None:
            return self._requests.get(_key(named))
        first = self._requests.get(_key({**named, "PartNumber": 1}))
        # Elsewhere in a URL the sign of equality is written in another way.
        return first and replace(first, url=first.url.replace(_FIRST_PART, f"{_PART}{number}"))

    def close(self) -> None:
        """Give back connections."""
        self._pool.clear()


def _signed(request: _Request, credentials: Credentials | None) -> dict[str, str]:
    """The headers of a request that is sent now."""
    if credentials is None:
        return dict(request.headers)
    signed = AWSRequest("HEAD", request.url, dict(request.headers))
    signed.context.update(request.context)
    frozen = credentials.get_frozen_credentials()
    S3SigV4Auth(frozen, request.name, request.region).add_auth(signed)
    return {name: _text(value) for name, value in signed.headers.items()}


def _key(named: Named) -> frozenset[tuple[str, Any]]:
    return frozenset(named.items())


def _pool(context: ssl.SSLContext | None) -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=CONNECT, read=READ)
    return urllib3.PoolManager(maxsize=1, ssl_context=context, timeout=timeout, retries=False)


def _trusting(authorities: str | None) -> ssl.SSLContext:
    """Loaded once, and not at each connection of each worker.

    Where there is nothing to load nobody is trusted, and botocore is asked, which says why.
    """
    context = create_urllib3_context()
    bundle = Path(authorities or where())
    with suppress(OSError):
        context.load_verify_locations(*((None, bundle) if bundle.is_dir() else (bundle,)))
    return context


def _told(answer: urllib3.BaseHTTPResponse) -> Mapping[str, Any]:
    headers = answer.headers
    found: dict[str, Any] = {
        name: headers[header] for name, header in _NAMES.items() if header in headers
    }
    if (size := length(headers.get("content-length"))) is not None:
        found["ContentLength"] = size
    return found


# --- rehearsing -----------------------------------------------------------------------------------


def _rehearse(request: _Request) -> None:
    """Ask nobody, with nobody's credentials, as ``Heads.ask`` does."""
    pool = _pool(None)
    pool.pool_classes_by_scheme = {"http": Theatre, "https": Theatre}
    for _ in range(TIMES):
        headers = _signed(request, Credentials("nobody", "nothing"))
        _told(pool.request("HEAD", request.url, headers=headers, redirect=False))
        pool.clear()


def rehearse_download(client: Any, named: Named) -> None:
    """Have botocore get an object of nobody's, with no credentials at all."""
    with _listening(client), suppress(BotoCoreError, ValueError):
        for _ in range(TIMES):
            client.get_object(**named, IfMatch="nothing")["Body"].close()


# --- taking a request down ------------------------------------------------------------------------


class _Heard:
    """What a client says while it builds a request."""

    def __init__(self) -> None:
        self._built: AWSRequest | None = None
        self._signer: Mapping[str, Any] = {}

    def request(self) -> _Request | None:
        """What was heard; None if it would be signed in another way than the usual one."""
        built, signer = self._built, self._signer
        signing = dict(built.context.get("signing", {})) if built else {}
        how = (signer.get("signature_version"), signer.get("signing_name"))
        usual = how in _USUAL or how[0] is botocore.UNSIGNED
        if built is None or not usual or "identity_cache" in signing:
            return None
        headers = {
            name: _text(value)
            for name, value in built.headers.items()
            if not name.lower().startswith(_OF_ATTEMPTS)
        }
        region, name = str(signer["region_name"]), str(signer["signing_name"])
        return _Request(str(built.url), headers, dict(built.context), region, name)

    def created(self, request: AWSRequest, **_: Any) -> None:
        """It has built a request."""
        self._built = request

    def choose(self, **signer: Any) -> Any:
        """It asks how to sign: not at all, this time."""
        self._signer = signer
        return botocore.UNSIGNED

    @staticmethod
    def send(request: Any, **_: Any) -> AWSResponse:
        """It sends: no further."""
        headers = HTTPHeaders()
        headers["Content-Length"] = "0"
        return AWSResponse(request.url, 200, headers, _Nothing())


def _text(value: Any) -> str:
    """Headers of botocore are text or bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


class _Nothing:
    """A body without a byte."""

    @staticmethod
    def stream() -> Iterator[bytes]:
        """Its pieces."""
        return iter(())

    def close(self) -> None:
        """It is over."""


@contextmanager
def _listening(client: Any) -> Iterator[_Heard]:
    heard, events = _Heard(), client.meta.events
    hooks = {
        "request-created.s3": heard.created,
        "choose-signer.s3": heard.choose,
        "before-send.s3": heard.send,
    }
    for name, hook in hooks.items():
        events.register(name, hook)
    try:
        yield heard
    finally:
        for name, hook in hooks.items():
            events.unregister(name, hook)
