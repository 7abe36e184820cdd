"""The card of a release: the ``.json`` beside it, from which lost state can be rebuilt.

A release is whole if and only if it stands in ``releases/``; the card only tells what is known
of it, and is written before the release is renamed there.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import Any, Final

from dropship.core.values import Digest, Md5, Release, Token
from dropship.install.durable import write_file
from dropship.install.layout import Layout

ADOPTED: Final = "adopted-"
_CARD: Final = ".json"


def read(layout: Layout, name: str) -> Release | None:
    """The release ``name`` if it is whole and its card can be read.

    An adopted release needs no card: nothing is known of it but that it is there.
    """
    if not os.path.lexists(layout.release(name)):
        return None
    try:
        return _parse(name, json.loads(layout.card(name).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return Release(name) if name.startswith(ADOPTED) else None


def whole(layout: Layout) -> list[Release]:
    """Every release that ``read`` knows, the one staged first at the front."""
    found = (read(layout, name) for name in names(layout))
    return sorted((one for one in found if one), key=lambda one: (one.staged_at, one.name))


def names(layout: Layout) -> list[str]:
    """Names of everything that stands in ``releases/``, cards left out; sorted."""
    try:
        listed = [one.name for one in layout.releases.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(name for name in listed if not name.endswith(_CARD) and name[0] != ".")


def write(layout: Layout, release: Release, source: str) -> None:
    """Write the card of a release that is about to stand in ``releases/``.

    Raises:
        OSError: It could not be written.
    """
    card = {
        "name": release.name,
        "md5": release.digest.md5 if release.digest else None,
        "sha256": release.digest.sha256 if release.digest else None,
        "token": release.token,
        "source": source,
        "stagedAt": release.staged_at,
        "bytes": release.bytes,
        "entries": release.entries,
        "version": release.version,
        "recipe": release.recipe,
    }
    write_file(layout.card(release.name), json.dumps(card, indent=2).encode() + b"\n")


def free_name(layout: Layout, wanted: str) -> str:
    """``wanted``, or with ``-2``, ``-3`` … what is not taken yet."""
    name, count = wanted, 1
    while os.path.lexists(layout.release(name)) or os.path.lexists(layout.card(name)):
        count += 1
        name = f"{wanted}-{count}"
    return name


def stamp(seconds: float) -> str:
    """Seconds since the epoch as names of releases show them: ``20261123T031338Z``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def _parse(name: str, card: dict[str, Any]) -> Release:
    md5, sha256, version = card["md5"], card["sha256"], card["version"]
    return Release(
        name=name,
        digest=Digest(Md5(str(md5)), str(sha256)) if md5 is not None else None,
        token=Token(str(card["token"])),
        staged_at=float(card["stagedAt"]),
        bytes=int(card["bytes"]),
        entries=int(card["entries"]),
        version=None if version is None else str(version),
        recipe=str(card["recipe"]),
    )
