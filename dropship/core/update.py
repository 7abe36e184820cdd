"""The life of an update: one literal table, and ``step``, which looks things up in it.

``step(state, event) -> (state, commands)``. The rules:

1. The commands of a step are performed in order; only the last may be long, and it gives exactly
   one event. A short one that fails gives ``SaveFailed`` instead.
2. A row is (phase, event, guard) → (effect, next phase, commands); the first match wins. Every
   (phase, event) pair is in the table or in ``IGNORED``, with the reason.
3. Events carry their command's id; those of cancelled commands are dropped.
4. Failed, paused, quarantined, pinned are data in the state, not phases.
5. While going back nothing aborts: failures are collected and the next step follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from dropship.core import commands as do
from dropship.core import effects as to
from dropship.core import events as on
from dropship.core import guards as when
from dropship.core import makers as then
from dropship.core import recovery as found
from dropship.core.phase import Phase
from dropship.core.situation import State

# Guards and effects say which events they are for; that each row pairs them rightly is a test's
# to see, since a tuple of rows cannot be typed so.
Guard: TypeAlias = Callable[[State, Any], bool]
Effect: TypeAlias = Callable[[State, Any], State]
Maker: TypeAlias = Callable[[State], do.Command]


@dataclass(frozen=True, slots=True)
class Row:
    """One way on: in ``phase``, on ``event``, if ``guard`` holds."""

    phase: Phase
    event: type[on.Event]
    guard: Guard
    effect: Effect
    next: Phase
    makers: tuple[Maker, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Events that mean nothing in some phases, and why."""

    phases: frozenset[Phase]
    events: tuple[type[on.Event], ...]
    reason: str


STARTING, IDLE, CHECKING, STAGING = Phase.STARTING, Phase.IDLE, Phase.CHECKING, Phase.STAGING
WAITING, RECHECKING, BEFORE = Phase.WAITING, Phase.RECHECKING, Phase.BEFORE
ACTIVATING, AFTER, VERIFYING = Phase.ACTIVATING, Phase.AFTER, Phase.VERIFYING
COMMITTING, HOLDING, SETTLING = Phase.COMMITTING, Phase.HOLDING, Phase.SETTLING
UNDO_BEFORE, UNDO_FLIP, UNDO_AFTER = Phase.UNDO_BEFORE, Phase.UNDO_FLIP, Phase.UNDO_AFTER
UNDO_VERIFY, UNDO_NOTIFY, STOPPED = Phase.UNDO_VERIFY, Phase.UNDO_NOTIFY, Phase.STOPPED

UNTOUCHED: Final = (CHECKING, STAGING, WAITING, RECHECKING)
BUSY: Final = tuple(one for one in Phase if one not in (STARTING, IDLE, STOPPED))
# From the first `before` hook on the service may be down: an update is finished, not dropped.
TOUCHED: Final = (
    BEFORE, ACTIVATING, AFTER, VERIFYING, COMMITTING,
    UNDO_BEFORE, UNDO_FLIP, UNDO_AFTER, UNDO_VERIFY, UNDO_NOTIFY, SETTLING,
)  # fmt: skip

GO: Final = (then.save, then.journal_or_not_at_all, then.run_before)
TURN: Final = (then.save, then.wait_turn)
GO_BACK: Final = (then.journal, then.run_before_undo)
START_OLD: Final = (then.journal, then.run_after_undo)
NOTIFY: Final = (then.journal, then.run_failed)
# Nothing was touched: what is staged stays, what it replaced goes.
NOT_BEGUN: Final = (then.remove_journal, then.leave_turn, then.prune)
SETTLE: Final = (then.journal, then.commit_failure)
# What going back leaves: the line of history is written while the journal still stands, so that
# a death in between repeats it (a line of the same id is not written twice).
SETTLED: Final = (
    then.record_settled,
    then.remove_journal,
    then.leave_turn,
    then.prune,
    then.back_off_settled,
)
DONE: Final = (then.record_updated, then.remove_journal)

