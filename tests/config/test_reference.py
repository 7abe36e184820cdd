"""The page about the schema, word by word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dropship.config.reference import entry, reference
from dropship.config.schema import Key, Schema, Unusable
from dropship.plugins import Kind

PLAIN = Key(
    name="speed",
    type="string",
    of=None,
    required=False,
    default=None,
    otherwise=None,
    choices=(),
    least=None,
    most=None,
    secret=False,
    aliases=(),
    deprecated=None,
    doc="How fast.",
)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (PLAIN, "`speed` (string, optional): How fast."),
        (replace(PLAIN, required=True), "`speed` (string, required): How fast."),
        (replace(PLAIN, default="5m"), '`speed` (string, default `"5m"`): How fast.'),
        (replace(PLAIN, default="„a“"), '`speed` (string, default `"„a“"`): How fast.'),
        (replace(PLAIN, default=False), "`speed` (string, default `false`): How fast."),
        (replace(PLAIN, default=0), "`speed` (string, default `0`): How fast."),
        (replace(PLAIN, default=["a"]), '`speed` (string, default `["a"]`): How fast.'),
        (replace(PLAIN, default=[]), "`speed` (string, optional): How fast."),
        (replace(PLAIN, default={}), "`speed` (string, optional): How fast."),
        (replace(PLAIN, otherwise="as ever"), "`speed` (string, default: as ever): How fast."),
        (replace(PLAIN, type="list", of="path"), "`speed` (list of path, optional): How fast."),
        (replace(PLAIN, least=0), "`speed` (string, optional): How fast."),
        (replace(PLAIN, least=2), "`speed` (string, optional): How fast. At least 2."),
        (replace(PLAIN, least="0s"), "`speed` (string, optional): How fast."),
        (replace(PLAIN, least="1ns"), "`speed` (string, optional): How fast. More than 0."),
        (replace(PLAIN, least="1B"), "`speed` (string, optional): How fast. More than 0."),
        (replace(PLAIN, least="10s"), '`speed` (string, optional): How fast. At least `"10s"`.'),
        (replace(PLAIN, most="24h"), '`speed` (string, optional): How fast. At most `"24h"`.'),
        (
            replace(PLAIN, choices=("a", "b"), aliases=("tempo",), secret=True, deprecated="b = 1"),
            (
                '`speed` (string, optional): How fast. One of `"a"`, `"b"`. Also spelled `tempo`. Secret. '
                "Deprecated: write `b = 1`."
            ),
        ),
    ],
)
def test_entry_of_a_key_tells_all_there_is_to_know(key: Key, text: str) -> None:
    """And nothing of what there is not."""
    assert entry(key) == text


def test_what_cannot_be_used_is_named_at_the_end() -> None:
    """Otherwise nobody would know that it is installed."""
    page = reference(Schema((), (), (Unusable(Kind.HEALTH, "pulse", "it is incomplete"),)))
    assert page.endswith("\n## Not usable here\n\n- health check `pulse`: it is incomplete.\n")
