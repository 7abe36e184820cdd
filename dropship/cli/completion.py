"""``dropship completion``: a script that completes this program's command lines in a shell.

Made from the parsers of all commands, so nothing is missing from it. The names of services are
asked of the program itself at the moment they are wanted, by its hidden option ``--services``.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from dropship.agent import client
from dropship.agent.protocol import Request
from dropship.cli import asking, main
from dropship.cli.configuration import configuration
from dropship.cli.plain import one_line
from dropship.config.load import Mode
from dropship.errors import DropshipError, UsageError

_DESCRIPTION: Final = """\
Prints a script for a shell that completes commands, options, service names and paths."""

_EXAMPLES: Final = """\
examples:
  dropship completion bash > /usr/share/bash-completion/completions/dropship
  dropship completion zsh > /usr/local/share/zsh/site-functions/_dropship
  dropship completion fish > ~/.config/fish/completions/dropship.fish"""

_SHELLS: Final = ("bash", "zsh", "fish")
# Whoever presses Tab does not wait long for an agent that is busy.
_PATIENCE: Final = 1.0

# Each shell hands over the whole line, for --config may stand anywhere in it.
_SERVICES: Final = MappingProxyType(
    {
        "bash": """\
_dropship_services() {
  compgen -W "$(dropship completion --services "$COMP_LINE" 2>/dev/null)" -- "$1"
}""",
        "zsh": """\
_dropship_services() {
  local -a names
  names=(${(f)"$(dropship completion --services "$BUFFER" 2>/dev/null)"})
  compadd -a names
}""",
        "fish": """\
function _dropship_services
  dropship completion --services (commandline | string collect) 2>/dev/null
end""",
    }
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("shell", choices=_SHELLS, nargs="?", help="which shell it is for")
    # For the scripts: the names of the services, one a line, for what has been typed so far.
    parser.add_argument("--services", metavar="LINE", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Print the script.

    Raises:
        UsageError: No shell is named.
    """
    if args.services is not None:
        args.config = _configured(args.services.split()) or args.config
        for name in _services(args):
            print(name)
        return 0
    if args.shell is None:
        raise UsageError("no shell is named", cure=f"name one of {', '.join(_SHELLS)}")
    import shtab  # noqa: PLC0415 - only here is it needed

    script = shtab.complete(
        _whole(shtab.FILE, shtab.DIRECTORY), args.shell, preamble=_SERVICES[args.shell]
    )
    if args.shell == "zsh":
        # shtab's way to write "any number of them" completes the first one only.
        script = script.replace('"(*)::', '"*:')
    print(script)
    return 0


def _whole(file: Any, folder: Any) -> argparse.ArgumentParser:
    """One parser with all commands, whose arguments say how they are completed."""
    whole = argparse.ArgumentParser(prog="dropship")
    main.add_global_options(whole)
    commands = whole.add_subparsers(metavar="COMMAND")
    for name, (module, words) in main.COMMANDS.items():
        parser = commands.add_parser(name, help=words)
        main.add_global_options(parser)
        importlib.import_module(module).configure(parser)
        parser.description = words
        _mark(parser, file, folder)
    _mark(whole, file, folder)
    return whole


def _mark(parser: argparse.ArgumentParser, file: Any, folder: Any) -> None:
    services = {
        **dict.fromkeys(("bash", "zsh"), "_dropship_services"),
        "fish": "(_dropship_services)",
    }
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to its arguments
        how = {"SERVICE": services, "PATH": file, "ARCHIVE": file, "DEST": folder, "DIR": folder}
        if action.metavar in how:
            # What shtab looks for; argparse's own class knows nothing of it.
            vars(action)["complete"] = how[action.metavar]


def _configured(words: list[str]) -> Path | None:
    """The configuration that a line names, as far as it can be read without a shell."""
    found = None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        option, equals, value = word.partition("=")
        if option == "--config" and (value if equals else following):
            found = Path((value if equals else following).strip("'\"")).expanduser()
    return found


def _services(args: argparse.Namespace) -> Iterator[str]:
    """Their names; none where nobody can tell: who presses Tab is not interested in faults."""
    try:
        place = asking.agent_place(args)
        if place is not None:
            document = client.ask(place, Request("status"), timeout=_PATIENCE)
            names = [str(one["name"]) for one in document["services"]]
        else:
            config = configuration(args, mode=Mode.LENIENT, quiet=True)
            names = [one.name for one in config.services]
    except DropshipError:
        return
    yield from (name for name in names if name == one_line(name) and " " not in name)
