"""The control socket of a real supervisor, and callers of every kind."""

from __future__ import annotations

import grp
import itertools
import json
import os
import resource
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from dropship.agent import client
from dropship.agent.protocol import LONGEST_REQUEST, LONGEST_TEXT, Request
from dropship.errors import BusyError, DropshipError, NoAgentError, UsageError
from tests.agent.agents import Agent, eventually
from tests.agent.calls import Call
from tests.users import as_nobody

STATUS = {"protocol": 1, "command": "status"}
NAMES = ("obeys-a", "obeys-b", "idle-c")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """One agent for all that leave it as it was; in the end it has lost nothing."""
    with Agent(tmp_path_factory.mktemp("agent"), *NAMES) as made:
        workers = made.settle()
        before = made.fds()
        yield made
        assert made.settle() == workers
        eventually(lambda: made.fds() == before, doing=f"close {made.fds()} to {before}")


def test_question_is_answered_by_one_line_and_the_line_is_hung_up(agent: Agent) -> None:
    """A result, the protocol's number, the end."""
    with Call(agent.run_path) as call:
        (answer,) = call.say(STATUS).lines()
    assert answer["protocol"] == 1
    assert [one["name"] for one in answer["result"]["services"]] == list(NAMES)
    assert answer["result"]["agent"]["pid"] == agent.process.pid


def test_order_is_answered_by_news_and_what_came_of_it(agent: Agent) -> None:
    """One outcome a service, in the order of the configuration."""
    with Call(agent.run_path) as call:
        call.say({"protocol": 1, "command": "update", "services": ["obeys-b", "obeys-a"]})
        *news, end = call.lines()
    assert {one["news"]["service"] for one in news} <= {"obeys-a", "obeys-b"}
    assert [(one["service"], one["code"]) for one in end["result"]] == [
        ("obeys-a", 0),
        ("obeys-b", 0),
    ]


BAD = {
    "garbage": (b"\xff\x00 garbage\n", "this is no request"),
    "no object": (b"[1, 2]\n", "should be an object"),
    "an empty line": (b"\n", "this is no request"),
    "no command": (b"{}\n", "has no field command"),
    "a wrong type": (b'{"command": ["status"]}\n', "should be text"),
    "depth": (b"[" * 60_000 + b"\n", "this is no request"),
    "a long line": (b"x" * (LONGEST_REQUEST + 1), f"at most {LONGEST_REQUEST} bytes"),
    "a long text": (
        {"command": "pause", "reason": "x" * (LONGEST_TEXT + 1)},
        f"at most {LONGEST_TEXT} characters",
    ),
    "a control character": ({"command": "pause", "reason": "\x1b[2J"}, "no control characters"),
    "half a character": ({"command": "pause", "reason": "\udcff"}, "no control characters"),
    "no limit": ({"command": "history", "limit": 0}, "above zero"),
    "an unknown command": ({"command": "dance"}, "does not know the command dance"),
    "an unknown service": ({"command": "status", "services": ["obeys-x"]}, '"obeys-'),
    "an unknown service to order": ({"command": "retry", "services": ["no"]}, "there are: obeys-a"),
    "another protocol": ({"protocol": 2, "command": {"name": "status"}}, "the agent speaks 1"),
}


@pytest.mark.parametrize("what", BAD)
def test_request_that_is_none_is_told_so(agent: Agent, what: str) -> None:
    """One line of an error that ends with exit 2 on the other side; nothing of files in it."""
    said, words = BAD[what]
    with Call(agent.run_path) as call:
        (answer,) = call.say(said).lines()
    assert answer["error"]["kind"] == "usage"
    assert words in answer["error"]["message"] + answer["error"]["cure"]
    assert "backup" not in answer["error"]["message"]


def test_longest_texts_in_any_language_reach_the_worker(agent: Agent) -> None:
    """What the socket takes fits into a message to a worker."""
    reason = "\U0001f680" * LONGEST_TEXT
    before = len(agent.reports("obeys-a", "ordered"))
    (outcome,) = agent.ask("pause", "obeys-a", reason=reason, by=reason)
    assert outcome["code"] == 0
    assert agent.reports("obeys-a", "ordered")[before:] == ["Pause"]


def test_fields_that_are_not_known_are_passed_over(agent: Agent) -> None:
    """A newer command line may say more."""
    with Call(agent.run_path) as call:
        assert "result" in call.say({**STATUS, "colour": "blue"}).end()


