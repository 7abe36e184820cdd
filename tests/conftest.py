"""What all tests share: sizes of what takes long, and real servers, each started at most once."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

# Behind everything else, so that tests find each other, and an installed dropship comes first.
sys.path.append(str(Path(__file__).parents[1]))


# Only now, since they find each other by the path above.
from tests.servers.fixtures import (
    consul,
    etcd,
    graphite,
    guarded_etcd,
    guarded_redis,
    moto,
    nginx,
    own_redis,
    redis,
    swift,
    systemd,
    units,
)

__all__ = [
    "consul",
    "etcd",
    "graphite",
    "guarded_etcd",
    "guarded_redis",
    "moto",
    "nginx",
    "own_redis",
    "redis",
    "swift",
    "systemd",
    "units",
]


def pytest_configure() -> None:
    """A job in the background has signals ignored, and so would all that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


# The whole program runs, some of it many times, or real servers are asked: that takes long, and is
# hardly different on another Python.
_SLOW = ("contracts", "e2e", "interop", "lockers", "repos")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow folders."""
    here = Path(__file__).parent
    folders = [here / name for name in _SLOW]
    for item in items:
        if any(folder in item.path.parents for folder in folders):
            item.add_marker(pytest.mark.slow)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Sizes; the defaults are what CI runs."""
    group = parser.getgroup("dropship")
    group.addoption("--kills", type=int, default=20, help="kills at random moments (20)")
    group.addoption("--reloads", type=int, default=50, help="reloads while services update (50)")
    group.addoption("--inputs", type=int, default=20_000, help="random archives (20,000)")
    group.addoption("--points", type=int, default=3, help="strikes a scene and kind (3); 0: all")
    folder = Path(__file__).parents[1] / "dist"
    group.addoption("--packages", type=Path, default=folder, help="where packages are (dist)")
    group.addoption("--cuts", type=int, default=0, help="power cuts in a virtual machine (0)")
    group.addoption("--rounds", type=int, default=20, help="deaths in a phase (20); 0: all cells")
    group.addoption("--rounds-seed", type=int, default=0, help="which deaths (0: by chance)")
    group.addoption("--downloads", type=int, default=25, help="spoiled downloads (25)")
    group.addoption("--soak", type=float, default=120, help="seconds of a soak (120)")
    group.addoption("--suspend", type=float, default=15, help="seconds of a host's sleep (15)")
