"""The configuration that a command works with, and logging that keeps its secrets."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from functools import partial
from pathlib import Path

from dropship import log
from dropship.cli.output import say
from dropship.cli.place import working_directory
from dropship.config.load import DEFAULT, Loaded, Mode, load
from dropship.config.model import Config
from dropship.core.secrets import secret_values
from dropship.errors import ConfigError
from dropship.hcl.diagnostics import Diagnostic, Severity, draw

_log = logging.getLogger("dropship.config")


def configuration(  # noqa: PLR0913 - what its callers differ in, by name
    args: argparse.Namespace,
    *,
    cwd: Path | None = None,
    mode: Mode = Mode.REQUIRE,
    warnings: bool = False,
    quiet: bool = False,
    settle: bool = False,
) -> Config:
    """Read the configuration that ``args`` name, and set up logging with its secrets hidden.

    Faults go to standard error, as ``validate`` shows them, unless ``quiet``; warnings only if
    wanted. ``cwd`` is what relative paths are relative to, by default the working directory as it
    is now. Whoever may take turns is to ``settle`` where they are taken, if no lock is named.

    Raises:
        ConfigError: It has errors. Or there is no working directory.
        LockError: Where turns are taken cannot be kept.
    """
    path = args.config or DEFAULT
    place = cwd or working_directory()
    read = partial(load, path, environ=os.environ, cwd=place, euid=os.geteuid(), mode=mode)
    loaded = read()
    if settle and loaded.unsettled and loaded.config is not None:
        from dropship.lockers.choosing import choose  # noqa: PLC0415 - once in a host's life

        choose(loaded.config.state_path / "locks", os.environ)
        loaded = read()
    # Of blocks that no service uses, too, and of a configuration that is at fault elsewhere.
    hidden = secret_values((loaded.secrets, loaded.config))
    log.setup(args.log_level, args.log_format, secrets=hidden)
    shown = loaded.diagnostics if warnings else loaded.errors
    for diagnostic in () if quiet else shown:
        _show(diagnostic, loaded, args.log_format)
    if loaded.config is None:
        count = len(loaded.errors)
        words = f"the configuration {path} has {count} error{'' if count == 1 else 's'}"
        if warnings:
            # An agent's: who asked for a reload sees nothing of what was just shown.
            first = loaded.errors[0]
            words += f", the first at {first.where}: {first.message}"
        raise ConfigError(words, cure="mend it; dropship validate checks it")
    return loaded.config


def _show(diagnostic: Diagnostic, loaded: Loaded, log_format: str) -> None:
    if log_format == "text":
        say(log.hide(draw(diagnostic, loaded.masked)), sys.stderr)
        return
    # Other formats are read by programs: one event each.
    level = logging.ERROR if diagnostic.severity is Severity.ERROR else logging.WARNING
    hint = f" ({diagnostic.suggestion})" if diagnostic.suggestion else ""
    words = "%s: %s: %s%s"
    _log.log(level, words, diagnostic.where, diagnostic.code, diagnostic.message, hint)
