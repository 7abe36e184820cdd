"""The bounded log of each service: kept by whoever speaks, read from its end."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from io import StringIO
from pathlib import Path

import pytest

from dropship import log
from dropship.core.saved import Saved
from dropship.errors import StateError
from dropship.linux import ofd
from dropship.state import document, logbook
from dropship.state.logbook import NAME, Logbook, newest
from dropship.state.store import Store

_SPEAKER = """
import sys
from pathlib import Path
from dropship import log
from dropship.state.logbook import Logbook

state, me, count, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
log.setup("info", "text")
log.keep(Logbook(state, limit=limit))
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    log.bound("api").info("%s %d %s", me, number, "x" * (number % 400))
"""


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """What was set up before comes back."""
    loggers = (logging.getLogger(), logging.getLogger("dropship"))
    before = [(list(one.handlers), one.level, one.propagate) for one in loggers]
    raising = logging.raiseExceptions
    yield
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)
    logging.raiseExceptions = raising


@pytest.fixture
def said() -> StringIO:
    """Standard error, with logging set up."""
    stream = StringIO()
    log.setup("info", "text", stream=stream)
    return stream


def kept(state: Path, *, limit: int = logbook.LIMIT) -> None:
    """Keep from now on."""
    (state / "services").mkdir(exist_ok=True)
    log.keep(Logbook(state, limit=limit))


def messages(state: Path, limit: int = 1000, service: str = "api") -> list[str]:
    """What the log of a service says."""
    return [one.message for one in newest(state, service, limit)]


def path(state: Path, service: str = "api") -> Path:
    """The file."""
    return Store.of(state, service).folder / NAME


def test_event_of_a_service_is_kept_as_json_says_it(tmp_path: Path) -> None:
    """The very same object, fields and traceback included; nothing of events of no service."""
    stream = StringIO()
    log.setup("info", "json", stream=stream)
    logbook.keep(tmp_path)
    try:
        raise ValueError("bad")
    except ValueError:
        log.bound("api").exception("went wrong", extra={"release": "r1", "phase": "after"})
    logging.getLogger("dropship.agent").info("of no service")
    (line,) = path(tmp_path).read_text().splitlines()
    assert line == stream.getvalue().splitlines()[0]
    (event,) = newest(tmp_path, "api", 10)
    assert (event.level, event.message, event.release) == ("error", "went wrong", "r1")
    assert (event.service, event.phase, event.pid) == ("api", "after", os.getpid())
    assert "ValueError: bad" in event.traceback
    assert json.loads(event.line)["time"].endswith("Z")
    assert path(tmp_path).stat().st_mtime == pytest.approx(event.time, abs=60)


def test_log_is_not_for_everybody(tmp_path: Path, said: StringIO) -> None:
    """Output of hooks is in it."""
    kept(tmp_path, limit=1)
    log.bound("api").info("a")
    log.bound("api").info("b")
    files = list(path(tmp_path).parent.iterdir())
    assert [one.name for one in files] == [NAME + ".1"]
    assert files[0].stat().st_mode & 0o027 == 0


def test_event_below_the_level_touches_no_file(tmp_path: Path, said: StringIO) -> None:
    """The level is that of the log."""
    kept(tmp_path)
    log.bound("api").debug("no")
    assert list((tmp_path / "services").iterdir()) == []


def test_setup_again_keeps_the_place_and_learns_new_secrets(tmp_path: Path) -> None:
    """As at a reload; the secrets of before stay hidden, and each event is kept once."""
    log.setup("info", "text", secrets=["hunter-one"], stream=StringIO())
    logbook.keep(tmp_path)
    log.setup("info", "journal", secrets=["hunter-two"], stream=StringIO())
    log.bound("api").info("hunter-one and hunter-two")
    assert messages(tmp_path) == ["… and …"]


def test_keeping_again_takes_the_place_of_before(tmp_path: Path, said: StringIO) -> None:
    """Two commands in one process."""
    for state in (tmp_path / "a", tmp_path / "b"):
        logbook.keep(state)
    log.bound("api").info("once")
    assert (messages(tmp_path / "a"), messages(tmp_path / "b")) == ([], ["once"])


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "nul\0", 5, None])
def test_what_is_no_name_of_a_service_leads_nowhere(
    tmp_path: Path, said: StringIO, name: object
) -> None:
    """No configuration can name it; no file is written anywhere for it."""
    kept(tmp_path)
    logging.getLogger("dropship").info("x", extra={"service": name})
    assert [one.name for one in tmp_path.rglob("*")] == ["services"]
    assert "x" in said.getvalue()


def test_full_file_is_set_aside_once(tmp_path: Path, said: StringIO) -> None:
    """At most two files, each about as long as the limit; the newest are all there, in order."""
    kept(tmp_path, limit=4096)
    for number in range(500):
        log.bound("api").info("number %d", number)
    files = sorted(path(tmp_path).parent.iterdir())
    assert {one.name for one in files} <= {NAME, NAME + ".1"}
    assert all(one.stat().st_size < 4096 + 200 for one in files)
    found = messages(tmp_path)
    assert len(found) > 20
    assert found == [f"number {number}" for number in range(500 - len(found), 500)]
    assert messages(tmp_path, 3) == ["number 497", "number 498", "number 499"]
    assert messages(tmp_path, len(found) + 5) == found


def written(state: Path, *events: tuple[float, str]) -> None:
    """Have them in the log of a service, in this order: when each was said, after noon, and what."""
    noon = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
    path(state).parent.mkdir(parents=True, exist_ok=True)
    with path(state).open("a") as file:
        for seconds, message in events:
            time = (noon + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
            event = {"time": time.replace("+00:00", "Z"), "level": "info", "message": message}
            file.write(json.dumps(event) + "\n")


def test_reading_reads_no_more_than_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few events of a long file cost a few reads, also where lines cross blocks."""
    written(tmp_path, *((number, f"number {number}") for number in range(3000)))
    monkeypatch.setattr(logbook, "_BLOCK", 1000)
    read: list[int] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: read.append(size) or real(fd, size, at))
    assert messages(tmp_path, 10) == [f"number {number}" for number in range(2990, 3000)]
    assert sum(read) < 5000
    monkeypatch.setattr(logbook, "_BLOCK", 7)
    assert messages(tmp_path) == [f"number {number}" for number in range(2000, 3000)]


