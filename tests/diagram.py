"""Draws the table of an update: ``python -m tests.diagram`` rewrites docs/development/update.md."""

from __future__ import annotations

from pathlib import Path

from dropship.core.phase import Phase
from dropship.core.update import IGNORED, STOPPED, TABLE, Row

PAGE = Path(__file__).parents[1] / "docs" / "development" / "update.md"

_HEAD = """\
# The update's state diagram

Made from the table in `dropship/core/update.py` by `python -m tests.diagram`; a test keeps them equal.

An arrow reads: event \\[guard\\]. Left out for legibility: orders that are only noted (pause, resume, retry, pin,
unpin while an update is under way), stops, and recovery at the start (all in the table below).

"""


def page() -> str:
    """The whole page."""
    return _HEAD + _diagram() + "\n" + _table() + "\n" + _ignored()


def _diagram() -> str:
    lines = [
        "```mermaid",
        "stateDiagram-v2",
        "  [*] --> starting",
        "  starting --> idle : Started [no journal]",
    ]
    for (start, end), labels in _arrows().items():
        lines.append(f"  {start} --> {end} : {', '.join(labels)}")
    return "\n".join([*lines, "```", ""])


def _arrows() -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        noted = row.phase is row.next and row.phase is not Phase.IDLE
        if noted or row.next is STOPPED or row.phase is Phase.STARTING:
            continue
        labels = arrows.setdefault((row.phase.value, row.next.value), [])
        label = _label(row)
        if label not in labels:
            labels.append(label)
    return arrows


def _label(row: Row) -> str:
    guard = row.guard.__name__.replace("_", " ")
    return row.event.__name__ + ("" if guard == "always" else f" [{guard}]")


def _table() -> str:
    lines = [
        "## The table",
        "",
        "The first row whose guard holds applies.",
        "",
        "| phase | event | guard | next | commands |",
        "|---|---|---|---|---|",
    ]
    for row in TABLE:
        makers = ", ".join(maker.__name__.replace("_", " ") for maker in row.makers) or "-"
        guard = row.guard.__name__.replace("_", " ")
        lines.append(
            f"| {row.phase.value} | {row.event.__name__} | {guard} | {row.next.value} | {makers} |"
        )
    return "\n".join([*lines, ""])


def _ignored() -> str:
    lines = [
        "## Ignored",
        "",
        "Every other pair of phase and event means nothing, for a reason.",
        "",
        "| events | in | because |",
        "|---|---|---|",
    ]
    for group in IGNORED:
        events = ", ".join(event.__name__ for event in group.events)
        phases = [phase.value for phase in Phase if phase in group.phases]
        others = [phase.value for phase in Phase if phase not in group.phases]
        few = len(phases) <= len(others)
        where = ", ".join(phases) if few else "all but " + (", ".join(others) or "none")
        lines.append(f"| {events} | {where} | {group.reason} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
