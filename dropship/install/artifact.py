"""What the install engine wants to know of an ``artifact`` block; ``config.model`` has all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from dropship.core.values import Duration, Size


class Artifact(Protocol):
    """An artifact as it is configured; each is described at ``config.model.ArtifactConfig``."""

    @property
    def repo(self) -> Any: ...  # noqa: D102 - see the class
    @property
    def location(self) -> Any: ...  # noqa: D102 - see the class
    @property
    def destination(self) -> Path: ...  # noqa: D102 - see the class
    @property
    def format(self) -> str: ...  # noqa: D102 - see the class
    @property
    def content_type(self) -> str: ...  # noqa: D102 - see the class
    @property
    def md5(self) -> str: ...  # noqa: D102 - see the class
    @property
    def sha256(self) -> str: ...  # noqa: D102 - see the class
    @property
    def release_path(self) -> Path | None: ...  # noqa: D102 - see the class
    @property
    def shared(self) -> tuple[str, ...]: ...  # noqa: D102 - see the class
    @property
    def strip_components(self) -> int: ...  # noqa: D102 - see the class
    @property
    def owner(self) -> str: ...  # noqa: D102 - see the class
    @property
    def group(self) -> str: ...  # noqa: D102 - see the class
    @property
    def mode(self) -> str: ...  # noqa: D102 - see the class
    @property
    def keep_modes(self) -> bool: ...  # noqa: D102 - see the class
    @property
    def symlinks_to(self) -> tuple[str, ...]: ...  # noqa: D102 - see the class
    @property
    def max_size(self) -> Size: ...  # noqa: D102 - see the class
    @property
    def max_entries(self) -> int: ...  # noqa: D102 - see the class
    @property
    def max_ratio(self) -> int: ...  # noqa: D102 - see the class
    @property
    def stage_timeout(self) -> Duration: ...  # noqa: D102 - see the class
