"""The calls into Linux, as the rest sees them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dropship.linux import clock, disk, mounts, ofd, pidfd, process, rename
from dropship.linux.usage import usage
from tests.e2e.host import eventually


def test_ofd_lock_is_of_the_open_file(tmp_path: Path) -> None:
    """Not of the process: a second descriptor does not get it, a closed third does not lose it."""
    path = tmp_path / "lock"
    first, second, third = (os.open(path, os.O_RDWR | os.O_CREAT) for _ in range(3))
    assert ofd.lock_exclusive(first)
    assert not ofd.lock_exclusive(second)
    os.close(third)
    assert not ofd.lock_exclusive(second)
    ofd.unlock(first)
    assert ofd.lock_exclusive(second)
    assert not ofd.lock_exclusive(first)
    os.close(second)
    assert ofd.lock_exclusive(first, blocking=True)
    os.close(first)


def test_ofd_lock_is_kept_by_a_forked_child_until_it_ends(tmp_path: Path) -> None:
    """The kernel gives it back with the last copy, however that process ended."""
    path = tmp_path / "lock"
    mine = os.open(path, os.O_RDWR | os.O_CREAT)
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        fd = os.open(path, os.O_RDWR)
        os.write(done, b"1" if ofd.lock_exclusive(fd) else b"0")
        signal.pause()
    assert os.read(ready, 1) == b"1"
    assert not ofd.lock_exclusive(mine)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert ofd.lock_exclusive(mine)
    for fd in (mine, ready, done):
        os.close(fd)


def test_exchange_swaps_two_names_of_any_kind(tmp_path: Path) -> None:
    """In one step, by paths or relative to folders."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    rename.exchange(tmp_path / "folder", tmp_path / "link")
    assert (tmp_path / "link").is_dir()
    assert (tmp_path / "folder").is_symlink()
    fd = os.open(tmp_path, os.O_RDONLY)
    rename.exchange("folder", "link", first_dir_fd=fd, second_dir_fd=fd)
    os.close(fd)
    assert (tmp_path / "link").is_symlink()
    with pytest.raises(FileNotFoundError):
        rename.exchange(tmp_path / "folder", tmp_path / "none")


def test_move_replaces_nothing(tmp_path: Path) -> None:
    """Where rename(2) would."""
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with pytest.raises(FileExistsError):
        rename.move(tmp_path / "a", tmp_path / "b")
    rename.move(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c").read_text() == "a"


def test_syncfs_takes_any_descriptor_of_the_file_system(tmp_path: Path) -> None:
    """And says what is wrong with a bad one."""
    fd = os.open(tmp_path, os.O_RDONLY)
    disk.syncfs(fd)
    os.close(fd)
    with pytest.raises(OSError, match="Bad file descriptor") as failed:
        disk.syncfs(fd)
    assert failed.value.errno == errno.EBADF


def test_umask_is_read_without_being_changed() -> None:
    """As ``os.umask`` would say."""
    before = os.umask(0o026)
    try:
        assert process.umask() == 0o026
    finally:
        os.umask(before)


def test_child_dies_with_its_parent() -> None:
    """Also if the parent was gone before the child could say so."""
    read, write = os.pipe()
    parent = os.fork()
    if parent == 0:
        me = os.getpid()
        if os.fork() == 0:
            process.die_with_parent(me)
            os.write(write, str(os.getpid()).encode())
            signal.pause()
        signal.pause()
    child = int(os.read(read, 20))
    fd = os.pidfd_open(child)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    assert pidfd.wait(fd, 10)
    orphan = os.fork()
    if orphan == 0:
        process.die_with_parent(1 << 30)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(orphan, 0)[1]) == -signal.SIGKILL
    for one in (read, write, fd):
        os.close(one)


