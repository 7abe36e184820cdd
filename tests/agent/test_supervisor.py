"""The supervisor, run for real: processes that are killed, stopped, stuck, and told to end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from functools import partial
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.agent.agents import Agent, eventually


def gone(pid: int) -> bool:
    """Whether a process has ended (and, if it was orphaned, been reaped or not)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def restarted(agent: Agent, name: str, old: int) -> int:
    """The pid of the worker that came after ``old``."""

    def new() -> int | None:
        pid = agent.workers()[name].pid
        return pid if pid != old else None

    return eventually(new, doing=f"restart {name}: {agent.log()}")


def test_killed_worker_comes_back_after_a_second_and_others_do_not_notice(tmp_path: Path) -> None:
    """A killed worker is replaced after about a second; the other workers keep their pids."""
    with Agent(tmp_path, "idle-a", "idle-b") as agent:
        a, b = agent.idle("idle-a"), agent.pid("idle-b")
        os.kill(a, signal.SIGKILL)
        new = restarted(agent, "idle-a", a)
        said = re.search(r"worker died: killed by SIGKILL while idle, next try in 1 s", agent.log())
        assert said, agent.log()
        assert new != a
        assert agent.pid("idle-b") == b
        worker = agent.workers()["idle-a"]
        assert worker.restarts == 1
        assert (worker.deaths, worker.last_exit) == (1, "killed by SIGKILL while idle")


def test_dead_worker_while_waiting_for_restart_has_no_pid(tmp_path: Path) -> None:
    """Between death and restart the record says crashed, with no pid and the reason."""
    with Agent(tmp_path, "idle-a", "idle-b") as agent:
        os.kill(agent.idle("idle-a"), signal.SIGKILL)
        dead = eventually(
            lambda: next((one for one in agent.workers().items() if one[1].pid is None), None),
            doing="tell of the death",
        )
        assert (dead[0], dead[1].phase, dead[1].last_exit) == (
            "idle-a",
            "crashed",
            "killed by SIGKILL while idle",
        )


def test_worker_that_keeps_dying_waits_longer_each_time(tmp_path: Path) -> None:
    """Restarts are spaced out, and each death is logged with its status and its traceback."""
    agent = Agent(tmp_path, "dead-a", "idle-b")
    agent.spawn()
    try:
        died = "worker died: exited with status 70 while starting"
        agent.says(f"{died}, next try in 1 s")
        agent.says(f"{died}, 2nd time, next try in 2 s")
        agent.says(f"{died}, 3rd time, next try in 4 s")
        assert "RuntimeError: this worker cannot work" in agent.log()
    finally:
        agent.__exit__()


def test_worker_that_refuses_with_an_error_says_it_in_one_line(tmp_path: Path) -> None:
    """A foreseen error is one line of the service's log, with its cure and no traceback."""
    agent = Agent(tmp_path, "refused-a")
    agent.spawn()
    try:
        agent.says("worker died")
        assert "ERROR [refused-a] its state cannot be read; mend it\n" in agent.log()
        assert "Traceback" not in agent.log()
    finally:
        agent.__exit__()


def test_sigterm_ends_idle_workers_and_agent_with_zero(tmp_path: Path) -> None:
    """A stop of idle workers is clean: exit 0, nobody left, the control socket taken away."""
    with Agent(tmp_path, "idle-a", "idle-b") as agent:
        pids = [agent.pid("idle-a"), agent.pid("idle-b")]
        agent.signal(signal.SIGTERM)
        assert agent.wait() == 0
        assert all(gone(pid) for pid in pids)
        assert not (agent.run_path / "control.sock").exists()


def test_sigterm_waits_for_an_update_to_finish(tmp_path: Path) -> None:
    """A worker in the middle of an update is waited for, and the agent then ends with 0."""
    with Agent(tmp_path, "busy-a", "idle-b") as agent:
        eventually(lambda: agent.workers()["busy-a"].phase == "before", doing="begin")
        idle = agent.pid("idle-b")
        agent.signal(signal.SIGTERM)
        eventually(lambda: gone(idle), doing="end the idle one")
        assert agent.process.poll() is None
        assert agent.reports("busy-a", "finished") == []
        (tmp_path / "busy-a.release").touch()
        assert agent.wait() == 0
        assert agent.reports("busy-a", "finished") == ["update"]


