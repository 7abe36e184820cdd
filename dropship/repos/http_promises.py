"""What web servers promise of the bytes they send, in their several ways.

``Repr-Digest`` and ``Content-Digest`` (RFC 9530), ``Digest`` (RFC 3230), ``Content-MD5`` (RFC 1864),
``X-Checksum-*`` of artifact stores (Artifactory, Nexus, Maven repositories), ``x-goog-hash`` of
Google's and ``x-amz-checksum-*`` of Amazon's object store.

A promise is only taken where it is one of the artifact's stored bytes, all of them: not where the
answer was transformed on its way, not from a digest of digests, and of headers that speak of the
bytes that were sent, only where all were. One that makes no sense is passed over, as is one that
this host cannot compute: both are no more than a promise less.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Container, Iterator, Mapping
from typing import Final, NamedTuple

from dropship.core.checksum import Algorithm, Checksum
from dropship.core.values import Md5
from dropship.repos import digests

_BYTES: Final[dict[Algorithm, int]] = {
    "md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "crc32": 4, "crc32c": 4, "crc64nvme": 8,
}  # fmt: skip
# As the headers spell them, without dashes: sha-256, SHA-256, sha256; RFC 9530 calls sha-1 "sha".
_NAMES: Final[dict[str, Algorithm]] = {
    "md5": "md5", "sha": "sha1", "sha1": "sha1", "sha256": "sha256", "sha512": "sha512",
    "crc32c": "crc32c",
}  # fmt: skip
_AMAZON: Final[tuple[Algorithm, ...]] = ("sha256", "sha1", "crc64nvme", "crc32c", "crc32")
_HEXED: Final[tuple[Algorithm, ...]] = ("sha512", "sha256", "sha1", "md5")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_DICTIONARY: Final = re.compile(r"([a-z0-9-]+)=:([A-Za-z0-9+/=]*):")


class Promises(NamedTuple):
    """What the bytes come to, as in ``repos.Found``."""

    md5: Md5 | None = None
    sha256: str | None = None
    checksums: tuple[Checksum, ...] = ()


NONE: Final = Promises()


def known() -> frozenset[Algorithm]:
    """What this host can compute; loads what that takes."""
    return frozenset(algorithm for algorithm in _BYTES if digests.computable(algorithm))


def promises(
    headers: Mapping[str, str], computable: Container[Algorithm], *, whole: bool, sent: bool
) -> Promises:
    """What the headers of a good answer promise; ``headers`` is looked up whatever the case.

    ``whole``: The answer is of the whole artifact, and not of a part. ``sent``: And it has a body.
    """
    if _transformed(headers):
        return NONE
    found: dict[Algorithm, str] = {}
    for algorithm, value in _told(headers, whole=whole, sent=sent):
        if value is not None and algorithm not in found and algorithm in computable:
            found[algorithm] = value
    md5, sha256 = found.pop("md5", None), found.pop("sha256", None)
    return Promises(
        Md5(md5) if md5 else None, sha256, tuple(Checksum(*one) for one in found.items())
    )


def _transformed(headers: Mapping[str, str]) -> bool:
    """What is promised may be of other bytes than those that come."""
    coded = (
        headers.get(name, "identity").strip().lower()
        for name in ("Content-Encoding", "x-goog-stored-content-encoding")
    )
    return any(one not in {"", "identity"} for one in coded) or headers.get(
        "ETag", ""
    ).strip().startswith("W/")


def _told(
    headers: Mapping[str, str], *, whole: bool, sent: bool
) -> Iterator[tuple[Algorithm, str | None]]:
    """All that is said; None for what makes no sense."""
    yield from _structured(headers.get("Repr-Digest", ""))
    if sent and whole:  # to HEAD it is that of an empty body
        yield from _structured(headers.get("Content-Digest", ""))
    yield from _listed(headers.get("Digest", ""))
    for algorithm in _HEXED:
        yield algorithm, _hex(algorithm, headers.get(f"X-Checksum-{algorithm}", ""))
    yield from _listed(headers.get("x-goog-hash", ""))
    if whole:
        yield "md5", _base64("md5", headers.get("Content-MD5", ""))
        yield from _amazon(headers)


def _structured(text: str) -> Iterator[tuple[Algorithm, str | None]]:
    """RFC 9530, 2: ``sha-256=:BASE64:, sha-512=:BASE64:``."""
    for name, value in _DICTIONARY.findall(text):
        if algorithm := _NAMES.get(name.replace("-", "")):
            yield algorithm, _base64(algorithm, value)


def _listed(text: str) -> Iterator[tuple[Algorithm, str | None]]:
    """RFC 3230, 4.3.2, and Google's likewise: ``SHA-256=BASE64,MD5=BASE64``."""
    for one in text.split(","):
        name, _, value = one.strip().partition("=")
        if algorithm := _NAMES.get(name.lower().replace("-", "")):
            yield algorithm, _base64(algorithm, value)


def _amazon(headers: Mapping[str, str]) -> Iterator[tuple[Algorithm, str | None]]:
    """Those of objects put together from parts are digests of digests, or end in ``-PARTS``."""
    if headers.get("x-amz-checksum-type", "FULL_OBJECT").upper() == "FULL_OBJECT":
        for algorithm in _AMAZON:
            yield algorithm, _base64(algorithm, headers.get(f"x-amz-checksum-{algorithm}", ""))


def _base64(algorithm: Algorithm, text: str) -> str | None:
    try:
        value = b64decode(text.strip(), validate=True)
    except (Error, ValueError):
        return None
    return value.hex() if len(value) == _BYTES[algorithm] else None


def _hex(algorithm: Algorithm, text: str) -> str | None:
    value = text.strip().lower()
    good = _HEX.fullmatch(value) and len(value) == 2 * _BYTES[algorithm]
    return value if good else None
