"""The tree that both packages are made of: every file at its place, with its mode and time."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from email import message_from_bytes
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent
_SITE: Final = "usr/lib/dropship/site"
_DOC: Final = "usr/share/doc/dropship"
MAINTAINER: Final = "Dropship maintainers <dropship@example.org>"

# Where files go that are taken as they are.
_PLACES: Final = {
    "systemd/dropship.service": "usr/lib/systemd/system/dropship.service",
    "sysusers/dropship.conf": "usr/lib/sysusers.d/dropship.conf",
    "tmpfiles/dropship.conf": "usr/lib/tmpfiles.d/dropship.conf",
    "config/dropship.hcl": "etc/dropship.d/dropship.hcl",
    "config/example.hcl.disabled": "etc/dropship.d/services/example.hcl.disabled",
    "vim/ftdetect/dropship.vim": "usr/share/vim/vimfiles/ftdetect/dropship.vim",
    "systemd/strict.conf": f"{_DOC}/examples/strict.conf",
    "systemd/non-root.conf": f"{_DOC}/examples/non-root.conf",
    "../README.md": f"{_DOC}/README.md",
    "../NOTICE": f"{_DOC}/NOTICE",
}
_COMPLETIONS: Final = {
    "bash": "usr/share/bash-completion/completions/dropship",
    "zsh": "usr/share/zsh/vendor-completions/_dropship",
    "fish": "usr/share/fish/vendor_completions.d/dropship.fish",
}
_SCRIPTS: Final = HERE / "scripts"


@dataclass(frozen=True)
class Release:
    """What is packaged: the program's ``version`` and the packaging's own ``number`` of it.

    Attributes:
        time: Of everything in the packages, in seconds since the epoch.
    """

    version: str
    number: int
    time: int

    @property
    def upstream(self) -> str:
        """The version as dpkg and rpm order it: one in development is before the one it leads to."""
        return self.version.replace(".dev", "~dev").replace("rc", "~rc")


def lay(site: Path, folder: Path, release: Release, *, runs: Path) -> None:
    """Lay everything out below ``folder``; ``site`` holds the libraries and the program.

    ``runs`` holds them, too, as they run on this machine.

    Raises:
        subprocess.CalledProcessError: The program could not write its completions.
    """
    shutil.copytree(site, folder / _SITE)
    shutil.copytree(HERE / "site", folder / _SITE, dirs_exist_ok=True)
    for source, place in _PLACES.items():
        _copy(HERE / source, folder / place)
    _copy(HERE / "bin/dropship", folder / "usr/bin/dropship")
    for shell, place in _COMPLETIONS.items():
        _write(folder / place, _completion(runs, shell))
    for page in sorted((HERE / "man").iterdir()):
        section = folder / f"usr/share/man/man{page.suffix[1:]}"
        _write(section / f"{page.name}.gz", _packed(page.read_bytes()))
    _write(folder / _DOC / "changelog.gz", _packed((ROOT / "CHANGELOG.md").read_bytes()))
    _write(folder / _DOC / "copyright", _copyright(site))
    _write(folder / "changelog.yaml", _changelog(release))
    for script in _SCRIPTS.glob("*-*.sh"):
        _write(folder / "scripts" / script.name, _whole(script))
    _settle(folder, release.time)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)


def _write(place: Path, content: str | bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def _completion(site: Path, shell: str) -> str:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "dropship", "completion", shell],
        env={"PYTHONPATH": str(site), "PATH": os.defpath},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _changelog(release: Release) -> str:
    """What nfpm makes the changelogs of both kinds of package from."""
    when = datetime.fromtimestamp(release.time, tz=timezone.utc)
    return f"""\
- semver: {release.upstream}-{release.number}
  date: {when:%Y-%m-%dT%H:%M:%SZ}
  packager: {MAINTAINER}
  deb: {{urgency: medium, distributions: [unstable]}}
  changes:
    - note: What has changed is in changelog.gz beside this file.
"""


def _copyright(site: Path) -> str:
    """Our own licence, and where to find that of each library."""
    libraries = [
        f"{one['Name']} {one['Version']}: {one['License-Expression'] or one['License']}\n"
        f"  /{_SITE}/{place.parent.name}/"
        for place in sorted(site.glob("*.dist-info/METADATA"))
        if (one := message_from_bytes(place.read_bytes()))["Name"] != "dropship"
    ]
    return "\n".join(
        [
            (ROOT / "LICENSE").read_text(encoding="utf-8"),
            (ROOT / "NOTICE").read_text(encoding="utf-8"),
            "Libraries in this package, their licences, and where those stand:\n",
            *libraries,
            "\nOn Debian /usr/share/common-licenses/Apache-2.0 is the Apache License 2.0.\n",
        ]
    )


def _whole(script: Path) -> str:
    common = (_SCRIPTS / "common.sh").read_text(encoding="utf-8")
    return f"#!/bin/sh\n{common}\n{script.read_text(encoding='utf-8')}"


def _settle(folder: Path, time: int) -> None:
    """Modes that are the same under any umask; one time."""
    runs = {folder / "usr/bin/dropship", *(folder / "scripts").iterdir()}
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path in runs else 0o644)
        os.utime(path, (time, time))
