"""Rules that need the whole configuration, or the files of this host, but no store.

Destinations that collide, nest or must not be replaced; stops that cannot be kept; secrets that
others can read. Everything else was said while decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Final, NamedTuple

from dropship.config.destinations import as_it_is, clashes, home_folders, refusal
from dropship.config.model import Config, HealthConfig, HookConfig, ServiceConfig
from dropship.config.owners import Accounts, fault
from dropship.config.report import Report
from dropship.core.values import Duration
from dropship.hcl.ast import Span
from dropship.hcl.diagnostics import Related

_OTHERS_READ: Final = 0o004


class Places(NamedTuple):
    """Where keys stand, by service and folded key."""

    spans: Mapping[tuple[str, str], Span]

    def of(self, service: str, key: str) -> Span:
        """Where the service has the key, else its header."""
        return self.spans.get((service, key), self.spans[service, "service"])


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


def check(config: Config, places: Places, host: Host, report: Report) -> None:
    """Everything about the services together."""
    homes, own = home_folders(host.passwd, host.home), _own_paths(config)
    for service in config.services:
        refused = refusal(service.artifact.destination, own, homes)
        if refused:
            span = places.of(service.name, "destination")
            message = f"this destination is refused: {refused.why}"
            report.error("E233", message, span, suggestion=refused.cure)
        _owner(service, places, host, report)
        _patience(config, service, places, report)
    _destinations_apart(config.services, places, report)
    _releases_apart(config.services, places, report)
    _releases_outside(config.services, places, report)


def _owner(service: ServiceConfig, places: Places, host: Host, report: Report) -> None:
    found = fault(service.artifact, host.accounts) if host.accounts else None
    if found:
        say, code = (report.error, "E241") if host.runs else (report.warning, "W241")
        say(code, found.message, places.of(service.name, found.key), suggestion=found.suggestion)


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


def _own_paths(config: Config) -> list[tuple[str, tuple[Path, ...]]]:
    own = [("state_path", config.state_path), ("run_path", config.run_path)]
    own += [("configuration", config.main)]
    own += [("service_path", config.service_path)] if config.service_path else []
    return [(name, as_it_is(path)) for name, path in own]


def _destinations_apart(services: Sequence[ServiceConfig], places: Places, report: Report) -> None:
    for clash in clashes([service.artifact.destination for service in services]):
        one, two = services[clash.first].name, services[clash.second].name
        here, there = places.of(one, "destination"), places.of(two, "destination")
        related = (Related(f'the destination of "{one}" is here', here),)
        if clash.same:
            message = f'"{two}" has the same destination as "{one}"'
            report.error("E231", message, there, related=related)
        else:
            message = f'of the destinations of "{two}" and "{one}" one is inside the other'
            report.error("E232", message, there, related=related)


def _releases_apart(services: Sequence[ServiceConfig], places: Places, report: Report) -> None:
    chosen = [
        (service.name, service.artifact.release_path)
        for service in services
        if service.artifact.release_path is not None
    ]
    for clash in clashes([path for _, path in chosen]):
        one, two = chosen[clash.first][0], chosen[clash.second][0]
        here, there = places.of(one, "releasepath"), places.of(two, "releasepath")
        report.error(
            "E231",
            f'"{two}" keeps its releases where "{one}" keeps its own',
            there,
            suggestion="give each service its own releasePath",
            related=(Related(f'the releasePath of "{one}" is here', here),),
        )


def _releases_outside(services: Sequence[ServiceConfig], places: Places, report: Report) -> None:
    """What a destination holds is put away when it is switched: releases must not be in it."""
    destinations = [
        (service.name, place)
        for service in services
        for place in as_it_is(service.artifact.destination)
    ]
    for service in services:
        root = service.artifact.release_path
        for form in as_it_is(root) if root else ():
            for name, destination in destinations:
                if form.is_relative_to(destination):
                    report.error(
                        "E232",
                        f'the releases of "{service.name}" would be kept inside '
                        f'the destination of "{name}"',
                        places.of(service.name, "releasepath"),
                    )


def _patience(config: Config, service: ServiceConfig, places: Places, report: Report) -> None:
    """An update under way is finished before a stop; one that may take longer is cut short.

    Hooks whose timeout is the default count only where ``stopTimeout`` is written: five minutes
    are a bound for what hangs, not what anybody expects a hook to take.
    """
    strict = config.stop_timeout != _default(Config, "stop_timeout")
    usual = _default(HookConfig, "timeout")
    hooks = [hook for hook in (*service.before, *service.after) if strict or hook.timeout != usual]
    longest = sum(hook.timeout.nanoseconds * (hook.retries + 1) for hook in hooks)
    longest += sum(_health_takes(check) for check in service.health)
    if longest > config.stop_timeout.nanoseconds:
        report.warning(
            "W236",
            f"hooks and health checks may take {Duration(longest)} together, "
            f"longer than stopTimeout ({config.stop_timeout}) lets a stop wait",
            places.of(service.name, "service"),
            suggestion="raise stopTimeout, or lower the timeouts",
        )


def _health_takes(check: HealthConfig) -> int:
    return check.within.nanoseconds + check.hold_for.nanoseconds


def _default(cls: type, name: str) -> object:
    found = next(field.default for field in fields(cls) if field.name == name)
    return None if found is MISSING else found
