"""Compressed streams that are damaged, or not what their names say."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator

from tests.archives.packing import xz_asking_for, zstd, zstd_asking_for
from tests.archives.tars import Member, tar
from tests.archives.zips import Zipped, zipped
from tests.hostile.case import Case, raw

GOOD = tar(Member(b"x", b"some text " * 100))
TREE = {"x": b"some text " * 100}

_KINDS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd,
}


def _cases() -> Iterator[Case]:
    for suffix, pack in _KINDS.items():
        name, content = f"a.tar.{suffix}", pack(GOOD)
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 0x5A]) + content[middle + 1 :]
        two = pack(GOOD[:700]) + pack(b"") + pack(GOOD[700:])
        yield raw(f"{suffix}: in three parts", two, "", name, tree=TREE)
        for what, bad, reason in (
            ("cut in half", content[:middle], "too early"),
            ("cut by a byte", content[:-1], "too early"),
            ("rubbish behind it", content + b"rubbish", "no .* follows the end"),
            ("a second part that is cut", content + pack(GOOD)[:-4], "too early|follows"),
            ("an archive behind it", content + GOOD, "no .* follows the end|damaged"),
            ("flipped in the middle", flipped, "damaged|checksum|end marker|ends|follows"),
            ("a page instead", b"<html>", "begins with .*no tar."),
            ("nothing", b"", "is empty"),
            ("compressed twice", pack(content), "checksum|end marker|ends in the middle"),
            ("no tar inside", pack(b"text " * 500), "checksum"),
            ("a cut tar inside", pack(GOOD[:-1024]), "without tar's end marker"),
            ("one more archive inside", pack(GOOD + GOOD), "follows the archive's end marker"),
        ):
            yield raw(f"{suffix}: {what}", bad, reason, name)
    for form, content in (("tar.gz", zstd(GOOD)), ("tar.xz", gzip.compress(GOOD)), ("zip", GOOD)):
        reason = f"is called a.{form}, but begins with"
        yield raw(f"{form}: something else in fact", content, reason, f"a.{form}")
    yield raw("tar: a zip in fact", zipped(Zipped(b"x", b"1" * 999)), "checksum|is no tar")
    yield raw("gz: a single file, cut", gzip.compress(b"text")[:-1], "too early", "a.gz")
    yield raw("gz: a single file and rubbish", gzip.compress(b"t") + b"rubbish", "follows", "a.gz")
    zeros = gzip.compress(GOOD) + bytes(9000)
    yield raw("gz: zeros behind it", zeros, "", "a.tar.gz", tree=TREE)
    padded = lzma.compress(GOOD) + bytes(4) + lzma.compress(bytes(512)) + bytes(8)
    yield raw("xz: padded streams", padded, "", "a.tar.xz", tree=TREE)
    yield raw("xz: odd padding", lzma.compress(GOOD) + bytes(5), "5 bytes of padding", "a.tar.xz")
    old = lzma.compress(GOOD, format=lzma.FORMAT_ALONE)
    yield raw("xz: its predecessor", old, "begins with .* no tar.xz", "a.tar.xz")
    big = xz_asking_for(30, GOOD)
    yield raw("xz: a dictionary of 1 GiB", big, "more memory .*xz -9", "a.tar.xz")
    wide = zstd_asking_for(31, GOOD)
    yield raw("zst: a window of 2 GiB", wide, "more memory .*--long=27", "a.tar.zst")
    skippable = b"\x5f\x2a\x4d\x18" + (9).to_bytes(4, "little") + b"skip this"
    framed = skippable + zstd(GOOD) + skippable
    yield raw("zst: skippable frames", framed, "", "a.tar.zst", tree=TREE)
    endless = b"\x50\x2a\x4d\x18\xff\xff\xff\xffshort"
    yield raw("zst: a skippable frame that is cut", endless, "too early", "a.tar.zst")


CASES = list(_cases())
