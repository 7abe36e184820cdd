"""Whom unpacked files belong to."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import Any

import pytest

from dropship.errors import ConfigError, RefusedError, StageError
from dropship.install.layout import Layout
from dropship.install.owner import find
from dropship.install.stage import discard
from tests.archives.tars import Member, tgz
from tests.folders import names
from tests.install.conftest import NOBODY
from tests.install.inside import as_user
from tests.install.stagings import litter, staged

MANY = tgz(
    Member(b"bin/run", b"#!/bin/sh\n", mode=0o755),
    Member(b"empty/", type=b"5", mode=0o700),
    Member(b"read-only/", type=b"5", mode=0o555),
    Member(b"read-only/file", b"1", mode=0o400),
    Member(b"link", type=b"2", target=b"bin/run"),
    Member(b"again", type=b"1", target=b"bin/run"),
)


def root(test: Any) -> Any:
    """Needs root."""
    skip = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    return pytest.mark.root(skip(test))


def owners(tree: Path) -> set[tuple[int, int]]:
    """Who owns anything in a tree."""
    return {(one.lstat().st_uid, one.lstat().st_gid) for one in (tree, *tree.rglob("*"))}


@root
def test_everything_belongs_to_the_owner_and_its_group(tmp_path: Path) -> None:
    """By name; what is around the release stays the agent's, and can be deleted by it."""
    group = pwd.getpwnam("nobody").pw_gid
    made = staged(tmp_path, MANY, owner="nobody")
    assert owners(made.path) == {(NOBODY, group)}
    assert stat.S_IMODE((made.path / "read-only").stat().st_mode) == 0o555
    assert owners(made.path.parent.parent / "staging") == {(0, 0)}
    assert made.path.parent.stat().st_uid == 0
    layout = Layout(tmp_path / "srv/api", tmp_path / "srv/.dropship/api")
    discard(layout, made.release)
    assert names(layout.releases) == []


@root
@pytest.mark.parametrize(
    ("said", "uid", "gid"),
    [
        ({"owner": "4711"}, 4711, 0),
        ({"owner": "4711", "group": "4712"}, 4711, 4712),
        ({"group": "4712"}, 0, 4712),
        ({"owner": "nobody", "group": "root"}, NOBODY, 0),
    ],
)
def test_owner_and_group_are_apart(
    tmp_path: Path, said: dict[str, str], uid: int, gid: int
) -> None:
    """What is not said stays the agent's, but for the group of an account."""
    assert owners(staged(tmp_path, MANY, **said).path) == {(uid, gid)}


@root
def test_single_file_belongs_to_the_owner(tmp_path: Path) -> None:
    """With the mode that it shall have."""
    made = staged(tmp_path, b"#!/bin/sh\n", name="tool", owner="nobody", mode="0750")
    assert owners(made.path) == {(NOBODY, pwd.getpwnam("nobody").pw_gid)}
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o750


@root
def test_refused_archive_of_an_owner_leaves_nothing(tmp_path: Path) -> None:
    """The agent clears up after its unpacker, whoever that was."""
    with pytest.raises(RefusedError):
        staged(tmp_path, tgz(Member(b"ok/x", b"1"), Member(b"../x")), owner="nobody")
    assert litter(Layout(tmp_path / "srv/api", tmp_path / "srv/.dropship/api")) == []


@root
def test_unpacker_that_cannot_become_the_owner_unpacks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That layer is never merely left out."""
    monkeypatch.setattr(os, "setresuid", _refuses)
    with pytest.raises(StageError, match="owner: Operation not permitted"):
        staged(tmp_path, MANY, owner="nobody")


def _refuses(*_: int) -> None:
    raise PermissionError(1, os.strerror(1))


@root
def test_folder_that_cannot_be_given_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may be root without CAP_CHOWN."""
    monkeypatch.setattr(os, "chown", lambda *_, **__: _refuses())
    with pytest.raises(StageError, match="CAP_CHOWN"):
        staged(tmp_path, MANY, owner="nobody")


@root
def test_file_system_with_an_owner_of_its_own_is_written_as_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root without capabilities could not write into a folder that is not root's."""
    real = Path.mkdir

    def mkdir(path: Path, *args: Any, **more: Any) -> None:
        real(path, *args, **more)
        if path.name.startswith("stage-"):
            os.chown(path, NOBODY, NOBODY)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert owners(staged(tmp_path, MANY).path) == {(NOBODY, NOBODY)}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"owner": "no-such-user"}, "no user no-such-user"),
        ({"group": "no-such-group"}, "no group no-such-group"),
        ({"owner": str((1 << 32) - 1)}, "no user 4294967295"),
        ({"owner": "-1"}, "no user -1"),
        ({"owner": "a\0b"}, "no user"),
    ],
)
def test_account_that_is_not_there_is_the_operators_fault(
    tmp_path: Path, said: dict[str, str], what: str
) -> None:
    """The old release runs on, and it is tried again: somebody may add it."""
    with pytest.raises(ConfigError, match=what):
        staged(tmp_path, MANY, **said)


def test_own_files_need_nothing_to_be_given(users_folder: Path) -> None:
    """An ordinary user may write its own name, and no other."""

    def work() -> None:
        me, mine = str(os.geteuid()), str(os.getegid())
        assert find(me, "") is None
        assert find(me, mine) is None
        assert find("", mine) is None
        staged(users_folder, MANY, owner=me)
        with pytest.raises(ConfigError, match="files cannot be given to user root"):
            find("root", "")

    as_user(work)


def test_nobody_in_particular_is_the_agents(tmp_path: Path) -> None:
    """No switch, no layer."""
    assert find("", "") is None
    assert owners(staged(tmp_path, MANY).path) == {(os.geteuid(), os.getegid())}
