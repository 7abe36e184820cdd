"""What every archive reader promises, whatever the format, however its bytes are cut into pieces."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.archives import Archive
from dropship.archives.codecs import BZIP2, GZIP, XZ, ZSTD
from dropship.archives.inflate import Codec, Inflater
from dropship.archives.plain import PlainFile
from dropship.archives.tar import TarReader
from dropship.archives.zip import ZipReader
from dropship.core.entry import Entry, Kind
from dropship.errors import RefusedError
from tests.archives.packing import zstd
from tests.archives.tars import filled

FILES: Mapping[bytes, bytes] = {b"a": b"alpha" * 300, b"dir/b": b"", b"dir/c": b"gamma" * 5000}


@dataclass(frozen=True)
class Format:
    """A format: an archive of it, and what reads it."""

    content: bytes
    files: Mapping[bytes, bytes]
    read: Callable[[Iterator[bytes]], Archive]


def _tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in FILES.items():
            info = tarfile.TarInfo(name.decode())
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        end = archive.offset + 2 * tarfile.BLOCKSIZE
    # Without the padding behind the end marker, where a cut would cost nothing.
    return target.getvalue()[:end]


def _inflated(codec: Codec) -> Callable[[Iterator[bytes]], Archive]:
    return lambda pieces: TarReader(iter(Inflater(pieces, codec)))


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(name.decode(), data)
    return target.getvalue()


def _spooled(pieces: Iterator[bytes]) -> Archive:
    whole = b"".join(pieces)
    return ZipReader(lambda count, at: whole[at : at + count], len(whole), 1000)


def _plain(pieces: Iterator[bytes]) -> Archive:
    return PlainFile(pieces, Entry(b"tool", Kind.FILE, size=len(FILES[b"a"])))


FORMATS = {
    "tar": Format(_tar(), FILES, TarReader),
    "tar.gz": Format(gzip.compress(_tar()), FILES, _inflated(GZIP)),
    "tar.bz2": Format(bz2.compress(_tar()), FILES, _inflated(BZIP2)),
    "tar.xz": Format(lzma.compress(_tar()), FILES, _inflated(XZ)),
    "tar.zst": Format(zstd(_tar()), FILES, _inflated(ZSTD)),
    "zip": Format(_zip(), FILES, _spooled),
    "plain": Format(FILES[b"a"], {b"tool": FILES[b"a"]}, _plain),
}


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> Format:
    """Each format."""
    return FORMATS[request.param]


def pieces(content: bytes, length: int) -> Iterator[bytes]:
    """``content`` as a stream of pieces."""
    return (content[at : at + length] for at in range(0, len(content), length))


def contents(archive: Archive) -> dict[bytes, bytes]:
    """Every file's content."""
    return {entry.name: b"".join(map(filled, archive.body())) for entry in archive.entries()}


@pytest.mark.parametrize("name", FORMATS)
@given(length=st.integers(1, 20_000))
def test_contents_do_not_depend_on_how_the_stream_is_cut(name: str, length: int) -> None:
    """A network cuts where it likes."""
    form = FORMATS[name]
    assert contents(form.read(pieces(form.content, length))) == form.files


def test_body_that_is_not_read_is_skipped(form: Format) -> None:
    """Names alone can be listed."""
    archive = form.read(pieces(form.content, 1000))
    assert [entry.name for entry in archive.entries()] == list(form.files)


def test_body_that_is_half_read_is_skipped(form: Format) -> None:
    """What follows is not mistaken for a member."""
    archive = form.read(pieces(form.content, 100))
    names = []
    for entry in archive.entries():
        names.append(entry.name)
        next(iter(archive.body()), None)
    assert names == list(form.files)


def test_size_of_an_entry_is_the_length_of_its_body(form: Format) -> None:
    """A limit that looks at sizes is no guess."""
    archive = form.read(pieces(form.content, 1000))
    assert all(sum(map(len, archive.body())) == entry.size for entry in archive.entries())


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "plain"])
@pytest.mark.parametrize("cut", [1, 5, 700, 1100])
def test_stream_that_is_cut_short_is_refused(name: str, cut: int) -> None:
    """Nothing half is ever taken for whole; only a plain file ends where its stream ends."""
    form = FORMATS[name]
    cut = min(cut, len(form.content) - 1)
    archive = form.read(pieces(form.content[:-cut], 1000))
    with pytest.raises(RefusedError):
        contents(archive)
