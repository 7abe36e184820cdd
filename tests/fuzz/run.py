"""Unpacking random archives, one after the other, and looking at what comes of each."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import shutil
import signal
import stat
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dropship.archives.tar import TarReader
from dropship.core.entry import Rules
from dropship.errors import RefusedError
from tests.archives import inside
from tests.archives.leads import leads_to, stays_in
from tests.archives.packing import zstd
from tests.archives.tars import filled, sliced
from tests.fuzz.dice import Dice
from tests.fuzz.tars import tar
from tests.fuzz.zips import zip_

RULES = Rules(max_size=1 << 24, max_entries=200, symlinks_to=(b"/usr",))
_HANG_SECONDS = 10.0
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|(?<!\w)b?'(?:[^'\\]|\\.)*'|\d+""")
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lambda content: lzma.compress(content, preset=0),
    "zst": zstd,
}


@dataclass
class Outcome:
    """What was seen. ``faults``: by the number of the input."""

    inputs: int = 0
    accepted: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: dict[int, str] = field(default_factory=dict)


def run(inputs: int, seed: int, first: int = 0, seconds: float = float("inf")) -> Outcome:
    """Unpack as many archives, or what can be done in ``seconds``."""
    seen = Outcome()
    began = time.monotonic()
    with _place() as top:
        for number in range(first, first + inputs):
            start = time.monotonic()
            if start - began > seconds:
                break
            seen.inputs += 1
            try:
                with no_longer_than(_HANG_SECONDS):
                    reason = _one(number, seed, top)
            except Exception as error:  # noqa: BLE001 - whatever else it may be is what is looked for
                seen.faults[number] = f"{type(error).__name__}: {error}"
                reason = ""
            seen.slowest = max(seen.slowest, time.monotonic() - start)
            seen.accepted += not reason
            seen.reasons[_QUOTED.sub("…", reason)] += 1
    seen.seconds = time.monotonic() - began
    return seen


def made(number: int, seed: int) -> tuple[str, bytes, Dice]:
    """An input: what it is called, and its bytes."""
    dice = Dice(f"{seed}/{number}")
    way = dice.random()
    if way < 0.45:
        return "a.zip", zip_(dice), dice
    content = tar(dice)
    if way < 0.97:
        return "a.tar", content, dice
    suffix = dice.choice(tuple(_PACKERS))
    content = _PACKERS[suffix](content)
    if dice.happens(0.5):
        content = dice.flipped(content) if dice.happens(0.7) else dice.torn(content)
    return f"a.tar.{suffix}", content, dice


def _one(number: int, seed: int, top: Path) -> str:
    """Unpack one; why it was refused, or nothing.

    Raises:
        AssertionError: Something is where it should not be.
    """
    name, content, dice = made(number, seed)
    reason = ""
    root = top / "in" / "tree"
    if root.exists():  # of one that failed
        shutil.rmtree(root)
    root.mkdir()
    try:
        inside.unpack(content, name, root, RULES)
    except RefusedError as error:
        reason = str(error)
    _look(root, accepted=not reason)
    shutil.rmtree(root)
    assert os.listdir(top) == ["in"], "something is beside the folder"  # noqa: PTH208 - twice as fast
    assert os.listdir(top / "in") == ["sentinel"], "something is beside the tree"  # noqa: PTH208
    sentinel = (top / "in" / "sentinel").stat()
    assert (sentinel.st_size, sentinel.st_nlink, sentinel.st_mode) == (8, 1, stat.S_IFREG | 0o600)
    if name == "a.tar" and dice.happens(0.1):
        step = dice.choice((1, 100, 511, 513))
        assert _read(content, step) == _read(content, 1 << 20), "it depends on how it is cut"
    return reason


def _read(content: bytes, step: int) -> object:
    found = []
    reader = TarReader(sliced(content, step))
    try:
        for entry in reader.entries():
            if entry.size > RULES.max_size:
                return found
            found.append((entry, b"".join(map(filled, reader.body()))))
    except RefusedError as error:
        return str(error)
    return found


def _look(root: Path, *, accepted: bool) -> None:
    real = os.path.realpath(root)
    todo = [str(root)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                assert not mode & 0o7000, f"{entry.path!r} has the mode {mode:o}"
                if stat.S_ISDIR(mode):
                    todo.append(entry.path)
                    if os.geteuid() and mode & 0o700 != 0o700:
                        os.chmod(entry.path, 0o700)  # noqa: PTH101 - undecodable names
                elif stat.S_ISLNK(mode):
                    stays = not accepted or stays_in(entry.path, real, "/usr/")
                    assert stays, f"{entry.path!r} leads to {leads_to(entry.path)!r}"
                else:
                    assert stat.S_ISREG(mode), f"{entry.path!r} is of the mode {mode:o}"


@contextmanager
def _place() -> Iterator[Path]:
    """A folder in memory, where there is one, with something in it that must stay as it is."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        top = Path(folder)
        (top / "in").mkdir()
        sentinel = top / "in" / "sentinel"
        sentinel.write_bytes(b"precious")
        sentinel.chmod(0o600)
        yield top


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Raise ``TimeoutError`` in the midst of whatever takes longer."""

    def over(*_: object) -> None:
        raise TimeoutError(f"it took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
