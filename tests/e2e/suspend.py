"""A host that sleeps: everything of the agent is stopped for a while, and goes on in any order."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.e2e.host import Host, eventually

ORDERS = ("supervisor first", "supervisor last", "any", "supervisor only")
_WAITS = 'before "script" {{ command = "echo here >> {marks}; until test -e {gate}; do sleep 0.05; done" }}'


@dataclass
class Outcome:
    """What was seen; ``faults`` tell what must not be."""

    seconds: float
    order: str
    processes: int = 0
    faults: list[str] = field(default_factory=list)


def nap(host: Host, seconds: float, order: str, seed: int) -> Outcome:
    """Stop all processes of an agent, or only its supervisor, in the middle of an update.

    The watchdog's time is one second, so that whoever is judged by the clock is ended.
    """
    outcome = Outcome(seconds, order)
    gate = host.folder / "gate"
    waits = _WAITS.format(marks=host.marks, gate=gate)
    host.configure(
        host.service(waits, name="busy"), host.service(name="calm"), host.service(name="late", interval="1h"),
        main='watchdog = "1s"',
    )  # fmt: skip
    for name in ("calm", "late"):
        host.publish({"version": "1"}, name)
    host.start()
    for name in ("calm", "late"):
        host.until_version("1", name)
    host.publish({"version": "1"}, "busy")
    eventually(host.marked, "begin an update")
    before = {name: host.pid(name) for name in ("busy", "calm", "late")}
    _stop_and_go(host, seconds, order, seed, outcome)
    gate.touch()
    host.until_version("1", "busy")
    host.publish({"version": "2"}, "calm")
    host.until_version("2", "calm")
    after = {name: host.pid(name) for name in before}
    if after != before:
        outcome.faults.append(f"workers were {before}, and are {after}")
    if len(host.marked()) != 1:
        outcome.faults.append("the hook ran again")
    if "silent" in host.said():
        outcome.faults.append("somebody was called silent")
    if host.run("update", "late").returncode:
        outcome.faults.append("the service with the long interval does not listen")
    if status := host.stop():
        outcome.faults.append(f"the agent ended with {status}")
    return outcome


def _stop_and_go(host: Host, seconds: float, order: str, seed: int, outcome: Outcome) -> None:
    supervisor = psutil.Process(host.agent.pid)
    rest = supervisor.children(recursive=True)
    stopped = [supervisor] if order == "supervisor only" else [supervisor, *rest]
    outcome.processes = len(stopped)
    # The supervisor first: it must not see that the others stop.
    for one in stopped:
        with suppress(ProcessLookupError):  # the hook forks
            os.kill(one.pid, signal.SIGSTOP)
    time.sleep(seconds)  # the time itself is what is tested
    chance = random.Random(seed)
    chance.shuffle(rest)
    wake = {
        "supervisor first": [supervisor, *rest],
        "supervisor last": [*rest, supervisor],
        "supervisor only": [supervisor],
    }.get(order, chance.sample(stopped, len(stopped)))
    for one in wake:
        with suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGCONT)
        time.sleep(chance.uniform(0, 0.3))  # they do not wake at once
