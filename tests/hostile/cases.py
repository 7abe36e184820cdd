"""All cases."""

from __future__ import annotations

from tests.hostile import bombs, headers, kinds, links, names, streams, zips
from tests.hostile.case import Case

CASES: list[Case] = [
    *names.CASES,
    *links.CASES,
    *kinds.CASES,
    *headers.CASES,
    *streams.CASES,
    *zips.CASES,
    *bombs.CASES,
]
