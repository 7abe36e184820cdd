"""What comes of orders, with the real driver: each is answered once, and truly."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dropship import log as logs
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Paused
from dropship.core.update import BUSY
from dropship.deploy.desk import Answer, GoBack, Order, Verdict, Wanted
from dropship.deploy.orders import NOT_BEGUN
from dropship.deploy.standing import note
from dropship.errors import BusyError, InterruptedByStop, StateError
from dropship.exec.run import ProcessGroup
from dropship.lockers import Holder, Place
from dropship.lockers.file import FileLocker, FileLockerOptions
from dropship.state.hook_mark import HookMark
from dropship.state.lock import ServiceLock
from tests.deploy.desks import Desk, Moment, drive, rig
from tests.e2e.host import Host
from tests.exec.runs import Watcher

GOOD, FAILED, REFUSED = Verdict.GOOD, Verdict.FAILED, Verdict.REFUSED
PAUSE = on.Pause(paused=Paused("load test", 1.0, "ann"))
CHECK, FORCE, BACK = on.CheckNow(), on.CheckNow(force=True), GoBack()
RESUME, RETRY = on.Resume(), on.Retry()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose program is not run: only its store and folders are used."""
    return Host(tmp_path)


def ask(
    host: Host, *wanted: Wanted, moment: Moment | None = None
) -> list[tuple[Wanted, Verdict, str]]:
    """Give orders to a driver, and have it end; what came of each."""
    desk = Desk(moment, wanted)
    drive(rig(host.config), desk)
    return [(one, answer.verdict, answer.words) for one, answer in desk.answers]


def came(host: Host, wanted: Wanted, moment: Moment | None = None) -> tuple[Verdict, str]:
    """What came of one order."""
    ((_, verdict, words),) = ask(host, wanted, moment=moment)
    return verdict, words


def current(host: Host) -> str:
    """The name of the current release."""
    return str(host.saved()["current"]["name"])


def deployed(host: Host, *versions: str, body: str = "") -> list[str]:
    """Versions that have been current, one after the other; gives their releases."""
    host.configure(host.service(body))
    names = []
    for version in versions:
        host.publish({"version": version})
        assert came(host, CHECK)[0] is GOOD
        assert host.version() == version
        names.append(current(host))
    return names


def once(phase: Phase, *wanted: Wanted) -> Moment:
    """Give orders the first time that something of a phase is under way."""
    left = [list(wanted)]

    def moment(desk: Desk) -> Sequence[Wanted]:
        there = desk.state is not None and desk.state.phase is phase and desk.state.awaiting
        return left.pop() if left and there else []

    return moment


# --- to check ------------------------------------------------------------------------------------


