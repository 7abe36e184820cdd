"""Pieces of the language in any order, as hypothesis thinks of them."""

from __future__ import annotations

import time

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.language import look
from tests.fuzz.run import Outcome
from tests.fuzz.texts import TOKENS

_ROUND = 1000
_TEXTS = st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), max_size=60).map("".join)


def pieces(number: int, seconds: float, inputs: int) -> Outcome:
    """Look at so many texts, or what can be done in the time; the first fault ends it."""
    seen = Outcome()
    began = time.monotonic()
    while seen.inputs < inputs and not seen.faults and time.monotonic() - began < seconds:
        _round(seen, number + seen.inputs, min(_ROUND, inputs - seen.inputs))
    seen.seconds = time.monotonic() - began
    return seen


def _round(seen: Outcome, number: int, inputs: int) -> None:
    @seed(number)
    @settings(max_examples=inputs, deadline=None, database=None, suppress_health_check=HealthCheck)
    @given(_TEXTS, st.booleans())
    def one(text: str, as_json: bool) -> None:
        start = time.monotonic()
        found = look("{" + text if as_json else text)
        seen.inputs += 1
        seen.accepted += not found
        seen.reasons.update(found)
        seen.slowest = max(seen.slowest, time.monotonic() - start)

    try:
        one()
    except Exception as error:  # noqa: BLE001 - whatever else it may be is what is looked for
        notes = " ".join(getattr(error, "__notes__", ()))
        seen.faults[number] = f"{type(error).__name__}: {error} {notes}"
