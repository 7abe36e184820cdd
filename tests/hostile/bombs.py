"""Archives that are small and want much: room, memory, time.

42.zip and David Fifield's zips of overlapping members, streams of nothing but zeros, names and
links without end. Each must be refused (or, where it only looks large, accepted) in bounded time
and memory.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator

from dropship.core.entry import Rules
from tests.archives.packing import zstd
from tests.archives.tars import END, Member, OldSparse, base_256, pax, record, tar
from tests.archives.zips import Zipped, tail, zipped
from tests.hostile.case import FOLDER, Case, File, Link, Thing, as_tar, both

ZEROS = 100 << 20
RATIO = "unpacks to more than 200 times its own size; raise `maxRatio`"
ENTRIES = "more than 250000 entries; raise `maxEntries`"
LAX = Rules(max_ratio=1 << 40)


def _zeros() -> bytes:
    return tar(Member(b"zeros", bytes(ZEROS)))


def _repeated(head: bytes, one: bytes, count: int, end: bytes, pack: str = "gz") -> bytes:
    """A long stream of one thing, compressed without ever being whole."""
    packer = zlib.compressobj(1, wbits=31)
    if pack == "raw":
        return head + one * count + end
    out = [packer.compress(head)]
    many = one * max(1, (1 << 20) // len(one))
    full, rest = divmod(count, max(1, (1 << 20) // len(one)))
    out += [packer.compress(many) for _ in range(full)]
    out += [packer.compress(one * rest), packer.compress(end), packer.flush()]
    return b"".join(out)


def _fifield() -> bytes:
    """Members that share one body; only their records are many."""
    one = Zipped(b"0000", bytes(1 << 20))
    body, record = one.front(), one.record(0)
    records = b"".join(record.replace(b"0000", b"%04d" % number) for number in range(2000))
    return body + tail(2000, len(body), records)


def _quoted() -> bytes:
    """The same by stored blocks of deflate that hold the next member's header."""
    inner = Zipped(b"z", bytes(1 << 20)).front()
    body, records = inner, Zipped(b"z", bytes(1 << 20)).record(0)
    count = 1
    for number in range(50):
        quote = b"\0" + len(body).to_bytes(2, "little") + (len(body) ^ 0xFFFF).to_bytes(2, "little")
        member = Zipped(b"%d" % number, body, packed=quote + body)
        before = member.front()
        shift = len(before) - len(body)
        records = member.record(0) + _moved(records, count, shift)
        body, count = before, count + 1
    return body + tail(count, len(body), records)


def _moved(records: bytes, count: int, shift: int) -> bytes:
    """Records with their offsets raised."""
    out, at = b"", 0
    for _ in range(count):
        length = 46 + int.from_bytes(records[at + 28 : at + 30], "little")
        offset = int.from_bytes(records[at + 42 : at + 46], "little") + shift
        out += records[at : at + 42] + offset.to_bytes(4, "little") + records[at + 46 : at + length]
        at += length
    return out


def _many_files(count: int) -> bytes:
    """Empty files of names that count."""
    packer = zlib.compressobj(1, wbits=31)
    out = []
    for begin in range(0, count, 1000):
        block = b"".join(
            Member(b"%d" % number).encode() for number in range(begin, min(begin + 1000, count))
        )
        out.append(packer.compress(block))
    return b"".join([*out, packer.compress(END), packer.flush()])


def _deep_names(count: int) -> bytes:
    """Files in folders that nobody names, each path of 4,000 bytes its own."""
    rest = b"/".join([b"n" * 250] * 15)
    packer = zlib.compressobj(1, wbits=31)
    out = [
        packer.compress(pax(path=b"%d/" % number + rest) + Member(b"x").encode())
        for number in range(count)
    ]
    return b"".join([*out, packer.compress(END), packer.flush()])


def _ways() -> list[Thing]:
    """Links to links to links, each along a path as long as can be."""
    way = b"d/../" * 800
    things: list[Thing] = [File(b"d/x"), Link(b"0", b"d")]
    things += [Link(b"%d" % number, way + b"%d" % (number - 1)) for number in range(1, 38)]
    things += [Link(b"x%d" % number, b"37") for number in range(3000)]
    return things


_STREAMS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda content: gzip.compress(content, 9),
    "bz2": bz2.compress,
    "xz": lambda content: lzma.compress(content, preset=1),
    "zst": zstd,
}


def _stream_cases() -> Iterator[Case]:
    for suffix, pack in _STREAMS.items():
        name = f"a.tar.{suffix}"
        yield Case(f"{suffix}: zeros", name, lambda pack=pack: pack(_zeros()), RATIO)
        yield Case(
            f"{suffix}: zeros in many parts",
            name,
            lambda pack=pack: pack(bytes(1 << 20)) * 100,
            f"{RATIO}|checksum|end marker|follows",
        )
        yield Case(
            f"{suffix}: zeros behind the end of the tar",
            name,
            lambda pack=pack: pack(tar(Member(b"a"))) + pack(bytes(1 << 20)) * 100,
            RATIO,
        )
        yield Case(
            f"{suffix}: 50,000 empty parts",
            name,
            lambda pack=pack: pack(tar(Member(b"a"))) + pack(b"") * 50_000,
            tree={"a": b""},
        )
    yield Case("gz: a single file of zeros", "a.gz", lambda: gzip.compress(bytes(ZEROS)), RATIO)
    yield Case(
        "gz: zeros, compressed three times",
        "a.tar.gz",
        lambda: gzip.compress(gzip.compress(gzip.compress(_zeros()))),
        "checksum|end marker|ends in the middle",
    )
    yield Case(
        "gz: a single file beyond maxSize",
        "a.gz",
        lambda: gzip.compress(b"x" * 2000),
        "`maxSize`",
        rules=Rules(max_size=1999),
    )


