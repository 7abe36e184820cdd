"""The versions of a service's artifact: what its store has, and which of them is the one.

The store is asked; nothing is changed.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from dropship.config.model import ServiceConfig
from dropship.core.pattern import PLACE
from dropship.core.saved import Saved
from dropship.core.version import key, older
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
        stored: The store has it.
        older: It would be picked, were it not older than what is installed.
        quarantined: What the store had by this name is not tried again on this host.
    """

    version: str
    matches: bool
    picked: bool
    installed: bool
    pinned: bool
    stored: bool
    older: bool
    quarantined: bool


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
    """What the store has, newest first; and what is installed or pinned, though it be gone from there.

    Raises:
        DropshipError: The service has none, the store cannot be asked, or state cannot be read.
    """
    see(rig.service)
    saved, order = rig.store.load() or Saved(), rig.facts.order
    there = rig.source.versions()
    installed = saved.current.version if saved.current else None
    newest = saved.pinned or rig.source.newest(there)
    back = saved.pinned is None and _back(rig, newest, installed)
    here = [one for one in (installed, saved.pinned) if one and key(order, one) is not None]
    return [
        Version(
            version=one,
            matches=rig.source.admits(one),
            picked=one == newest and one in there and not back,
            installed=one == installed,
            pinned=one == saved.pinned,
            stored=one in there,
            older=back and one == newest,
            quarantined=_quarantined(saved, one),
        )
        for one in sorted({*there, *here}, key=lambda one: (key(order, one), one), reverse=True)
    ]


def _back(rig: Rig, newest: str | None, installed: str | None) -> bool:
    """Whether the newest one that is wanted comes before the installed one, and may not."""
    if newest is None or installed is None or rig.facts.downgrades:
        return False
    return older(rig.facts.order, newest, installed)


def _quarantined(saved: Saved, version: str) -> bool:
    """By what the store last had of that name, as far as this host has seen it."""
    begins = f"{version} "
    seen = (known.md5 for known in saved.tokens if known.token.startswith(begins))
    return saved.quarantined(next(seen, None)) is not None


def spelled(rig: Rig, wanted: str) -> str:
    """The version that an operator means, as its store or this host spells it.

    Raises:
        DropshipError: There is none, or the store cannot be asked.
    """
    there, saved = rig.source.versions(), rig.store.load() or Saved()
    here = [one.version for one in saved.releases if one.version is not None]
    rank = key(rig.facts.order, wanted)
    same = [one for one in (*there, *here) if rank and key(rig.facts.order, one) == rank]
    found = wanted if wanted in (*there, *here) else next(iter(same), None)
    if found is not None and (found in here or rig.source.has(found)):
        return found
    if found is not None:
        raise DropshipError(
            f"version {found} of {rig.service.name} has a place in the store, and no artifact",
            cure="publish it whole first",
        )
    near = difflib.get_close_matches(wanted, there, 1)
    newest = ", ".join(there[:_NAMED]) or "none"
    raise DropshipError(
        f"there is no version {wanted} of {rig.service.name} in its store",
        cure=f"did you mean {near[0]}?" if near else f"the newest there: {newest}",
    )
