"""``dropship validate``: everything that can be checked of a configuration without a store.

Prints every fault of every file, for people, for programs, or as annotations of a pull request.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from os.path import realpath
from pathlib import Path
from typing import Any, Final, NamedTuple

from dropship.cli import arguments
from dropship.cli.place import working_directory
from dropship.config.load import (
    DEFAULT,
    Loaded,
    Mode,
    are_service_files,
    candidates,
    load,
    load_alone,
)
from dropship.hcl.ast import Span
from dropship.hcl.diagnostics import Diagnostic, Severity

_DESCRIPTION: Final = """\
Parses and checks the configuration, as far as that goes without asking a store. PATH is a main
file, a service file, or a folder; default is the configured main file and its services.
Exit code 0: valid, warnings allowed; 1: not valid."""

_EXAMPLES: Final = """\
examples:
  dropship validate
  dropship validate --strict services/api.hcl
  dropship validate --explain E203"""

# What --strict makes an error of: keys and blocks that are not known, values that are not there.
_STRICT: Final = frozenset({"W201", "W202", "W217", "W218"})


class Verdict(NamedTuple):
    """What came of all the paths together."""

    files: tuple[str, ...]
    services: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    masked: tuple[Span, ...]

    @property
    def errors(self) -> int:
        """How many errors."""
        return sum(one.severity is Severity.ERROR for one in self.diagnostics)

    @property
    def warnings(self) -> int:
        """How many warnings."""
        return len(self.diagnostics) - self.errors


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", type=arguments.path, help="what to check"
    )
    parser.add_argument(
        "--format", choices=("text", "json", "github"), default="text", help="default: text"
    )
    parser.add_argument(
        "--strict", action="store_true", help="unknown keys and missing values are errors"
    )
    parser.add_argument("--explain", metavar="CODE", help="the story behind a code, such as E203")


def run(args: argparse.Namespace) -> int:
    """Check, print, and tell 0 (valid) or 1.

    Raises:
        UsageError: ``--explain`` names no code that exists.
    """
    if args.explain is not None:
        from dropship.config.explain import explain  # noqa: PLC0415 - long, and seldom wanted

        print(explain(args.explain))
        return 0
    verdict = _judge(args.paths, args.config or DEFAULT)
    if args.strict:
        strictly = tuple(_strictly(one) for one in verdict.diagnostics)
        verdict = verdict._replace(diagnostics=strictly)
    {"text": _text, "json": _json, "github": _github}[args.format](verdict)
    return 1 if verdict.errors else 0


def _judge(paths: Sequence[Path], default: Path) -> Verdict:
    around: dict[str, Any] = {
        "environ": os.environ,
        "cwd": working_directory(),
        "euid": os.geteuid(),
        "mode": Mode.WARN,
    }
    if not paths:
        return _together([load(default, **around)])
    found, alone = [], []
    for path in paths:
        files = candidates(path, around["cwd"])
        if are_service_files(files):
            alone += files
        else:
            found.append(load(path, known=files, **around))
    known = {realpath(around["cwd"] / name) for one in found for name in one.files}
    # What a main file that is named too leads to is looked at with it.
    alone = [one for one in alone if realpath(around["cwd"] / one.file.source.name) not in known]
    if alone:
        found.append(load_alone(alone, **around))
    return _together(found)


def _together(found: Sequence[Loaded]) -> Verdict:
    def merged(some: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(one for part in some for one in part))

    return Verdict(
        merged([one.files for one in found]),
        merged([one.service_names for one in found]),
        merged([one.diagnostics for one in found]),
        merged([one.masked for one in found]),
    )


def _strictly(diagnostic: Diagnostic) -> Diagnostic:
    if diagnostic.code not in _STRICT:
        return diagnostic
    message = diagnostic.message.removesuffix("; it is ignored")
    code = f"E{diagnostic.code[1:]}"
    return diagnostic._replace(severity=Severity.ERROR, code=code, message=message)


def _text(verdict: Verdict) -> None:
    for diagnostic in verdict.diagnostics:
        from dropship.cli.drawing import drawn  # noqa: PLC0415 - most configurations are sound

        print(drawn(diagnostic, verdict.masked, sys.stdout), end="\n\n")
    warnings = _count(verdict.warnings, "warning")
    if verdict.errors:
        files = f" in {_count(len(verdict.files), 'file')}" if verdict.files else ""
        print(f"{_count(verdict.errors, 'error')}, {warnings}{files}")
    else:
        print(f"valid: {_count(len(verdict.services), 'service')}, {warnings}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _json(verdict: Verdict) -> None:
    import json  # noqa: PLC0415 - the text form needs none

    document = {
        "valid": not verdict.errors,
        "files": verdict.files,
        "services": verdict.services,
        "diagnostics": [_as_json(one) for one in verdict.diagnostics],
    }
    print(json.dumps(document, indent=2))


def _as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    related = [{"message": one.message, **_place(one.span, "")} for one in diagnostic.related]
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "message": diagnostic.message,
        **_place(diagnostic.span, diagnostic.file),
        "suggestion": diagnostic.suggestion,
        "related": related,
    }


def _place(span: Span | None, file: str) -> dict[str, Any]:
    """A fault of a whole file stands at its start."""
    if span is None:
        return {"file": file, "line": 1, "column": 1, "endLine": 1, "endColumn": 1}
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _github(verdict: Verdict) -> None:
    """Workflow commands, as GitHub Actions reads them from a job's output."""
    for diagnostic in verdict.diagnostics:
        place = _place(diagnostic.span, diagnostic.file)
        place["col"] = place.pop("column")
        place["title"] = diagnostic.code
        properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
        hint = f" ({diagnostic.suggestion})" if diagnostic.suggestion else ""
        message = _data(diagnostic.message + hint)
        print(f"::{diagnostic.severity.value} {properties}::{message}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
