"""Which blocks there are, where each may stand, and which dataclasses declare its keys.

Says for ``schema`` what ``decode``, ``service`` and their like do; a test writes every key where
it is listed and has the decoder read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from dropship.config import model
from dropship.plugins import Kind

MAIN: Final = "mainFile"
SERVICES: Final = "serviceFile"


class Times(Enum):
    """How often a block may stand in one place."""

    ONCE = "once"
    AT_MOST_ONCE = "at most once"
    ANY = "any number"


@dataclass(frozen=True, slots=True)
class Label:
    """What stands in quotes behind the block's name: NAME, REPO or TYPE, and what that means."""

    name: str
    doc: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A block, or a file.

    Attributes:
        title: Blocks of one title are told together.
        within: The blocks and files it may stand in.
        classes: The dataclasses that declare its own keys.
        optional: None of its keys is required, whatever those declare.
        kind: The kind of backend that adds keys of its own, if any; ``attribute`` is where that
            declares them, ``chosen_by`` what says which backend it is.
        only: The one backend that it can be, where it has no choice.
        deprecated: What to write instead; empty where nothing is wrong with it.
    """

    name: str
    title: str
    doc: str
    within: tuple[str, ...] = ()
    label: Label | None = None
    times: Times = Times.ANY
    classes: tuple[type, ...] = ()
    optional: bool = False
    kind: Kind | None = None
    attribute: str = "Options"
    chosen_by: str = ""
    only: str = ""
    deprecated: str = ""


FILES: Final = (
    Plan(
        MAIN,
        "Main file",
        "The file (or folder of files) that `--config` names: `/etc/dropship.d/dropship.hcl`.",
        classes=(model.Config,),
    ),
    Plan(
        SERVICES,
        "Service file",
        "A `*.hcl` or `*.json` file in the folder `service_path`; it holds services and nothing else.",
    ),
)

_NAMED: Final = "its name, and its type unless the key `type` says another"
_HOOK: Final = Plan(
    "",
    "Hooks",
    "",
    within=("service", "defaults"),
    label=Label("TYPE", "what kind of hook it is"),
    classes=(model.HookConfig, model.FailureRule),
    kind=Kind.HOOK,
    chosen_by="label",
)

PLANS: Final = (
    Plan(
        "repo",
        "Stores",
        "A store that artifacts come from.",
        within=(MAIN,),
        label=Label("NAME", _NAMED),
        classes=(model.TypeChoice,),
        kind=Kind.REPO,
        chosen_by="type",
    ),
    Plan(
        "rackspace",
        "Rackspace",
        'The Go tool\'s first form of `repo "rackspace"`, with the same keys.',
        within=(MAIN,),
        times=Times.AT_MOST_ONCE,
        kind=Kind.REPO,
        only="rackspace",
        deprecated='repo "rackspace" { … }',
    ),
    Plan(
        "lock",
        "Locks",
        "Where turns are taken.",
        within=(MAIN,),
        label=Label("NAME", _NAMED),
        classes=(model.TypeChoice, model.LockConfig),
        kind=Kind.LOCK,
        chosen_by="type",
    ),
    Plan(
        "defaults",
        "Defaults",
        "What holds for every service (and hook) that does not say it itself. Hooks and health "
        "checks in it run after the service's own.",
        within=(MAIN,),
        times=Times.AT_MOST_ONCE,
        classes=(model.ServiceConfig, model.LockChoice, model.FailureRule),
        optional=True,
    ),
    Plan(
        "worker",
        "Worker",
        "Limits of the process that serves a service: its own, else that of `defaults`, else the "
        "main file's.",
        within=(MAIN, "defaults", "service"),
        times=Times.AT_MOST_ONCE,
        classes=(model.WorkerLimits,),
    ),
    Plan(
        "service",
        "Service",
        "Something that is kept up to date.",
        within=(MAIN, SERVICES),
        label=Label("NAME", "its name, which no other service has"),
        classes=(model.ServiceConfig, model.LockChoice),
    ),
    Plan(
        "artifact",
        "Artifact",
        "What a service is deployed from.",
        within=("service",),
        label=Label("REPO", "a `repo` block's name, or the type of a store that needs no block"),
        times=Times.ONCE,
        classes=(model.ArtifactConfig,),
        kind=Kind.REPO,
        attribute="Location",
        chosen_by="repo",
    ),
    replace(
        _HOOK,
        name="before",
        doc="Runs right before the switch; everything is downloaded and unpacked by then.",
    ),
    replace(_HOOK, name="after", doc="Runs right after the switch."),
    replace(
        _HOOK,
        name="failed",
        doc="Runs once at the end of an update that failed after its hooks had begun.",
    ),
    Plan(
        "health",
        "Health checks",
        "Must hold after the `after` hooks, or the update is taken back.",
        within=("service", "defaults"),
        label=Label("TYPE", "what kind of check it is"),
        classes=(model.HealthConfig,),
        kind=Kind.HEALTH,
        chosen_by="label",
    ),
)
"""In the order in which they are told."""
