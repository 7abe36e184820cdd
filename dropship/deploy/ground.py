"""What is really on the ground of a service: where its link points, what state says of it."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import replace

from dropship.core import events as on
from dropship.core.saved import Journal, Saved
from dropship.core.values import Token
from dropship.install import activate, adopt
from dropship.install import release as cards
from dropship.install.layout import Layout


def look(layout: Layout, saved: Saved) -> on.TokenSeen:
    """Where the destination points now, and what stands there that is not ours."""
    name = activate.current(layout)
    known = saved.release(name) if name else None
    linked = known or (cards.read(layout, name) if name else None)
    if linked is not None and not os.path.lexists(layout.release(linked.name)):
        linked = None
    current = saved.current
    lost = current is not None and not os.path.lexists(layout.release(current.name))
    standing = adopt.standing(layout, time.time) if name is None else None
    staged = saved.staged
    staged_lost = staged is not None and not os.path.lexists(layout.release(staged.name))
    previous = saved.previous
    return on.TokenSeen(
        token=Token(""),
        linked=linked,
        standing=standing,
        lost=lost,
        staged_lost=staged_lost,
        previous_lost=previous is not None and not os.path.lexists(layout.release(previous.name)),
    )


def known(
    layout: Layout,
    disk: Saved | None,
    journal: Journal | None,
    log: logging.LoggerAdapter[logging.Logger],
) -> Saved:
    """The state on disk, mended where the destination has moved or there is none."""
    destination = str(layout.destination)
    if disk is None and journal is not None:
        return Saved(destination=destination)  # a first install that was cut off
    if disk is None:
        return _rebuilt(layout, log)
    if disk.destination in ("", destination):
        return replace(disk, destination=destination)
    log.warning(
        "the destination has changed from %s, which is left as it is, to %s",
        disk.destination, destination,
    )  # fmt: skip
    # The old link still leads into the same folder of releases, perhaps.
    left = (*disk.left, *((disk.current,) if disk.current else ()))
    return Saved(
        destination=destination,
        left=left,
        tokens=disk.tokens,
        quarantine=disk.quarantine,
        paused=disk.paused,
        pinned=disk.pinned,
    )


def _rebuilt(layout: Layout, log: logging.LoggerAdapter[logging.Logger]) -> Saved:
    """State from an own link that is in place: nothing is downloaded again."""
    everything = tuple(reversed(cards.whole(layout)))
    name = activate.current(layout)
    current = cards.read(layout, name) if name else None
    # Whatever stands there may be all that is left: nothing of it is swept away.
    others = tuple(one for one in everything if current is None or one.name != current.name)
    saved = Saved(destination=str(layout.destination), kept=others)
    if current is None:
        return saved
    log.warning("there was no state: it is rebuilt from %s", layout.card(current.name))
    saved = replace(saved, current=current, installed_at=current.staged_at)
    return saved.note(current.token, current.md5) if current.md5 else saved
