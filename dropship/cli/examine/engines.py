"""Each lock engine, asked who holds a turn; none is taken, none is broken."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from dropship.cli.examine.aside import Task
from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.cli.examine.ground import Ground
from dropship.config.model import LockConfig
from dropship.deploy.rig import Workshop
from dropship.deploy.scopes import Scope, scopes
from dropship.errors import DropshipError
from dropship.lockers import Standing, nfs

_CHECK: Final = "lock"
_SECONDS: Final = 30.0


def tasks(ground: Ground) -> Iterator[Task]:
    """One a lock that services use."""
    config = ground.strict.config
    if config is None:
        return
    workshop = Workshop(config, ground.environ)
    wanted = {one.name for one in config.services if one.sequential_updates}
    found: dict[str, list[Scope]] = {}
    for scope in scopes(config):
        if wanted.intersection(scope.services):
            found.setdefault(scope.lock.name, []).append(scope)
    for name, some in found.items():
        yield Task(
            _CHECK,
            name,
            partial(_asked, workshop, some),
            seconds=_SECONDS,
            who=ground.who,
            theirs=some[0].lock.type == "file",
            rest=partial(_rest, [_called(scope) for scope in some]),
        )


def _asked(workshop: Workshop, some: Sequence[Scope]) -> Iterator[Finding]:
    lock = some[0].lock
    if lock.stands_in:
        yield warning(
            _CHECK,
            f"no lock block: turns are taken at {lock.type}"
            + (", among the services of this host only" if lock.type == "file" else ""),
            lock.name,
            cure="add a lock block that all hosts share, if they are to take turns",
        )
    try:
        locker = workshop.locker(lock)
    except DropshipError as error:
        yield failed(_CHECK, str(error.args[0]), lock.name, cure=error.cure)
        return
    for scope in some:
        try:
            yield _standing(scope, locker.standing(scope.name))
        except DropshipError as error:
            yield failed(_CHECK, str(error.args[0]), _called(scope), cure=error.cure)
    if lock.type == "file" and not lock.stands_in and lock.options.path:
        yield from _folder(lock, lock.options.path)


def _called(scope: Scope) -> str:
    """The lock, and whose turns it is about where services have their own."""
    lock = scope.lock.name
    return lock if scope.name == lock else f"{lock} {scope.name}"


def _standing(scope: Scope, found: Standing) -> Finding:
    subject = _called(scope)
    if not found.holders:
        return ok(_CHECK, "answers; nobody holds a turn", subject)
    return ok(_CHECK, f"answers; held by {', '.join(one.words for one in found.holders)}", subject)


def _folder(lock: LockConfig, folder: Path) -> Iterator[Finding]:
    subject = lock.name
    there = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if not os.access(there, os.W_OK | os.X_OK):
        yield failed(
            _CHECK,
            f"the agent cannot write to {there}, so it gets no turn",
            subject,
            cure="let its user write there, or name another folder",
        )
    elif local := nfs.local_locks(folder):
        yield failed(
            _CHECK,
            f"{folder} is mounted with {local}, so other hosts do not see its locks",
            subject,
            cure="mount it without that option, or use another lock",
        )


def _rest(names: Sequence[str], found: Sequence[Finding]) -> Iterator[Finding]:
    for name in names[len(found) :]:
        cure = "look whether it runs, and can be reached from here"
        yield failed(_CHECK, f"no answer within {_SECONDS:.0f} s", name, cure=cure)
