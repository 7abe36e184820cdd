"""The typed configuration: what ``decode`` makes and everybody else reads.

The fields of these dataclasses are the keys of a configuration file; their ``option()`` says how
each is written. Values of a backend's own keys stand in its own dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dropship.core.option import option
from dropship.core.values import Duration, Md5, Secret, Share, Size

OnFailure = Literal["abort", "continue"]


@dataclass(frozen=True, slots=True)
class RepoConfig:
    """A ``repo`` block, or a store that needs none. ``options``: the backend's ``Options``."""

    name: str
    type: str
    options: Any


@dataclass(frozen=True, slots=True)
class LockConfig:
    """A ``lock`` block, or the turns on this host that stand in for one."""

    name: str
    type: str
    options: Any
    per_service: bool = option(
        False, doc="One turn for each service instead of one over all services of the lock."
    )


@dataclass(frozen=True, slots=True)
class LockChoice:
    """The key by which a service names its lock; ``ServiceConfig.lock`` is what it means."""

    lock: str = option("", doc="Which `lock` block; default: the only one.")


@dataclass(frozen=True, slots=True)
class FailureRule:
    """The key of a hook whose default depends on its type; also in ``defaults``."""

    on_failure: OnFailure | None = option(
        None, doc="`abort` (default of those that do something) or `continue` (of those that tell)."
    )


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """A ``worker`` block."""

    memory: Size | None = option(
        None, least=1, doc="A worker that grows past this is killed and restarted."
    )
    nofile: int | None = option(None, least=1, doc="How many files a worker may have open.")


@dataclass(frozen=True, slots=True)
class ArtifactConfig:
    """An ``artifact`` block. ``location``: the repo backend's own keys (its ``Location``)."""

    repo: RepoConfig
    location: Any
    destination: Path = option(
        doc="The symlink (or, for a single file, the name) that is switched."
    )
    format: str = option("auto", doc="`auto`, `file`, `tar`, `tar.gz`, …: what the artifact is.")
    content_type: str = option(
        "",
        key="content-type",
        aliases=("type",),
        doc="Overrides the store's type, and decides the format.",
    )
    md5: str = option("", doc="The md5 the artifact must have.")
    sha256: str = option("", doc="The sha256 the artifact must have.")
    keep_releases: int = option(5, doc="Successful releases to keep besides the current one.")
    release_path: Path | None = option(
        None, doc="Where releases are kept; default: `.dropship/NAME` beside the destination."
    )
    shared: tuple[str, ...] = option(
        (), doc="Paths in the release that outlive it: kept apart, linked into every release."
    )
    strip_components: int = option(0, doc="Leading parts to drop from every entry's name.")
    owner: str = option("", doc="User that the files belong to; default: the agent's.")
    group: str = option(
        "", doc="Group that the files belong to; default: the owner's own, else the agent's."
    )
    mode: str = option("", doc="Permission bits of a single file; default: 0644 less the umask.")
    keep_modes: bool = option(False, doc="Keep group and world write bits of the archive.")
    symlinks_to: tuple[str, ...] = option(
        (), doc="Prefixes that absolute symlinks in the archive may point to."
    )
    max_size: Size = option(Size(20 << 30), least=1, doc="Most bytes an archive may unpack to.")
    max_entries: int = option(250_000, least=1, doc="Most entries an archive may have.")
    max_ratio: int = option(200, least=1, doc="Most unpacked bytes for each packed byte.")
    stage_timeout: Duration = option(
        Duration.of(3600), least=1, doc="Longest time to download and unpack."
    )


@dataclass(frozen=True, slots=True)
class HookConfig:
    """A ``before``, ``after`` or ``failed`` block. ``options``: the backend's ``Options``.

    ``on_failure`` is resolved (the type's default where it is not written); ``abort_written``
    says that ``abort`` was written out, which counts on a first install.
    """

    type: str
    options: Any
    on_failure: OnFailure
    abort_written: bool
    timeout: Duration = option(Duration.of(300), least=1, doc="How long the hook may take.")
    retries: int = option(0, doc="How often to try again before it counts as failed.")


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """A ``health`` block. ``options``: the backend's ``Options``."""

    type: str
    options: Any
    within: Duration = option(
        Duration.of(60), least=1, doc="The check must hold before this is over."
    )
    interval: Duration = option(Duration.of(1), least=1, doc="Time between two looks.")
    successes: int = option(1, least=1, doc="How many looks in a row must be good.")
    timeout: Duration = option(Duration.of(5), least=1, doc="How long one look may take.")
    hold_for: Duration = option(Duration(0), doc="How long it must stay good after that.")


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """A ``service`` block."""

    name: str
    artifact: ArtifactConfig
    lock: LockConfig | None
    before: tuple[HookConfig, ...]
    after: tuple[HookConfig, ...]
    failed: tuple[HookConfig, ...]
    health: tuple[HealthConfig, ...]
    worker: WorkerLimits
    check_interval: Duration = option(least=1, doc="Time between two checks.")
    splay: Duration | None = option(
        None, doc="Most random delay added to a check; default: a tenth of the interval."
    )
    sequential_updates: bool = option(False, doc="Take turns: one host at a time.")
    max_parallel: int = option(1, least=1, doc="How many hosts may update at a time.")
    update_ttl: Duration = option(
        Duration(0), key="updateTTL", doc="Keep the turn this long after a success."
    )
    hash: Md5 | None = option(None, doc="The md5 taken as installed when there is no state yet.")
    pre_command: str = option(
        "", doc="Command before the `before` hooks.", deprecated='before "script" { command = … }'
    )
    post_command: str = option(
        "", doc="Command after the `after` hooks.", deprecated='after "script" { command = … }'
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Everything: the main file and all its services.

    ``main`` is the file or folder it was read from; ``environ_read`` names the variables that
    ``env()`` read, which hooks must not see; ``secrets`` are those of blocks that nothing uses,
    too. Paths are absolute.
    """

    main: Path
    services: tuple[ServiceConfig, ...]
    environ_read: frozenset[str]
    secrets: frozenset[Secret] = frozenset()
    service_path: Path | None = option(
        None,
        key="service_path",
        doc="Folder of service files; default: `services` beside this file.",
    )
    state_path: Path = option(doc="State, journal, history, locks.", key="state_path")
    run_path: Path = option(doc="What the agent publishes of itself, and its lock.", key="run_path")
    min_free: Share = option(
        Share(fraction=0.05), doc="Staging that would leave less free space is put off."
    )
    max_stagings: int = option(2, least=1, doc="Updates that download and unpack at the same time.")
    watchdog: Duration = option(
        Duration.of(60), least=1, doc="A worker silent for longer is restarted."
    )
    stop_timeout: Duration = option(
        Duration.of(90), least=1, doc="How long a stop waits for an update to finish."
    )
    socket_group: str = option(
        "dropship", doc="Group that may use the control socket besides root."
    )
