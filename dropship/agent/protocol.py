"""What goes over the control socket: a request is one JSON line, the answer one or more.

Every line says ``"protocol": 1``. An answer's lines are any number of news (``"news"``) and one
end, which is a ``"result"`` or an ``"error"``. The kind of an error is the type of ours that it is
raised as on the other side, and so decides the exit code.
"""

from __future__ import annotations

import json
import re
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

LONGEST_TEXT: Final = 1000
"""Characters of each text in a request at most: all of them fit into a message to a worker."""

# C0, DEL, C1, the Unicode line ends, and halves of surrogate pairs (an argument that is no UTF-8):
# what one operator says is shown on the terminals of others.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to know or to have done.

    Attributes:
        command: The command of the command line that it is for.
        services: Of which; empty means all.
        by: Who asks, as they call themselves; for the record.
        force: Past pause and quarantine.
        release: Which one to go back to; empty: the previous one.
        version: Which one to hold.
        reason: Why updates are to stop.
        limit: How many lines or updates at most.
        kind: Which hooks: ``before``, ``after``, ``failed``.
        number: Which of them, counted from 1; 0: all.
        fleet: For all hosts that take turns.
    """

    command: str
    services: tuple[str, ...] = ()
    by: str = ""
    force: bool = False
    release: str = ""
    version: str = ""
    reason: str = ""
    limit: int | None = None
    kind: str = ""
    number: int = 0
    fleet: bool = False
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


def printable(text: str) -> str:
    """``text`` as it may stand in a request: in one line, with escapes for what is not shown."""
    line = " ".join(text.split())
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], line)


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
        _speaks_ours(data)
        request = codec.decode(Request, data, "the request")
    except StateError as error:
        # Its cure is for files.
        raise UsageError(f"this is no request: {error.args[0]}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is no request: {error}") from error
    _check(request)
    return request


def _speaks_ours(data: Any) -> None:
    """Looked at first: another protocol's fields need not be ours.

    Raises:
        UsageError: It names another protocol.
    """
    spoken = data.get("protocol", VERSION) if isinstance(data, dict) else VERSION
    if spoken != VERSION:
        raise UsageError(
            f"the request speaks protocol {spoken}, the agent speaks {VERSION}",
            cure="use the dropship that the agent was started from",
        )


def _check(request: Request) -> None:
    """See that a request is within its bounds.

    Raises:
        UsageError: It is not.
    """
    texts = (
        request.command,
        *request.services,
        request.by,
        request.release,
        request.version,
        request.reason,
        request.kind,
    )
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise UsageError(f"a text in a request has at most {LONGEST_TEXT} characters")
    if any(_UNPRINTABLE.search(text) for text in texts):
        raise UsageError("a text in a request has no control characters")
    if request.limit is not None and request.limit < 1:
        raise UsageError("the limit of a request is a whole number above zero")


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
            cls = _ERRORS.get(str(said["kind"]), DropshipError)
            return Failure(cls(str(said["message"]), cure=str(said["cure"])))
        return Result(data["result"])
    except (ValueError, KeyError, TypeError, RecursionError, StateError) as error:
        raise StateError(
            "the agent's answer makes no sense", cure="use the dropship that it was started from"
        ) from error


def _line(content: Mapping[str, Any]) -> bytes:
    text = json.dumps({"protocol": VERSION, **content}, separators=(",", ":"))
    return text.encode() + b"\n"
