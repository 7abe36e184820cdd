"""The command line's frame: finds the command, imports only that, and turns errors into exit codes.

A command is a module with ``configure(parser)`` and ``run(args) -> int``; its name and one line of
help stand in the table here, so that listing commands imports none. Global options are taken
before and after the command. An error is one line on standard error; a traceback only with
``--log-level debug``.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn

from dropship import __version__
from dropship.cli import arguments
from dropship.errors import BusyError, DropshipError, NoAgentError, UsageError

# fmt: off
COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "agent": ("dropship.cli.agent", "run the agent: keep all services up to date"),
        "check": ("dropship.cli.check", "ask the stores what is new; change nothing"),
        "completion": ("dropship.cli.completion", "print a script that completes command lines"),
        "demo": ("dropship.cli.demo", "see the whole story on this machine, nothing to configure"),
        "doctor": ("dropship.cli.doctor", "check this host for everything the agent needs"),
        "fmt": ("dropship.cli.fmt", "write configuration files in the canonical form"),
        "history": ("dropship.cli.history", "past updates: when, from, to, how long, outcome"),
        "init": ("dropship.cli.init", "write a first configuration, asking"),
        "lock": ("dropship.cli.lock", "who holds which turn; break one"),
        "logs": ("dropship.cli.logs", "the last lines said of a service"),
        "pause": ("dropship.cli.pause", "stop updating"),
        "pin": ("dropship.cli.pin", "hold a service at one version"),
        "releases": ("dropship.cli.releases", "the releases kept on this host"),
        "reload": ("dropship.cli.reload", "have the agent read its configuration again"),
        "resume": ("dropship.cli.resume", "update again"),
        "retry": ("dropship.cli.retry", "lift a quarantine"),
        "rollback": ("dropship.cli.rollback", "make an earlier release current again"),
        "run-hook": ("dropship.cli.run_hook", "run a hook by hand, as the agent would"),
        "schema": ("dropship.cli.schema", "every block and key: type, default, meaning"),
        "status": ("dropship.cli.status", "show what runs, what is going on, what comes next"),
        "unpack": ("dropship.cli.unpack", "unpack a local archive as the agent would"),
        "unpin": ("dropship.cli.unpin", "let a service follow its versions again"),
        "update": ("dropship.cli.update", "check and update now"),
        "validate": ("dropship.cli.validate", "check the configuration"),
        "versions": ("dropship.cli.versions", "the versions in the store, and which is the one"),
        "version": ("dropship.cli.version", "print the version"),
        "why": ("dropship.cli.why", "why a service is not up to date, and who can change that"),
    }
)
# fmt: on
# How help shows them: what an operator looks for first. Those named nowhere come last.
_GROUPS: Final = (
    (
        "see what goes on",
        ("status", "why", "history", "logs", "releases", "versions", "check", "lock"),
    ),
    (
        "have something done",
        ("update", "rollback", "pin", "unpin", "pause", "resume", "retry", "run-hook", "reload"),
    ),
)
_OTHERS: Final = "set up and run"
_ALIASES: Final = MappingProxyType({"v": "version"})

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json", "journal")

FAILED: Final = 1
USAGE: Final = 2
NO_AGENT: Final = 3
REFUSED: Final = 4
INTERRUPTED: Final = 130

GLOBAL: Final = ("--config", "--log-level", "--log-format")
"""Options of every command; each takes a value, which is not to be taken for the command."""

_HELP: Final = ("-h", "--help")

_DESCRIPTION: Final = "Keeps software on servers up to date by itself."
_EXAMPLES: Final = """\
examples:
  dropship validate
  dropship --config /etc/dropship.d/dropship.hcl agent
  dropship COMMAND --help"""


def run(argv: Sequence[str]) -> int:
    """Run a command line (without the program's name); gives the exit code, never raises."""
    debug = _wants_debug(argv)
    # A name that the terminal's encoding does not have is no reason to fail.
    with suppress(AttributeError, OSError):  # of what stands in for it in tests, or is gone
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # TextIOWrapper's
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        from dropship.cli.output import let_go  # noqa: PLC0415 - seldom so

        let_go(sys.stdout)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        # Of the system, not of ours: most often a standard output on a full disk.
        from dropship.cli.output import settle  # noqa: PLC0415 - seldom so

        settle()
        _complain(f"{error}", debug=debug)
        return FAILED
    except DropshipError as error:
        _complain(str(error), debug=debug)
        return _code(error)
    except Exception as error:  # noqa: BLE001 - the outermost frame: what gets here is our own fault
        what = f"a fault of dropship itself: {type(error).__name__}: {error}"
        _complain(f"{what}; run it again with --log-level debug and report it", debug=debug)
        return FAILED
    return code


def _dispatch(argv: Sequence[str]) -> int:
    before, name, after = _split(argv)
    if name is None:
        return _without_command(before)
    name = _known(name)
    module = importlib.import_module(COMMANDS[name][0])
    try:
        args = _parsed(parser(name), [*before, *after])
    except SystemExit as done:
        # --help has printed what was asked for.
        return done.code if isinstance(done.code, int) else 0
    _collect_again()
    result: int = module.run(args)
    return result


def _collect_again() -> None:
    """Have garbage collected, if that was put off; of what is loaded by now, hardly anything is any."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _parsed(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """The arguments, wherever options stand among them."""
    try:
        return parser.parse_args(words)
    except UsageError:
        # This way any order is understood, for the price of laying out a help text.
        return parser.parse_intermixed_args(words)


def _split(argv: Sequence[str]) -> tuple[list[str], str | None, list[str]]:
    """Global options before the command, the command, everything after it.

    Raises:
        UsageError: Something before the command is not a global option.
    """
    at = 0
    while at < len(argv):
        word = argv[at]
        if not word.startswith("-"):
            return list(argv[:at]), word, list(argv[at + 1 :])
        if word in GLOBAL:
            at += 1
        elif word not in (*_HELP, "--version") and word.partition("=")[0] not in GLOBAL:
            raise UsageError(
                f"unknown option {word} before the command",
                cure="put the command's own options after it, or see dropship --help",
            )
        at += 1
    return list(argv), None, []


def _without_command(words: Sequence[str]) -> int:
    if any(word in words for word in _HELP):
        print(_overview())
        return 0
    if "--version" in words:
        print(f"dropship {__version__}")
        return 0
    raise UsageError("there is no command", cure="see dropship --help")


def _known(name: str) -> str:
    """The command's own name.

    Raises:
        UsageError: There is none of that name; names the nearest.
    """
    name = _ALIASES.get(name, name)
    if name not in COMMANDS:
        raise UsageError(f'there is no command "{name}"', cure=_nearest(name))
    return name


def _nearest(name: str) -> str:
    import difflib  # noqa: PLC0415 - only for those who mistype

    close = difflib.get_close_matches(name.lower(), COMMANDS, 1)
    return f'did you mean "{close[0]}"?' if close else "see dropship --help"


class _Help(argparse.RawDescriptionHelpFormatter):
    """Lays out a help text as it is written, in the terminal's width.

    argparse makes one for each argument that it is told of, and would import for its width what
    takes longer than all the rest of it.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, cure=f"see {self.prog} --help")


