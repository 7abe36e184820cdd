"""Kinds and modes that nobody may bring along: devices, set-id bits, files for all to write to."""

from __future__ import annotations

from collections.abc import Iterator

from tests.archives.tars import Member, pax, tar
from tests.archives.zips import Zipped, zipped
from tests.hostile.case import FOLDER, Case, File, Folder, both, raw

_TAR: list[tuple[str, bytes, str]] = [
    ("a character device", b"3", "it is a device; pack the archive without it"),
    ("a block device", b"4", "it is a device"),
    ("a fifo", b"6", "it is a fifo"),
    ("a multi-volume part", b"M", "unknown type b'M'"),
    ("a volume name", b"V", "unknown type b'V'"),
    ("a dumped folder", b"D", "unknown type b'D'"),
    ("a continued file", b"N", "unknown type b'N'"),
    ("Solaris's ACL", b"A", "unknown type b'A'"),
    ("an unknown type", b"Q", "unknown type b'Q'"),
    ("a type beyond ASCII", b"\xff", "unknown type"),
]

_ZIP: list[tuple[str, int, str]] = [
    ("a character device", 0o020666, "it is a device"),
    ("a block device", 0o060666, "it is a device"),
    ("a fifo", 0o010666, "it is a fifo"),
    ("a socket", 0o140777, "it is a socket"),
    ("an unknown type", 0o070777, "unknown type 0o70000"),
    ("a whiteout", 0o160777, "unknown type 0o160000"),
]

_MODES = (0o4755, 0o2755, 0o1777, 0o6777, 0o7777, 0o0777, 0o0666, 0o0, 0o0111)


def _cases() -> Iterator[Case]:
    for name, type_, reason in _TAR:
        yield raw(f"tar: {name}", tar(Member(b"x", type=type_)), reason)
    yield raw("tar: a device with a body", tar(Member(b"x", b"123", type=b"3")), "it is a device")
    yield raw("tar: a device called a folder", tar(Member(b"x/", type=b"3")), "it is a device")
    for name, mode, reason in _ZIP:
        yield raw(f"zip: {name}", zipped(Zipped(b"x", mode=mode)), reason, "a.zip")
    for mode in _MODES:
        yield from both(
            f"the mode {mode:04o}",
            [Folder(b"d/", mode), File(b"d/x", b"x", mode)],
            tree={"d": FOLDER, "d/x": b"x"},
        )
    yield from both("a release for all to write to", [Folder(b"./", 0o7777)], tree={})
    yield raw(
        "tar: a mode that is larger than modes",
        tar(Member(b"x", mode=0o7777777)),
        tree={"x": b""},
    )
    for key, value in (
        ("SCHILY.xattr.security.capability", b"\1\0\0\2\xff\xff\xff\xff" + bytes(12)),
        ("SCHILY.acl.access", b"user::rwx,user:nobody:rwx"),
        ("LIBARCHIVE.xattr.user.x", b"eA=="),
        ("RHT.security.selinux", b"unconfined_u:object_r:shadow_t:s0\0"),
        ("uid", b"0"),
        ("uname", b"root"),
        ("uid", b"-99999999999999999999"),
        ("hdrcharset", b"BINARY"),
        ("SCHILY.dev", b"no number"),
        ("atime", b"never"),
    ):
        yield raw(
            f"tar: the record {key}={value[:9]!r}",
            tar(pax(**{key.replace(".", "_"): value}) + Member(b"x").encode()),
            tree={"x": b""},
        )


CASES = list(_cases())