def test_second_signal_does_not_wait_for_an_update(tmp_path: Path) -> None:
    """The second SIGINT ends an update under way at once; exit 1."""
    with Agent(tmp_path, "busy-a") as agent:
        eventually(lambda: agent.workers()["busy-a"].phase == "before", doing="begin")
        agent.signal(signal.SIGINT)
        agent.says("are finished first")
        agent.signal(signal.SIGINT)
        assert agent.wait() == 1
        assert agent.reports("busy-a", "finished") == []
        assert "[busy-a] worker ended: exited with status 1" in agent.log()


def test_stop_timeout_ends_an_update(tmp_path: Path) -> None:
    """When stopTimeout is over, the update is ended as by a second signal."""
    with Agent(tmp_path, "busy-a", stop_timeout=0.2) as agent:
        eventually(lambda: agent.workers()["busy-a"].phase == "before", doing="begin")
        agent.signal(signal.SIGTERM)
        assert agent.wait() == 1
        assert agent.reports("busy-a", "finished") == []


def test_third_signal_kills_a_worker_that_takes_no_notice(tmp_path: Path) -> None:
    """A stuck worker is killed by the third signal, without waiting for any timeout."""
    with Agent(tmp_path, "stuck-a") as agent:
        eventually(lambda: agent.reports("stuck-a", "got"), doing="get stuck")
        for words in ("finished first", "left to the next start", "killing the workers"):
            agent.signal(signal.SIGTERM)
            agent.says(words)
        assert agent.wait() == 1
        assert "killed by SIGKILL while starting (it did not end in time)" in agent.log()


def test_second_agent_says_who_the_first_is(tmp_path: Path) -> None:
    """A second agent on the same run_path ends with 1 and names the first one's pid."""
    with Agent(tmp_path, "idle-a") as first:
        other = tmp_path / "other"
        other.mkdir()
        second = Agent(other, "idle-a", run_path=str(first.run_path))
        second.spawn()
        assert second.wait() == 1
        pid = first.process.pid
        assert (
            f"run_path {first.run_path} is used by another agent: process {pid} (" in second.log()
        )
        assert first.record().pid == pid


def test_second_agent_on_the_same_state_is_refused(tmp_path: Path) -> None:
    """The same holds for state_path, whatever the run_path."""
    with Agent(tmp_path, "idle-a") as first:
        other = tmp_path / "other"
        other.mkdir()
        second = Agent(other, "idle-a", state_path=str(tmp_path / "state"))
        second.spawn()
        assert second.wait() == 1
        assert f"state_path {tmp_path / 'state'} is used by another agent" in second.log()
        assert first.process.poll() is None


def test_killed_agent_leaves_no_worker_and_no_lock(tmp_path: Path) -> None:
    """Workers die with a killed supervisor, and the next agent starts at once."""
    with Agent(tmp_path, "idle-a", "busy-b", "stuck-c") as agent:
        pids = [agent.pid(name) for name in ("idle-a", "busy-b", "stuck-c")]
        agent.process.kill()
        agent.process.wait()
        for pid in pids:
            eventually(partial(gone, pid), doing=f"end {pid}")
        assert agent.found() is None
    with Agent(tmp_path, "idle-a") as agent:
        assert agent.record().pid == agent.process.pid


@pytest.mark.slow
def test_silent_worker_is_asked_where_it_hangs_and_replaced(tmp_path: Path) -> None:
    """A worker that reports nothing gets SIGABRT, prints its stack, and is started again."""
    # A Busy worker may be silent for ten seconds, and for the watchdog's time on top of that.
    with Agent(tmp_path, "stuck-a", "idle-b", watchdog=0.5) as agent:
        stuck, idle = agent.pid("stuck-a"), agent.pid("idle-b")
        new = restarted(agent, "stuck-a", stuck)
        assert new != stuck
        assert "Fatal Python error: Aborted" in agent.log()
        assert "in stuck" in agent.log()
        last = str(agent.workers()["stuck-a"].last_exit)
        assert last.startswith("killed by SIGABRT")
        assert "(it was silent for too long)" in last
        assert agent.pid("idle-b") == idle


