"""The main job: a configuration keeps a host up to date."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.e2e.host import PROGRAM, Host, eventually


def test_agent_installs_follows_changes_and_then_sits_still(host: Host) -> None:
    """A new artifact is deployed within an interval; an unchanged one is left alone."""
    host.configure(host.service())
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    host.publish({"version": "2"})
    host.until_version("2")
    releases = host.releases()
    before = (host.root() / "releases").stat().st_mtime_ns
    first = eventually(host.checked, "check")
    eventually(lambda: host.checked() > first + 1, "check again")
    assert host.releases() == releases
    assert (host.root() / "releases").stat().st_mtime_ns == before
    assert host.stop() == 0


def test_restarted_agent_installs_nothing_again(host: Host) -> None:
    """State survives restarts."""
    host.configure(host.service(f'after "script" {{ command = "{host.mark("after")}" }}'))
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    assert host.stop() == 0
    releases = host.releases()
    host.start()
    eventually(host.checked, "check")
    assert host.stop() == 0
    assert host.releases() == releases
    assert host.marked() == ["after"]


def test_hooks_run_in_order_with_the_facts_of_the_update(host: Host) -> None:
    """Legacy commands first and last, hooks between them, the switch in the middle."""
    out = host.marks
    host.configure(
        host.service(f"""
  preCommand = "sh {host.folder}/say pre"
  postCommand = "sh {host.folder}/say post"
  before "script" {{ command = "echo before-1 $DROPSHIP_PHASE >> {out}" }}
  before "script" {{ command = "echo before-2 [$DROPSHIP_OLD_HASH] >> {out}" }}
  after "script" {{ command = "echo after $DROPSHIP_RELEASE_DIR $(cat version) >> {out}" }}
""")
    )
    (host.folder / "say").write_text(f'echo "$1" >> {out}\n')
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    release = host.root() / "releases" / host.releases()[0]
    assert host.marked() == [
        "pre",
        "before-1 before",
        "before-2 []",
        f"after {release} 1",
        "post",
    ]


def test_killed_worker_is_back_and_the_others_keep_their_pids(host: Host) -> None:
    """A worker's death is nobody else's business."""
    host.configure(*(host.service(name=name, interval="5s") for name in ("app", "b", "c")))
    for name in ("app", "b", "c"):
        host.publish({"version": "1"}, name)
    host.start()
    pids = {name: host.pid(name) for name in ("app", "b", "c")}
    for name in pids:
        host.until_version("1", name)
    killed = time.monotonic()
    os.kill(pids["app"], signal.SIGKILL)
    eventually(lambda: host.worker()["pid"] not in (pids["app"], None), "come back")
    back = time.monotonic() - killed
    assert host.worker("b")["pid"] == pids["b"]
    assert host.worker("c")["pid"] == pids["c"]
    assert "SIGKILL" in host.worker()["lastExit"]
    # The policy is a second; a noisy machine gets some more before this counts as broken.
    assert back < 10
    assert host.stop() == 0


def test_agent_once_updates_everything_and_ends(host: Host) -> None:
    """``--once`` suits cron and image builds; it says whether all is well."""
    host.configure(host.service(), host.service(name="b"))
    host.publish({"version": "1"})
    done = host.run("agent", "--once")
    assert done.returncode == 1, done.stderr
    assert host.version() == "1"
    host.publish({"version": "1"}, "b")
    assert host.run("agent", "--once").returncode == 0
    assert host.version("b") == "1"


def test_dry_run_says_what_it_would_do_and_does_nothing(host: Host) -> None:
    """``--dry-run`` changes nothing on disk."""
    host.configure(host.service())
    host.publish({"version": "1"})
    done = host.run("agent", "--once", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "outdated" in done.stderr
    assert not host.destination().exists()
    assert not host.root().exists()


def test_check_changes_nothing_and_tells_current_from_outdated(host: Host) -> None:
    """An operator can ask first."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert "outdated" in host.run("check").stdout
    assert not host.root().exists()
    assert host.run("update").returncode == 0
    assert "current" in host.run("check").stdout


def test_single_file_artifact_is_a_link_to_a_file_with_its_mode(host: Host) -> None:
    """A binary is deployed like a tree."""
    (host.store / "tool").write_text("#!/bin/sh\necho hi\n")
    host.configure(f"""
service "tool" {{
  checkInterval = "1s"
  artifact "file" {{
    path = "{host.store}/tool"
    destination = "{host.folder}/bin/tool"
    mode = "0755"
    settle = "0s"
  }}
}}
""")
    assert host.run("update").returncode == 0
    tool = host.folder / "bin" / "tool"
    assert tool.is_symlink()
    assert os.access(tool, os.X_OK)


def test_folder_at_the_destination_is_adopted_and_kept(host: Host) -> None:
    """What stood there before is a release that can be gone back to."""
    host.configure(host.service())
    host.destination().mkdir(parents=True)
    (host.destination() / "version").write_text("0")
    (host.destination() / "uploads").write_text("precious")
    host.publish({"version": "1"})
    done = host.run("update")
    assert done.returncode == 0, done.stderr
    assert host.version() == "1"
    adopted = [name for name in host.releases() if name.startswith("adopted-")]
    assert (host.root() / "releases" / adopted[0] / "uploads").read_text() == "precious"
    assert f"releases/{adopted[0]}" in done.stderr


def test_deleted_link_is_put_back_at_the_next_check(host: Host) -> None:
    """What was deleted by mistake comes back without a download."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    host.destination().unlink()
    releases = host.releases()
    assert host.run("update").returncode == 0
    assert host.version() == "1"
    assert host.releases() == releases


def test_lost_state_is_rebuilt_from_the_release_in_place(host: Host) -> None:
    """Nothing is downloaded again for a lost state folder."""
    host.configure(host.service())
    host.publish({"version": "1"})
    assert host.run("update").returncode == 0
    releases = host.releases()
    state = host.folder / "state" / "services" / "app" / "state.json"
    state.unlink()
    assert host.run("update").returncode == 0
    assert host.releases() == releases
    assert host.saved()["current"]["name"] == releases[0]


def test_old_releases_are_pruned_to_keep_releases(host: Host) -> None:
    """Disks do not fill up; the way back stays."""
    body = host.service().replace('settle      = "0s"', 'settle = "0s"\n keepReleases = 2')
    host.configure(body)
    for number in range(6):
        host.publish({"version": str(number)})
        assert host.run("update").returncode == 0
    assert len(host.releases()) == 3
    assert host.version() == "5"


def test_quickstart_tells_its_story(tmp_path: Path) -> None:
    """The example in the source works."""
    source = Path(__file__).parents[2] / "examples" / "quickstart"
    shutil.copytree(source, tmp_path / "quickstart", ignore=shutil.ignore_patterns("run"))
    program = tmp_path / "dropship"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "quickstart" / "try", program],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "what runs now: hello again" in done.stdout
