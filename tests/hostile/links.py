"""Links that lead out, that are written through, or that change what was written before.

CVE-2025-4138, -4330, -4517 (tarfile's filters, realpath that gives up on long paths),
CVE-2024-12718, CVE-2025-4435; CVE-2021-32803, -37701, -37712 (node-tar's folder cache),
CVE-2002-1216 and every "extract a link, then write through it" since.
"""

from __future__ import annotations

from collections.abc import Iterator

from dropship.core.entry import Rules
from tests.hostile.case import FOLDER, Case, File, Folder, Hard, Link, Thing, both

OUT = "is outside of the release"
THROUGH = "it would be written through the symlink"
MISSING = "is no file unpacked from this archive before it"


def _realpath_overflow() -> list[Thing]:
    """CVE-2025-4517: sixteen long folders, each behind a short link, and a link back too far.

    ``realpath`` gave up where the real path was longer than PATH_MAX, and what it had not resolved
    was taken as it was.
    """
    long = b"d" * 247
    things: list[Thing] = []
    path = b""
    for short in b"abcdefghijklmnop":
        name = bytes([short])
        things += [Folder(path + long + b"/"), Link(path + name, long)]
        path += name + b"/"
    linked = path + b"l" * 254
    things.append(Link(linked, b"../" * 16))
    things.append(Link(b"escape", linked + b"/../../sentinel"))
    things.append(File(b"escape/evil"))
    return things


def _realpath_overflow_unfolded() -> list[Thing]:
    """The same with its links in the release's own folder, so that nothing is written through."""
    long = b"d" * 247
    things: list[Thing] = []
    path = b""
    for number in range(15):
        things += [Folder(path + long + b"/"), Link(b"s%d" % number, path + long)]
        path += long + b"/"
    things.append(Link(b"deep", path[:-1]))
    things.append(Link(b"up", b"deep/" + b"../" * 15))
    things.append(Link(b"escape", b"up/../sentinel"))
    return things


REFUSED: list[tuple[str, list[Thing], str]] = [
    ("a link to a file", [Link(b"l", b"/etc/passwd")], f"{OUT}; allow it by .*`symlinksTo`"),
    ("a link to the root", [Link(b"l", b"/")], OUT),
    ("a link above", [Link(b"l", b"..")], OUT),
    ("a link to a sibling", [Link(b"l", b"../sentinel")], OUT),
    ("a link above from a folder", [Link(b"a/l", b"../../sentinel")], OUT),
    ("a link above and back", [Link(b"l", b"../tree/x")], OUT),
    ("a link out by way of a missing folder", [Link(b"l", b"none/../../x")], OUT),
    ("a link to nothing", [Link(b"l", b"")], "is empty, too long or has a NUL"),
    ("a link with a NUL", [Link(b"l", b"a\0/etc/passwd")], "is empty, too long or has a NUL"),
    ("a link that is too long", [Link(b"l", b"a/" * 2048)], "is empty, too long or has a NUL"),
    (
        "a file through a link (CVE-2021-32803)",
        [Folder(b"a/"), Folder(b"a/b/"), Link(b"l", b"a"), File(b"l/b/x")],
        THROUGH,
    ),
    ("a file through a link to the release", [Link(b"l", b"."), File(b"l/x")], THROUGH),
    ("a folder through a link", [Link(b"l", b"."), Folder(b"l/x/")], THROUGH),
    ("a link through a link", [Link(b"l", b"."), Link(b"l/x", b"y")], THROUGH),
    ("a file through a link, by dots", [Link(b"l", b"."), File(b"./l//x")], THROUGH),
    (
        "a folder becomes a link (CVE-2021-37701)",
        [Folder(b"a/"), Link(b"a", b"."), File(b"a/x")],
        "it is a symlink, and was a folder",
    ),
    ("a link becomes a folder", [Link(b"a", b"."), Folder(b"a/")], "a folder, and was a symlink"),
    ("a link becomes a file", [Link(b"a", b"b"), File(b"a")], "it is a file, and was a symlink"),
    ("a file becomes a link", [File(b"a"), Link(b"a", b"b")], "it is a symlink, and was a file"),
    ("a link changes its target", [Link(b"a", b"b"), Link(b"a", b"c")], "with different targets"),
    ("a file becomes a folder", [File(b"a"), Folder(b"a/")], "it is a folder, and was a file"),
    ("a folder becomes a file", [Folder(b"a/"), File(b"a")], "it is a file, and was a folder"),
    ("a file has something in it", [File(b"a"), File(b"a/b")], '"a" is a file in this archive'),
    (
        "links that only together lead out (CVE-2025-4138)",
        [Folder(b"a/b/c/"), Link(b"s", b"a/b/c"), Link(b"l", b"s/../../../..")],
        OUT,
    ),
    (
        "links that lead out once both are there",
        [Link(b"l", b"s/../.."), Folder(b"a/b/"), Link(b"s", b"a")],
        OUT,
    ),
    (
        "a folder that turns out to be a link",
        [Folder(b"a/"), Link(b"a/up", b".."), Link(b"l", b"a/up/..")],
        OUT,
    ),
    (
        "a link through itself (CVE-2025-4330)",
        [Link(b"l", b"l/../../sentinel/x"), File(b"l/y")],
        f"{OUT}|{THROUGH}",
    ),
    ("paths longer than realpath can (CVE-2025-4517)", _realpath_overflow(), f"{THROUGH}|{OUT}"),
    ("the same, written through nothing", _realpath_overflow_unfolded(), OUT),
    (
        "a bad entry among good ones (CVE-2025-4435)",
        [File(b"a"), File(b"../sentinel/evil"), File(b"b")],
        "in its name",
    ),
    ("a hard link to a file outside", [Hard(b"h", b"/etc/passwd")], "its name is absolute"),
    ("a hard link above", [Hard(b"h", b"../sentinel/file")], 'there is a "\\.\\." in its name'),
    ("a hard link to nothing", [Hard(b"h", b"none")], MISSING),
    ("a hard link to what comes later", [Hard(b"h", b"a"), File(b"a")], MISSING),
    ("a hard link to itself", [Hard(b"h", b"h")], MISSING),
    ("a hard link to a folder", [Folder(b"d/"), Hard(b"h", b"d")], MISSING),
    ("a hard link to a link", [Link(b"l", b"a"), Hard(b"h", b"l")], MISSING),
    ("a hard link through a link", [File(b"d/a"), Link(b"l", b"d"), Hard(b"h", b"l/a")], MISSING),
    ("a hard link with no target", [File(b"a"), Hard(b"h", b"")], "it has an empty name"),
    ("a hard link with a NUL", [File(b"a"), Hard(b"h", b"a\0b")], "a NUL in its name"),
    ("a hard link of no name", [File(b"a"), Hard(b"./", b"a")], "it has no name of its own"),
    (
        "a hard link that is written to (CVE-2016-10321's kind)",
        [File(b"a", b"one"), Hard(b"h", b"a"), File(b"h", b"two")],
        "twice, with different contents",
    ),
    (
        "a hard link becomes another's",
        [File(b"a"), File(b"b"), Hard(b"h", b"a"), Hard(b"h", b"b")],
        "twice, as different files",
    ),
    ("a hard link becomes a link", [File(b"a"), Hard(b"h", b"a"), Link(b"h", b"a")], "was a file"),
    ("the same file, other contents", [File(b"a", b"1"), File(b"a", b"2")], "different contents"),
    ("the same file, shorter", [File(b"a", b"12"), File(b"./a", b"1")], "different contents"),
]