def test_the_last_events_are_the_last_by_time(tmp_path: Path) -> None:
    """Two processes write, and who spoke first may come second; however many are asked for."""
    written(
        tmp_path,
        *((number, f"number {number}") for number in range(3)),
        *((5.0, "five"), (7.4, "late"), (6.0, "six"), (6.5, "more"), (7.3, "early")),
    )
    whole = ["number 0", "number 1", "number 2", "five", "six", "more", "early", "late"]
    assert messages(tmp_path) == whole
    for limit in range(1, 9):
        assert messages(tmp_path, limit) == whole[-limit:]


def test_clock_that_was_set_back_hides_nothing_new(tmp_path: Path) -> None:
    """What was said after that comes last, whatever its time is; and is in order by itself."""
    written(
        tmp_path,
        *((3600.0, "old"), (3601.2, "last of old"), (3601.1, "older")),
        *((0.0, "new"), (1.2, "newest"), (1.1, "newer")),
    )
    whole = ["old", "older", "last of old", "new", "newer", "newest"]
    assert messages(tmp_path) == whole
    for limit in range(1, 7):
        assert messages(tmp_path, limit) == whole[-limit:]


def test_nothing_said_is_no_events(tmp_path: Path) -> None:
    """No folder, no file, none wanted."""
    assert newest(tmp_path, "api", 10) == ()
    path(tmp_path).parent.mkdir(parents=True)
    path(tmp_path).touch()
    assert newest(tmp_path, "api", 10) == ()
    assert newest(tmp_path, "api", 0) == ()


