"""Zips that say one thing at their end and another in front, or hide what they hold.

CVE-2019-13232 and CVE-2024-0450 (members that overlap), CVE-2025-8291 (a zip64 end that is
elsewhere), CVE-2018-1002200 "Zip Slip" (in ``names``), the "Master Key" of Android (two members
of one name), and what the comparison of zip readers by their differences found since.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.archives.zips import (
    LINK,
    Zipped,
    deflated,
    extra,
    stamp,
    tail,
    wide_extra,
    zipped,
)
from tests.hostile.case import Case, raw

MAX = 0xFFFFFFFF
A = Zipped(b"a", b"first")
EVIL = Zipped(b"../sentinel/evil", b"evil")
DIFFER = "its two headers differ: "


def _two_ends() -> bytes:
    """One directory for readers from the end, another for those from the front."""
    return zipped(EVIL) + zipped(A)


def _hidden() -> bytes:
    """A member that no directory tells of."""
    body = A.front() + EVIL.front() + A.front()
    offset = len(A.front() + EVIL.front())
    records = A.record(0) + Zipped(b"b", b"first", local={}).record(offset)
    return body + tail(2, len(body), records)


def _directory_inside() -> bytes:
    """A whole zip stored as a member: its own end is in reach of who looks for one."""
    return zipped(Zipped(b"in.zip", zipped(EVIL), method=0))


_REFUSED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "is empty"),
    ("only a beginning", b"PK\3\4" + bytes(40), "no end"),
    ("cut in the directory", zipped(A, A)[:-30], "no end"),
    ("cut in the middle", zipped(A, Zipped(b"b", b"x" * 5000, method=0))[:2000], "no end"),
    ("a byte behind its end", zipped(A) + b"x", "no end"),
    ("two zips behind each other", _two_ends(), "is in front of the zip or in the middle"),
    ("another zip in its comment", zipped(A, comment=zipped(EVIL)), "two ends, one in the"),
    ("a program in front", b"#!/bin/sh\nexit\n".ljust(99) + zipped(A), "no zip|in front of"),
    ("something in front that is counted", zipped(A, prefix=b"PK\3\4junk"), "8 bytes in front"),
    ("something in front of the directory", zipped(A, between=b"junk"), "belong to nothing"),
    ("something between members", zipped(Zipped(b"a", b"1", after=b"junk"), A), "4 bytes that"),
    ("a member that nobody tells of", _hidden(), "belong to nothing"),
    ("two members at one place", zipped(A, Zipped(b"b", b"first", central={"offset": 0})),
     "overlaps with another|belong to nothing"),
    ("a member inside another (CVE-2024-0450)",
     zipped(Zipped(b"a", zipped(EVIL), method=0), Zipped(b"b", b"1", central={"offset": 31})),
     "overlaps"),
    ("a member that reaches into the next (CVE-2019-13232)",
     zipped(Zipped(b"a", b"x" * 9, method=0, local={"packed": 60, "size": 60},
                   central={"packed": 60, "size": 60}), Zipped(b"b", b"y" * 90, method=0)),
     "overlaps"),
    ("a member in the directory", zipped(A, Zipped(b"b", central={"offset": 90})),
     "own beginning|where the zip's directory says|overlaps"),
    ("a member behind the end", zipped(A, Zipped(b"b", central={"offset": 1 << 31})), "beginning"),
    ("more members than there are", zipped(A, end={"here": 9, "count": 9}), "fewer records"),
    ("fewer members than there are", zipped(A, A, end={"here": 1, "count": 1}),
     "belong to nothing|more records"),
    ("65,535 members that are not there", zipped(A, end={"here": 65535, "count": 65535}), "fewer"),
    ("counts that differ", zipped(A, end={"here": 0}), "one part of several"),
    ("another disk", zipped(A, end={"disk": 3}), "one part of several"),
    ("a member on another disk", zipped(Zipped(b"a", central={"disk": 3})), "in another part"),
    ("a directory somewhere else", zipped(A, end={"offset": 3}), "in front of the zip"),
    ("a directory of another size", zipped(A, end={"size": 3}), "in front of the zip"),
    ("a zip64 end somewhere else (CVE-2025-8291)", zipped(A, wide={"at": 0}), "not where it"),
    ("a zip64 end far away", zipped(A, wide={"at": (1 << 64) - 1}), "not where it should be"),
    ("a zip64 end of another length", zipped(A, wide={"length": 1 << 40}), "not where it should"),
    ("a zip64 end that disagrees", zipped(A, wide={"count": 0, "here": 0}), "say different things"),
    ("a zip64 end of several disks", zipped(A, wide={"disks": 9}), "one part of several"),
    ("a zip64 directory that overflows", zipped(A, wide={"offset": (1 << 64) - 1},
     end={"offset": MAX}), "in front of the zip"),
    ("zip64 sizes beside plain ones", zipped(Zipped(b"a", extra=wide_extra(1 << 40, 2))),
     "zip64 sizes and plain ones"),
    ("no zip64 sizes where they are told", zipped(Zipped(b"a", central={"packed": MAX})), "missing"),
    ("a zip64 size of 16 EiB",
     zipped(Zipped(b"a", central={"size": MAX, "extra": wide_extra((1 << 64) - 1)})), DIFFER),
    ("another name in front", zipped(Zipped(b"good", local={"name": b"../b"})), DIFFER + "name"),
    ("another name behind a NUL", zipped(Zipped(b"a", local={"name": b"a\0b"})), DIFFER + "name"),
    ("another method in front", zipped(Zipped(b"a", local={"method": 0})), DIFFER + "method"),
    ("another size in front", zipped(Zipped(b"a", local={"size": 9})), DIFFER + "size"),
    ("another packed size in front", zipped(Zipped(b"a", local={"packed": 9})), DIFFER + "packed"),
    ("another CRC in front", zipped(Zipped(b"a", local={"crc": 9})), DIFFER + "CRC"),
    ("encrypted only in front", zipped(Zipped(b"a", local={"flags": 1})), DIFFER + "flags"),
    ("streamed only in front", zipped(Zipped(b"a", local={"flags": 8})), DIFFER + "flags"),
    ("UTF-8 only in front", zipped(Zipped(b"a", local={"flags": 1 << 11})), DIFFER + "flags"),
    ("another time in front", zipped(Zipped(b"a", local={"dos": (1, 33)})), DIFFER + "time"),
    ("two extended times", zipped(Zipped(b"a", local={"extra": stamp(5)},
     central={"extra": stamp(6)})), DIFFER + "time"),
    ("no header in front", zipped(A, Zipped(b"b", local={"magic": b"PK\1\2"})), "is not where the"),
    ("rubbish for a directory", zipped(Zipped(b"a", central={"magic": b"PK\1\3"})), "is damaged"),
    ("a name that goes beyond the directory",
     zipped(A)[:-22 - len(A.record(0))] + tail(1, len(A.front()), A.record(0)[:46]),
     "longer than there is room"),
    ("a descriptor with another CRC", zipped(Zipped(b"a", b"1", flags=8,
     descriptor=b"PK\7\x08" + bytes(12))), "told behind its contents"),
    ("no descriptor where one is told", zipped(Zipped(b"a", b"1", flags=8, descriptor=b"")),
     "told behind its contents"),
    ("a streamed header that lies", zipped(Zipped(b"a", b"1", flags=8, local={"size": 7})), DIFFER),
    ("another name in an extra field",
     zipped(Zipped(b"a", extra=extra(0x7075, b"\1\0\0\0\0../sentinel/evil"))), "has two names"),
    ("another name in an extra field in front", zipped(Zipped(b"a",
     local={"extra": extra(0x7075, b"\1\0\0\0\0../b")})), "has two names"),
    ("extra fields that go too far", zipped(Zipped(b"a", extra=b"\x55\x54\xff\xff\1")), "damaged"),
    ("an extended time twice", zipped(Zipped(b"a", extra=stamp(1) + stamp(2))), "0x5455 twice"),
    ("encrypted", zipped(Zipped(b"a", b"x", flags=1)), "it is encrypted; pack it without"),
    ("strongly encrypted", zipped(Zipped(b"a", b"x", flags=0x41)), "it is encrypted"),
    ("a masked directory", zipped(Zipped(b"a", b"x", flags=1 << 13)), "it is encrypted"),
    ("AES", zipped(Zipped(b"a", b"x", method=99)), "method 99"),
    ("a patch", zipped(Zipped(b"a", b"x", flags=1 << 5)), "it is a patch"),
    ("bzip2", zipped(Zipped(b"a", b"x", method=12)), r"method 12 \(bzip2\); pack it with deflate"),
    ("lzma", zipped(Zipped(b"a", b"x", method=14)), r"method 14 \(lzma\)"),
    ("deflate64", zipped(Zipped(b"a", b"x", method=9)), r"method 9 \(deflate64\)"),
    ("imploded", zipped(Zipped(b"a", b"x", method=6)), "method 6"),
    ("a wrong CRC", zipped(Zipped(b"a", b"x", local={"crc": 5}, central={"crc": 5})), "another CRC"),
    ("no deflate", zipped(Zipped(b"a", b"x", packed=b"\x07" * 20)), "contents are damaged"),
    ("deflate that ends too early", zipped(Zipped(b"a", b"x" * 99, packed=deflated(b"x" * 99)[:2])),
     "end too early|damaged"),
    ("something behind its deflate", zipped(Zipped(b"a", b"x", packed=deflated(b"x") + b"evil")),
     "follows its contents"),
    ("more than it says", zipped(Zipped(b"a", b"x", packed=deflated(b"xyz"))), "more than the 1"),
    ("less than it says", zipped(Zipped(b"a", b"xyz", packed=deflated(b"x"))), "2 bytes less"),
    ("stored, but of two sizes", zipped(Zipped(b"a", b"xyz", method=0, packed=b"x")), "two sizes"),
    ("two of one name (Master Key)", zipped(Zipped(b"a", b"good"), Zipped(b"a", b"evil")),
     "twice, with different contents"),
    ("a folder with contents", zipped(Zipped(b"d/", b"x", mode=0)), "a folder, but says that"),
    ("a folder that is a file", zipped(Zipped(b"d/", mode=0o100644)), "by its mode, and a folder"),
    ("a file that is a folder", zipped(Zipped(b"d", mode=0o40755)), "by its mode, and a file"),
    ("a link that is a folder", zipped(Zipped(b"d/", b"x", mode=LINK)), "by its mode, and a folder"),
    ("a link of 4 GiB", zipped(Zipped(b"l", b"x", mode=LINK, local={"size": MAX - 1},
     central={"size": MAX - 1})), "target is longer than 4096"),
    ("a link whose target is damaged", zipped(Zipped(b"l", b"x", mode=LINK, local={"crc": 5},
     central={"crc": 5})), "another CRC"),
    ("a link deflated to lead out", zipped(Zipped(b"l", b"../sentinel", mode=LINK)), "outside of"),
    ("a size of 4 GiB", zipped(Zipped(b"a", b"x", local={"size": MAX - 1},
     central={"size": MAX - 1})), "`maxRatio`"),
]  # fmt: skip

_TAKEN: list[tuple[str, bytes, dict[str, object]]] = [
    ("no members", zipped(), {}),
    ("no members and a comment", zipped(comment=b"x" * 65535), {}),
    ("a zip in a zip", _directory_inside(), {"in.zip": zipped(EVIL)}),
    ("zeros behind its end", zipped(A) + bytes(512), {"a": b"first"}),
    ("a zip64 end that nobody needs", zipped(A, wide={}), {"a": b"first"}),
    ("a link from MS-DOS is a file", zipped(Zipped(b"l", b"/etc", mode=LINK, host=0)),
     {"l": b"/etc"}),
    ("a device from MS-DOS is a file", zipped(Zipped(b"d", b"", mode=0o60666, host=0)), {"d": b""}),
    ("a name that CP437 would read", zipped(Zipped(b"\x82\xff", b"1")), {"\udc82\udcff": b"1"}),
    ("no time at all", zipped(Zipped(b"a", dos=(0, 0))), {"a": b""}),
    ("a time that cannot be", zipped(Zipped(b"a", dos=(0xFFFF, 0xFFFF))), {"a": b""}),
    ("stored behind a descriptor", zipped(Zipped(b"a", b"PK\7\x08", method=0, flags=8)),
     {"a": b"PK\7\x08"}),
    ("magics in its contents", zipped(Zipped(b"a", b"PK\1\2PK\5\6PK\3\4", method=0),
     Zipped(b"b")), {"a": b"PK\1\2PK\5\6PK\3\4", "b": b""}),
]  # fmt: skip


def _cases() -> Iterator[Case]:
    for name, content, reason in _REFUSED:
        yield raw(f"zip: {name}", content, reason, "a.zip")
    for name, content, tree in _TAKEN:
        yield raw(f"zip: {name}", content, "", "a.zip", tree=tree)
    yield raw("zip: a jar stays a file", zipped(EVIL), "", "a.jar")


CASES = list(_cases())