@pytest.mark.slow
def test_stopped_worker_counts_as_silent(tmp_path: Path) -> None:
    """A worker that SIGSTOP froze cannot take SIGABRT; it is killed five seconds later."""
    with Agent(tmp_path, "busy-a", watchdog=0.5) as agent:
        eventually(lambda: agent.workers()["busy-a"].phase == "before", doing="begin")
        frozen = agent.pid("busy-a")
        os.kill(frozen, signal.SIGSTOP)
        restarted(agent, "busy-a", frozen)
        assert "SIGKILL while before (it was silent for too long)" in str(
            agent.workers()["busy-a"].last_exit
        )


def test_worker_that_hangs_up_and_lives_on_is_replaced(tmp_path: Path) -> None:
    """Nothing can be heard of it any more, and its sleep is not waited for."""
    with Agent(tmp_path, "hangs-a", "idle-b") as agent:
        deaf, idle = agent.pid("hangs-a"), agent.pid("idle-b")
        os.kill(deaf, signal.SIGUSR2)
        restarted(agent, "hangs-a", deaf)
        assert agent.workers()["hangs-a"].last_exit == "killed by SIGKILL while idle (it hung up)"
        assert agent.pid("idle-b") == idle


@pytest.mark.parametrize(
    ("role", "verdict"),
    [("talks", "it said too much"), ("raves", "it said too much that makes no sense")],
)
def test_worker_that_floods_its_channel_is_replaced(
    tmp_path: Path, role: str, verdict: str
) -> None:
    """The agent answers meanwhile, the others live on, and the log does not fill."""
    with Agent(tmp_path, f"{role}-a", "idle-b") as agent:
        idle = agent.pid("idle-b")
        agent.says(f"killing the worker: {verdict}\n")
        agent.says(f"worker died: killed by SIGKILL while staging ({verdict}), next try in 1 s")
        assert agent.pid("idle-b") == idle
        agent.says(f"({verdict}), 2nd time")
        starts = agent.log().count(f"[{role}-a] worker ")
        assert agent.log().count("makes no sense: ") <= (starts if role == "raves" else 0)
        assert agent.log().count("\n") < 12 * starts


@pytest.mark.slow
def test_agent_that_was_frozen_itself_blames_nobody(tmp_path: Path) -> None:
    """After a suspend of everybody, workers are not judged by the time that went by."""
    with Agent(tmp_path, "busy-a", watchdog=0.5) as agent:
        worker = agent.pid("busy-a")
        eventually(lambda: agent.workers()["busy-a"].phase == "before", doing="begin")
        for pid in (agent.process.pid, worker):
            os.kill(pid, signal.SIGSTOP)
        # Longer than any worker may be silent: 10.5 s.
        signal.sigtimedwait([], 12)
        os.kill(agent.process.pid, signal.SIGCONT)
        # The worker stays frozen until the agent has taken its turn.
        agent.signal(signal.SIGUSR1)
        agent.says("checking all services now")
        os.kill(worker, signal.SIGCONT)
        assert "silent" not in agent.log()
        assert agent.pid("busy-a") == worker


@pytest.mark.slow
def test_worker_over_its_memory_limit_is_killed(tmp_path: Path) -> None:
    """A worker that grows past its limit is killed, and the record says why."""
    with Agent(tmp_path, "hungry-a", memory=60 << 20) as agent:
        first = agent.pid("hungry-a")
        restarted(agent, "hungry-a", first)
        last = str(agent.workers()["hungry-a"].last_exit)
        assert re.fullmatch(
            r"killed by SIGKILL while idle \(it used \S+ MiB of memory, allowed are 60 MiB\)", last
        )


def test_sigusr1_makes_everybody_check(tmp_path: Path) -> None:
    """SIGUSR1 reaches every sleeping worker."""
    with Agent(tmp_path, "idle-a", "idle-b") as agent:
        agent.signal(signal.SIGUSR1)
        for name in ("idle-a", "idle-b"):
            eventually(partial(agent.reports, name, "checked"), doing=f"check {name}")


