"""Zips for tests, byte by byte: whatever a real tool would never write can be said here."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WHEN = 1_700_000_000
DOS = (0b10110_001101_01010, 0b0101011_1011_01110)  # 2023-11-14 22:13:20
LINK = 0o120777


@dataclass(frozen=True)
class Zipped:
    """One member.

    Attributes:
        packed: What is stored of it; None packs ``body``.
        flags: 8 puts a descriptor behind it (its content can be given by ``descriptor``).
        local, central: Fields to say something else in.
        after: Bytes behind it that belong to nothing.
    """

    name: bytes
    body: bytes = b""
    method: int = 8
    flags: int = 0
    mode: int = 0o100644
    host: int = 3
    packed: bytes | None = None
    extra: bytes = b""
    descriptor: bytes | None = None
    dos: tuple[int, int] = DOS
    local: Mapping[str, Any] = field(default_factory=dict)
    central: Mapping[str, Any] = field(default_factory=dict)
    after: bytes = b""

    def content(self) -> bytes:
        """What is stored of it."""
        if self.packed is not None:
            return self.packed
        return deflated(self.body) if self.method == 8 else self.body

    def said(self) -> dict[str, Any]:
        """The fields of both headers."""
        return {
            "name": self.name,
            "flags": self.flags,
            "method": self.method,
            "dos": self.dos,
            "crc": zlib.crc32(self.body),
            "packed": len(self.content()),
            "size": len(self.body),
            "extra": self.extra,
        }

    def front(self) -> bytes:
        """Header, contents, descriptor."""
        said = self.said()
        streamed = {"crc": 0, "packed": 0, "size": 0} if self.flags & 8 else {}
        one = said | streamed | self.local
        header = struct.pack(
            "<4sHHHHHLLLHH",
            one.get("magic", b"PK\3\4"),
            20,
            one["flags"],
            one["method"],
            *one["dos"],
            one["crc"],
            one["packed"],
            one["size"],
            len(one["name"]),
            len(one["extra"]),
        )
        tail = b""
        if self.flags & 8:
            tail = self.descriptor
            if tail is None:
                numbers = (said["crc"], said["packed"], said["size"])
                tail = b"PK\7\x08" + struct.pack("<3L", *numbers)
        return header + one["name"] + one["extra"] + self.content() + tail + self.after

    def record(self, offset: int) -> bytes:
        """Its record in the directory."""
        one = self.said() | {"offset": offset, "disk": 0, "comment": b""} | self.central
        header = struct.pack(
            "<4sBBHHHHHLLLHHHHHLL",
            one.get("magic", b"PK\1\2"),
            30,
            self.host,
            20,
            one["flags"],
            one["method"],
            *one["dos"],
            one["crc"],
            one["packed"],
            one["size"],
            len(one["name"]),
            len(one["extra"]),
            len(one["comment"]),
            one["disk"],
            0,
            self.mode << 16,
            one["offset"],
        )
        return header + one["name"] + one["extra"] + one["comment"]


def zipped(
    *members: Zipped,
    prefix: bytes = b"",
    between: bytes = b"",
    comment: bytes = b"",
    end: Mapping[str, int] | None = None,
    wide: Mapping[str, int] | None = None,
) -> bytes:
    """A zip of members; ``between`` stands in front of the directory.

    ``end`` and ``wide`` say something else in the end, and in a zip64 end that is there then.
    """
    body, records = bytearray(prefix), b""
    for member in members:
        records += member.record(len(body))
        body += member.front()
    body += between
    rest = tail(len(members), len(body), records, end, wide=wide, comment=comment)
    return bytes(body) + rest


def tail(
    count: int,
    offset: int,
    records: bytes,
    end: Mapping[str, int] | None = None,
    *,
    wide: Mapping[str, int] | None = None,
    comment: bytes = b"",
) -> bytes:
    """A directory and what follows it."""
    said = {"disk": 0, "first": 0, "here": count, "count": count}
    said |= {"size": len(records), "offset": offset}
    content = records
    if wide is not None:
        real = {"length": 44, "disks": 1, "at": offset + len(records), **said, **wide}
        content += struct.pack(
            "<4sQHHLLQQQQ",
            b"PK\6\6",
            real["length"],
            45,
            45,
            *(real[key] for key in ("disk", "first", "here", "count", "size", "offset")),
        )
        content += struct.pack("<4sLQL", b"PK\6\7", 0, real["at"], real["disks"])
    said |= end or {}
    fields = (said[key] for key in ("disk", "first", "here", "count", "size", "offset"))
    return content + struct.pack("<4s4H2LH", b"PK\5\6", *fields, len(comment)) + comment


def deflated(content: bytes) -> bytes:
    """A bare deflate stream."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def extra(kind: int, content: bytes) -> bytes:
    """An extra field."""
    return struct.pack("<HH", kind, len(content)) + content


def stamp(when: int) -> bytes:
    """The extended timestamp."""
    return extra(0x5455, b"\1" + struct.pack("<l", when))


def wide_extra(*numbers: int) -> bytes:
    """zip64's sizes."""
    return extra(1, struct.pack(f"<{len(numbers)}Q", *numbers))
