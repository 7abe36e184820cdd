"""Whether anything but an artifact's length tells that its bytes are the right ones.

Where nothing does, an operator should know: once in a worker's life, and again if the store's
tokens become of another kind, as when what was uploaded at once is uploaded in parts from then on.
"""

from __future__ import annotations

import re
from typing import Final

from dropship.deploy.rig import Rig
from dropship.repos import Found

_CURE: Final = (
    'pin it with `sha256`, write `checksum = "sidecar"`, or upload it with a checksum '
    "that the store keeps"
)
_VARIES: Final = re.compile(r"[0-9A-Za-z]+")


def vouched(rig: Rig, found: Found) -> bool:
    """Somebody says what the bytes come to, or they are this host's own."""
    artifact = rig.service.artifact
    return bool(found.promised or artifact.md5 or artifact.sha256 or rig.source.local)


def doubt(rig: Rig, found: Found) -> str:
    """What to say of an artifact of which only the length can be checked; else empty."""
    if vouched(rig, found):
        return ""
    return f"{found.source} comes without a digest: only its length can be checked; {_CURE}"


class Doubts:
    """Remembers of which kinds of tokens it was said."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._said: set[str] = set()

    def news(self, found: Found) -> str:
        """What is to be said now; empty if nothing is, or it was."""
        kind = _VARIES.sub("x", found.token)
        told = doubt(self._rig, found)
        if not told or kind in self._said:
            return ""
        self._said.add(kind)
        return told