TAKEN: list[tuple[str, list[Thing], dict[str, object]]] = [
    ("links in a circle", [Link(b"a", b"b"), Link(b"b", b"a")], {"a": "->b", "b": "->a"}),
    ("a link to itself", [Link(b"a", b"a")], {"a": "->a"}),
    ("a link to nothing yet", [Link(b"a", b"log/x")], {"a": "->log/x"}),
    ("a link to the release", [Link(b"a/l", b"..")], {"a": FOLDER, "a/l": "->.."}),
    (
        "a way up and down inside",
        [File(b"a/x"), Link(b"b/l", b"../a/../a/./x")],
        {"a": FOLDER, "a/x": b"x", "b": FOLDER, "b/l": "->../a/../a/./x"},
    ),
    (
        "hard links to hard links",
        [File(b"a"), Hard(b"b", b"a"), Hard(b"c/d", b"./b"), File(b"c/d", b"x")],
        {"a": b"x", "b": b"x", "c": FOLDER, "c/d": b"x"},
    ),
    ("the same thing twice", [File(b"a"), File(b"a"), Link(b"l", b"a"), Link(b"l", b"a")],
     {"a": b"x", "l": "->a"}),
]  # fmt: skip


def _cases() -> Iterator[Case]:
    for name, things, reason in REFUSED:
        yield from both(name, things, reason)
    for name, things, tree in TAKEN:
        yield from both(name, things, tree=tree)
    usr = Rules(symlinks_to=(b"/usr",))
    allowed: list[Thing] = [Link(b"python3", b"/usr/bin/python3")]
    yield from both("an allowed link", allowed, tree={"python3": "->/usr/bin/python3"}, rules=usr)
    for name, things, reason in (
        ("above what is allowed", [Link(b"l", b"/usr/../etc/passwd")], OUT),
        ("beside what is allowed", [Link(b"l", b"/usrx")], OUT),
        ("through what is allowed", [Link(b"l", b"/usr"), File(b"l/x")], THROUGH),
        (
            "above what is allowed, in two steps",
            [Link(b"a", b"/usr/lib"), Link(b"b", b"a/../../etc")],
            OUT,
        ),
    ):
        yield from both(name, list(things), reason, rules=usr)
    stripped = Rules(strip=1)
    for name, things, reason in (
        ("stripped to a name above", [File(b"a/../../x")], "in its name"),
        ("stripped to nothing", [File(b"a"), Folder(b"b/")], "`stripComponents`"),
        ("a stripped link that leads out", [Link(b"a/l", b"../x")], OUT),
    ):
        yield from both(name, list(things), reason, rules=stripped)


CASES = list(_cases())
