"""Names that lead elsewhere, or only look as if they did.

CVE-2007-4559 (tarfile), CVE-2001-1267 and CVE-2016-6321 (GNU tar), CVE-2018-1002200 and its many
siblings called "Zip Slip" are all one: a name is taken as a path without being looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.case import FOLDER, Case, File, Folder, Thing, both

LONG = b"n" * 255
DOTS = r'there is a "\.\." in its name'
ABSOLUTE = "its name is absolute"

REFUSED: list[tuple[str, bytes, str]] = [
    ("a name above (CVE-2007-4559)", b"../sentinel/evil", DOTS),
    ("a name far above", b"../" * 60 + b"tmp/dropship-hostile", DOTS),
    ("a name above by way of a folder (zip slip)", b"a/b/../../../sentinel/evil", DOTS),
    ("a name that comes back (CVE-2016-6321)", b"a/../sentinel", DOTS),
    ("a name above behind a dot", b"./../sentinel/evil", DOTS),
    ("a name above with many slashes", b"..//..///sentinel/evil", DOTS),
    ("nothing but two dots", b"..", DOTS),
    ("two dots at the end", b"a/..", DOTS),
    ("two dots and a slash", b"../", DOTS),
    ("an absolute name", b"/tmp/dropship-hostile/evil", ABSOLUTE),
    ("an absolute name with two slashes", b"//tmp/dropship-hostile", ABSOLUTE),
    ("the root", b"/", ABSOLUTE),
    ("an absolute name with dots", b"/../tmp/dropship-hostile", ABSOLUTE),
    ("no name at all", b"", "it has an empty name"),
    ("a dot that is a file", b".", "it has no name of its own"),
    ("dots that are a file", b"./././.", "it has no name of its own"),
    ("a NUL in its name", b"good\0/../../sentinel/evil", "a NUL in its name"),
    ("a NUL at its end", b"good\0", "a NUL in its name"),
    ("a part that is too long", LONG + b"n", "part of its name is longer than 255"),
    ("a path that is too long", (LONG + b"/") * 16 + b"x", "name is longer than 4096"),
    ("a path that is too deep", b"d/" * 128 + b"x", "more than 128 folders deep"),
]

# What is odd and harmless must come out as it is: whoever "cleans" names makes two of one.
TAKEN: list[tuple[str, bytes]] = [
    ("three dots", b".../x"),
    ("two dots and more", b"..a/a.."),
    ("a blank behind dots", b".. /x"),
    ("a blank", b" "),
    ("a tilde", b"~/x"),
    ("an option", b"--checkpoint-action=exec=sh x"),
    ("a command", b"$(touch x)`touch y`;|&"),
    ("a backslash", b"..\\..\\sentinel\\evil"),
    ("a drive", b"C:\\Windows\\x"),
    ("a stream of NTFS", b"x::$DATA"),
    ("a device of MS-DOS", b"con"),
    ("a line feed", b"a\nb\r"),
    ("an escape sequence", b"\x1b[2J\x1b]0;evil\x07"),
    ("no UTF-8", b"\xff\xfe\xc0\xae\xc0\xae"),
    ("overlong dots in UTF-8", b"\xc0\xae\xc0\xae\xc0\xafx"),
    ("wide dots", "\uff0e\uff0e/x".encode()),
    ("a mark that turns text around", "x\u202etxt.exe".encode()),
    ("percent signs", b"%2e%2e%2fx"),
    ("the longest part there is", LONG),
    ("the deepest path there is", b"d/" * 127 + b"x"),
    ("folders that nobody names", b"a/b/c/d"),
    ("many slashes and dots", b"./a//.///b"),
]


def _cases() -> Iterator[Case]:
    for name, path, reason in REFUSED:
        things: list[Thing] = [File(b"good"), File(path)]
        if path.endswith(b"/"):
            things[1] = Folder(path)
        yield from both(name, things, reason)
    for name, path in TAKEN:
        yield from both(name, [File(path, b"odd")], tree=tree_of(path, b"odd"))
    yield from both(
        "upper and lower case, two kinds of accents",
        [File(b"A", b"1"), File(b"a", b"2"), File("\u00e9".encode()), File("e\u0301".encode())],
        tree={"A": b"1", "a": b"2", "\u00e9": b"x", "e\u0301": b"x"},
    )
    yield from both(
        "a folder of the release's own name", [Folder(b"./", 0o1777), Folder(b"./tree/")],
        tree={"tree": FOLDER},
    )  # fmt: skip
    yield from both("a mode for the folder above (CVE-2024-12718)", [Folder(b"../", 0o777)], DOTS)


def tree_of(path: bytes, body: bytes) -> dict[str, object]:
    """A file, and the folders it is in."""
    parts = [part for part in path.decode("utf-8", "surrogateescape").split("/") if part != "."]
    parts = [part for part in parts if part]
    above: dict[str, object] = {"/".join(parts[:n]): FOLDER for n in range(1, len(parts))}
    return above | {"/".join(parts): body}


CASES = list(_cases())
