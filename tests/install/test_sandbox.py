"""The unpacker's sandbox: what is kept out, by which layers, and by each of them alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dropship.install.layout import Layout
from dropship.install.sandbox import LAYERS, Account
from dropship.install.stage import discard
from dropship.linux import capabilities, landlock, namespaces, pidfd, process
from tests.archives.tars import Member, tgz
from tests.install.conftest import NOBODY
from tests.install.inside import ATTEMPTS, Outside, Seen, as_user, locked_up, outside
from tests.install.stagings import staged

ROOT = Path(__file__).parents[2]
AS_ROOT = tuple(name for name in LAYERS if name != "user")
AS_USER = ("capabilities", "no_new_privs", "landlock", "rlimits", "pdeathsig")


def root(test: Any) -> Any:
    """Needs root."""
    skip = pytest.mark.skipif(os.geteuid() != 0, reason="only root has all layers")
    return pytest.mark.root(skip(test))


@pytest.fixture
def out(users_folder: Path) -> Iterator[Outside]:
    """What is out there."""
    with outside(users_folder / "outside") as made:
        yield made


def holds(seen: Seen, besides: str = "") -> None:
    """Exactly those attempts fail that one of the active layers keeps out, or ``besides``."""
    active = {*seen.layers, besides}
    failed = {name: error for name, error in seen.errors.items() if error}
    assert failed.keys() == {name for name, one in ATTEMPTS.items() if one.keepers & active}, failed


@root
def test_root_has_every_layer_and_nothing_gets_out(users_folder: Path, out: Outside) -> None:
    """The exact list; without an owner there is no other user to be."""
    seen = locked_up(users_folder / "in", out)
    assert seen.layers == AS_ROOT
    holds(seen)


@root
def test_owner_adds_a_layer(users_folder: Path, out: Outside) -> None:
    """Another user, without any group of root's."""
    seen = locked_up(users_folder / "in", out, account=Account(NOBODY, NOBODY))
    assert seen.layers == LAYERS
    holds(seen)


@root
@pytest.mark.parametrize("layer", AS_ROOT)
def test_each_layer_may_be_missing_and_the_others_hold(
    users_folder: Path, out: Outside, layer: str
) -> None:
    """What several keep out stays out, what only that one kept out does not: so it was that one."""
    # Without no_new_privs the kernel lets nobody use Landlock who has no privileges.
    gone = {layer, "landlock"} if layer == "no_new_privs" else {layer}
    seen = locked_up(users_folder / "in", out, without=(layer,))
    assert seen.layers == tuple(name for name in AS_ROOT if name not in gone)
    holds(seen)


@root
@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_holds_alone(users_folder: Path, out: Outside, layer: str) -> None:
    """With no other beside it."""
    beside = {layer, "no_new_privs"} if layer == "landlock" else {layer}
    without = tuple(name for name in LAYERS if name not in beside)
    account = Account(NOBODY, NOBODY) if layer == "user" else None
    seen = locked_up(users_folder / "in", out, without=without, account=account)
    assert set(seen.layers) == beside
    holds(seen)


def test_ordinary_user_has_what_needs_no_privileges(users_folder: Path) -> None:
    """The exact list; and each of them may be missing."""

    def work() -> None:
        with outside(users_folder / "outside") as out:
            for layer in ("", *AS_USER):
                gone = {layer, "landlock"} if layer == "no_new_privs" else {layer}
                seen = locked_up(users_folder / f"in-{layer}", out, without=(layer,))
                assert seen.layers == tuple(name for name in AS_USER if name not in gone)
                # There is no capability to drop.
                holds(seen, besides="capabilities")

    as_user(work)


@root
@pytest.mark.parametrize("keeper", ["no_new_privs", "landlock", "chroot", ""])
def test_set_id_program_gives_nothing(users_folder: Path, out: Outside, keeper: str) -> None:
    """no_new_privs alone makes it harmless; Landlock and chroot do not even let it run."""
    program = users_folder / "id"
    shutil.copy(shutil.which("id") or "", program)
    program.chmod(0o4755)
    beside = {keeper, "no_new_privs"} if keeper == "landlock" else {keeper}
    without = tuple({"no_new_privs", "landlock", "chroot"} - beside)
    seen = locked_up(
        users_folder / "in",
        out,
        without=without,
        account=Account(NOBODY, NOBODY),
        attempts={"be root": lambda _out: run_as_root(program)},
    )
    assert (seen.errors["be root"] is None) == (keeper == "")


def run_as_root(program: Path) -> None:
    """Run a set-id program of root's.

    Raises:
        OSError: It was not run, or not as root.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 1)
        try:
            os.execv(program, ["id", "-u"])
        finally:
            os._exit(1)
    os.close(write)
    said = os.read(read, 100).strip()
    os.waitpid(pid, 0)
    if said != b"0":
        raise OSError(1, "not as root")


@root
def test_account_that_cannot_be_had_is_no_missing_layer(users_folder: Path, out: Outside) -> None:
    """Unpacking as root what shall not be root's would be a lie."""

    def work() -> None:
        with pytest.raises(AssertionError, match="PermissionError"):
            locked_up(users_folder / "in", out, account=Account(1, 1))

    as_user(work)