# fmt: off
TABLE: Final[tuple[Row, ...]] = (
    # --- a driver takes over; what another one died in goes on
    Row(STARTING, on.Started, found.no_journal, to.start, IDLE, (then.sweep, then.check_at_once)),
    Row(STARTING, on.Started, found.died_unflipped_first, to.recover_undo, UNDO_NOTIFY, (then.sweep, *NOTIFY)),
    Row(STARTING, on.Started, found.died_unflipped, to.recover_undo, UNDO_AFTER, (then.sweep, *START_OLD)),
    Row(STARTING, on.Started, found.fifth_death_first, to.recover_condemned, UNDO_NOTIFY, (then.sweep, *NOTIFY)),
    Row(STARTING, on.Started, found.fifth_death, to.recover_condemned, UNDO_BEFORE, (then.sweep, *GO_BACK)),
    Row(STARTING, on.Started, found.fifth_death_undo_before, to.recover_condemned, UNDO_FLIP, (then.sweep, then.journal, then.flip_back)),
    Row(STARTING, on.Started, found.fifth_death_undo_flip, to.recover_condemned, UNDO_AFTER, (then.sweep, *START_OLD)),
    Row(STARTING, on.Started, found.fifth_death_undo_after, to.recover_condemned, UNDO_NOTIFY, (then.sweep, *NOTIFY)),
    Row(STARTING, on.Started, found.fifth_death_undo_verify, to.recover_condemned, UNDO_NOTIFY, (then.sweep, *NOTIFY)),
    Row(STARTING, on.Started, found.fifth_death_undo_notify, to.recover_condemned, SETTLING, (then.sweep, *SETTLE)),
    Row(STARTING, on.Started, found.died_flipped, to.recover, AFTER, (then.sweep, then.journal, then.run_after)),
    Row(STARTING, on.Started, found.died_verifying, to.recover, VERIFYING, (then.sweep, then.journal, then.check_health)),
    Row(STARTING, on.Started, found.died_committing, to.recover, COMMITTING, (then.sweep, then.journal, then.commit)),
    Row(STARTING, on.Started, found.died_undo_before, to.recover, UNDO_BEFORE, (then.sweep, *GO_BACK)),
    Row(STARTING, on.Started, found.died_undo_flip, to.recover, UNDO_FLIP, (then.sweep, then.journal, then.flip_back)),
    Row(STARTING, on.Started, found.died_undo_after, to.recover, UNDO_AFTER, (then.sweep, *START_OLD)),
    Row(STARTING, on.Started, found.died_undo_verify, to.recover, UNDO_VERIFY, (then.sweep, then.journal, then.check_health_undo)),
    Row(STARTING, on.Started, found.died_undo_notify, to.recover, UNDO_NOTIFY, (then.sweep, *NOTIFY)),
    Row(STARTING, on.Started, found.died_settling, to.recover, SETTLING, (then.sweep, *SETTLE)),
    Row(STARTING, on.Stop, when.always, to.stop, STOPPED, (then.cancel, then.leave_unfinished)),

    # --- idle
    Row(IDLE, on.Due, when.always, to.begin_check, CHECKING, (then.ask,)),
    Row(IDLE, on.CheckNow, when.always, to.begin_check, CHECKING, (then.ask,)),
    Row(IDLE, on.RollBack, when.in_turn, to.begin_rollback, WAITING, (then.wait_turn,)),
    Row(IDLE, on.RollBack, when.always, to.begin_rollback, BEFORE, GO),
    Row(IDLE, on.Pause, when.always, to.pause, IDLE, (then.save,)),
    Row(IDLE, on.Resume, when.always, to.resume, IDLE, (then.save, then.check_at_once)),
    Row(IDLE, on.Retry, when.always, to.retry, IDLE, (then.save, then.check_at_once)),
    Row(IDLE, on.Pin, when.always, to.pin, IDLE, (then.save, then.check_at_once)),
    Row(IDLE, on.Unpin, when.always, to.unpin, IDLE, (then.save, then.check_at_once)),
    Row(IDLE, on.SaveFailed, when.always, to.unsaved_idle, IDLE, (then.back_off,)),
    Row(IDLE, on.Stop, when.always, to.stop, STOPPED, (then.leave,)),

    # --- is there something new? (the gate before staging)
    Row(CHECKING, on.TokenSeen, when.runs_what_failed_in_turn, to.go_back_again, WAITING, TURN),
    Row(CHECKING, on.TokenSeen, when.runs_what_failed, to.go_back_again, BEFORE, GO),
    Row(CHECKING, on.TokenSeen, when.link_gone, to.settle_unchanged, IDLE, (then.put_back, then.save, then.check_later)),
    Row(CHECKING, on.TokenSeen, when.older_and_link_gone, to.keep_newer, IDLE, (then.put_back, then.say_refused, then.save, then.check_later)),
    Row(CHECKING, on.TokenSeen, when.unwanted, to.refuse, IDLE, (then.say_refused, then.save, then.check_later)),
    Row(CHECKING, on.TokenSeen, when.unchanged, to.settle_unchanged, IDLE, (then.save, then.check_later)),
    Row(CHECKING, on.TokenSeen, when.older, to.keep_newer, IDLE, (then.say_refused, then.save, then.check_later)),
    Row(CHECKING, on.TokenSeen, when.paused, to.stay_paused, IDLE, (then.say_refused, then.save, then.check_later)),
    Row(CHECKING, on.TokenSeen, when.staged_already_in_turn, to.use_staged, WAITING, TURN),
    Row(CHECKING, on.TokenSeen, when.staged_already, to.use_staged, BEFORE, GO),
    Row(CHECKING, on.TokenSeen, when.always, to.see, STAGING, (then.stage,)),
    Row(CHECKING, on.StoreFailed, when.always, to.fail_check, IDLE, (then.back_off,)),
    Row(CHECKING, on.Stop, when.always, to.stop, STOPPED, (then.cancel, then.leave)),

    # --- download, verify, unpack; then the gate again
    Row(STAGING, on.Staged, when.same_bytes, to.drop_same, IDLE, (then.discard, then.save, then.check_later)),
    Row(STAGING, on.Staged, when.unwanted_after_all, to.refuse_staged, IDLE, (then.discard, then.say_refused, then.save, then.check_later)),
    Row(STAGING, on.Staged, when.paused, to.keep_paused, IDLE, (then.say_refused, then.save, then.prune, then.check_later)),
    Row(STAGING, on.Staged, when.in_turn, to.take_staged, WAITING, TURN),
    Row(STAGING, on.Staged, when.always, to.take_staged, BEFORE, GO),
    Row(STAGING, on.StageFailed, when.recorded_already, to.fail_corrupt, IDLE, (then.back_off,)),
    Row(STAGING, on.StageFailed, when.corrupt, to.fail_corrupt, IDLE, (then.record_failed, then.save, then.back_off)),
    Row(STAGING, on.StageFailed, when.refused, to.fail_refused, IDLE, (then.record_refused, then.save, then.check_later)),
    Row(STAGING, on.StageFailed, when.doubted, to.fail_doubted, IDLE, (then.save, then.back_off)),
    Row(STAGING, on.StageFailed, when.always, to.fail_stage, IDLE, (then.back_off,)),
    Row(STAGING, on.Stop, when.always, to.stop, STOPPED, (then.cancel, then.leave)),

    # --- the turn
    Row(WAITING, on.TurnTaken, when.by_hand, to.take_turn, BEFORE, GO),
    Row(WAITING, on.TurnTaken, when.always, to.take_turn, RECHECKING, (then.ask,)),
    Row(WAITING, on.TurnFailed, when.always, to.fail_check, IDLE, (then.prune, then.back_off)),
    Row(WAITING, on.SaveFailed, when.always, to.unsaved_idle, IDLE, (then.back_off,)),
    Row(WAITING, on.Pause, when.always, to.pause_waiting, IDLE, (then.cancel, then.leave_turn, then.say_refused, then.save, then.check_later)),
    Row(WAITING, on.Stop, when.always, to.stop, STOPPED, (then.cancel, then.leave_turn, then.leave)),
    Row(RECHECKING, on.TokenSeen, when.unwanted, to.refuse, IDLE, (then.leave_turn, then.say_refused, then.save, then.check_later)),
    Row(RECHECKING, on.TokenSeen, when.older, to.keep_newer, IDLE, (then.leave_turn, then.say_refused, then.save, then.check_later)),
    Row(RECHECKING, on.TokenSeen, when.moved_on, to.move_on, STAGING, (then.leave_turn, then.stage)),
    Row(RECHECKING, on.TokenSeen, when.always, to.same, BEFORE, GO),
    Row(RECHECKING, on.StoreFailed, when.always, to.fail_check, IDLE, (then.leave_turn, then.back_off)),
    Row(RECHECKING, on.TurnFailed, when.always, to.fail_check, IDLE, (then.leave_turn, then.back_off)),
    Row(RECHECKING, on.Pause, when.always, to.pause_waiting, IDLE, (then.cancel, then.leave_turn, then.say_refused, then.save, then.check_later)),
    Row(RECHECKING, on.Stop, when.always, to.stop, STOPPED, (then.cancel, then.leave_turn, then.leave)),

    # --- the service is touched from here on
    Row(BEFORE, on.HooksPassed, when.always, to.same, ACTIVATING, (then.journal_or_not_at_all, then.flip)),
    Row(BEFORE, on.HookFailed, when.nothing_to_protect, to.pass_hook, BEFORE, (then.run_before,)),
    Row(BEFORE, on.HookFailed, when.first_install, to.note_error, UNDO_NOTIFY, NOTIFY),
    Row(BEFORE, on.HookFailed, when.always, to.note_error, UNDO_AFTER, START_OLD),
    Row(BEFORE, on.HookPutOff, when.nothing_ran, to.put_off, IDLE, (then.record_postponed, *NOT_BEGUN, then.back_off_a_minute)),
    Row(BEFORE, on.HookPutOff, when.first_install, to.put_off, SETTLING, SETTLE),
    Row(BEFORE, on.HookPutOff, when.always, to.put_off, UNDO_AFTER, START_OLD),
    Row(BEFORE, on.LeaseLost, when.nothing_ran, to.fail_check, IDLE, (*NOT_BEGUN, then.back_off)),
    Row(BEFORE, on.LeaseLost, when.first_install, to.note_error, UNDO_NOTIFY, NOTIFY),
    Row(BEFORE, on.LeaseLost, when.always, to.note_error, UNDO_AFTER, START_OLD),
    Row(BEFORE, on.SaveFailed, when.always, to.unsaved_idle, IDLE, (*NOT_BEGUN, then.back_off)),
    Row(ACTIVATING, on.Flipped, when.always, to.switched, AFTER, (then.run_after,)),
    Row(ACTIVATING, on.FlipFailed, when.linked, to.half_switched, AFTER, (then.run_after,)),
    Row(ACTIVATING, on.FlipFailed, when.first_install, to.note_error, UNDO_NOTIFY, NOTIFY),
    Row(ACTIVATING, on.FlipFailed, when.always, to.note_error, UNDO_AFTER, START_OLD),
    Row(ACTIVATING, on.LeaseLost, when.first_install, to.note_error, UNDO_NOTIFY, NOTIFY),
    Row(ACTIVATING, on.LeaseLost, when.always, to.note_error, UNDO_AFTER, START_OLD),
    Row(ACTIVATING, on.SaveFailed, when.first_install, to.note_error, UNDO_NOTIFY, NOTIFY),
    Row(ACTIVATING, on.SaveFailed, when.always, to.note_error, UNDO_AFTER, START_OLD),
    Row(AFTER, on.HooksPassed, when.verifies, to.same, VERIFYING, (then.journal, then.check_health)),
    Row(AFTER, on.HooksPassed, when.always, to.same, COMMITTING, (then.journal, then.commit)),
    Row(AFTER, on.HookFailed, when.first_install, to.condemn, UNDO_NOTIFY, NOTIFY),
    Row(AFTER, on.HookFailed, when.always, to.condemn, UNDO_BEFORE, GO_BACK),
    Row(VERIFYING, on.Healthy, when.always, to.same, COMMITTING, (then.journal, then.commit)),
    Row(VERIFYING, on.Unhealthy, when.first_install, to.condemn, UNDO_NOTIFY, NOTIFY),
    Row(VERIFYING, on.Unhealthy, when.always, to.condemn, UNDO_BEFORE, GO_BACK),
    Row(COMMITTING, on.Committed, when.keeps_turn, to.succeed, HOLDING, (*DONE, then.prune, then.hold)),
    Row(COMMITTING, on.Committed, when.always, to.succeed, IDLE, (*DONE, then.leave_turn, then.prune, then.check_later)),
    Row(COMMITTING, on.SaveFailed, when.always, to.unsaved, COMMITTING, (then.save_again,)),
    Row(COMMITTING, on.RetryDue, when.unwritten, to.same, COMMITTING, (then.commit,)),
    Row(HOLDING, on.HoldOver, when.always, to.same, IDLE, (then.leave_turn, then.check_later)),
    Row(HOLDING, on.TurnLost, when.always, to.same, IDLE, (then.leave_turn, then.check_later)),
    Row(HOLDING, on.CheckNow, when.insists, to.begin_check, CHECKING, (then.leave_turn, then.ask)),
    Row(HOLDING, on.RollBack, when.always, to.begin_rollback, WAITING, (then.leave_turn, then.wait_turn)),
    Row(HOLDING, on.Stop, when.always, to.stop, STOPPED, (then.leave_turn, then.leave)),

    # --- going back: stop the new one, switch, start the old one, tell people
    Row(UNDO_BEFORE, on.HooksPassed, when.always, to.same, UNDO_FLIP, (then.journal, then.flip_back)),
    Row(UNDO_BEFORE, on.HookFailed, when.always, to.note_error, UNDO_FLIP, (then.journal, then.flip_back)),
    Row(UNDO_FLIP, on.Flipped, when.always, to.switched_back, UNDO_AFTER, START_OLD),
    Row(UNDO_FLIP, on.FlipFailed, when.linked, to.half_switched_back, UNDO_AFTER, START_OLD),
    Row(UNDO_FLIP, on.FlipFailed, when.always, to.note_error, UNDO_AFTER, START_OLD),
    Row(UNDO_AFTER, on.HooksPassed, when.verifies, to.same, UNDO_VERIFY, (then.journal, then.check_health_undo)),
    Row(UNDO_AFTER, on.HooksPassed, when.postponed, to.same, SETTLING, SETTLE),
    Row(UNDO_AFTER, on.HooksPassed, when.always, to.same, UNDO_NOTIFY, NOTIFY),
    Row(UNDO_AFTER, on.HookFailed, when.verifies, to.note_error, UNDO_VERIFY, (then.journal, then.check_health_undo)),
    Row(UNDO_AFTER, on.HookFailed, when.always, to.note_error, UNDO_NOTIFY, NOTIFY),
    Row(UNDO_VERIFY, on.Healthy, when.postponed, to.same, SETTLING, SETTLE),
    Row(UNDO_VERIFY, on.Healthy, when.always, to.same, UNDO_NOTIFY, NOTIFY),
    Row(UNDO_VERIFY, on.Unhealthy, when.always, to.note_error, UNDO_NOTIFY, NOTIFY),
    Row(UNDO_NOTIFY, on.HooksPassed, when.always, to.same, SETTLING, SETTLE),
    Row(UNDO_NOTIFY, on.HookFailed, when.always, to.note_error, SETTLING, SETTLE),
    Row(SETTLING, on.Committed, when.marks, to.settle, IDLE, (then.mark, *SETTLED)),
    Row(SETTLING, on.Committed, when.always, to.settle, IDLE, SETTLED),
    Row(SETTLING, on.SaveFailed, when.always, to.unsaved, SETTLING, (then.save_again,)),
    Row(SETTLING, on.RetryDue, when.unwritten, to.same, SETTLING, (then.commit_failure,)),

    # --- an operator's word while an update is under way: noted now, heeded at the next gate
    *(Row(busy, on.Pause, when.always, to.pause, busy, (then.save,)) for busy in BUSY if busy not in (WAITING, RECHECKING)),
    *(Row(busy, on.Resume, when.always, to.resume, busy, (then.save,)) for busy in BUSY),
    *(Row(busy, on.Retry, when.always, to.retry, busy, (then.save,)) for busy in BUSY),
    *(Row(busy, on.Pin, when.by_hand, to.pin, busy, (then.save,)) for busy in UNTOUCHED),
    *(Row(busy, on.Unpin, when.by_hand, to.unpin, busy, (then.save,)) for busy in UNTOUCHED),
    *(Row(busy, on.Pin, when.always, to.pin_anew, CHECKING, (then.cancel, then.leave_turn, then.save, then.ask)) for busy in UNTOUCHED),
    *(Row(busy, on.Unpin, when.always, to.unpin_anew, CHECKING, (then.cancel, then.leave_turn, then.save, then.ask)) for busy in UNTOUCHED),
    *(Row(busy, on.Pin, when.always, to.pin, busy, (then.save,)) for busy in (*TOUCHED, HOLDING)),
    *(Row(busy, on.Unpin, when.always, to.unpin, busy, (then.save,)) for busy in (*TOUCHED, HOLDING)),

    # --- a turn that is lost after the fence: the update is finished here, and history tells
    *(Row(touched, on.TurnLost, when.always, to.note_turn_lost, touched) for touched in TOUCHED),

    # --- once the service is touched a stop waits for the end, unless there is no time for it
    *(Row(touched, on.Stop, when.hard, to.stop, STOPPED, (then.cancel, then.leave_unfinished)) for touched in TOUCHED),
    *(Row(touched, on.Stop, when.always, to.stop, touched) for touched in TOUCHED),
)
# fmt: on


