"""Sparse members of a tar, as GNU tar and bsdtar write them and as nobody should."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dropship.archives import Hole
from dropship.archives.tar import TarReader
from dropship.archives.tar_sparse import MAP_MAX
from dropship.errors import RefusedError
from tests.archives.tars import Member, OldSparse, base_256, filled, pax, record, sliced, tar
from tests.tools import needed

WAYS = {
    "old GNU": ["tar", "--sparse", "--format=gnu"],
    "PAX 0.0": ["tar", "--sparse", "--format=pax", "--sparse-version=0.0"],
    "PAX 0.1": ["tar", "--sparse", "--format=pax", "--sparse-version=0.1"],
    "PAX 1.0": ["tar", "--sparse", "--format=pax", "--sparse-version=1.0"],
    "bsdtar": ["bsdtar", "--format=pax", "--read-sparse"],
}


def holed(path: Path, size: int, places: dict[int, bytes]) -> bytes:
    """Make a file with holes; its contents."""
    with path.open("wb") as file:
        for at, content in places.items():
            file.seek(at)
            file.write(content)
        file.truncate(size)
    return path.read_bytes()


def contents(archive: bytes, step: int = 1 << 20) -> dict[bytes, bytes]:
    """Everything in it, holes filled; sizes are looked at."""
    reader = TarReader(sliced(archive, step))
    found = {}
    for entry in reader.entries():
        body = b"".join(map(filled, reader.body()))
        assert len(body) == entry.size
        found[entry.name] = body
    return found


def test_real_tools_are_understood_in_each_way(tmp_path: Path) -> None:
    """Holes in the middle, at the end and nothing else; enough of them for many blocks of map."""
    folder = tmp_path / "source"
    folder.mkdir()
    many = {number * (64 << 10): b"data %d" % number * 50 for number in range(90)}
    made = {
        b"many": holed(folder / "many", 8 << 20, many),
        b"only": holed(folder / "only", 1 << 20, {}),
        b"end": holed(folder / "end", (1 << 20) + 5, {1 << 20: b"12345"}),
        b"plain": holed(folder / "plain", 1000, {0: b"x" * 1000}),
    }
    for way, (tool, *how) in WAYS.items():
        command = [needed(tool), *how, "-cf", "-", "-C", folder, *map(bytes, made)]
        archive = subprocess.run(command, capture_output=True, check=True).stdout
        assert len(archive) < 2 << 20, way
        for step in (700, 1 << 20):
            assert contents(archive, step) == made, way


def test_holes_are_not_spelled_out() -> None:
    """However long they are."""
    end = base_256(1 << 33)
    archive = tar(OldSparse(b"a", [(1 << 32, 3), (end, 0)], b"xyz", end).encode())
    reader = TarReader(sliced(archive, 512))
    entry = next(reader.entries())
    assert entry.size == 1 << 33
    pieces = [one if isinstance(one, Hole) else bytes(one) for one in reader.body()]
    assert pieces == [Hole(1 << 32), b"xyz", Hole((1 << 32) - 3)]


def test_what_is_not_read_of_a_sparse_file_is_skipped() -> None:
    """Holes are no bytes of the archive."""
    sparse = OldSparse(b"a", [(1000, 700)], b"x" * 700, 9000).encode()
    reader = TarReader(sliced(tar(sparse, sparse, Member(b"b")), 100))
    names = []
    for entry in reader.entries():
        names.append(entry.name)
        next(iter(reader.body()), None)
    assert names == [b"a", b"a", b"b"]


def v1(map_: bytes, body: bytes = b"", real: str = "10", **more: str) -> bytes:
    """A member of version 1.0."""
    records = {"GNU_sparse_major": "1", "GNU_sparse_minor": "0", "GNU_sparse_realsize": real}
    return tar(pax(GNU_sparse_name="n", **records, **more), Member(b"x", map_ + body))


def v0(map_: str, body: bytes = b"", size: str = "10", **more: str) -> bytes:
    """A member of version 0.1."""
    return tar(pax(GNU_sparse_map=map_, GNU_sparse_size=size, **more), Member(b"x", body))


def pairs(*records: tuple[str, str]) -> bytes:
    """A member of version 0.0."""
    body = b"".join(record("GNU.sparse." + key, value) for key, value in records)
    return tar(Member(b"p", record("GNU.sparse.size", "10") + body, b"x"), Member(b"x", b"ab"))


def padded(map_: bytes) -> bytes:
    """A map as it stands in front of contents."""
    return map_.ljust(-(-len(map_) // 512) * 512, b"\0")


def old(*places: tuple[int | bytes, int | bytes], real: int | bytes = 10, body: bytes = b"ab",
        more: tuple[int, ...] | None = None) -> bytes:  # fmt: skip
    """A member of GNU's old format."""
    return tar(OldSparse(b"x", list(places), body, real, more).encode())