def test_second_request_on_a_line_is_not_heard(agent: Agent) -> None:
    """The first is answered, and the agent hangs up."""
    line = json.dumps(STATUS).encode() + b"\n"
    with Call(agent.run_path) as call:
        assert len(call.say(line * 2).lines()) == 1
    order = b'{"command": "update", "services": ["obeys-a"]}\n'
    before = len(agent.reports("obeys-a", "ordered"))
    with Call(agent.run_path) as call:
        answers = call.say(order * 2).lines()
    assert sum("result" in one for one in answers) == 1
    assert len(agent.reports("obeys-a", "ordered")) == before + 1


@pytest.mark.slow
def test_callers_that_say_nothing_are_hung_up_on_and_keep_nobody_waiting(agent: Agent) -> None:
    """Neither silence nor half a line is waited for; others are answered meanwhile."""
    with Call(agent.run_path) as silent, Call(agent.run_path) as half:
        half.say(b'{"protocol": 1, "comm')
        assert agent.ask("status")["agent"]["running"]
        assert not silent.dropped()
        assert silent.lines() == half.lines() == []


def test_two_hundred_callers_at_once_are_all_answered(agent: Agent) -> None:
    """More than are received at a time, and more than there are clerks."""

    def ask(_number: int) -> int:
        return int(client.ask(agent.run_path, Request("status"), timeout=60)["agent"]["pid"])

    with ThreadPoolExecutor(200) as many:
        answers = list(many.map(ask, range(200)))
    assert answers == [agent.process.pid] * 200


def test_full_house_of_silent_callers_lets_the_next_one_in_when_one_goes(agent: Agent) -> None:
    """Whoever waits outside is received at once, not after the silent ones' patience."""
    calls = [Call(agent.run_path) for _ in range(128)]
    try:
        eventually(lambda: agent.fds() >= 128, doing="receive them")
        with Call(agent.run_path) as outside:
            outside.say(STATUS)
            calls.pop().connection.close()
            assert "result" in outside.end()
            assert not calls[0].dropped()
    finally:
        for call in calls:
            call.connection.close()


def test_socket_is_for_its_owner_and_group(agent: Agent) -> None:
    """0660: the mode is the permission."""
    found = (agent.run_path / "control.sock").stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o660


def test_agent_asked_by_another_name_is_no_agent(tmp_path: Path) -> None:
    """A folder without one, and one that is not there."""
    for place in (tmp_path, tmp_path / "no"):
        with pytest.raises(NoAgentError):
            client.ask(place, Request("status"))


# --- those that need an agent of their own ------------------------------------------------------


@pytest.mark.slow
def test_slow_readers_are_dropped_and_others_do_not_notice(tmp_path: Path) -> None:
    """Of news and of an answer of half a megabyte; who reads hears all of it."""
    names = [f"wordy-{number}" for number in range(30)]
    hold = tmp_path / "wordy.hold"
    hold.touch()
    with Agent(tmp_path, *names) as agent:
        eventually(lambda: all(one.note for one in agent.workers().values()), doing="say something")
        workers = agent.children()
        with Call(agent.run_path) as deaf, Call(agent.run_path) as curious:
            deaf.say({"command": "update"})
            curious.say(STATUS)
            heard: list[Any] = []
            follower = threading.Thread(
                target=lambda: heard.append(
                    client.ask(agent.run_path, Request("update"), on_news=heard.append)
                )
            )
            follower.start()
            eventually(lambda: len(heard) >= 30, doing="hear the news")
            eventually(deaf.dropped, doing="drop who does not read")
            assert agent.ask("status", "wordy-1")["agent"]["running"]
        hold.unlink()
        follower.join()
        assert {one.service for one in heard[:-1]} == set(names)
        assert [one["code"] for one in heard[-1]] == [0] * 30
        eventually(lambda: agent.children() <= workers, doing="end who answered")


