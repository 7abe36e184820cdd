"""Where a symlink on the disk leads, as the kernel goes; what is not there yet goes by its text.

``os.path.realpath`` will not do: where links lead in a circle it makes something up.
"""

from __future__ import annotations

import os

_HOPS = 40


def leads_to(path: str) -> str | None:
    """The absolute path; None where the kernel would give up (ELOOP)."""
    above, name = os.path.split(path)
    at = [part for part in os.path.realpath(above).split("/") if part]
    todo = [name]
    hops = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del at[-1:]
            continue
        try:
            target = os.readlink("/" + "/".join([*at, part]))  # noqa: PTH115 - Path drops dots
        except OSError:
            at.append(part)
            continue
        hops += 1
        if hops > _HOPS:
            return None
        if target.startswith("/"):
            at = []
        todo.extend(target.split("/")[::-1])
    return "/" + "/".join(at)


def stays_in(path: str, root: str, *allowed: str) -> bool:
    """Whether a symlink leads to ``root`` or below, or below what is allowed."""
    where = leads_to(path)
    real = os.path.realpath(root)
    return where is None or where == real or where.startswith((real + "/", *allowed))
