"""Services as far as they could be read: what the rules over all of them look at.

A service that is at fault has no ``ServiceConfig``, but its destination may collide all the same:
all faults of a configuration are shown at once, not one after the other is mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dropship.config.body import Body
from dropship.config.model import HealthConfig, HookConfig
from dropship.core.values import Duration
from dropship.hcl.ast import Span


class Stored(NamedTuple):
    """Where the ``file`` store finds an artifact, and its ``root`` if it has one."""

    path: Path
    root: Path | None


class Claims(NamedTuple):
    """What is said of an artifact's format: ``format``, ``content-type``, its name; or empty."""

    format: str = ""
    content_type: str = ""
    name: str = ""


class Sketch(NamedTuple):
    """A service; what is not written, or could not be read, is None or empty.

    Attributes:
        header: Of its block.
        spans: Where its keys stand, and the values of its artifact's keys, by folded key.
        hooks, health: Those that are sound.
    """

    name: str
    header: Span
    spans: Mapping[str, Span]
    destination: Path | None = None
    release_path: Path | None = None
    owner: str = ""
    group: str = ""
    stored: Stored | None = None
    claims: Claims = Claims()
    hooks: tuple[HookConfig, ...] = ()
    health: tuple[HealthConfig, ...] = ()

    def at(self, key: str) -> Span:
        """Where the service has a (folded) key, else its header."""
        return self.spans.get(key, self.header)

    @property
    def unpacked(self) -> bool:
        """Whether its artifact is an archive for certain; else it is a file, or may be one."""
        from dropship.core.format import (  # noqa: PLC0415 - only where a command is fooled
            AUTO,
            Format,
            declared,
        )

        said, content_type, name = self.claims
        form = declared(said or AUTO, content_type, name)
        return form not in (None, Format.FILE, Format.GZ)


class Script(NamedTuple):
    """A block that runs a command.

    Attributes:
        body: The block.
        owner: The header of the service, or of ``defaults``, that it stands in.
        key: Which of its keys has the command, folded.
        kind: ``hook``, ``health``, or ``words`` for a command without a shell.
        user: Whom a hook runs as; empty for the agent's own account.
        environ: What it is given besides.
    """

    body: Body
    owner: Span
    key: str = "command"
    kind: str = "hook"
    user: str = ""
    environ: Mapping[str, str] = {}


class Frame(NamedTuple):
    """What of the main file the rules need.

    Attributes:
        own: The agent's own paths by what they are called.
        stop_timeout: As it is written; None where it is not.
        socket_group: Likewise, with its place.
    """

    own: Mapping[str, Path]
    stop_timeout: Duration | None
    socket_group: tuple[str, Span] | None = None