def test_group_of_the_socket_follows_the_configuration() -> None:
    """``socketGroup`` lets its members in, and a reload changes who they are."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    daemon, binary = grp.getgrnam("daemon").gr_gid, grp.getgrnam("bin").gr_gid
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Agent(folder, "obeys-a", socket_group="daemon") as agent:
            socket = agent.run_path / "control.sock"

            def ask() -> int:
                return int(client.ask(agent.run_path, Request("update"))[0]["code"])

            def gid_after(group: str) -> int:
                agent.configure("obeys-a", socket_group=group)
                assert agent.ask("reload")["words"] == "no service changed"
                return socket.stat().st_gid

            assert socket.stat().st_gid == daemon
            assert as_nobody(ask, groups=[daemon]).returncode == 0
            refused = as_nobody(ask)
            assert refused.returncode == 255
            assert f"DropshipError: no permission to use {socket}" in refused.stderr
            assert gid_after("bin") == binary
            assert as_nobody(ask, groups=[daemon]).returncode == 255
            # A name that does not exist any more lets nobody in whom nobody has named.
            assert gid_after("no-such-group") == 0
            assert "not the group no-such-group: there is no such group" in agent.log()
            assert stat.S_IMODE(socket.stat().st_mode) == 0o660


def test_folder_that_may_not_be_looked_into_is_no_missing_agent() -> None:
    """No permission is told from no agent: exit 1, not 3."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o700)
        done = as_nobody(lambda: int(client.running(Path(name) / "run")))
    assert done.returncode == 255
    assert "StateError: no permission to see whether an agent runs" in done.stderr


def test_socket_of_a_killed_agent_is_in_nobodys_way(tmp_path: Path) -> None:
    """It is no agent to clients, and the next agent takes its place."""
    with Agent(tmp_path, "idle-a") as agent:
        agent.process.kill()
        agent.process.wait()
        assert (agent.run_path / "control.sock").exists()
        with pytest.raises(NoAgentError):
            agent.ask("status")
    with Agent(tmp_path, "idle-a") as agent:
        assert agent.ask("status")["agent"]["pid"] == agent.process.pid


