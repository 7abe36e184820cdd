"""``dropship why``: the first thing that keeps a service from being up to date."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dropship.agent import answers
from dropship.agent.answers import WhyAnswer
from dropship.agent.protocol import Request
from dropship.cli import asking
from dropship.cli.columns import wrapped
from dropship.cli.plain import one_line
from dropship.cli.spans import clock, until, zone_name
from dropship.cli.view import View
from dropship.core.why import AGENT

_DESCRIPTION: Final = """\
The first thing that keeps a service from being up to date, who owns it, and when it is looked at
next. The exit code is 0 whatever the answer is."""

_EXAMPLES: Final = """\
examples:
  dropship why api
  dropship why api --format json"""

# What an operator can do about it here; the rest is for the owner to do.
_CURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "paused": "dropship resume {}",
        "quarantined": "dropship retry {}  # has it tried again as it is",
        "fleet-failed": "dropship retry {} --fleet  # has all hosts try it again as it is",
        "store": "dropship check {}  # asks it again",
        "hook": "dropship logs {}  # shows what it said",
    }
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(args: argparse.Namespace) -> int:
    """Answer.

    Raises:
        DropshipError: There is no such service, or it cannot be asked or read.
    """
    document = asking.question(args, Request("why", (args.service,)))
    if args.format == "json":
        print(json.dumps(document, indent=2))
        return 0
    found = answers.of_json(WhyAnswer, document, "the agent's answer")
    print("\n".join(lines(found, View.of(sys.stdout, os.environ), time.time())))
    return 0


def lines(why: WhyAnswer, view: View, now: float) -> list[str]:
    """The answer, then whose move it is, what can be done here, and when it is looked at next."""
    found = _wrapped(_answer(why), view)
    found[0] = view.paint(found[0], "good" if why.up_to_date else "bad")
    if why.owner:
        found += _wrapped(f"owner: {one_line(why.owner)}", view)
    cure = _CURES.get(why.code or "")
    if cure:
        found += _wrapped(f"try: {cure.format(one_line(why.service))}", view)
    return [*found, *_wrapped(f"next look: {_next(why, view, now)}", view)]


def _answer(why: WhyAnswer) -> str:
    name = one_line(why.service)
    if why.reason is None:
        return f"{name} is {'' if why.up_to_date else 'not '}up to date"
    if why.up_to_date:
        return f"{name} is up to date, but: {one_line(why.reason)}"
    code = f"{why.code}: " if why.code and why.code not in why.reason else ""
    return f"{name} is not up to date: {code}{one_line(why.reason)}"


def _next(why: WhyAnswer, view: View, now: float) -> str:
    if why.next is None:
        return "once that is over" if why.owner == AGENT else "not planned"
    at = clock(why.next, view.zone)
    return f"{until(why.next, now)} ({at} {zone_name(now, view.zone)})"


def _wrapped(words: str, view: View) -> list[str]:
    if view.width is None:
        return [words]
    first, *more = wrapped(words, max(view.width - 2, 1))
    return [first, *(f"  {row}" for row in more)]
