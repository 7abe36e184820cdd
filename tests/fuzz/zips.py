"""Random zips: members with fields at random, then bytes at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.archives.zips import LINK, Zipped, deflated, extra, stamp, wide_extra, zipped
from tests.fuzz.dice import Dice

_MODES = (0o100644, 0o100755, 0o40755, LINK, 0o20666, 0o10666, 0o140777, 0, 0o644, 0o104755)
_MAX = 0xFFFFFFFF


def zip_(dice: Dice) -> bytes:
    """A zip that is good, or was before something happened to it."""
    members = [_member(dice) for _ in range(dice.randrange(6))]
    more: dict[str, Any] = {}
    if dice.happens(0.1):
        more["comment"] = dice.body()
    if dice.happens(0.1):
        more["wide"] = _ends(dice, ("disk", "first", "here", "count", "size", "offset", "at"))
    if dice.happens(0.08):
        more["end"] = _ends(dice, ("here", "count"), 0xFFFF)
        more["end"] |= _ends(dice, ("size", "offset"), _MAX)
    if dice.happens(0.03):
        more[dice.choice(("prefix", "between"))] = dice.body()
    content = zipped(*members, **more)
    if dice.happens(0.45):
        return content
    for _ in range(dice.randrange(1, 4)):
        content = dice.flipped(content) if dice.happens(0.8) else dice.torn(content)
    return content


def _ends(dice: Dice, keys: tuple[str, ...], most: int = (1 << 64) - 1) -> dict[str, int]:
    chosen = [key for key in keys if dice.happens(0.3)]
    return {
        key: min(most, dice.number()) & (_MAX if key in ("disk", "first") else most)
        for key in chosen
    }


def _member(dice: Dice) -> Zipped:
    name = dice.name()
    mode = dice.choice(_MODES) if dice.happens(0.4) else 0o100644
    body = dice.target() if mode == LINK else dice.body()
    if dice.happens(0.93):  # name and mode that agree
        if mode == 0o40755:
            name, body = name.rstrip(b"/") + b"/", b""
        else:
            name = name.rstrip(b"/")
    made = Zipped(
        name,
        body,
        method=dice.choice((0, 8, 8)),
        flags=dice.choice((0, 0, 8, 1 << 11)),
        mode=mode,
        host=dice.choice((3, 3, 3, 0, 19)),
        extra=stamp(dice.randrange(1 << 31)) if dice.happens(0.4) else b"",
    )
    return _spoilt(dice, made) if dice.happens(0.15) else made


def _spoilt(dice: Dice, member: Zipped) -> Zipped:  # noqa: PLR0911 - one a way
    """With something that it should not have."""
    way = dice.randrange(9)
    if way == 0:
        return replace(member, method=dice.randrange(100))
    if way == 1:
        return replace(member, flags=1 << dice.randrange(16))
    if way == 2:
        return replace(member, packed=dice.flipped(deflated(member.body)), method=8)
    if way == 3:
        return replace(member, descriptor=dice.body(), flags=8)
    if way == 4:
        return replace(member, after=dice.body())
    if way == 5:
        kind = dice.choice((1, 1, 0x5455, 0x7075, 0x000A))
        return replace(member, extra=extra(kind, dice.body()[: dice.randrange(40)]))
    if way == 6:
        said = {"size": len(member.body), "packed": len(member.content())}
        chosen = [key for key in said if dice.happens(0.7)]
        fields = dict.fromkeys(chosen, _MAX)
        fields["extra"] = wide_extra(*(said[key] for key in chosen))  # type: ignore[assignment] # bytes among numbers
        return replace(member, local=fields, central=fields)
    key = dice.choice(("size", "packed", "crc", "offset", "disk", "name", "method", "flags"))
    value: Any = dice.name() if key == "name" else dice.number() & _MAX
    if key in ("method", "flags", "disk"):
        value &= 0xFFFF
    side = dice.choice(("local", "central"))
    return replace(member, **{side: {key: value}})
