"""Files of checksums: what ``sha256sum``, its kin and BSD's ``sha256 -r`` or ``md5`` write.

Read are lines ``DIGEST  NAME`` (text) and ``DIGEST *NAME`` (binary), names escaped by a backslash in
front of the line (coreutils, ``info '(coreutils) md5sum invocation'``), ``SHA256 (NAME) = DIGEST``
(BSD and ``--tag``; OpenSSL's likewise), and a digest alone. Empty lines and those that begin with
``#`` say nothing; a byte order mark, UTF-16 with one, CRLF and upper-case digits are no fault.
Anything else is: half a file must not pass for a whole one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dropship.core.checksum import Algorithm, Checksum

_OF_DIGITS: Final[dict[int, Algorithm]] = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_TAGS: Final[dict[bytes, Algorithm]] = {
    b"MD5": "md5",
    b"SHA1": "sha1",
    b"SHA256": "sha256",
    b"SHA2-256": "sha256",
    b"SHA512": "sha512",
    b"SHA2-512": "sha512",
}
_PLAIN: Final = re.compile(rb"(\\?)([0-9A-Fa-f]{32,128})(?:[ \t][ *]?(.+))?", re.DOTALL)
_TAGGED: Final = re.compile(
    rb"(\\?)([A-Z0-9-]{3,8}) ?\((.+)\) ?= ?([0-9A-Fa-f]{32,128})", re.DOTALL
)
_ESCAPED: Final = re.compile(rb"\\(.?)", re.DOTALL)
_ESCAPES: Final = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}
_UTF_8: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_AS_IS: Final = "surrogatepass"  # a key of a configuration can hold anything
_SHOWN: Final = 40  # characters of a line that is none
_SHOWN_NAMES: Final = 3


class SumsError(ValueError):
    """The file does not say what the artifact comes to; the text tells why, and in which line."""


class Line(NamedTuple):
    """One digest. ``name`` is empty where none is given; ``number`` counts from 1."""

    algorithm: Algorithm
    value: str
    name: bytes
    number: int


def parse(data: bytes) -> Iterator[Line]:
    """The digests of a file, in order.

    Raises:
        SumsError: A line is none of those that are known.
    """
    for number, raw in enumerate(io.BytesIO(_decoded(data)), 1):
        line = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not line.strip() or line.startswith(b"#"):
            continue
        found = _line(line, number)
        if found is None:
            shown = ascii(line[:_SHOWN].decode("latin-1"))
            raise SumsError(f"line {number} is no checksum: {shown}")
        yield found


def promised(
    lines: Iterable[Line], path: str, *, only: Algorithm | None = None, alone: bool = False
) -> tuple[Checksum, ...]:
    """What the artifact at ``path`` must come to, in each algorithm that the file has for it.

    A line names it by its file name, or by the end of its path. ``only`` is the algorithm that the
    file is named for. ``alone``: it is the artifact's own, so that a single line counts whatever
    name it gives.

    Raises:
        SumsError: Nothing, or different things; or a line is none.
    """
    wanted = _Wanted(path)
    single = None
    for count, line in enumerate(lines):
        wanted.look(line)
        single = None if count else line
    if alone and single is not None:
        return _agreed([single], path, only)
    if found := wanted.exact or wanted.below:
        return _agreed(found, path, only)
    raise SumsError(f"{_named(wanted.others)}, and not {wanted.name.decode('utf-8', _AS_IS)}")


class _Wanted:
    """Sorts lines by how well they name an artifact; keeps no others, however many there are."""

    def __init__(self, path: str) -> None:
        self._parts = [part for part in path.encode("utf-8", _AS_IS).split(b"/") if part]
        self.name = self._parts[-1] if self._parts else b""
        self.exact: list[Line] = []
        self.below: list[Line] = []
        self.others: list[bytes] = []

    def look(self, line: Line) -> None:
        """Keep it, if it is one of ours."""
        name = line.name
        while name.startswith(b"./"):
            name = name[2:].lstrip(b"/")
        if name and name == self.name:
            self.exact.append(line)
        elif b"/" in name and self._ends(name.split(b"/")):
            self.below.append(line)
        elif len(self.others) <= _SHOWN_NAMES:
            self.others.append(line.name)

    def _ends(self, parts: Sequence[bytes]) -> bool:
        return self._parts[-len(parts) :] == parts


def _agreed(lines: Sequence[Line], path: str, only: Algorithm | None) -> tuple[Checksum, ...]:
    found: dict[Algorithm, Line] = {}
    for line in lines:
        if only is not None and line.algorithm != only:
            raise SumsError(
                f"line {line.number} has {_a(line.algorithm)}, where {only} is expected"
            )
        first = found.setdefault(line.algorithm, line)
        if first.value != line.value:
            raise SumsError(
                f"lines {first.number} and {line.number} have different digests ({only or line.algorithm}) "
                f"of {path.rpartition('/')[2]}"
            )
    return tuple(Checksum(line.algorithm, line.value) for line in found.values())


def _a(algorithm: Algorithm) -> str:
    return f"an {algorithm}" if algorithm.startswith("m") else f"a {algorithm}"


def _named(names: Sequence[bytes]) -> str:
    """What a file is about, in a few words."""
    if not names:
        return "there is no checksum in it"
    if not any(names):
        return "it names no file"
    shown = [ascii(name[:_SHOWN].decode("latin-1")) for name in names[:_SHOWN_NAMES]]
    return f"it names {', '.join(shown)}{', …' if len(names) > len(shown) else ''}"


def _decoded(data: bytes) -> bytes:
    if data.startswith(_UTF_16):  # what PowerShell's > writes
        try:
            return data.decode("utf-16").encode()
        except UnicodeError as error:
            raise SumsError(
                "line 1 begins as UTF-16 text, and goes on as something else"
            ) from error
    return data.removeprefix(_UTF_8)


def _line(line: bytes, number: int) -> Line | None:
    if match := _PLAIN.fullmatch(line.rstrip() if b" " not in line.strip() else line):
        escaped, value, name = match[1], match[2], match[3] or b""
        algorithm = _OF_DIGITS.get(len(value))
    elif match := _TAGGED.fullmatch(line):
        escaped, tag, name, value = match.groups()
        algorithm = _TAGS.get(tag)
        if algorithm != _OF_DIGITS.get(len(value)):
            return None
    else:
        return None
    plain = _unescaped(name) if escaped else name
    if algorithm is None or plain is None:
        return None
    return Line(algorithm, value.decode().lower(), plain, number)


def _unescaped(name: bytes) -> bytes | None:
    if any(one not in _ESCAPES for one in _ESCAPED.findall(name)):
        return None
    return _ESCAPED.sub(lambda match: _ESCAPES[match[1]], name)
