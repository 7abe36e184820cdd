"""``dropship fmt``: configuration files in the canonical form, in place or as a check.

What a file means is not looked at; one that the language finds fault with is left as it is.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from dropship.cli.arguments import filled
from dropship.cli.drawing import drawn
from dropship.cli.output import say
from dropship.cli.place import working_directory
from dropship.cli.plain import one_line
from dropship.cli.rewrite import rewrite
from dropship.config.files import listed_with_services, unreadable
from dropship.config.load import DEFAULT, configured_files, read
from dropship.errors import ConfigError, UsageError
from dropship.hcl.alike import alike
from dropship.hcl.ast import File, Source, Span
from dropship.hcl.diagnostics import Diagnostic, Severity
from dropship.hcl.format import formatted
from dropship.hcl.parser import is_json, parse

_DESCRIPTION: Final = """\
Writes configuration files in the canonical form, in place, and prints the names of those that
changed. PATH is a file, a folder (its *.hcl, and those of services/ in it), or - for standard
input to standard output; default is the configured main file and its services. Comments and
meaning stay; JSON is left alone, and so is a file with faults, which are shown.
Exit code 0: well; 1: a file has faults or cannot be read or written, or would change (--check)."""

_EXAMPLES: Final = """\
examples:
  dropship fmt
  dropship fmt --check --diff services/
  dropship fmt - < draft.hcl"""

_STDIN: Final = "<stdin>"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    # Not Path: that would take ./- for -.
    parser.add_argument("paths", metavar="PATH", nargs="*", type=filled, help="what to format")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 where a file would change"
    )
    parser.add_argument(
        "--diff", action="store_true", help="write nothing; print what would change"
    )


def run(args: argparse.Namespace) -> int:
    """Format, check or compare; 0, or 1 where something is amiss.

    Raises:
        UsageError: Standard input beside other paths.
    """
    run = _Run(args.check, args.diff)
    if "-" not in args.paths:
        for path in run.files(args.paths, args.config or DEFAULT):
            run.file(path)
    elif len(args.paths) == 1:
        run.standard_input()
    else:
        raise UsageError(
            "- is standard input and stands alone", cure="name other paths in another call"
        )
    return 1 if run.amiss else 0


class _Run:
    """One call: what to do with a file, and whether anything was amiss."""

    def __init__(self, check: bool, diff: bool) -> None:  # noqa: FBT001 - the command's options
        self.amiss = False
        self._check = check
        self._diff = diff
        self._cwd = working_directory()

    def files(self, paths: Sequence[str], default: Path) -> Iterator[Path]:
        """Every file that is meant, once, however often it is."""
        met: set[str] = set()
        for path in self._named(paths) if paths else self._configured(default):
            real = os.path.realpath(self._cwd / path)
            if real not in met:
                met.add(real)
                yield path

    def file(self, path: Path) -> None:
        """A file, in place."""
        name = str(path)
        try:
            if path.exists() and not path.is_file():
                raise OSError(0, "it is no file")
            old = path.read_bytes()
        except OSError as error:
            self._tell(unreadable(name, error.strerror or str(error)))
            return
        new = self._text(name, old)
        if new is None or new == old:
            return
        if not self._dry:
            try:
                rewrite(path, new)
            except ConfigError as error:
                self._complain(str(error))
                return
        self._report(name, old, new)

    def standard_input(self) -> None:
        """From standard input to standard output."""
        with os.fdopen(0, "rb", closefd=False) as stream:  # sys.stdin is None where it is closed
            old = stream.read()
        new = self._text(_STDIN, old)
        if new is None:
            return
        if not self._dry:
            _put(new)
        elif new != old:
            self._report(_STDIN, old, new)

    @property
    def _dry(self) -> bool:
        return self._check or self._diff

    def _named(self, paths: Sequence[str]) -> Iterator[Path]:
        for path in map(Path, paths):
            try:
                found = listed_with_services(path, self._cwd) if path.is_dir() else [path]
            except OSError as error:
                self._tell(unreadable(str(path), error.strerror or str(error)))
                continue
            if not found:
                self._tell(unreadable(str(path), "this folder holds no *.hcl file"))
            yield from found

    def _configured(self, default: Path) -> list[Path]:
        files, absent = configured_files(
            default, environ=os.environ, cwd=self._cwd, euid=os.geteuid()
        )
        for one in absent:
            self._tell(one)
        return files

    def _text(self, name: str, raw: bytes) -> bytes | None:
        """The bytes in the canonical form; None where they are at fault, which is told."""
        found = read(name, raw, environ=os.environ, cwd=self._cwd, euid=os.geteuid())
        if found.file is None or found.faulty:
            for one in found.diagnostics:
                self._tell(one, found.masked)
            self._complain(f"{name} is left as it is; mend it, and run this again")
            return None
        if is_json(found.file.source.text):
            return raw
        text = formatted(found.file)
        if not _says(text, found.file):
            self._complain(f"{name} is left as it is, it could not be formatted; report this fault")
            return None
        return text.encode()

    def _report(self, name: str, old: bytes, new: bytes) -> None:
        """Say what changed, or would."""
        self.amiss |= self._check
        if self._diff:
            _put("".join(_compared(name, old.decode(), new.decode())).encode())
        else:
            say(name, sys.stdout)

    def _tell(self, diagnostic: Diagnostic, masked: Collection[Span] = ()) -> None:
        self.amiss = True
        say(drawn(diagnostic, masked, sys.stderr) + "\n", sys.stderr)

    def _complain(self, message: str) -> None:
        self.amiss = True
        say(f"dropship: {one_line(message)}", sys.stderr)


def _says(text: str, file: File) -> bool:
    """Whether a text says what a file says: no fault of ours is to cost anybody a configuration."""
    parsed = parse(Source(file.source.name, text))
    faulty = any(one.severity is Severity.ERROR for one in parsed.diagnostics)
    return not faulty and alike(parsed.file, file)


def _put(content: bytes) -> None:
    """To standard output, whatever the terminal's encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _compared(name: str, old: str, new: str) -> Iterator[str]:
    """The lines of a unified diff, as patch reads it."""
    import difflib  # noqa: PLC0415 - seldom wanted

    for line in difflib.unified_diff(_lines(old), _lines(new), name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    # Not splitlines(), which knows of more line ends than patch does.
    return re.findall(r"[^\n]*\n|[^\n]+", text)
