"""Tar streams, whole and hostile."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dropship.archives.tar import TarReader
from dropship.core.entry import Entry, Kind
from dropship.errors import RefusedError
from tests.archives.tars import (
    BLOCK,
    END,
    WHEN,
    Member,
    OldSparse,
    base_256,
    filled,
    long_name,
    pax,
    record,
    sliced,
    tar,
)

GIB8 = 8 << 30


def members(content: bytes, step: int = 1 << 20) -> list[tuple[Entry, bytes]]:
    """Everything in an archive that comes in pieces of ``step`` bytes."""
    reader = TarReader(sliced(content, step))
    return [(entry, b"".join(map(filled, reader.body()))) for entry in reader.entries()]


@pytest.mark.parametrize("step", [1, 7, 512, 1000, 1 << 20])
def test_ordinary_archive_is_read_whatever_its_pieces(step: int) -> None:
    """Kinds, names, modes, times, targets and contents come out as they went in."""
    content = tar(
        Member(b"app/", type=b"5", mode=0o755),
        Member(b"app/run", b"x" * 1000, mode=0o755),
        Member(b"app/empty"),
        Member(b"app/link", type=b"2", target=b"run"),
        Member(b"app/same", type=b"1", target=b"app/run"),
        Member(b"old/", type=b"\0"),
        Member(b"name", b"!", prefix=b"long/prefix"),
    )
    when = WHEN * 10**9
    assert members(content, step) == [
        (Entry(b"app/", Kind.FOLDER, 0, 0o755, when), b""),
        (Entry(b"app/run", Kind.FILE, 1000, 0o755, when), b"x" * 1000),
        (Entry(b"app/empty", Kind.FILE, 0, 0o644, when), b""),
        (Entry(b"app/link", Kind.SYMLINK, 0, 0o644, when, b"run"), b""),
        (Entry(b"app/same", Kind.HARD_LINK, 0, 0o644, when, b"app/run"), b""),
        (Entry(b"old/", Kind.FOLDER, 0, 0o644, when), b""),
        (Entry(b"long/prefix/name", Kind.FILE, 1, 0o644, when), b"!"),
    ]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_tarfile_writes_is_read_alike(form: int) -> None:
    """Long names and targets in each of its formats, and odd bytes."""
    deep = "d/" * 60 + "f" * 60
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, kind in ((deep, tarfile.REGTYPE), ("caf\udce9", tarfile.REGTYPE), ("l", b"2")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = kind, "x" * 90 if kind == b"2" else "", 12
            archive.addfile(info)
    names = [(entry.name, entry.target) for entry, _ in members(out.getvalue())]
    assert names == [(deep.encode(), b""), (b"caf\xe9", b""), (b"l", b"x" * 90)]


def test_unread_contents_are_skipped() -> None:
    """Who does not want a member's contents need not read them."""
    content = tar(Member(b"a", b"1" * 5000), Member(b"b", b"2"))
    assert [one.name for one in TarReader(sliced(content, 100)).entries()] == [b"a", b"b"]


def test_gnu_long_names_and_base_256_are_understood() -> None:
    """GNU's own ways around the short fields of ustar."""
    name, target = b"n/" * 400 + b"x", b"t/" * 300 + b"y"
    content = tar(
        long_name(name) + long_name(target, b"K") + Member(b"n", type=b"2", target=b"t").encode(),
        Member(b"b", b"12345", size=base_256(5), mtime=base_256(-WHEN)),
    )
    (first, _), (second, body) = members(content)
    assert (first.name, first.target) == (name, target)
    assert body == b"12345"
    assert second.mtime_ns == -WHEN * 10**9


