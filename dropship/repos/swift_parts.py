"""Large objects of Swift: what their segments come to. Judges what is told, asks nobody.

The ETag of a large object is the md5 of its segments' ETags, one behind the other in hex; a
segment's ETag is the md5 of its bytes unless it is a large object itself, or only a range of it is
meant (https://docs.openstack.org/swift/latest/overview_large_objects.html). Then nothing can be
recomputed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from dropship.core.checksum import Parts
from dropship.core.values import Md5

_MD5: Final = re.compile(r"[0-9a-f]{32}")
# Of a manifest, then of a listing: an entry that has one is more, or less, than its own bytes.
_UNLIKE: Final = ("range", "sub_slo", "slo_etag", "symlink_path", "symlink_etag")


class _Segment(NamedTuple):
    size: int
    md5: str


def joined(entries: Sequence[Any], etag: str, total: int | None) -> Parts | None:
    """The parts that a manifest or a listing tells of; None unless they come to ``etag`` and ``total``."""
    segments = [_segment(one) for one in entries]
    known = [one for one in segments if one is not None]
    if len(known) != len(segments) or sum(one.size for one in known) != total:
        return None
    digests = "".join(one.md5 for one in known).encode()
    if hashlib.md5(digests, usedforsecurity=False).hexdigest() != etag:
        return None
    return Parts(tuple(one.size for one in known), Md5(etag), "hex")


def _segment(entry: Any) -> _Segment | None:
    if not isinstance(entry, Mapping) or any(entry.get(name) for name in _UNLIKE):
        return None
    if isinstance(data := entry.get("data"), str):  # a segment that stands in the manifest itself
        return _inline(data)
    size, digest = entry.get("bytes"), str(entry.get("hash", "")).strip('"').lower()
    if not isinstance(size, int) or size < 0 or not _MD5.fullmatch(digest):
        return None
    return _Segment(size, digest)


def _inline(text: str) -> _Segment | None:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return _Segment(len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())
