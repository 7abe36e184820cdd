"""Where an archive's symlinks lead: by their text alone, then through all others. Pure.

Both have to stay inside of the release, or below a prefix of ``symlinksTo``. The second can only
be told when all entries are known, since links come in any order.
"""

from __future__ import annotations

from typing import Final, NoReturn

from dropship.core.entry import PATH_MAX, Entry, Rules, refuse, show

_HOPS_MAX: Final = 40  # as path_resolution(7)

# What bounds time where every single link is allowed: so many steps along symlinks for each of
# the entries that there may be.
_STEPS_EACH: Final = 64
_STEPS_LEAST: Final = 1 << 20


class Folder(dict[bytes, "Node"]):
    """Names in a folder of the release."""

    __slots__ = ()


Node = Folder | int | bytes
"""A regular file is a number (hard links to it have the same), a symlink is its target."""


class Links:
    """The symlinks of a release whose tree is ``root``."""

    def __init__(self, root: Folder, rules: Rules) -> None:
        self._root = root
        self._allowed = rules.symlinks_to
        self._steps = 0
        self._steps_max = max(_STEPS_LEAST, _STEPS_EACH * rules.max_entries)
        self._known: list[tuple[tuple[bytes, ...], bytes]] = []

    def add(self, where: tuple[bytes, ...], target: bytes) -> None:
        """Know one, by the parts of its name."""
        self._known.append((where, target))

    def check(self, entry: Entry, depth: int) -> None:
        """See where a symlink leads going by its text alone; ``depth``: folders it is inside of.

        Raises:
            RefusedError: Out of the release.
        """
        target = entry.target
        if not target or b"\0" in target or len(target) >= PATH_MAX:
            refuse(entry.name, f"its target {show(target)} is empty, too long or has a NUL")
        if target.startswith(b"/"):
            self._check_absolute(entry.name, target)
            return
        for part in target.split(b"/"):
            if part == b"..":
                depth -= 1
            elif part not in (b"", b"."):
                depth += 1
            if depth < 0:
                self._refuse_outside(entry.name, target)

    def follow(self) -> None:
        """See where all of them really lead.

        Raises:
            RefusedError: One leads out of the release.
        """
        for where, target in self._known:
            self._resolve(where, target)

    def _check_absolute(self, name: bytes, target: bytes) -> None:
        parts = [part for part in target.split(b"/") if part not in (b"", b".")]
        for prefix in self._allowed:
            allowed = [part for part in prefix.split(b"/") if part]
            if parts[: len(allowed)] == allowed and b".." not in parts:
                return
        self._refuse_outside(name, target)

    def _refuse_outside(self, name: bytes, target: bytes) -> NoReturn:
        cure = "pack it as a relative symlink inside the archive"
        if target.startswith(b"/"):
            cure = f"allow it by a prefix in `symlinksTo`, or {cure}"
        refuse(name, f"its target {show(target)} is outside of the release", cure)

    def _resolve(self, where: tuple[bytes, ...], target: bytes) -> None:
        """Follow a symlink as the kernel would, through all others, and see it stay inside.

        Where a part is missing the rest is judged as text, for a service may make it later.
        """
        name = b"/".join(where)
        trail: list[Folder | None] = self._trail(where[:-1])
        todo = target.split(b"/")[::-1]
        hops = 0
        while todo:
            self._step(name)
            part = todo.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":
                trail.pop()
                if not trail:
                    self._refuse_outside(name, target)
                continue
            above = trail[-1]
            node = None if above is None else above.get(part)
            if not isinstance(node, bytes):
                trail.append(node if isinstance(node, Folder) else None)
                continue
            hops += 1
            if hops > _HOPS_MAX:
                return  # the kernel gives up here too: ELOOP
            if node.startswith(b"/"):
                self._check_absolute(name, b"/".join([node, *reversed(todo)]))
                return
            todo.extend(node.split(b"/")[::-1])

    def _step(self, name: bytes) -> None:
        self._steps += 1
        if self._steps > self._steps_max:
            refuse(
                name,
                f"following the symlinks up to it takes more than {self._steps_max} steps",
                "raise `maxEntries` if that is as it should be",
            )

    def _trail(self, parts: tuple[bytes, ...]) -> list[Folder | None]:
        trail: list[Folder | None] = [self._root]
        for part in parts:
            above = trail[-1]
            node = None if above is None else above.get(part)
            trail.append(node if isinstance(node, Folder) else None)
        return trail
