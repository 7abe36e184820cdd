"""Chance, and the values that programs stumble over."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

NAMES: Sequence[bytes] = (
    b"a", b"b", b"c", b"d/", b"d/e", b"d/e/f", b"d/../a", b"./", b".", b"..", b"../sentinel",
    b"/sentinel", b"", b"/", b"//", b"a//b", b"l", b"l/x", b"l/", b"m", b"m/l", b"m/l/x", b"h",
    b"a\0b", b"\xff\xfe", b"\x1b[m", b"..\\x", b"n" * 255, b"n" * 256, b"n/" * 127 + b"x",
    b"n/" * 128 + b"x", b"GNUSparseFile.1/a", b"A", "\u00e9".encode(), "e\u0301".encode(),
)  # fmt: skip
TARGETS: Sequence[bytes] = (
    *NAMES, b"l/..", b"m/../..", b"d/e/../../..", b"../d", b"./a", b"d/e/f/../..", b"/usr/bin/x",
    b"x" * 4095, b"x/" * 2048, b"../" * 50, b"l/l/l", b"m",
)  # fmt: skip
NUMBERS: Sequence[int] = (
    0, 1, 2, 3, 5, 511, 512, 513, 1023, 1024, 4095, 4096, 65535, 65536, (1 << 24) - 1, 1 << 24,
    (1 << 31) - 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1, 1 << 32, (1 << 33) - 1, 1 << 33,
    (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
)  # fmt: skip
DIGITS: Sequence[bytes] = (
    b"", b" ", b"-1", b"+1", b"0x1", b"1_0", b"1e3", b"nan", b"9" * 19, b"9" * 30, b"1.5", b"-1.5",
    b"1 2", b"8", b"07", b"\xff" * 12, b"\x80" + bytes(11), b"\xff", "\u0661".encode(),
)  # fmt: skip
BYTES: Sequence[int] = (0, 1, 0x20, 0x2F, 0x30, 0x37, 0x7F, 0x80, 0xFF)


class Dice(random.Random):
    """Chance that can be had again by its seed."""

    def happens(self, share: float) -> bool:
        """Something that is as likely as ``share``."""
        return self.random() < share

    def name(self) -> bytes:
        """A name, mostly one that may be."""
        if self.happens(0.8):
            return self.choice((b"a", b"b", b"d/x", b"d/y", b"d/e/z", b"w/%d" % self.randrange(9)))
        if self.happens(0.2):
            return b"/".join(self.choice(NAMES) for _ in range(self.randrange(1, 4)))
        return self.choice(NAMES)

    def target(self) -> bytes:
        """Where a link may lead."""
        return self.name() if self.happens(0.4) else self.choice(TARGETS)

    def number(self) -> int:
        """A number, mostly a small one."""
        return self.randrange(40) if self.happens(0.5) else self.choice(NUMBERS)

    def body(self) -> bytes:
        """Contents, mostly few."""
        if self.happens(0.3):
            return b""
        return self.choice((b"x", b"some text ", b"\0")) * self.choice((1, 3, 51, 52, 200))

    def flipped(self, content: bytes) -> bytes:
        """With one byte that is another."""
        if not content:
            return content
        at = self.randrange(len(content))
        value = self.choice(BYTES) if self.happens(0.5) else self.randrange(256)
        return content[:at] + bytes([value]) + content[at + 1 :]

    def torn(self, content: bytes, step: int = 1) -> bytes:  # noqa: PLR0911 - one a way
        """With a part that is missing, doubled, moved or new; ``step``: of what it is made."""
        count = len(content) // step
        if not count:
            return content
        begin = self.randrange(count) * step
        end = begin + self.randrange(1, min(count, 6) + 1) * step
        part = content[begin:end]
        way = self.randrange(6)
        if way == 0:
            return content[:begin] + content[end:]
        if way == 1:
            return content[:end] + part + content[end:]
        if way == 2:
            return content[:begin]
        if way == 3:
            return content[:begin] + bytes(step) + content[begin:]
        if way == 4:
            rest = content[:begin] + content[end:]
            there = self.randrange(len(rest) // step + 1) * step
            return rest[:there] + part + rest[there:]
        return content + part
