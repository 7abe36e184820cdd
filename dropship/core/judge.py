"""What an archive's entries may do together: the only judge of names, links and limits. Pure.

A ``Judge`` sees the entries of one archive in order and keeps the tree they make in memory; it
says where each goes, or refuses the archive as a whole. It never looks at a disk: whoever
carries its verdicts out starts with an empty folder and does nothing else in it.

Rules it keeps: every name lies inside the release; nothing is written through a symlink; a name
keeps its kind; no symlink leads out of the release, whatever order links come in; a hard link
leads to a file of this archive that is there already.
"""

from __future__ import annotations

from typing import Final, NoReturn

from dropship.core.entry import (
    NAME_MAX,
    PATH_MAX,
    Entry,
    Kind,
    Place,
    Rules,
    checked_parts,
    clamped,
    refuse,
    show,
)
from dropship.core.links import Folder, Links, Node
from dropship.core.values import Size
from dropship.errors import RefusedError

_RATIO_FROM: Final = 64 << 20

# What bounds memory where every single name is allowed: so many bytes of names for each of the
# entries that there may be.
_NAMES_EACH: Final = 256
_NAMES_LEAST: Final = 1 << 20

_PERMISSIONS: Final = 0o777
_GROUP_AND_WORLD_WRITE: Final = 0o022
_OWNER_ALL: Final = 0o700


