"""The root file system of a virtual machine: busybox, this Python, and the program under test.

It is mounted read-only: nothing on it can be lost.
"""

from __future__ import annotations

import compileall
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import dropship
from dropship.hcl.engine import grammar_path

_FOLDERS: Final = ("bin", "data", "dev", "etc", "lib", "lib64", "proc", "run", "sys", "tmp")
_LEFT_OUT: Final = shutil.ignore_patterns(
    "test", "tests", "site-packages", "dist-packages", "idlelib", "tkinter", "turtledemo",
    "ensurepip", "lib2to3", "config-*", "_test*",
)  # fmt: skip
_IMAGE_BYTES: Final = 512 << 20

_INIT: Final = """\
export PATH=/bin HOME=/tmp PYTHONPATH=/site
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
/python/bin/python3 -m tests.power.guest
umount /data
poweroff -f
"""


def build(folder: Path, busybox: Path) -> Path:
    """Make the image; ``folder`` is empty."""
    root = folder / "root"
    for name in _FOLDERS:
        (root / name).mkdir(parents=True)
    (root / "init").write_text(_INIT)
    (root / "etc/passwd").write_text("root:x:0:0:root:/tmp:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    _busybox(root, busybox)
    _python(root)
    _packages(root / "site")
    _libraries(root)
    image = folder / "root.img"
    make_ext4(image, _IMAGE_BYTES, root)
    shutil.rmtree(root)
    return image


def make_ext4(image: Path, size: int, content: Path | None = None) -> None:
    """A file system, with a folder's content if one is given; every block is in place at once."""
    with image.open("wb") as file:
        file.truncate(size)
    extended = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    filled = ["-d", str(content)] if content else []
    command = ["mkfs.ext4", "-q", "-F", "-b", "4096", "-E", extended, *filled, str(image)]
    subprocess.run(command, check=True, env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})


def _busybox(root: Path, busybox: Path) -> None:
    shutil.copy2(busybox, root / "bin/busybox")
    listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    for name in listed.stdout.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")


def _python(root: Path) -> None:
    """Where it looks by itself: beside its own program."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (root / "python/bin").mkdir(parents=True)
    shutil.copy2(Path(sys.executable).resolve(), root / "python/bin" / version)
    (root / "python/bin/python3").symlink_to(version)
    library = root / "python/lib" / version
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=_LEFT_OUT)


def _packages(site: Path) -> None:
    """The program, what it needs, and these tests."""
    source = Path(dropship.__file__).parent
    shutil.copytree(source, site / "dropship")
    if source not in grammar_path().parents:
        (site / "grammar").mkdir()
        shutil.copy2(grammar_path(), site / "grammar")
    tests = Path(__file__).parent
    shutil.copytree(tests, site / "tests/power")
    shutil.copy2(tests.parent / "__init__.py", site / "tests")
    for file, target in _files_of(_closure("dropship")):
        (site / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, site / target)
    # Nobody can keep what is compiled there, and compiling takes long in a virtual machine.
    compileall.compile_dir(site, quiet=2, workers=1)


def _closure(name: str) -> set[str]:
    """Everything that a distribution needs here, without itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for line in metadata.distribution(waiting.pop()).requires or ():
            needed = re.split(r"[\s\[;<>=!~(]", line, maxsplit=1)[0].lower()
            if needed not in found and "extra ==" not in line and _installed(needed):
                found.add(needed)
                waiting.append(needed)
    return found


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _files_of(names: set[str]) -> Iterator[tuple[Path, str]]:
    for name in names:
        distribution = metadata.distribution(name)
        for one in distribution.files or ():
            path = Path(str(distribution.locate_file(one)))
            if ".." not in one.parts and path.is_file():
                yield path, str(one)


def _libraries(root: Path) -> None:
    """What programs and modules are linked with, where the loader looks by itself."""
    linked = [
        root / "python/bin/python3",
        *root.glob("python/lib/**/*.so"),
        *root.glob("site/**/*.so"),
    ]
    said = subprocess.run(["ldd", *linked], check=False, capture_output=True, text=True).stdout
    for found in set(re.findall(r"=> (/\S+) \(", said)):
        if not found.startswith(str(root)):
            shutil.copy2(Path(found).resolve(), root / "lib" / Path(found).name)
    for loader in set(re.findall(r"^\s*(/\S+) \(", said, re.MULTILINE)):
        shutil.copy2(Path(loader).resolve(), root / loader.lstrip("/"))
