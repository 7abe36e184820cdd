"""Where one service's artifact comes from: a store, and the place in it."""

from __future__ import annotations

from typing import Any

from dropship.repos import Body, Found, Repo


class Source:
    """One artifact of a store."""

    def __init__(self, repo: Repo[Any], location: Any) -> None:
        self._repo = repo
        self._location = location
        self.local = bool(getattr(repo, "local", False))

    def prepare(self) -> None:
        """Build what asking takes, for those who share this memory; talks to nobody."""
        if prepare := getattr(self._repo, "prepare", None):
            prepare(self._location)

    def find(self) -> Found:
        """What the artifact is now.

        Raises:
            RepoError: The store could not be asked, or has no such artifact.
        """
        return self._repo.find(self._location)

    def open(self, found: Found, offset: int = 0) -> Body:
        """The bytes of exactly what ``find`` saw, from ``offset`` on.

        Raises:
            MovedError: It is another by now.
            RepoError: The store could not be asked.
        """
        return self._repo.open(self._location, found, offset)
