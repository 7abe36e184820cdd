"""What a virtual machine boots: Debian's kernel, and a first root with its modules in it."""

from __future__ import annotations

import lzma
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.process import home

# Their dependencies come by themselves; crc32c is asked for by its algorithm's name.
_MODULES: Final = ("virtio_pci", "virtio_blk", "virtio_net", "crc32c_generic", "ext4")

_INIT: Final = """\
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/order); do
    /bin/busybox insmod /modules/$module
done
/bin/busybox mount -t ext4 -o ro /dev/vda /root
/bin/busybox mount --move /dev /root/dev
/bin/busybox mount --move /proc /root/proc
exec /bin/busybox switch_root /root /bin/sh /init
"""


@dataclass(frozen=True)
class Kernel:
    """Debian's kernel package, unpacked, and its busybox."""

    image: Path
    modules: Path
    busybox: Path

    @classmethod
    def installed(cls) -> Kernel:
        """The one that ``tests/power/install`` has put there.

        Raises:
            FileNotFoundError: It has not.
        """
        there = home() / "power"
        image = _first(there, "boot/vmlinuz-*")
        release = image.name.removeprefix("vmlinuz-")
        # Newer packages have everything below usr.
        modules = _first(there, f"lib/modules/{release}", f"usr/lib/modules/{release}")
        return cls(image, modules, _first(there, "bin/busybox", "usr/bin/busybox"))

    def first_root(self) -> bytes:
        """The initramfs: loads modules, and goes on with ``/init`` on the first disk."""
        names = list(_order(self.modules))
        entries = [_folder(name) for name in ("bin", "dev", "proc", "root", "modules")]
        entries += [
            _entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)),
            _file("bin/busybox", self.busybox.read_bytes()),
            _file("init", _INIT.encode()),
            _file("modules/order", "\n".join(names).encode()),
            *(_file(f"modules/{name}", _module(self.modules, name)) for name in names),
            _entry("TRAILER!!!", 0),
        ]
        return b"".join(entries)


def _first(folder: Path, *patterns: str) -> Path:
    for pattern in patterns:
        for one in sorted(folder.glob(pattern)):
            return one
    raise FileNotFoundError(f"there is no {patterns[0]} in {folder}")


def _order(modules: Path) -> Iterator[str]:
    """Modules to load, each after those that it needs."""
    seen: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in seen:
            return
        seen.add(name)
        needs = re.search(rb"\0depends=([^\0]*)\0", b"\0" + _module(modules, name))
        for one in needs[1].decode().split(",") if needs else ():
            if one:
                yield from visit(one)
        yield name

    for wanted in _MODULES:
        yield from visit(wanted)


def _module(modules: Path, name: str) -> bytes:
    """A module's content; in names ``-`` and ``_`` are the same."""
    pattern = re.sub("[-_]", "[-_]", name)
    path = next(modules.glob(f"kernel/**/{pattern}.ko*"))
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def _folder(name: str) -> bytes:
    return _entry(name, stat.S_IFDIR | 0o755)


def _file(name: str, content: bytes) -> bytes:
    return _entry(name, stat.S_IFREG | 0o755, content)


def _entry(name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    """One entry of a cpio archive ("newc"): Documentation/driver-api/early-userspace/buffer-format."""
    title = name.encode() + b"\0"
    numbers = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(title), 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers)
    return _padded(head + title) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