def _all_but(*phases: Phase) -> frozenset[Phase]:
    return frozenset(Phase) - frozenset(phases)


_HOOKS: Final = (BEFORE, AFTER, UNDO_BEFORE, UNDO_AFTER, UNDO_NOTIFY)

IGNORED: Final[tuple[Ignored, ...]] = (
    Ignored(_all_but(STARTING), (on.Started,), "a driver starts once"),
    Ignored(_all_but(IDLE), (on.Due,), "a check is under way, or the turn is kept"),
    Ignored(
        _all_but(IDLE, HOLDING),
        (on.CheckNow, on.RollBack),
        "an update is under way; whoever asks is told that it is busy",
    ),
    Ignored(
        frozenset({STARTING, STOPPED}),
        (on.Pause, on.Resume, on.Retry, on.Pin, on.Unpin),
        "the driver takes no orders yet, or any more",
    ),
    Ignored(frozenset({STOPPED}), (on.Stop,), "it has stopped"),
    Ignored(_all_but(HOLDING), (on.HoldOver,), "the turn is not being kept"),
    Ignored(_all_but(COMMITTING, SETTLING), (on.RetryDue,), "nothing is waiting to be written"),
    Ignored(_all_but(CHECKING, RECHECKING), (on.TokenSeen, on.StoreFailed), "no question is out"),
    Ignored(_all_but(STAGING), (on.Staged, on.StageFailed), "nothing is being staged"),
    Ignored(_all_but(WAITING), (on.TurnTaken,), "no turn is waited for"),
    Ignored(
        _all_but(WAITING, RECHECKING), (on.TurnFailed,), "no turn is waited for, or to be used"
    ),
    Ignored(_all_but(*_HOOKS), (on.HooksPassed, on.HookFailed), "no hook is running"),
    Ignored(
        _all_but(BEFORE),
        (on.HookPutOff,),
        "no hook is running, or it is too late: asking for it is a failure like any other",
    ),
    Ignored(_all_but(BEFORE, ACTIVATING), (on.LeaseLost,), "nothing is fenced by the turn there"),
    Ignored(
        _all_but(HOLDING, *TOUCHED),
        (on.TurnLost,),
        "no turn is held, or it is made sure of before anything is touched",
    ),
    Ignored(_all_but(ACTIVATING, UNDO_FLIP), (on.Flipped, on.FlipFailed), "nothing is switched"),
    Ignored(
        _all_but(VERIFYING, UNDO_VERIFY), (on.Healthy, on.Unhealthy), "health is not looked at"
    ),
    Ignored(_all_but(COMMITTING, SETTLING), (on.Committed,), "nothing is being committed"),
    Ignored(
        _all_but(IDLE, WAITING, BEFORE, ACTIVATING, COMMITTING, SETTLING),
        (on.SaveFailed,),
        "what is written there is best effort",
    ),
)


