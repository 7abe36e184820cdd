"""A value as it stands in a configuration: what ``scalar`` reads, the other way round.

For defaults, which are never secrets; whatever is written here is read as the same value.
"""

from __future__ import annotations

from typing import Final

from dropship.core.template import Template
from dropship.core.values import Duration, Named, Secret, Share, Size

Written = str | int | float | bool | list["Written"] | dict[str, str] | None
"""As JSON has it, and HCL too; None where there is no value."""

_SECOND: Final = 1_000_000_000
# People say 90s and 5m: a unit counts from the second of it on, and an hour at once.
_LENGTHS: Final = (
    (3600 * _SECOND, 3600 * _SECOND, "h"),
    (60 * _SECOND, 120 * _SECOND, "m"),
    (_SECOND, _SECOND, "s"),
    (1_000_000, 1_000_000, "ms"),
    (1_000, 1_000, "us"),
)
_SIZES: Final = (
    (2**40, "TiB"), (10**12, "TB"), (2**30, "GiB"), (10**9, "GB"),
    (2**20, "MiB"), (10**6, "MB"), (2**10, "KiB"), (10**3, "KB"),
)  # fmt: skip


def written(value: object) -> Written:
    """The value as a configuration says it; None for what amounts to nothing being said."""
    if value is None or value == "" or isinstance(value, Secret):
        return None
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [written(one) for one in value]
    return _text(value)


def _text(value: object) -> Written:
    if isinstance(value, Duration):
        return _length(value)
    if isinstance(value, Size):
        return _size(value.bytes)
    if isinstance(value, Share):
        return f"{value.fraction * 100:g}%" if value.fraction else _size(value.bytes)
    if isinstance(value, Template):
        return value.text
    if isinstance(value, Named):
        return {name: str(one) for name, one in value.items()}
    return str(value)


def _length(length: Duration) -> str:
    for unit, least, name in _LENGTHS:
        if length.nanoseconds >= least and length.nanoseconds % unit == 0:
            return f"{length.nanoseconds // unit}{name}"
    return f"{length.nanoseconds}ns" if length.nanoseconds else "0s"


def _size(count: int) -> str:
    for unit, name in _SIZES:
        if count and count % unit == 0:
            return f"{count // unit}{name}"
    return f"{count}B"
