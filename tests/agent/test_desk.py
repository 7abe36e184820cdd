"""A worker's desk, over a real channel and real signals."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from dropship.agent.channel import Channel
from dropship.agent.desk import BEAT, WorkerDesk
from dropship.agent.messages import Answered, Asleep, Busy, CheckNow, Finish, Message, Wish
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.situation import Facts, State
from dropship.core.watch import Progress
from dropship.deploy.desk import Answer, Order, Verdict
from dropship.errors import InterruptedByStop


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """A supervisor's end and a worker's."""
    ours, theirs = Channel.pair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def supervisor(ends: tuple[Channel, Channel]) -> Channel:
    """The supervisor's end."""
    return ends[0]


@pytest.fixture
def desk(ends: tuple[Channel, Channel]) -> Iterator[WorkerDesk]:
    """A worker's desk; SIGTERM is given back."""
    before = signal.getsignal(signal.SIGTERM)
    with closing(WorkerDesk(ends[1])) as made:
        yield made
    signal.signal(signal.SIGTERM, before)


def heard(supervisor: Channel) -> list[Message]:
    """What the worker said since the last call."""
    return list(supervisor.receive())


def soon(act: Callable[[], object]) -> None:
    """Do something from elsewhere while this thread waits."""
    threading.Timer(0.05, act).start()


def orders(desk: WorkerDesk) -> list[on.Event]:
    """What was ordered."""
    return [one.event for one in desk.orders()]