def test_update_tells_what_is_current_now(host: Host) -> None:
    """Something new, the same bytes by force, and nothing new."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert came(host, CHECK) == (GOOD, f"updated, {current(host)} is current")
    assert came(host, CHECK) == (GOOD, f"up to date, {current(host)} is current")
    first = current(host)
    assert came(host, FORCE) == (GOOD, f"updated, {current(host)} is current")
    assert current(host) != first


def test_update_that_fails_tells_why(host: Host) -> None:
    """A store that cannot be asked; a release that does not come up."""
    host.configure(host.service())
    verdict, words = came(host, CHECK)
    assert verdict is FAILED
    assert words.startswith("failed: ")
    assert words.endswith("; nothing is installed")
    (one,) = deployed(host, "1")
    host.configure(host.service('after "script" { command = "test -n \\"$DROPSHIP_ROLLBACK\\"" }'))
    host.publish({"version": "2"})
    verdict, words = came(host, CHECK)
    assert (verdict, words) == (
        FAILED,
        f"failed: after hook 1 (script): the script exited with status 1; {one} is current",
    )


def test_update_that_is_not_wanted_is_refused(host: Host) -> None:
    """Paused, quarantined, put off by a hook."""
    (one,) = deployed(host, "1")
    host.publish({"version": "2"})
    assert ask(host, PAUSE, CHECK)[1] == (
        CHECK,
        REFUSED,
        f"not updated: paused: load test; {one} is current",
    )
    host.configure(host.service('after "script" { command = "test -n \\"$DROPSHIP_ROLLBACK\\"" }'))
    assert ask(host, RESUME, CHECK)[1][1] is FAILED
    verdict, words = came(host, CHECK)
    assert verdict is REFUSED
    assert words.startswith(
        "not updated: quarantined (after hook 1 (script): the script exited with status 1"
    )
    host.configure(host.service('before "script" { command = "exit 75" }'))
    verdict, words = ask(host, RETRY, CHECK)[1][1:]
    assert verdict is REFUSED
    assert words.startswith("not updated: before hook 1 (script): ")
    assert words.endswith(f"; {one} is current")


def test_forced_update_goes_past_pause_and_quarantine(host: Host) -> None:
    """The operator has the last word; the pause stays."""
    deployed(host, "1")
    host.publish({"version": "2"})
    assert came(host, PAUSE) == (GOOD, "paused; what is under way is finished first")
    assert came(host, FORCE) == (GOOD, f"updated, {current(host)} is current")
    assert host.version() == "2"
    assert host.saved()["paused"]["by"] == "ann"


# --- while an update is under way -----------------------------------------------------------------


class Gates:
    """Hooks and a health check that wait for files, one for each phase; and orders at each.

    Attributes:
        came: The answers to the orders that were given in a phase.
    """

    ORDERS = (CHECK, FORCE, BACK, GoBack("no-such"), PAUSE, RESUME, RETRY)

    def __init__(self, host: Host) -> None:
        self.host = host
        self.came: dict[Phase, list[tuple[Verdict, str]]] = {}
        self.on_disk: list[bool] = []
        self._given: set[Phase] = set()

    def body(self, within: str) -> str:
        """Lines of a service block; ``within``: how long a release may take to come up."""
        gate = f"until test -e {self.host.folder}/gate-$DROPSHIP_PHASE$DROPSHIP_ROLLBACK"
        hook = f'"script" {{ command = "{gate}; do sleep 0.01; done" }}'
        there = self.host.destination()
        return f"""
  before {hook}
  after {hook}
  failed {hook}
  health "script" {{
    command = "test -e {self.host.folder}/gate-health && ! grep -q bad {there}/version"
    within = "{within}"
    interval = "20ms"
  }}
