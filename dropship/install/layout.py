"""Where a service's releases, staging and lock are on disk; see update.md, "On disk"."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dropship.install.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one service; absolute paths.

    Attributes:
        destination: The symlink that is switched.
        root: The service's own folder, ``.dropship/NAME`` beside it or ``releasePath``.
    """

    destination: Path
    root: Path

    @classmethod
    def of(cls, artifact: Artifact, service: str) -> Layout:
        """The layout that an artifact's configuration asks for."""
        own = artifact.release_path or artifact.destination.parent / ".dropship" / service
        return cls(destination=artifact.destination, root=own)

    @property
    def releases(self) -> Path:
        """Whole releases, and ``NAME.json`` beside each."""
        return self.root / "releases"

    @property
    def staging(self) -> Path:
        """What is not whole (yet, or any more); 0700, emptied by the sweep."""
        return self.root / "staging"

    @property
    def shared(self) -> Path:
        """What outlives releases."""
        return self.root / "shared"

    @property
    def lock(self) -> Path:
        """Held by whoever drives the service."""
        return self.root / "lock"

    @property
    def adopting(self) -> Path:
        """A symlink that names the adoption under way where two steps are needed for it."""
        return self.root / "adopting"

    @property
    def sharing(self) -> Path:
        """A symlink that names what is being moved to ``shared`` where two steps are needed."""
        return self.root / "sharing"

    @property
    def new_link(self) -> Path:
        """The next link, for the instant before it is renamed over the destination."""
        return self.destination.with_name(f".{self.destination.name}.dropship-new")

    def release(self, name: str) -> Path:
        """A release's tree (or file)."""
        return self.releases / name

    def card(self, name: str) -> Path:
        """What is known of a release: its ``.json``."""
        return self.releases / f"{name}.json"