@pytest.mark.parametrize(
    "torn",
    [b'{"time": "2026-', b"\xff\xfe\n", b"[]\n", b"5\n", b'{"level": "info"}\n', b"[" * 100_000,
     b'{"time": 5, "level": "info", "message": "x"}\n', b'{"time": "x", "level": "i", "message": "x"}\n', b"\n\n"],
)  # fmt: skip
def test_torn_line_is_passed_over_and_harms_no_other(
    tmp_path: Path, said: StringIO, torn: bytes
) -> None:
    """What a full disk left, or somebody's editor; the next event begins a line of its own."""
    kept(tmp_path)
    log.bound("api").info("before")
    with path(tmp_path).open("ab") as file:
        file.write(torn)
    log.bound("api").info("after")
    assert messages(tmp_path) == ["before", "after"]


def test_event_with_fields_of_a_newer_program_is_read(tmp_path: Path) -> None:
    """Fields are only ever added."""
    path(tmp_path).parent.mkdir(parents=True)
    line = '{"time": "2026-11-23T07:40:07.500Z", "level": "info", "message": "x", "new": [1]}'
    path(tmp_path).write_text(line + "\n")
    (event,) = newest(tmp_path, "api", 1)
    assert (event.time, event.service, event.line) == (1795419607.5, "", line)


