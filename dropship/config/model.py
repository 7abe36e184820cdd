"""The typed configuration: what ``decode`` makes and everybody else reads.

The fields of these dataclasses are the keys of a configuration file; their ``option()`` says how
each is written. Values of a backend's own keys stand in its own dataclass.

Annotations are no texts here, as they are elsewhere: whoever reads a configuration needs the types
at once, and to make them of texts takes longer.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dropship.core.option import option
from dropship.core.values import Duration, Md5, Secret, Share, Size

# As ``core.version.Order``; a test keeps them equal.
VersionOrder = Literal["semver", "natural", "date"]
OnFailure = Literal["abort", "continue"]
# What ``core.format`` knows, in words that need no import of it; a test keeps them equal.
FormatName = Literal["auto", "file", "gz", "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "zip"]


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """The key by which a ``repo`` or ``lock`` block says what it is, if its name does not."""

    type: str = option("", otherwise="the block's name", doc="Which type it is.")


@dataclass(frozen=True, slots=True)
class RepoConfig:
    """A ``repo`` block, or a store that needs none. ``options``: the backend's ``Options``."""

    name: str
    type: str
    options: Any


@dataclass(frozen=True, slots=True)
class LockConfig:
    """A ``lock`` block; or what stands in for one where there is none (``stands_in``)."""

    name: str
    type: str
    options: Any
    stands_in: bool = False
    per_service: bool = option(
        False, doc="One turn for each service instead of one over all services of the lock."
    )


@dataclass(frozen=True, slots=True)
class LockChoice:
    """The key by which a service names its lock; ``ServiceConfig.lock`` is what it means."""

    lock: str = option("", otherwise="the only `lock` block", doc="Where turns are taken.")


@dataclass(frozen=True, slots=True)
class FailureRule:
    """The key of a hook whose default depends on its type; also in ``defaults``."""

    on_failure: OnFailure | None = option(
        None,
        otherwise="`abort`; of hooks that only tell somebody, `continue`",
        doc="Whether a failure ends the update or is passed with a warning.",
    )


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """A ``worker`` block."""

    memory: Size | None = option(
        None,
        least=1,
        otherwise="no limit",
        doc="A worker that grows past this is ended and started again.",
    )
    nofile: int | None = option(
        None, least=1, otherwise="the agent's", doc="How many files a worker may have open."
    )


@dataclass(frozen=True, slots=True)
class ArtifactConfig:
    """An ``artifact`` block. ``location``: the repo backend's own keys (its ``Location``)."""

    repo: RepoConfig
    location: Any
    destination: Path = option(doc="The symlink that is switched, to a folder or to a single file.")
    format: FormatName = option(
        "auto", doc="What the artifact is; `auto` looks at its name, type and first bytes."
    )
    content_type: str = option(
        "",
        key="content-type",
        aliases=("type",),
        otherwise="the store's",
        doc="Overrides the store's type, and decides the format.",
    )
    md5: str = option("", doc="The md5 the artifact must have.")
    sha256: str = option("", doc="The sha256 the artifact must have.")
    version: str = option(
        "",
        otherwise="any but pre-releases",
        doc="Which versions are wanted, the newest of them first, where `{version}` stands in the "
        'path: `"~> 2.1"`, `">= 1.0, < 3"`, `"2.*"`.',
    )
    version_order: VersionOrder = option(
        "semver", doc="How versions are ordered: by number, as text with numbers, by day."
    )
    allow_downgrade: bool = option(
        False, doc="An older version is installed too, where it is the newest that is wanted."
    )
    checksum: Literal["sidecar"] | None = option(
        None,
        otherwise="what the store itself promises",
        doc="With `sidecar` a file of checksums must stand beside the artifact, and hold: its name "
        "with `.sha256`, `.sha512` or `.md5` behind it, or `SHA256SUMS` and its like in the folder.",
    )
    keep_releases: int = option(5, doc="Releases that worked to keep besides the current one.")
    release_path: Path | None = option(
        None,
        otherwise="`.dropship/NAME` beside the destination, NAME being the service's",
        doc="Where releases are kept.",
    )
    shared: tuple[str, ...] = option(
        (), doc="Paths in the release that outlive it: kept apart, linked into every release."
    )
    strip_components: int = option(0, doc="Leading parts to drop from every name in the archive.")
    owner: str = option(
        "",
        otherwise="the agent's user",
        doc="User that the files belong to, by name or number; takes root.",
    )
    group: str = option(
        "",
        otherwise="the owner's own, else the agent's",
        doc="Group that the files belong to, by name or number.",
    )
    mode: str = option(
        "",
        otherwise="0644 less the umask",
        doc='Permission bits of a single file, such as `"0755"`.',
    )
    keep_modes: bool = option(False, doc="Keep group and world write bits of the archive.")
    symlinks_to: tuple[str, ...] = option(
        (), doc="Prefixes that absolute symlinks in the archive may lead to."
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
        None,
        otherwise="a tenth of the interval",
        doc="Most random delay added to a check, so that hosts spread.",
    )
    sequential_updates: bool = option(False, doc="Take turns: one host at a time.")
    max_parallel: int = option(
        1,
        least=1,
        doc="How many hosts may hold a turn at a time; above 1 needs `perService` of the lock.",
    )
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
        otherwise="`services` beside the main file",
        doc="Folder of `*.hcl` and `*.json` files with `service` blocks.",
    )
    state_path: Path = option(
        key="state_path",
        otherwise="`/var/lib/dropship`; of others than root `$XDG_STATE_HOME/dropship`",
        doc="State, journal, history, turns on this host.",
    )
    run_path: Path = option(
        key="run_path",
        otherwise="`/run/dropship`; of others than root `$XDG_RUNTIME_DIR/dropship`",
        doc="What only matters while an agent runs: its socket, its lock.",
    )
    min_free: Share = option(
        Share(fraction=0.05), doc="Staging that would leave less space free is put off."
    )
    max_stagings: int = option(
        2,
        least=1,
        doc="Updates that download and unpack at the same time on this host; others wait.",
    )
    watchdog: Duration = option(
        Duration.of(60), least=1, doc="A worker silent for longer is ended and started again."
    )
    stop_timeout: Duration = option(
        Duration.of(90), least=1, doc="How long a stop waits for an update to finish."
    )
    socket_group: str = option(
        "dropship", doc="Group that may talk to the agent besides root, if there is one."
    )
