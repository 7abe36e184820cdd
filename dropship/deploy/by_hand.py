"""Hooks run by hand, outside of any update: as the update that made the current release so.

Old and new are what they were, or would be, in the update to the release that runs: in ``before``
hooks both are the current release, since there is no other that would come.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final, get_args

from dropship.config.model import HookConfig, ServiceConfig
from dropship.core import commands as do
from dropship.core import events as on
from dropship.core.commands import HookKind
from dropship.core.saved import Attempt, Saved
from dropship.core.watch import Watch
from dropship.deploy.desk import Answer, ByHand, Verdict
from dropship.deploy.hooks import HookRunner, Listener, event_of
from dropship.deploy.rig import BuiltHook, Rig
from dropship.errors import UsageError

_NO_ERROR: Final = "no update failed: run by hand"


def wanted(kind: str, number: int) -> ByHand:
    """What somebody wants who is not of this process.

    Raises:
        UsageError: There are no such hooks.
    """
    for known in get_args(HookKind):
        if kind == known and number >= 0:
            return ByHand(known, number)
    raise UsageError(f'there are no "{kind}" hooks', cure="there are before, after and failed")


def see(service: ServiceConfig, which: ByHand) -> None:
    """See that a service has the hooks that are wanted.

    Raises:
        UsageError: It has not; says what it has.
    """
    count = len(_configs(service, which.kind))
    if not count:
        raise UsageError(f"{service.name} has no {which.kind} hook", cure="see its configuration")
    if which.number > count:
        raise UsageError(
            f"{service.name} has no {which.kind} hook {which.number}",
            cure=f"its {which.kind} hooks are numbered from 1 to {count}",
        )


def attempt(which: ByHand, saved: Saved, update_id: str) -> Attempt:
    """The update that they are run as."""
    origin = saved.current if which.kind == "before" else saved.previous
    errors = (saved.failed or _NO_ERROR,) if which.kind == "failed" else ()
    return Attempt(update_id, time.time(), target=saved.current, origin=origin, errors=errors)


def run(rig: Rig, which: ByHand, within: Attempt, watch: Watch, hear: Listener) -> Answer:
    """Run them, as the update ``within`` would: in order, up to the first that ends it.

    Whoever tries a hook wants to know whether it works: one whose failure an update passes with a
    warning has failed here, too.

    Raises:
        InterruptedByStop: The watch said so; what ran has been ended.
    """
    hooks = _chosen(rig, which)
    failures: list[str] = []
    for built in hooks:
        strict = replace(built, config=replace(built.config, on_failure="abort"))
        only = replace(rig, hooks={which.kind: (strict,)})
        came = HookRunner(only, watch, hear).run(_command(which), within, rig.service.hash)
        rig.store.hook_remove()
        if not isinstance(came, (on.HookFailed, on.HookPutOff)):
            continue
        passes = built.config.on_failure == "continue"
        if which.kind != "failed" and not (passes and isinstance(came, on.HookFailed)):
            return Answer(Verdict.FAILED, came.error)
        if passes:
            hear.passed(f"{came.error}; passed")
        failures.append(came.error)
    if failures:
        return Answer(Verdict.FAILED, "; ".join(failures))
    count = f"{len(hooks)} {which.kind} hooks" if len(hooks) > 1 else _name(hooks[0])
    return Answer(Verdict.GOOD, f"{count} passed")


def described(rig: Rig, which: ByHand, within: Attempt) -> list[tuple[str, str]]:
    """The name of each hook, and the command or request that it would make."""
    event = event_of(rig, _command(which), within, rig.service.hash)
    return [(_name(one), one.hook.describe(event)) for one in _chosen(rig, which)]


def _name(built: BuiltHook) -> str:
    return f"{built.kind} hook {built.index + 1} ({built.config.type})"


def _chosen(rig: Rig, which: ByHand) -> tuple[BuiltHook, ...]:
    hooks = rig.hooks[which.kind]
    return hooks[which.number - 1 : which.number] if which.number else hooks


def _configs(service: ServiceConfig, kind: HookKind) -> tuple[HookConfig | str, ...]:
    """As ``rig`` puts them in order."""
    legacy = {"before": service.pre_command, "after": service.post_command}.get(kind)
    hooks: tuple[HookConfig, ...] = getattr(service, kind)
    return (*hooks, legacy) if legacy else hooks


def _command(which: ByHand) -> do.RunHooks:
    return do.RunHooks(kind=which.kind, rollback=which.kind == "failed")