def parser(name: str) -> argparse.ArgumentParser:
    """The parser of a command's arguments."""
    made = _Parser(
        prog=f"dropship {name}",
        description=COMMANDS[name][1],
        formatter_class=_Help,
        allow_abbrev=False,
    )
    add_global_options(made)
    importlib.import_module(COMMANDS[name][0]).configure(made)
    return made


def add_global_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    group = parser.add_argument_group("global options, before or after the command")
    configured = os.environ.get("DROPSHIP_CONFIG")
    group.add_argument(
        "--config",
        metavar="PATH",
        type=arguments.path,
        default=Path(configured) if configured else None,
        help="main file, or a folder of *.hcl (DROPSHIP_CONFIG); /etc/dropship.d/dropship.hcl",
    )
    group.add_argument(
        "--log-level", choices=LEVELS, default="info", type=str.lower, help="default: info"
    )
    group.add_argument("--log-format", choices=FORMATS, default="text", help="default: text")


def _overview() -> str:
    parser = _Parser(
        prog="dropship",
        usage="dropship [OPTION …] COMMAND …",
        description="\n".join([_DESCRIPTION, *_grouped()]),
        epilog=_EXAMPLES,
        formatter_class=_Help,
    )
    add_global_options(parser)
    return parser.format_help().rstrip("\n")


def grouped() -> Iterator[tuple[str, Sequence[str]]]:
    """Every command, below a title: what an operator looks for first."""
    yield from _GROUPS
    named = [name for _, names in _GROUPS for name in names]
    yield _OTHERS, [name for name in COMMANDS if name not in named]


def _grouped() -> Iterator[str]:
    width = max(map(len, COMMANDS))
    for title, names in grouped():
        yield f"\n{title}:"
        yield from (f"  {name:{width}}  {COMMANDS[name][1]}" for name in names)


def _wants_debug(argv: Sequence[str]) -> bool:
    """Whether ``--log-level debug`` is anywhere: asked before anything can go wrong."""
    return any(
        word.lower() == "--log-level=debug"
        or (word == "--log-level" and following.lower() == "debug")
        for word, following in pairwise([*argv, ""])
    )


def _code(error: DropshipError) -> int:
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, NoAgentError):
        return NO_AGENT
    return REFUSED if isinstance(error, BusyError) else FAILED


def _complain(message: str, *, debug: bool) -> None:
    from dropship.cli.plain import one_line, seen  # noqa: PLC0415 - only where something is wrong
    from dropship.log import hide  # noqa: PLC0415 - as above

    # Whoever does not read what we print should not stop us from ending well.
    with suppress(OSError):
        sys.stdout.flush()
    with suppress(OSError):
        if debug:
            import traceback  # noqa: PLC0415 - only for those who ask for it

            for line in hide(traceback.format_exc()).splitlines():
                print(seen(line), file=sys.stderr)
        print("dropship:", one_line(hide(message)), file=sys.stderr, flush=True)
