"""What is installed in benchmarks: archives of two shapes, the same bytes at every making.

``big`` is a large application with its data: a few hundred files, a gigabyte, half of it hard to
compress. ``many`` is a tree of sources or modules: tens of thousands of small files.
"""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SEED: Final = 20261124
_MTIME: Final = 1_700_000_000
_PIECE: Final = 16 << 10
_LEVEL: Final = 6  # gzip's own default
_WORDS: Final = 600
_DULL: Final = 0.35  # of what compresses: the part that does so very well


@dataclass(frozen=True)
class Shape:
    """An archive.

    Attributes:
        files: How many.
        smallest, largest: Bytes of a file.
        hard: The part of the bytes that does not compress.
    """

    name: str
    files: int
    smallest: int
    largest: int
    hard: float

    def scaled(self, size: float) -> Shape:
        """The same with a part of the files."""
        return Shape(
            self.name, max(1, round(self.files * size)), self.smallest, self.largest, self.hard
        )


BIG: Final = Shape("big", 487, 1 << 20, 3_350_000, 0.175)
MANY: Final = Shape("many", 50_000, 1 << 10, 8 << 10, 0.10)
SHAPES: Final = {one.name: one for one in (BIG, MANY)}


def archive(shape: Shape, folder: Path) -> Path:
    """The tar.gz of a shape below ``folder``; made if it is not there."""
    path = folder / f"{shape.name}-{shape.files}.tar.gz"
    if path.exists():
        return path
    fresh = path.with_suffix(".new")
    with (
        fresh.open("wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
    ):
        for name, content in _files(shape):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), _MTIME
            info.mode = 0o755 if name.endswith("0") else 0o644
            tar.addfile(info, io.BytesIO(content))
    fresh.rename(path)
    return path


def _files(shape: Shape) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(_SEED)
    words = [chance.randbytes(chance.randint(2, 5)).hex().encode() for _ in range(_WORDS)]
    for number in range(shape.files):
        size = chance.randint(shape.smallest, shape.largest)
        folder = f"app/part-{number // 100:04d}"
        yield f"{folder}/file-{number:06d}", _content(chance, words, size, shape.hard)


def _content(chance: random.Random, words: list[bytes], size: int, hard: float) -> bytes:
    made = bytearray()
    while len(made) < size:
        if chance.random() < hard:
            made += chance.randbytes(min(_PIECE, size))
        else:
            line = b" ".join(chance.choices(words, k=60)) + b"\n"
            made += (
                (line * (_PIECE // len(line) + 1))[:_PIECE]
                if chance.random() < _DULL
                else (b" ".join(chance.choices(words, k=_PIECE // 4))[:_PIECE])
            )
    return bytes(made[:size])
