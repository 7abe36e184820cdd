"""The half of the ``s3`` repo that asks: what an answer comes to; the client is ``s3_client``."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from dropship.core.checksum import Algorithm, Parts
from dropship.errors import MovedError, RepoError
from dropship.net import lengths
from dropship.net.lengths import LengthError, Part
from dropship.repos import Body, Found, s3_parts
from dropship.repos import s3_promises as promises
from dropship.repos.s3_client import Client
from dropship.repos.sent import left

if TYPE_CHECKING:
    from dropship.repos.s3 import S3Location, S3Options

# Artifacts whose parts are remembered: a worker has one, the supervisor may ask for all.
_REMEMBERED: Final = 8


class Store:
    """Objects by bucket and key."""

    def __init__(self, options: S3Options) -> None:
        self._client = Client(options)
        self._computable = promises.known()
        self._parts: dict[tuple[S3Location, str], Parts | None] = {}

    def prepare(self, location: S3Location) -> None:
        """Build what will be asked all day, for those who share this memory."""
        with suppress(RepoError):  # ``find`` says what is wrong with it
            self._client.prepare(_named(location))

    def find(self, location: S3Location) -> Found:
        """Ask for what is known of the object.

        Raises:
            RepoError: The store could not be asked, or has no such object.
        """
        answer = self._client.head(_shown(location), _named(location))
        if isinstance(answer, RepoError):
            raise answer
        found = _found(answer, location, self._computable)
        if found.promised or not promises.plain(answer, location.bucket):
            return found
        return found._replace(parts=self._learnt(found, location))

    def open(self, location: S3Location, found: Found, offset: int = 0) -> Body:
        """Ask for the bytes of exactly that object.

        Raises:
            MovedError: It is another by now.
            RepoError: The store could not be asked.
        """
        conditions = {"IfMatch": found.ref}
        if offset:
            conditions["Range"] = f"bytes={offset}-"
        answer = self._client.download(found.source, _named(location), **conditions)
        if isinstance(answer, RepoError):
            raise answer
        try:
            return self._body(answer, found, offset)
        except BaseException:
            answer["Body"].close()
            raise

    def _body(self, answer: Mapping[str, Any], found: Found, offset: int) -> Body:
        if promises.token(answer) != found.token:
            raise MovedError(f"{found.source} changed since it was looked at")
        part, sent = _part(answer, found.source), answer.get("ContentLength")
        length = left(found, part, sent, offset)
        # Entering botocore's body gives urllib3's response, which need not wait for a full
        # buffer; that its bytes are counted is our body's work then.
        raw = answer["Body"].__enter__()
        return self._client.body(raw, source=found.source, length=length, skip=offset - part.begins)

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def names(self, location: S3Location, folder: str, begins: str) -> Iterator[str]:
        """What stands in a folder of the bucket, a page at a time.

        Raises:
            RepoError: The store could not be asked, or does not let us list.
        """
        prefix = folder.removeprefix("/")
        named = {"Bucket": location.bucket, "Prefix": prefix + begins, "Delimiter": "/"}
        if location.requester_pays:
            named["RequestPayer"] = "requester"
        where = f"the list of s3://{location.bucket}/{prefix}"
        while True:
            page = self._client.page(where, named)
            if isinstance(page, RepoError):
                raise page
            folders = (one["Prefix"] for one in page.get("CommonPrefixes", ()))
            keys = (one["Key"] for one in page.get("Contents", ()))
            for stands in (folders, keys):
                # A key that is the folder's own name is how consoles make empty folders.
                yield from (one[len(prefix) :] for one in stands if len(one) > len(prefix))
            after = page.get("NextContinuationToken")
            if not page.get("IsTruncated") or not after:
                return
            if after == named.get("ContinuationToken"):
                raise RepoError(f"{where}: the store tells the same page again and again")
            named["ContinuationToken"] = after

    def _learnt(self, found: Found, location: S3Location) -> Parts | None:
        """The parts of an object, asked for once; None where the store does not tell them.

        Raises:
            RepoError: The store could not be asked now.
        """
        if s3_parts.count(found.token) is None:
            return None
        key = (location, str(found.token))
        if key not in self._parts:

            def size_of(number: int) -> int | None:
                answer = self._client.head(found.source, _named(location), part=number)
                if not isinstance(answer, RepoError):
                    return s3_parts.size(answer, found.token)
                if not answer.permanent:
                    raise answer
                return None

            self._parts[key] = s3_parts.parts(found.token, found.size, size_of)
            if len(self._parts) > _REMEMBERED:
                del self._parts[next(iter(self._parts))]
        return self._parts[key]


def _named(location: S3Location) -> dict[str, Any]:
    named: dict[str, Any] = {
        "Bucket": location.bucket,
        # As in the Go tool, "/app.tar.gz" is the object "app.tar.gz".
        "Key": location.path.removeprefix("/"),
    }
    if location.version_id:
        named["VersionId"] = location.version_id
    if location.requester_pays:
        named["RequestPayer"] = "requester"
    if location.sse_customer_key:
        named["SSECustomerAlgorithm"] = "AES256"
        named["SSECustomerKey"] = _customer_key(location.sse_customer_key.reveal())
    return named


def _customer_key(text: str) -> bytes:
    """The 32 bytes of an SSE-C key, as they are or as base64."""
    raw = text.encode()
    if len(raw) == 32:
        return raw
    try:
        raw = base64.b64decode(raw, validate=True)
    except ValueError:
        raw = b""
    if len(raw) == 32:
        return raw
    raise RepoError(
        "the artifact's sseCustomerKey is not 32 bytes, nor their base64",
        cure="write the key the object was stored with",
        permanent=True,
    )


def _shown(location: S3Location) -> str:
    version = f"?versionId={location.version_id}" if location.version_id else ""
    return f"s3://{location.bucket}/{location.path.removeprefix('/')}{version}"


def _part(answer: Mapping[str, Any], source: str) -> Part:
    """The part that was sent; a store without ranges sends all of it."""
    if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") != 206:
        return lengths.WHOLE
    try:
        return lengths.part(answer.get("ContentRange"))
    except LengthError as error:
        raise RepoError(f"{source}: the store {error}") from error


def _found(
    answer: Mapping[str, Any], location: S3Location, computable: frozenset[Algorithm]
) -> Found:
    token = promises.token(answer)
    if not token:
        raise RepoError(
            f"{_shown(location)}: the store tells no ETag, so a change could not be seen",
            cure="let it send one",
            permanent=True,
        )
    return Found(
        token=token,
        source=_shown(location),
        name=PurePosixPath(location.path).name,
        size=answer.get("ContentLength"),
        content_type=str(answer.get("ContentType", "")).partition(";")[0].strip().lower(),
        md5=promises.md5(answer, location.bucket),
        sha256=promises.sha256(answer),
        checksums=promises.checksums(answer, computable),
        ref=str(answer.get("ETag", "")),
    )
