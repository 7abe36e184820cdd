"""Room for what is downloaded and unpacked, and for what is remembered: bytes and inodes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.config.model import Config
from dropship.core.values import Share, Size
from dropship.install.layout import Layout

_CHECK: Final = "space"
_FEW_INODES: Final = 0.02


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is on the file system of ``folder``; ``inodes`` are 0 where they are not counted."""

    folder: str
    size: int
    free: int
    inodes: int
    free_inodes: int


def findings(config: Config) -> Iterator[Finding]:
    """Look at each file system once."""
    staged = [Layout.of(one.artifact, one.name).root for one in config.services]
    seen: set[int] = set()
    for folder in (*staged, config.state_path):
        there = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield from judged(_room(there), config.min_free)


def _room(folder: Path) -> Room:
    disk = os.statvfs(folder)
    return Room(
        str(folder),
        disk.f_blocks * disk.f_frsize,
        disk.f_bavail * disk.f_frsize,
        disk.f_files,
        disk.f_favail,
    )


def judged(room: Room, min_free: Share) -> Iterator[Finding]:
    """Whether that is enough."""
    floor = min_free.of(room.size)
    free = f"{Size(room.free)} of {Size(room.size)} free"
    if room.free < floor or not room.free:
        yield failed(
            _CHECK,
            f"{free}, less than minFree ({Size(floor)}): nothing is downloaded",
            room.folder,
            cure="make room, keep fewer releases (keepReleases), or lower minFree",
        )
    elif room.free < 2 * floor:
        message = f"{free}, near to minFree ({Size(floor)})"
        yield warning(_CHECK, message, room.folder, cure="make room, or keep fewer releases")
    else:
        yield ok(_CHECK, f"{free}, minFree is {Size(floor)}", room.folder)
    yield from _inodes(room)


def _inodes(room: Room) -> Iterator[Finding]:
    if not room.inodes:
        return
    left = f"{room.free_inodes} of {room.inodes} inodes free"
    cure = "remove files, or keep fewer releases (keepReleases)"
    if not room.free_inodes:
        yield failed(_CHECK, f"{left}: no file can be made", room.folder, cure=cure)
    elif room.free_inodes < room.inodes * _FEW_INODES:
        yield warning(_CHECK, left, room.folder, cure=cure)
    else:
        yield ok(_CHECK, left, room.folder)
