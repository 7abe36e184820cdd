"""The fleet while it moves from the Go tool to this one: both contend for the turns of one Consul."""

from __future__ import annotations

import secrets
import time
from base64 import b64decode
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.exec.runs import eventually
from tests.interop.program import Contest, go
from tests.servers.consul import Consul


@pytest.fixture
def contest(program: Path, consul: Consul, tmp_path: Path) -> Contest:
    """For turns of this test only."""
    return Contest(program, consul.address, secrets.token_hex(8), tmp_path / "log")


def run(contest: Contest, turns: int) -> list[str]:
    """So many turns each for two programs of either kind; none overlap; whose they were."""
    with ExitStack() as stack:
        kinds = {"go-1": contest.theirs, "go-2": contest.theirs}
        kinds |= {"our-1": contest.ours, "our-2": contest.ours}
        programs = [
            stack.enter_context(kind(name, turns, hold=0.005)) for name, kind in kinds.items()
        ]
        for one in programs:
            go(one)
        assert [one.wait(1200) for one in programs] == [0] * len(programs)
    lines = contest.lines()
    assert [what for what, _ in lines] == ["begin", "end"] * (turns * len(kinds))
    begun, ended = [who for _, who in lines[::2]], [who for _, who in lines[1::2]]
    assert begun == ended
    assert Counter(begun) == dict.fromkeys(kinds, turns)
    return begun


def test_programs_of_either_kind_never_hold_a_turn_at_the_same_time(contest: Contest) -> None:
    """And each gets all its turns, while the others want theirs."""
    run(contest, turns=10)


@pytest.mark.endurance
def test_five_hundred_turns_of_either_kind_do_not_overlap(contest: Contest) -> None:
    """The same for longer: nobody has to wait until the other kind has had enough."""
    kinds = [who.partition("-")[0] for who in run(contest, turns=125)]
    assert sum(one != other for one, other in pairwise(kinds)) >= 10


def test_what_stands_in_consul_is_the_same_whoever_holds_the_turn(
    contest: Contest, consul: Consul
) -> None:
    """To the letter, but for what the contender says of itself and its session's name."""
    with contest.theirs("go", 1, hold=600) as theirs:
        go(theirs)
        eventually(lambda: ("begin", "go") in contest.lines())
        left = traces(contest, consul)
    with contest.ours("our", 1, hold=600) as ours:
        go(ours)
        eventually(lambda: ("begin", "our") in contest.lines())
        assert traces(contest, consul) == left


def traces(contest: Contest, consul: Consul) -> dict[str, object]:
    """What a holder leaves in Consul; afterwards its session is ended."""
    keys = consul.ask("GET", f"kv/dropship/services/{contest.prefix}?recurse")
    (session,) = {one["Session"] for one in keys if "Session" in one}
    (said,) = consul.ask("GET", f"session/info/{session}")
    consul.ask("PUT", f"session/destroy/{session}")
    changing = {"CreateIndex", "ModifyIndex"}
    return {
        "session": {
            key: value for key, value in said.items() if key not in {*changing, "ID", "Name"}
        },
        "flags": {one["Key"].replace(session, "SESSION"): one["Flags"] for one in keys},
        "record": [
            b64decode(one["Value"]).decode().replace(session, "SESSION")
            for one in keys
            if one["Key"].endswith("/.lock")
        ],
    }


@pytest.mark.endurance
def test_turn_of_a_go_agent_that_died_is_ours_when_its_session_ends(contest: Contest) -> None:
    """Not before its time to live is over."""
    with contest.theirs("go", 1, hold=600, ttl=2) as theirs, contest.ours("our", 1, 0, 2) as ours:
        go(theirs)
        eventually(lambda: ("begin", "go") in contest.lines())
        go(ours)
        died = time.monotonic()
        theirs.kill()
        assert ours.wait(60) == 0
        assert time.monotonic() - died > 1


@pytest.mark.endurance
def test_turn_of_ours_that_died_is_a_go_agents_when_our_session_ends(contest: Contest) -> None:
    """Likewise."""
    with contest.ours("our", 1, hold=600, ttl=2) as ours, contest.theirs("go", 1, 0, 2) as theirs:
        go(ours)
        eventually(lambda: ("begin", "our") in contest.lines())
        go(theirs)
        died = time.monotonic()
        ours.kill()
        assert theirs.wait(60) == 0
        assert time.monotonic() - died > 1
