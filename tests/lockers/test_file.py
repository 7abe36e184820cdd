"""The file locker: what a holder's end, a break, a share and an odd folder mean."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from dropship.core.values import Md5
from dropship.errors import LeaseLostError, LockError
from dropship.lockers import Broken, Holder, Mark, Place, nfs
from dropship.lockers.file import FileLease, FileLocker, FileLockerOptions
from tests.exec.runs import Watcher, eventually

HOLDER = Holder(host="web-01", pid=42, service="api", hash=Md5("9" * 32))


def take(locker: FileLocker, limit: int = 1) -> FileLease:
    """A turn, or an error at once."""
    return locker.acquire("all", limit, HOLDER, timeout=0.0, watch=Watcher())


def local(folder: Path) -> FileLocker:
    """A locker of this host only."""
    return FileLocker(FileLockerOptions(), Place(folder, "all"))


def test_holder_is_written_where_everybody_can_read_it(tmp_path: Path) -> None:
    """And is nobody once the turn is given back."""
    locker = local(tmp_path)
    lease = take(locker)
    (slot,) = tmp_path.iterdir()
    assert slot.stat().st_mode & 0o444 == 0o444
    (holder,) = local(tmp_path).standing("all").holders
    assert json.loads(slot.read_text()) == {
        "host": "web-01", "pid": 42, "service": "api", "hash": "9" * 32, "since": holder.since,
    }  # fmt: skip
    lease.release()
    assert slot.exists()
    assert locker.standing("all").holders == ()


def test_turns_on_this_host_only_need_no_path(tmp_path: Path) -> None:
    """Two workers, one turn."""
    lease = take(local(tmp_path))
    with pytest.raises(LockError, match=r"held by web-01 \(api\)"):
        take(local(tmp_path))
    lease.release()


def test_turn_of_a_process_that_died_is_free_at_once(tmp_path: Path) -> None:
    """The kernel gives it back; a hook that it started does not hold it."""
    program = f"""
import subprocess, sys, time
from pathlib import Path
from tests.lockers.test_file import local, take
lease = take(local(Path({str(tmp_path)!r})))
child = subprocess.Popen(["sleep", "100"])
print(child.pid, flush=True)
time.sleep(100)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            with pytest.raises(LockError):
                take(local(tmp_path))
            process.kill()
            process.wait()
            assert local(tmp_path).standing("all").holders == ()
            take(local(tmp_path)).release()
        finally:
            os.kill(child, signal.SIGKILL)


def test_broken_turn_is_noticed_and_free(tmp_path: Path) -> None:
    """Its holder cannot take the next one's away when it gives its own back."""
    locker = local(tmp_path)
    old = take(locker)
    locker.break_turns("all", Broken("ada", "ops", 5.0, ("web-01 (api)",)))
    with pytest.raises(LeaseLostError, match="was broken"):
        old.check()
    new = take(locker)
    new.check()
    old.release()
    new.check()
    with pytest.raises(LockError):
        take(locker)
    new.release()


def test_smaller_limit_counts_those_who_hold_turns_of_a_larger_one(tmp_path: Path) -> None:
    """While a fleet's configuration changes, too."""
    hosts = [
        FileLocker(
            FileLockerOptions(path=tmp_path / "shared"), Place(tmp_path / f"{number}", "all")
        )
        for number in range(3)
    ]
    first, second = take(hosts[0], limit=2), take(hosts[1], limit=2)
    first.release()
    with pytest.raises(LockError):
        take(hosts[2], limit=1)
    second.release()
    take(hosts[2], limit=1).release()


def test_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    """Nobody starts without a turn."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LockError, match="Not a directory") as caught:
        take(FileLocker(FileLockerOptions(path=tmp_path / "file" / "x"), Place(tmp_path, "all")))
    assert "check the lock's path" in caught.value.cure


def test_turn_is_free_again_once_a_share_that_failed_is_back(tmp_path: Path) -> None:
    """An error in the middle of taking it leaves nothing locked."""
    share = tmp_path / "share"
    in_the_way = share / "turn-all.0.lock"
    in_the_way.mkdir(parents=True)
    locker = FileLocker(FileLockerOptions(path=share), Place(tmp_path / "own", "all"))
    with pytest.raises(LockError):
        take(locker)
    in_the_way.rmdir()
    take(locker).release()


def test_turn_is_free_again_once_there_is_room_to_write_its_holder(tmp_path: Path) -> None:
    """Likewise for a full disk."""
    locker = local(tmp_path)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
    try:
        with pytest.raises(LockError):
            take(locker)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        signal.signal(signal.SIGXFSZ, before)
    take(locker).release()


def test_mark_that_cannot_be_read_is_one_all_the_same(tmp_path: Path) -> None:
    """Not a permission to go on."""
    md5 = Md5("a" * 32)
    (tmp_path / f"turn-all.failed.{md5}.json").write_text("{")
    assert local(tmp_path).marks.get("all", md5) == Mark(md5, "?", "?", 0.0)


def test_descriptors_do_not_grow(tmp_path: Path) -> None:
    """Waiting opens and closes files for hours."""
    locker, lease = local(tmp_path), take(local(tmp_path))
    before = _open_below(tmp_path)
    assert before
    for _ in range(20):
        with pytest.raises(LockError):
            take(locker)
    assert _open_below(tmp_path) == before
    lease.release()
    eventually(lambda: locker.standing("all").holders == ())


def _open_below(folder: Path) -> list[str]:
    """Files that this process has open there."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(one.readlink()))
    return sorted(one for one in found if one.startswith(str(folder)))


MOUNTS = rb"""21 1 8:1 / / rw - ext4 /dev/sda1 rw
22 21 0:40 / /mnt/builds rw shared:1 - nfs4 nas:/builds rw,vers=4.2,local_lock=none
23 21 0:41 / /mnt/old\040share rw - nfs nas:/old rw,vers=3,nolock,local_lock=all
24 22 0:42 / /mnt/builds/local rw - nfs4 nas:/x rw,local_lock=posix
25 21 0:43 / /mnt/flock rw - nfs4 nas:/x rw,local_lock=flock
"""


@pytest.mark.parametrize(
    ("folder", "option"),
    [
        ("/var/lib/dropship/locks", ""),
        ("/mnt/builds/locks", ""),
        ("/mnt/builds-2", ""),
        ("/mnt/old share/locks", "nolock"),
        ("/mnt/builds/local/locks", "local_lock=posix"),
        ("/mnt/flock", ""),
    ],
)
def test_share_whose_locks_stay_on_this_host_is_told(folder: str, option: str) -> None:
    """By the mount that really holds the folder."""
    assert nfs.local_locks(Path(folder), MOUNTS) == option
    assert isinstance(nfs.local_locks(Path("/")), str)
