"""The one atomic step that makes a release current: a symlink renamed over the destination.

Nothing here imports anything, opens a file of the program, or deletes a release.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from dropship.core.values import Release
from dropship.errors import ActivationError
from dropship.install.durable import sync_folder
from dropship.install.layout import Layout
from dropship.linux import mounts


@dataclass(frozen=True, slots=True)
class StagedRelease:
    """A release that stands whole, verified and synced in ``releases/``; made by ``stage`` only."""

    release: Release
    path: Path


def activate(layout: Layout, staged: StagedRelease) -> None:
    """Make a staged release current.

    Raises:
        ActivationError: It did not come to that, or the step may not be on disk yet;
            ``current`` tells which release the link names now.
    """
    restore(layout, staged.release.name)


def restore(layout: Layout, name: str) -> None:
    """Make a release that stands in ``releases/`` current.

    Raises:
        ActivationError: As ``activate``.
    """
    if not os.path.lexists(layout.release(name)):
        raise ActivationError(
            f"the release {name} is not in {layout.releases} any more",
            cure="deploy it again, or go back to another one",
        )
    _refuse_real(layout)
    try:
        _flip(layout, name)
    except OSError as error:
        raise ActivationError(
            f"{layout.destination} could not be switched to {name}: {error.strerror}",
            cure=_cure(layout, error),
        ) from error


def current(layout: Layout) -> str | None:
    """The name of the release that the destination links to; whether it is there is not asked.

    Returns:
        None if there is no link, or it leads anywhere but directly into ``releases/``.
    """
    try:
        text = layout.destination.readlink()
    except OSError:  # nothing there, or no symlink
        return None
    ours = _is_releases(layout, text.parent)
    return text.name if ours and text.name not in ("", "..") else None


def _is_releases(layout: Layout, folder: Path) -> bool:
    """Whether a link in the destination's place that says ``folder`` leads to ``releases/``."""
    # This is asked at every check, and mostly the words are the same: the kernel need not be asked
    # for every folder on both ways.
    if layout.destination.parent / folder == layout.releases:
        return True
    return os.path.realpath(_home(layout) / folder) == os.path.realpath(layout.releases)


def link_text(layout: Layout, name: str) -> str:
    """What the destination's link must say: the way from its real folder to the release."""
    return os.path.relpath(Path(os.path.realpath(layout.releases)) / name, _home(layout))


def probe(layout: Layout) -> None:
    """Make sure that the destination can be switched, before anything is stopped for it.

    Raises:
        ActivationError: It cannot; the message says what stands in the way and what to do.
    """
    _refuse_nested(layout)
    for folder, what in (
        (layout.destination.parent, "the destination's folder"),
        (layout.root, "the folder of releases"),
    ):
        _refuse_unwritable(folder, what)
    _refuse_sticky(layout.destination)
    if not layout.destination.is_symlink():
        _refuse_mounted(layout.destination)


def _flip(layout: Layout, name: str) -> None:
    draft = layout.new_link
    layout.destination.parent.mkdir(parents=True, exist_ok=True)
    draft.unlink(missing_ok=True)  # of a driver that was killed between the two steps
    draft.symlink_to(link_text(layout, name))
    try:
        draft.rename(layout.destination)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(layout.destination.parent)


def _refuse_real(layout: Layout) -> None:
    """A file would be replaced without a trace; a folder would fail the rename."""
    try:
        mode = layout.destination.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ActivationError(f"{layout.destination} cannot be seen: {error.strerror}") from error
    if not stat.S_ISLNK(mode):
        raise ActivationError(
            f"{layout.destination} is not a symlink but something that stands there itself",
            cure="move it away, or let the next update adopt it",
        )


def _refuse_nested(layout: Layout) -> None:
    destination, root = layout.destination, layout.root
    if destination == destination.parent:
        raise ActivationError("the destination / can never be switched", cure="name a folder in it")
    if destination == root or destination in root.parents:
        raise ActivationError(
            f"releases in {root} would lie inside their own destination {destination}",
            cure="set `releasePath` to a folder outside of it",
        )


def _refuse_unwritable(folder: Path, what: str) -> None:
    there = _nearest(folder)
    if not there.is_dir():
        raise ActivationError(
            f"{what} {folder} cannot be made: {there} is no folder", cure="move that file away"
        )
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        raise ActivationError(
            f"{what} {folder} cannot be written by user {os.geteuid()}"
            + ("" if there == folder else f", for {there} cannot"),
            cure=f"give that user write permission on {there}, or run the agent as root",
        )


def _refuse_sticky(destination: Path) -> None:
    """In a folder like /tmp a name can only be replaced by its owner, the folder's, or root."""
    try:
        folder, there = destination.parent.stat(), destination.lstat()
    except FileNotFoundError:
        return
    if not folder.st_mode & stat.S_ISVTX:
        return
    if os.geteuid() not in (0, folder.st_uid, there.st_uid):
        raise ActivationError(
            f"{destination} belongs to user {there.st_uid}, and its folder lets nobody else replace it",
            cure="remove it, or choose a destination outside of a sticky folder",
        )


def _refuse_mounted(destination: Path) -> None:
    real = os.fsencode(Path(os.path.realpath(destination.parent)) / destination.name)
    points = mounts.at_or_below(real, mounts.points())
    if points:
        raise ActivationError(
            f"{destination} cannot be switched: something is mounted on {os.fsdecode(points[0])}",
            cure="choose a destination outside of the mount, such as a folder in it, or unmount it",
        )


def _nearest(folder: Path) -> Path:
    """The folder itself, or the first of its parents that is there."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def _home(layout: Layout) -> Path:
    """The folder that the link is in, and that its text is read from: without symlinks."""
    return Path(os.path.realpath(layout.destination.parent))


def _cure(layout: Layout, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"let user {os.geteuid()} write to {layout.destination.parent}"
    return f"look at {layout.destination.parent}, then `dropship update`"
