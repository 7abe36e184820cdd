"""Which places may be switched: the rules of adopting, as far as names tell.

Pure but for ``os.path.realpath`` on what is given: a destination is judged both as it is written
and as its folder really is. What is mounted where is looked at when it is switched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os.path import realpath
from pathlib import Path
from typing import Final, NamedTuple

# The Filesystem Hierarchy Standard 3.0, and what current distributions add to it.
_CHILDREN: Final = {
    "": (
        "bin boot dev etc home lib lib32 lib64 libx32 lost+found media mnt nix opt proc root run "
        "sbin snap srv sys tmp usr var"
    ),
    "/boot": "efi grub grub2 loader",
    "/etc": (
        "alternatives apt ca-certificates conf.d cron.d cron.daily cron.hourly cron.monthly "
        "cron.weekly dbus-1 default dnf dropship.d init.d kernel ld.so.conf.d logrotate.d "
        "modprobe.d network NetworkManager opt pam.d pki profile.d security selinux skel ssh ssl "
        "sudoers.d sysconfig sysctl.d systemd tmpfiles.d udev X11 xdg yum yum.repos.d"
    ),
    "/run": "lock log systemd udev user",
    "/usr": "bin games include lib lib32 lib64 libexec libx32 local sbin share src",
    "/usr/lib": "modules python3 systemd sysusers.d tmpfiles.d udev",
    "/usr/lib/systemd": "system user",
    "/etc/systemd": "network system user",
    "/usr/local": "bin etc games include lib lib64 libexec man sbin share src",
    "/usr/share": "doc info locale man zoneinfo",
    "/var": (
        "account backups cache crash empty games lib local lock log mail opt run spool tmp yp"
    ),
    "/var/lib": "apt dbus dpkg misc pacman rpm systemd",
    "/var/spool": "cron lpd mail",
}
# Where the kernel and the init system keep what is not files at all.
_VIRTUAL: Final = ("/dev", "/proc", "/sys")

STANDARD: Final = frozenset(
    {"/", *(f"{parent}/{child}" for parent, some in _CHILDREN.items() for child in some.split())}
)
_REGULAR_UID: Final = range(1000, 60_000)


class Own(NamedTuple):
    """A path of the agent's own ``as_it_is``; ``closed``: nobody else may be in it."""

    name: str
    paths: tuple[Path, ...]
    closed: bool = False


class Refusal(NamedTuple):
    """Why a destination is refused, and what to do; no cure: any place below it will do."""

    why: str
    cure: str = ""


def as_it_is(path: Path) -> tuple[Path, ...]:
    """As written first, then with its folder resolved: the last part is what is switched."""
    return tuple(dict.fromkeys((path, Path(realpath(path.parent)) / path.name)))


def refusal(destination: Path, own: Iterable[Own], homes: frozenset[Path]) -> Refusal | None:
    """Why nothing may be put in place of ``destination``; None if it may."""
    for place in as_it_is(destination):
        if str(place) in STANDARD:
            return Refusal(f"{place} is a folder of the system")
        if any(place.is_relative_to(root) for root in _VIRTUAL):
            return Refusal(f"{place} is not on a disk", "choose a folder on a disk")
        if place in homes or place.parent == Path("/home"):
            return Refusal(f"{place} is a home folder")
        for name, paths, closed in own:
            if any(path.is_relative_to(place) for path in paths):
                return Refusal(f"the agent's own {name} {paths[0]} is in it", "choose another")
            if closed and any(place.is_relative_to(path) for path in paths):
                return Refusal(f"it is in the agent's own {name} {paths[0]}", "choose another")
    return None


class Clash(NamedTuple):
    """Two of several places that are one, or one inside the other; by position."""

    first: int
    second: int
    same: bool


def clashes(places: Sequence[Path]) -> list[Clash]:
    """Every place that is, holds, or is inside an earlier one, once for each pair.

    As written and as they really are; the work grows with the number of places times their
    depth, not with its square.
    """
    forms = [as_it_is(place) for place in places]
    standing: dict[Path, list[int]] = {}
    for number, some in enumerate(forms):
        for form in some:
            standing.setdefault(form, []).append(number)
    found: dict[tuple[int, int], bool] = {}
    for number, some in enumerate(forms):
        for form in some:
            for above in (form, *form.parents):
                for other in standing.get(above, ()):
                    if other != number:
                        pair = (min(number, other), max(number, other))
                        found[pair] = found.get(pair, False) or above == form
    return [Clash(*pair, same) for pair, same in sorted(found.items())]


def home_folders(passwd: str, home: Path) -> frozenset[Path]:
    """The homes of people and of root, from the text of ``/etc/passwd``, and the user's own."""
    return frozenset({home, *_homes(passwd)}) - {Path("/")}


def _homes(passwd: str) -> Iterator[Path]:
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) < 7 or not fields[2].isdigit():
            continue
        uid = int(fields[2])
        if (uid == 0 or uid in _REGULAR_UID) and fields[5].startswith("/"):
            yield Path(fields[5])
