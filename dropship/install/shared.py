"""Paths that outlive releases: kept in ``shared/``, and in every release a symlink that leads there.

Whose content is there first, stays: what is in ``shared/`` already; else what stands at the
destination when it is switched, for that is somebody's data; else what the archive brings; else
an empty folder. Nothing in ``shared/`` is ever deleted or written over by anything in here.

Here is what staging does for it; what the switch does is in ``taking``.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.core.shared import SharedPath, nested, parse
from dropship.errors import ConfigError
from dropship.install import activate, places
from dropship.install.layout import Layout
from dropship.install.owner import Account

NO_FOLDER: Final = (errno.ENOTDIR, errno.ELOOP)
"""What ``places.opened`` says where a part of a path is no folder."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What of a service is shared.

    Attributes:
        account: Whom folders belong to that are made for it.
    """

    layout: Layout
    paths: tuple[SharedPath, ...]
    account: Account | None

    @classmethod
    def of(cls, layout: Layout, said: Sequence[str], account: Account | None = None) -> Shared:
        """As it is configured.

        Raises:
            ConfigError: A path cannot be shared.
        """
        try:
            paths = tuple(parse(one) for one in said)
        except ValueError as error:
            raise ConfigError(f"a path in `shared` {error}") from error
        if clash := nested(paths):
            raise ConfigError(
                f"of the paths {clash[0]} and {clash[1]} in `shared`, one holds the other"
            )
        return cls(layout, paths, account)

    def link(self, tree: Path, aside: Path) -> None:
        """Let a tree that is about to be a release have links; what is in their way goes ``aside``.

        What the archive has there is the shared content if there is none yet.

        Raises:
            ConfigError: The tree is no folder, or has a path as something that cannot be shared.
            OSError: Something could not be made or moved.
        """
        if self.paths and not stat.S_ISDIR(tree.lstat().st_mode):
            raise ConfigError(
                "`shared` is for archives, and this artifact is a single file",
                cure="leave `shared` out",
            )
        for number, path in enumerate(self.paths):
            self.make_home(path)
            try:
                places.make(tree, path.parts[:-1], self.account)
                self._link(tree, path, aside / f"replaced-{number}")
            except OSError as error:
                if error.errno in NO_FOLDER:
                    raise _unfit(
                        path, "a folder above it is something else in the archive"
                    ) from error
                raise

    # --- at staging --------------------------------------------------------------------------------

    def _link(self, tree: Path, path: SharedPath, aside: Path) -> None:
        *above, name = path.parts
        with (
            places.opened(tree, above) as here,
            places.opened(self.layout.shared, above) as home,
        ):
            found = places.mode(here, name)
            if self.kept(home, path) is None and not self._standing(path):
                self._seed(path, here, found, home)
                found = places.mode(here, name)
            if found is not None:
                with places.opened(aside.parent, ()) as bin_:
                    places.move(here, name, bin_, aside.name)
            self.put_link(here, path)
            os.fsync(home)
            os.fsync(here)

    def _seed(self, path: SharedPath, here: int, found: int | None, home: int) -> None:
        """The first content: the archive's, or an empty folder. A symlink is no content."""
        name = path.parts[-1]
        if found is None or stat.S_ISLNK(found):
            places.make_folder(home, name, self.account)
            return
        if path.folder and not stat.S_ISDIR(found):
            raise _unfit(path, "it is written as a folder, and is a file in the archive")
        places.move(here, name, home, name)

    def _standing(self, path: SharedPath) -> bool:
        """Whether the switch will find something to keep."""
        name = activate.current(self.layout)
        tree = self.layout.destination if name is None else self.layout.release(name)
        if tree.is_symlink() or not tree.is_dir():
            return False
        *above, last = path.parts
        try:
            with places.opened(tree, above) as here:
                return places.mode(here, last) is not None and not self.ours(here, path)
        except OSError:
            return False

    # --- at staging and at the switch --------------------------------------------------------------

    def make_home(self, path: SharedPath) -> None:
        """Make the folder in ``shared/`` that the path is in.

        Raises:
            ConfigError: Something else is there.
            OSError: It cannot be made.
        """
        self.layout.shared.mkdir(parents=True, exist_ok=True)
        try:
            places.make(self.layout.shared, path.parts[:-1], None)
        except OSError as error:
            if error.errno in NO_FOLDER:
                where = self.layout.shared.joinpath(*path.parts[:-1])
                raise _unfit(path, f"{where} is no folder") from error
            raise

    def kept(self, home: int, path: SharedPath) -> int | None:
        """The ``st_mode`` of what is shared; the link of a move that a crash cut off is nothing.

        Raises:
            ConfigError: It is a file, where a folder is wanted.
        """
        name = path.parts[-1]
        if self.ours(home, path):
            os.unlink(name, dir_fd=home)
        found = places.mode(home, name)
        if found is not None and path.folder and stat.S_ISREG(found):
            where = self.layout.shared.joinpath(*path.parts)
            raise _unfit(path, f"it is written as a folder, and {where} is a file")
        return found

    def ours(self, above: int, path: SharedPath) -> bool:
        """Whether the path's name in an open folder is the symlink that a release has there."""
        return places.readlink(above, path.parts[-1]) == link_text(self.layout, path)

    def put_link(self, above: int, path: SharedPath) -> None:
        """Make that symlink; root's, for a name in somebody's folder must not be given away."""
        name = path.parts[-1]
        with places.writable(above):
            os.symlink(link_text(self.layout, path), name, dir_fd=above)


def link_text(layout: Layout, path: SharedPath) -> str:
    """What a link says: the way from its folder in a release, whichever, to the shared path."""
    home = Path(os.path.realpath(layout.shared)).joinpath(*path.parts)
    above = Path(os.path.realpath(layout.releases), "release").joinpath(*path.parts[:-1])
    return os.path.relpath(home, above)


def _unfit(path: SharedPath, why: str) -> ConfigError:
    return ConfigError(f"{path} cannot be shared: {why}", cure="mend `shared`, or move it away")
