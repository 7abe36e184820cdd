"""The versions of a service's artifact: what its store has, and which of them is the one.

The store is asked; nothing is changed.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from dropship.config.model import ServiceConfig
from dropship.core.saved import Saved
from dropship.core.version import PLACE, key
from dropship.deploy.rig import Rig
from dropship.errors import DropshipError
from dropship.repos.address import pattern_of

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Version:
    """One version.

    Attributes:
        version: As it stands in the store.
        matches: The constraint admits it.
        picked: It is the one that a check takes now.
        installed: It is current on this host.
        pinned: The service is held at it.
    """

    version: str
    matches: bool
    picked: bool
    installed: bool
    pinned: bool


def see(service: ServiceConfig, wanted: str | None = None) -> None:
    """See that a service has versions, and that ``wanted`` may be one.

    Whoever may ask for a version chooses among those of the artifact, and nothing beside them.

    Raises:
        DropshipError: It has none, or that is none.
    """
    pattern = pattern_of(service.artifact.location)
    if pattern is None:
        raise DropshipError(
            f"{service.name} has no versions: there is no {PLACE} in its artifact's path",
            cure=f'write where it stands, such as path = "api-{PLACE}.tar.gz"',
        )
    if wanted is not None and not pattern.takes(wanted):
        raise DropshipError(
            f"{wanted!a} cannot be a version of {service.name}",
            cure="name one of dropship versions",
        )


def versions(rig: Rig) -> list[Version]:
    """What the store has, newest first.

    Raises:
        DropshipError: The service has none, the store cannot be asked, or state cannot be read.
    """
    see(rig.service)
    saved = rig.store.load() or Saved()
    there = rig.source.versions()
    matching = [one for one in there if rig.source.admits(one)]
    picked = saved.pinned or next(iter(matching), None)
    installed = saved.current.version if saved.current else None
    return [
        Version(
            version=one,
            matches=one in matching,
            picked=one == picked,
            installed=one == installed,
            pinned=one == saved.pinned,
        )
        for one in there
    ]


def spelled(rig: Rig, wanted: str) -> str:
    """The version that an operator means, as its store or this host spells it.

    Raises:
        DropshipError: There is none, or the store cannot be asked.
    """
    there, saved = rig.source.versions(), rig.store.load() or Saved()
    here = [one.version for one in saved.releases if one.version is not None]
    rank = key(rig.facts.order, wanted)
    same = [one for one in (*there, *here) if rank and key(rig.facts.order, one) == rank]
    if wanted in (*there, *here):
        return wanted
    if same:
        return same[0]
    near = difflib.get_close_matches(wanted, there, 1)
    newest = ", ".join(there[:_NAMED]) or "none"
    raise DropshipError(
        f"there is no version {wanted} of {rig.service.name} in its store",
        cure=f"did you mean {near[0]}?" if near else f"the newest there: {newest}",
    )
