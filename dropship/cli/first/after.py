"""What comes after a first configuration is written: the store is tried, and what to do next is told."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from dropship.agent.questions import services
from dropship.cli.asking import agent_place
from dropship.cli.configuration import configuration
from dropship.cli.output import say
from dropship.cli.place import working_directory
from dropship.cli.plain import one_line
from dropship.config.load import DEFAULT
from dropship.core.values import Size
from dropship.deploy.check import check
from dropship.deploy.rig import Workshop
from dropship.errors import DropshipError
from dropship.log import hide


def tried(args: argparse.Namespace, name: str) -> bool:
    """Ask the store of a service, and say what came of it; whether that was good."""
    say("\nasking the store …", sys.stdout)
    try:
        config = configuration(args)
        found = check(Workshop(config, os.environ).rig(services(config, [name])[0]))
        error = found.error
    except DropshipError as fault:
        found, error = None, hide(str(fault))
    if found is None or error is not None:
        say(f"{name}: {one_line(error or '')}", sys.stdout)
        return False
    size = f", {Size(found.size)}" if found.size is not None else ""
    token = f", token {one_line(str(found.token))}"
    there = "" if found.installed else "; nothing is installed yet"
    doubt = f"; {one_line(found.doubt)}" if found.doubt else ""
    say(f"{name}: found {one_line(found.source)}{size}{token}{there}{doubt}", sys.stdout)
    return True


def next_steps(args: argparse.Namespace, service: str, *, good: bool) -> list[str]:
    """What to type next, in lines."""
    path = args.config
    named = path not in (None, DEFAULT) and str(path) != os.environ.get("DROPSHIP_CONFIG")
    where = shlex.quote(str(working_directory() / path)) if named else ""
    rows = [
        *([(f"export DROPSHIP_CONFIG={where}", "or --config each time")] if named else []),
        ("dropship validate", "check the configuration"),
        ("dropship check", "ask the store again"),
        ("dropship doctor", "check this host"),
        *_then(args, (f"dropship update {service}", "install it now")),
    ]
    width = max(len(command) for command, _ in rows[1 if named else 0 :])
    head = "next:" if good else "what is written stays; mend it, or what it names, then:"
    return ["", head, *(f"  {command:{width}}  # {what}" for command, what in rows)]


def _then(args: argparse.Namespace, now: tuple[str, str]) -> list[tuple[str, str]]:
    """How it is installed ``now``, and kept up to date: an agent that runs has to know of it first."""
    with suppress(DropshipError):
        if agent_place(args) is not None:
            return [("dropship reload", "have the agent that runs read it"), now]
    if args.config in (None, DEFAULT) and _has_unit():
        return [now, ("systemctl enable --now dropship", "keep it up to date, for good")]
    return [now, ("dropship agent", "keep it up to date")]


def _has_unit() -> bool:
    places = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
    return Path("/run/systemd/system").is_dir() and any(
        Path(one, "dropship.service").exists() for one in (*places, "/lib/systemd/system")
    )
