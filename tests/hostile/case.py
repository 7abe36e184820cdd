"""A hostile archive: how it is made, and what must become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dropship.core.entry import Rules
from tests.archives.tars import Member, pax, tar
from tests.archives.zips import LINK, Zipped, zipped

FOLDER = "a folder"


@dataclass(frozen=True)
class Case:
    """One archive.

    Attributes:
        name: Of the case.
        file: What the artifact is called, which decides the format.
        make: Makes its bytes.
        refused: A pattern that the reason must match; empty if it is accepted.
        tree: Where it is accepted: all that there is then. A file is its bytes, a symlink a text
            that begins with ``->``, a folder ``FOLDER``; None does not look.
        rules: What the operator allows.
    """

    name: str
    file: str
    make: Callable[[], bytes]
    refused: str = ""
    tree: Mapping[str, object] | None = None
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True)
class File:
    """A regular file."""

    name: bytes
    body: bytes = b"x"
    mode: int = 0o644


@dataclass(frozen=True)
class Folder:
    """A folder; its name should end in a slash."""

    name: bytes
    mode: int = 0o755


@dataclass(frozen=True)
class Link:
    """A symlink."""

    name: bytes
    target: bytes


@dataclass(frozen=True)
class Hard:
    """A hard link."""

    name: bytes
    target: bytes


Thing = File | Folder | Link | Hard


def as_tar(*things: Thing | bytes) -> bytes:
    """A tar of things (and of raw blocks)."""
    return tar(*(one if isinstance(one, bytes) else _member(one) for one in things))


def as_zip(*things: Thing) -> bytes:
    """A zip of things."""
    return zipped(*map(_zipped, things))


def both(name: str, things: list[Thing], reason: str = "", **more: Any) -> Iterator[Case]:
    """The same as a tar and, where a zip can say it, as a zip."""
    yield Case(f"tar: {name}", "a.tar", lambda: as_tar(*things), reason, **more)
    if not any(isinstance(one, Hard) for one in things):
        yield Case(f"zip: {name}", "a.zip", lambda: as_zip(*things), reason, **more)


def raw(name: str, content: bytes, reason: str = "", file: str = "a.tar", **more: Any) -> Case:
    """Bytes that are small enough to be kept."""
    return Case(name, file, lambda: content, reason, **more)


def lax(case: Case, **rules: Any) -> Case:
    """The same under other rules."""
    return replace(case, rules=replace(case.rules, **rules))


def _member(one: Thing) -> bytes:
    target = one.target if isinstance(one, Link | Hard) else b""
    long: dict[str, bytes | str] = {}
    if len(one.name) > 100 or b"\0" in one.name:
        long["path"] = one.name
    if len(target) > 100 or b"\0" in target:
        long["linkpath"] = target
    member = Member(one.name[:90].partition(b"\0")[0], target=target[:90].partition(b"\0")[0])
    if isinstance(one, File):
        member = replace(member, body=one.body, mode=one.mode)
    elif isinstance(one, Folder):
        member = replace(member, type=b"5", mode=one.mode)
    else:
        member = replace(member, type=b"2" if isinstance(one, Link) else b"1")
    return (pax(**long) if long else b"") + member.encode()


def _zipped(one: Thing) -> Zipped:
    if isinstance(one, File):
        return Zipped(one.name, one.body, mode=0o100000 | one.mode)
    if isinstance(one, Folder):
        return Zipped(one.name, method=0, mode=0o40000 | one.mode)
    assert isinstance(one, Link)
    return Zipped(one.name, one.target, method=0, mode=LINK)
