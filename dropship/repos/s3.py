"""Amazon S3 and what speaks its language: ``artifact "s3" { bucket = "b" path = "api.tar.gz" }``.

boto3 is imported when a repo is made, not with this module: it is large, and `validate` needs
only the keys. That half is ``repos.s3_client``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from dropship.core.option import option
from dropship.core.values import Md5, Secret, Token
from dropship.errors import ConfigError, MovedError, RepoError
from dropship.net import lengths
from dropship.net.lengths import LengthError, Part
from dropship.repos import Body, Found
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced

if TYPE_CHECKING:
    from dropship.repos.s3_client import Client

_MD5: Final = re.compile(r"[0-9a-f]{32}")
# Answers to HEAD have no body, so these say too little of what is wrong.
_MUTE: Final = frozenset({"400", "403", "404", "301"})


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
        Secret(""), otherwise="boto3's usual chain finds it", doc="Secret key.", secret=True
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


class S3Repo:
    """Objects by bucket and key, known by their ETag."""

    Options = S3Options
    Location = S3Location

    def __init__(self, options: S3Options) -> None:
        if bool(options.access_key) != bool(options.secret):
            missing = "secret" if options.access_key else "accessKey"
            raise ConfigError(f"the s3 repo has no {missing}", cure="set both, or neither")
        from dropship.repos import s3_client  # noqa: PLC0415 - boto3 is large, see above

        self._rate = options.max_rate
        self._client: Client = s3_client.Client(options)

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
            raise self._clearer(answer, location)
        return _found(answer, location)

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
        if _token(answer) != found.token:
            raise MovedError(f"{found.source} changed since it was looked at")
        part, sent = _part(answer, found.source), answer.get("ContentLength")
        if part.begins > offset:
            raise RepoError(f"{found.source}: the store sent another part than asked for")
        total = part.total if part is not lengths.WHOLE else sent
        if found.size is not None and total not in {None, found.size}:
            raise MovedError(
                f"{found.source}: {total} bytes are sent, and {found.size} were announced"
            )
        length = None if found.size is None else found.size - part.begins
        # Entering botocore's body gives urllib3's response, which need not wait for a full
        # buffer; that its bytes are counted is our body's work then.
        raw = answer["Body"].__enter__()
        return self._client.body(raw, source=found.source, length=length, skip=offset - part.begins)

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _clearer(self, error: RepoError, location: S3Location) -> RepoError:
        """The same question as a GET of one byte, whose answer says what is wrong."""
        if getattr(error, "code", "") not in _MUTE:
            return error
        answer = self._client.ask(
            "get_object", _shown(location), _named(location), Range="bytes=0-0"
        )
        if isinstance(answer, RepoError):
            return answer
        answer["Body"].close()
        return error


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


def _found(answer: Mapping[str, Any], location: S3Location) -> Found:
    token = _token(answer)
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
        md5=_md5(answer, location),
        sha256=_sha256(answer),
        ref=str(answer.get("ETag", "")),
    )


def _token(answer: Mapping[str, Any]) -> Token:
    return Token(str(answer.get("ETag", "")).strip('"'))


def _md5(answer: Mapping[str, Any], location: S3Location) -> Md5 | None:
    """The ETag, where it is the md5: one part, and not encrypted with a key of KMS or our own.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html; nor in directory buckets.
    """
    etag = _token(answer)
    encrypted = str(answer.get("ServerSideEncryption", "")).startswith("aws:")
    if encrypted or answer.get("SSECustomerAlgorithm") or location.bucket.endswith("--x-s3"):
        return None
    return Md5(str(etag)) if _MD5.fullmatch(etag) else None


def _sha256(answer: Mapping[str, Any]) -> str | None:
    """The checksum that was uploaded with the object, where it is of all its bytes."""
    text = str(answer.get("ChecksumSHA256", ""))
    if not text or answer.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT" or "-" in text:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw.hex() if len(raw) == 32 else None
