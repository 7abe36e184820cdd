"""Amazon S3 and what speaks its language: ``artifact "s3" { bucket = "b" path = "api.tar.gz" }``.

boto3 is imported when a repo is made, not with this module: it is large, and `validate` needs
only the keys. That half is ``repos.s3_client``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from dropship.core.checksum import Algorithm, Parts
from dropship.core.option import option
from dropship.core.values import Secret
from dropship.errors import ConfigError, MovedError, RepoError
from dropship.net import lengths
from dropship.net.lengths import LengthError, Part
from dropship.repos import Body, Found, s3_parts
from dropship.repos import s3_promises as promises
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced
from dropship.repos.sent import left

if TYPE_CHECKING:
    from dropship.repos.s3_client import Client

# Artifacts whose parts are remembered: a worker has one, the supervisor may ask for all.
_REMEMBERED: Final = 8


@dataclass(frozen=True, slots=True)
class S3Options(StoreOptions):
    """Keys of an ``s3`` repo."""

    access_key: str = option(
        "",
        otherwise="boto3's usual chain finds it",
        doc="Access key.",
        needs="secret",
    )
    secret: Secret = option(
        Secret(""),
        otherwise="boto3's usual chain finds it",
        doc="Secret key.",
        secret=True,
        needs="accessKey",
    )
    token: Secret = option(Secret(""), doc="Session token of temporary credentials.", secret=True)
    region: str = option(
        "",
        key="name",
        aliases=("region",),
        otherwise="boto3's, else `us-east-1`",
        doc="The region.",
    )
    endpoint: str = option(
        "", otherwise="Amazon's", doc="Whole URL of a store that is not Amazon's."
    )
    profile: str = option("", doc="Profile of the AWS configuration files.")
    role_arn: str = option("", doc="Role to assume.")
    role_session_name: str = option(
        "", otherwise="`dropship`", doc="What the role's session is called.", needs="roleArn"
    )
    external_id: str = option("", doc="External id the role asks for.", needs="roleArn")
    anonymous: bool = option(False, doc="Sign nothing, for a bucket that everybody may read.")
    ca_bundle: str = option(
        "", otherwise="boto3's", doc="File of the certificate authorities to trust."
    )
    path_style: bool | None = option(
        None,
        otherwise="true where `endpoint` is not Amazon's",
        doc="Whether the bucket stands in the path.",
    )


@dataclass(frozen=True, slots=True)
class S3Location:
    """Keys of an artifact in an ``s3`` repo."""

    bucket: str = option(doc="The bucket.")
    path: str = option(doc="The object's key.")
    version_id: str = option("", otherwise="the newest", doc="One version of it.")
    sse_customer_key: Secret = option(
        Secret(""), doc="Key it is encrypted with (SSE-C): 32 bytes, or their base64.", secret=True
    )
    requester_pays: bool = option(False, doc="Pay for requests to somebody else's bucket.")

    def at(self, address: str) -> S3Location:
        """Another object of the same bucket; versions are of one object."""
        return replace(self, path=address, version_id="")


class S3Repo:
    """Objects by bucket and key, known by their ETag."""

    Options = S3Options
    Location = S3Location

    def __init__(self, options: S3Options) -> None:
        if options.anonymous and (options.access_key or options.role_arn or options.profile):
            raise ConfigError(
                "the s3 repo is anonymous, and has credentials", cure="write one or the other"
            )
        if bool(options.access_key) != bool(options.secret):
            missing = "secret" if options.access_key else "accessKey"
            raise ConfigError(f"the s3 repo has no {missing}", cure="set both, or neither")
        from dropship.repos import s3_client  # noqa: PLC0415 - boto3 is large, see above

        self._rate = options.max_rate
        self._client: Client = s3_client.Client(options)
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
            return paced(self._body(answer, found, offset), self._rate)
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
