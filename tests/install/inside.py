"""What somebody tries who has taken the unpacker over: each is one attempt from inside."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dropship.install import sandbox
from dropship.install.sandbox import Account, Bounds
from dropship.linux import namespaces
from dropship.linux.libc import LIBC, checked
from tests.install.conftest import NOBODY

FILE_BYTES: Final = 1 << 20
_IPC_CREAT: Final = 0o1000
_IPC_RMID: Final = 0
_SHM_KEY: Final = 0x64720000  # and the process, for there may be several of us


@dataclass(frozen=True)
class Outside:
    """What is out there for whoever gets out."""

    folder: Path
    victim: int
    tcp: int
    udp: int
    abstract: str
    memory: int


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """Servers on every kind of socket, a process, files: all of this process's user."""
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "readable").write_text("1")
    (folder / "readable").chmod(0o644)
    abstract = f"\0dropship-test-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        made = {
            name: stack.enter_context(socket.socket(*kind))
            for name, kind in {
                "tcp": (socket.AF_INET, socket.SOCK_STREAM),
                "udp": (socket.AF_INET, socket.SOCK_DGRAM),
                "abstract": (socket.AF_UNIX, socket.SOCK_STREAM),
                "path": (socket.AF_UNIX, socket.SOCK_STREAM),
            }.items()
        }
        made["tcp"].bind(("127.0.0.1", 0))
        made["udp"].bind(("127.0.0.1", 0))
        made["abstract"].bind(abstract)
        made["path"].bind(str(folder / "socket"))
        (folder / "socket").chmod(0o777)
        for name in ("tcp", "abstract", "path"):
            made[name].listen(50)
        key = _SHM_KEY + os.getpid()
        shared = checked(LIBC.shmget(key, 4096, _IPC_CREAT | 0o666))
        stack.callback(LIBC.shmctl, shared, _IPC_RMID, None)
        victim = stack.enter_context(subprocess.Popen(["sleep", "60"]))
        stack.callback(victim.kill)
        ports = {name: made[name].getsockname()[1] for name in ("tcp", "udp")}
        yield Outside(folder, victim.pid, ports["tcp"], ports["udp"], abstract, key)


# --- attempts: each raises OSError or MemoryError if it is kept from happening -----------------------


