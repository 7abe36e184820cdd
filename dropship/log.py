"""What is said to standard error: one line an event, in three formats, without secrets.

``setup()`` is called once per process, before anything is said, and again only when a reload
brings new secrets; those of before stay hidden, for old output may still come. Events carry
``service``, ``release`` and ``phase`` (``extra`` of the standard library; ``bound()`` fills in the
service, ``Telling`` the others). Everything goes through a ``Redactor``, tracebacks and the
output of hooks included. Whoever wants to keep events elsewhere too is a ``Keeper``.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO
from urllib.parse import quote, quote_plus

from dropship.alternation import alternation

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    # Takes a parameter at run time from 3.11 on only.
    _Adapter = logging.LoggerAdapter

Format = Literal["text", "json", "journal"]

FIELDS: Final = ("service", "release", "phase")

_ROOT: Final = "dropship"
_HIDDEN: Final = "…"
# Below this a secret is only hidden where it stands alone: "a" is in every word.
_SHORT: Final = 4
_LONG_LINE: Final = 8

# syslog(3)'s priorities, as sd-daemon(3) has them at the start of a line.
_PRIORITIES: Final = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)
# C0, DEL, C1 and the Unicode line ends: one event stays one line, and a terminal is not steered.
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
# The login of a URL, whoever's it is: what a hook says of a proxy is nobody's business either.
_LOGIN: Final = re.compile(r"://[^/?#\s\"<>]+@")
# base64(1) and openssl(1) break lines there.
_BASE64_LINES: Final = (64, 76)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Hides ``secrets`` in text, in every form in which they tend to travel."""

    pattern: re.Pattern[str] | None = field(default=None, repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Redactor:
        """Knows ``secrets``: plain, as base64 (also inside of longer base64), percent-encoded."""
        known = frozenset(filter(None, secrets))
        whole: set[str] = set()
        alone: set[str] = set()
        for secret in known:
            for form in _forms(secret):
                (whole if len(form) >= _SHORT else alone).add(form)
        # A secret that begins with another one is hidden as a whole.
        choices = [alternation(whole)] if whole else []
        choices += [rf"(?<!\w)(?:{alternation(alone)})(?!\w)"] if alone else []
        return cls(re.compile("|".join(choices)) if choices else None, known)

    def hide(self, text: str) -> str:
        """``text`` without the secrets, and without the logins of its URLs."""
        if self.pattern is not None:
            text = self.pattern.sub(_HIDDEN, text)
        return without_logins(text, _HIDDEN)

    def finds(self, text: str) -> bool:
        """Whether one of the secrets is in ``text``, in whatever form."""
        return self.pattern is not None and self.pattern.search(text) is not None


def without_logins(text: str, instead: str = "") -> str:
    """``text`` whose URLs say nothing of who asks: ``https://user:password@host/``."""
    if "://" not in text:
        return text
    return _LOGIN.sub(f"://{instead}@" if instead else "://", text)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    # A key of several lines is printed line by line.
    yield from (line for line in secret.splitlines() if len(line) >= _LONG_LINE)
    # As text is shown: by JSON, by Python in an error, by us.
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    raw = _bytes(secret)
    for shown in (repr(secret), ascii(secret), repr(raw)[1:], _one_line(secret).join("''")):
        yield shown[1:-1]
    # Taken for Latin-1, as headers and reasons of HTTP are; and the other way round.
    yield raw.decode("latin-1")
    yield secret.encode("latin-1", "replace").decode("utf-8", "replace")
    # The last one is JavaScript's encodeURIComponent.
    for encoded in (quote(raw), quote(raw, safe=""), quote_plus(raw), quote(raw, safe="!'()*")):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield from _base64_forms(raw)


def _bytes(secret: str) -> bytes:
    try:
        # Bytes of an environment variable that are no UTF-8.
        return secret.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return secret.encode("utf-8", "surrogatepass")


def _base64_forms(secret: bytes) -> Iterator[str]:
    """The secret in base64 by itself, and what of it is the same within longer base64.

    Three bytes are four digits, so there are three alignments; the digits at both edges also
    depend on the neighbours and are left out.
    """
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        padded = encode(secret).decode()
        yield padded
        yield padded.rstrip("=")
        for width in _BASE64_LINES:
            lines = [padded[at : at + width] for at in range(0, len(padded), width)]
            yield from (line for line in lines if len(line) >= _LONG_LINE)
        for before in range(3):
            digits = encode(bytes(before) + secret).decode().rstrip("=")
            first = -(-before * 8 // 6)
            last = (before + len(secret)) * 8 // 6
            if last - first >= _SHORT:
                yield digits[first:last]


class Bound(_Adapter):
    """A logger that knows its fields; those given with an event come on top."""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Merge our fields into those of the event."""
        given = kwargs.get("extra") or {}
        return msg, {**kwargs, "extra": {**(self.extra or {}), **given}}


class Telling(Bound):
    """A logger with fields that change: ``fields`` is asked for them at every event."""

    def __init__(
        self, inner: logging.LoggerAdapter[logging.Logger], fields: Callable[[], Mapping[str, str]]
    ) -> None:
        super().__init__(inner.logger, inner.extra or {})
        self._fields = fields

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Merge the fields as they are now into those of the event."""
        given = kwargs.get("extra") or {}
        return super().process(msg, {**kwargs, "extra": {**self._fields(), **given}})


def bound(service: str, name: str = _ROOT) -> Bound:
    """A logger for one service."""
    return Bound(logging.getLogger(name), {"service": service})


class _Formatter(logging.Formatter):
    """What all three formats share: the redacted message, fields and traceback of an event."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor

    def message(self, record: logging.LogRecord) -> str:
        return _one_line(self.redactor.hide(record.getMessage()))

    def fields(self, record: logging.LogRecord) -> dict[str, str]:
        found = {name: getattr(record, name, None) for name in FIELDS}
        return {
            name: _one_line(self.redactor.hide(str(value)))
            for name, value in found.items()
            if value
        }

    def traceback(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return self.redactor.hide("\n".join(parts))

    def line(self, record: logging.LogRecord) -> str:
        """``[service] message``: what people read; the other fields are for programs."""
        service = self.fields(record).get("service")
        head = f"[{service}] " if service else ""
        return f"{head}{self.message(record)}"


class _Text(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head = f"{_time(record, 'seconds')} {record.levelname} {self.line(record)}"
        return "\n".join([head, *self.traceback(record).splitlines()])


class _Journal(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        mark = next(f"<{p}>" for level, p in _PRIORITIES if record.levelno >= level)
        # The journal takes the priority from the start of each line.
        lines = [self.line(record), *self.traceback(record).splitlines()]
        return "\n".join(mark + line for line in lines)


class _Json(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "time": _time(record, "milliseconds"),
            "level": record.levelname.lower(),
            "message": self.message(record),
            **self.fields(record),
            "pid": record.process,
        }
        if traceback := self.traceback(record):
            event["traceback"] = traceback
        return json.dumps(event, ensure_ascii=False)


_FORMATS: Final[Mapping[Format, type[_Formatter]]] = {
    "text": _Text,
    "json": _Json,
    "journal": _Journal,
}


class Keeper(logging.Handler):
    """A handler that keeps events elsewhere, each as the object of ``--log-format json``.

    It stays when ``setup`` is called again, and learns the new secrets then.
    """


def setup(
    level: str, kind: Format, *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Say events of ``level`` (``debug`` … ``error``) and above, to standard error.

    ``secrets`` are the values to hide, besides those of earlier calls: nothing is ever forgotten.
    Otherwise a second call replaces the first.
    """
    logger = logging.getLogger(_ROOT)
    redactor = Redactor.of(_redactor().secrets.union(secrets))
    for old in list(logger.handlers):
        if isinstance(old, Keeper):
            old.setFormatter(_Json(redactor))
        else:
            logger.removeHandler(old)
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(_FORMATS[kind](redactor))
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    # Ours are said by our handler; what libraries say at WARNING and above, too.
    logger.propagate = False
    if logger.level > logging.DEBUG:
        handler.addFilter(_spared)
    _adopt_libraries(handler)
    # Whoever closes our standard error gets no traceback about it either.
    logging.raiseExceptions = False


def keep(keeper: Keeper) -> None:
    """Hand every event that is said to ``keeper`` as well, in the place of an earlier one."""
    logger = logging.getLogger(_ROOT)
    for old in list(logger.handlers):
        if isinstance(old, Keeper):
            logger.removeHandler(old)
    keeper.setFormatter(_Json(_redactor()))
    logger.addHandler(keeper)


def hide(text: str) -> str:
    """``text`` without the secrets that ``setup`` was told: for what is written elsewhere."""
    return _redactor().hide(text)


def _redactor() -> Redactor:
    """The one that is at work."""
    for handler in logging.getLogger(_ROOT).handlers:
        if isinstance(handler.formatter, _Formatter):
            return handler.formatter.redactor
    return Redactor()


def _spared(record: logging.LogRecord) -> bool:
    """Of what libraries say, the words: their tracebacks are for those who debug."""
    if record.name.partition(".")[0] != _ROOT:
        record.exc_info = record.exc_text = record.stack_info = None
    return True


def _adopt_libraries(handler: logging.Handler) -> None:
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h.formatter, _Formatter)] + [
        handler
    ]
    root.setLevel(logging.WARNING)


def _one_line(text: str) -> str:
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def _time(record: logging.LogRecord, precision: str) -> str:
    moment = datetime.fromtimestamp(record.created, timezone.utc)
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
