"""A distribution with backends of somebody else, as pip would install it."""

from __future__ import annotations

from pathlib import Path

MODULE = """
from dataclasses import dataclass
from dropship.core.option import option
from dropship.core.values import Secret, Strings


@dataclass(frozen=True)
class Options:
    room: str = option(doc="Which room.")
    words: str = option("", doc="Which words.")
    count: int = option(3, least=2, doc="How often.")
    code: Secret = option(Secret("nobody-shows-this"), doc="What opens the door.")
    knock: str = option("nobody-shows-that", secret=True, doc="How to knock.")
    extra: Strings = option(Strings({"lang": "en"}), doc="More of it.")

    def __post_init__(self):
        if self.words == self.room:
            raise ValueError("words and room are the same")
        if self.words == "stumble":
            1 / 0


class Chat:
    Options = Options
    notifies = True


class Half:
    Options = Options


class Plain:
    class Options:
        pass
    notifies = False


@dataclass(frozen=True)
class Lost:
    room: "Nowhere" = option(doc="Which room.")


class Unread:
    Options = Lost
    notifies = False


@dataclass(frozen=True)
class Odd:
    room: str = option(doc="Which room.")
    more: str


class Strange:
    Options = Odd
    notifies = False


class Store:
    Options = Options
    Location = Options
"""
ENTRIES = """
[dropship.hooks]
chat = chatter:Chat
half = chatter:Half
plain = chatter:Plain
unread = chatter:Unread
strange = chatter:Strange
gone = chatter_that_is_not_there:Chat
pager = pager_library_that_is_not_there:Pager
broken = chatter_that_breaks:Chat
quitter = chatter_that_quits:Chat

[dropship.repos]
needy = chatter:Store
lost = chatter_that_is_not_there:Store
"""


def install(folder: Path) -> Path:
    """Put it there; gives the folder to put on the module path."""
    site = folder / "site"
    info = site / "chatter-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "chatter.py").write_text(MODULE)
    (site / "chatter_that_breaks.py").write_text("1 / 0\n")
    (site / "chatter_that_quits.py").write_text("raise SystemExit('no terminal here')\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chatter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    return site