"""

    def moment(self, desk: Desk) -> Sequence[Wanted]:
        """All orders in each phase once; then its gate opens."""
        state = desk.state
        if state is None or state.phase not in BUSY or not state.awaiting:
            return []
        for gate in self.host.folder.glob("gate-*"):
            if gate.name not in self._gates(state.phase):
                gate.unlink()  # the next phase has one of its own
        if state.phase not in self._given:
            self._given.add(state.phase)
            return self.ORDERS
        for name in self._gates(state.phase):
            (self.host.folder / name).touch()
        return []

    @staticmethod
    def _gates(phase: Phase) -> tuple[str, ...]:
        """What the hooks, or the check, of a phase wait for."""
        kind = phase.value.removeprefix("undo_")
        if kind in ("verify", "verifying"):
            return ("gate-health",)
        return (
            ("gate-failed", "gate-failed1")
            if kind == "notify"
            else (f"gate-{kind}" + ("1" if phase.value.startswith("undo") else ""),)
        )


class Witness(Desk):
    """A desk that looks at the state file whenever it answers, and sorts answers by phase."""

    def __init__(self, gates: Gates) -> None:
        super().__init__(gates.moment)
        self._gates = gates

    def answer(self, order: Order, answer: Answer) -> None:
        """Note it, and what stands on disk now."""
        super().answer(order, answer)
        assert self.state is not None
        if self.state.phase in BUSY:
            self._gates.came.setdefault(self.state.phase, []).append((answer.verdict, answer.words))
        if isinstance(order.event, (on.Pause, on.Resume)):
            paused = self._gates.host.saved()["paused"] is not None
            self._gates.on_disk.append(paused is isinstance(order.event, on.Pause))


WAYS = {
    "good": (Phase.STAGING, Phase.BEFORE, Phase.AFTER, Phase.VERIFYING),
    "bad": (Phase.UNDO_BEFORE, Phase.UNDO_AFTER, Phase.UNDO_VERIFY, Phase.UNDO_NOTIFY),
}
DOING = {
    Phase.STAGING: "something new: downloading and unpacking it",
    Phase.BEFORE: "running the before hooks",
    Phase.AFTER: "switched; running the after hooks",
    Phase.VERIFYING: "checking health",
    Phase.UNDO_BEFORE: "going back: running the before hooks",
    Phase.UNDO_AFTER: "going back: running the after hooks",
    Phase.UNDO_VERIFY: "going back: checking health",
    Phase.UNDO_NOTIFY: "running the failed hooks",
}


@pytest.mark.parametrize("version", list(WAYS))
def test_service_in_an_update_is_busy_and_takes_notes(host: Host, version: str) -> None:
    """In every phase: whoever wants something done is told what goes on; notes are on disk."""
    deployed(host, "1")
    gates = Gates(host)
    host.configure(host.service(gates.body("60s" if version == "good" else "300ms")))
    host.publish({"version": version})
    desk = Witness(gates)
    drive(rig(host.config), desk)
    assert (host.version(), desk.answers[-1][1].verdict) == (
        ("good", GOOD) if version == "good" else ("1", FAILED)
    )
    for phase in WAYS[version]:
        busy = (REFUSED, f"busy: {DOING[phase]}")
        assert gates.came[phase] == [
            busy,
            busy,
            busy,
            busy,
            (GOOD, "paused; what is under way is finished first"),
            (GOOD, "updates go on"),
            (GOOD, "nothing is in quarantine here any more"),
        ]
    assert gates.on_disk
    assert all(gates.on_disk)


@contextmanager
def unwritable(host: Host) -> Iterator[Path]:
    """The state cannot be written, as on a full disk: whoever runs the tests may be root."""
    in_the_way = host.folder / "state" / "services" / "app" / "state.json.next"
    in_the_way.mkdir(parents=True)
    try:
        yield in_the_way
    finally:
        shutil.rmtree(in_the_way, ignore_errors=True)


def test_note_that_cannot_be_written_has_failed(host: Host) -> None:
    """Nobody is told that something holds which a restart would forget."""
    deployed(host, "1")
    with unwritable(host) as path:
        verdict, words = came(host, PAUSE)
        assert verdict is FAILED
        assert words.startswith(f"cannot write {path}: ")
    assert host.saved()["paused"] is None
    assert came(host, PAUSE)[0] is GOOD
    assert host.saved()["paused"]["reason"] == "load test"


def test_update_that_cannot_be_written_down_is_busy_until_it_is(host: Host) -> None:
    """After the switch a full disk is waited out; orders are answered meanwhile."""
    deployed(host, "1")
    following = host.folder / "state" / "services" / "app" / "state.json.next"
    host.configure(
        host.service(f'after "script" {{ command = "rm {following} && mkdir {following}" }}')
    )
    host.publish({"version": "2"})
    given: list[Wanted] = []

    def while_full(desk: Desk) -> Sequence[Wanted]:
        state = desk.state
        if state is None or state.phase is not Phase.COMMITTING or not state.tries:
            return []
        if given:
            if len(desk.answers) >= len(given) and following.exists():
                following.rmdir()
            return []
        given.extend([CHECK, BACK, PAUSE])
        return given

    check, back, pause, update = ask(host, CHECK, moment=while_full)
    assert check == (CHECK, REFUSED, "busy: works; writing it down")
    assert back[1:] == check[1:]
    assert pause[1] is FAILED
    assert pause[2].startswith(f"cannot write {following}: ")
    assert update[1:] == (GOOD, f"updated, {current(host)} is current")
    assert host.version() == "2"


# --- turns ----------------------------------------------------------------------------------------

TURNS = "sequentialUpdates = true"


@contextmanager
def somebodys_turn(host: Host) -> Iterator[None]:
    """Another service of this host has the turn."""
    (host.folder / "state" / "locks").mkdir(parents=True, exist_ok=True)
    locker = FileLocker(FileLockerOptions(), Place(host.folder / "state" / "locks", "local"))
    holder = Holder("here", os.getpid(), "other", None, 1.0)
    scope = rig(host.config).scope
    lease = locker.acquire(scope, 1, holder, timeout=0.0, watch=Watcher())
    try:
        yield
    finally:
        lease.release()


def test_service_that_waits_for_its_turn_is_busy(host: Host) -> None:
    """And a pause calls that off: who wanted the update is not told that all is well."""
    (one,) = deployed(host, "1", body=TURNS)
    host.publish({"version": "2"})
    with somebodys_turn(host):
        again, back, pause, update = ask(
            host, CHECK, moment=once(Phase.WAITING, CHECK, BACK, PAUSE)
        )
        assert again[1:] == back[1:] == (REFUSED, "busy: waiting for the turn")
        assert pause[1] is GOOD
        assert update == (CHECK, REFUSED, f"not updated: paused: load test; {one} is current")
        assert ask(host, RESUME, CHECK, moment=once(Phase.WAITING, on.Stop()))[1] == (
            CHECK,
            FAILED,
            f"interrupted; {one} is current",
        )
    assert came(host, CHECK)[0] is GOOD


def test_service_that_keeps_its_turn_is_busy_unless_somebody_insists(host: Host) -> None:
    """``updateTTL``: a plain check waits for its end, an operator who means it does not."""
    one, two = deployed(host, "1", "2")
    host.configure(host.service(f'{TURNS}\n  updateTTL = "1h"'))
    host.publish({"version": "3"})
    given: list[Wanted] = [CHECK, FORCE, CHECK, BACK, CHECK, on.Stop()]

    def while_holding(desk: Desk) -> Sequence[Wanted]:
        state = desk.state
        holding = state is not None and state.phase is Phase.HOLDING and not state.awaiting
        return [given.pop(0)] if holding and given else []

    desk = Desk(while_holding)
    drive(rig(host.config), desk)
    three, forced = (name for name in host.releases() if name not in (one, two))
    busy = (REFUSED, "busy: keeping the turn")
    assert [(answer.verdict, answer.words) for _, answer in desk.answers] == [
        (GOOD, f"updated, {three} is current"),
        busy,
        (GOOD, f"updated, {forced} is current"),
        busy,
        (GOOD, f"went back, {three} is current"),
        busy,
    ]
    assert current(host) == three


def test_going_back_takes_a_turn_too(host: Host) -> None:
    """And does not ask the store what it would rather have."""
    one, _two = deployed(host, "1", "2", body=TURNS)
    desk = Desk(first=[BACK])
    drive(rig(host.config), desk)
    assert [one.words for _, one in desk.answers] == [f"went back, {one} is current"]
    assert Phase.WAITING in desk.phases
    assert Phase.RECHECKING not in desk.phases
    assert Phase.CHECKING not in desk.phases[: desk.phases.index(Phase.WAITING)]


# --- stops and beginnings -------------------------------------------------------------------------


def test_stop_lets_an_update_end_and_its_order_be_answered(host: Host) -> None:
    """What was updated was updated, whoever wants the worker to end."""
    deployed(host, "1")
    host.configure(host.service('after "script" { command = "sleep 0.1" }'))
    host.publish({"version": "2"})
    verdict, words = came(host, CHECK, moment=once(Phase.AFTER, on.Stop()))
    assert (verdict, words) == (GOOD, f"updated, {current(host)} is current")


def test_hard_stop_leaves_the_update_to_the_next_start_and_says_so(host: Host) -> None:
    """Which release is current is not sure then, so nothing is said of it."""
    deployed(host, "1")
    host.configure(host.service('after "script" { command = "sleep 5" }'))
    host.publish({"version": "2"})
    assert came(host, CHECK, moment=once(Phase.AFTER, on.Stop(hard=True))) == (
        FAILED,
        "interrupted; the next start goes on with it",
    )


class Interrupting(Desk):
    """Orders, and with them a signal, come while the store is asked."""

    def __init__(self, *wanted: Wanted) -> None:
        super().__init__()
        self._wanted: Sequence[Wanted] = wanted

    @contextmanager
    def _broken(self) -> Iterator[None]:
        self._orders += [Order(one) for one in self._wanted]
        raise InterruptedByStop
        yield

    def interrupting(self) -> Any:
        """Break out of the call."""
        return self._broken()


def test_check_joins_the_one_under_way_and_whoever_insists_waits(host: Host) -> None:
    """A stop comes behind them: the joined one was interrupted, the other not begun."""
    (one,) = deployed(host, "1")
    desk = Interrupting(CHECK, FORCE, BACK, on.Stop())
    drive(rig(host.config), desk)
    interrupted = (FAILED, f"interrupted; {one} is current")
    not_begun = (REFUSED, NOT_BEGUN)
    assert [(answer.verdict, answer.words) for _, answer in desk.answers] == [
        interrupted,
        interrupted,
        not_begun,
        not_begun,
    ]


def cut_off_in_a_hook(host: Host, waits: Path) -> subprocess.Popen[bytes]:
    """An update to 2 that died in its after hook; something of the hook lives on."""
    deployed(host, "1")
    waits.touch()
    host.configure(
        host.service(f'after "script" {{ command = "while test -e {waits}; do sleep 0.02; done" }}')
    )
    host.publish({"version": "2"})
    ask(host, CHECK, moment=once(Phase.AFTER, on.Stop(hard=True)))
    left = subprocess.Popen(["sleep", "60"], start_new_session=True)
    stat = Path(f"/proc/{left.pid}/stat").read_text().rpartition(")")[2].split()
    store = rig(host.config).store
    journal = store.journal_read()
    assert journal is not None
    group = ProcessGroup(left.pid, int(stat[19]))
    store.hook_write(HookMark(journal.attempt.id, "after", rollback=False, index=0, group=group,
                              since=1e9, timeout=60.0))  # fmt: skip
    return left


def test_orders_given_while_a_driver_recovers_are_answered_then(host: Host) -> None:
    """What waits for a leftover hook waits for the update's next step; then it is busy."""
    waits = host.folder / "waits"
    left = cut_off_in_a_hook(host, waits)
    given: list[Wanted] = []

    def recovering(desk: Desk) -> Sequence[Wanted]:
        if desk.state is None and not given:
            given.extend([CHECK, BACK, PAUSE])
            return given
        left.kill()
        left.wait()
        if len(desk.answers) == len(given):
            waits.unlink(missing_ok=True)
        return []

    desk = Desk(recovering, first=[])
    drive(rig(host.config), desk)
    busy = (REFUSED, "busy: switched; running the after hooks")
    assert [(answer.verdict, answer.words) for _, answer in desk.answers] == [
        busy,
        busy,
        (GOOD, "paused; what is under way is finished first"),
    ]
    assert host.version() == "2"
    assert host.saved()["paused"] is not None


