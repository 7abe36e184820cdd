"""Which secrets a configuration holds: for whoever must keep them out of logs and environments."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from dropship.core.values import Secret


def secret_values(tree: Any) -> frozenset[str]:
    """Every secret's value below ``tree`` (dataclasses, tuples, lists, mappings), empty ones left out.

    Whoever calls this takes the values out of their hiding: hand them on, keep no copy.
    """
    return frozenset(secret.reveal() for secret in _walk(tree) if secret)


def _walk(tree: Any) -> Iterator[Secret]:
    if isinstance(tree, Secret):
        yield tree
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        for field in dataclasses.fields(tree):
            yield from _walk(getattr(tree, field.name))
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _walk(value)
    elif isinstance(tree, (tuple, list, frozenset, set)):
        for value in tree:
            yield from _walk(value)
