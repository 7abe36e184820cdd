"""Amazon S3 and what speaks its language: ``artifact "s3" { bucket = "b" path = "api.tar.gz" }``.

What asks, and boto3 with it, is imported when a repo is made, not with this module: it is large,
and `validate` needs only the keys. That half is ``repos.s3_store``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dropship.core.option import option
from dropship.core.values import Secret
from dropship.errors import ConfigError
from dropship.repos import Body, Found
from dropship.repos.options import StoreOptions
from dropship.repos.pace import paced

if TYPE_CHECKING:
    from dropship.repos.s3_store import Store


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
        from dropship.repos import s3_store  # noqa: PLC0415 - boto3 is large, see above

        self._rate = options.max_rate
        self._store: Store = s3_store.Store(options)

    def prepare(self, location: S3Location) -> None:
        """Build what will be asked all day, for those who share this memory."""
        self._store.prepare(location)

    def find(self, location: S3Location) -> Found:
        """Ask for what is known of the object.

        Raises:
            RepoError: The store could not be asked, or has no such object.
        """
        return self._store.find(location)

    def open(self, location: S3Location, found: Found, offset: int = 0) -> Body:
        """Ask for the bytes of exactly that object.

        Raises:
            MovedError: It is another by now.
            RepoError: The store could not be asked.
        """
        return paced(self._store.open(location, found, offset), self._rate)

    def names(self, location: S3Location, folder: str, begins: str) -> Iterator[str]:
        """What stands in a folder of the bucket, a page at a time.

        Raises:
            RepoError: The store could not be asked, or does not let us list.
        """
        return self._store.names(location, folder, begins)

    def close(self) -> None:
        """Give back connections."""
        self._store.close()