def test_reload_restarts_only_what_changed(tmp_path: Path) -> None:
    """SIGHUP starts added services, ends removed ones, renews changed ones, leaves the rest."""
    with Agent(tmp_path, "idle-a", "idle-b", "idle-c") as agent:
        before = {name: agent.pid(name) for name in ("idle-a", "idle-b", "idle-c")}
        agent.configure("idle-a", "idle-b", "idle-d", intervals={"idle-b": 20})
        agent.signal(signal.SIGHUP)

        def settled() -> bool:
            now = agent.workers()
            wanted = {"idle-a", "idle-b", "idle-d"}
            return set(now) == wanted and now["idle-b"].pid not in (None, before["idle-b"])

        eventually(settled, doing=f"reload: {agent.log()}")
        assert agent.pid("idle-a") == before["idle-a"]
        eventually(lambda: gone(before["idle-c"]), doing="end c")
        eventually(lambda: agent.reports("idle-b", "interval") == ["10s", "20s"], doing="renew b")
        assert agent.workers()["idle-b"].restarts == 0
        assert "reloaded: added idle-d; changed idle-b; removed idle-c" in agent.log()


def test_reload_waits_for_the_safe_point_of_an_update(tmp_path: Path) -> None:
    """A changed service in the middle of an update goes on with it before it is renewed."""
    with Agent(tmp_path, "busy-a") as agent:
        eventually(lambda: agent.workers()["busy-a"].phase == "before", doing="begin")
        worker = agent.pid("busy-a")
        agent.configure("busy-a", intervals={"busy-a": 20})
        agent.signal(signal.SIGHUP)
        agent.says("reloaded: changed busy-a")
        assert agent.pid("busy-a") == worker
        (tmp_path / "busy-a.release").touch()
        # The next one finds nothing to wait for, and is gone again at once.
        agent.says("worker ended: exited with status 0; its configuration has changed")
        eventually(lambda: agent.log().count("[busy-a] worker ") >= 3, doing="renew it")
        assert agent.reports("busy-a", "finished")[0] == "update"


def test_reload_with_a_fault_keeps_the_old_configuration(tmp_path: Path) -> None:
    """A faulty configuration changes nothing; the log and the record say why."""
    with Agent(tmp_path, "idle-a") as agent:
        worker = agent.pid("idle-a")
        agent.configure("idle-b", fault="line 3 makes no sense")
        agent.signal(signal.SIGHUP)
        eventually(lambda: agent.record().config_error, doing="refuse")
        assert agent.record().config_error == "line 3 makes no sense"
        assert "the old configuration stays: line 3 makes no sense" in agent.log()
        assert agent.pid("idle-a") == worker
        agent.configure("idle-a")
        agent.signal(signal.SIGHUP)
        eventually(lambda: agent.record().config_error is None, doing="reload well")


def test_reload_that_the_system_refuses_ends_nobody(tmp_path: Path) -> None:
    """A folder that was removed under the agent is a failed reload like any other."""
    with Agent(tmp_path, "idle-a") as agent:
        worker = agent.pid("idle-a")
        agent.configure("idle-b", gone=True)
        agent.signal(signal.SIGHUP)
        eventually(lambda: agent.record().config_error, doing=f"refuse: {agent.log()}")
        assert "the old configuration stays: [Errno 2]" in agent.log()
        assert agent.pid("idle-a") == worker


def test_many_restarts_leave_no_zombie_and_no_descriptor(tmp_path: Path) -> None:
    """Deaths and renewals give back everything they took."""
    with Agent(tmp_path, "idle-a", "idle-b", "idle-c") as agent:
        agent.settle()
        before = agent.fds()
        for interval in range(20, 25):
            old = agent.pid("idle-a")
            agent.configure("idle-a", "idle-b", "idle-c", intervals={"idle-a": interval})
            agent.signal(signal.SIGHUP)
            restarted(agent, "idle-a", old)
        old = agent.pid("idle-b")
        os.kill(old, signal.SIGKILL)
        restarted(agent, "idle-b", old)
        assert len(agent.settle()) == 3
        assert agent.fds() == before