def test_run_path_may_be_longer_than_a_socket_address(tmp_path: Path) -> None:
    """The kernel's 107 bytes are nobody's limit."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with Agent(deep, "idle-a") as agent:
        assert (deep / "run" / "control.sock").is_socket()
        assert agent.ask("status")["agent"]["running"]
        agent.signal(signal.SIGTERM)
        assert agent.wait() == 0
        assert not (deep / "run" / "control.sock").exists()


class Asking(threading.Thread):
    """An order that is waited for elsewhere."""

    def __init__(self, agent: Agent, command: str, *services: str) -> None:
        super().__init__()
        self._act = partial(client.ask, agent.run_path, Request(command, services))
        self.news: list[Any] = []
        self.came: Any = None
        self.error: DropshipError | None = None
        self.start()

    def run(self) -> None:
        """Ask."""
        try:
            self.came = self._act(on_news=self.news.append)
        except DropshipError as error:
            self.error = error

    def outcome(self) -> dict[str, Any]:
        """What came of it, of its one service."""
        self.join()
        assert self.error is None, self.error
        (outcome,) = self.came
        return dict(outcome)

    def failure(self) -> DropshipError:
        """The error that came of it."""
        self.join()
        assert self.error is not None, self.came
        return self.error


def ordered(agent: Agent, name: str = "obeys-a") -> list[str]:
    """What a worker was ordered so far."""
    return agent.reports(name, "ordered")


def test_orders_meet_deaths_reloads_and_stops(tmp_path: Path) -> None:
    """Whatever happens to the worker or the agent meanwhile: whoever asked is told in words."""
    hold = tmp_path / "obeys-a.hold"
    with Agent(tmp_path, "obeys-a", "busy-b", "obeys-c") as agent:
        # A worker dies with the order, and the next order waits for the one after it.
        hold.touch()
        first = Asking(agent, "update", "obeys-a")
        eventually(lambda: ordered(agent), doing="be ordered")
        os.kill(agent.pid("obeys-a"), signal.SIGKILL)
        came = first.outcome()
        assert (came["service"], came["code"]) == ("obeys-a", 1)
        assert came["words"].startswith("its worker ended meanwhile: killed by SIGKILL while ")
        hold.unlink()
        later = Asking(agent, "retry", "obeys-a")
        assert later.outcome()["words"] == f"done by {agent.pid('obeys-a')}"
        notes = [one.note for one in later.news if one.phase == "crashed"]
        assert any(one.startswith("killed by SIGKILL while ") for one in notes)
        assert ordered(agent) == ["CheckNow", "Retry"]

        # An order for a worker that is asked to finish is for the one that comes after it; and
        # for none where a reload takes the service away.
        eventually(lambda: agent.workers()["busy-b"].phase == "before", doing="begin")
        agent.configure("obeys-a", "obeys-c")
        assert agent.ask("reload")["words"] == "removed busy-b"
        with pytest.raises(UsageError, match="no service"):
            agent.ask("update", "busy-b")
        agent.configure("obeys-a", "busy-b", "obeys-c")
        assert agent.ask("reload")["words"] == "added busy-b"
        removed = Asking(agent, "update", "busy-b")
        eventually(lambda: removed.news, doing="hear of it")
        agent.configure("obeys-a", "obeys-c")
        agent.ask("reload")
        (tmp_path / "busy-b.release").touch()
        assert removed.outcome()["words"] == "the service was removed meanwhile"

        # A caller that hangs up takes nothing back.
        hold.touch()
        with Call(agent.run_path) as call:
            call.say({"command": "resume", "services": ["obeys-a"]})
            eventually(lambda: len(ordered(agent)) == 3, doing="be ordered")
        hold.unlink()
        assert agent.ask("update", "obeys-a")[0]["code"] == 0
        assert ordered(agent) == ["CheckNow", "Retry", "Resume", "CheckNow"]

        # The agent is told to stop with one order out.
        hold.touch()
        last = Asking(agent, "update", "obeys-a")
        eventually(lambda: len(ordered(agent)) == 5, doing="be ordered")
        agent.signal(signal.SIGTERM)
        assert last.outcome()["words"] == "its worker ended meanwhile: exited with status 0"
        assert agent.wait() == 0


def test_agent_that_is_stopping_takes_no_order_and_answers_questions(tmp_path: Path) -> None:
    """While an update is finished the rest of the agent is as good as gone."""
    with Agent(tmp_path, "busy-a", "obeys-b") as agent:
        eventually(lambda: agent.workers()["busy-a"].phase == "before", doing="begin")
        agent.signal(signal.SIGTERM)
        agent.says("are finished first")
        (outcome,) = agent.ask("update", "obeys-b")
        assert (outcome["code"], outcome["words"]) == (4, "the agent is stopping")
        with pytest.raises(BusyError, match="the agent is ending"):
            agent.ask("reload")
        assert agent.ask("status")["agent"]["running"]
        (tmp_path / "busy-a.release").touch()
        assert agent.wait() == 0


def test_agent_that_is_killed_leaves_its_caller_a_word(tmp_path: Path) -> None:
    """Nobody waits for ever."""
    (tmp_path / "obeys-a.hold").touch()
    with Agent(tmp_path, "obeys-a") as agent:
        asking = Asking(agent, "update")
        eventually(lambda: ordered(agent), doing="be ordered")
        agent.process.kill()
        assert str(asking.failure()) == "the agent ended meanwhile; see dropship status"


@pytest.mark.slow
def test_order_whose_caller_has_gone_waits_for_the_worker_and_keeps_nobody_busy(
    tmp_path: Path,
) -> None:
    """A hung-up connection is readable for ever, and must not be looked at for ever."""
    agent = Agent(tmp_path, "dead-a", "idle-b")
    agent.spawn()
    try:
        eventually(lambda: agent.log().count("worker died") == 3, doing="die three times")
        with Call(agent.run_path) as call:
            call.say({"command": "update", "services": ["dead-a"]})
            agent.says("update of dead-a asked for by uid")
        process = psutil.Process(agent.process.pid)
        before, switches = process.cpu_times(), process.num_ctx_switches().voluntary
        # Four seconds until it dies again: longer than callers go without news.
        eventually(lambda: agent.log().count("worker died") == 4, doing="die again")
        after = process.cpu_times()
        assert after.user + after.system - before.user - before.system < 0.3
        assert process.num_ctx_switches().voluntary - switches < 200
    finally:
        agent.__exit__()


def _room_for_one(pid: int) -> int:
    """The limit that leaves a process one descriptor more."""
    taken = {int(one.name) for one in Path(f"/proc/{pid}/fd").iterdir()}
    free = (number for number in itertools.count() if number not in taken)
    next(free)
    return next(free)


def _refused(agent: Agent, most: int) -> bool:
    """Whether a question was; something of the last one may have been open when we counted."""
    pid = agent.process.pid
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (_room_for_one(pid), most))
    try:
        agent.ask("status")
    except DropshipError as error:
        return "the agent cannot answer: Too many open files" in str(error)
    return False


def test_agent_without_descriptors_says_so_and_goes_on(tmp_path: Path) -> None:
    """EMFILE, for a clerk and for callers: nobody is lost, nothing dies."""
    with Agent(tmp_path, "obeys-a") as agent:
        (worker,) = agent.settle()
        pid, there = agent.process.pid, agent.fds()
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        # Room for the caller, and none to watch a clerk by.
        eventually(lambda: _refused(agent, limits[1]), doing="have no room for a clerk")
        assert agent.ask("update")[0]["code"] == 0
        calls = [Call(agent.run_path) for _ in range(5)]
        eventually(lambda: agent.fds() == there + 1, doing="take one of them")
        with calls.pop() as last:
            last.say({"command": "update"})
            for call in calls:
                call.connection.close()
            assert last.end()["result"][0]["code"] == 0
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        assert agent.ask("status")["agent"]["pid"] == pid
        assert agent.settle() == {worker}
        assert agent.fds() == there


def test_answer_that_is_the_last_of_many_words_is_heard(tmp_path: Path) -> None:
    """A worker that dies right after it leaves nothing unread, however late the agent reads."""
    with Agent(tmp_path, "parting-a", "idle-b") as agent:
        asking = Asking(agent, "update", "parting-a")
        eventually(lambda: ordered(agent, "parting-a"), doing="be ordered")
        worker = agent.pid("parting-a")
        agent.signal(signal.SIGSTOP)
        (tmp_path / "parting-a.release").touch()
        zombie = psutil.Process(worker)
        eventually(lambda: zombie.status() == psutil.STATUS_ZOMBIE, doing="end")
        agent.signal(signal.SIGCONT)
        assert asking.outcome()["words"] == "said at last"


def test_agent_that_does_not_answer_is_said_to_hang(tmp_path: Path) -> None:
    """Stopped by SIGSTOP; it has the caller's connection, and says nothing."""
    with Agent(tmp_path, "idle-a") as agent:
        agent.signal(signal.SIGSTOP)
        with pytest.raises(DropshipError) as caught:
            client.ask(agent.run_path, Request("status"), timeout=0.2)
        agent.signal(signal.SIGCONT)
        pid = agent.process.pid
        assert str(caught.value) == (
            f"the agent (process {pid}) has not answered for 0 s; it may be stopped or "
            f"overloaded: look at it with ps -p {pid}, or restart it"
        )
        assert agent.ask("status")["agent"]["pid"] == pid


