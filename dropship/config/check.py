"""Rules that need the whole configuration, or the files of this host, but no store.

Stops that cannot be kept; owners that are not there; secrets that others can read. Where services
are in each other's way is looked at in ``apart``, what their hooks run in ``running``. Everything
else was said while decoding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from dropship.config.apart import Ground, apart
from dropship.config.destinations import home_folders
from dropship.config.model import Config, HealthConfig, HookConfig
from dropship.config.owners import Accounts, fault
from dropship.config.report import Report
from dropship.config.running import running
from dropship.config.sketch import Frame, Sketch
from dropship.core.values import Duration
from dropship.hcl.ast import Span

if TYPE_CHECKING:
    from dropship.config.decode import Services

_OTHERS_READ: Final = 0o004


class Host(NamedTuple):
    """What is known of this host.

    Attributes:
        home, passwd: The user's home, and the users' (``/etc/passwd``).
        mode: Of a file.
        accounts: Users and groups; None if nothing is to run here, so they are not missed.
        runs: Whether something is to run here: then what is missing is an error.
    """

    home: Path
    passwd: str
    mode: Callable[[Path], int]
    accounts: Accounts | None = None
    runs: bool = False


def check(services: Services, frame: Frame, host: Host, report: Report) -> None:
    """Everything about the services together."""
    homes = home_folders(host.passwd, host.home)
    for sketch in services.sketches:
        _owner(sketch, host, report)
        _patience(frame, sketch, report)
    _group(frame, host, report)
    apart(services.sketches, Ground.of(frame, homes), report)
    running(services, host.accounts, report)


def _owner(sketch: Sketch, host: Host, report: Report) -> None:
    found = fault(sketch.owner, sketch.group, host.accounts) if host.accounts else None
    if found:
        say, code = (report.error, "E241") if host.runs else (report.warning, "W241")
        say(code, found.message, sketch.at(found.key), suggestion=found.suggestion)


def _group(frame: Frame, host: Host, report: Report) -> None:
    name, span = frame.socket_group or ("", None)
    if span and name and host.accounts and host.accounts.group(name) is None:
        message = f"there is no group {name} on this host: only the agent's own user may use it"
        report.warning("W245", message, span, suggestion="add it, or name another")


def secrets(report: Report, host: Host, cwd: Path) -> None:
    """Warn, once a file, of secrets in a file that others can read."""
    first: dict[str, Span] = {}
    for span in report.secrets:
        first.setdefault(span.source.name, span)
    for name, span in first.items():
        try:
            open_to_all = host.mode(cwd / name) & _OTHERS_READ
        except OSError:
            continue  # read a moment ago, gone now
        if open_to_all:
            report.warning(
                "W237",
                "a secret stands in a file that every user of this host can read",
                span,
                suggestion=f'chmod o-r {name}, or take it from env("…") or file("…")',
            )


def _patience(frame: Frame, sketch: Sketch, report: Report) -> None:
    """An update under way is finished before a stop; one that may take longer is cut short.

    Hooks whose timeout is the default count only where ``stopTimeout`` is written: five minutes
    are a bound for what hangs, not what anybody expects a hook to take.
    """
    usual, standing = _default(HookConfig, "timeout"), _default(Config, "stop_timeout")
    allowed = frame.stop_timeout or standing
    hooks = [hook for hook in sketch.hooks if allowed != standing or hook.timeout != usual]
    parts = [(_hook_takes(hook), hook.type) for hook in hooks]
    parts += [(_health_takes(check), f"health {check.type}") for check in sketch.health]
    longest = sum(length for length, _ in parts)
    if longest > allowed.nanoseconds:
        most, which = max(parts)
        report.warning(
            "W236",
            f"hooks and health checks may take {Duration(longest)} together, "
            f"longer than stopTimeout ({allowed}) lets a stop wait",
            sketch.header,
            suggestion=f"raise stopTimeout to {Duration(longest)}, or lower the timeouts "
            f"(the longest is {which}: {Duration(most)})",
        )


def _hook_takes(hook: HookConfig) -> int:
    return hook.timeout.nanoseconds * (hook.retries + 1)


def _health_takes(check: HealthConfig) -> int:
    return check.within.nanoseconds + check.hold_for.nanoseconds


def _default(cls: type, name: str) -> Duration:
    found = next(field.default for field in fields(cls) if field.name == name)
    assert isinstance(found, Duration)  # noqa: S101 - all keys that are asked for have one
    return found
