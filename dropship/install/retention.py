"""Which releases stay on disk: those that state names. The others are renamed away, then deleted."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from dropship.core.watch import Watch
from dropship.errors import StageError
from dropship.install import release as cards
from dropship.install.activate import current, link_text
from dropship.install.durable import draft_of, sync_folder
from dropship.install.layout import Layout
from dropship.install.remove import mounted_in, remove


def prune(layout: Layout, keep: Collection[str], watch: Watch | None = None) -> None:
    """Delete releases that are not in ``keep``; never the current one, never an adopted one.

    Each is first renamed into ``staging/``: a kill must not leave half a release that could be
    gone back to. One with something mounted in it stays where it is.

    Raises:
        StageError: Something could not be deleted; the rest was, and the sweep tries again.
    """
    spared = {*keep, current(layout)}
    faults: list[OSError] = []
    for name in cards.names(layout):
        if name in spared or (name.startswith(cards.ADOPTED) and not _unfinished(layout, name)):
            continue
        if not mounted_in(layout.release(name)):
            _attempt(layout, name, watch, faults)
    if faults:
        raise StageError(
            f"an old release in {layout.root} could not be deleted: {faults[0]}",
            cure="delete it by hand, or see who holds it",
        ) from faults[0]


def discard(layout: Layout, name: str, watch: Watch | None = None) -> None:
    """Delete one release that is not current.

    Raises:
        OSError: It could not be deleted.
    """
    if os.path.lexists(layout.release(name)):
        doomed = _bring_out(layout, name)
        remove(doomed, *((watch.look,) if watch else ()))
    else:
        layout.card(name).unlink(missing_ok=True)


def drop_orphans(layout: Layout) -> None:
    """Remove cards without a release, whole or half written: of a driver that was killed."""
    whole = set(cards.names(layout))
    for draft in layout.releases.glob(draft_of(Path("*.json")).name):
        draft.unlink(missing_ok=True)
    for card in layout.releases.glob("*.json"):
        if card.stem not in whole:
            card.unlink(missing_ok=True)


def _attempt(layout: Layout, name: str, watch: Watch | None, faults: list[OSError]) -> None:
    try:
        discard(layout, name, watch)
    except OSError as error:
        faults.append(error)


def _bring_out(layout: Layout, name: str) -> Path:
    layout.staging.mkdir(mode=0o700, exist_ok=True)
    away = layout.staging / f"pruned-{name}"
    count = 1
    while os.path.lexists(away):
        count += 1
        away = layout.staging / f"pruned-{name}-{count}"
    _let_move(layout, name)
    layout.release(name).rename(away)
    layout.card(name).unlink(missing_ok=True)
    sync_folder(layout.releases)
    return away


def _let_move(layout: Layout, name: str) -> None:
    """A folder's own mode must let its ``..`` be changed; root may lack CAP_DAC_OVERRIDE."""
    tree = layout.release(name)
    mode = tree.lstat().st_mode
    if stat.S_ISDIR(mode) and not mode & stat.S_IWUSR:
        tree.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)


def _unfinished(layout: Layout, name: str) -> bool:
    """What an adoption leaves that was killed before its exchange: the link it would have put."""
    try:
        return str(layout.release(name).readlink()) == link_text(layout, name)
    except OSError:
        return False