def test_deadline_holds_where_signals_have_no_default(users_folder: Path) -> None:
    """The first process of a PID namespace ignores SIGALRM unless there is a handler."""
    pid = namespaces.fork()
    if pid == 0:
        process.end_after(1)
        while True:
            time.sleep(60)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == signal.SIGALRM


def test_parent_that_is_gone_already_is_noticed() -> None:
    """Its end cannot be told any more."""
    with subprocess.Popen(["true"]) as gone:
        fd = os.pidfd_open(gone.pid)
        assert pidfd.wait(fd, 10)
    pid = os.fork()
    if pid == 0:
        process.die_with(fd)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
    os.close(fd)


@root
def test_namespace_is_the_childs_alone() -> None:
    """Later children of the worker, hooks for one, are born at home."""
    home = Path("/proc/self/ns/pid_for_children").stat().st_ino
    read, write = os.pipe()
    pid = namespaces.fork()
    if pid == 0:
        os.write(write, str(os.getpid()).encode())
        os._exit(0)
    assert os.read(read, 20) == b"1"
    assert os.waitpid(pid, 0) == (pid, 0)
    assert Path("/proc/self/ns/pid_for_children").stat().st_ino == home
    assert subprocess.run(["true"], check=False).returncode == 0
    os.close(read)
    os.close(write)


@root
def test_whatever_it_forks_ends_with_it() -> None:
    """A PID namespace ends with its first process."""
    read, write = os.pipe()
    pid = namespaces.fork()
    if pid == 0:
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
        os.write(write, b"1")
        time.sleep(600)
    os.read(read, 1)
    os.close(write)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert os.read(read, 1) == b"", "somebody still holds the other end"
    os.close(read)


def test_landlock_without_links_is_not_used(
    users_folder: Path, out: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux 5.13 to 5.18: it would refuse archives that are well."""
    monkeypatch.setattr(landlock, "abi", lambda: 1)
    seen = locked_up(users_folder / "in", out)
    assert "landlock" not in seen.layers
    holds(seen, besides="capabilities")


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6])
def test_older_landlock_keeps_what_it_knows(
    users_folder: Path, out: Outside, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """What came later is not asked of it: TCP with the fourth, signals with the sixth version."""
    monkeypatch.setattr(landlock, "abi", lambda: version)
    others = ("network-namespace", "pid-namespace", "chroot", "user")
    seen = locked_up(users_folder / "in", out, without=others)
    kept = {name for name, error in seen.errors.items() if error}
    assert ("connect over TCP" in kept) == (version >= 4)
    assert ("signal a process" in kept) == ("connect to an abstract socket" in kept)
    assert ("signal a process" in kept) == (version >= 6)
    assert "read a file outside" in kept
    assert "work" not in kept


# --- what a container lets it have ------------------------------------------------------------------

_UNPACK = [sys.executable, "-m", "dropship", "unpack", "--format", "json"]


def layers_under(folder: Path, *before: str) -> list[str]:
    """The layers that ``dropship unpack`` reports when it is run by way of ``before``."""
    archive = folder / "plain"
    archive.write_bytes(b"1")
    done = subprocess.run(
        [*before, *_UNPACK, archive, folder / "dest"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    layers: list[str] = json.loads(done.stdout)["layers"]
    return layers


@root
def test_usual_container_has_all_but_namespaces(tmp_path: Path) -> None:
    """Root without CAP_SYS_ADMIN."""
    layers = layers_under(tmp_path, "setpriv", "--bounding-set=-sys_admin")
    assert layers == [name for name in AS_ROOT if not name.endswith("-namespace")]


@root
def test_root_without_capabilities_is_like_any_user(tmp_path: Path) -> None:
    """As in a container that was given none."""
    layers = layers_under(tmp_path, "setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert tuple(layers) == AS_USER


@root
def test_root_without_capabilities_unpacks_and_deletes(tmp_path: Path) -> None:
    """Folders whose mode keeps their own owner out, too: nothing is above it there."""
    content = tgz(Member(b"ro/", type=b"5", mode=0o555), Member(b"ro/in/x", b"1", mode=0o400))
    pid = os.fork()
    if pid == 0:
        try:
            capabilities.drop_all()
            made = staged(tmp_path, content)
            discard(Layout(tmp_path / "srv/api", tmp_path / "srv/.dropship/api"), made.release)
            os._exit(made.path.exists())
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def own_user(test: Any) -> Any:
    """Needs user namespaces."""
    able = (
        shutil.which("unshare")
        and not subprocess.run(["unshare", "-Ur", "true"], check=False).returncode
    )
    return root(pytest.mark.skipif(not able, reason="there are no user namespaces here")(test))


@own_user
def test_namespaces_that_are_used_up_are_left_out(tmp_path: Path) -> None:
    """``user.max_net_namespaces = 0``, as on hardened hosts; the others are there."""
    shell = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
    layers = layers_under(
        tmp_path, "unshare", "-Urp", "--fork", "--mount-proc", "sh", "-c", shell, "sh"
    )
    assert layers == [name for name in AS_ROOT if name != "network-namespace"]


@own_user
def test_namespace_without_a_way_home_is_not_entered(tmp_path: Path) -> None:
    """Root of a user namespace only: its PID namespace is the host's, whose it is not."""
    layers = layers_under(tmp_path, "unshare", "-Ur")
    assert layers == [name for name in AS_ROOT if name != "pid-namespace"]
