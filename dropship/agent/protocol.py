"""What goes over the control socket: a request is one JSON line, the answer one or more.

Every line says ``"protocol": 1``. An answer's lines are any number of news (``"news"``) and one
end, which is a ``"result"`` or an ``"error"``. The kind of an error is the type of ours that it is
raised as on the other side, and so decides the exit code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from dropship.errors import (
    BusyError,
    ConfigError,
    DropshipError,
    StateError,
    UsageError,
)
from dropship.log import hide
from dropship.state import codec

VERSION: Final = 1
SOCKET: Final = "control.sock"
"""The socket's name in ``run_path``."""

LONGEST_REQUEST: Final = 64 << 10
"""Bytes of a request at most."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to know or to have done.

    Attributes:
        command: The command of the command line that it is for.
        services: Of which; empty means all.
        by: Who asks, as they call themselves; for the record.
        force: Past pause and quarantine.
        release: Which one to go back to; empty: the previous one.
        reason: Why updates are to stop.
        limit: How many lines or updates at most.
    """

    command: str
    services: tuple[str, ...] = ()
    by: str = ""
    force: bool = False
    release: str = ""
    reason: str = ""
    limit: int | None = None
    protocol: int = VERSION


DONE: Final = "done"
"""The phase of a service whose order has come to its end; the note says what came of it."""


@dataclass(frozen=True, slots=True)
class News:
    """What goes on meanwhile: what the worker of a service does, ``DONE`` if no more."""

    service: str
    phase: str
    release: str = ""
    done: int = 0
    total: int | None = None
    waiting_for: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a good answer: a document as ``answers.to_json`` makes it."""

    document: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """The end of a bad one."""

    error: DropshipError


Line: TypeAlias = News | Result | Failure

_ERRORS: Final[Mapping[str, type[DropshipError]]] = MappingProxyType(
    {
        "usage": UsageError,
        "busy": BusyError,
        "config": ConfigError,
        "state": StateError,
        "failed": DropshipError,
    }
)


def encode_request(request: Request) -> bytes:
    """One line."""
    return _line(codec.encode(request))


def decode_request(line: bytes) -> Request:
    """The request in a line.

    Raises:
        UsageError: There is none that we understand.
    """
    try:
        data = json.loads(line)
        request = codec.decode(Request, data, "the request")
    except (ValueError, RecursionError, StateError) as error:
        raise UsageError(f"this is no request: {error}") from error
    if request.protocol != VERSION:
        raise UsageError(
            f"the request speaks protocol {request.protocol}, the agent speaks {VERSION}",
            cure="use the dropship that the agent was started from",
        )
    return request


def encode(line: Line) -> bytes:
    """One line of an answer."""
    if isinstance(line, News):
        return _line({"news": codec.encode(line)})
    if isinstance(line, Result):
        return _line({"result": line.document})
    error = line.error
    kind = next((name for name, cls in _ERRORS.items() if type(error) is cls), "failed")
    said = {"kind": kind, "message": hide(str(error.args[0])), "cure": hide(error.cure)}
    return _line({"error": said})


def decode(line: bytes) -> Line:
    """The line of an answer.

    Raises:
        StateError: There is none that we understand.
    """
    try:
        data = json.loads(line)
        if "news" in data:
            return codec.decode(News, data["news"], "the agent's answer")
        if "error" in data:
            said = data["error"]
            cls = _ERRORS.get(said["kind"], DropshipError)
            return Failure(cls(str(said["message"]), cure=str(said["cure"])))
        return Result(data["result"])
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            "the agent's answer makes no sense", cure="use the dropship that it was started from"
        ) from error


def _line(content: Mapping[str, Any]) -> bytes:
    text = json.dumps({"protocol": VERSION, **content}, separators=(",", ":"))
    return text.encode() + b"\n"