def _tar_cases() -> Iterator[Case]:
    yield Case(
        "tar: 20,001 files",
        "a.tar.gz",
        lambda: _many_files(20_001),
        "more than 20000 entries; raise `maxEntries`",
        rules=Rules(max_ratio=1 << 40, max_entries=20_000),
    )
    yield Case(
        "tar: 250,001 times the same folder",
        "a.tar.gz",
        lambda: _repeated(b"", Member(b"d/", type=b"5").encode(), 250_001, END),
        ENTRIES,
        rules=LAX,
    )
    yield Case(
        "tar: names of gigabytes",
        "a.tar.gz",
        lambda: _deep_names(20_000),
        "with it the names in the archive have more than .*`maxEntries`",
        rules=Rules(max_ratio=1 << 40, max_entries=60_000),
    )
    yield Case(
        "tar: headers without end",
        "a.tar.gz",
        lambda: _repeated(
            b"", Member(b"g", record("comment", "x" * 900_000), b"g").encode(), 400, END
        ),
        "with it the archive's headers have more than 128000000 bytes; raise `maxEntries`",
        rules=LAX,
    )
    yield Case(
        "tar: zeros without end behind the end",
        "a.tar.gz",
        lambda: _repeated(tar(Member(b"a")), bytes(1 << 20), 1000, b""),
        RATIO,
    )
    yield Case(
        "tar: more than maxSize in one",
        "a.tar",
        lambda: tar(Member(b"a", size=base_256((20 << 30) + 1)), end=b""),
        '"a".*`maxSize`',
    )
    yield Case(
        "tar: more than maxSize in two",
        "a.tar",
        lambda: as_tar(File(b"a", b"1" * 600), File(b"b", b"2" * 600)),
        '"b".*`maxSize`',
        rules=Rules(max_size=1000),
    )
    holes = base_256(20 << 30)
    yield Case(
        "tar: a sparse file as large as maxSize",
        "a.tar",
        lambda: tar(OldSparse(b"s", [(0, 2), (holes, 0)], b"ab", holes).encode()),
        tree={"s": 20 << 30},
    )
    yield Case(
        "tar: two sparse files that are too large together",
        "a.tar",
        lambda: tar(
            OldSparse(b"s", [], b"", holes).encode(), OldSparse(b"t", [], b"", holes).encode()
        ),
        '"t".*`maxSize`',
    )
    yield Case(
        "tar: a sparse map of 40,000 crumbs",
        "a.tar",
        lambda: tar(
            OldSparse(b"s", [(2 * n, 1) for n in range(40_000)], b"x" * 40_000, 80_000).encode()
        ),
        tree={"s": b"x\0" * 40_000},
    )
    yield Case(
        "tar: 1,000 links to one file, 1,000 times",
        "a.tar.gz",
        lambda: gzip.compress(
            as_tar(File(b"a"))[:-1024]
            + b"".join(Member(b"h%d" % n, type=b"1", target=b"a").encode() for n in range(1000))
            * 20
            + END
        ),
    )
    yield Case(
        "tar: the deepest tree, 100 times",
        "a.tar.gz",
        lambda: gzip.compress(as_tar(*(File(b"%d/" % n + b"d/" * 126 + b"x") for n in range(100)))),
    )


def _zip_cases() -> Iterator[Case]:
    yield Case("zip: zeros", "a.zip", lambda: zipped(Zipped(b"zeros", bytes(ZEROS))), RATIO)
    yield Case(
        "zip: zeros in many members",
        "a.zip",
        lambda: zipped(*(Zipped(b"%d" % number, bytes(1 << 20)) for number in range(100))),
        RATIO,
    )
    yield Case("zip: 2,000 members of one body", "a.zip", _fifield, "overlaps with another entry")
    yield Case("zip: members in members", "a.zip", _quoted, "overlaps")
    yield Case(
        "zip: more members than maxEntries",
        "a.zip",
        lambda: zipped(*(Zipped(b"%d" % number) for number in range(1001))),
        "more than 1000 entries; raise `maxEntries`",
        rules=Rules(max_entries=1000),
    )
    yield Case(
        "zip: 4,000,000,000 members",
        "a.zip",
        lambda: zipped(
            Zipped(b"a"), end={"here": 0xFFFF, "count": 0xFFFF},
            wide={"here": 4_000_000_000, "count": 4_000_000_000},
        ),
        ENTRIES,
    )  # fmt: skip
    yield Case(
        "zip: more than maxSize in two",
        "a.zip",
        lambda: zipped(Zipped(b"a", b"1" * 600), Zipped(b"b", b"2" * 600)),
        '"b".*`maxSize`',
        rules=Rules(max_size=1000),
    )
    yield Case(
        "zip: 5,000 small members",
        "a.zip",
        lambda: zipped(*(Zipped(b"%d/x" % number, b"1", method=0) for number in range(5_000))),
    )


def _cases() -> Iterator[Case]:
    yield from _stream_cases()
    yield from _tar_cases()
    yield from _zip_cases()
    yield from both(
        "links along links along links", _ways(),
        "following the symlinks up to it takes more than .*`maxEntries`",
        rules=Rules(max_entries=10_000),
    )  # fmt: skip
    yield from both(
        "more folders that nobody names than allowed",
        [File(b"/".join([b"%d" % number] * 20)) for number in range(100)],
        "more than 500 folders that no entry names; raise `maxEntries`",
        rules=Rules(max_entries=500),
    )
    yield from both("one folder, one file", [File(b"a/b")], tree={"a": FOLDER, "a/b": b"x"})


CASES = list(_cases())
