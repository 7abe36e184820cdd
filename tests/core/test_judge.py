"""What an archive may do, entry by entry."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from dropship.core.entry import Entry, Kind, Rules, show
from dropship.core.judge import Judge
from dropship.errors import RefusedError
from dropship.install.tree import Tree
from tests.folders import names


def judge(*entries: Entry, **rules: object) -> Judge:
    """A judge that has seen these entries."""
    seen = Judge(Rules(**rules))  # type: ignore[arg-type] # each test names real fields
    for entry in entries:
        seen.admit(entry)
    return seen


def file(name: bytes, size: int = 0, mode: int = 0o644) -> Entry:
    """A file."""
    return Entry(name, Kind.FILE, size, mode)


def folder(name: bytes, mode: int = 0o755) -> Entry:
    """A folder."""
    return Entry(name, Kind.FOLDER, mode=mode)


def link(name: bytes, target: bytes) -> Entry:
    """A symlink."""
    return Entry(name, Kind.SYMLINK, target=target)


def hard(name: bytes, target: bytes) -> Entry:
    """A hard link."""
    return Entry(name, Kind.HARD_LINK, target=target)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([file(b"/etc/passwd")], "its name is absolute"),
        ([file(b"x"), file(b"/x")], "its name is absolute"),
        ([file(b"../x")], '".." in its name'),
        ([file(b"a/../../x")], '".." in its name'),
        ([file(b"a/x"), file(b"a/..")], '".." in its name'),
        ([file(b"")], "empty name"),
        ([file(b"a\0b")], "NUL"),
        ([file(b"d/x"), file(b"d/a\0b")], "NUL"),
        ([file(b"a" * 256)], "longer than 255 bytes"),
        ([file(b"d/x"), file(b"d/" + b"a" * 256)], "longer than 255 bytes"),
        ([file(b"/".join([b"a" * 200] * 21))], "longer than 4096 bytes"),
        ([file(b"/".join([b"a"] * 129))], "more than 128 folders deep"),
        ([file(b"./")], "no name of its own"),
        ([link(b"./", b"x")], "no name of its own"),
        ([hard(b".", b"x")], "no name of its own"),
        ([Entry(b"n", Kind.DEVICE)], "it is a device"),
        ([Entry(b"n", Kind.FIFO)], "it is a fifo"),
        ([Entry(b"n", Kind.SOCKET)], "it is a socket"),
        ([link(b"l", b"d"), file(b"l/x")], 'written through the symlink "l"'),
        ([folder(b"d"), link(b"l", b"d"), folder(b"l")], "a folder, and was a symlink"),
        ([folder(b"d"), file(b"d")], "a file, and was a folder"),
        ([file(b"f"), folder(b"f")], "a folder, and was a file"),
        ([file(b"f"), file(b"f/x")], '"f" is a file in this archive'),
        ([folder(b"d"), link(b"d", b"x")], "a symlink, and was a folder"),
        ([file(b"f"), link(b"f", b"x")], "a symlink, and was a file"),
        ([link(b"l", b"x"), file(b"l")], "a file, and was a symlink"),
        ([link(b"l", b"x"), link(b"l", b"y")], "twice, with different targets"),
        ([link(b"l", b"/etc/passwd")], "outside of the release"),
        ([link(b"l", b"..")], "outside of the release"),
        ([link(b"a/l", b"../../x")], "outside of the release"),
        ([link(b"l", b"")], "empty, too long or has a NUL"),
        ([link(b"l", b"a\0b")], "empty, too long or has a NUL"),
        ([link(b"l", b"a" * 4096)], "empty, too long or has a NUL"),
        ([hard(b"h", b"f")], "no file unpacked from this archive before it"),
        ([folder(b"d"), hard(b"h", b"d")], "no file unpacked from this archive before it"),
        ([link(b"l", b"x"), hard(b"h", b"l")], "no file unpacked from this archive before it"),
        ([link(b"l", b"d"), hard(b"h", b"l/x")], "no file unpacked from this archive before it"),
        ([hard(b"h", b"../f")], '".." in its name'),
        ([hard(b"h", b"/f")], "its name is absolute"),
        ([hard(b"h", b"")], "empty name"),
        ([file(b"f"), file(b"g"), hard(b"h", b"f"), hard(b"h", b"g")], "as different files"),
        ([file(b"f"), folder(b"d"), hard(b"d", b"f")], "a hard link, and was a folder"),
    ],
)
def test_entry_against_the_rules_is_refused_by_name(entries: list[Entry], reason: str) -> None:
    """The archive is refused at its last entry, which the message names, with the reason."""
    *fine, bad = entries
    seen = judge(*fine)
    with pytest.raises(RefusedError) as refused:
        seen.admit(bad)
    assert reason in str(refused.value)
    assert show(bad.name) in str(refused.value)


@pytest.mark.parametrize(
    ("links", "culprit"),
    [
        # One by one each stays inside by its text; together they lead out.
        ([link(b"a", b"."), link(b"b", b"a/..")], "b"),
        ([folder(b"d/e"), link(b"d/up", b".."), link(b"out", b"d/up/..")], "out"),
        ([link(b"x", b"y/../.."), link(b"y", b"p/q"), folder(b"p/q")], "x"),
    ],
)
def test_symlink_that_really_leads_out_is_refused_at_the_end(
    links: list[Entry], culprit: str
) -> None:
    """Where a symlink leads through others is judged when all of them are known."""
    if culprit == "x":  # its text alone leads out already
        with pytest.raises(RefusedError, match="outside of the release"):
            judge(*links)
        return
    with pytest.raises(RefusedError, match=f'"{culprit}".*outside of the release'):
        judge(*links).finish()


def test_symlinks_inside_the_release_are_kept() -> None:
    """Relative links, links to links, dangling and looping ones inside are all fine."""
    judge(
        folder(b"bin"),
        file(b"lib/x.so.1"),
        link(b"lib/x.so", b"x.so.1"),
        link(b"bin/x", b"../lib/x.so"),
        link(b"bin/none", b"../not/there"),
        link(b"loop", b"pool"),
        link(b"pool", b"loop"),
        link(b"self", b"."),
        link(b"deep", b"self/self/lib/../bin"),
    ).finish()


def test_chain_longer_than_the_kernel_follows_is_harmless() -> None:
    """Nobody gets anywhere by it; shorter ones are followed to their end."""
    chain = [link(b"l%d" % number, b"l%d" % (number + 1)) for number in range(60)]
    judge(*chain, file(b"l60")).finish()
    short = [link(b"s%d" % number, b"s%d" % (number + 1)) for number in range(30)]
    with pytest.raises(RefusedError, match="outside of the release"):
        judge(*short, link(b"s30", b"."), link(b"out", b"s0/..")).finish()


def test_symlinks_to_allows_its_prefix_only() -> None:
    """``symlinksTo`` is a prefix of whole names, and no ``..`` gets around it."""
    allowed = {"symlinks_to": (b"/usr/bin",)}
    judge(link(b"bin/python3", b"/usr/bin/python3"), **allowed).finish()
    for target in (b"/usr/binx/sh", b"/usr", b"/usr/bin/../../etc/passwd", b"/etc/usr/bin"):
        with pytest.raises(RefusedError, match="symlinksTo"):
            judge(link(b"l", target), **allowed)
    with pytest.raises(RefusedError, match="outside of the release"):
        judge(link(b"a", b"/usr/bin"), link(b"b", b"a/../etc"), **allowed).finish()
    judge(link(b"a", b"/usr/bin"), link(b"b", b"a/python3"), **allowed).finish()


def test_limits_name_their_key() -> None:
    """What is too much says which key would allow it."""
    with pytest.raises(RefusedError, match="`maxEntries`"):
        judge(file(b"a"), file(b"b"), file(b"c"), max_entries=2)
    with pytest.raises(RefusedError, match="`maxSize`"):
        judge(file(b"a", 60), file(b"b", 41), max_size=100)
    judge(file(b"a", 60), file(b"b", 40), max_size=100, max_entries=2).finish()
    with pytest.raises(RefusedError, match="`maxSize`"):
        judge(max_size=10).grew(file(b"a"), 11)
    judge(max_size=10).grew(file(b"a"), 10)


def test_folders_that_no_entry_names_are_limited_too() -> None:
    """A short archive must not ask for millions of folders."""
    deep = [file(b"/".join([b"d%d" % n] * 50) + b"/f") for n in range(3)]
    with pytest.raises(RefusedError, match="`maxEntries`"):
        judge(*deep, max_entries=100)
    judge(*deep, max_entries=150).finish()


def test_all_names_together_are_limited_too() -> None:
    """Each may be long, but what they take in memory counts; implied folders are names as well."""
    deep = b"/".join([b"n" * 250] * 15)
    files = [file(b"%d/" % number + deep) for number in range(1000)]
    with pytest.raises(RefusedError, match=r"names in the archive .*2\.441 MiB.*`maxEntries`"):
        judge(*files, max_entries=10_000)
    judge(*files[:70], max_entries=10_000)
    links = [link(b"%03d" % number, deep) for number in range(1000)]
    most = 2_560_000 // (len(deep) + 3)
    with pytest.raises(RefusedError, match=f'"{most}".*names in the archive'):
        judge(*links, max_entries=10_000)


def test_steps_along_symlinks_are_limited() -> None:
    """Links to links can make every one of them as long a way as all."""
    way = b"/".join([b"d", b".."] * 800)
    entries = [folder(b"d"), link(b"0", b"d")]
    entries += [link(b"%d" % number, way + b"/%d" % (number - 1)) for number in range(1, 30)]
    assert judge(*entries).finish() is None  # type: ignore[func-returns-value] # it is accepted
    entries += [link(b"x%d" % number, b"29") for number in range(300)]
    with pytest.raises(RefusedError, match=r'"x\d+".*following .* more than \d+ steps.*maxEntries'):
        judge(*entries, max_entries=1000).finish()


def test_ratio_is_looked_at_from_64_mib_on() -> None:
    """A small file of zeros is fine, a bomb is not."""
    seen = judge(max_ratio=200)
    seen.inflated(packed=1, unpacked=(64 << 20) - 1)
    seen.inflated(packed=1 << 20, unpacked=200 << 20)
    with pytest.raises(RefusedError, match="`maxRatio`"):
        seen.inflated(packed=1 << 20, unpacked=(200 << 20) + 1)


def test_modes_lose_what_is_dangerous_and_keep_the_rest() -> None:
    """No set-id, no sticky, no group or world write; exec bits stay."""
    place = judge().admit(file(b"x", mode=0o6777))
    assert place is not None
    assert place.mode == 0o755
    place = judge(keep_modes=True).admit(file(b"x", mode=0o7776))
    assert place is not None
    assert place.mode == 0o776
    place = judge().admit(folder(b"./", mode=0o000))
    assert place is not None
    assert place.mode == 0o700  # the agent must be able to move the release


def test_times_are_clamped() -> None:
    """Before 1970 becomes 1970, and the far future what file systems can say."""
    early = judge().admit(Entry(b"a", Kind.FILE, mtime_ns=-1))
    late = judge().admit(Entry(b"a", Kind.FILE, mtime_ns=1 << 80))
    assert early is not None
    assert late is not None
    assert early.mtime_ns == 0
    assert late.mtime_ns == (1 << 33) * 10**9


def test_strip_drops_leading_parts_everywhere() -> None:
    """Names and the targets of hard links lose them; what has no more parts is dropped."""
    seen = Judge(Rules(strip=1))
    assert seen.admit(folder(b"app/")) is None
    assert seen.admit(file(b"README")) is None
    placed = seen.admit(file(b"./app/bin/x"))
    assert placed is not None
    assert (placed.folder, placed.name) == (b"bin", b"x")
    linked = seen.admit(hard(b"app/y", b"app/bin/x"))
    assert linked is not None
    assert (linked.folder, linked.name) == (b"", b"y")
    assert (linked.link_folder, linked.link_name) == (b"bin", b"x")
    assert seen.entries == 4
    seen.finish()


def test_stripping_everything_away_is_refused() -> None:
    """An empty release is never what was meant by ``stripComponents``."""
    with pytest.raises(RefusedError, match="lower `stripComponents`"):
        judge(file(b"x"), folder(b"d"), strip=1).finish()


def test_refused_even_where_stripped() -> None:
    """A name or kind that would be dropped is judged all the same."""
    with pytest.raises(RefusedError, match="absolute"):
        judge(file(b"/x"), strip=1)
    with pytest.raises(RefusedError, match="a device"):
        judge(Entry(b"x", Kind.DEVICE), strip=1)


def test_same_name_again_is_left_to_the_comparison() -> None:
    """Twice the same kind is no fault by itself: contents decide, and hard links share them."""
    seen = judge(folder(b"d"), file(b"d/f"), link(b"l", b"d"), hard(b"h", b"d/f"))
    for entry in (folder(b"./d/"), file(b"d//f"), link(b"l", b"d"), hard(b"h", b"d/f"), file(b"h")):
        place = seen.admit(entry)
        assert place is not None
        assert place.again


def test_names_are_shown_in_one_harmless_line() -> None:
    """Nothing a terminal would act on, nothing ambiguous, nothing endless."""
    assert show(b"a\x1b[31m\n\x07b") == r'"a\x1b[31m\n\x07b"'
    assert show(b"caf\xc3\xa9") == '"café"'
    assert show(b"\xff\xfe") == r'"\xff\xfe"'
    assert show("\u202egnp.exe".encode()) == r'"\u202egnp.exe"'
    assert show(b'say "x"') == r'"say \"x\""'
    assert len(show(b"x" * 100_000)) < 200


PARTS = some.sampled_from([b"a", b"b", b"c", b"..", b".", b"", b"\xff"])
PATHS = some.lists(PARTS, min_size=1, max_size=5).map(b"/".join)
ENTRIES = some.builds(
    Entry,
    name=PATHS,
    kind=some.sampled_from([Kind.FILE, Kind.FOLDER, Kind.SYMLINK, Kind.HARD_LINK]),
    mode=some.sampled_from([0o755, 0o644, 0o000]),
    target=some.one_of(PATHS, PATHS.map(lambda path: b"/" + path)),
)


@given(some.lists(ENTRIES, max_size=12), some.integers(min_value=0, max_value=2))
@settings(deadline=None, max_examples=400)
def test_no_accepted_entry_resolves_outside(entries: list[Entry], strip: int) -> None:
    """Whatever an accepted archive holds, nothing of it is outside or leads there."""
    with tempfile.TemporaryDirectory() as top:
        root = Path(top) / "x" / "root"
        root.mkdir(parents=True)
        fd = os.open(root, os.O_RDONLY)
        before = os.umask(0)
        try:
            _unpack(entries, strip, fd)
        except RefusedError:
            return
        finally:
            os.umask(before)
            os.close(fd)
            assert names(top) == ["x"]
            assert names(root.parent) == ["root"]
        real = os.path.realpath(root)
        for at, folders, files in os.walk(root):
            for name in (*folders, *files):
                where = _end_of(Path(at) / name)
                assert where is None or where == real or where.startswith(real + "/")


def _end_of(path: Path) -> str | None:
    """Where a path leads; None where the kernel would not follow it at all (ELOOP)."""
    try:
        return os.path.realpath(path, strict=True)
    except OSError as error:
        return None if error.errno == errno.ELOOP else os.path.realpath(path)


def _unpack(entries: list[Entry], strip: int, fd: int) -> None:
    seen, tree = Judge(Rules(strip=strip)), Tree(fd, 0o022, lambda _count: None)
    try:
        for entry in entries:
            place = seen.admit(entry)
            if place is not None:
                tree.put(entry, place, iter(()))
        seen.finish()
        tree.finish()
    finally:
        tree.close()