@pytest.mark.parametrize(("limit", "whole"), [(1 << 30, True), (20_000, False)])
def test_several_processes_may_append_and_set_aside(
    tmp_path: Path, limit: int, whole: bool
) -> None:
    """No line is torn or lost, and nobody renames what another has just begun."""
    (tmp_path / "services").mkdir()
    count, names = 1500, ("one", "two", "three")
    speakers = [
        subprocess.Popen(
            [sys.executable, "-c", _SPEAKER, tmp_path, name, str(count), str(limit)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        for name in names
    ]  # fmt: skip
    for one in speakers:
        assert one.stdout is not None
        one.stdout.readline()
    for one in speakers:
        one.communicate(b"\n", 60)
        assert one.returncode == 0
    lines = [
        json.loads(line)
        for file in path(tmp_path).parent.iterdir()
        for line in file.read_bytes().splitlines()
    ]
    found = messages(tmp_path, len(names) * count)
    assert len(found) == len(lines)
    for name in names:
        numbers = [int(one.split()[1]) for one in found if one.split()[0] == name]
        assert numbers == sorted(numbers)
        if whole:
            assert numbers == list(range(count))
    # A second rename by one who came late would leave next to nothing.
    assert sum(file.stat().st_size for file in path(tmp_path).parent.iterdir()) > 15_000
    if not whole:
        assert all(one.stat().st_size < 30_000 for one in path(tmp_path).parent.iterdir())


def test_event_is_one_write(
    tmp_path: Path, said: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nobody else's comes in between."""
    kept(tmp_path)
    written: list[bytes] = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: written.append(data) or real(fd, data))
    log.bound("api").info("whole")
    assert b"".join(written) == path(tmp_path).read_bytes()
    assert len(written) == 1


def test_late_writer_leaves_the_fresh_file_where_it_is(
    tmp_path: Path, said: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else sets the file aside between its opening and its writing."""
    kept(tmp_path, limit=300)
    log.bound("api").info("early %s", "x" * 100)
    fresh = path(tmp_path).read_text().replace("early", "fresh")
    real = logbook._opened

    def opened(file: Path) -> int:
        fd = real(file)
        file.rename(file.with_name(NAME + ".1"))
        file.write_text(fresh)
        return fd

    monkeypatch.setattr(logbook, "_opened", opened)
    log.bound("api").info("late %s", "x" * 100)
    # All said within a millisecond or so: none of them is lost.
    assert sorted(one.split()[0] for one in messages(tmp_path)) == ["early", "fresh", "late"]
    assert path(tmp_path).read_text() == fresh


def test_file_that_somebody_else_sets_aside_is_left_to_him(tmp_path: Path, said: StringIO) -> None:
    """He holds its lock."""
    kept(tmp_path, limit=1)
    path(tmp_path).parent.mkdir()
    with path(tmp_path).open("ab") as file:
        assert ofd.lock_exclusive(file.fileno())
        log.bound("api").info("one")
        assert path(tmp_path).exists()
    log.bound("api").info("two")
    assert not path(tmp_path).exists()
    assert messages(tmp_path) == ["one", "two"]


def test_folder_that_the_log_made_is_made_durable_with_the_state(
    tmp_path: Path, said: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log syncs nothing; state that a power cut takes away with its folder is no state."""
    kept(tmp_path)
    log.bound("api").info("first")
    synced: list[Path] = []
    monkeypatch.setattr(document, "sync_folder", synced.append)
    Store.of(tmp_path, "api").save(Saved())
    assert tmp_path / "services" in synced


def test_file_that_is_set_aside_while_it_is_read_is_read_once(
    tmp_path: Path, said: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening one and the other."""
    kept(tmp_path)
    log.bound("api").info("only")
    real = os.open

    def opening(name: Path, flags: int) -> int:
        fd = real(name, flags)
        if name == path(tmp_path):
            name.rename(name.with_name(NAME + ".1"))
        return fd

    monkeypatch.setattr(os, "open", opening)
    assert messages(tmp_path) == ["only"]


def test_full_disk_disturbs_nobody(tmp_path: Path, said: StringIO) -> None:
    """The event is said all the same; where there is room again, the next one is kept."""
    kept(tmp_path)
    log.bound("api").info("first")
    size = path(tmp_path).stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))
    try:
        log.bound("api").info("cut short")
        log.bound("api").info("not begun")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    log.bound("api").info("last")
    assert messages(tmp_path) == ["first", "last"]
    spoken = [line.rpartition("] ")[2] for line in said.getvalue().splitlines()]
    assert spoken == ["first", "cut short", "not begun", "last"]


def test_event_that_cannot_be_put_into_words_disturbs_nobody(
    tmp_path: Path, said: StringIO
) -> None:
    """A mistake of who speaks."""
    kept(tmp_path)
    log.bound("api").info("%d", "no number")
    log.bound("api").info("half of a pair: \ud800")
    assert messages(tmp_path) == ["half of a pair: \ud800"]


@pytest.mark.parametrize("gone", ["services", "services/api", "services/api/log.jsonl"])
def test_place_that_cannot_be_used_disturbs_nobody(
    tmp_path: Path, said: StringIO, gone: str
) -> None:
    """A file where a folder should be, or the other way round: as root, nothing else is refused."""
    kept(tmp_path)
    place = tmp_path / gone
    if gone == "services":
        place.rmdir()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.mkdir() if place.name == NAME else place.touch()
    log.bound("api").info("said")
    assert said.getvalue().endswith("said\n")
    assert said.getvalue().count("\n") == 1
    with pytest.raises(StateError, match="cannot read"):
        newest(tmp_path, "api", 1)


def test_folder_that_may_not_be_read_is_an_error_of_the_reader_only(
    tmp_path: Path, said: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who speaks goes on; who reads is told what to do."""
    kept(tmp_path)

    def refused(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    log.bound("api").info("said")
    assert said.getvalue().endswith("said\n")
    with pytest.raises(StateError, match="Permission denied; run as the agent's user"):
        newest(tmp_path, "api", 1)


def test_symlink_in_the_place_of_the_log_is_not_followed(tmp_path: Path, said: StringIO) -> None:
    """Nothing is appended to somebody else's file."""
    kept(tmp_path)
    other = tmp_path / "other"
    other.touch()
    path(tmp_path).parent.mkdir()
    path(tmp_path).symlink_to(other)
    log.bound("api").info("said")
    assert other.read_bytes() == b""
