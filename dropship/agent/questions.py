"""What can be asked of services without changing anything: answered from files and the record.

The same functions serve a running agent (in a process of their own, so that a slow disk or a slow
reader is nobody else's) and a command line where no agent runs.
"""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from dropship.agent import answers
from dropship.agent.answers import (
    ReleaseAnswer,
    SecondsAnswer,
    StatusAnswer,
    UpdateAnswer,
    WhyAnswer,
)
from dropship.agent.evidence import reason
from dropship.agent.protocol import Request
from dropship.agent.record import AgentRecord
from dropship.agent.status import look, status
from dropship.config.model import Config, ServiceConfig
from dropship.core.saved import HistoryEntry, Saved
from dropship.core.values import Release
from dropship.errors import UsageError
from dropship.state import logbook
from dropship.state.store import Store

_LINES: Final = 100

Question: TypeAlias = Callable[[Request, Config, AgentRecord | None], Any]


def _status(request: Request, config: Config, agent: AgentRecord | None) -> StatusAnswer:
    return status(config, _named(request, config, agent), agent, time.time())


def _history(
    request: Request, config: Config, agent: AgentRecord | None
) -> tuple[UpdateAnswer, ...]:
    found = [
        _update(service.name, entry)
        for service in _named(request, config, agent)
        for entry in _store(config, service).history(request.limit)
    ]
    return tuple(answers.newest_first(found)[: request.limit])


def _update(service: str, entry: HistoryEntry) -> UpdateAnswer:
    took = entry.seconds
    return UpdateAnswer(
        service=service,
        started=answers.moment(entry.started),
        finished=answers.moment(entry.finished),
        from_hash=entry.from_hash,
        to_hash=entry.to_hash,
        release=entry.release,
        id=entry.id,
        outcome=entry.outcome,
        error=entry.error,
        bytes=entry.bytes,
        seconds=SecondsAnswer(took.stage, took.wait, took.switch, took.verify),
        version=entry.version,
        by_hand=entry.by_hand,
    )


def _releases(
    request: Request, config: Config, agent: AgentRecord | None
) -> tuple[ReleaseAnswer, ...]:
    service = _one(request, config, agent)
    saved = look(config, service, agent, time.time()).readable()
    since = {
        entry.release: entry.finished
        for entry in reversed(_store(config, service).history())
        if entry.outcome == "updated" and entry.release
    }
    if saved.current is not None and saved.installed_at is not None:
        since[saved.current.name] = saved.installed_at
    here = [one for one in saved.releases if one not in (saved.staged, *saved.left)]
    return tuple(_release(one, saved, since) for one in here)


def _release(one: Release, saved: Saved, since: Mapping[str, float]) -> ReleaseAnswer:
    return ReleaseAnswer(
        release=one.name,
        hash=one.md5,
        version=one.version,
        installed_at=answers.iso(since.get(one.name)),
        current=one == saved.current,
        previous=one == saved.previous,
        bytes=one.bytes,
    )


def _why(request: Request, config: Config, agent: AgentRecord | None) -> WhyAnswer:
    one = look(config, _one(request, config, agent), agent, time.time())
    return reason(one, agent=agent is not None)


def _logs(request: Request, config: Config, agent: AgentRecord | None) -> list[Any]:
    service = _one(request, config, agent)
    limit = _LINES if request.limit is None else request.limit
    found = logbook.newest(config.state_path, service.name, limit)
    # The objects as they stand in the file: with what a newer program has written into them.
    return [json.loads(said.line) for said in found]


def _document(question: Question) -> Question:
    """The same, answering with a document instead of values."""
    return lambda request, config, agent: answers.to_json(question(request, config, agent))


QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType(
    {
        "status": _document(_status),
        "history": _document(_history),
        "releases": _document(_releases),
        "why": _document(_why),
        "logs": _logs,
    }
)


def answer(request: Request, config: Config, agent: AgentRecord | None) -> Any:
    """The document that answers a request.

    Raises:
        UsageError: There is no service of a name; tells the nearest.
        StateError: Something on disk cannot be read.
    """
    return QUESTIONS[request.command](request, config, agent)


def services(
    config: Config, names: Sequence[str], *, agent: bool = False
) -> tuple[ServiceConfig, ...]:
    """The named services in the order of the configuration; all of them if none is named.

    ``agent``: the configuration is an agent's, which may not have heard of a new one yet.

    Raises:
        UsageError: There is no service of a name; tells the nearest.
    """
    known = {service.name: service for service in config.services}
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            listed = ", ".join(known) or "none"
            cure = f'did you mean "{close[0]}"?' if close else f"there are: {listed}"
            if agent:
                cure = f"if it is new, dropship reload first; {cure}"
            raise UsageError(f'there is no service "{name}"', cure=cure)
    return tuple(one for one in config.services if not names or one.name in names)


def _one(request: Request, config: Config, agent: AgentRecord | None) -> ServiceConfig:
    if len(request.services) != 1:
        raise UsageError(f"{request.command} is about one service", cure="name it")
    (service,) = _named(request, config, agent)
    return service


def _named(
    request: Request, config: Config, agent: AgentRecord | None
) -> tuple[ServiceConfig, ...]:
    return services(config, request.services, agent=agent is not None)


def _store(config: Config, service: ServiceConfig) -> Store:
    return Store.of(config.state_path, service.name)
