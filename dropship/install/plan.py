"""What the unpacker is told before it sees a byte, and what it says back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from dropship.core.entry import Rules
from dropship.install.owner import Account

TREE: Final = "tree"
"""The name, in the folder of a staging, of what was unpacked: a folder, or a single file."""

LINE_MAX: Final = 16 << 10
"""Longest line that is believed to be a report."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One unpacking.

    Attributes:
        folder: Empty, 0700; the tree is made in there.
        said: The configuration's ``format``.
        config_type: The configuration's ``content-type``.
        store_type: The store's type.
        name: The artifact's file name.
        rules: What the archive may do.
        file_mode: Permission bits of a single file.
        umask: For folders that no entry names.
        seconds: How long it may take at most.
        account: Whom the tree shall belong to, where that is not this process's user; ``folder``
            belongs to it already.
    """

    folder: Path
    said: str
    config_type: str
    store_type: str
    name: str
    rules: Rules
    file_mode: int
    umask: int
    seconds: float
    account: Account | None = None


class Word(Enum):
    """What a report says."""

    READY = "ready"
    GOING = "going"
    DONE = "done"
    REFUSED = "refused"
    NO_SPACE = "no-space"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Nothing follows it."""
        return self not in (Word.READY, Word.GOING)


@dataclass(frozen=True, slots=True)
class Report:
    """One line from the unpacker.

    Attributes:
        word: What it is about.
        entries: Members so far.
        size: Length of contents so far.
        message, cure: Of an error.
        layers: Of the sandbox, with ``READY``.
    """

    word: Word
    entries: int = 0
    size: int = 0
    message: str = ""
    cure: str = ""
    layers: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """As one line of JSON."""
        fields = asdict(self) | {"word": self.word.value}
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Report | None:
        """What a line says; None for anything else than a report.

        The unpacker may have been taken over by what it read: nothing but the shape counts.
        """
        try:
            said = json.loads(line)
            return cls(
                word=Word(said["word"]),
                entries=max(0, int(said["entries"])),
                size=max(0, int(said["size"])),
                message=_one_line(str(said["message"])),
                cure=_one_line(str(said["cure"])),
                layers=tuple(_one_line(str(layer)) for layer in said["layers"]),
            )
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None


def _one_line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
