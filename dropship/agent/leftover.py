"""What a worker leaves behind that was killed and has no successor: the hook or check that it ran.

A successor waits for those (see ``deploy.hooks.await_leftover``); at the agent's end there is
none, and when that was reached by force the hook's time is over, too.
"""

from __future__ import annotations

from pathlib import Path

from dropship.exec import groups
from dropship.state.store import Store


def kill_hook(state_path: Path, service: str) -> bool:
    """Kill the group of the hook or check that ran; False if none does.

    Raises:
        StateError: Its mark cannot be read.
    """
    mark = Store.of(state_path, service).hook_read()
    return mark is not None and mark.group is not None and groups.kill(mark.group)