class Judge:
    """The rules, applied to the entries of one archive.

    Attributes:
        entries: Members seen so far, those dropped by ``stripComponents`` included.
        bytes: Length of the contents admitted so far.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._names_max = max(_NAMES_LEAST, _NAMES_EACH * rules.max_entries)
        self._mask = _PERMISSIONS
        if not rules.keep_modes:
            self._mask &= ~_GROUP_AND_WORLD_WRITE
        self._root = Folder()
        self._known: dict[bytes, tuple[bytes, Folder]] = {}
        self._links = Links(self._root, rules)
        self._files = 0
        self._dropped = False
        self._implied = 0  # folders that no entry named before
        self._names = 0  # bytes of all names, those of implied folders included
        self.entries = 0
        self.bytes = 0

    def admit(self, entry: Entry) -> Place | None:
        """Say where an entry goes; None if ``stripComponents`` drops it.

        Raises:
            RefusedError: The archive must not be unpacked.
        """
        self._count(entry)
        kind = entry.kind
        if kind is Kind.FILE:
            admit = self._admit_file
        elif kind is Kind.FOLDER:
            admit = self._admit_folder
        elif kind is Kind.SYMLINK:
            admit = self._admit_symlink
        elif kind is Kind.HARD_LINK:
            admit = self._admit_hard_link
        else:
            refuse(entry.name, f"it is {kind.value}", "pack the archive without it")
        spot = self._spot(entry)
        if spot is None:
            self._dropped = True
            return None
        return admit(entry, *spot)

    def grew(self, entry: Entry, more: int) -> None:
        """Count contents whose length nobody told beforehand.

        Raises:
            RefusedError: It is too much.
        """
        self.bytes += more
        if self.bytes > self._rules.max_size:
            self._refuse_size(entry)

    def inflated(self, packed: int, unpacked: int) -> None:
        """Look at how much came out of how much, both so far and in bytes.

        Raises:
            RefusedError: More than a real artifact ever has.
        """
        if unpacked >= _RATIO_FROM and unpacked > packed * self._rules.max_ratio:
            raise RefusedError(
                f"the archive unpacks to more than {self._rules.max_ratio} times its own size",
                cure="raise `maxRatio` if that is as it should be",
            )

    def finish(self) -> None:
        """The archive is at its end: look where the symlinks really lead, now all are known.

        Raises:
            RefusedError: One leads out of the release, or nothing is left to install.
        """
        if self._dropped and not self._root:
            raise RefusedError(
                f"nothing is left of the archive after stripping {self._rules.strip} leading parts",
                cure="lower `stripComponents`",
            )
        self._links.follow()

    def _count(self, entry: Entry) -> None:
        self.entries += 1
        self._bound(entry, self.entries, "entries")
        self._name(entry, len(entry.name) + len(entry.target))
        self.bytes += entry.size
        if self.bytes > self._rules.max_size:
            self._refuse_size(entry)

    def _bound(self, entry: Entry, count: int, what: str) -> None:
        if count > self._rules.max_entries:
            refuse(
                entry.name,
                f"the archive has more than {self._rules.max_entries} {what}",
                "raise `maxEntries` if that is as it should be",
            )

    def _name(self, entry: Entry, length: int) -> None:
        self._names += length
        if self._names > self._names_max:
            refuse(
                entry.name,
                f"with it the names in the archive have more than {Size(self._names_max)}",
                "raise `maxEntries` if that is as it should be",
            )

    def _refuse_size(self, entry: Entry) -> NoReturn:
        refuse(
            entry.name,
            f"with it the archive unpacks to more than {Size(self._rules.max_size)}",
            "raise `maxSize` if that is as it should be",
        )

    def _spot(self, entry: Entry) -> tuple[bytes, Folder, bytes] | None:
        """The entry's folder (made where missing) and its name in there."""
        name = entry.name.rpartition(b"/")[2]
        # With its slash: "/x" must not be taken for "x".
        raw = entry.name[: len(entry.name) - len(name)]
        known = self._known.get(raw)
        # The common case: a file in a folder whose name was looked at before.
        if (
            known is not None
            and 0 < len(name) <= NAME_MAX
            and name not in (b".", b"..")
            and len(entry.name) <= PATH_MAX
            and b"\0" not in name
        ):
            return *known, name
        parts = checked_parts(entry.name, entry.name)
        left = parts[self._rules.strip :]
        if not left:
            # Only the name of the release itself has no parts: "./".
            return None if parts else (b"", self._root, b"")
        folder = self._descend(entry, left[:-1])
        path = b"/".join(left[:-1])
        if name == left[-1]:
            self._known[raw] = (path, folder)
        return path, folder, left[-1]

    def _descend(self, entry: Entry, parts: list[bytes]) -> Folder:
        folder = self._root
        length = 0
        for part in parts:
            length += len(part) + 1
            node = folder.get(part)
            if node is None:
                self._implied += 1
                self._bound(entry, self._implied, "folders that no entry names")
                self._name(entry, length)
                node = folder[part] = Folder()
            if isinstance(node, bytes):
                refuse(entry.name, f"it would be written through the symlink {show(part)}")
            if isinstance(node, int):
                refuse(entry.name, f"{show(part)} is a file in this archive, not a folder")
            folder = node
        return folder

    def _admit_file(self, entry: Entry, path: bytes, folder: Folder, name: bytes) -> Place:
        if not name:
            refuse(entry.name, "it has no name of its own")
        node = folder.get(name)
        if node is None:
            self._files += 1
            folder[name] = self._files
        elif not isinstance(node, int):
            self._refuse_kind(entry, node)
        mode, mtime = entry.mode & self._mask, clamped(entry.mtime_ns)
        return Place(path, name, mode, mtime, node is not None)

    def _admit_folder(self, entry: Entry, path: bytes, folder: Folder, name: bytes) -> Place:
        mode, mtime = entry.mode & self._mask, clamped(entry.mtime_ns)
        if not name:
            # Who owns the release must be able to move it.
            return Place(b"", b"", mode | _OWNER_ALL, mtime, again=True)
        node = folder.get(name)
        if node is None:
            folder[name] = Folder()
        elif not isinstance(node, Folder):
            self._refuse_kind(entry, node)
        return Place(path, name, mode, mtime, again=node is not None)

    def _admit_symlink(self, entry: Entry, path: bytes, folder: Folder, name: bytes) -> Place:
        where = (*path.split(b"/"), name) if path else (name,)
        if not name:
            refuse(entry.name, "it has no name of its own")
        self._links.check(entry, len(where) - 1)
        node = folder.get(name)
        if node is None:
            folder[name] = entry.target
            self._links.add(where, entry.target)
        elif not isinstance(node, bytes):
            self._refuse_kind(entry, node)
        elif node != entry.target:
            refuse(entry.name, "the archive has it twice, with different targets")
        return Place(path, name, _PERMISSIONS, clamped(entry.mtime_ns), again=node is not None)

    def _admit_hard_link(self, entry: Entry, path: bytes, folder: Folder, name: bytes) -> Place:
        if not name:
            refuse(entry.name, "it has no name of its own")
        parts = checked_parts(entry.target, entry.name)[self._rules.strip :]
        file = self._look_up(parts)
        if not isinstance(file, int):
            refuse(
                entry.name,
                f"its target {show(entry.target)} is no file unpacked from this archive before it",
            )
        node = folder.get(name)
        if node is None:
            folder[name] = file
        elif not isinstance(node, int):
            self._refuse_kind(entry, node)
        elif node != file:
            refuse(entry.name, "the archive has it twice, as different files")
        return Place(
            path,
            name,
            entry.mode & self._mask,
            clamped(entry.mtime_ns),
            node is not None,
            b"/".join(parts[:-1]),
            parts[-1],
        )

    def _look_up(self, parts: list[bytes]) -> Node | None:
        node: Node | None = self._root
        for part in parts:
            if not isinstance(node, Folder):
                return None
            node = node.get(part)
        return node

    def _refuse_kind(self, entry: Entry, node: Node) -> NoReturn:
        was = Kind.FILE
        if isinstance(node, Folder):
            was = Kind.FOLDER
        elif isinstance(node, bytes):
            was = Kind.SYMLINK
        refuse(entry.name, f"it is {entry.kind.value}, and was {was.value} earlier in this archive")
