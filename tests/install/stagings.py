"""A store in memory, a watch that counts, and stagings made of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from dropship.config.model import ArtifactConfig, RepoConfig
from dropship.core.values import Md5, Share, Token
from dropship.core.watch import Progress
from dropship.install.activate import StagedRelease
from dropship.install.layout import Layout
from dropship.install.stage import StageRequest, stage
from dropship.repos import Found
from tests.folders import names

NOW = 1_795_404_818.0  # 2026-11-23T03:33:38Z


@dataclass
class MemoryBody:
    """Bytes on their way: ``step`` at a time; ``at_end`` is called instead of the end."""

    content: bytes
    offset: int
    step: int
    at: Callable[[int], None]
    closed: bool = False

    def readinto(self, buffer: memoryview) -> int:
        """As ``Body``."""
        self.at(self.offset)
        piece = self.content[self.offset : self.offset + min(self.step, len(buffer))]
        buffer[: len(piece)] = piece
        self.offset += len(piece)
        return len(piece)

    def close(self) -> None:
        """As ``Body``."""
        self.closed = True


@dataclass
class MemoryRepo:
    """A store of one artifact. ``at`` is called with the offset before every read."""

    content: bytes
    step: int = 1 << 16
    at: Callable[[int], None] = lambda _offset: None
    opened: list[int] = field(default_factory=list)
    bodies: list[MemoryBody] = field(default_factory=list)

    def open(self, found: Found, offset: int = 0) -> MemoryBody:  # noqa: ARG002 - the Protocol's
        """As ``Source``."""
        self.opened.append(offset)
        self.bodies.append(MemoryBody(self.content, offset, self.step, self.at))
        return self.bodies[-1]


@dataclass
class CountingWatch:
    """Attention that is counted; ``on_look`` may raise."""

    looks: int = 0
    reports: list[Progress] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    on_look: Callable[[], None] = lambda: None

    def look(self) -> None:
        """As ``Watch``."""
        self.looks += 1
        self.on_look()

    def wait(self, seconds: float) -> None:
        """As ``Watch``, but nobody wants to wait for it."""
        self.waits.append(seconds)

    def report(self, progress: Progress) -> None:
        """As ``Watch``."""
        self.reports.append(progress)


def found(content: bytes, name: str = "app.tar.gz", **more: Any) -> Found:
    """What a store says that promises length and md5."""
    said: dict[str, Any] = {
        "token": Token('"etag"'),
        "source": f"memory://bucket/{name}",
        "name": name,
        "size": len(content),
        "md5": Md5(hashlib.md5(content, usedforsecurity=False).hexdigest()),
    }
    return Found(**(said | more))


def artifact(destination: Path, **more: Any) -> ArtifactConfig:
    """An artifact block with everything at its default."""
    repo = RepoConfig(name="memory", type="memory", options=None)
    return ArtifactConfig(repo=repo, location=None, destination=destination, **more)


def request(folder: Path, content: bytes, *, name: str = "app.tar.gz", **more: Any) -> StageRequest:
    """A staging below ``folder``; keywords starting with ``found_`` go to the store's answer."""
    said = {key[6:]: value for key, value in more.items() if key.startswith("found_")}
    rest = {key: value for key, value in more.items() if not key.startswith("found_")}
    floor = rest.pop("min_free", Share())
    block = artifact(folder / "srv" / "api", **rest)
    return StageRequest(
        layout=Layout.of(block, "api"),
        artifact=block,
        found=found(content, name, **said),
        recipe="recipe-1",
        min_free=floor,
    )


def staged(folder: Path, content: bytes, **more: Any) -> StagedRelease:
    """Stage an artifact as a worker would."""
    return stage(
        request(folder, content, **more), MemoryRepo(content), CountingWatch(), lambda: NOW
    )


def litter(layout: Layout) -> list[str]:
    """Whatever is left in ``staging/``."""
    return names(layout.staging) if layout.staging.exists() else []


def children() -> set[int]:
    """Child processes of this one, zombies too."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


T = TypeVar("T")


def wait_for(condition: Callable[[], T]) -> T:
    """Until it holds, or the test fails."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError("waited in vain")


def second_of(unpacker: int) -> psutil.Process:
    """The process that helps an unpacker, once it is there."""
    (second,) = wait_for(lambda: psutil.Process(unpacker).children())
    return second
