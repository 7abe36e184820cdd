"""Each store, asked for each service as a check would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from dropship.cli.examine.aside import Task
from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.cli.examine.ground import Ground
from dropship.config.model import Config, RepoConfig, ServiceConfig
from dropship.core.values import Size
from dropship.deploy.check import Checked, check
from dropship.deploy.rig import Rig, Workshop
from dropship.errors import DropshipError

_CHECK: Final = "store"
_SECONDS: Final = 40.0
_REACH: Final = "see that it runs, and that nothing (a firewall, a proxy) is between"


def tasks(ground: Ground) -> Iterator[Task]:
    """One a store: its services are asked for one after the other."""
    config = ground.strict.config
    if config is None:
        if ground.lenient.config is not None:
            yield Task(_CHECK, None, partial(_not_asked, ground.lenient.config))
        return
    workshop = Workshop(config, ground.environ)
    for repo, services in _by_repo(config).items():
        names = [one.name for one in services]
        yield Task(
            _CHECK,
            repo.name,
            partial(_asked, workshop, services),
            seconds=_SECONDS,
            who=ground.who,
            theirs=repo.type == "file",
            rest=partial(_rest, names),
        )


def _by_repo(config: Config) -> Mapping[RepoConfig, list[ServiceConfig]]:
    found: dict[RepoConfig, list[ServiceConfig]] = {}
    for service in config.services:
        found.setdefault(service.artifact.repo, []).append(service)
    return found


def _not_asked(config: Config) -> Iterator[Finding]:
    for service in config.services:
        message = "not asked: values of the configuration are missing here"
        yield warning(_CHECK, message, service.name, cure="see configuration")


def _asked(workshop: Workshop, services: Sequence[ServiceConfig]) -> Iterator[Finding]:
    for service in services:
        yield _one(service, partial(workshop.rig, service))


def _one(service: ServiceConfig, rig: Callable[[], Rig]) -> Finding:
    try:
        return _judged(check(rig()))
    except DropshipError as error:
        return failed(_CHECK, str(error.args[0]), service.name, cure=error.cure or _REACH)


def _judged(found: Checked) -> Finding:
    if found.error is not None:
        message = found.error.removesuffix(f"; {found.cure}")
        return failed(_CHECK, message, found.service, cure=found.cure or _REACH)
    size = f", {Size(found.size)}" if found.size is not None else ""
    there = f"{found.source}{size}"
    if found.state == "quarantined":
        cure = f"publish a better one, or dropship retry {found.service}"
        return warning(_CHECK, f"{there}: quarantined here ({found.why})", found.service, cure=cure)
    if found.doubt:
        doubt, _, cure = found.doubt.partition("; ")
        return warning(_CHECK, f"{there}: {doubt}", found.service, cure=cure)
    state = found.state if found.installed else "not installed yet"
    return ok(_CHECK, f"{there}, {state}", found.service)


def _rest(names: Sequence[str], found: Sequence[Finding]) -> Iterator[Finding]:
    """Of a store that takes too long: the one that is waited for, and those behind it."""
    for number, name in enumerate(names[len(found) :]):
        words = "no answer" if number == 0 else "not asked"
        cure = (
            "look whether it can be reached from here, and whether a proxy or firewall is between"
        )
        yield failed(_CHECK, f"{words} within {_SECONDS:.0f} s", name, cure=cure)
