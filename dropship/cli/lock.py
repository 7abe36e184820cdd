"""``dropship lock``: who holds which turn, on whatever host; and freeing the turns of one that hangs.

The engine is asked by this process itself, so it works without an agent too, and needs the secrets
that the configuration has for it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from dropship import log
from dropship.agent import answers
from dropship.agent.answers import BrokenAnswer, HolderAnswer, LockAnswer
from dropship.cli import asking
from dropship.cli.columns import Column, table, wrapped
from dropship.cli.configuration import configuration
from dropship.cli.output import say
from dropship.cli.plain import one_line
from dropship.cli.spans import ago
from dropship.cli.view import View
from dropship.config.model import Config
from dropship.deploy.rig import Workshop
from dropship.deploy.scopes import Scope, named, scopes
from dropship.errors import ConfigError, LockError, UsageError
from dropship.lockers import Broken, Holder, Standing
from dropship.state import logbook

_DESCRIPTION: Final = """\
lock ls shows who holds which turn, on any host, and who waits. lock break frees the turns of a lock
at once, or of one service where the lock is perService: for a host that hangs and does not give its
turn back. A host that is well after all loses its turn, and stops before it touches anything; what
it has begun to switch it finishes. The engine keeps who broke it."""

_UNKNOWN: Final = Holder("somebody", 0, "?", None)
"""Who held a turn where what the engine has of it makes no sense."""

_EXAMPLES: Final = """\
examples:
  dropship lock ls
  dropship lock ls --format json
  dropship lock break fleet"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("action", choices=("ls", "break"), help="show them, or free some")
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="to break: a lock, or a service with its own turns"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="of ls; default: text"
    )


def run(args: argparse.Namespace) -> int:
    """Do it; 1 where an engine could not be asked.

    Raises:
        DropshipError: The configuration has errors; there is no such lock; or the engine of the one
            to break cannot be asked.
    """
    if args.action == "ls" and args.name is not None:
        raise UsageError("lock ls shows all turns", cure="leave the name out")
    if args.action == "break" and args.name is None:
        raise UsageError("lock break needs the name of a lock", cure="dropship lock ls shows them")
    config = configuration(args)
    return _show(config, args.format) if args.action == "ls" else _break(config, args.name)


def _show(config: Config, form: str) -> int:
    workshop = Workshop(config, os.environ)
    found = [_looked(workshop, scope) for scope in scopes(config)]
    if form == "json":
        print(json.dumps(answers.to_json(found), indent=2))
    else:
        view = View.of(sys.stdout, os.environ)
        print("\n".join(lines(found, view, time.time())))
    for one in found:
        if one.error is not None:
            say(f"dropship: {one_line(one.lock)}: {one_line(log.hide(one.error))}", sys.stderr)
    return 1 if any(one.error is not None for one in found) else 0


def _looked(workshop: Workshop, scope: Scope) -> LockAnswer:
    try:
        with closing(workshop.locker(scope.lock)) as locker:
            return _answer(scope, locker.standing(scope.name))
    except (ConfigError, LockError) as error:
        return _answer(scope, Standing(), log.hide(str(error)))


def _answer(scope: Scope, standing: Standing, error: str | None = None) -> LockAnswer:
    return LockAnswer(
        lock=scope.lock.name,
        type=scope.lock.type,
        scope=scope.name,
        services=scope.services,
        limit=standing.limit or scope.limit,
        holders=tuple(_holder(one) for one in standing.holders),
        waiting=standing.waiting,
        broken=_broken(standing.broken) if standing.broken else None,
        error=error,
    )


def _holder(one: Holder) -> HolderAnswer:
    return HolderAnswer(one.host, one.pid or None, one.service, one.hash, _time(one.since))


def _broken(one: Broken) -> BrokenAnswer:
    return BrokenAnswer(one.by, one.host, _time(one.since), one.holders)


def _time(since: float) -> str | None:
    # Whoever may write to an engine need not be one of us: not every number is a time.
    return answers.moment(since) if 0.0 < since < 1e11 else None


def lines(found: Sequence[LockAnswer], view: View, now: float) -> list[str]:
    """A line a turn that is held, or a scope whose turns are free."""
    if not found:
        return ["no service of this host takes turns"]
    rows = [row for one in found for row in _rows(one, now)]
    titles = ("LOCK", "SCOPE", "HELD BY", "SERVICE", "SINCE", "HASH", "WAITING")
    lock, scope, held, service, since, digest, waiting = (
        Column(title, cells) for title, cells in zip(titles, zip(*rows, strict=True), strict=True)
    )
    plans = [
        [lock, scope, held, service, since, waiting, digest],
        [lock, scope, held, service, since, waiting],
        [scope, held, service, since],
        [scope, held, since],
        [scope, held],
    ]
    told = [text for one in found for text in _told(one, now)]
    room = view.width
    return [
        *table(plans, view),
        *(row for text in told for row in (wrapped(text, room) if room else [text])),
    ]


def _rows(one: LockAnswer, now: float) -> Iterator[tuple[str, ...]]:
    first = (one_line(one.lock), one_line(one.scope))
    waiting = "-" if one.waiting is None else str(one.waiting)
    for holder in one.holders:
        host = f"{one_line(holder.host)}{f' ({holder.pid})' if holder.pid else ''}"
        digest = one_line(holder.hash or "-")
        since = ago(holder.since, now)
        yield (*first, host, one_line(holder.service), since, digest, waiting)
    free = one.limit - len(one.holders)
    if one.error is not None:
        yield (*first, "?", "-", "-", "-", "-")
    elif free > 0:
        turns = "" if one.limit == 1 else f"{free} of {one.limit} "
        yield (*first, f"{turns}free", "-", "-", "-", waiting)


def _told(one: LockAnswer, now: float) -> Iterator[str]:
    broken = one.broken
    if broken is not None:
        whose = ", ".join(map(one_line, broken.holders)) or "nobody"
        yield (
            f"{one_line(one.scope)}: broken {ago(broken.since, now)} by {one_line(broken.by)} on "
            f"{one_line(broken.host)}; held by {whose}"
        )


def _break(config: Config, name: str) -> int:
    which = named(config, name)
    logbook.keep(config.state_path)
    workshop = Workshop(config, os.environ)
    by, host = asking.whoami(), socket.gethostname()
    for scope in which:
        with closing(workshop.locker(scope.lock)) as locker:
            try:
                standing = locker.standing(scope.name)
            except LockError:  # an engine that is away says so again; what makes no sense goes
                standing = Standing(holders=(_UNKNOWN,))
            names = tuple(one.words for one in standing.holders)
            # Else who broke one before, and whose, would be forgotten.
            odd = standing.limit not in (None, scope.limit)
            if names or odd:
                locker.break_turns(scope.name, Broken(by, host, time.time(), names))
        whose = ", ".join(map(one_line, names))
        said = f"broke the turn of {whose}" if names else "nobody held a turn"
        if odd:
            said += f"; the limit of {standing.limit} is forgotten"
        say(f"{one_line(scope.name)}: {said}", sys.stdout)
        for service in {one.service for one in standing.holders}.intersection(scope.services):
            log.bound(service).warning("%s broke the turn of %s by hand", by, whose)
    return 0
