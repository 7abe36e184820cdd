"""Running the hooks of one kind, in order, as update.md says.

Going forward the first failure ends the run; going back (and telling people) all of them run and
what failed is told at the end. A hook that is passed by configuration never ends a run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from dropship.core import commands as do
from dropship.core import events as on
from dropship.core.option import options_of
from dropship.core.saved import Attempt
from dropship.core.values import Duration, Md5, Release, Secret, Strings
from dropship.core.watch import Progress, Watch
from dropship.deploy.rig import BuiltHook, Rig
from dropship.errors import HookError, HookPutOffError, StateError
from dropship.exec import groups
from dropship.exec.leftover import Leftover
from dropship.exec.run import ProcessGroup, Run
from dropship.hooks import Event
from dropship.log import without_logins
from dropship.state.hook_mark import HookMark


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of hooks: their output, line by line, and failures that are passed."""

    line: Callable[[str], None]
    passed: Callable[[str], None]


class HookRunner:
    """Runs a service's hooks."""

    def __init__(self, rig: Rig, watch: Watch, listener: Listener) -> None:
        self._rig = rig
        self._watch = watch
        self._listener = listener

    def run(self, command: do.RunHooks, attempt: Attempt, installed: Md5 | None) -> on.Completion:
        """Run the hooks of ``command``; what came of it, with its id."""
        hooks = self._rig.hooks[command.kind][command.first :]
        failures: list[tuple[int, str]] = []
        progress = HookMark(attempt.id, command.kind, command.rollback, command.first)
        for built in hooks:
            if command.rollback and command.kind != "failed" and built.notifies:
                continue
            event = event_of(self._rig, command, attempt, installed)
            self._report(built)
            self._mark(progress)
            try:
                self._try(built, event, progress)
            except HookPutOffError as error:
                return on.HookPutOff(
                    index=built.index, error=said(built, error),
                    hooks_ran=built.index > 0, id=command.id,
                )  # fmt: skip
            except HookError as error:
                if built.config.on_failure == "continue":
                    self._listener.passed(f"{said(built, error)}; passed")
                elif command.rollback:
                    failures.append((built.index, said(built, error)))
                else:
                    return on.HookFailed(
                        index=built.index, error=said(built, error),
                        abort=built.config.abort_written, id=command.id,
                    )  # fmt: skip
            progress = dataclasses.replace(progress, index=built.index + 1)
        self._mark(progress)
        if failures:
            error_text = "; ".join(text for _, text in failures)
            return on.HookFailed(index=failures[0][0], error=error_text, id=command.id)
        return on.HooksPassed(id=command.id)

    def _report(self, built: BuiltHook) -> None:
        self._watch.report(Progress(note=f"hook {built.index + 1}, {built.config.type}"))

    def record_check(self, attempt: Attempt, group: ProcessGroup, timeout: Duration) -> None:
        """A health check's command is about to begin: beside how far the hooks have come."""
        mark = self._rig.store.hook_read()
        if mark is not None and mark.update == attempt.id:
            self._mark(_running(mark, group, timeout))

    def _mark(self, progress: HookMark) -> None:
        # Going on without the mark is better than failing the update for a full disk.
        with contextlib.suppress(StateError):
            self._rig.store.hook_write(progress)

    def _try(self, built: BuiltHook, event: Event, progress: HookMark) -> None:
        """A hook, and again as often as ``retries`` says."""
        for attempt in range(1, built.config.retries + 2):
            try:
                self._once(built, event._replace(attempt=attempt), progress)
            except HookPutOffError:
                raise
            except HookError as error:
                if attempt > built.config.retries:
                    raise
                self._listener.passed(f"{said(built, error)}; trying again")
            else:
                return

    def _once(self, built: BuiltHook, event: Event, progress: HookMark) -> None:
        timeout = built.config.timeout

        def starting(group: ProcessGroup) -> None:
            self._mark(_running(dataclasses.replace(progress, index=built.index), group, timeout))

        run = Run(
            timeout=timeout,
            environ=self._rig.environ,
            watch=self._watch,
            starting=starting,
            say=self._listener.line,
        )
        try:
            built.hook.run(event, run)
        except HookPutOffError as error:
            if event.phase == "before" and not event.rollback:
                raise
            raise HookError(f"{error}, but it is too late for that") from error


def _running(mark: HookMark, group: ProcessGroup, timeout: Duration) -> HookMark:
    since = time.clock_gettime(time.CLOCK_BOOTTIME)
    return dataclasses.replace(mark, group=group, since=since, timeout=timeout.seconds)


def await_leftover(mark: HookMark, watch: Watch, say: Callable[[str], None]) -> None:
    """Wait for what is left of a hook or check that a dead driver had started; end it at last.

    ``say`` hears its output meanwhile, line by line.
    """
    if mark.group is None:
        return
    until = mark.since + mark.timeout
    left = Leftover(mark.group, say)
    try:
        while groups.alive(mark.group) and time.clock_gettime(time.CLOCK_BOOTTIME) < until:
            watch.wait(0.0 if left.hear() else 0.2)
        groups.end(mark.group, grace=10.0, watch=watch)
    finally:
        left.close()


def said(built: BuiltHook, error: Exception) -> str:
    """``before hook 2 (script): exited with status 1``."""
    return f"{built.kind} hook {built.index + 1} ({built.config.type}): {error}"


def event_of(rig: Rig, command: do.RunHooks, attempt: Attempt, installed: Md5 | None) -> Event:
    """What a hook may know of the update it runs in."""
    back = command.rollback and command.kind != "failed"
    coming, leaving = attempt.target, attempt.origin
    if back:
        coming, leaving = leaving, coming
    old = (leaving.md5 if leaving else installed) or ""
    new = (coming.md5 if coming else None) or ""
    service = rig.service
    return Event(
        service=service.name,
        hostname=socket.gethostname(),
        update_id=attempt.id,
        phase=command.kind,
        hash=old if command.kind == "before" else new,
        old_hash=old,
        new_hash=new,
        release=coming.name if coming else "",
        release_dir=_place(rig, coming),
        destination=str(rig.layout.destination),
        version=(coming.version if coming else None) or "",
        error=_error(command, attempt),
        rollback=command.rollback,
        check_interval=service.check_interval,
        update_ttl=service.update_ttl,
        sequential=service.sequential_updates,
        artifact=artifact_fields(rig),
    )


def _error(command: do.RunHooks, attempt: Attempt) -> str:
    """What went wrong first; who is told of the end of it hears how going back went, too."""
    if command.kind == "failed":
        return attempt.reason or ""
    return attempt.errors[0] if attempt.errors else ""


def _place(rig: Rig, release: Release | None) -> str:
    return str(rig.layout.release(release.name)) if release else ""


def artifact_fields(rig: Rig) -> Strings:
    """The artifact's keys as a template sees them: no secret among them, nor a URL's login."""
    artifact = rig.service.artifact
    found: dict[str, str] = {}
    for part in (artifact, artifact.location):
        for name, said_of in options_of(type(part)).items():
            value = getattr(part, name)
            if not said_of.secret and not isinstance(value, Secret) and value is not None:
                found[said_of.key] = without_logins(_shown(value))
    return Strings(found)


def _shown(value: object) -> str:
    """As people write it, not as Python does."""
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
