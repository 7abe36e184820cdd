"""What S3's answer about an object promises of its bytes."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from dropship.core.checksum import Algorithm, Checksum
from dropship.core.values import Md5, Token
from dropship.repos.digests import computable

_MD5: Final = re.compile(r"[0-9a-f]{32}")
# Digests by botocore's names, and how many bytes they have. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
_CHECKSUMS: Final[Mapping[str, tuple[Algorithm, int]]] = {
    "ChecksumSHA1": ("sha1", 20),
    "ChecksumCRC64NVME": ("crc64nvme", 8),
    "ChecksumCRC32C": ("crc32c", 4),
    "ChecksumCRC32": ("crc32", 4),
}


def known() -> frozenset[Algorithm]:
    """What this host can compute; asked before anything is forked, as some has to be imported."""
    return frozenset(how for how, _ in _CHECKSUMS.values() if computable(how))


def token(answer: Mapping[str, Any]) -> Token:
    """The ETag without its quotes; empty if there is none."""
    return Token(str(answer.get("ETag", "")).strip('"'))


def plain(answer: Mapping[str, Any], bucket: str) -> bool:
    """Whether the ETag is made of md5s: not encrypted with a key of KMS or our own.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html; nor in directory buckets.
    """
    encrypted = str(answer.get("ServerSideEncryption", "")).startswith("aws:")
    return not (encrypted or answer.get("SSECustomerAlgorithm") or bucket.endswith("--x-s3"))


def md5(answer: Mapping[str, Any], bucket: str) -> Md5 | None:
    """The ETag, where it is the md5 of all bytes."""
    etag = token(answer)
    return Md5(str(etag)) if plain(answer, bucket) and _MD5.fullmatch(etag) else None


def sha256(answer: Mapping[str, Any]) -> str | None:
    """The SHA-256 that was uploaded with the object."""
    return _checksum(answer, "ChecksumSHA256", 32)


def checksums(answer: Mapping[str, Any], computable: frozenset[Algorithm]) -> tuple[Checksum, ...]:
    """What else was uploaded with the object, of what is ``computable``."""
    found = (
        (how, _checksum(answer, name, length))
        for name, (how, length) in _CHECKSUMS.items()
        if how in computable
    )
    return tuple(Checksum(how, value) for how, value in found if value)


def _checksum(answer: Mapping[str, Any], name: str, length: int) -> str | None:
    """A checksum in hex, where it is one of all bytes and not of checksums of parts."""
    text = str(answer.get(name, ""))
    if not text or answer.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT" or "-" in text:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw.hex() if len(raw) == length else None