def _connect(family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.send(b"x")


def _tcp(out: Outside) -> None:
    _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", out.tcp))


def _udp(out: Outside) -> None:
    _connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", out.udp))


def _abstract(out: Outside) -> None:
    _connect(socket.AF_UNIX, socket.SOCK_STREAM, out.abstract)


def _path_socket(out: Outside) -> None:
    _connect(socket.AF_UNIX, socket.SOCK_STREAM, str(out.folder / "socket"))


def _shared_memory(out: Outside) -> None:
    checked(LIBC.shmget(out.memory, 4096, 0))


def _signal(out: Outside) -> None:
    os.kill(out.victim, signal.SIGCONT)


def _see(out: Outside) -> None:
    os.getpgid(out.victim)


def _read(out: Outside) -> None:
    (out.folder / "readable").read_bytes()


def _create(out: Outside) -> None:
    (out.folder / f"new-{os.getpid()}").write_text("1")


def _chmod(out: Outside) -> None:
    (out.folder / "readable").chmod(0o644)


def _execute(_out: Outside) -> None:
    _in_child(lambda: os.execv("/bin/true", ["true"]))


def _leave(_out: Outside) -> None:
    os.chroot(".")


def _own_user_namespace(_out: Outside) -> None:
    _in_child(lambda: checked(LIBC.unshare(0x10000000)))


def _chown(_out: Outside) -> None:
    _made("chowned")
    os.chown("chowned", 1, 1)


def _others_file(_out: Outside) -> None:
    os.close(os.open("of-another", os.O_RDONLY))


def _device(_out: Outside) -> None:
    os.mknod("device", 0o20600, os.makedev(1, 3))


def _fifo(_out: Outside) -> None:
    os.mkfifo("fifo")


def _huge_file(_out: Outside) -> None:
    fd = _made("huge")
    try:
        os.pwrite(fd, b"12", FILE_BYTES)
        os.pwrite(fd, b"12", FILE_BYTES + 2)
    finally:
        os.close(fd)


def _many_files(_out: Outside) -> None:
    fds: list[int] = []
    try:
        for _ in range(600):
            fds.append(os.dup(0))  # noqa: PERF401 - those that worked are closed
    finally:
        for fd in fds:
            os.close(fd)


def _memory(_out: Outside) -> None:
    bytearray(2 << 30)


def _work(_out: Outside) -> None:
    """What it is there for; nothing may keep it from that."""
    one, two = Path("one"), Path("two")
    one.mkdir()
    two.mkdir()
    os.close(_made("one/file"))
    (two / "link").hardlink_to(one / "file")
    Path("symlink").symlink_to("two/link")
    one.chmod(0o700)
    os.utime("one/file", ns=(0, 0))
    assert list(two.iterdir())
    (two / "link").unlink()


@dataclass(frozen=True)
class Attempt:
    """``keepers``: the layers each of which keeps it from happening."""

    do: Callable[[Outside], None]
    keepers: frozenset[str]


def _keepers(*names: str) -> frozenset[str]:
    return frozenset(names)


ATTEMPTS: Final = {
    "connect over TCP": Attempt(_tcp, _keepers("network-namespace", "landlock")),
    "send over UDP": Attempt(_udp, _keepers("network-namespace")),
    "connect to an abstract socket": Attempt(_abstract, _keepers("network-namespace", "landlock")),
    "connect to a socket": Attempt(_path_socket, _keepers("chroot")),
    "use shared memory": Attempt(_shared_memory, _keepers("ipc-namespace")),
    "signal a process": Attempt(_signal, _keepers("pid-namespace", "landlock", "user")),
    "see a process": Attempt(_see, _keepers("pid-namespace")),
    "read a file outside": Attempt(_read, _keepers("chroot", "landlock")),
    "create a file outside": Attempt(_create, _keepers("chroot", "landlock")),
    "chmod outside": Attempt(_chmod, _keepers("chroot", "user")),
    "execute a program": Attempt(_execute, _keepers("chroot", "landlock")),
    "change the root": Attempt(_leave, _keepers("capabilities", "user")),
    "give a file away": Attempt(_chown, _keepers("capabilities", "user")),
    "read another's file": Attempt(_others_file, _keepers("capabilities", "user")),
    "make a device": Attempt(_device, _keepers("capabilities", "user", "landlock")),
    "make a fifo": Attempt(_fifo, _keepers("landlock")),
    "write a huge file": Attempt(_huge_file, _keepers("rlimits")),
    "open many files": Attempt(_many_files, _keepers("rlimits")),
    "use much memory": Attempt(_memory, _keepers("rlimits")),
    "work": Attempt(_work, _keepers()),
}


@dataclass(frozen=True)
class Seen:
    """What came of it: the layers that were active, and the error of each attempt, if any."""

    layers: tuple[str, ...]
    errors: dict[str, str | None]


def locked_up(
    folder: Path,
    out: Outside,
    *,
    without: Collection[str] = (),
    account: Account | None = None,
    attempts: dict[str, Callable[[Outside], None]] | None = None,
) -> Seen:
    """Every attempt, made in a process that has entered the sandbox in ``folder``."""
    folder.mkdir(mode=0o700)
    (folder / "of-another").touch(0o600)
    if os.geteuid() == 0:
        os.chown(folder / "of-another", 1, 1)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
    else:
        (folder / "of-another").chmod(0)
    todo = attempts or {name: one.do for name, one in ATTEMPTS.items()}
    read, write = os.pipe()
    parent = os.pidfd_open(os.getpid())
    pid = os.fork() if "pid-namespace" in without else namespaces.fork()
    if pid == 0:
        _be_locked_up(folder, out, (write, parent), without, account, todo)
    os.close(write)
    os.close(parent)
    with os.fdopen(read) as stream:
        said = stream.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    layers, errors = json.loads(said)
    return Seen(tuple(layers), errors)


def _be_locked_up(  # noqa: PLR0917 - a rest of the function above
    folder: Path,
    out: Outside,
    ends: tuple[int, int],
    without: Collection[str],
    account: Account | None,
    todo: dict[str, Callable[[Outside], None]],
) -> None:
    status, (write, parent) = 1, ends
    try:
        sandbox.forget_parent()
        os.chdir(folder)
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        nothing, _ = os.pipe()
        sandbox.take_pipes(nothing, write, keep=(fd, parent))
        bounds = Bounds(parent, fd, account, FILE_BYTES, 60, sandbox.mapped())
        layers = sandbox.enter(bounds, without)
        errors = {name: _error(do, out) for name, do in todo.items()}
        os.write(1, json.dumps([layers, errors]).encode())
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the test's stack may be unwound here
        os.write(1, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _error(do: Callable[[Outside], None], out: Outside) -> str | None:
    try:
        do(out)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except MemoryError:
        return "ENOMEM"
    return None


def _in_child(do: Callable[[], object]) -> None:
    """In a child of its own; what is raised there is raised here."""
    pid = os.fork()
    if pid == 0:
        try:
            do()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 255)
        finally:
            os._exit(255)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise OSError(status, os.strerror(status))


def _made(name: str) -> int:
    return os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)


def as_user(work: Callable[[], object]) -> None:
    """Run as an ordinary user, in a child of its own."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - said here: it cannot be raised there
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
