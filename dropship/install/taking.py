"""Keeping what is being replaced: at the switch, shared paths move out of the old release.

Moving something is one exchange of names: the file, and the link that is put in its place. Where
a file system cannot exchange, the symlink ``sharing`` in the service's folder names the step, so
that ``finish`` can mend what a crash cut in two.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from dropship.core.shared import SharedPath
from dropship.errors import ActivationError
from dropship.install import activate, places
from dropship.install import release as cards
from dropship.install.layout import Layout
from dropship.install.shared import NO_FOLDER, Shared, link_text
from dropship.linux import rename

_CANNOT_EXCHANGE: Final = (errno.EINVAL, errno.ENOSYS, errno.EPERM)


def take(shared: Shared, release: str) -> None:
    """Keep what is being replaced, and see that ``release`` has links where it has nothing.

    Called right before the switch to it, with the service stopped.

    Raises:
        ActivationError: Something could not be moved; it is where it was.
        ConfigError: What is shared is not what it shall be.
    """
    layout = shared.layout
    name = activate.current(layout)
    try:
        for path in shared.paths:
            shared.make_home(path)
            if name is not None:
                _take(shared, layout.release(name), path)
            _provide(shared, path)
            _complete(shared, layout.release(release), path)
    except OSError as error:
        raise ActivationError(
            f"what is to outlive releases cannot be moved to {layout.shared}: {error}",
            cure="move it there by hand, or mend what is said to be in the way",
        ) from error


def finish(layout: Layout) -> None:
    """Put the link in place that a crash has left out; nothing to do otherwise.

    Raises:
        OSError: It could not be put in place.
    """
    try:
        said = layout.sharing.readlink().parts
    except OSError:
        return
    release, path = said[0], SharedPath(said[1:])
    *above, name = path.parts
    try:
        with places.opened(layout.release(release), above) as here:
            moved = os.path.lexists(layout.shared.joinpath(*path.parts))
            if moved and places.mode(here, name) is None:
                with places.writable(here):
                    os.symlink(link_text(layout, path), name, dir_fd=here)
    except OSError as error:
        if error.errno not in (*NO_FOLDER, errno.ENOENT):  # the release is gone meanwhile
            raise
    layout.sharing.unlink()


def _take(shared: Shared, tree: Path, path: SharedPath) -> None:
    if tree.is_symlink() or not tree.is_dir():
        return  # adopted as a link: what it leads to is somebody else's
    *above, name = path.parts
    try:
        with (
            places.opened(tree, above) as here,
            places.opened(shared.layout.shared, above) as home,
        ):
            found = places.mode(here, name)
            if found is None or shared.ours(here, path) or shared.kept(home, path) is not None:
                return
            if stat.S_ISLNK(found):
                _copy_link(shared, tree, path, here, home)
            else:
                _move(shared, tree.name, path, here, home)
            os.fsync(home)
            os.fsync(here)
    except OSError as error:
        if error.errno not in (*NO_FOLDER, errno.ENOENT):
            raise


def _move(shared: Shared, release: str, path: SharedPath, here: int, home: int) -> None:
    name = path.parts[-1]
    shared.put_link(home, path)  # a crash may leave it: ``kept`` knows it
    try:
        with places.writable(here), places.unprotected(here, name):
            rename.exchange(name, name, first_dir_fd=here, second_dir_fd=home)
    except OSError as error:
        if shared.ours(home, path):
            os.unlink(name, dir_fd=home)
        if error.errno not in _CANNOT_EXCHANGE:
            raise
        _move_in_two_steps(shared, release, path, here, home)


def _move_in_two_steps(
    shared: Shared, release: str, path: SharedPath, here: int, home: int
) -> None:
    layout, name = shared.layout, path.parts[-1]
    layout.sharing.unlink(missing_ok=True)
    layout.sharing.symlink_to(f"{release}/{path}")
    with places.opened(layout.root, ()) as root:
        os.fsync(root)
    try:
        places.move(here, name, home, name)
    except OSError:
        layout.sharing.unlink()
        raise
    shared.put_link(here, path)
    layout.sharing.unlink()


def _copy_link(shared: Shared, tree: Path, path: SharedPath, here: int, home: int) -> None:
    """A symlink of somebody's: the same target, said from where shared paths are."""
    *above, name = path.parts
    text = os.readlink(name, dir_fd=here)
    base = tree.joinpath(*above)
    if tree.name.startswith(cards.ADOPTED):
        base, text = _before_adoption(shared, above, base, text)
    there = os.path.relpath(
        os.path.realpath(base), os.path.realpath(shared.layout.shared.joinpath(*above))
    )
    # Not normalised: "link/.." means what the kernel makes of it. An absolute one stays.
    os.symlink(os.fspath(Path(there) / text), name, dir_fd=home)


def _before_adoption(shared: Shared, above: list[str], base: Path, text: str) -> tuple[Path, str]:
    """Where a symlink out of an adopted folder was read from: where that folder was then."""
    inside, parts = ["", *above], text.split("/")
    while inside and parts[0] == "..":
        # These are folders, and no symlinks: so the one dot pair takes back the other.
        inside.pop()
        parts = parts[1:] or ["."]
    return (base, text) if inside else (shared.layout.destination.parent, "/".join(parts))


def _provide(shared: Shared, path: SharedPath) -> None:
    """Where nothing was to be had after all, the links lead to an empty folder."""
    *above, name = path.parts
    with places.opened(shared.layout.shared, above) as home:
        if shared.kept(home, path) is None:
            places.make_folder(home, name, shared.account)
            os.fsync(home)


def _complete(shared: Shared, tree: Path, path: SharedPath) -> None:
    """A release from before the path was shared gets its link, if it has nothing there."""
    if tree.is_symlink() or not tree.is_dir():
        return
    *above, name = path.parts
    try:
        with places.opened(tree, above) as here:
            if places.mode(here, name) is None:
                shared.put_link(here, path)
    except OSError as error:
        if error.errno not in (*NO_FOLDER, errno.ENOENT):
            raise