def step(state: State, event: on.Event) -> tuple[State, tuple[do.Command, ...]]:
    """What follows from an event: the new state, and what to do, in order.

    An event of a command that is not out (any more), or that means nothing in this phase,
    changes nothing.
    """
    if isinstance(event, on.Completion) and event.id != state.awaiting:
        return state, ()
    row = next(_rows(state, event), None)
    if row is None:
        return state, ()
    changed = row.effect(_account(state, row, event), event)
    arrived = _arrive(state, changed, row, event)
    commands = tuple(_stopping(make(arrived), arrived) for make in row.makers)
    return _issue(state, arrived, event, commands)


def _rows(state: State, event: on.Event) -> Iterator[Row]:
    for row in _INDEX.get((state.phase, type(event)), ()):
        if row.guard(state, event):
            yield row


def _account(state: State, row: Row, event: on.Event) -> State:
    """Add the time spent in a phase to the part of the update that it belongs to."""
    part = _PARTS.get(state.phase)
    if part is None or state.attempt is None or row.next is state.phase:
        return state
    seconds = state.attempt.seconds
    spent = getattr(seconds, part) + max(0.0, event.at - state.entered)
    return state.attempting(seconds=replace(seconds, **{part: spent}))


def _arrive(before: State, changed: State, row: Row, event: on.Event) -> State:
    phase = STOPPED if row.next is IDLE and changed.stopping else row.next
    if phase is before.phase:
        return changed
    changed = replace(changed, phase=phase, entered=event.at)
    # A recovered phase keeps what its journal said.
    return changed if before.phase is STARTING else replace(changed, hook=0, deaths=0)


