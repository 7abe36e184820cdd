"""Answers for tests of what is shown: a fleet at a bad moment, at a fixed time."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

from dropship.agent.answers import (
    AgentAnswer,
    PausedAnswer,
    ProgressAnswer,
    ReleaseAnswer,
    SecondsAnswer,
    ServiceAnswer,
    ServiceState,
    StatusAnswer,
    TurnAnswer,
    UpdateAnswer,
    WorkerAnswer,
    moment,
)
from dropship.cli.view import View
from dropship.core.values import Md5

NOW = 1_795_400_000.0
ZONE = timezone(timedelta(hours=1), "CET")
MD5 = Md5("900150983cd24fb0d6963f7d28e17f72")
OTHER = Md5("bab4a4625a85f00b204e9800998ecf84")
RELEASE = "20261123T031338Z-900150983cd2"
FRESH = "20261123T074008Z-bab4a4625a85"

# What a broken service may say: colour, a bell, a new window title, text that runs backwards.
NASTY = "bad\x1b[31m gateway\x07\x1b]0;root\x07 \u202elive\n\tsecond   line"

VIEWS = {
    "60": View(60, zone=ZONE),
    "80": View(80, zone=ZONE),
    "120": View(120, zone=ZONE),
    "pipe": View(zone=ZONE),
    "ascii-80": View(80, unicode=False, zone=ZONE),
}


def service(name: str = "api", state: ServiceState = "idle", **more: Any) -> ServiceAnswer:
    """A service that is installed and idle, but for what is told."""
    usual: dict[str, Any] = {
        "hash": MD5,
        "release": RELEASE,
        "previous": None,
        "installed_at": moment(NOW - 3 * 86400),
        "last_check": moment(NOW - 10),
        "next_check": moment(NOW + 20),
        "last_error": None,
        "quarantined": (),
        "paused": None,
        "pinned": None,
        "version": None,
        "turn": None,
        "progress": None,
        "worker": WorkerAnswer(813, 0, 52428800, 1.2, "idle"),
    }
    return ServiceAnswer(name=name, state=state, **{**usual, **more})


AGENT = AgentAnswer(
    running=True, pid=812, version="1.0.0", since=moment(NOW - 7200), config_error=None
)
NO_AGENT = AgentAnswer(running=False, pid=None, version="1.0.0", since=None, config_error=None)

FAILED = service(
    "billing-reports-for-everybody",
    "failed",
    last_error=f"health http http://localhost:8080/healthz/with/a/long/path says 502: {NASTY}",
    quarantined=(OTHER, Md5("c" * 32)),
)
STAGING = service(
    "web", "staging", next_check=None, progress=ProgressAnswer(12_345_678, 27_000_000)
)
CRASHED = service(
    "mail",
    "crashed",
    next_check=moment(NOW + 5),
    worker=WorkerAnswer(
        None, 3, None, None, "crashed", "", "killed by SIGKILL while staging", deaths=2
    ),
)
WAITING = service(
    "queue",
    "waiting",
    next_check=None,
    turn=TurnAnswer("fleet", held=False, waiting_for=("web-07 (queue)",), since=moment(NOW - 40)),
    worker=WorkerAnswer(815, 0, 1, 1.0, "waiting", "", None, moment(NOW - 40), FRESH),
)
PAUSED = service(
    "search",
    "paused",
    last_error="paused: change freeze",
    paused=PausedAnswer("change freeze until Monday", moment(NOW - 7000), "alice"),
)
VERIFYING = service(
    "shop",
    "verifying",
    next_check=None,
    worker=WorkerAnswer(
        816, 1, 1, 1.0, "verifying", "health: 2 of 3, 12 s left", "killed by SIGSEGV",
        moment(NOW - 8), FRESH,
    ),
)  # fmt: skip
UNREACHABLE = service("stock", last_error="the store cannot be reached: connection refused")
NEW = service("tax", hash=None, release=None, installed_at=None)

FLEET = StatusAnswer(
    AGENT,
    (
        service(),
        FAILED,
        STAGING,
        CRASHED,
        WAITING,
        PAUSED,
        VERIFYING,
        UNREACHABLE,
        NEW,
        service("日本語サービス"),
    ),
)


def update(**more: Any) -> UpdateAnswer:
    """A past update that went well, but for what is told."""
    usual: dict[str, Any] = {
        "service": "api",
        "started": moment(NOW - 4000),
        "finished": moment(NOW - 3900),
        "from_hash": MD5,
        "to_hash": OTHER,
        "release": FRESH,
        "id": "1",
        "outcome": "updated",
        "error": None,
        "bytes": 27_000_000,
        "seconds": SecondsAnswer(3.14, 61.0, 0.02, 9.7),
    }
    return UpdateAnswer(**{**usual, **more})


HISTORY = [
    update(),
    update(
        service="billing-reports-for-everybody",
        outcome="rolled-back",
        error=f"health: {NASTY}",
        seconds=SecondsAnswer(0.5, 0.0, 2.0, 60.0),
    ),
    update(outcome="refused", release=None, error="../../etc/passwd leaves the release"),
    update(service="web", outcome="updated", from_hash=None, seconds=SecondsAnswer(0, 0, 0, 0)),
    update(outcome="postponed", error="before hook 1 (script) put it off"),
    update(outcome="failed", to_hash=None, error="the bytes do not match"),
]

RELEASES = [
    ReleaseAnswer(FRESH, OTHER, "1.2.3", moment(NOW - 90), True, False, 27_000_000),
    ReleaseAnswer(RELEASE, MD5, None, moment(NOW - 86400 * 3), False, True, 26_111_222),
    ReleaseAnswer("adopted-20261101T000000Z", None, None, None, False, False, 0),
]
