"""The benchmarks run, and give figures; which, is no test's to say."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.benchmarks import (
    corpus,
    crowd,
    downtime,
    idle,
    memory,
    objects,
    restart,
    rollout,
    service,
    turns,
)
from tests.benchmarks.stream import Stream
from tests.benchmarks.website import Answer
from tests.e2e.host import eventually
from tests.engines import ENGINES

pytestmark = pytest.mark.endurance


def test_downtime_is_timed_by_the_hooks_themselves(tmp_path: Path) -> None:
    """A real agent switches to a new release while another process writes."""
    archive = corpus.archive(corpus.BIG.scaled(0.002), tmp_path)
    place = tmp_path / "place"
    place.mkdir()
    gap = downtime.switched(archive, place, busy=True)
    assert 0 < gap.hooks < 60
    assert 0 <= gap.agent < 60
    row = downtime.row("big", "busy", [gap])
    assert row["met"] == (gap.hooks <= downtime.TARGETS["busy"])
    (line,) = downtime.lines([row])
    assert f"{1000 * row['median']:.1f} ms" in line


def test_crowd_is_timed_from_start_to_end(tmp_path: Path) -> None:
    """A few services are up, checked, told of and ended, in this order."""
    rows = {row["what"]: row for row in crowd.measured(3, 1, tmp_path)}
    assert set(rows) == set(crowd.MEANINGS)
    assert 0 < rows["up"]["median"] <= rows["checked"]["median"]
    assert 0 < rows["status"]["median"] < crowd.TARGETS["status"] * 100
    assert f"{rows['stopped']['median']:.2f} s" in "\n".join(crowd.lines(list(rows.values())))


def test_memory_of_a_tree_is_what_its_processes_hold() -> None:
    """A process below another one is seen, to the page."""
    script = """
import os
if os.fork() == 0:
    input()
    held = bytearray(os.urandom(1 << 20) * 32)
    print("held", flush=True)
    input()
os.wait()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        before = eventually(lambda: memory.of_tree(process.pid), "start")
        process.stdin.write(b"hold\n")
        process.stdin.flush()
        process.stdout.readline()
        assert memory.of_tree(process.pid) - before > 32 << 20
        process.stdin.write(b"end\n")


def test_memory_is_looked_at_while_an_agent_updates(tmp_path: Path) -> None:
    """Every figure is there; what is small may be over between two looks."""
    peak = memory.updated(Stream(3, 1), tmp_path)
    assert peak.idle > 1 << 20
    assert peak.seconds > 0
    row = memory.row("3 MB", [peak])
    assert row["met"] == (peak.above <= memory.TARGET)
    (line,) = memory.lines([row])
    assert f"{row['above idle, most']:.1f} at most" in line


def test_idle_is_measured_between_checks_before_and_after_an_update(tmp_path: Path) -> None:
    """What a worker has alone is less than all have; the store was asked all the while."""
    (found,) = idle.measured([1], 1, tmp_path)
    for when in ("checked", "updated"):
        sizes = found[f"MiB, {when}"]
        assert 1 < sizes["worker"] < sizes["agent"]
    assert 0 < found["ms per check"] < 1000
    assert 0 < found["boto3's ms"] < 1000
    assert found["met"]["ratio"] == (found["ratio"] <= idle.TARGETS["ratio"])
    assert f"{found['ratio']:.2f} times boto3's" in "\n".join(idle.lines([found]))


def test_restart_is_timed_to_the_next_question(tmp_path: Path) -> None:
    """The policy's second is in it, so that less would be an old worker's question."""
    (found,) = restart.measured([1], 1, tmp_path)
    assert 0.9 <= found["median"] < 60
    assert f"{found['median']:.3f} s" in "\n".join(restart.lines([found]))


def test_service_is_down_for_as_long_as_its_visitors_find_nobody(tmp_path: Path) -> None:
    """A bad release for as long as it is given, the Go tool's order for a download more."""
    found = service.measured(1, 1 << 20, tmp_path, warm_up=False)
    rows = {row["update"]: row for row in found}
    assert set(rows) == {service.FLOOR, *service.TARGETS, "good, stopped first"}
    for name, row in rows.items():
        assert 0 < row["down"] < 60
        assert row["between stop and start"] < row["down"]
        assert row["failed requests"] > 0
        if "back" in name:
            assert row["down"] > service.PATIENCE
            assert row["longest gap"] > service.PATIENCE
    assert rows[service.FLOOR]["above restart"] == 0
    assert f"{1000 * rows['good']['down']:.1f} ms" in "\n".join(service.lines(found))


def test_outage_is_what_was_noted_down() -> None:
    """From before the first stop to the last time that it could be reached."""
    what = ("stopping", "stopped", "starting", "up", "stopping", "stopped", "starting", "up")
    moments = list(zip(what, (10.0, 10.1, 10.3, 10.6, 12.0, 12.1, 12.4, 12.6), strict=True))
    answers = [Answer(at, at in {1.0, 4.5, 4.6}) for at in (1.0, 1.1, 2.0, 4.5, 4.6)]
    found = service.outage(moments, answers)
    assert found.failed == 2
    assert found.gap == pytest.approx(3.5)
    assert found.down == pytest.approx(2.6)
    assert found.script == pytest.approx(0.5)


def test_memory_of_its_own_is_what_a_process_writes() -> None:
    """A page that was written belongs to the process alone; one that it shares does not."""
    script = """
import os
shared = bytearray(os.urandom(1 << 20) * 32)
if os.fork() == 0:
    print(os.getpid(), flush=True)
    input()
    shared[:] = os.urandom(1 << 20) * 32
    print("written", flush=True)
    input()
    os._exit(0)
os.wait()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        child = int(process.stdout.readline())
        before = objects.own(child)
        assert before < 32 << 20
        process.stdin.write(b"write\n")
        process.stdin.flush()
        process.stdout.readline()
        assert objects.own(child) - before >= 32 << 20
        process.stdin.write(b"end\n")


def test_stream_is_a_whole_archive_of_the_length_it_says() -> None:
    """Made as it is sent, packed as long as unpacked."""
    stream = Stream(2, 3)
    data = b"".join(stream.pieces())
    assert len(data) == stream.length
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [one.size for one in archive] == [3 << 20, 3 << 20]
    assert stream.size < len(data) < 1.01 * stream.size


def test_turn_is_timed_by_who_asks_the_engine(tmp_path: Path) -> None:
    """A real update, and each engine has its row."""
    rows = turns.measured(1, tmp_path)
    assert [row["engine"] for row in rows] == list(ENGINES)
    assert all(0 < row["median"] < 60 for row in rows)
    assert all(row["met"] == (row["median"] <= turns.TARGET) for row in rows)
    assert len(turns.lines(rows)) == len(ENGINES)


def test_rollout_is_timed_to_the_last_host(tmp_path: Path) -> None:
    """A fleet of two."""
    rows = rollout.measured(2, 1, tmp_path)
    assert [(row["engine"], row["hosts"]) for row in rows] == [(name, 2) for name in ENGINES]
    assert all(row["target"] == rollout.INTERVAL + 2 * rollout.EACH for row in rows)
    assert len(rollout.lines(rows)) == len(ENGINES)
