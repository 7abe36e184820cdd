"""Zips, whole and hostile."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dropship.archives.zip import ZipReader
from dropship.core.entry import Entry, Kind
from dropship.errors import RefusedError
from tests.archives.zips import (
    LINK,
    WHEN,
    Zipped,
    deflated,
    extra,
    stamp,
    tail,
    wide_extra,
    zipped,
)

MOST = 1000
MAX = 0xFFFFFFFF


def reader(content: bytes, most: int = MOST) -> ZipReader:
    """Reads bytes as if they were a file."""
    return ZipReader(lambda count, at: content[at : at + count], len(content), most)


def members(content: bytes, most: int = MOST) -> list[tuple[Entry, bytes]]:
    """Everything in a zip."""
    archive = reader(content, most)
    return [(entry, b"".join(map(bytes, archive.body()))) for entry in archive.entries()]


def only(*zips: Zipped, **more: Any) -> Entry:
    """The last entry of a zip."""
    return members(zipped(*zips, **more))[-1][0]


def test_ordinary_zip_is_read() -> None:
    """Kinds, names, modes, times, targets and contents come out as they went in."""
    content = zipped(
        Zipped(b"app/", method=0, mode=0o40755),
        Zipped(b"app/run", b"x" * 100_000, mode=0o100755, extra=stamp(WHEN - 1)),
        Zipped(b"app/stored", b"y" * 700_000, method=0),
        Zipped(b"app/empty", method=0),
        Zipped(b"app/link", b"run", method=0, mode=LINK),
        comment=b"made by a test",
    )
    when = WHEN * 10**9
    assert members(content) == [
        (Entry(b"app/", Kind.FOLDER, 0, 0o755, when), b""),
        (Entry(b"app/run", Kind.FILE, 100_000, 0o755, when - 10**9), b"x" * 100_000),
        (Entry(b"app/stored", Kind.FILE, 700_000, 0o644, when), b"y" * 700_000),
        (Entry(b"app/empty", Kind.FILE, 0, 0o644, when), b""),
        (Entry(b"app/link", Kind.SYMLINK, 0, 0o777, when, b"run"), b""),
    ]


def test_zip_without_members_is_one() -> None:
    """As ``zip -d`` leaves it."""
    assert members(zipped()) == []


def test_unread_contents_are_read_all_the_same() -> None:
    """A wrong CRC is seen whether anybody wanted the member or not."""
    content = zipped(Zipped(b"a", b"1" * 5000), Zipped(b"b", b"2"))
    assert [one.name for one in reader(content).entries()] == [b"a", b"b"]
    bad = zipped(Zipped(b"a", b"1", local={"crc": 1}, central={"crc": 1}), Zipped(b"b", b"2"))
    with pytest.raises(RefusedError, match=r'"a".*another CRC'):
        list(reader(bad).entries())


def test_names_are_bytes() -> None:
    """The UTF-8 flag changes nothing; a backslash is a character like any other."""
    names = [
        b"caf\xc3\xa9",
        b"caf\xe9",
        b"caf\x82",
        b"a\\b",
        b"..\\x",
        b"C:\\x",
        b"\xf0\x9f\x9a\xa2",
    ]
    for flags in (0, 1 << 11):
        content = zipped(*(Zipped(name, flags=flags) for name in names))
        assert [entry.name for entry, _ in members(content)] == names


def test_modes_count_only_where_unix_packed() -> None:
    """Anywhere else they are something else; a link is a file there, and no device is one."""
    assert only(Zipped(b"x", b"t", host=3, mode=LINK)).kind is Kind.SYMLINK
    assert only(Zipped(b"x", b"t", host=19, mode=LINK)).kind is Kind.SYMLINK
    for host in (0, 10, 11):
        entry = only(Zipped(b"x", b"t", host=host, mode=LINK))
        assert (entry.kind, entry.mode, entry.size) == (Kind.FILE, 0o644, 1)
        assert only(Zipped(b"x/", host=host, mode=0o40700)).mode == 0o755
    assert only(Zipped(b"x", mode=0)).mode == 0o644
    assert only(Zipped(b"x/", mode=0)).mode == 0o755
    assert only(Zipped(b"x", mode=0o600)).mode == 0o600


@pytest.mark.parametrize(
    ("type_", "kind"),
    [(0o2, Kind.DEVICE), (0o6, Kind.DEVICE), (0o1, Kind.FIFO), (0o14, Kind.SOCKET)],
)
def test_special_files_are_called_so(type_: int, kind: Kind) -> None:
    """The judge refuses them."""
    assert only(Zipped(b"x", mode=type_ << 12 | 0o666)).kind is kind


def test_times_are_utc_or_none() -> None:
    """MS-DOS has no time zones; what is no time at all is none."""
    assert only(Zipped(b"x")).mtime_ns == WHEN * 10**9
    assert only(Zipped(b"x", extra=stamp(-5))).mtime_ns == -5 * 10**9
    assert only(Zipped(b"x", extra=extra(0x5455, b"\2abcd"))).mtime_ns == WHEN * 10**9
    for dos in ((0, 0), (0xFFFF, 0xFFFF), (0, 0b0101011_0000_00001)):
        assert only(Zipped(b"x", dos=dos)).mtime_ns is None


def test_only_one_of_the_headers_may_know_the_time_better() -> None:
    """As some tools write it."""
    here = {"extra": stamp(WHEN + 7)}
    assert only(Zipped(b"x", local=here)).mtime_ns == (WHEN + 7) * 10**9
    assert only(Zipped(b"x", central=here)).mtime_ns == (WHEN + 7) * 10**9


@pytest.mark.parametrize("magic", [b"", b"PK\7\x08"])
@pytest.mark.parametrize("width", [4, 8])
def test_descriptors_are_compared(magic: bytes, width: int) -> None:
    """In each of the four forms there are; a streamed header may know nothing or all."""
    body = b"streamed" * 9
    plain = Zipped(b"x", body)
    numbers = plain.said()
    good = magic + numbers["crc"].to_bytes(4, "little")
    good += b"".join(numbers[key].to_bytes(width, "little") for key in ("packed", "size"))
    for local in ({}, {key: numbers[key] for key in ("crc", "size", "packed")}):
        content = zipped(
            Zipped(b"x", body, flags=8, descriptor=good, local=local), Zipped(b"y", b"1")
        )
        assert members(content)[0][1] == body
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        with pytest.raises(RefusedError, match=r'"x".*told behind its contents'):
            members(zipped(Zipped(b"x", body, flags=8, descriptor=bad)))
    for bad in (b"", good[:-1], good + b"\0", good[1:], good * 2):
        with pytest.raises(RefusedError, match=r'"x".*told behind its contents'):
            members(zipped(Zipped(b"x", body, flags=8, descriptor=bad)))


def test_zip64_is_read() -> None:
    """Sizes, offset and end, each where the short field says so."""
    body = b"wide" * 50
    plain = Zipped(b"x", body)
    packed = len(plain.content())
    wide = {"size": MAX, "packed": MAX, "extra": wide_extra(len(body), packed)}
    first = Zipped(b"a", b"1")
    offset = {"extra": wide_extra(len(body), packed, len(first.front())), "offset": MAX}
    one = Zipped(b"x", body, local=wide, central=wide | offset)
    most = dict.fromkeys(("here", "count"), 0xFFFF) | dict.fromkeys(("size", "offset"), MAX)
    for end in ({}, most):
        content = zipped(first, one, end=end, wide={})
        assert [got for _, got in members(content)] == [b"1", body]


def test_zip64_beside_plain_sizes_in_front_must_agree() -> None:
    """Python before 3.11.4 wrote both."""
    packed = len(deflated(b"x"))
    assert only(Zipped(b"a", b"x", local={"extra": wide_extra(1, packed)})).size == 1
    for sizes in ((2, packed), (1, packed + 1), (1,), (1, packed, 0)):
        with pytest.raises(RefusedError, match="zip64 sizes and"):
            only(Zipped(b"a", b"x", local={"extra": wide_extra(*sizes)}))


def test_what_zipfile_writes_is_read() -> None:
    """To a file and to a stream that cannot go back."""
    for streamed in (False, True):
        out = io.BytesIO()
        if streamed:
            out.seekable = lambda: False  # type: ignore[method-assign] # as a socket would be
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("d/", b"")
            archive.writestr("d/caf\u00e9", b"x" * 5000)
            archive.writestr(zipfile.ZipInfo("stored"), b"y")
            with archive.open("wide", "w", force_zip64=True) as file:
                file.write(b"z")
        got = {entry.name: body for entry, body in members(out.getvalue())}
        assert got == {b"d/": b"", b"d/caf\xc3\xa9": b"x" * 5000, b"stored": b"y", b"wide": b"z"}


A = Zipped(b"a", b"first")
LOCAL_SIZE = len(zipped(A)) - len(tail(1, 0, A.record(0)))


def cut(content: bytes, begin: int, end: int) -> bytes:
    """Without some bytes in the middle."""
    return content[:begin] + content[end:]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no end: it was cut short"),
        (b"PK\3\4" + bytes(50), "no end"),
        (zipped(A)[:-1], "no end"),
        (zipped(A) + b"x", "no end"),
        (zipped(A, comment=b"123")[:-1], "no end"),
        (zipped(A, comment=b"x" + tail(0, 0, b"")), "two ends, one in the comment"),
        (zipped(A, prefix=b"#!/bin/sh\n"), "10 bytes in front of the zip's first entry"),
        (b"#!/bin/sh\n" + zipped(A), "something is in front of the zip"),
        (zipped(prefix=b"junk"), "4 bytes in front"),
        (zipped(A, between=b"junk"), '"a" is refused: 4 bytes that belong to nothing'),
        (zipped(Zipped(b"a", b"1", after=b"!"), A), "1 bytes that belong to nothing"),
        (zipped(A, end={"disk": 1}), "one part of several"),
        (zipped(A, end={"first": 1}), "one part of several"),
        (zipped(A, end={"here": 2}), "one part of several"),
        (zipped(A, wide={"disks": 2}), "one part of several"),
        (zipped(A, end={"here": 0, "count": 0}), "45 bytes in front of the zip's first entry|more"),
        (zipped(A, end={"here": 2, "count": 2}), "fewer records than its end says"),
        (zipped(A, end={"size": 1}), "should be the 1 bytes at"),
        (zipped(A, end={"offset": 1}), "something is in front of the zip or in the middle"),
        (zipped(A, wide={"at": 7}), "not where it should be"),
        (zipped(A, wide={"length": 45}), "not where it should be"),
        (zipped(A, wide={"at": 1 << 63}), "not where it should be"),
        (zipped(A, wide={"count": 2, "here": 2}), "two ends that say different things"),
        (zipped(A, wide={"size": 1}, end={"size": MAX}), "should be the 1 bytes at"),
        (zipped(Zipped(b"a", central={"magic": b"PK\0\0"})), "directory is damaged"),
        (zipped(Zipped(b"a", central={"comment": b"x" * 9}), end={"size": 50}), "should be the 50"),
        (zipped(Zipped(b"a", local={"magic": b"PK\1\2"})), "not where the zip's directory says"),
        (zipped(Zipped(b"a", central={"offset": 1})), "1 bytes in front"),
        (zipped(A, Zipped(b"b", central={"offset": 1 << 31})), "behind its own beginning"),
        (zipped(A, Zipped(b"b", central={"offset": 3})), '"a" is refused: it overlaps'),
        (zipped(A, Zipped(b"a", b"first", central={"offset": 0})), "overlaps with another entry"),
        (zipped(Zipped(b"a", b"1" * 50, method=0, packed=b"1" * 9)), "two sizes: 9"),
        (zipped(Zipped(b"a", b"12", local={"packed": 90}, central={"packed": 90})), "it overlaps"),
        (zipped(Zipped(b"a", central={"disk": 1})), "in another part"),
        (zipped(Zipped(b"a", local={"name": b"b"})), "two headers differ: name"),
        (zipped(Zipped(b"a", local={"name": b"a\0"})), "two headers differ: name"),
        (zipped(Zipped(b"a", local={"method": 0})), "two headers differ: method"),
        (zipped(Zipped(b"a", local={"flags": 1 << 11})), "two headers differ: flags"),
        (zipped(Zipped(b"a", local={"flags": 8})), "two headers differ: flags"),
        (zipped(Zipped(b"a", local={"size": 1})), "two headers differ: size"),
        (zipped(Zipped(b"a", local={"packed": 1})), "two headers differ: packed size"),
        (zipped(Zipped(b"a", local={"crc": 1})), "two headers differ: CRC"),
        (zipped(Zipped(b"a", local={"dos": (0, 0)})), "two headers differ: time"),
        (
            zipped(Zipped(b"a", local={"extra": stamp(1)}, central={"extra": stamp(2)})),
            "two headers differ: time",
        ),
        (zipped(Zipped(b"a", flags=8, local={"size": 9})), "two headers differ: size"),
        (zipped(Zipped(b"a", central={"crc": 1}, local={"crc": 1})), "another CRC"),
        (zipped(Zipped(b"a", b"x", packed=b"\xff\xff")), "contents are damaged"),
        (zipped(Zipped(b"a", b"x" * 99, packed=deflated(b"x" * 99)[:-1])), "end too early|damaged"),
        (zipped(Zipped(b"a", b"x", packed=b"")), "end too early"),
        (zipped(Zipped(b"a", b"x", packed=deflated(b"x") + b"!")), "follows its contents"),
        (zipped(Zipped(b"a", b"x", packed=deflated(b"x") * 2)), "follows its contents"),
        (zipped(Zipped(b"a", b"x", packed=deflated(b"xy"))), "more than the 1 bytes"),
        (zipped(Zipped(b"a", b"xyz", packed=deflated(b"xy"))), "1 bytes less than it says"),
        (zipped(Zipped(b"a", b"x", flags=1)), "encrypted; pack it without a password"),
        (zipped(Zipped(b"a", b"x", flags=1 << 6 | 1)), "encrypted"),
        (zipped(Zipped(b"a", b"x", flags=1 << 13)), "encrypted"),
        (zipped(Zipped(b"a", b"x", flags=1 << 5)), "a patch of something"),
        (zipped(Zipped(b"a", b"x", method=12)), r"by method 12 \(bzip2\)"),
        (zipped(Zipped(b"a", b"x", method=14)), r"by method 14 \(lzma\)"),
        (zipped(Zipped(b"a", b"x", method=99)), r"by method 99 \(AES\)"),
        (zipped(Zipped(b"a", b"x", method=77)), r"by method 77 \(an unknown one\)"),
        (zipped(Zipped(b"a/", b"x", mode=0)), "a folder, but says that it has 1 bytes"),
        (zipped(Zipped(b"a/", mode=0o100644)), "a file by its mode, and a folder by its name"),
        (zipped(Zipped(b"a", mode=0o40755)), "a folder by its mode, and a file by its name"),
        (zipped(Zipped(b"a/", b"t", mode=LINK)), "a symlink by its mode, and a folder by its"),
        (zipped(Zipped(b"a", mode=0o170000)), "unknown type 0o170000"),
        (zipped(Zipped(b"l", b"t" * 4097, mode=LINK)), "target is longer than 4096"),
        (zipped(Zipped(b"n" * 4097)), "name is longer than 4096"),
        (zipped(Zipped(b"a", extra=b"\1")), "extra fields are damaged"),
        (zipped(Zipped(b"a", extra=b"\1\0\x09\0")), "extra fields are damaged"),
        (zipped(Zipped(b"a", extra=stamp(1) * 2)), "extra field 0x5455 twice"),
        (zipped(Zipped(b"a", extra=wide_extra(0, 0))), "zip64 sizes and plain ones"),
        (zipped(Zipped(b"a", central={"size": MAX})), "zip64 sizes are missing"),
        (
            zipped(
                Zipped(
                    b"a", b"x", local={"size": MAX, "packed": MAX, "extra": wide_extra(1, 9)}
                )
            ),
            "two headers differ: packed size",
        ),
        (zipped(Zipped(b"a", extra=extra(0x7075, b"\1\0\0\0\0../b"))), "two names"),
    ],
)  # fmt: skip
def test_damaged_or_ambiguous_zip_is_refused(content: bytes, reason: str) -> None:
    """What readers could disagree about is no artifact; the message says what it is."""
    with pytest.raises(RefusedError, match=reason):
        members(content)


def test_more_members_than_allowed_are_refused_before_the_first() -> None:
    """The key is named."""
    with pytest.raises(RefusedError, match="`maxEntries`"):
        next(iter(reader(zipped(A, Zipped(b"b")), 1).entries()))


def test_huge_numbers_are_refused_before_anything_is_read() -> None:
    """Of records that are not there."""
    most = {"here": 0xFFFF, "count": 0xFFFF}
    with pytest.raises(RefusedError, match="fewer records"):
        members(zipped(A, end=most), 1 << 20)
    with pytest.raises(RefusedError, match="maxEntries"):
        members(zipped(A, end=most, wide={"here": 1 << 60, "count": 1 << 60}), 1 << 20)


GOOD = zipped(
    Zipped(b"d/", method=0, mode=0o40755),
    Zipped(b"d/x", b"some text " * 40, flags=8),
    Zipped(b"l", b"d/x", method=0, mode=LINK, extra=stamp(WHEN)),
)


@given(some.integers(0, len(GOOD) - 1), some.integers(1, 255))
@settings(deadline=None)
def test_any_flipped_byte_is_refused_or_harmless(at: int, change: int) -> None:
    """Contents never change unnoticed; types, modes and times may, as only the directory has them."""
    bad = GOOD[:at] + bytes([GOOD[at] ^ change]) + GOOD[at + 1 :]
    try:
        got = members(bad)
    except RefusedError:
        return
    assert [(one.name, one.target or body) for one, body in got] == [
        (one.name, one.target or body) for one, body in members(GOOD)
    ]


@given(some.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_refused(noise: bytes) -> None:
    """No bytes make the reader fail in any other way."""
    for content in (noise, noise + tail(1, 0, noise), GOOD[:60] + noise + GOOD[60:]):
        if content != GOOD:
            with pytest.raises(RefusedError):
                members(content)
