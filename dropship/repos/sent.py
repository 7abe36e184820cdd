"""What a store sent of an artifact, held against what was found and asked for."""

from __future__ import annotations

from dropship.errors import MovedError, RepoError
from dropship.net import lengths
from dropship.net.lengths import Part
from dropship.repos import Found


def left(found: Found, part: Part, sent: int | None, offset: int) -> int | None:
    """How many bytes are to come, from the beginning of ``part`` on; None where nobody knows.

    ``sent``: how long the answer says that it is, if it does.

    Raises:
        MovedError: The artifact is not as long as it was.
        RepoError: It is a part from behind ``offset``.
    """
    if part.begins > offset:
        raise RepoError(f"{found.source}: the store sent another part than asked for")
    total = part.total if part is not lengths.WHOLE else sent
    if found.size is not None and total not in {None, found.size}:
        raise MovedError(f"{found.source}: {total} bytes are sent, and {found.size} were announced")
    return None if found.size is None else found.size - part.begins
