"""What a running agent may need besides what it has loaded anyway.

Between its start and its end an agent loads nothing: by then the package on disk may be another
version's. What is seldom needed is loaded late everywhere else, and here for all its life. Left out
is only what a backend that no service uses yet would load of other packages: who reloads a
configuration that names S3 for the first time has boto3 loaded then.
"""

from __future__ import annotations

import importlib
from typing import Final

from dropship.plugins import BUILT_IN

_SELDOM: Final = (
    # A reload that is refused.
    "dropship.config.fooled",
    "dropship.config.homes",
    "dropship.config.masks",
    "dropship.config.mentions",
    "dropship.hcl.excerpt",
    "dropship.hcl.inside",
    "dropship.hcl.recovery",
    "dropship.hcl.scan",
    "difflib",
    "importlib.metadata",
    "json",
    "unicodedata",
    # A reload that is not.
    "dropship.core.format",
    "dropship.core.shared",
    "dropship.exec.leash",
    "dropship.exec.shell",
    "dropship.lockers.patience",
    "dropship.net.session",
    "dropship.repos.http_client",
    "ipaddress",
    "pwd",
    "tempfile",
)


def load() -> None:
    """Load all of it."""
    backends = (target for kind in BUILT_IN.values() for target in kind.values())
    for name in (*_SELDOM, *(target.partition(":")[0] for target in backends)):
        importlib.import_module(name)
