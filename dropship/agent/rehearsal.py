"""A worker's idle life, played through before the first worker is forked.

While code runs for the first times, Python takes notes in the code itself (inline caches), looks up
codecs, fills caches. A worker would do that in memory of its own, each worker again; what has been
done before the fork is memory that all of them share. It is played in a folder of its own, over a
store that always has what is installed: nobody is asked, nothing is forked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from dropship.agent.channel import Channel
from dropship.agent.desk import WorkerDesk
from dropship.core import events as on
from dropship.core.saved import Saved
from dropship.core.situation import Facts
from dropship.core.values import Digest, Duration, Md5, Release, Token
from dropship.deploy.desk import Order
from dropship.deploy.rig import Rig
from dropship.errors import RepoError
from dropship.install import release as cards
from dropship.install.layout import Layout
from dropship.repos import Body, Found
from dropship.repos.source import Source
from dropship.state.store import Store

# Python 3.11 takes its last note at the eighth time.
_CHECKS: Final = 10
_MD5: Final = Md5("900150983cd24fb0d6963f7d28e17f72")
_TOKEN: Final = Token(_MD5)


def rehearse(rig: Rig, play: Callable[[Rig, WorkerDesk], object], folder: Path) -> None:
    """Play what a worker does with ``rig`` on an idle day, in a new folder below ``folder``.

    Raises:
        DropshipError, OSError: It went wrong; no harm is done.
    """
    with TemporaryDirectory(prefix="rehearsal-", dir=folder) as name:
        ours, theirs = Channel.pair()
        try:
            desk = _Desk(theirs)
            try:
                play(_setting(rig, Path(name)), desk)
            finally:
                desk.close()
        finally:
            ours.close()
            theirs.close()


class _Store:
    """A store in which nothing changes, and nobody doubts."""

    local = True

    @staticmethod
    def find(_location: Any) -> Found:
        """It is there, as ever."""
        return Found(_TOKEN, "nowhere", "app.tar.gz")

    @staticmethod
    def open(_location: Any, found: Found, _offset: int = 0) -> Body:
        """Nobody wants what is installed."""
        raise RepoError(found.source)

    @staticmethod
    def names(_location: Any, _folder: str, _begins: str) -> Iterator[str]:
        """Nobody asks for more."""
        return iter(())

    @staticmethod
    def close() -> None:
        """There is nothing to give back."""


class _Desk(WorkerDesk):
    """A desk at which the day is over after some checks."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel, signals=False)
        self._left = _CHECKS

    def sleep(self, seconds: float | None) -> None:
        """Wait for the next check, or for the end."""
        super().sleep(seconds)
        self._left -= 1
        if self._left == 0:
            self.give_back([Order(on.Stop(at=time.time()))])


def _setting(rig: Rig, folder: Path) -> Rig:
    """The same, without hooks and turns, and with something installed that is never replaced."""
    layout = Layout(folder / "app", folder / "root")
    store = Store(folder / "state")
    release = Release("20261129T000000Z-900150983cd2", Digest(_MD5, "0" * 64), _TOKEN)
    layout.release(release.name).mkdir(parents=True)
    cards.write(layout, release, "nowhere")
    layout.destination.symlink_to(layout.release(release.name).relative_to(folder))
    store.save(Saved(str(layout.destination), release).note(_TOKEN, _MD5))
    service = replace(rig.service, name="rehearsal", check_interval=Duration.of(0.001))
    return replace(
        rig,
        service=service,
        facts=Facts(),
        layout=layout,
        store=store,
        source=Source(_Store(), None),
        locker=None,
        hooks=dict.fromkeys(rig.hooks, ()),
        health=(),
    )
