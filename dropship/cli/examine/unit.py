"""The agent's unit: is it there, does it come back, and does it allow what services need?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from dropship.cli.alone import Alone
from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.config.model import Config
from dropship.core.values import Duration
from dropship.errors import HookError
from dropship.exec import systemctl
from dropship.exec.run import Run

_CHECK: Final = "unit"
NAME: Final = "dropship.service"
_BOOTED: Final = Path("/run/systemd/system")
_PROPERTIES: Final = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "Restart",
    "KillMode",
    "User",
    "LimitNOFILESoft",
    "NoNewPrivileges",
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "RestrictNamespaces",
    "ReadOnlyPaths",
    "ReadWritePaths",
    "InaccessiblePaths",
    "StateDirectory",
    "RuntimeDirectory",
)
_TIMEOUT: Final = Duration.of(10)
# What ProtectSystem= makes read-only, and ProtectHome= (systemd.exec(5)).
_SYSTEM: Final[Mapping[str, Sequence[str]]] = {
    "yes": ("/usr", "/boot", "/efi"),
    "full": ("/usr", "/boot", "/efi", "/etc"),
    "strict": ("/",),
}
_ALWAYS_WRITABLE: Final = ("/dev", "/proc", "/sys")
# What unpackers are locked up in; the property names those that may be made, or says yes or no.
_NAMESPACES: Final = frozenset({"ipc", "net", "pid"})
_HOMES: Final = ("/home", "/root", "/run/user")


def properties(environ: Mapping[str, str]) -> tuple[dict[str, str] | None, str]:
    """The unit's, as systemd has them; None, and why, where it cannot tell."""
    if not _BOOTED.is_dir():
        return None, "systemd does not run here"
    run = Run(_TIMEOUT, environ, Alone(), lambda _group: None, lambda _line: None)
    words = ("systemctl", "--no-ask-password", "show", "-p", ",".join(_PROPERTIES), "--", NAME)
    try:
        answer = systemctl.ask(words, run)
    except HookError as error:
        return None, str(error.args[0])
    if not answer.exit.good:
        return None, answer.said or f"systemctl {answer.exit}"
    pairs = (line.partition("=") for line in answer.lines)
    found = {name: value for name, _, value in pairs}
    if found.get("LoadState") != "loaded":
        return None, f"there is no unit {NAME}"
    return found, ""


def findings(
    unit: Mapping[str, str] | None, words: str, config: Config | None, *, booted: bool
) -> Iterator[Finding]:
    """What its properties mean; ``words``: why there are none."""
    if unit is None:
        if booted:
            cure = "install the package, or write one (see the documentation)"
            yield warning(_CHECK, f"{words}: nothing starts the agent with the host", cure=cure)
        else:
            yield ok(_CHECK, f"{words}, so no unit is looked at")
        return
    yield from _life(unit)
    yield from _bounds(unit, config)


def booted() -> bool:
    """Whether systemd runs this host."""
    return _BOOTED.is_dir()


def _life(unit: Mapping[str, str]) -> Iterator[Finding]:
    state, start = unit.get("ActiveState", ""), unit.get("UnitFileState", "")
    if state in ("active", "activating", "reloading"):
        yield ok(_CHECK, f"is {state}", NAME)
    else:
        say = failed if state == "failed" else warning
        cure = "look why with journalctl -u dropship, then start it" if state == "failed" else ""
        yield say(_CHECK, f"is {state}", NAME, cure=cure or "systemctl start dropship")
    if start in ("enabled", "enabled-runtime", "static", "generated"):
        yield ok(_CHECK, f"starts with the host ({start})", NAME)
    else:
        message = f"does not start with the host ({start or 'not enabled'})"
        yield warning(_CHECK, message, NAME, cure="systemctl enable dropship")
    if unit.get("Restart") in ("no", ""):
        cure = "set Restart=on-failure in it"
        yield warning(_CHECK, "does not come back when it dies (Restart=no)", NAME, cure=cure)
    if unit.get("KillMode") not in ("process", "none", None):
        message = (
            f"KillMode={unit['KillMode']}: programs that hooks left running end with the agent"
        )
        yield warning(_CHECK, message, NAME, cure="set KillMode=process, unless that is meant")


def _bounds(unit: Mapping[str, str], config: Config | None) -> Iterator[Finding]:
    """What of its sandboxing is in the way; hooks inherit all of it."""
    if unit.get("NoNewPrivileges") == "yes":
        message = "NoNewPrivileges: hooks can use neither sudo nor set-id programs"
        yield warning(_CHECK, message, NAME, cure="take it out, unless no hook needs them")
    restricted = unit.get("RestrictNamespaces") or "no"
    if restricted != "no" and not set(restricted.split()) >= _NAMESPACES:
        message = "RestrictNamespaces: unpackers are locked up by fewer layers"
        yield warning(_CHECK, message, NAME, cure="allow net, ipc and pid, or take it out")
    if config is None:
        return
    for place, what in _written(config):
        if why := _closed(unit, place):
            cure = f"add ReadWritePaths={place.parent} to it"
            yield failed(_CHECK, f"{why}: the agent cannot write {what} {place}", NAME, cure=cure)
    for service in config.services:
        path = str(getattr(service.artifact.location, "path", ""))
        hidden = service.artifact.repo.type == "file" and _below(path, ("/tmp", "/var/tmp"))  # noqa: S108 - what PrivateTmp= covers
        if hidden and unit.get("PrivateTmp") not in ("no", None, ""):
            message = f"PrivateTmp: the agent has another /tmp than the store of {service.name}"
            yield failed(_CHECK, message, NAME, cure="move the store elsewhere")


def _written(config: Config) -> Iterator[tuple[Path, str]]:
    yield config.state_path, "its state_path"
    for service in config.services:
        yield service.artifact.destination, "the destination"


def _closed(unit: Mapping[str, str], place: Path) -> str:
    """The setting that keeps a place from being written; empty if none does."""
    path = str(place)
    # The longest of what covers a place is what counts.
    reach: list[tuple[int, str]] = []

    def covers(points: Sequence[str], setting: str) -> None:
        reach.extend((len(one.rstrip("/")), setting) for one in points if _below(path, (one,)))

    protect = unit.get("ProtectSystem", "no")
    covers(_SYSTEM.get(protect, ()), f"ProtectSystem={protect}")
    covers(_ALWAYS_WRITABLE, "")
    if unit.get("ProtectHome") not in ("no", None, ""):
        covers(_HOMES, f"ProtectHome={unit['ProtectHome']}")
    for name in ("ReadOnlyPaths", "InaccessiblePaths"):
        covers(_paths(unit.get(name, "")), f"{name}=")
    covers(_paths(unit.get("ReadWritePaths", "")), "")
    covers([f"/var/lib/{one}" for one in _paths(unit.get("StateDirectory", ""))], "")
    covers([f"/run/{one}" for one in _paths(unit.get("RuntimeDirectory", ""))], "")
    return max(reach, key=lambda one: (one[0], not one[1]), default=(0, ""))[1]


def _paths(said: str) -> list[str]:
    return [one.lstrip("-+") for one in said.split()]


def _below(path: str, folders: Sequence[str]) -> bool:
    return any(path == one or path.startswith(os.path.join(one, "")) for one in folders)  # noqa: PTH118 - text, and "/" keeps its slash
