"""Does an agent run, does it answer, and is it the only one?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dropship import __version__
from dropship.agent import client
from dropship.agent.protocol import Request
from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.config.model import Config
from dropship.errors import DropshipError, StateError
from dropship.state.lock import agent_pid

_CHECK: Final = "agent"
_PATIENCE: Final = 5.0


def findings(config: Config, start: str) -> Iterator[Finding]:
    """Look at the locks that an agent holds, and ask it. ``start``: how one is started here."""
    try:
        pid, other = agent_pid(config.run_path), agent_pid(config.state_path)
    except StateError as error:
        yield warning(_CHECK, str(error.args[0]), cure=error.cure)
        return
    if other is not None and other != pid:
        yield failed(
            _CHECK,
            f"another agent (process {other}) uses this state_path, {config.state_path}",
            cure="stop that one, or give this one a state_path of its own",
        )
    if pid is None:
        yield warning(_CHECK, "no agent runs", cure=start)
        return
    yield _asked(config, pid)


def _asked(config: Config, pid: int) -> Finding:
    try:
        said = client.ask(config.run_path, Request("status"), timeout=_PATIENCE)["agent"]
    except DropshipError as error:
        return failed(_CHECK, str(error.args[0]), f"process {pid}", cure=error.cure)
    if said.get("configError"):
        return failed(
            _CHECK,
            f"works with an older configuration: {said['configError']}",
            f"process {pid}",
            cure="mend it, then dropship reload",
        )
    if said["version"] != __version__:
        return warning(
            _CHECK,
            f"is of version {said['version']}, this is {__version__}",
            f"process {pid}",
            cure="restart it",
        )
    return ok(_CHECK, f"runs since {said['since']}, version {said['version']}", f"process {pid}")
