"""A virtual machine: QEMU with software emulation, and the line to the program in it."""

from __future__ import annotations

import json
import queue
import random
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.power import root
from tests.power.disk import SECTOR, Disk, Loss
from tests.power.kernel import Kernel
from tests.power.nbd import Server

PROGRAM: Final = "qemu-system-x86_64"

_PATIENCE: Final = 600.0
_SECTORS: Final = f"logical_block_size={SECTOR},physical_block_size={SECTOR}"
_QUIET: Final = "quiet mitigations=off panic=-1 random.trust_cpu=on console=ttyS0"


def missing() -> str | None:
    """What is not installed here, and how it would be; None if everything is."""
    cure = "run tests/power/install"
    if shutil.which(PROGRAM) is None:
        return f"needs {PROGRAM}: {cure}"
    try:
        Kernel.installed()
    except FileNotFoundError as error:
        return f"needs Debian's kernel and busybox, {error}: {cure}"
    return None


def described() -> str:
    """Which emulator and which kernel."""
    said = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
    kernel = Kernel.installed().image.name.removeprefix("vmlinuz-")
    return f"{said.splitlines()[0]}, software emulation; Linux {kernel}"


@dataclass(frozen=True)
class Board:
    """What stays the same from boot to boot."""

    folder: Path
    kernel: Path
    first_root: Path
    root: Path
    port: int

    @classmethod
    def build(cls, folder: Path, kernel: Kernel, port: int) -> Board:
        """Make it in an empty folder."""
        first_root = folder / "first-root"
        first_root.write_bytes(kernel.first_root())
        return cls(folder, kernel.image, first_root, root.build(folder, kernel.busybox), port)

    def command(self, socket: Path) -> list[str]:
        """QEMU's, for one boot."""
        return [
            # It must not outlive whoever drives it, nor take the host from others.
            "setpriv", "--pdeathsig", "KILL", "nice", "-n", "10", PROGRAM, "-accel", "tcg", "-machine", "pc", "-cpu", "max",
            "-smp", "1", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", str(self.kernel), "-initrd", str(self.first_root),
            "-append", f"{_QUIET} STORE_PORT={self.port}",
            "-blockdev", f"driver=file,filename={self.root},node-name=root,read-only=on,locking=off",
            "-device", "virtio-blk-pci,drive=root",
            "-blockdev", f"driver=nbd,node-name=data,server.type=unix,server.path={socket}",
            "-device", f"virtio-blk-pci,drive=data,write-cache=on,{_SECTORS}",
            "-netdev", "user,id=net,ipv6=off",
            "-device", "virtio-net-pci,netdev=net,romfile=",
            "-serial", f"file:{self.folder / 'console'}", "-serial", "stdio",
        ]  # fmt: skip


class Machine:
    """One boot, until the power is cut or the machine switches itself off."""

    def __init__(self, board: Board, disk: Disk) -> None:
        self._disk = disk
        self._console = board.folder / "console"
        self.requests = 0
        self.last = ""
        self.off = threading.Event()
        self._left: int | None = None
        self._lock = threading.Lock()
        socket = board.folder / "disk"
        socket.unlink(missing_ok=True)
        self._server = Server(disk, socket, self._passing)
        self._server.start()
        self._process = subprocess.Popen(
            board.command(socket), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def hear(self) -> dict[str, Any] | None:
        """What the program in it says next; None if the power went before.

        Raises:
            AssertionError: It says nothing any more, or something is wrong with the machine itself.
        """
        try:
            said = self._said.get(timeout=_PATIENCE)
        except queue.Empty:
            raise AssertionError(f"the machine is silent: {self.console()}") from None
        if said is None and not self.off.is_set():
            raise AssertionError(f"the machine went off by itself: {self.console()}")
        return said

    def tell(self, order: Mapping[str, Any]) -> None:
        """An order to the program in it; lost if the power has gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            assert self.off.is_set(), self.console()

    def strike_after(self, requests: int) -> None:
        """Cut the power in the middle of a coming request that changes the disk."""
        with self._lock:
            self._left = requests

    def strike(self) -> None:
        """Cut the power now, if it is still on."""
        with self._lock:
            self._strike()

    def cut(self, kept: float, chance: random.Random) -> Loss:
        """Once the power is off: what becomes of the disk."""
        assert self.off.wait(_PATIENCE)
        self._end()
        return self._disk.cut(kept, chance)

    def close(self) -> None:
        """Wait until it has switched itself off, or cut the power if it should not."""
        try:
            self._process.wait(_PATIENCE if not self.off.is_set() else None)
        except subprocess.TimeoutExpired:
            self.strike()
        self._end()

    def console(self) -> str:
        """The end of what kernel and agent said."""
        return self._console.read_text(errors="replace")[-4000:] if self._console.exists() else ""

    def _end(self) -> None:
        self._process.wait()
        self._server.close()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _passing(self, kind: str) -> bool:
        with self._lock:
            if self.off.is_set():
                return False
            self.requests += 1
            self.last = kind
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self._strike()
            return not self.off.is_set()

    def _strike(self) -> None:
        if not self.off.is_set():
            self.off.set()
            self._process.kill()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"{"):
                self._said.put(json.loads(line))
        self._said.put(None)