def test_no_new_privs_and_title_are_seen_from_outside() -> None:
    """In /proc, as ``ps`` shows them."""
    code = (
        "import sys; from dropship.linux import process; process.no_new_privs();"
        "process.set_title('dropship: worker api'); print('on', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(process.__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"on\n"
        proc = Path(f"/proc/{child.pid}")
        assert b"NoNewPrivs:\t1" in (proc / "status").read_bytes()
        assert (proc / "comm").read_text() == "dropship: worke\n"
        assert (proc / "cmdline").read_bytes().rstrip(b"\0") == b"dropship: worker api"
        child.stdin.close()
        assert child.wait(10) == 0


@pytest.mark.parametrize("kernel", ["new", "old"])
def test_close_descriptors_spares_the_named(kernel: str) -> None:
    """All others go, whatever their number, and also where close_range(2) is not to be had."""
    child = os.fork()
    if child == 0:
        if kernel == "old":
            process._close_range = None
        kept, gone = os.pipe()
        os.dup2(gone, 200)
        process.close_descriptors(keep=(0, 1, 2, kept))
        left = {int(one.name) for one in Path("/proc/self/fd").iterdir()}
        # The listing has a descriptor of its own.
        os._exit(0 if kept in left and 200 not in left and len(left) <= 5 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_trimmed_heap_is_the_kernels_again() -> None:
    """Also where what is free lies below what is not."""
    script = """
import ctypes
from dropship.linux import heap
from dropship.linux.libc import LIBC
LIBC.malloc.restype, LIBC.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
LIBC.free.argtypes = (ctypes.c_void_p,)
held = [LIBC.malloc(64 << 10) for _ in range(256)]
for one in held:
    ctypes.memset(one, 1, 64 << 10)
for one in held[:-1]:
    LIBC.free(one)
def own():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))
before = own()
heap.trim()
print(before - own())
"""
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert int(told.stdout) > 12 << 10


def test_usage_is_what_psutil_says() -> None:
    """Of a process that does nothing: the same memory, and the same time."""
    script = "sum(range(10_000_000)); print('rests', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"rests\n"
        process = psutil.Process(child.pid)
        eventually(lambda: process.status() == psutil.STATUS_SLEEPING, "wait for input")
        told = usage(child.pid)
        times = process.cpu_times()
        assert told is not None
        assert told.rss == pytest.approx(process.memory_info().rss, rel=0.05)
        assert told.cpu == pytest.approx(times.user + times.system, abs=0.05)
        assert told.cpu > 0
        child.communicate(b"end\n")
    assert usage(child.pid) is None


def test_pidfd_tells_a_process_from_a_later_one() -> None:
    """Only the one that started then is killed."""
    with subprocess.Popen(["sleep", "60"]) as child:
        start = pidfd.started(child.pid)
        assert start is not None
        assert pidfd.kill_and_wait(child.pid, start - 1, 0)
        assert child.poll() is None
        assert pidfd.kill_and_wait(child.pid, start, 10)
        assert child.wait(10) == -signal.SIGKILL
    assert pidfd.started(child.pid) is None
    assert pidfd.kill_and_wait(child.pid, start, 0)


def test_mount_points_are_read_with_their_blanks() -> None:
    """/proc/self/mountinfo writes blanks, tabs and backslashes in octal."""
    text = (
        b"36 35 98:0 /mnt1 /srv/my\\040data rw,noatime master:1 - ext3 /dev/root rw\n"
        b"37 35 98:0 / /srv/a\\134b rw - ext3 /dev/root rw\n"
    )
    assert mounts.parse(text) == (b"/srv/my data", b"/srv/a\\b")
    assert b"/proc" in mounts.points()


def test_at_or_below_is_a_matter_of_whole_names() -> None:
    """``/srv/api2`` is not below ``/srv/api``."""
    points = (b"/", b"/srv/api", b"/srv/api/x", b"/srv/api2")
    assert mounts.at_or_below(b"/srv/api", points) == (b"/srv/api", b"/srv/api/x")
    assert mounts.at_or_below(b"/", points) == points


def test_orphans_of_descendants_come_to_who_adopts_them() -> None:
    """Not to init; in a process of its own, since it is for life."""
    program = (
        "import os, subprocess, sys\n"
        "from dropship.linux import process\n"
        "process.adopt_orphans()\n"
        # One that lives on: its parent would reap it otherwise, if that came to it.
        'leave = \'import subprocess as s; print(s.Popen(["sleep", "60"], stdout=s.DEVNULL).pid)\'\n'
        "orphan = int(subprocess.check_output([sys.executable, '-W', 'ignore', '-c', leave]))\n"
        "os.kill(orphan, 9)\n"
        "assert os.waitpid(orphan, 0) == (orphan, 9)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_kind_of_a_file_system_is_that_of_the_mount_that_is_seen() -> None:
    """The innermost one, and of several at one place the last."""
    table = (
        b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        b"2 1 0:2 / /srv/my\\040data rw shared:1 - nfs4 host:/x rw\n"
        b"3 1 0:3 / /srv rw - xfs /dev/sdb rw\n"
        b"4 1 0:4 / /srv rw - tmpfs none rw\n"
    )
    kinds = {
        path: mounts.kind(Path(path), table) for path in ("/", "/etc", "/srv/a", "/srv/my data/b")
    }
    assert kinds == {"/": "ext4", "/etc": "ext4", "/srv/a": "tmpfs", "/srv/my data/b": "nfs4"}
    assert mounts.kind(Path("/proc/self")) == "proc"


def test_kernel_says_whether_the_clock_is_kept() -> None:
    """As adjtimex has it in util-linux and systemd; asking changes nothing, and needs no rights."""
    assert clock.synchronised() in (True, False)