def test_orders_given_while_a_driver_recovers_that_is_stopped_are_refused(host: Host) -> None:
    """Nobody is left without an answer."""
    waits = host.folder / "waits"
    left = cut_off_in_a_hook(host, waits)
    given: list[Wanted] = []

    def recovering(_desk: Desk) -> Sequence[Wanted]:
        if given:
            return [on.Stop(hard=True)]
        given.extend([CHECK, PAUSE])
        return given

    desk = Desk(recovering, first=[])
    drive(rig(host.config), desk)
    left.kill()
    left.wait()
    assert [answer for _, answer in desk.answers] == [Answer(REFUSED, NOT_BEGUN)] * 2


# --- to go back -----------------------------------------------------------------------------------


def test_going_back_makes_an_earlier_release_current_and_quarantines_the_one_left(
    host: Host,
) -> None:
    """The previous one, and one by name; twice leads forward again, quarantine or not."""
    one, two, three = deployed(host, "1", "2", "3")
    md5s = {one["name"]: one["digest"]["md5"] for one in host.saved()["kept"]}
    md5s[three] = host.saved()["current"]["digest"]["md5"]

    def quarantined() -> list[str]:
        return [found["md5"] for found in host.saved()["quarantine"]]

    assert came(host, BACK) == (GOOD, f"went back, {two} is current")
    assert (host.version(), quarantined()) == ("2", [md5s[three]])
    assert came(host, CHECK)[0] is REFUSED
    assert came(host, BACK) == (GOOD, f"went back, {three} is current")
    assert (host.version(), quarantined()) == ("3", [md5s[two]])
    assert came(host, GoBack(one)) == (GOOD, f"went back, {one} is current")
    assert (host.version(), quarantined()) == ("1", [md5s[two], md5s[three]])