def test_each_way_by_hand() -> None:
    """The same file in all four."""
    whole = b"\0\0a\0b\0\0\0\0\0"
    assert contents(old((2, 1), (4, 1))) == {b"x": whole}
    assert contents(v0("2,1,4,1", b"ab")) == {b"x": whole}
    assert contents(v0("2,1,4,1", b"ab", GNU_sparse_name="n")) == {b"n": whole}
    assert contents(v1(padded(b"2\n2\n1\n4\n1\n"), b"ab")) == {b"n": whole}
    four = [("offset", "2"), ("numbytes", "1"), ("offset", "4"), ("numbytes", "1")]
    assert contents(pairs(*four)) == {b"x": whole}
    assert contents(v0("", b"")) == {b"x": bytes(10)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (old((4, 1), (2, 1)), '"x" is refused: its sparse map is out of order'),
        (old((2, 1), (2, 1)), "out of order or overlaps"),
        (old((2, 2), (3, 0)), "out of order or overlaps"),
        (old((2, 2), real=3), "goes to 4, but the file has 3"),
        (old((2, 3)), "needs 3 bytes of contents, of which there are 2"),
        (old((2, 1)), "needs 1 bytes"),
        (old(), "needs 0 bytes"),
        (old((b"\xff" * 12, 2)), "sparse offset is negative"),
        (old((2, b"\xff" * 12)), "sparse length is negative"),
        (old((2, b"x")), "sparse length b'x' is no octal number"),
        (old((2, 2), real=b"\xff" * 12), "size is negative"),
        (old((0, 2), (5, b""), (6, 0)), "sparse map is damaged|goes on behind its end"),
        (old((0, 2), (0, b"\0x")), "sparse map is damaged"),
        (old((0, 2), (b"", b""), (6, 0)), "goes on behind its end"),
        (old((0, 2), more=(1, 0)), "goes on behind its end"),
        (old(*[(n, 0) for n in range(4)], more=(1,)), "sparse|checksum|number|end"),
        (tar(Member(b"s", type=b"S")), "not as GNU tar writes it"),
        (v0("2,1,4"), "an offset without a length"),
        (v0("2,-1"), "is no number"),
        (v0("2, 1"), "is no number"),
        (v0("2,1_0"), "is no number"),
        (v0("2," + "9" * 20), "is no number"),
        (v0("2," + "9" * 19), "is no number"),
        (v0("2,2", b"ab", size="3"), "goes to 4"),
        (v0("2,2", b"ab", size="x"), "is no number"),
        (v0("2,2", b"ab", GNU_sparse_numblocks="2"), "has 1 parts, but should have"),
        (v0("2,2", b"ab", GNU_sparse_realsize="11"), "no size, or two"),
        (v0("2,2", b"ab", GNU_sparse_name=""), "empty GNU.sparse.name"),
        (v0("2,2", b"ab", GNU_sparse_other="1"), "which GNU tar does not know"),
        (v0("2,2", b"ab", GNU_sparse_major="1", GNU_sparse_minor="0"), "no version that is known"),
        (v0("2,2", b"ab", GNU_sparse_major="0", GNU_sparse_minor="1"), "no version that is known"),
        (tar(pax(GNU_sparse_map="0,0"), Member(b"x")), "no size, or two"),
        (tar(pax(GNU_sparse_size="5"), Member(b"x")), "no version that is known"),
        (tar(pax(GNU_sparse_name="n"), Member(b"x")), "no size, or two"),
        (pairs(("offset", "1"), ("offset", "2")), "map is out of order"),
        (pairs(("numbytes", "1")), "map is out of order"),
        (pairs(("offset", "1")), "an offset without a length"),
        (pairs(("map", "0,2"), ("offset", "0"), ("numbytes", "2")), "two sparse maps"),
        (v1(b""), "longer than its contents"),
        (v1(padded(b"1\n0\n")), "longer than its contents"),
        (v1(padded(b"\n")), "is no number"),
        (v1(padded(b"-1\n")), "is no number"),
        (v1(padded(b"x\n")), "is no number"),
        (v1(padded(b"1\n0\n2\n7\n"), b"ab"), "followed by something else"),
        (v1(padded(b"1\n0\n2\n7"), b"ab"), "followed by something else"),
        (v1(padded(b"1\n9\n2\n"), b"ab"), "goes to 11"),
        (v1(padded(b"9" * 30 + b"\n"), b"ab"), "is no number"),
        (v1(padded(b"999999999\n") + b"1\n" * MAP_MAX), "longer than 1048576 bytes"),
        (v1(padded(b"1" * MAP_MAX), b"x" * 512), "longer than 1048576 bytes"),
        (v1(padded(b"1\n0\n2\n"), b"ab", real=""), "is no number"),
        (
            tar(
                pax(GNU_sparse_map="0,2", GNU_sparse_size="2"),
                OldSparse(b"x", [(0, 2)], b"ab", 2).encode(),
            ),
            "two sparse maps",
        ),
        (
            tar(pax(GNU_sparse_map="0,0", GNU_sparse_size="9"), Member(b"d/", type=b"5")),
            "a folder, but sparse",
        ),
        (
            tar(pax(GNU_sparse_map="", GNU_sparse_size="9"), Member(b"h", type=b"1", target=b"x")),
            "a hard link, but sparse",
        ),
        (old(*[(n, 0) for n in range(60_000)], (70_000, 2), real=1 << 20), "longer than 1048576"),
    ],
)  # fmt: skip
def test_maps_that_contradict_are_refused(content: bytes, reason: str) -> None:
    """Ordered, without overlaps, inside of the file, and exactly as long as the contents."""
    with pytest.raises(RefusedError, match=reason):
        contents(content)


def test_map_that_is_cut_off_is_refused() -> None:
    """In each of its blocks."""
    whole = old(*[(n, 0) for n in range(50)], (60, 2), real=100)
    for length in (512, 600, 1024, 1030, 1536):
        with pytest.raises(RefusedError, match="ends"):
            contents(whole[:length])