def test_pax_records_override_ustar() -> None:
    """Path, target, size and time of a PAX header count; a comment does not matter."""
    content = tar(
        pax(path=b"p" * 300, mtime="1700000000.123456789", comment="hi", size="3"),
        Member(b"short", b"abc"),
        pax(linkpath=b"q" * 300, path=b"\xff raw"),
        Member(b"short", type=b"2", target=b"t"),
        Member(b"g", record("comment", "a commit"), b"g"),
        Member(b"plain"),
    )
    (first, body), (second, _), (third, _) = members(content)
    assert (first.name, first.mtime_ns, body) == (b"p" * 300, 1_700_000_000_123_456_789, b"abc")
    assert (second.name, second.target) == (b"\xff raw", b"q" * 300)
    assert third.name == b"plain"


def test_pax_size_counts_where_ustar_has_no_room_for_it() -> None:
    """From 8 GiB on ustar's field may be zero or its largest."""
    for written in (0, 0o77777777777):
        content = tar(pax(size=str(GIB8)), Member(b"big", size=written), end=b"")
        entry = next(iter(TarReader(sliced(content, 512)).entries()))
        assert entry.size == GIB8


def test_zeros_may_follow_the_end() -> None:
    """Tapes and GNU tar pad to their record size."""
    assert len(members(tar(Member(b"a")) + bytes(9000))) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "without tar's end marker"),
        (tar(Member(b"a", b"x"), end=b""), "without tar's end marker"),
        (tar(Member(b"a"), end=bytes(BLOCK)), "without tar's end marker"),
        (tar(Member(b"a")) + b"x", "follows the archive's end marker"),
        (tar(Member(b"a"), bytes(BLOCK), Member(b"b")), "lone block of zeros"),
        (tar(Member(b"a", b"x" * 600))[:1000], '"a" is refused: the archive ends in the middle'),
        (tar(Member(b"a"), Member(b"b"))[: BLOCK + 100], '"a" is refused: the archive ends'),
        (b"<html>" + bytes(2000), "wrong checksum"),
        (tar(Member(b"a"), Member(b"b", checksum=b"0000001\0")), 'after "a" has a wrong checksum'),
        (tar(Member(b"a", checksum=b"-000001\0")), "wrong checksum"),
        (tar(Member(b"a", size=b"-0000000001")), "no octal number"),
        (tar(Member(b"a", size=b"0000000009")), "no octal number"),
        (tar(Member(b"a", size=b"1_0")), "no octal number"),
        (tar(Member(b"a", size=b"")), "no octal number"),
        (tar(Member(b"a", size=base_256(-1))), "negative or too large"),
        (tar(Member(b"a", size=base_256(1 << 70))), "negative or too large"),
        (tar(Member(b"a", mode=base_256(-1, 8))), "mode is negative or too large"),
        (tar(Member(b"l", b"x", b"2", b"t")), "a symlink, but says that it has 1 bytes"),
        (tar(Member(b"h", b"x", b"1", b"t")), "a hard link, but says that it has 1 bytes"),
        (tar(Member(b"d/", b"x", b"5")), "a folder, but says that it has 1 bytes"),
        (tar(Member(b"d/", b"x", b"0")), "a folder, but says that it has 1 bytes"),
        (tar(Member(b"p", record("path", "x") * 2, b"x"), Member(b"a")), "b'path' twice"),
        (tar(Member(b"g", record("GNU.sparse.map", "0,1"), b"g"), Member(b"a")), "one sparse map"),
        (tar(Member(b"u", type=b"Z")), "unknown type"),
        (tar(Member(b"v", type=b"V")), "unknown type"),
        (tar(pax(size="3"), Member(b"a", b"x" * 4)), "two sizes: 4 in its header, 3"),
        (tar(pax(size="3"), Member(b"a")), "two sizes: 0 in its header, 3"),
        (tar(pax(size="-3"), Member(b"a")), "size that is no number"),
        (tar(pax(size="9" * 19), Member(b"a")), "size that is no number"),
        (tar(pax(size="0" * 5000), Member(b"a")), "size that is no number"),
        (tar(pax(size=""), Member(b"a")), "empty size"),
        (tar(pax(path=""), Member(b"a")), "empty path"),
        (tar(pax(mtime="soon"), Member(b"a")), "time that is no number"),
        (tar(pax(path="x") + pax(path="y"), Member(b"a")), "two PAX headers"),
        (tar(long_name(b"x") + long_name(b"y"), Member(b"a")), "two GNU long names"),
        (tar(long_name(b"x") + pax(path="y"), Member(b"a")), "two names"),
        (tar(pax(path="x")), "belongs to nothing"),
        (tar(Member(b"p", b"5 a=", b"x"), Member(b"a")), "PAX header is damaged"),
        (tar(Member(b"p", b"99999999 a=b\n", b"x"), Member(b"a")), "PAX header is damaged"),
        (tar(Member(b"p", b"0 a=b\n", b"x"), Member(b"a")), "PAX header is damaged"),
        (tar(Member(b"p", b"7 noequal\n", b"x"), Member(b"a")), "PAX header is damaged"),
        (tar(Member(b"g", record("path", "x"), b"g"), Member(b"a")), "gives all its entries one"),
        (
            tar(Member(b"x", b"y" * ((1 << 20) + 1), b"L"), Member(b"a")),
            "longer than 1048576 bytes",
        ),
        (
            tar(
                Member(b"x", b"y" * (600 << 10), b"L").encode()
                + Member(b"x", b"y" * (600 << 10), b"K").encode(),
                Member(b"a"),
            ),
            "longer than 1048576 bytes",
        ),
    ],
)
@pytest.mark.parametrize("step", [500, 1 << 22])
def test_damaged_or_ambiguous_archive_is_refused(content: bytes, reason: str, step: int) -> None:
    """What readers could disagree about is no artifact; the message says what it is."""
    with pytest.raises(RefusedError) as refused:
        members(content, step)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "one",
    [
        Member(b"x", record("comment", "y" * 3000), b"g").encode(),
        pax(comment="y" * 3000) + Member(b"a").encode(),
        OldSparse(b"s", [(n, 0) for n in range(150)], b"", 200).encode(),
    ],
)
def test_all_extension_headers_together_are_limited(
    one: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost time, and nothing else counts them."""
    monkeypatch.setattr("dropship.archives.tar._EXTENSIONS_LEAST", 100_000)
    with pytest.raises(
        RefusedError, match="headers have more than 100000 bytes; raise `maxEntries`"
    ):
        members(tar(one * 50))
    assert all(entry.name for entry in TarReader(iter([tar(one * 50)]), most=400).entries())


def test_signed_checksums_of_old_tars_are_understood() -> None:
    """Some summed their bytes as signed ones; with a name beyond ASCII that differs."""
    raw = bytearray(Member(b"caf\xe9").encode())
    plain = sum(raw[:148]) + sum(raw[156:]) + 8 * 0x20
    raw[148:156] = b"%06o\0 " % (plain - 256)
    assert members(bytes(raw) + END)[0][0].name == b"caf\xe9"


@given(some.binary(max_size=2000), some.integers(min_value=1, max_value=700))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(noise: bytes, step: int) -> None:
    """No bytes make the reader fail in any other way."""
    for content in (noise, tar(Member(b"a", b"x"))[:512] + noise, noise[:512].ljust(512) + END):
        with pytest.raises(RefusedError):
            members(content + b"tail", step)


@given(some.integers(min_value=0, max_value=511), some.integers(min_value=1, max_value=255))
def test_a_flipped_byte_of_a_header_is_noticed(at: int, change: int) -> None:
    """The checksum covers every byte of a header."""
    content = bytearray(tar(Member(b"name", b"body", prefix=b"p")))
    content[at] ^= change
    try:
        found = members(bytes(content))
    except RefusedError:
        return
    assert found == members(tar(Member(b"name", b"body", prefix=b"p")))