def test_going_back_to_what_is_not_there_fails_and_changes_nothing(host: Host) -> None:
    """Nothing before, no such name, current already, its files gone, only staged."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert came(host, BACK) == (FAILED, "there is no previous release to go back to")
    one, two = deployed(host, "1", "2")
    names = f"{two}, {one}"
    assert came(host, GoBack("no-such")) == (
        FAILED,
        f"there is no release no-such on this host; there are: {names}",
    )
    assert came(host, GoBack(two)) == (FAILED, f"{two} is current already")
    host.configure(host.service('before "script" { command = "exit 75" }'))
    host.publish({"version": "3"})
    assert came(host, CHECK)[0] is REFUSED
    staged = host.saved()["staged"]["name"]
    assert came(host, GoBack(staged)) == (
        FAILED,
        f"there is no release {staged} on this host; there are: {names}",
    )
    releases = rig(host.config).layout.releases
    shutil.rmtree(releases / one)
    assert came(host, BACK) == (FAILED, f"the files of {one} are gone from {releases}")
    assert host.version() == "2"
    assert {line["outcome"] for line in host.history()} == {"updated", "postponed"}


def test_going_back_is_done_while_paused(host: Host) -> None:
    """A pause keeps the store's news out, not the operator."""
    one, _two = deployed(host, "1", "2")
    assert ask(host, PAUSE, BACK)[1] == (BACK, GOOD, f"went back, {one} is current")


