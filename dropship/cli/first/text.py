"""Answers → the text of blocks, with comments for who reads them later; in canonical form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dropship.cli.first.answers import Answers
from dropship.cli.first.hcl import canonical, listed, quoted
from dropship.cli.first.question import Around

_MAIN: Final = """\
# The configuration of Dropship, begun by dropship init.
# dropship validate checks it; dropship schema lists every key there is.
"""

_SERVICE: Final = """\
# A service of Dropship, begun by dropship init.
# dropship validate checks it; dropship schema lists every key there is.
"""

_HOOKS_HINT: Final = """
# What else is to be done around the switch, with a shell's words:
#   before "script" { command = "..." }
#   after "script" { command = "..." }
"""


def main_file(answers: Answers, around: Around, secret: Path | None, *, whole: bool) -> str:
    """A main file; ``whole``: with the service in it. ``secret``: the file of one that was typed."""
    parts = [_MAIN, stores_and_locks(answers, around, secret)]
    parts += [_service(answers, around)] if whole else []
    return canonical("\n".join(filter(None, parts)))


def service_file(answers: Answers, around: Around) -> str:
    """A file with nothing but the service."""
    return canonical(f"{_SERVICE}\n{_service(answers, around)}")


def stores_and_locks(answers: Answers, around: Around, secret: Path | None) -> str:
    """The blocks that belong in the main file and are not there yet; empty if there are none."""
    blocks = ("\n".join(one) for one in (_repo(answers, around, secret), _lock(answers, around)))
    said = "\n\n".join(filter(None, blocks))
    return canonical(said) if said else ""


def _repo(answers: Answers, around: Around, secret: Path | None) -> Iterator[str]:
    if around.known(answers) or not answers.needs_repo:
        return
    lines = [*_type(answers.repo, answers.store), *_store_keys(answers), *_secret(answers, secret)]
    yield "# The store that artifacts come from."
    yield _block("repo", answers.repo or answers.store, lines)


def _type(name: str, kind: str) -> Iterator[str]:
    if name not in ("", kind):
        yield f"type = {quoted(kind)}"


def _store_keys(answers: Answers) -> Iterator[str]:
    keys = {
        "s3": (
            ("endpoint", answers.endpoint),
            ("region", answers.region),
            ("accessKey", answers.access_key),
        ),
        "swift": (
            ("authUrl", answers.auth_url),
            ("user", answers.user),
            ("tenant", answers.tenant),
            ("region", answers.region),
        ),
        "rackspace": (("user", answers.user),),
        "http": (("url", _origin(answers.url)), ("user", answers.user)),
        "file": (),
    }[answers.store]
    return (f"{key} = {quoted(value)}" for key, value in keys if value)


_SECRET_KEYS: Final = {"s3": "secret", "swift": "key", "rackspace": "key"}


def _secret(answers: Answers, typed: Path | None) -> Iterator[str]:
    if not answers.needs_secret:
        return
    key = _SECRET_KEYS.get(answers.store, "bearer" if answers.login == "token" else "password")
    if answers.secret_env:
        yield "# From the environment of the agent."
        yield f"{key} = env({quoted(answers.secret_env)})"
    else:
        yield "# What stands in a file that nobody but the agent's user can read."
        yield f"{key} = file({quoted(str(typed or answers.secret_file))})"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


_LOCK_KEYS: Final = {"consul": "address", "etcd": "endpoints", "redis": "url", "file": "path"}


def _lock(answers: Answers, around: Around) -> Iterator[str]:
    if answers.turns == "none" or answers.turns in around.locks:
        return
    yield "# Where hosts take turns: one updates, the others wait."
    key, at = _LOCK_KEYS[answers.turns], answers.turns_at
    value = listed(at.split(",")) if answers.turns == "etcd" else quoted(at)
    yield _block("lock", answers.turns, [f"{key} = {value}"] if at else [])


def _service(answers: Answers, around: Around) -> str:
    lines = [
        "# How often the store is asked. A random tenth is added, so that hosts spread.",
        f"checkInterval = {quoted(answers.interval)}",
        *_turns(answers, around),
        "",
        *_artifact(answers, around),
        *_restart(answers),
        *_health(answers),
    ]
    return _block("service", answers.service, lines)


def _turns(answers: Answers, around: Around) -> Iterator[str]:
    if answers.turns == "none":
        return
    yield "\n# One host at a time."
    yield "sequentialUpdates = true"
    if {*around.locks} - {answers.turns}:
        yield f"lock = {quoted(answers.turns)}"


def _artifact(answers: Answers, around: Around) -> Iterator[str]:
    written = around.known(answers) or answers.needs_repo
    name = (answers.repo if written else "") or answers.store
    lines = [f"bucket = {quoted(answers.bucket)}"] if answers.bucket else []
    if answers.path:
        lines.append(f"path = {quoted(answers.path)}")
    if answers.url:
        lines.append(f"url = {quoted(_url(answers, around))}")
    lines += [
        "# A symlink that always leads to a whole release.",
        f"destination = {quoted(answers.destination)}",
    ]
    yield "# Where it comes from, and where it goes."
    yield _block("artifact", name, lines)


def _url(answers: Answers, around: Around) -> str:
    """Below the store's own address, where we write that: a login is for that address only."""
    if not answers.needs_repo or around.known(answers):
        return answers.url
    return answers.url[len(_origin(answers.url)) :]


def _restart(answers: Answers) -> Iterator[str]:
    if not answers.unit:
        yield _HOOKS_HINT
        return
    yield "\n# What runs it starts anew, with the new release in place."
    yield _block("after", "systemd", [f"unit = {quoted(answers.unit)}", 'action = "restart"'])


def _health(answers: Answers) -> Iterator[str]:
    if answers.health_url:
        yield "\n# Has to answer within that time, or the old release comes back by itself."
        lines = [f"url = {quoted(answers.health_url)}", 'within = "60s"']
        yield _block("health", "http", lines)


def _block(kind: str, name: str, lines: list[str]) -> str:
    return "\n".join([f"{kind} {quoted(name)} {{", *lines, "}"])
