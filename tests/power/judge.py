"""What must be true of a service after a boot, whatever the power cut met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

NumberOf = Callable[[str | None], "int | None"]
"""Which version has that tree, or that md5; None if none."""


def faults(
    seen: Mapping[str, Any], of_tree: NumberOf, of_md5: NumberOf, reached: int | None
) -> Iterator[str]:
    """What is wrong with what the guest saw.

    ``reached`` is the version that was current once, with its update over: nothing older may
    come back. Before the first there may be nothing.
    """
    if "unreadable" in seen:
        yield seen["unreadable"]
        return
    yield from _destination(seen, of_tree(seen["tree"]), reached)
    if not seen["journal"] and seen["link"] != seen["current"]:
        yield f"without a journal the link is {seen['link']} and the state {seen['current']}"
    if seen["twice"]:
        yield "an update stands twice in the history"
    for release, (tree, md5) in seen["releases"].items():
        if md5 is None:
            yield f"the release {release} has no card"
        elif of_tree(tree) is None or of_tree(tree) != of_md5(md5):
            yield f"the release {release} is not whole"


def _destination(seen: Mapping[str, Any], number: int | None, reached: int | None) -> Iterator[str]:
    if seen["absent"]:
        if reached is not None:
            yield "nothing at the destination"
    elif number is None:
        yield f"what stands at the destination is no version: {seen}"
    elif reached is not None and number < reached:
        yield f"version {number}, and {reached} had been reached"
