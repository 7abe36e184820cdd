"""Stores that artifacts come from: the Protocol, and nothing else.

A backend is a class with two class attributes, ``Options`` (keys of its ``repo`` block) and
``Location`` (keys of an ``artifact`` block that only it understands), both frozen dataclasses
made of ``option()`` fields. Its constructor takes an ``Options``, imports the SDK it needs and
builds a client, but talks to nobody: it runs before the fork, and children share its memory. One
with a method ``prepare(location)`` has that called then too, for each artifact: it may build what
asking for it takes, and likewise talks to nobody and raises nothing.

The path of a ``Location``, or its URL where it has one, is its *address*: what may hold
``{version}``, and what files of checksums stand beside. A ``Location`` with a method
``at(address)`` gives by it the location of another object of the same store; of others a copy
with another ``url`` or ``path`` is taken. A backend with a true class attribute ``local`` reads
from this host's own files, whose bytes need no proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from dropship.core.values import Md5, Token

if TYPE_CHECKING:
    from dropship.core.checksum import Checksum, Parts

LocationT_contra = TypeVar("LocationT_contra", contravariant=True)


class Found(NamedTuple):
    """What a store says of an artifact without its being downloaded.

    Attributes:
        token: Changed means look closer.
        source: The artifact's address without credentials, for people.
        name: Its file name, whose suffix may tell the format.
        size: Length in bytes where the store tells.
        content_type: The store's type for it, lower case without parameters, or empty.
        md5: What the bytes must hash to, where the store promises it.
        sha256: Likewise.
        checksums: What the bytes come to in other ways, where the store promises it, or somebody
            else does; only such as this host can compute.
        parts: The artifact was put there in parts, whose digests the store knows.
        version: What ``{version}`` stood for, if the path had it; the source fills it in.
        ref: Whatever the backend needs to ask for exactly this object again.
        own: The store's own token, where ``token`` has more in it; the source fills it in.
    """

    token: Token
    source: str
    name: str
    size: int | None = None
    content_type: str = ""
    md5: Md5 | None = None
    sha256: str | None = None
    checksums: tuple[Checksum, ...] = ()
    parts: Parts | None = None
    version: str | None = None
    ref: str = ""
    own: Token | None = None

    @property
    def promised(self) -> bool:
        """The store says what the bytes come to, and not only how many they are."""
        return bool(self.md5 or self.sha256 or self.checksums or self.parts)


class Body(Protocol):
    """The bytes of an artifact, on their way."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer`` as far as bytes are at hand; 0 at the end of the stream.

        Raises:
            RepoError: The connection broke, stalled, or ended short of the promised length.
        """

    def close(self) -> None:
        """Let go of the connection, wherever the stream is."""


class Repo(Protocol[LocationT_contra]):
    """A store.

    Every method may block for seconds (connect 5 s, read 10 s), ``open`` for ``stallTimeout``, and
    again if it tries once more, never longer; each turns what its SDK raises into ``RepoError``
    (``permanent`` where waiting will not help: wrong credentials, no such bucket, no such object),
    with the cure in words.
    """

    def find(self, location: LocationT_contra) -> Found:
        """Ask what the artifact is now; costs one cheap request (HEAD, stat).

        Raises:
            MissingError: It has no such artifact.
            RepoError: The store could not be asked.
        """

    def open(self, location: LocationT_contra, found: Found, offset: int = 0) -> Body:
        """Open exactly the object that ``find`` saw, from ``offset`` on.

        Raises:
            MovedError: It is another object by now.
            RepoError: The store could not be asked.
        """

    def names(self, location: LocationT_contra, folder: str, begins: str) -> Iterator[str]:
        """What stands in a folder of the store, page by page.

        ``folder`` is an address that ends with a slash, or empty; only names that begin with
        ``begins`` are wanted, and others may come too. Names are those of one level, as they stand
        in an address, folders with a slash at their end. A folder that is not there is empty.

        Raises:
            RepoError: The store could not be asked, or cannot list.
        """

    def close(self) -> None:
        """Give back connections."""
