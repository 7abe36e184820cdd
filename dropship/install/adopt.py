"""Keeping what stands at a destination before the first update: it becomes a release.

A real folder or file changes places with the link in one atomic step where the file system can
(RENAME_EXCHANGE). Where it cannot, it is moved away and the link put in its place; a symlink
``adopting`` in the service's folder names the step, so that a crash in the gap between the two
is mended by ``finish``. A symlink of somebody else's is kept as a link: the release is that link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dropship.core.values import Release
from dropship.errors import ActivationError
from dropship.install import activate, taking
from dropship.install import release as cards
from dropship.install.durable import sync_folder
from dropship.install.layout import Layout
from dropship.linux import rename

_CANNOT_EXCHANGE: Final = (errno.EINVAL, errno.ENOSYS, errno.EPERM)


def standing(layout: Layout, clock: Callable[[], float]) -> Release | None:
    """What ``adopt`` would make of the destination now: nothing is changed.

    Returns:
        None if nothing stands there, or it is our own link.
    """
    if activate.current(layout) is not None or not os.path.lexists(layout.destination):
        return None
    now = clock()
    name = cards.free_name(layout, cards.ADOPTED + cards.stamp(now))
    return Release(name, staged_at=now)


def adopt(
    layout: Layout, clock: Callable[[], float], release: Release | None = None
) -> Release | None:
    """Make a release of what stands at the destination, and the destination a link to it.

    ``release`` is what ``standing`` said, where that was written down before.

    Returns:
        The release, or None if nothing stands there or it is our own link.

    Raises:
        ActivationError: It cannot be moved; everything is as it was, unless the message says
            otherwise.
    """
    finish(layout)
    found = standing(layout, clock)
    if found is None:
        return None
    release = release or found
    try:
        layout.releases.mkdir(parents=True, exist_ok=True)
        cards.write(layout, release, source=str(layout.destination))
        _take(layout, release.name)
    except OSError as error:
        if not os.path.lexists(layout.release(release.name)):
            layout.card(release.name).unlink(missing_ok=True)
        raise _refusal(layout, error) from error
    return release


def finish(layout: Layout) -> None:
    """Finish an adoption that a crash cut in two; nothing to do otherwise.

    Raises:
        ActivationError: The link could not be put in place.
        OSError: Likewise the link to what was moved to ``shared/`` out of it.
    """
    taking.finish(layout)
    try:
        name = str(layout.adopting.readlink())
    except OSError:
        return
    moved = os.path.lexists(layout.release(name))
    if moved and not os.path.lexists(layout.destination):
        activate.restore(layout, name)
    layout.adopting.unlink(missing_ok=True)


def left_behind(layout: Layout, adopted: str, new: Path, limit: int = 1000) -> int:
    """How many files the adopted release holds that the new one does not; counts to ``limit``."""
    old = layout.release(adopted)
    if old.is_symlink() or not old.is_dir():
        return 0
    count = 0
    for folder, _, files in os.walk(old):
        inside = new / os.path.relpath(folder, old)
        count += sum(1 for file in files if not os.path.lexists(inside / file))
        if count >= limit:
            return limit
    return count


def _take(layout: Layout, name: str) -> None:
    if stat.S_ISLNK(layout.destination.lstat().st_mode):
        _take_link(layout, name)
    else:
        _take_real(layout, name)
    sync_folder(layout.releases)
    sync_folder(layout.destination.parent)


def _take_link(layout: Layout, name: str) -> None:
    """The same target, said from where the release is; then the destination leads through it."""
    home = os.path.realpath(layout.destination.parent)
    here = os.path.realpath(layout.releases)
    # Not normalised: "link/.." means what the kernel makes of it, not what the text says. An
    # absolute target stays as it is.
    layout.release(name).symlink_to(
        Path(os.path.relpath(home, here)) / layout.destination.readlink()
    )
    activate.restore(layout, name)


def _take_real(layout: Layout, name: str) -> None:
    place = layout.release(name)
    place.symlink_to(activate.link_text(layout, name))
    try:
        rename.exchange(layout.destination, place)
    except OSError as error:
        place.unlink()
        if error.errno not in _CANNOT_EXCHANGE:
            raise
        _take_in_two_steps(layout, name)


def _take_in_two_steps(layout: Layout, name: str) -> None:
    layout.adopting.unlink(missing_ok=True)
    layout.adopting.symlink_to(name)
    sync_folder(layout.root)
    try:
        layout.destination.rename(layout.release(name))
    except OSError:
        layout.adopting.unlink()
        raise
    try:
        finish(layout)
    except BaseException:
        if not os.path.lexists(layout.destination):
            layout.release(name).rename(layout.destination)
            layout.adopting.unlink(missing_ok=True)
        raise


def _refusal(layout: Layout, error: OSError) -> ActivationError:
    if error.errno == errno.EXDEV:
        return ActivationError(
            f"what stands at {layout.destination} cannot be moved to {layout.releases}: it is on "
            "another file system, or on a lower layer of a container's image",
            cure="set `releasePath` to the same file system, or move it away by hand",
        )
    return ActivationError(
        f"what stands at {layout.destination} cannot be kept as a release: {error.strerror}",
        cure=f"let user {os.geteuid()} write to it and to {layout.destination.parent}, "
        "or move it away by hand",
    )
