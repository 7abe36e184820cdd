"""The layers that lock up who unpacks archives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.errors import DropshipError
from dropship.install import probe
from dropship.install.sandbox import LAYERS

_CHECK: Final = "sandbox"
_CURE: Final = "run the agent as root, on a kernel and in a container that allow it"
# Another user is a matter of the artifact, not of the host.
_WANTED: Final = tuple(name for name in LAYERS if name != "user")

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "network-namespace": "a hostile archive that broke the unpacker could use the network",
        "ipc-namespace": "a broken unpacker could reach other processes' shared memory",
        "pid-namespace": "a broken unpacker could see, and signal, processes of its user",
        "chroot": "a broken unpacker could see other files, and change modes and times of its user's",
        "capabilities": "a broken unpacker would keep the agent's capabilities",
        "no_new_privs": "a broken unpacker could gain privileges by set-id programs",
        "landlock": "a broken unpacker could write wherever its user may",
        "rlimits": "a broken unpacker could use memory, files and CPU without bounds",
        "pdeathsig": "an unpacker could outlive its worker",
    }
)


def findings() -> Iterator[Finding]:
    """Start an unpacker on nothing."""
    try:
        active = probe.layers()
    except (OSError, DropshipError) as error:
        yield failed(_CHECK, f"nothing can be unpacked here: {error}", cure="see dropship unpack")
        return
    missing = [name for name in _WANTED if name not in active]
    there = len(_WANTED) - len(missing)
    if there:
        yield ok(_CHECK, f"{there} of {len(_WANTED)} layers: {', '.join(n for n in active)}")
    for name in missing:
        yield warning(_CHECK, f"not to be had here: {MEANINGS[name]}", name, cure=_CURE)