FAULTS = {
    "after hook": (
        'after "script" { command = "test -n \\"$DROPSHIP_ROLLBACK\\" || exit 3" }',
        "after hook 1 (script): the script exited with status 3",
    ),
    "before hook": (
        'before "script" { command = "exit 4" }',
        "before hook 1 (script): the script exited with status 4",
    ),
    "health": (
        'health "script" {\n command = "grep -q 2 version"\n within = "50ms"\n interval = "20ms"\n}',
        "did not hold within 50ms",
    ),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_going_back_that_fails_goes_forward_again_and_says_so(host: Host, fault: str) -> None:
    """It is an update like any other; an earlier trouble is not taken for the reason."""
    _one, two = deployed(host, "1", "2")
    body, words = FAULTS[fault]
    host.configure(host.service(body.replace("version", f"{host.destination()}/version")))
    (host.store / "app.tar.gz").rename(host.store / "away")
    failed, back = ask(host, CHECK, BACK)
    assert failed[1] is FAILED
    (host.store / "away").rename(host.store / "app.tar.gz")
    assert back[1] is FAILED
    assert words in back[2]
    assert back[2].endswith(f"; {two} is current")
    assert host.version() == "2"
    assert host.history()[-1]["outcome"] == ("failed" if "before" in fault else "rolled-back")


# --- secrets, and no driver -----------------------------------------------------------------------


def test_answer_and_state_tell_no_secret(host: Host) -> None:
    """An error may quote what it was about."""
    logs.setup("info", "text", secrets=["hunter2-hunter2"], stream=io.StringIO())
    try:
        deployed(host, "1")
        host.configure(
            host.service(
                'health "script" {\n command = "exit 1 # hunter2-hunter2"\n'
                ' within = "50ms"\n interval = "20ms"\n}'
            )
        )
        host.publish({"version": "2"})
        verdict, words = came(host, CHECK)
    finally:
        logs.setup("warning", "text", stream=io.StringIO())
    assert verdict is FAILED
    assert "did not hold" in words
    assert "hunter2" not in words
    assert "hunter2" not in str(host.saved())


def noted(host: Host, event: on.Event) -> None:
    """Note something down without a driver."""
    made = rig(host.config)
    note(event, "app", made.store, made.layout, "a test")


def test_notes_are_taken_without_a_driver_and_heeded_by_the_next(host: Host) -> None:
    """Pause, resume and retry on the state file itself."""
    deployed(host, "1")
    host.publish({"version": "2"})
    noted(host, PAUSE)
    assert came(host, CHECK)[0] is REFUSED
    noted(host, RESUME)
    assert came(host, CHECK)[0] is GOOD
    assert came(host, BACK)[0] is GOOD
    noted(host, RETRY)
    assert came(host, CHECK)[0] is GOOD
    assert host.version() == "2"


def test_note_where_somebody_drives_the_service_is_refused(host: Host) -> None:
    """Two writers of one state file: never."""
    deployed(host, "1")
    layout = rig(host.config).layout
    with ServiceLock(layout.lock, "app", "somebody"), pytest.raises(BusyError, match="somebody"):
        noted(host, PAUSE)
    assert host.saved()["paused"] is None


def test_note_that_cannot_be_written_without_a_driver_is_an_error(host: Host) -> None:
    """With the file and the cure."""
    deployed(host, "1")
    with unwritable(host), pytest.raises(StateError, match="cannot write"):
        noted(host, PAUSE)


def test_note_where_state_was_lost_forgets_no_release(host: Host) -> None:
    """The next driver goes by what was written: it must not sweep away what can be gone back to."""
    names = deployed(host, "1", "2")
    shutil.rmtree(host.folder / "state")
    noted(host, PAUSE)
    drive(rig(host.config), Desk())
    assert host.releases() == sorted(names)
    assert current(host) == names[1]
    assert came(host, GoBack(names[0])) == (GOOD, f"went back, {names[0]} is current")
