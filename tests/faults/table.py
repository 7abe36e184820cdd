"""The tables of ``docs/usage/failures.md``: what was written there by hand is what must happen.

A row names its failure by the marks in "what runs": ``b2!`` fails, ``a1†`` is where the agent is
killed, ``b2*`` is a run while going back. Rows that stand for several cases are spread out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tests.docs.pages import USAGE, Page

PAGE: Final = Page(USAGE / "failures.md")
WAYS: Final = {
    "exit 1": "exit 1",
    "timeout": "exec sleep 60",
    "killed": "kill -9 $$",
    "75": "exit 75",
}
"""How a command can fail, in shell."""

_HOWS: Final = {
    "fails": ("exit 1", "timeout", "killed"),
    "any": tuple(WAYS),
    "75, then any": tuple(WAYS),
    "75": ("75",),
}
_EVERY: Final = ("b1", "b2", "a1", "a2", "h", "f1", "f2")
_SHORT: Final = ("hook", "back", "onfailure", "else", "killed")
_MARKS: Final = "!†"
_COMMAND: Final = re.compile(r'"(/opt/api/[\w-]+)" \}\s*# (\w+)$', re.MULTILINE)
_ARTIFACT: Final = re.compile(r"^  artifact .+?^  }$", re.MULTILINE | re.DOTALL)
_HOOK: Final = re.compile(r'(before|after|failed) "script" \{ command = (.+?) \}')


@dataclass(frozen=True, slots=True)
class Seen:
    """What an operator sees of a case once it is over."""

    ran: str
    then: str
    state: str
    history: str
    quarantined: bool
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a row.

    Attributes:
        name: Of its service.
        plan: What commands do when they run, in shell, by how they are called in the table.
        first: Whether it is the first of its row; the others differ in the way a command fails.
        keys: More keys of commands.
        killed: The command, as it is called in the table, with which the agent is killed.
        strikes: How often that happens.
        what: What else goes wrong, in the words of the page.
        policy: ``onFailure`` of every hook; empty where none is written.
    """

    name: str
    install: bool
    plan: dict[str, str]
    wanted: Seen
    first: bool = True
    keys: dict[str, str] = field(default_factory=dict)
    killed: str = ""
    strikes: int = 0
    what: str = ""
    policy: str = ""


def service(case: Case, artifact: str, command: str, more: str = "", interval: str = "1h") -> str:
    """The page's own service, under the case's name: what it runs is ``command NAME CALLED``.

    ``more`` are more of its lines.
    """
    (block,) = PAGE.blocks("hcl")
    called = dict(_COMMAND.findall(block.text))
    assert tuple(called.values()) == _EVERY, "the page's service has the commands of its tables"
    text = block.text.replace('service "api"', f'service "{case.name}"')
    text = _ARTIFACT.sub(lambda _: f"{artifact}\n{more}", text.replace('"30s"', f'"{interval}"'))
    for path, step in called.items():
        text = text.replace(f'"{path}"', f'"{command} {case.name} {step}"')
    if case.policy:
        text = _HOOK.sub(rf'\1 "script" {{ command = \2, onFailure = "{case.policy}" }}', text)
    for step, keys in case.keys.items():
        text = text.replace(f' {step}"', f' {step}", {keys}')
    return text


def cases(heading: str) -> Iterator[Case]:
    """Every case of the table below a heading."""
    for number, row in enumerate(_rows(heading), 1):
        for at in ("install", "update") if row["at"] == "both" else (row["at"],):
            for way in _HOWS[row["how"]] if "how" in row else ("",):
                yield _case(f"{_short(heading)}-{number}-{at}", row, way)


def _case(name: str, row: dict[str, str], way: str) -> Case:
    marked = [one for one in row["what runs"].split() if one[-1] in _MARKS]
    # The last one fails as the row says; what it fails after has just failed.
    failing = [one.strip(_MARKS) for one in marked if one.endswith("!")]
    killed = [one.strip(_MARKS) for one in marked if one.endswith("†")]
    begun = "75" if row.get("how", "").startswith("75") else "exit 1"
    ways = [*(begun for _ in failing[1:]), way or "exit 1"]
    return Case(
        name=f"{name}-{way.replace(' ', '-')}" if way else name,
        install="-install" in name,
        plan={step: WAYS[how] for step, how in zip(failing, ways, strict=False)},
        wanted=Seen(
            ran=ran(row["what runs"].split()),
            then=row["then"],
            state=row["state"],
            history="" if row["history"] == "-" else row["history"],
            quarantined={"yes": True, "no": False}[row["q."]],
            code=int(row["exit"]) if "exit" in row else None,
        ),
        first="how" not in row or way == _HOWS[row["how"]][0],
        keys=_keys([one.strip("*") for one in failing], way),
        killed=killed[0] if killed else "",
        strikes=len(killed),
        what=row.get("what", ""),
        policy=row.get("onFailure", ""),
    )


def ran(steps: Sequence[str]) -> str:
    """What ran, without marks; a check that is looked at again is one."""
    bare = ["" if one == "-" else one.strip(_MARKS) for one in steps]
    again = (one == before and one.startswith("h") for before, one in pairwise(["", *bare]))
    return " ".join(one for one, repeats in zip(bare, again, strict=True) if not repeats)


def _keys(failing: Sequence[str], way: str) -> dict[str, str]:
    """What keeps commands that fail from taking long."""
    slow = {failing[-1]: 'timeout = "2s"'} if way == "timeout" else {}
    return slow | ({"h": 'within = "300ms", interval = "100ms"'} if "h" in failing else {})


def _rows(heading: str) -> Iterator[dict[str, str]]:
    lines = [one for one in PAGE.section(heading).splitlines() if one.startswith("|")]
    head, _, *rest = ([cell.strip() for cell in one.strip("|").split("|")] for one in lines)
    for cells in rest:
        yield dict(zip(head, cells, strict=True))


def _short(heading: str) -> str:
    """``A hook or a health check fails``: ``hook``."""
    return next(word for word in heading.replace("`", "").lower().split() if word in _SHORT)
