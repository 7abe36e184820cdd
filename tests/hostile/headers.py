"""Headers of tar that lie, contradict each other, or are read differently by different readers.

CVE-2025-8194 and CVE-2019-20907 (tarfile, negative offsets and lengths that never end),
CVE-2025-62518 "TARmageddon" (sizes of PAX and ustar that differ), CVE-2022-48303 and
CVE-2023-39804 (GNU tar, base 256 and extended attributes), CVE-2018-20482 and CVE-2019-9923 (GNU
tar, sparse), CVE-2024-6232 (tarfile, regular expressions over headers).
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.archives.tars import (
    BLOCK,
    END,
    Member,
    OldSparse,
    base_256,
    long_name,
    pax,
    record,
    tar,
)
from tests.hostile.case import Case, raw

INNER = tar(Member(b"../sentinel/evil", b"evil"))
CHECKSUM = "has a wrong checksum"
DAMAGED = "its PAX header is damaged"
NO_NUMBER = "is no octal number"


def _pax_raw(content: bytes, type_: bytes = b"x") -> bytes:
    return Member(b"PaxHeaders/x", content, type_).encode()


def _flipped(at: int) -> bytes:
    content = bytearray(tar(Member(b"name", b"body")))
    content[at] ^= 1
    return bytes(content)


_REFUSED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "is empty"),
    ("zeros only, but one block", bytes(BLOCK), "end marker"),
    ("text", b"<html>not found</html>".ljust(1024), CHECKSUM),
    ("no end marker", tar(Member(b"a", b"x"), end=b""), "without tar's end marker"),
    ("half an end marker", tar(Member(b"a"), end=bytes(BLOCK)), "without tar's end marker"),
    ("one block of zeros and more", tar(Member(b"a"), bytes(BLOCK), Member(b"b")), "lone block"),
    ("another archive behind the end", tar(Member(b"a")) + INNER, "follows the archive's end"),
    ("a byte behind the end", tar(Member(b"a")) + bytes(5000) + b"x", "follows the archive's end"),
    ("cut in a header", tar(Member(b"a"), Member(b"b"))[: BLOCK + 9], "ends in the middle"),
    ("cut in contents", tar(Member(b"a", b"x" * 2000))[:1500], "ends in the middle"),
    ("cut in a long name", long_name(b"x" * 2000)[:1000], "ends in the middle"),
    ("a flipped bit in a name", _flipped(1), CHECKSUM),
    ("a flipped bit in a type", _flipped(156), CHECKSUM),
    ("a flipped bit behind all fields", _flipped(511), CHECKSUM),
    ("a checksum of nothing", tar(Member(b"a", checksum=bytes(8))), CHECKSUM),
    ("a checksum in base 256 (CVE-2022-48303)",
     tar(Member(b"a", checksum=b"\x80" + bytes(7))), CHECKSUM),
    ("a negative checksum", tar(Member(b"a", checksum=b"\xff" * 8)), CHECKSUM),
    ("a negative size (CVE-2025-8194)", tar(Member(b"a", size=base_256(-1))), "negative or too"),
    ("a size that leads back (CVE-2025-8194)",
     tar(Member(b"a"), Member(b"b", size=base_256(-1024))), "negative or too"),
    ("a size beyond 64 bits", tar(Member(b"a", size=base_256(1 << 90))), "negative or too large"),
    ("a size of 8 EiB", tar(Member(b"a", size=base_256((1 << 63) - 1))), "maxSize"),
    ("a size of a terabyte", tar(Member(b"a", size=base_256(1 << 40))), "`maxSize`"),
    ("an octal size with a sign", tar(Member(b"a", size=b"-0000000010")), NO_NUMBER),
    ("an octal size with a digit too many", tar(Member(b"a", size=b"00000000008")), NO_NUMBER),
    ("an octal size in hex", tar(Member(b"a", size=b"0x10")), NO_NUMBER),
    ("an octal size with a gap", tar(Member(b"a", b"x" * 9, size=b"1 1")), NO_NUMBER),
    ("no size", tar(Member(b"a", size=bytes(12))), NO_NUMBER),
    ("a size in other digits", tar(Member(b"a", size="1\u0661".encode())), NO_NUMBER),
    ("a mode that is none", tar(Member(b"a", mode=b"rwxr-xr")), NO_NUMBER),
    ("a negative mode", tar(Member(b"a", mode=base_256(-1, 8))), "negative or too large"),
    ("a time that is none", tar(Member(b"a", mtime=b"yesterday")), NO_NUMBER),
    ("a link with contents", tar(Member(b"l", INNER, b"2", b"a")), "says that it has"),
    ("a hard link with contents", tar(Member(b"a"), Member(b"h", INNER, b"1", b"a")),
     "says that it has"),
    ("a folder with contents", tar(Member(b"d/", INNER, b"5")), "says that it has"),
    ("an old folder with contents", tar(Member(b"d/", INNER, b"\0")), "says that it has"),
    ("two sizes (CVE-2025-62518)", tar(pax(size=str(len(INNER))), Member(b"a", size=0), INNER),
     "it has two sizes: 0 in its header"),
    ("two sizes, the other way", tar(pax(size="0"), Member(b"a", INNER)), "it has two sizes"),
    ("a size below zero in PAX", tar(pax(size="-1"), Member(b"a")), "size that is no number"),
    ("a size with an exponent", tar(pax(size="1e9"), Member(b"a")), "size that is no number"),
    ("a size of 5,000 digits", tar(pax(size="1" * 5000), Member(b"a")), "size that is no number"),
    ("two sizes in one PAX header", tar(_pax_raw(record("size", "0") + record("size", "9")),
     Member(b"a")), "b'size' twice"),
    ("two names in one PAX header", tar(_pax_raw(record("path", "a") + record("path", "../b")),
     Member(b"a")), "b'path' twice"),
    ("two PAX headers", tar(pax(path="a"), pax(path="../b"), Member(b"a")), "two PAX headers"),
    ("two long names", tar(long_name(b"a"), long_name(b"../b"), Member(b"a")), "two GNU long"),
    ("a long name and another in PAX", tar(long_name(b"a"), pax(path="b"), Member(b"a")),
     "two names or targets"),
    ("a long target and another in PAX",
     tar(long_name(b"a", b"K"), pax(linkpath="b"), Member(b"l", type=b"2", target=b"c")),
     "two names or targets"),
    ("a long name that leads out", tar(long_name(b"../sentinel/evil"), Member(b"a")), "in its name"),
    ("a long name with a NUL", tar(long_name(b"a\0../sentinel"), Member(b"a")), "NUL in its name"),
    ("a long name of nothing", tar(long_name(b""), Member(b"a")), "empty name"),
    ("a long target that leads out", tar(long_name(b"/etc/passwd", b"K"),
     Member(b"l", type=b"2", target=b"a")), "outside of the release"),
    ("a PAX name that leads out", tar(pax(path="../sentinel/evil"), Member(b"a")), "in its name"),
    ("a PAX target that leads out", tar(pax(linkpath="/etc/passwd"),
     Member(b"l", type=b"2", target=b"a")), "outside of the release"),
    ("a PAX hard link that leads out", tar(Member(b"a"), pax(linkpath="../sentinel/file"),
     Member(b"h", type=b"1", target=b"a")), "in its name"),
    ("a prefix that leads out", tar(Member(b"sentinel/evil", prefix=b"..")), "in its name"),
    ("an absolute prefix", tar(Member(b"x", prefix=b"/tmp/dropship-hostile")), "absolute"),
    ("one name for all", tar(Member(b"g", record("path", "../x"), b"g"), Member(b"a")),
     "gives all its entries one path"),
    ("one target for all", tar(Member(b"g", record("linkpath", "/etc"), b"g"), Member(b"a")),
     "gives all its entries one linkpath"),
    ("one size for all", tar(Member(b"g", record("size", "0"), b"g"), Member(b"a")),
     "gives all its entries one size"),
    ("one sparse map for all", tar(Member(b"g", record("GNU.sparse.map", "0,0"), b"g"),
     Member(b"a")), "gives all its entries one sparse map"),
    ("a record of length 0 (CVE-2019-20907)", tar(_pax_raw(b"0 a=b\n"), Member(b"a")), DAMAGED),
    ("a record of no length", tar(_pax_raw(b" a=b\n"), Member(b"a")), DAMAGED),
    ("a record of negative length", tar(_pax_raw(b"-6 a=b\n"), Member(b"a")), DAMAGED),
    ("a record that goes too far", tar(_pax_raw(b"99 path=b\n"), Member(b"a")), DAMAGED),
    ("a record that ends too early", tar(_pax_raw(b"8 path=b\n"), Member(b"a")), DAMAGED),
    ("a record of endless length", tar(_pax_raw(b"9" * 400 + b" a=b\n"), Member(b"a")), DAMAGED),
    ("a record without a key", tar(_pax_raw(b"5 =b\n"), Member(b"a")), DAMAGED),
    ("digits only (CVE-2024-6232)", tar(_pax_raw(b"1" * 100_000), Member(b"a")), DAMAGED),
    ("blanks in a time (CVE-2024-6232)", tar(pax(mtime="1" + " " * 9000), Member(b"a")),
     "time that is no number"),
    ("no number for a time", tar(pax(mtime="nan"), Member(b"a")), "time that is no number"),
    ("a header of more than 1 MiB", tar(_pax_raw(record("comment", "x" * (1 << 20))),
     Member(b"a")), "longer than 1048576"),
    ("a header of 8 GiB", tar(Member(b"x", size=b"77777777777", type=b"x")), "longer than 1048576"),
    ("a long name of a negative length",
     tar(Member(b"x", size=base_256(-5), type=b"L"), Member(b"a")), "negative"),
    ("headers of many kinds, all too long", tar(*[long_name(b"a" * 600_000, kind) for kind in
     (b"L", b"K")], Member(b"a")), "longer than 1048576"),
    ("a header that belongs to nothing", tar(pax(path="a")), "belongs to nothing"),
    ("a long name that belongs to nothing", tar(long_name(b"a")), "belongs to nothing"),
    ("a sparse map out of order", tar(OldSparse(b"s", [(4, 1), (2, 1)], b"ab", 9).encode()),
     "out of order"),
    ("a sparse map that overlaps", tar(OldSparse(b"s", [(1, 2), (2, 1)], b"abc", 9).encode()),
     "overlaps itself"),
    ("a sparse map beyond its file", tar(OldSparse(b"s", [(8, 2)], b"ab", 9).encode()), "goes to 10"),
    ("a sparse map of more than there is (CVE-2018-20482)",
     tar(OldSparse(b"s", [(0, 4000)], b"ab", 9000).encode()), "needs 4000 bytes"),
    ("a sparse map of less than there is", tar(OldSparse(b"s", [(0, 1)], INNER, 9).encode()),
     "needs 1 bytes"),
    ("a sparse map of negative places", tar(OldSparse(b"s", [(base_256(-5), 2)], b"ab", 9).encode()),
     "negative"),
    ("a sparse map that overflows",
     tar(OldSparse(b"s", [(base_256((1 << 63) - 1), 2)], b"ab", 9).encode()), "goes to"),
    ("sparse records that are none (CVE-2019-9923)",
     tar(pax(GNU_sparse_major="1", GNU_sparse_minor="0"), Member(b"a")), "no size, or two"),
    ("a sparse map that never ends", tar(pax(GNU_sparse_major="1", GNU_sparse_minor="0",
     GNU_sparse_realsize="1", GNU_sparse_name="s"), Member(b"a", b"9999999\n" + b"1\n" * 700_000)),
     "longer than 1048576"),
    ("a sparse name that leads out", tar(pax(GNU_sparse_map="", GNU_sparse_size="1",
     GNU_sparse_name="../sentinel/evil"), Member(b"a")), "in its name"),
    ("a sparse folder", tar(pax(GNU_sparse_map="", GNU_sparse_size="1"), Member(b"d/", type=b"5")),
     "a folder, but sparse"),
    ("a sparse file of a terabyte", tar(OldSparse(b"s", [], b"", base_256(1 << 40)).encode()),
     "`maxSize`"),
    ("a sparse file of 8 EiB", tar(OldSparse(b"s", [], b"", base_256((1 << 63) - 1)).encode()),
     "`maxSize`"),
]  # fmt: skip

_TAKEN: list[tuple[str, bytes, dict[str, object]]] = [
    ("nothing but an end", END, {}),
    ("an end with padding", END + bytes(20_000), {}),
    ("a prefix where GNU has something else",
     tar(Member(b"x", prefix=b"../..", magic=b"ustar  \0")), {"x": b""}),
    ("version 7, which knows no prefix", tar(Member(b"x", prefix=b"../..", magic=bytes(8))),
     {"x": b""}),
    ("an archive in an archive", tar(Member(b"in.tar", INNER)), {"in.tar": INNER}),
    ("a time before the epoch", tar(Member(b"x", mtime=base_256(-1 << 40))), {"x": b""}),
    ("a time after the sun", tar(Member(b"x", mtime=base_256(1 << 80))), {"x": b""}),
    ("a PAX time of 19 digits", tar(pax(mtime="9" * 19 + "." + "9" * 50), Member(b"x")),
     {"x": b""}),
    ("a negative PAX time", tar(pax(mtime="-1.5"), Member(b"x")), {"x": b""}),
    ("a comment for all", tar(Member(b"g", record("comment", "\x1b[2J"), b"g"), Member(b"x")),
     {"x": b""}),
    ("an unknown record", tar(pax(VENDOR_key="\0\n=\n"), Member(b"x")), {"x": b""}),
    ("a name of nothing but PAX", tar(pax(path="real"), Member(b"")), {"real": b""}),
    ("a contiguous file", tar(Member(b"x", b"1", b"7")), {"x": b"1"}),
    ("a sparse file of nothing", tar(OldSparse(b"s", [], b"", 9).encode()), {"s": bytes(9)}),
]  # fmt: skip


def _cases() -> Iterator[Case]:
    for name, content, reason in _REFUSED:
        yield raw(f"tar: {name}", content, reason)
    for name, content, tree in _TAKEN:
        yield raw(f"tar: {name}", content, tree=tree)
    header = bytearray(Member(b"x").encode())
    header[108:124] = b"~" * 16
    header[329:345] = b"~" * 16
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    yield raw("tar: rubbish for owners and devices", bytes(header) + END, tree={"x": b""})


CASES = list(_cases())