def test_busy_worker_says_so_once_and_again_before_it_counts_as_silent(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """Attending often says little."""
    desk.busy(Busy("staging", "r1"))
    for _ in range(1000):
        desk.attend()
    assert heard(supervisor)[0] == Busy("staging", "r1")
    assert len(heard(supervisor)) <= 1


def test_progress_with_every_piece_is_a_few_messages(desk: WorkerDesk, supervisor: Channel) -> None:
    """Thousands of reports do not fill the channel, and the newest gets through in the end."""
    desk.busy(Busy("staging"))
    began = time.monotonic()
    for done in range(5_000):
        desk.report(Phase.STAGING, Progress(done, 5_000))
        desk.attend()
    said = heard(supervisor)
    assert len(said) <= 2 + (time.monotonic() - began) / 0.5
    newest = Busy("staging", "", Progress(4_999, 5_000))
    until = time.monotonic() + 30
    while newest not in said and time.monotonic() < until:
        desk.attend()
        said = heard(supervisor)
    assert newest in said


def test_sleeper_says_until_when_and_then_that_it_is_awake(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """Silence is announced, and its end too, so that a hang after it is noticed."""
    desk.busy(Busy("idle"))
    desk.rest(Asleep(0.0, trouble="no answer", failed=True, checked=1.0))
    heard(supervisor)
    soon(lambda: supervisor.send(CheckNow(force=True)))
    began = time.monotonic()
    desk.sleep(3600.0)
    (asleep,) = heard(supervisor)
    assert isinstance(asleep, Asleep)
    assert began + 3600 <= asleep.until <= time.monotonic() + 3600
    assert (asleep.trouble, asleep.failed, asleep.checked) == ("no answer", True, 1.0)
    desk.attend()
    assert heard(supervisor) == [Busy("idle")]
    (order,) = orders(desk)
    assert isinstance(order, on.CheckNow)
    assert order.force


def test_sleeper_who_slept_as_long_as_was_said_speaks_with_the_next_news_or_beat(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """That it is awake is no news by then; but for longer than a beat it is not silent."""
    desk.busy(Busy("idle"))
    desk.rest(Asleep(0.0))
    heard(supervisor)
    desk.sleep(0.01)
    (asleep,) = heard(supervisor)
    assert isinstance(asleep, Asleep)
    told: list[Message] = []
    while not told:
        desk.attend()
        told = heard(supervisor)
    assert told == [Busy("idle")]
    assert time.monotonic() - asleep.until >= BEAT


def test_sleep_ends_when_its_time_is_over(desk: WorkerDesk) -> None:
    """Without any order."""
    desk.rest(Asleep(0.0))
    desk.sleep(0.02)
    assert orders(desk) == []


@pytest.mark.parametrize("wish", [Finish(), Finish(hard=True)])
def test_finish_is_an_order_to_stop(desk: WorkerDesk, supervisor: Channel, wish: Finish) -> None:
    """Soft or hard, as it was wished for."""
    supervisor.send(wish)
    desk.attend()
    (order,) = orders(desk)
    assert isinstance(order, on.Stop)
    assert order.hard == wish.hard


def test_order_given_back_comes_first_and_keeps_nobody_asleep(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """Who takes an order that is not his leaves it for the next."""
    supervisor.send(CheckNow(force=True))
    desk.attend()
    taken = desk.orders()
    supervisor.send(Finish())
    desk.attend()
    desk.give_back(taken)
    desk.sleep(None)
    check, stop = orders(desk)
    assert isinstance(check, on.CheckNow)
    assert check.force
    assert isinstance(stop, on.Stop)


def test_sigterm_wakes_a_sleeper_with_an_order_to_stop(desk: WorkerDesk) -> None:
    """The signal alone does."""
    desk.rest(Asleep(0.0))
    soon(lambda: os.kill(os.getpid(), signal.SIGTERM))
    desk.sleep(None)
    (order,) = orders(desk)
    assert isinstance(order, on.Stop)
    assert not order.hard


def test_many_sigterms_are_one_soft_stop(desk: WorkerDesk) -> None:
    """A service manager that signals every process of the group does not press anybody."""
    for _ in range(5):
        os.kill(os.getpid(), signal.SIGTERM)
        desk.attend()
    assert len(orders(desk)) == 1


def test_hard_stop_after_a_soft_one_is_ordered_too(desk: WorkerDesk, supervisor: Channel) -> None:
    """The second signal of an operator arrives."""
    wishes: tuple[Wish, ...] = (Finish(), Finish(hard=True))
    for wish in wishes:
        supervisor.send(wish)
    desk.attend()
    assert [one.hard for one in orders(desk) if isinstance(one, on.Stop)] == [False, True]


def test_signal_breaks_out_of_a_blocking_call(desk: WorkerDesk) -> None:
    """A store that does not answer does not delay a stop."""
    reading, writing = os.pipe()
    try:
        soon(lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(InterruptedByStop), desk.interrupting():
            os.read(reading, 1)
    finally:
        os.close(reading)
        os.close(writing)


def test_signal_before_a_blocking_call_keeps_it_from_beginning(desk: WorkerDesk) -> None:
    """No blocking call is begun by a worker that is to stop."""
    os.kill(os.getpid(), signal.SIGTERM)
    begun = False
    with pytest.raises(InterruptedByStop), desk.interrupting():
        begun = True
    assert not begun


def test_full_channel_blocks_nobody_and_the_newest_statement_gets_through(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """A supervisor that does not read for a while hears in the end what is so now."""
    for number in range(5_000):
        desk.busy(Busy(f"phase {number}"))
    while heard(supervisor):
        pass
    desk.attend()
    assert heard(supervisor) == [Busy("phase 4999")]


ORDER = Order(on.Retry(), ticket=7)


def test_answer_that_a_full_channel_refused_is_said_soon(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """Also by a worker that has nothing to do but sleep."""
    for number in range(5_000):
        desk.busy(Busy(f"phase {number}"))
    desk.rest(Asleep(0.0))
    desk.answer(ORDER, Answer(Verdict.GOOD, "done"))
    while heard(supervisor):
        pass
    desk.sleep(3600.0)
    desk.attend()
    assert Answered(7, Verdict.GOOD, "done") in heard(supervisor)


def test_answer_that_a_full_channel_refused_is_the_last_word(
    ends: tuple[Channel, Channel],
) -> None:
    """A worker that ends waits a moment for a supervisor that is held up."""
    supervisor, channel = ends
    with closing(WorkerDesk(channel)) as desk:
        for number in range(5_000):
            desk.busy(Busy(f"phase {number}"))
        desk.answer(ORDER, Answer(Verdict.GOOD, "done"))
        soon(lambda: list(supervisor.receive()))
    said: list[Message] = []
    while more := heard(supervisor):
        said += more
    assert said[-1] == Answered(7, Verdict.GOOD, "done")


def test_longest_words_in_any_language_fit_into_a_packet(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """Of answers and of trouble: an error in emoji is no end of the worker."""
    words = "\U0001f680" * 100_000
    desk.answer(ORDER, Answer(Verdict.FAILED, words))
    desk.show(State(Facts(), phase=Phase.IDLE, trouble=words), None)
    desk.sleep(0.0)
    answered, *_, asleep = heard(supervisor)
    assert isinstance(answered, Answered)
    assert isinstance(asleep, Asleep)
    assert words.startswith(answered.words)
    assert words.startswith(asleep.trouble)
    assert len(answered.words) == len(asleep.trouble) > 1_000


def test_worker_whose_supervisor_is_gone_is_ordered_to_stop(
    desk: WorkerDesk, supervisor: Channel
) -> None:
    """A hung-up channel is a stop, and does not keep the processor busy from then on."""
    desk.rest(Asleep(0.0))
    supervisor.close()
    desk.sleep(None)
    assert isinstance(orders(desk)[0], on.Stop)
    worked = time.process_time()
    desk.sleep(0.5)
    with suppress(InterruptedByStop):
        desk.attend()
    assert time.process_time() - worked < 0.25