def test_agent_that_is_just_starting_is_waited_for(tmp_path: Path) -> None:
    """It has its lock, and is not ready to answer."""
    agent = Agent(tmp_path, "obeys-a", slow_start=True)
    agent.spawn()
    try:
        eventually(lambda: client.running(agent.run_path), doing="take the lock")
        asking = Asking(agent, "update")
        (tmp_path / "prepared").touch()
        assert asking.outcome()["code"] == 0
    finally:
        agent.__exit__()


def test_once_has_no_worker_for_a_service_that_is_done(tmp_path: Path) -> None:
    """Its order is refused, and so is a reload."""
    with Agent(tmp_path, "busy-a", "idle-b", once=True) as agent:
        agent.signal(signal.SIGUSR1)
        eventually(lambda: agent.reports("idle-b", "checked"), doing="check")
        os.kill(agent.pid("idle-b"), signal.SIGTERM)
        eventually(lambda: agent.workers()["idle-b"].pid is None, doing="end")
        (outcome,) = agent.ask("update", "idle-b")
        assert (outcome["code"], outcome["words"]) == (
            4,
            "it has no worker any more: exited with status 0",
        )
        with pytest.raises(BusyError):
            agent.ask("reload")
        (tmp_path / "busy-a.release").touch()
        assert agent.wait() == 0


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "the process that was to was killed by SIGKILL"),
        (signal.SIGALRM, "that took longer than 30 s"),
    ],
)
def test_question_that_hangs_holds_up_nobody_and_its_end_is_told(
    tmp_path: Path, number: signal.Signals, words: str
) -> None:
    """A disk that does not answer is the clerk's trouble; the clerk has nothing of the agent's."""
    with Agent(tmp_path, "obeys-a") as agent:
        (worker,) = agent.settle()
        state = tmp_path / "state" / "services" / "obeys-a" / "state.json"
        state.parent.mkdir(parents=True)
        os.mkfifo(state)
        asking = Asking(agent, "status")
        (clerk,) = eventually(lambda: agent.children() - {worker}, doing="send a clerk")
        titled = Path(f"/proc/{clerk}/cmdline")
        eventually(lambda: titled.read_bytes().startswith(b"dropship: answering"), doing="begin")
        assert agent.ask("update")[0]["code"] == 0
        kinds = [str(one.readlink()) for one in Path(f"/proc/{clerk}/fd").iterdir()]
        assert sum(kind.startswith("socket:") for kind in kinds) == 1
        assert len(kinds) == 4
        os.kill(clerk, number)
        assert str(asking.failure()) == "the agent hung up without an answer; look into its log"
        agent.says(f"a question was not answered: {words}")