def _stopping(command: do.Command, state: State) -> do.Command:
    """Coming to rest while a stop is asked for is the stop."""
    ends = state.phase is STOPPED and isinstance(command, do.ArmCheck)
    return do.Exit(0) if ends else command


def _issue(
    before: State, state: State, event: on.Event, commands: tuple[do.Command, ...]
) -> tuple[State, tuple[do.Command, ...]]:
    """Number the long command, leave out what need not be written, forget what is over."""
    awaiting = 0 if _ends_what_is_out(event, commands) else before.awaiting
    serial = state.serial
    issued: list[do.Command] = []
    disk = state.disk
    for command in commands:
        if isinstance(command, do.Save) and command.saved == disk:
            continue
        if isinstance(command, do.Save):
            disk = command.saved
        if isinstance(command, do.Long):
            serial += 1
            awaiting = serial
            issued.append(replace(command, id=serial))
        else:
            issued.append(command)
    rests = state.phase in (IDLE, STOPPED)
    attempt = None if rests else state.attempt
    turn = state.turn and not any(isinstance(one, do.LeaveTurn) for one in commands)
    final = replace(state, awaiting=awaiting, serial=serial, disk=disk, attempt=attempt, turn=turn)
    return final, tuple(issued)


def _ends_what_is_out(event: on.Event, commands: tuple[do.Command, ...]) -> bool:
    return isinstance(event, on.Completion) or any(isinstance(one, do.Cancel) for one in commands)


def _index() -> dict[tuple[Phase, type[on.Event]], tuple[Row, ...]]:
    found: dict[tuple[Phase, type[on.Event]], tuple[Row, ...]] = {}
    for row in TABLE:
        key = (row.phase, row.event)
        found[key] = (*found.get(key, ()), row)
    return found


_INDEX: Final = _index()
_PARTS: Final = {
    CHECKING: "ask",
    STAGING: "stage",
    WAITING: "wait",
    RECHECKING: "wait",
    BEFORE: "switch",
    ACTIVATING: "switch",
    AFTER: "switch",
    VERIFYING: "verify",
}
