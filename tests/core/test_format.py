"""What an artifact is taken for."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random

import pytest

from dropship.archives.codecs import CODECS
from dropship.archives.inflate import first_bytes
from dropship.core.format import HEAD_BYTES, Claims, Format, choose
from dropship.errors import ConfigError, RefusedError
from tests.archives.packing import zstd
from tests.archives.tars import Member, tar, tgz

TAR = tar(Member(b"x", b"hello"))
TGZ = tgz(Member(b"x", b"hello"))
GZ = gzip.compress(b"just text")
ZIP = b"PK\x03\x04rest"
HTML = b"<html>404"
NOISE = random.Random(1).randbytes(2 << 20)
LARGE = tar(Member(b"x", NOISE))


def chosen(
    name: str, head: bytes, *, said: str = "auto", config: str = "", store: str = ""
) -> Format:
    """What ``choose`` says."""
    head = head[:HEAD_BYTES]
    return choose(
        Claims(said=said, config_type=config, store_type=store, name=name),
        head,
        lambda form, head, count: first_bytes(head, CODECS[form], count),
    )


@pytest.mark.parametrize(
    ("name", "head", "form"),
    [
        ("a.tar.gz", TGZ, Format.TAR_GZ),
        ("a.TGZ", TGZ, Format.TAR_GZ),
        ("a.tar", TAR, Format.TAR),
        ("a.zip", ZIP, Format.ZIP),
        ("a.tar.xz", b"\xfd7zXZ\0rest", Format.TAR_XZ),
        ("a.tar.bz2", b"BZh91AY", Format.TAR_BZ2),
        ("a.tar.zst", b"\x28\xb5\x2f\xfdrest", Format.TAR_ZST),
        ("a.tar.zst", b"\x50\x2a\x4d\x18rest", Format.TAR_ZST),
        ("a.gz", GZ, Format.GZ),
        ("a.jar", ZIP, Format.FILE),
        ("a", TGZ, Format.FILE),
        ("a.txt", b"", Format.FILE),
    ],
)
def test_known_suffix_with_agreeing_bytes_decides(name: str, head: bytes, form: Format) -> None:
    """The suffix counts, in any case; without one it is a file, whatever the bytes look like."""
    assert chosen(name, head) is form


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tgz", "a.zip", "a.tar.xz", "a.gz", "a.tar"])
@pytest.mark.parametrize("head", [HTML, b""])
def test_archive_suffix_with_other_bytes_is_refused(name: str, head: bytes) -> None:
    """An error page saved as an archive is no artifact; the way out is named."""
    with pytest.raises(RefusedError, match='format = "file"'):
        chosen(name, head)


@pytest.mark.parametrize(
    ("config", "form"),
    [
        ("application/x-gzip", Format.TAR_GZ),
        ("application/gzip", Format.TAR_GZ),
        ("application/octet-stream", Format.TAR_GZ),
        ("Application/GZIP; charset=x", Format.TAR_GZ),
        ("application/zip", Format.FILE),
        ("text/plain", Format.FILE),
    ],
)
def test_content_type_of_the_config_decides_as_in_the_go_tool(config: str, form: Format) -> None:
    """Its three gzip types are a tar.gz, anything else a file, whatever name and bytes say."""
    assert chosen("a.tar", HTML, config=config) is form


@pytest.mark.parametrize(
    ("store", "head", "form"),
    [
        ("application/gzip", TGZ, Format.TAR_GZ),
        ("application/x-gzip", GZ, Format.FILE),
        ("application/gzip", HTML, Format.FILE),
        ("application/gzip", b"\x1f\x8bbroken", Format.FILE),
        ("application/x-bzip2", bz2.compress(LARGE), Format.TAR_BZ2),
        ("application/x-bzip2", bz2.compress(NOISE), Format.FILE),
        ("application/x-xz", lzma.compress(LARGE), Format.TAR_XZ),
        ("application/x-xz", lzma.compress(NOISE), Format.FILE),
        ("application/zstd", zstd(LARGE), Format.TAR_ZST),
        ("application/zstd", zstd(NOISE), Format.FILE),
        ("application/zstd", GZ, Format.FILE),
        ("application/x-tar", TAR, Format.TAR),
        ("application/x-tar", HTML, Format.FILE),
        ("application/zip", ZIP, Format.ZIP),
        ("application/octet-stream", TGZ, Format.FILE),
        ("binary/octet-stream", TGZ, Format.FILE),
        ("", TGZ, Format.FILE),
    ],
)
def test_store_type_counts_only_where_the_bytes_agree(
    store: str, head: bytes, form: Format
) -> None:
    """For a name without a known suffix; and it never refuses."""
    assert chosen("artifact", head, store=store) is form


def test_format_of_the_config_beats_everything() -> None:
    """``format`` is what the operator says it is."""
    said = chosen("a.zip", HTML, said="tar.gz", config="text/plain", store="application/zip")
    assert said is Format.TAR_GZ
    assert chosen("a.tar.gz", TGZ, said="file") is Format.FILE


def test_unknown_format_names_those_there_are() -> None:
    """A typo in ``format`` is answered with the list."""
    with pytest.raises(ConfigError, match=r'"targz".*auto, file, gz, tar, tar\.gz'):
        chosen("a", b"", said="targz")
