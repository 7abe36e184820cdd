"""The configuration: is it valid, and can the agent have everything that it takes from elsewhere?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.cli.examine.ground import Ground
from dropship.hcl.diagnostics import Diagnostic, Severity

_CHECK: Final = "configuration"
_NO_VARIABLE: Final = "E217"
_NO_SERVICE: Final = "W003"
_NO_FILE: Final = "E218"


def findings(ground: Ground) -> Iterator[Finding]:
    """Look at what was read."""
    path = str(ground.path)
    if ground.lenient.config is None:
        yield _broken(ground)
        return
    count = len(ground.lenient.service_names)
    services = f"{count} service{'' if count == 1 else 's'}"
    yield ok(_CHECK, f"valid, {services}", path)
    yield from _warnings(ground.strict.diagnostics, path)
    yield from _missing(ground)


def _broken(ground: Ground) -> Finding:
    errors, path = ground.lenient.errors, str(ground.path)
    first = errors[0]
    if not os.path.lexists(ground.path) and os.access(_above(ground.path), os.X_OK):
        return failed(_CHECK, "there is none", path, cure="dropship init writes a first one")
    more = f"; {len(errors) - 1} more" if len(errors) > 1 else ""
    if first.span is None and not ground.who.reachable:
        cure = f"run dropship doctor as {ground.who.name}"
        return warning(_CHECK, f"{_told(first)}{more}", path, cure=cure)
    cure = first.suggestion or "dropship validate shows all of it"
    return failed(_CHECK, f"{_told(first)}{more}", path, cure=cure)


def _above(path: Path) -> Path:
    return next((one for one in path.parents if os.path.lexists(one)), Path("/"))


def _warnings(found: Sequence[Diagnostic], path: str) -> Iterator[Finding]:
    warnings = [one for one in found if one.severity is Severity.WARNING]
    if warnings:
        count = len(warnings)
        words = "" if count == 1 else f"{count} warnings, such as "
        first = warnings[0]
        cure = "dropship init adds one" if first.code == _NO_SERVICE else first.suggestion
        more = "dropship validate shows them"
        yield warning(_CHECK, f"{words}{_told(first)}", path, cure=(count == 1 and cure) or more)


def _missing(ground: Ground) -> Iterator[Finding]:
    """Values from elsewhere, and what else is wrong only where it is to run."""
    for one in ground.strict.errors:
        cure = one.suggestion or ""
        if one.code == _NO_VARIABLE:
            # A unit gives its variables to the agent, and nobody else sees them.
            yield warning(_CHECK, f"{_told(one)}, here at least", cure=cure)
        elif one.code == _NO_FILE and not ground.who.reachable:
            yield warning(_CHECK, _told(one), cure=f"run dropship doctor as {ground.who.name}")
        else:
            yield failed(_CHECK, _told(one), cure=cure)


def _told(one: Diagnostic) -> str:
    # A file as a whole is named in the message.
    return f"{one.where}: {one.message}" if one.span else one.message
