"""``dropship init``: write a first configuration, asking for what options do not say."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from dropship.cli.output import say
from dropship.cli.place import working_directory
from dropship.config.load import DEFAULT, Loaded, Mode, load
from dropship.config.paths import home
from dropship.errors import ConfigError, UsageError

_DESCRIPTION: Final = """\
Writes a configuration for one service, with comments, and tries the store. On a terminal it asks
for whatever no option says; Enter takes what stands in brackets. Nothing is written before the
last answer, and no file is replaced without --force.
Where there is no main file, everything is written into one. Where there is one, it is left as it
is: the service becomes services/NAME.hcl beside it, and only a repo or lock block that it does not
have is added at its end. A secret that is typed goes into a file of its own that only its owner
can read (secrets/ beside the main file); otherwise it stays in a variable or file that you name.
Exit code 0: written, and the store has the artifact; 1: written, but the store does not answer or
has none, or nothing could be written; 2: something is not said, or in the way."""

_EXAMPLES: Final = """\
examples:
  dropship init
  dropship init --store file --path /srv/store/web.tar.gz --service web --unit web
  dropship init --store s3 --region eu-west-1 --bucket builds --path web.tgz --service web \\
    --access-key AKIAEXAMPLE --secret-env S3_SECRET --defaults"""

_STORES: Final = ("s3", "swift", "rackspace", "http", "file")
_LOGINS: Final = ("none", "password", "token")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    _about_the_store(parser.add_argument_group("the store"))
    _about_the_service(parser.add_argument_group("the service"))
    parser.add_argument(
        "--defaults", action="store_true", help="take what would be proposed instead of asking"
    )
    parser.add_argument("--no-check", action="store_true", help="do not try the store")
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace the file of this service; the old one is kept as FILE.old",
    )


def _about_the_store(group: Any) -> None:
    group.add_argument("--store", choices=_STORES, help="its type")
    group.add_argument("--repo", metavar="NAME", help="what its block is called; default: its type")
    group.add_argument("--endpoint", metavar="URL", help="s3: of a store that is not Amazon's")
    group.add_argument("--region", metavar="NAME", help="s3, swift: the region")
    group.add_argument("--access-key", metavar="ID", help="s3: default: what boto3 finds")
    group.add_argument("--auth-url", metavar="URL", help="swift: of the auth service")
    group.add_argument("--user", metavar="NAME", help="swift, rackspace, http")
    group.add_argument("--tenant", metavar="NAME", help="swift: tenant or project")
    group.add_argument(
        "--login", choices=_LOGINS, help="http: what it asks for; default: as --user says, or none"
    )
    group.add_argument(
        "--secret-env", metavar="VARIABLE", help="where the agent finds the secret: env(VARIABLE)"
    )
    group.add_argument(
        "--secret-file", metavar="FILE", help="where the agent finds the secret: file(FILE)"
    )


def _about_the_service(group: Any) -> None:
    group.add_argument("--service", metavar="NAME", help="its name")
    group.add_argument("--bucket", metavar="NAME", help="s3, swift, rackspace: bucket or container")
    group.add_argument("--path", metavar="PATH", help="the artifact in the store, or on this host")
    group.add_argument("--url", metavar="URL", help="http: of the artifact")
    group.add_argument(
        "--destination", metavar="PATH", help="default: /srv/NAME, of others than root ~/NAME"
    )
    group.add_argument("--interval", metavar="TIME", help="between two checks; default: 30s")
    group.add_argument("--unit", metavar="UNIT", help="of systemd, restarted after an update")
    group.add_argument("--health-url", metavar="URL", help="must answer after an update")
    group.add_argument(
        "--turns", metavar="LOCK", help="one host at a time: none, consul, etcd, redis or file"
    )
    group.add_argument("--turns-at", metavar="ADDRESS", help="address, URL or folder of that")


def run(args: argparse.Namespace) -> int:
    """Ask, write, try, tell what comes next; 0, or 1 where the store has no good answer.

    Raises:
        UsageError: Something is not said, or in the way.
        ConfigError: What is there has faults, or nothing can be written.
    """
    try:
        return _run(args)
    except KeyboardInterrupt:
        say("\ninterrupted", sys.stderr)
        raise


def _run(args: argparse.Namespace) -> int:
    from dropship.cli.first import after, ask  # noqa: PLC0415 - only this command asks
    from dropship.cli.first.placing import Plan  # noqa: PLC0415 - as above
    from dropship.cli.first.present import look  # noqa: PLC0415 - as above

    path = args.config or DEFAULT
    present = look(path, working_directory())
    plan = Plan(present, args.force, args.force and args.service in present.renewable)
    _writable(present.main, present.services, path)
    around = _around(plan)
    answers = _known(_given(args), around)
    asked = None if args.defaults else ask.terminal()
    if asked is not None:
        say(
            "Enter takes what stands in brackets; Ctrl-C ends this, nothing is written then.",
            sys.stdout,
        )
    answers = ask.complete(answers, around, asked)
    placed = plan.placed(answers, around)
    _put(placed, path)
    good = args.no_check or after.tried(args, answers.service)
    for line in after.next_steps(args, answers.service, good=good):
        say(line, sys.stdout)
    return 0 if good else 1


def _given(args: argparse.Namespace) -> Any:
    from dropship.cli.first.answers import Answers  # noqa: PLC0415 - as in _run

    names = [one.name for one in fields(Answers) if one.name != "secret"]
    said: dict[str, Any] = {name: getattr(args, name) or "" for name in names}
    answers = Answers(**said)
    if answers.secret_file:
        answers = replace(answers, secret_file=str(working_directory() / answers.secret_file))
    if answers.store == "http" and not answers.login:
        has = answers.secret_env or answers.secret_file
        login = "password" if answers.user else "token" if has else ""
        answers = replace(answers, login=login)
    return answers


def _known(answers: Any, around: Any) -> Any:
    """The same, with the type of a store's block that is there already."""
    from dropship.cli.first import ask, judge  # noqa: PLC0415 - as in _run

    name = answers.repo
    kind = around.repos.get(name, answers.store)
    if name:
        ask.checked("--repo", judge.name, name)
    if answers.store not in ("", kind) or (name in around.repos and kind not in _STORES):
        raise UsageError(
            f'the repo "{name}" is of type {kind}',
            cure="give --store with that type, or another name with --repo",
        )
    return replace(answers, store=kind)


