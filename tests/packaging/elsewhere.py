"""Runs tests with the packaged program on a distribution's own Python.

``python -m tests.packaging.elsewhere trixie tests/e2e`` puts the package of ``dist/`` into a root
of Debian 13 and runs pytest there: it and the servers of the tests run on what they run on here,
the program that is tried is ``/usr/bin/dropship``. Takes root; nothing is written to this machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.packaging.packages import DEBIANS
from tests.servers.process import home

_REPOSITORY: Final = Path(__file__).parents[2]
_TRIED: Final = "not endurance and not wheel"

_ENTER: Final = """
set -eu
root=$1 place=$2 package=$3
shift 3
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=$root,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
cd "$place/root"
mount -t tmpfs -o mode=0755 tmpfs run
echo 127.0.0.1 localhost >etc/hosts
# On a file system like that of a host, not on the overlay.
mount --bind "$TEMPORARY" tmp
# Of its own: tests look whether processes are left, and others may run tests beside them.
mount -t proc proc proc
for one in /sys /dev $BINDS; do
    mkdir -p ".$one"
    mount --rbind "$one" ".$one"
done
cp "$package" dropship.deb
mkdir -p .before
pivot_root . .before
cd "$HERE"
umount --lazy /.before
dpkg --install /dropship.deb >/dev/null 2>&1
exec "$@"
"""


def main() -> int:
    """Run them; the exit code is pytest's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("debian", choices=DEBIANS)
    parser.add_argument("--packages", type=Path, default=_REPOSITORY / "dist")
    args, words = parser.parse_known_args()
    root = home() / "roots" / args.debian
    if os.geteuid() != 0 or not root.is_dir():
        print(f"skipped: it takes root, and a root of {args.debian} from tests/servers/install")
        return int(os.environ.get("DROPSHIP_REQUIRE_SERVERS") == "1")
    (package,) = args.packages.glob("*-1_*.deb")
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o1777)
        environ = {
            **os.environ,
            "BINDS": " ".join(map(str, sorted(_binds()))),
            "HERE": str(_REPOSITORY),
            "TEMPORARY": temporary,
            "TMPDIR": "/tmp",
            "DROPSHIP_TEST_PROGRAM": "/usr/bin/dropship",
        }
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
             "sh", "-c", _ENTER, "sh",
             root, place, package.absolute(),
             sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", _TRIED, *words],
            env=environ, check=False,
        )  # fmt: skip
    return done.returncode


def _binds() -> Iterator[Path]:
    """What the tests and their servers run on."""
    yield from (_REPOSITORY, Path(sys.prefix), Path(sys.base_prefix))
    for one in home().iterdir():
        if one.name != "roots":
            yield one
        for settings in one.glob("pyvenv.cfg"):
            pairs = (line.partition(" = ") for line in settings.read_text().splitlines())
            yield from (Path(value).parent for key, _, value in pairs if key == "home")


if __name__ == "__main__":
    sys.exit(main())
