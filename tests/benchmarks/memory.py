"""``memory``: what an update takes above idle, by the size of its artifact.

A real agent with one service is looked at between two checks, and every 20 ms while it updates:
the memory of its whole process tree, each page shared by several counted once (PSS), nothing of
the page cache. The kernel's own peaks are told beside it: by how much the worker's resident memory
(VmHWM) rose over what it was at rest, and the unpacker's at its highest; what an unpacker shares
with its worker is in both.

Artifacts are as long packed as unpacked: the harder case, as all of it goes through the network,
the digests and the pipe, and all of it through the unpacker. One has as many entries as an
archive may have.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from tests.benchmarks import disk
from tests.benchmarks.looking import EVERY, family, looking
from tests.benchmarks.stream import Stream, serving
from tests.e2e.host import PROGRAM, Host, eventually

TARGET: Final = 60 << 20
"""Bytes above idle at most, whatever the artifact's size."""

STREAMS: Final = {
    "10 MB": Stream(10, 1),
    "100 MB": Stream(100, 1),
    "1 GB": Stream(250, 4),
    "10 GB": Stream(1_250, 8),
    "250,000 entries": Stream(249_000, 0),  # and their folders
}
_SMALL: Final = Stream(1, 1)
_LOOKS: Final = 15
_ROOM: Final = 6 << 30  # for the inodes of all those entries, too
_AT_REST: Final = 2


@dataclass(frozen=True)
class Peak:
    """Bytes of one update.

    Attributes:
        idle: The tree between two checks, before.
        above: Its highest while updating, over ``idle``.
        afterwards: The tree between two checks again, over ``idle``.
        worker: How far VmHWM of the worker rose over its VmRSS before.
        unpacker: VmHWM of the unpacker.
        seconds: How long the update took.
        looks: How often it was looked at.
    """

    idle: int
    above: int
    afterwards: int
    worker: int
    unpacker: int
    seconds: float
    looks: int


def measured(
    names: Sequence[str], rounds: int, folder: Path, image: Path | None
) -> list[dict[str, Any]]:
    """Every artifact in turn, ``rounds`` times."""
    peaks: dict[str, list[Peak]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, so_far in peaks.items():
            stream = STREAMS[name]
            with disk.fresh(folder, image=image, size=stream.size * 5 // 4 + _ROOM) as place:
                so_far.append(updated(stream, place))
    return [row(name, ones) for name, ones in peaks.items()]


def updated(stream: Stream, place: Path) -> Peak:
    """One update of an agent from something small to ``stream``, all of it below ``place``."""
    host = Host(place)
    with serving(_SMALL) as server:
        try:
            host.configure(_service(place, server.url))
            # Not by the agent: what a first update leaves in its memory would hide what the next takes.
            _update(host)
            host.start()
            worker = host.pid()
            eventually(host.checked, host.said)
            idle = _at_rest(host)
            resident = _kernels(worker)["VmRSS"]
            Path(f"/proc/{worker}/clear_refs").write_text("5")  # proc(5): resets VmHWM
            server.stream = stream
            began = time.monotonic()
            seen = _Seen(host.agent.pid, worker)
            with looking(seen.look):
                _update(host)
            seconds = time.monotonic() - began
            return Peak(
                idle=idle,
                above=seen.most - idle,
                afterwards=_at_rest(host) - idle,
                worker=_kernels(worker)["VmHWM"] - resident,
                unpacker=seen.unpacker,
                seconds=seconds,
                looks=seen.looks,
            )
        finally:
            host.stop()
            host.close()


def _service(place: Path, url: str) -> str:
    return f"""
service "app" {{
  checkInterval = "1h"
  artifact "http" {{
    url         = "{url}"
    destination = "{place}/srv/app"
  }}
}}
"""


def _update(host: Host) -> None:
    """``dropship update``, however long it takes."""
    done = subprocess.run(
        [*PROGRAM, "update"],
        cwd=host.folder,
        env=host.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"dropship update: {done.stderr}\n{host.said()}")


def _at_rest(host: Host) -> int:
    """The tree's memory while nothing goes on."""
    eventually(lambda: host.services()["app"]["state"] == "idle", host.said)
    # Supervisor and worker; the answer to the question has a process of its own.
    eventually(lambda: len(family(host.agent.pid)) == _AT_REST, host.said)
    looks = []
    for _ in range(_LOOKS):
        time.sleep(EVERY)
        looks.append(of_tree(host.agent.pid))
    return int(statistics.median(looks))


@dataclass
class _Seen:
    """What was seen of a tree so far.

    Attributes:
        most: The highest sum of its memory.
        unpacker: The highest VmHWM of a child of its worker.
        looks: How often.
    """

    pid: int
    worker: int
    most: int = 0
    unpacker: int = 0
    looks: int = 0

    def look(self) -> None:
        """Look once."""
        self.most = max(self.most, of_tree(self.pid))
        self.looks += 1
        for process in family(self.worker)[1:]:
            with suppress(OSError, KeyError):
                self.unpacker = max(self.unpacker, _kernels(process.pid)["VmHWM"])


def of_tree(pid: int) -> int:
    """Bytes that a process and its descendants take; a page that several share counts once."""
    return sum(map(_own, family(pid)))


def _own(process: psutil.Process) -> int:
    """Its part of the memory, in bytes; 0 if it has gone."""
    with suppress(OSError):
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        if found := re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE):
            return int(found[1]) << 10
    return 0


def _kernels(pid: int) -> dict[str, int]:
    """What the kernel counts, in bytes, by its names in /proc/PID/status."""
    text = Path(f"/proc/{pid}/status").read_text()
    return {name: int(size) << 10 for name, size in re.findall(r"(Vm\w+):\s+(\d+) kB", text)}


def row(name: str, peaks: Sequence[Peak]) -> dict[str, Any]:
    """The figures of one artifact, in MiB."""

    def middle(figure: str) -> float:
        return _mib(statistics.median(getattr(one, figure) for one in peaks))

    most = max(one.above for one in peaks)
    return {
        "artifact": name,
        "idle": middle("idle"),
        "above idle, median": middle("above"),
        "above idle, most": _mib(most),
        "afterwards": middle("afterwards"),
        "worker's VmHWM, risen by": middle("worker"),
        "unpacker's VmHWM": middle("unpacker"),
        "seconds": round(statistics.median(one.seconds for one in peaks), 1),
        "looks": min(one.looks for one in peaks),
        "target": _mib(TARGET),
        "met": most <= TARGET,
    }


def _mib(size: float) -> float:
    return round(size / (1 << 20), 1)


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    return [
        f"  {one['artifact']:16} {one['above idle, median']:6.1f} MiB above {one['idle']:.1f}, "
        f"{one['above idle, most']:.1f} at most, {one['afterwards']:+.1f} afterwards "
        f"({one['seconds']:.0f} s): at most {one['target']:.0f} {'ok' if one['met'] else 'MISSED'}"
        for one in found
    ]
