"""How long to wait before asking again: often at first, seldom once it is clear that it takes long.

An agent forks for each question, so asking it a hundred times a second takes a processor from the
tests that run beside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

_SHORTEST = 0.01
_LONGEST = 0.1
_SHARE = 0.1


def tries(seconds: float) -> Iterator[None]:
    """One after the other until ``seconds`` are over.

    A pause between two is a tenth of what has been waited already, within bounds.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < seconds:
        yield
        time.sleep(min(max(_SHORTEST, waited * _SHARE), _LONGEST))