def _around(plan: Any) -> Any:
    from dropship.cli.first.question import Around  # noqa: PLC0415 - as in _run

    below = Path("/srv") if os.geteuid() == 0 else home(os.environ, os.geteuid())
    present = plan.present
    repos, locks = ({}, {}) if plan.fresh else (present.repos, present.locks)
    return Around(below, repos, locks, plan.secret, plan.taken)


def _writable(main: Path, services: Path, said: Path) -> None:
    """Before anybody answers a dozen questions in vain."""
    for folder in (main.parent, services):
        there = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
        if not there.is_dir():
            raise UsageError(f"{there} is no folder", cure="name another --config")
        if not os.access(there, os.W_OK | os.X_OK):
            own = home(os.environ, os.geteuid()) / ".config/dropship/dropship.hcl"
            cure = f"run it as root, or have a configuration of your own: --config {own}"
            raise ConfigError(f"{said}: nothing can be written to {there}", cure=cure)


def _put(placed: Any, path: Path) -> None:
    from dropship.cli.first.putting import put  # noqa: PLC0415 - as in _run

    with put(placed.steps):
        loaded = _sound(path)
    for line in placed.told:
        say(line, sys.stdout)
    _warn(loaded, placed.written)


def _sound(path: Path) -> Loaded:
    cwd = working_directory()
    loaded = load(path, environ=os.environ, cwd=cwd, euid=os.geteuid(), mode=Mode.WARN)
    if loaded.config is None:
        first = loaded.errors[0]
        hint = f" ({first.suggestion})" if first.suggestion else ""
        raise ConfigError(
            f"together with what is there that would not work: {first.message}{hint}",
            cure="nothing was changed; answer otherwise",
        )
    return loaded


def _warn(loaded: Loaded, written: frozenset[Path]) -> None:
    from dropship.cli.drawing import drawn  # noqa: PLC0415 - seldom needed

    cwd = working_directory()
    for one in loaded.diagnostics:
        if one.span is not None and cwd / one.span.source.name in written:
            say("\n" + drawn(one, loaded.masked, sys.stdout), sys.stdout)
