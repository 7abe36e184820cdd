"""``status`` as text: a headline, a table with a line a service, notes below those that need them.

Pure: what is known, the time and the place come in. What does not fit the window is said shorter
or left out by its importance; notes are wrapped and never make the table wider.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from dropship.agent import answers
from dropship.agent.answers import AgentAnswer, ServiceAnswer, ServiceState, StatusAnswer
from dropship.cli.columns import Column, cropped, table, wrapped
from dropship.cli.notes import complaint, notes
from dropship.cli.plain import one_line
from dropship.cli.spans import ago, clock, span, until
from dropship.cli.view import Style, View

# In the order of what an operator has to look at first.
_STYLES: Final[Mapping[ServiceState, Style]] = MappingProxyType(
    {
        "failed": "bad",
        "crashed": "bad",
        "blocked": "bad",
        "rolling-back": "warn",
        "waiting": "warn",
        "updating": "busy",
        "verifying": "busy",
        "staging": "busy",
        "holding": "busy",
        "paused": "warn",
        "checking": "busy",
        "idle": "good",
    }
)
_URGENCY: Final = {state: rank for rank, state in enumerate(_STYLES)}
_NAMED: Final = 3
# A space at which no line is broken; what comes from elsewhere has none any more.
_STAY: Final = "\N{NO-BREAK SPACE}"
_LONG_NAME: Final = 24
_NOTE_LINES: Final = 4


def lines(
    status: StatusAnswer, view: View, now: float, *, said: str | None = None, detail: bool = False
) -> list[str]:
    """All of it. ``said``: the headline, in the place of what is to be said of the agent.

    ``detail``: all that is known of a service, not only what needs a word.
    """
    head, titles, blocks = _parts(status, view, now, said, detail=detail)
    return [*head, "", *titles, *(line for block in blocks for line in block)]


def frame(
    status: StatusAnswer, view: View, now: float, height: int, *, said: str | None = None
) -> list[str]:
    """As ``lines``, within ``height`` lines: what is in trouble or busy comes first."""
    ordered = sorted(status.services, key=_urgency)
    status = replace(status, services=tuple(ordered))
    head, titles, blocks = _parts(status, view, now, said, detail=False)
    found = [*head, "", *titles]
    for at, block in enumerate(blocks):
        more = ordered[at + 1 :]
        room = height - len(found) - bool(more)
        if len(block) > room:
            left = more if room > 0 else ordered[at:]
            rest = [view.paint(_rest(left, view), "dim")] if left else []
            return [*found, *block[: max(room, 0)], *rest][:height]
        found += block
    return found[:height]


def _urgency(one: ServiceAnswer) -> tuple[bool, int]:
    """An idle one whose last check came to nothing is worth a look before a calm one."""
    calm = one.state == "idle" and not complaint(one)
    return calm, _URGENCY.get(one.state, 0)


def _rest(left: Sequence[ServiceAnswer], view: View) -> str:
    words = f"and {len(left)} more: {_counts(left)}".replace(_STAY, " ")
    return words if view.width is None else cropped(words, view.width, view.dots)


def _parts(
    status: StatusAnswer, view: View, now: float, said: str | None, *, detail: bool
) -> tuple[list[str], list[str], list[list[str]]]:
    head = _head(status, view, now, said)
    services = status.services
    if not services:
        return head, ["no service is configured"], []
    titles, *rows = table(_plans(services, view, now), view)
    blocks = [
        [row, *_notes(one, view, now, detail=detail)]
        for row, one in zip(rows, services, strict=True)
    ]
    return head, [titles], blocks


# --- above the table ----------------------------------------------------------------------------


def _head(status: StatusAnswer, view: View, now: float, said: str | None) -> list[str]:
    agent = status.agent
    found = _wrapped(said or _headline(agent, view, now), view, "warn" if said else _mood(agent))
    if agent.config_error:
        words = f"not reloaded, the old configuration stays: {one_line(agent.config_error)}"
        found += _wrapped(words, view, "bad")
    for warning in status.warnings:
        found += _wrapped(one_line(warning), view, "warn")
    # Of a single one its row says as much.
    if len(status.services) > 1:
        words = f"{len(status.services)} services, {_counts(status.services)}"
        found += _wrapped(words, view, "")
    return found


def _mood(agent: AgentAnswer) -> Style:
    return "" if agent.running and not agent.stopping else "warn"


def _headline(agent: AgentAnswer, view: View, now: float) -> str:
    if not agent.running:
        return "no agent runs; what follows is what state says"
    if agent.stopping:
        return f"agent {agent.pid} is stopping; updates under way are finished first"
    up = ""
    if agent.since:
        since = clock(agent.since, view.zone, seconds=False)
        up = f", up since {since} ({span(now - answers.seconds_of(agent.since))})"
    return f"agent {agent.pid}, version {one_line(agent.version)}{up}"


def _counts(services: Sequence[ServiceAnswer]) -> str:
    """``1 failed (api), 2 paused, 3 idle``: the worst first."""
    found = Counter(one.state for one in services)
    parts = []
    for state in sorted(found, key=lambda one: _URGENCY.get(one, 0)):
        named = _names(services, {state}) if _STYLES.get(state) == "bad" else ""
        parts.append(f"{found[state]}{_STAY}{state}{named}")
    if set(found) == {"idle"} and len(services) > 1:
        parts = [f"all{_STAY}idle"]
    quiet = [one for one in services if complaint(one) and _STYLES.get(one.state) != "bad"]
    if quiet:
        parts.append(f"{len(quiet)} with an error{_names(quiet)}")
    return ", ".join(parts)


def _names(services: Sequence[ServiceAnswer], states: Collection[str] = ()) -> str:
    """Which they are, if they are few; ``states``: only of those in one of them."""
    names = [one_line(one.name) for one in services if not states or one.state in states]
    return f" ({', '.join(names)})" if len(names) <= _NAMED else ""


def _wrapped(words: str, view: View, style: Style) -> list[str]:
    rows = [words] if view.width is None else wrapped(words, view.width)
    return [view.paint(row.replace(_STAY, " "), style) for row in rows]


# --- the table ----------------------------------------------------------------------------------


def _plans(services: Sequence[ServiceAnswer], view: View, now: float) -> list[list[Column]]:
    """The whole table first; then each time what can be missed most easily is missing."""
    name = Column("SERVICE", [one_line(one.name) for one in services])
    short = name.within(_LONG_NAME, view.dots)
    states = [one.state for one in services]
    state = Column("STATE", states, [_STYLES.get(one, "") for one in states])
    release = Column("RELEASE", [_release(one) for one in services])
    digest = Column("RELEASE", [_hash(one, 12) for one in services])
    tiny = Column("RELEASE", [_hash(one, 7) for one in services])
    since = Column("SINCE", [ago(one.installed_at, now) for one in services])
    after = Column("NEXT", [until(one.next_check, now) for one in services])
    versions = [one_line(one.version) if one.version else "-" for one in services]
    version = [Column("VERSION", versions)] if set(versions) != {"-"} else []
    return [
        [name, state, *version, release, since, after],
        [name, state, *version, digest, since, after],
        [short, state, *version, digest, since, after],
        [short, state, *version, tiny, since, after],
        [short, state, tiny, since, after],
        [short, state, tiny, after],
        [short, state, after],
        [name, state],
    ]


def _release(one: ServiceAnswer) -> str:
    return one_line(one.release) if one.release else _hash(one, 12)


def _hash(one: ServiceAnswer, digits: int) -> str:
    if one.hash:
        return one_line(one.hash)[:digits]
    return "adopted" if one.release else "-"


def _notes(one: ServiceAnswer, view: View, now: float, *, detail: bool) -> list[str]:
    """Below its row: in a pipe a line each, with the service's name for whoever greps."""
    found = []
    for note in notes(one, view, now, detail=detail):
        if view.width is None:
            found.append(f"  {one_line(one.name)}: {note.words}")
            continue
        # Room for the dots on the last line as well.
        rows = wrapped(note.words, max(view.width - 4 - len(view.dots) - 1, 1))
        if len(rows) > _NOTE_LINES and not detail:
            rows = [*rows[: _NOTE_LINES - 1], f"{rows[_NOTE_LINES - 1]} {view.dots}"]
        indents = ["  ", *["    "] * (len(rows) - 1)]
        found += [i + view.paint(row, note.style) for i, row in zip(indents, rows, strict=True)]
    return found
