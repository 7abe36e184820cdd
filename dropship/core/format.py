"""What an artifact is: a tree to unpack or a file to keep. Pure; looks at names and first bytes.

The order of what counts: the configuration's ``format``; its ``content-type``, as in the Go tool
of 2015; a known suffix, if the bytes agree; the store's type, if the bytes agree; else a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from dropship.errors import ConfigError, RefusedError

HEAD_BYTES: Final = 1 << 20
"""How much of an artifact's start ``choose`` wants to see, as far as there is so much: a whole
block of bzip2 (900 kB) or of zstd, without which nothing of what is inside can be told."""


class Format(Enum):
    """The formats by the names that ``format`` takes."""

    FILE = "file"
    GZ = "gz"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_BZ2 = "tar.bz2"
    TAR_XZ = "tar.xz"
    TAR_ZST = "tar.zst"
    ZIP = "zip"


AUTO: Final = "auto"
NAMES: Final = (AUTO, *(one.value for one in Format))

# dispatcher.go of the Go tool knew these three as a gzipped tar, and everything else as a file.
_GO_TAR_GZ: Final = frozenset(
    {"application/x-gzip", "application/gzip", "application/octet-stream"}
)

_SUFFIXES: Final = (
    (".tar.gz", Format.TAR_GZ),
    (".tgz", Format.TAR_GZ),
    (".tar.bz2", Format.TAR_BZ2),
    (".tbz2", Format.TAR_BZ2),
    (".tbz", Format.TAR_BZ2),
    (".tar.xz", Format.TAR_XZ),
    (".txz", Format.TAR_XZ),
    (".tar.zst", Format.TAR_ZST),
    (".tzst", Format.TAR_ZST),
    (".tar", Format.TAR),
    (".zip", Format.ZIP),
    (".gz", Format.GZ),
)

_TYPES: Final = {
    "application/gzip": Format.TAR_GZ,
    "application/x-gzip": Format.TAR_GZ,
    "application/x-tgz": Format.TAR_GZ,
    "application/x-gtar": Format.TAR,
    "application/x-tar": Format.TAR,
    "application/tar": Format.TAR,
    "application/x-bzip2": Format.TAR_BZ2,
    "application/x-xz": Format.TAR_XZ,
    "application/zstd": Format.TAR_ZST,
    "application/zip": Format.ZIP,
    "application/x-zip-compressed": Format.ZIP,
}

_GZIP_MAGIC: Final = b"\x1f\x8b"
_MAGIC: Final = {
    Format.GZ: (_GZIP_MAGIC,),
    Format.TAR_GZ: (_GZIP_MAGIC,),
    Format.TAR_BZ2: (b"BZh",),
    Format.TAR_XZ: (b"\xfd7zXZ\0",),
    # pzstd begins with a skippable frame, whose magic ends in any of sixteen digits.
    Format.TAR_ZST: (
        b"\x28\xb5\x2f\xfd",
        *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)),
    ),
    Format.ZIP: (b"PK\x03\x04", b"PK\x05\x06"),
}
_USTAR_AT: Final = slice(257, 262)
_BLOCK: Final = 512


Inside = Callable[[Format, bytes, int], bytes]
"""The first bytes inside a compressed artifact that begins so: none where that cannot be told."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What is said of an artifact without looking at it.

    Attributes:
        said: The configuration's ``format``; ``auto`` says nothing.
        config_type: The configuration's ``content-type``; empty says nothing.
        store_type: The store's type; alone it never decides.
        name: The artifact's file name.
    """

    said: str
    config_type: str
    store_type: str
    name: str


def choose(claims: Claims, head: bytes, inside: Inside) -> Format:
    """Decide what an artifact is.

    Args:
        claims: What is said of it.
        head: Its first ``HEAD_BYTES`` bytes, or all of it.
        inside: Looks into compressed bytes.

    Raises:
        ConfigError: ``said`` is no format.
        RefusedError: The name says archive, the bytes say otherwise.
    """
    told = declared(claims.said, claims.config_type, claims.name)
    if told is not None:
        certain = claims.said != AUTO or claims.config_type
        return told if certain else _agreeing(told, claims.name, head)
    by_type = _TYPES.get(_plain(claims.store_type))
    return by_type if by_type and _is_tree(by_type, head, inside) else Format.FILE


def declared(said: str, config_type: str, name: str) -> Format | None:
    """What an artifact is by its ``format``, ``content-type`` and name; None if none of them tells.

    Raises:
        ConfigError: ``said`` is no format.
    """
    if said != AUTO:
        return _named(said)
    if config_type:
        return Format.TAR_GZ if _plain(config_type) in _GO_TAR_GZ else Format.FILE
    return suffix_format(name)


def suffix_format(name: str) -> Format | None:
    """The archive format that a file name's suffix stands for, if it does."""
    folded = name.lower()
    return next((form for suffix, form in _SUFFIXES if folded.endswith(suffix)), None)


def _named(said: str) -> Format:
    try:
        return Format(said)
    except ValueError as error:
        raise ConfigError(
            f'"{said}" is no artifact format', cure="write one of " + ", ".join(NAMES)
        ) from error


def shown(head: bytes) -> str:
    """The first bytes of something: text as text, as of an error page; else in hexadecimal."""
    if head.isascii() and (text := head.decode("ascii")).isprintable():
        return f'"{text}"'
    return f"the bytes {head.hex(' ')}"


def _plain(content_type: str) -> str:
    """Without parameters and case: ``Application/Gzip; q=1`` → ``application/gzip``."""
    return content_type.partition(";")[0].strip().lower()


def _agreeing(form: Format, name: str, head: bytes) -> Format:
    if _has_magic(form, head):
        return form
    what = f"begins with {shown(head[:8])}" if head else "is empty"
    raise RefusedError(
        f"the artifact is called {name}, but {what}, which is no {form.value}",
        cure='look at what the store really has there; `format = "file"` takes it as it is',
    )


def _has_magic(form: Format, head: bytes) -> bool:
    if form is Format.TAR:
        # Version 7's tar has no magic; its header's checksum is looked at by whoever reads it.
        return len(head) >= _BLOCK
    return head.startswith(_MAGIC[form])


def _is_tree(form: Format, head: bytes, inside: Inside) -> bool:
    """A store's type is believed only where the bytes are a tree: it is often a guess."""
    if form is Format.TAR:
        return head[_USTAR_AT] == b"ustar"
    if not _has_magic(form, head):
        return False
    return form is Format.ZIP or inside(form, head, _BLOCK)[_USTAR_AT] == b"ustar"