def test_worker_has_its_own_session_and_nothing_of_the_supervisor(tmp_path: Path) -> None:
    """A worker has only the standard descriptors and its channel, and reads from nowhere."""
    with Agent(tmp_path, "idle-b", "naked-a") as agent:
        eventually(lambda: agent.reports("naked-a", "stdin"), doing="look around")
        # After the first start and after a restart alike.
        old = agent.pid("naked-a")
        os.kill(old, signal.SIGKILL)
        new = restarted(agent, "naked-a", old)
        eventually(lambda: len(agent.reports("naked-a", "stdin")) == 2, doing="look again")
        assert [json.loads(one) for one in agent.reports("naked-a", "fds")] == [[0, 1, 2]] * 2
        assert agent.reports("naked-a", "sid") == [str(old), str(new)]
        assert agent.reports("naked-a", "stdin") == ["/dev/null"] * 2
        assert Path(f"/proc/{new}/cmdline").read_bytes().startswith(b"dropship: worker naked-a")


@pytest.mark.parametrize(
    ("services", "code"), [(("well-a", "well-b"), 0), (("well-a", "badly-b"), 1)]
)
def test_once_ends_when_all_workers_have(
    tmp_path: Path, services: tuple[str, ...], code: int
) -> None:
    """``--once`` starts nobody again; its exit status tells whether all went well."""
    agent = Agent(tmp_path, *services, once=True)
    agent.spawn()
    assert agent.wait() == code
    assert agent.log().count("worker ended") == 2
    assert "starting again" not in agent.log()


def test_once_counts_a_crash_as_failure(tmp_path: Path) -> None:
    """A worker that crashes in ``--once`` makes the whole run fail."""
    agent = Agent(tmp_path, "well-a", "dead-b", once=True)
    agent.spawn()
    assert agent.wait() == 1


def test_service_manager_hears_ready_status_and_stopping(tmp_path: Path) -> None:
    """As sd_notify has it: READY with a status line, signs of life, STOPPING."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}

        def heard(head: str) -> list[str]:
            """What is said until something begins like this; that comes last."""
            said = [manager.recv(4096).decode()]
            while not said[-1].startswith(head):
                said.append(manager.recv(4096).decode())
            return said

        with Agent(tmp_path, "idle-a", environ=environ) as agent:
            *early, ready = heard("READY=1")
            assert ready == "READY=1\nSTATUS=1 service"
            assert not any("READY" in one or "RELOADING" in one for one in early)
            assert heard("WATCHDOG=1")
            agent.signal(signal.SIGHUP)
            assert not any("READY=1" in one for one in heard("RELOADING=1\nMONOTONIC_USEC="))
            assert heard("READY=1")
            agent.signal(signal.SIGTERM)
            assert heard("STOPPING=1")
            assert agent.wait() == 0


def test_many_workers_are_started_a_few_at_a_time(tmp_path: Path) -> None:
    """So that callers are heard between them; the service manager hears READY after the last."""
    names = [f"idle-{number}" for number in range(80)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        agent = Agent(tmp_path, *names, environ={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        agent.spawn()
        try:
            left = [len(names)]
            while "READY=1" not in (said := manager.recv(4096).decode()):
                left += [int(one) for one in re.findall(r"80 services, (\d+) still to start", said)]
            steps = [before - after for before, after in pairwise([*left, 0])]
            assert all(0 < step <= 16 for step in steps), left
            assert said == "READY=1\nSTATUS=80 services"
            agent.signal(signal.SIGTERM)
            assert agent.wait() == 0
        finally:
            agent.__exit__()


def test_stop_before_the_first_worker_starts_none(tmp_path: Path) -> None:
    """A stop is heeded while the agent still starts."""
    agent = Agent(tmp_path, "idle-a", slow_start=True)
    agent.spawn()
    try:
        eventually((tmp_path / "run" / "control.sock").exists, doing="take calls")
        agent.signal(signal.SIGTERM)
        (tmp_path / "prepared").touch()
        assert agent.wait() == 0
        assert "started" not in agent.log()
        assert "dropship has stopped" in agent.log()
    finally:
        agent.__exit__()


def test_signal_storm_loses_neither_deaths_nor_the_stop(tmp_path: Path) -> None:
    """Hundreds of SIGCHLD do not fill the way by which a stop arrives."""
    with Agent(tmp_path, "idle-a") as agent:
        for _ in range(2000):
            agent.signal(signal.SIGCHLD)
        agent.signal(signal.SIGTERM)
        assert agent.wait() == 0
