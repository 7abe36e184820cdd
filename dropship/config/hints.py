"""What was probably meant by a value that does not fit: the same in the spelling that does.

Each gives what to write, or None where that would be a guess in the dark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dropship.core.values import Duration, Size

# How people write units of time, and how Go does; a day is 24 hours, as in nobody's time zone.
_UNITS: Final = {
    word: unit
    for unit, words in {
        (1, "ns"): "ns nsec nanosecond nanoseconds",
        (1, "us"): "us µs usec microsecond microseconds",
        (1, "ms"): "ms msec msecs millis millisecond milliseconds",
        (1, "s"): "s sec secs second seconds",
        (1, "m"): "m min mins minute minutes",
        (1, "h"): "h hr hrs hour hours",
        (24, "h"): "d day days",
        (168, "h"): "w week weeks",
    }.items()
    for word in words.split()
}
_PART: Final = re.compile(r"([\d.]+)\s*([A-Za-zµ]+)\s*")
_WORDS: Final = {
    "true": ("on", "y", "yes", "enable", "enabled", "ture", "ja"),
    "false": ("off", "n", "no", "disable", "disabled", "flase", "fasle", "nein", "none"),
}
# How archives are called in one word, and their formats in full.
_IN_ONE: Final = {
    "tgz": "tar.gz",
    "tbz": "tar.bz2",
    "tbz2": "tar.bz2",
    "txz": "tar.xz",
    "tzst": "tar.zst",
}


def duration(text: str) -> str | None:
    """``5 minutes`` → ``5m``, ``1d`` → ``24h``, ``10`` → ``10s``."""
    plain = text.strip().lower()
    if re.fullmatch(r"\d{1,12}", plain):
        return f'a number needs its unit: "{plain}s" for seconds'
    written = ""
    at = 0
    while match := _PART.match(plain, at):
        times, unit = _UNITS.get(match[2], (0, ""))
        number = match[1]
        if times > 1 and number.count(".") < 2:
            number = f"{float(number) * times:g}"
        written += f"{number}{unit}"
        at = match.end()
    return f'write "{written}"' if at == len(plain) and _is(Duration, written) else None


def size(text: str) -> str | None:
    """``10MB/s`` → ``10MB``, ``1,5 GB`` → ``1.5GB``."""
    plain = re.sub(r"(?i)(/s|/sec|ps|bytes)$", "", text.strip()).replace(",", ".").strip()
    plain = re.sub(r"\s", "", plain)
    return f'write "{plain}"' if plain != text and _is(Size, plain) else None


def truth(text: str) -> str | None:
    """``yes`` → ``true``."""
    plain = text.strip().lower()
    for word, others in _WORDS.items():
        if plain == word or plain in others:
            return f"write {word}"
    return None


def digest(text: str) -> str | None:
    """Which digest it is, if it is another."""
    known = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
    plain = text.strip().strip('"')
    name = known.get(len(plain)) if re.fullmatch(r"[0-9a-fA-F]+", plain) else None
    if name in ("md5", "sha256"):
        return f"this has the length of a {name}: write {name} = …"
    return f"this has the length of a {name}; md5 and sha256 can be checked" if name else None


def near(text: str, choices: Sequence[str]) -> str | None:
    """The choice that looks much the same."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    plain = text.strip().strip(".").lower()
    if (whole := _IN_ONE.get(plain, plain)) in choices:
        return f'write "{whole}"'
    found = get_close_matches(plain, choices, n=1, cutoff=0.7)
    return f'did you mean "{found[0]}"?' if found else None


def _is(kind: type[Duration | Size], text: str) -> bool:
    try:
        kind.parse(text)
    except ValueError:
        return False
    return True
