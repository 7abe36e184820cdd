"""Random tars: members with fields at random, then bytes and blocks at random."""

from __future__ import annotations

from tests.archives.tars import BLOCK, END, Member, OldSparse, base_256, long_name, record
from tests.fuzz.dice import DIGITS, Dice

_TYPES = (b"0",) * 8 + (b"5",) * 3 + (b"2",) * 3 + (b"1",) * 2 + (
    b"\0", b"3", b"4", b"6", b"7", b"S", b"V", b"x", b"g", b"L", b"K", b"X", b"\xff",
)  # fmt: skip
_KEYS = (
    "path", "linkpath", "size", "mtime", "comment", "uid", "hdrcharset", "GNU.sparse.map",
    "GNU.sparse.size", "GNU.sparse.realsize", "GNU.sparse.major", "GNU.sparse.minor",
    "GNU.sparse.name", "GNU.sparse.numblocks", "GNU.sparse.offset", "GNU.sparse.numbytes",
)  # fmt: skip
_MAGIC = slice(257, 262)


def tar(dice: Dice) -> bytes:
    """A tar that is good, or was before something happened to it."""
    content = b"".join(_member(dice) for _ in range(dice.randrange(1, 6)))
    content += END if dice.happens(0.95) else bytes(dice.choice((0, BLOCK)))
    if dice.happens(0.1):
        content += bytes(BLOCK * dice.randrange(20))
    if dice.happens(0.5):
        return content
    for _ in range(dice.randrange(1, 4)):
        content = dice.flipped(content) if dice.happens(0.6) else dice.torn(content, BLOCK)
    if dice.happens(0.1):
        content = dice.torn(content)
    return _summed(content) if dice.happens(0.8) else content


def _member(dice: Dice) -> bytes:
    way = dice.random()
    if way < 0.55:
        return _plain(dice)
    if way < 0.7:
        return _pax(dice) + _plain(dice)
    if way < 0.78:
        kind = dice.choice((b"L", b"K"))
        return long_name(dice.target(), kind) + _plain(dice)
    if way < 0.88:
        return _old_sparse(dice)
    if way < 0.98:
        return _new_sparse(dice)
    return _pax(dice, b"g")


def _plain(dice: Dice) -> bytes:
    kind = dice.choice(_TYPES)
    if dice.happens(0.5):
        kind = b"0"
    body = dice.body() if kind in (b"0", b"7", b"\0") or dice.happens(0.02) else b""
    size: int | bytes | None = None
    if dice.happens(0.04):
        size = _digits(dice)
    return Member(
        name=dice.name()[:100],
        body=body,
        type=kind,
        target=dice.target()[:100] if kind in (b"1", b"2") or dice.happens(0.1) else b"",
        mode=dice.randrange(0o10000) if dice.happens(0.98) else _digits(dice)[:7],
        size=size,
        mtime=dice.randrange(1 << 31) if dice.happens(0.98) else _digits(dice),
        magic=dice.choice((b"ustar\x0000", b"ustar\x0000", b"ustar  \0", bytes(8))),
        prefix=dice.name()[:155] if dice.happens(0.05) else b"",
    ).encode()


def _digits(dice: Dice) -> bytes:
    if dice.happens(0.5):
        return base_256(dice.choice((1, -1)) * dice.number())
    return dice.choice(DIGITS)[:12]


def _pax(dice: Dice, kind: bytes = b"x") -> bytes:
    body = b""
    for _ in range(dice.randrange(1, 4)):
        key = dice.choice(_KEYS[:7]) if dice.happens(0.85) else dice.choice(_KEYS)
        value = dice.target() if "path" in key or key == "comment" else b"%d" % dice.number()
        if dice.happens(0.1):
            value = dice.choice(DIGITS)
        body += record(key, value)
    if dice.happens(0.05):
        body = dice.torn(dice.flipped(body))
    return Member(b"PaxHeaders/x", body, kind).encode()


def _places(dice: Dice) -> tuple[list[tuple[int, int]], bytes, int]:
    """Places in order, their contents, and the length of the file."""
    places, at = [], 0
    for _ in range(dice.choice((0, 1, 1, 2, 3, 5, 30))):
        at += dice.randrange(2000)
        length = dice.randrange(20)
        places.append((at, length))
        at += length
    total = sum(length for _, length in places)
    if dice.happens(0.1) and places:
        places[dice.randrange(len(places))] = (dice.number() % (1 << 33), dice.randrange(30))
    return places, b"s" * total, at + dice.randrange(2000)


def _old_sparse(dice: Dice) -> bytes:
    places, body, size = _places(dice)
    told: list[tuple[int | bytes, int | bytes]] = [
        (base_256(offset) if offset >> 32 else offset, length) for offset, length in places
    ]
    return OldSparse(dice.name()[:100], told, body, size).encode()


def _new_sparse(dice: Dice) -> bytes:
    places, body, size = _places(dice)
    numbers = [b"%d" % one for place in places for one in place]
    real = b"%d" % (size if dice.happens(0.9) else dice.number())
    version = dice.randrange(3)
    if version == 0:
        head = record("GNU.sparse.size", real)
        keys = ("GNU.sparse.offset", "GNU.sparse.numbytes")
        for at, number in enumerate(numbers):
            head += record(keys[at % 2], number)
    elif version == 1:
        head = record("GNU.sparse.size", real) + record("GNU.sparse.map", b",".join(numbers))
        head += record("GNU.sparse.name", dice.name() or b"x")
    else:
        head = record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0")
        head += record("GNU.sparse.realsize", real) + record("GNU.sparse.name", dice.name() or b"x")
        map_ = b"".join(one + b"\n" for one in [b"%d" % len(places), *numbers])
        body = map_.ljust(-(-len(map_) // BLOCK) * BLOCK, b"\0") + body
    if dice.happens(0.05):
        head, body = dice.flipped(head), dice.flipped(body)
    return Member(b"p", head, b"x").encode() + Member(dice.name()[:100], body).encode()


def _summed(content: bytes) -> bytes:
    """With right check sums, so that what happened gets past them."""
    out = bytearray(content)
    for at in range(0, len(out) - BLOCK + 1, BLOCK):
        header = out[at : at + BLOCK]
        if header[_MAGIC] == b"ustar":
            header[148:156] = b" " * 8
            out[at + 148 : at + 156] = b"%06o\0 " % sum(header)
    return bytes(out)
