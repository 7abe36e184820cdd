"""No hostile archive gets out, leaves anything special behind, or takes for ever."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dropship
from dropship.errors import RefusedError
from tests.archives.inside import unpack
from tests.hostile.case import Case
from tests.hostile.cases import CASES
from tests.hostile.watched import Surroundings, faults

ROOT = Path(__file__).parents[2]
PLACE = "/var/tmp/dropship-hostile-run"

# Everything of the machine, with whatever is changed in it kept apart: what a case writes anywhere
# is in $1/changes then. Other file systems are only there to be read.
_APART = """\
set -eu
top=$1; place=$2; python=$3; shift 3
mount -t tmpfs tmpfs "$top"
mkdir "$top/changes" "$top/work" "$top/machine"
mount -t overlay overlay \
  -o "lowerdir=/,upperdir=$top/changes,workdir=$top/work" "$top/machine" || exit 77
mount --bind /proc "$top/machine/proc"
mount --rbind /dev "$top/machine/dev"
for path; do
  mount --bind "$path" "$top/machine$path" && mount -o remount,bind,ro "$top/machine$path"
done
status=0
chroot "$top/machine" "$python" -m tests.hostile "$place" || status=$?
cd "$top/changes"
find . -mindepth 1 ! -type d -printf 'changed %p\\n' -o -type d -printf 'folder %p\\n'
exit $status
"""


def test_corpus_is_large_and_its_names_are_unique() -> None:
    """A name tells one case; nobody takes themes away unnoticed."""
    assert len({case.name for case in CASES}) == len(CASES) > 400
    assert sum(bool(case.refused) for case in CASES) > 300


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one: tens of thousands of files come and go."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_readers_judge_and_tree_hold_by_themselves(case: Case, memory: Path) -> None:
    """Without any sandbox around them."""
    around = Surroundings(memory)
    with around.emptied() as folder:
        said = ""
        try:
            unpack(case.make(), case.file, folder, case.rules)
        except RefusedError as error:
            said = str(error)
        assert bool(said) == bool(case.refused), said or "it was accepted"
        assert re.search(case.refused, said), said
        assert faults(folder, case, accepted=not said) == []
    assert around.changes() == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real_unpacker_holds_and_nothing_else_on_the_machine_changes(tmp_path: Path) -> None:
    """As root on an overlay of the whole machine; otherwise only what is around is watched."""
    lines = _on_an_overlay(tmp_path) if os.geteuid() == 0 else None
    if lines is None:
        done = _python("-m", "tests.hostile", str(tmp_path / "run"))
        lines = done.stdout.splitlines()
    cases = [json.loads(line) for line in lines if line.startswith("{")]
    assert [case for case in cases if case["faults"]] == []
    assert [case["name"] for case in cases] == [case.name for case in CASES]
    changed = [line for line in lines if not line.startswith("{")]
    # The folder itself came and went; what it was in has another time.
    allowed = {f"folder .{PLACE[: PLACE.rindex('/')]}", "folder ./var"}
    assert set(changed) <= allowed


def _on_an_overlay(tmp_path: Path) -> list[str] | None:
    """What was said and what was changed; None where there are no overlays."""
    used = {Path(sys.prefix), Path(sys.base_prefix), ROOT, Path(dropship.__file__).parents[1]}
    used |= {Path(one) for one in sys.path if Path(one).is_dir()}
    device = Path("/").stat().st_dev
    elsewhere = sorted(str(path) for path in used if path.stat().st_dev != device)
    top = tmp_path / "apart"
    top.mkdir()
    arguments = [str(top), PLACE, sys.executable, *elsewhere]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", _APART, "sh", *arguments],
        env=_environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    if done.returncode == 77:
        return None
    assert done.stdout, done.stderr
    return done.stdout.splitlines()


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd="/",
        env=_environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )


def _environ() -> dict[str, Any]:
    # From the root folder, and with this one last: an installed dropship comes first.
    path = os.pathsep.join([*filter(None, sys.path), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
