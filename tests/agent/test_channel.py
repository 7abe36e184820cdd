"""The way between supervisor and worker."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.agent import messages
from dropship.agent.channel import Channel
from dropship.agent.messages import Asleep, Busy, CheckNow, Finish
from dropship.core.watch import Progress

EVERY = (
    Busy("staging", "r1", Progress(1, 2, ("host-a", "host-b"), "note")),
    Busy("idle"),
    Asleep(12.5, "holding", "trouble", failed=True, blame="store"),
    CheckNow(force=True),
    Finish(hard=True),
)


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """Both ends of a channel."""
    left, right = Channel.pair()
    yield left, right
    left.close()
    right.close()


def test_every_message_arrives_as_it_was_said(ends: tuple[Channel, Channel]) -> None:
    """In order, both ways."""
    left, right = ends
    for message in EVERY:
        assert left.send(message)
        assert right.send(message)
    assert tuple(right.receive()) == EVERY
    assert tuple(left.receive()) == EVERY
    assert tuple(left.receive()) == ()


def test_full_channel_refuses_instead_of_blocking(ends: tuple[Channel, Channel]) -> None:
    """Sending to somebody who does not read ends with False, not with waiting."""
    left, right = ends
    sent = 0
    while left.send(CheckNow()):
        sent += 1
    got = 0
    while count := len(tuple(right.receive())):
        # A bounded number at once, so that one worker cannot keep the loop.
        assert count <= 64
        got += count
    assert got == sent


def test_other_side_gone_is_noticed_after_its_last_words(ends: tuple[Channel, Channel]) -> None:
    """What was said before the end is heard; then the channel is closed; sending says no."""
    left, right = ends
    left.send(Busy("idle"))
    left.close()
    assert tuple(right.receive()) == (Busy("idle"),)
    assert right.closed
    assert not right.send(CheckNow())


def test_message_too_long_is_refused_by_its_sender(ends: tuple[Channel, Channel]) -> None:
    """Nothing that the other side could not take is ever sent."""
    left, right = ends
    with pytest.raises(ValueError, match="too long"):
        left.send(Busy("x" * messages.LONGEST))
    assert tuple(right.receive()) == ()


def test_noise_is_refused_and_the_next_message_is_heard() -> None:
    """A packet that is no message costs only itself."""
    raw, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel = Channel(other)
    try:
        raw.send(b"noise")
        raw.send(messages.encode(CheckNow()))
        with pytest.raises(ValueError, match=r"."):
            tuple(channel.receive())
        assert tuple(channel.receive()) == (CheckNow(),)
    finally:
        raw.close()
        channel.close()


@given(
    st.binary(max_size=60)
    | st.sampled_from([b'{"kind": []}', b'{"kind": {}}', b'{"kind": "busy"}'])
)
def test_any_packet_is_a_message_or_a_value_error(packet: bytes) -> None:
    """Nothing else comes of whatever is received."""
    with pytest.raises(ValueError, match=r"."):
        messages.decode(packet)


@pytest.mark.parametrize(
    "packet",
    [
        b"[" * 30_000,
        b'{"kind": "asleep", "until": NaN}',
        b'{"kind": "asleep", "until": 1e400}',
        b'{"kind": "asleep", "until": 1e300}',
        b'{"kind": "asleep", "until": 1' + b"0" * 400 + b"}",
        b'{"kind": "asleep", "until": 1, "checked": -1e12}',
        b'{"kind": "busy", "phase": "x\\nERROR forged"}',
        b'{"kind": "busy", "phase": "\\ud800"}',
        b'{"kind": "busy", "phase": "x", "release": "\\n"}',
        b'{"kind": "busy", "phase": "x", "progress": {"total": 1' + b"0" * 4000 + b"}}",
    ],
    ids=lambda packet: str(packet[:60]),
)
def test_packet_that_would_break_who_shows_it_is_refused(packet: bytes) -> None:
    """Whatever is nested, infinite, beyond all calendars, or would forge a line of the log."""
    with pytest.raises(ValueError, match=r"."):
        messages.decode(packet)
