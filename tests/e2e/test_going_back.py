"""An update that does not work undoes itself; every step of that may fail too."""

from __future__ import annotations

import pytest

from tests.e2e.host import Host, eventually

HEALTH = """
  health "script" {{
    command = "grep -qv bad {there}/version"
    within = "2s"
    interval = "50ms"
  }}
"""


def serve(host: Host, *, before: str = "true", after: str = "true", failed: str = "true") -> None:
    """A service whose hooks leave marks and whose health is what its version says."""
    host.configure(
        host.service(f"""
  before "script" {{ command = "echo before$DROPSHIP_ROLLBACK >> {host.marks}; {before}" }}
  after  "script" {{ command = "echo after$DROPSHIP_ROLLBACK >> {host.marks}; {after}" }}
  failed "script" {{ command = "echo failed >> {host.marks}; {failed}" }}
{HEALTH.format(there=host.destination())}
""")
    )


def deployed(host: Host, version: str) -> None:
    """A first good version, its marks forgotten."""
    host.publish({"version": version})
    done = host.run("update")
    assert done.returncode == 0, done.stderr
    host.marks.unlink()


def quarantined(host: Host) -> list[str]:
    """The digests in quarantine."""
    return list(host.status()["services"][0]["quarantined"])


def test_failing_health_check_brings_the_old_release_back_and_quarantines_the_digest(
    host: Host,
) -> None:
    """Stop the new one, switch, start the old one, tell people; then leave those bytes alone."""
    serve(host)
    deployed(host, "good")
    host.publish({"version": "bad"})
    done = host.run("update")
    assert done.returncode == 1
    assert host.version() == "good"
    assert host.marked() == ["before", "after", "before1", "after1", "failed"]
    assert len(quarantined(host)) == 1
    assert host.history()[-1]["outcome"] == "rolled-back"
    again = host.run("update")
    assert again.returncode == 4
    assert "quarantine" in again.stderr
    assert host.marked() == ["before", "after", "before1", "after1", "failed"]


def test_new_artifact_after_a_quarantined_one_is_deployed(host: Host) -> None:
    """The next good version needs nobody's help."""
    serve(host)
    deployed(host, "good")
    host.publish({"version": "bad"})
    assert host.run("update").returncode == 1
    host.publish({"version": "better"})
    assert host.run("update").returncode == 0
    assert host.version() == "better"
    assert host.status()["services"][0]["state"] == "idle"


def test_forced_update_takes_a_quarantined_digest(host: Host) -> None:
    """An operator has the last word."""
    serve(host)
    deployed(host, "good")
    host.publish({"version": "bad"})
    assert host.run("update").returncode == 1
    host.configure(host.service())
    assert host.run("update", "--force").returncode == 0
    assert host.version() == "bad"
    assert quarantined(host) == []


def test_failing_before_hook_leaves_the_old_release_and_quarantines_nothing(host: Host) -> None:
    """The bytes are not at fault; the old release is started again."""
    serve(host)
    deployed(host, "good")
    serve(host, before="exit 3")
    host.publish({"version": "next"})
    done = host.run("update")
    assert done.returncode == 1
    assert "status 3" in done.stderr
    assert host.version() == "good"
    assert host.marked() == ["before", "after1", "failed"]
    assert quarantined(host) == []
    assert host.history()[-1]["outcome"] == "failed"


def test_failing_before_hook_is_passed_on_a_first_install(host: Host) -> None:
    """There is nothing to stop yet."""
    serve(host, before="exit 3")
    host.publish({"version": "1"})
    done = host.run("update")
    assert done.returncode == 0, done.stderr
    assert host.version() == "1"
    assert "status 3" in done.stderr


def test_failing_after_hook_of_a_first_install_leaves_it_failed_and_quarantined(host: Host) -> None:
    """There is nothing to go back to: the operator decides."""
    serve(host, after="exit 3")
    host.publish({"version": "1"})
    assert host.run("update").returncode == 1
    assert host.version() == "1"
    assert host.status()["services"][0]["state"] == "failed"
    assert len(quarantined(host)) == 1
    assert host.marked() == ["before", "after", "failed"]
    again = host.run("update")
    assert again.returncode == 4
    assert "--force" in again.stderr
    assert "quarantined" in host.run("check").stdout


@pytest.mark.parametrize("step", ["before", "after", "failed"])
def test_hook_that_fails_while_going_back_does_not_end_it(host: Host, step: str) -> None:
    """Nothing aborts the way back; the first error stays the reason."""
    serve(host)
    deployed(host, "good")
    # It fails only while going back, where DROPSHIP_ROLLBACK is set.
    breaks = "test -z $DROPSHIP_ROLLBACK" if step != "failed" else "exit 9"
    serve(host, **{step: breaks})
    host.publish({"version": "bad"})
    done = host.run("update")
    assert done.returncode == 1
    assert "did not hold" in done.stderr
    assert host.version() == "good"
    assert host.marked() == ["before", "after", "before1", "after1", "failed"]
    assert len(quarantined(host)) == 1


def test_switch_that_fails_while_going_back_is_told_and_the_rest_follows(host: Host) -> None:
    """The release to go back to is gone: the new one stays, quarantined, and people are told."""
    serve(host)
    deployed(host, "good")
    good = host.root() / "releases" / host.releases()[0]
    host.configure(
        host.service(f"""
  after  "script" {{ command = "test -n \\"$DROPSHIP_ROLLBACK\\" || rm -r {good}" }}
  failed "script" {{ command = "echo \\"$DROPSHIP_ERROR\\" >> {host.marks}" }}
{HEALTH.format(there=host.destination())}
""")
    )
    host.publish({"version": "bad"})
    done = host.run("update")
    assert done.returncode == 1
    assert host.version() == "bad"
    assert "did not hold" in host.marked()[0]
    status = host.status()["services"][0]
    assert status["state"] == "failed"
    assert len(status["quarantined"]) == 1


def test_health_of_the_old_release_is_only_noted(host: Host) -> None:
    """An old release that is ill as well is still the better of two."""
    serve(host)
    deployed(host, "good")
    host.configure(
        host.service("""
  health "script" {
    command = "false"
    within = "100ms"
    interval = "50ms"
  }
""")
    )
    host.publish({"version": "next"})
    assert host.run("update").returncode == 1
    assert host.version() == "good"


def test_hook_that_puts_off_changes_nothing_and_is_no_failure(host: Host) -> None:
    """Exit status 75: not now, please."""
    serve(host)
    deployed(host, "good")
    serve(host, before="exit 75")
    host.publish({"version": "next"})
    host.run("update")
    assert host.version() == "good"
    assert host.marked() == ["before"]
    assert host.history()[-1]["outcome"] == "postponed"
    assert host.status()["services"][0]["state"] == "idle"


def test_bytes_that_do_not_match_never_become_current(host: Host) -> None:
    """The configured md5 is a promise."""
    host.configure(host.service().replace("settle", f'md5 = "{"0" * 32}"\n    settle'))
    host.publish({"version": "1"})
    done = host.run("update")
    assert done.returncode == 1
    assert "md5" in done.stderr
    assert host.version() is None
    assert host.releases() == []
    assert host.litter() == []
    assert host.history()[-1]["outcome"] == "failed"


def test_hostile_archive_is_refused_and_not_downloaded_again(host: Host) -> None:
    """Verified bytes that break the rules will not get better."""
    host.configure(host.service())
    host.publish({"../../escape": "x"})
    done = host.run("update")
    assert done.returncode == 1
    assert "../../escape" in done.stderr
    assert not (host.folder / "srv" / "escape").exists()
    assert host.history()[-1]["outcome"] == "refused"
    assert host.run("update").returncode == 4


def test_old_release_that_does_not_come_up_either_is_told_wherever_the_failure_is(
    host: Host,
) -> None:
    """Rolled back alone would mean that the service runs; whoever is woken must know better."""
    told = f"echo $DROPSHIP_ERROR >> {host.folder}/told"
    serve(host, after=f"test ! -e {host.folder}/broken", failed=told)
    deployed(host, "good")
    (host.folder / "broken").touch()
    host.publish({"version": "other"})
    done = host.run("update")
    hook = "after hook 1 (script): the script exited with status 1"
    error = f"{hook}; then also: {hook}"
    assert done.returncode == 1
    assert f"WARNING [app] going back: {hook}\n" in done.stderr
    assert f"ERROR [app] rolled back: {error}\n" in done.stderr
    assert f"dropship: app: failed: {error}; " in done.stderr
    assert host.history()[-1]["error"] == error
    assert host.status()["services"][0]["lastError"] == error
    assert error in host.run("why", "app").stdout
    assert (host.folder / "told").read_text() == f"{error}\n"


def test_agent_tells_of_an_old_release_that_does_not_come_up_either(host: Host) -> None:
    """At once, and at the next check, which finds the new one in quarantine."""
    serve(host, after=f"test ! -e {host.folder}/broken")
    deployed(host, "good")
    (host.folder / "broken").touch()
    host.publish({"version": "other"})
    host.start()
    hook = "after hook 1 (script): the script exited with status 1"
    error = f"{hook}; then also: {hook}"
    host.until_said(f"rolled back: {error}")
    eventually(lambda: error in str(host.services()["app"]["lastError"]), "tell of both")
    eventually(
        lambda: f"quarantined ({error})" in str(host.services()["app"]["lastError"]), "stay told"
    )
    assert f": {error}\n" in host.run("why", "app").stdout


@pytest.mark.parametrize("attended", [False, True], ids=["alone", "attended"])
def test_retry_installs_what_failed_and_runs_all_the_same(host: Host, *, attended: bool) -> None:
    """Its after hooks have never gone through, so it is not taken for installed."""
    serve(host, after=f"test -e {host.folder}/mended")
    host.publish({"version": "1"})
    assert host.run("update").returncode == 1
    assert host.marked() == ["before", "after", "failed"]
    (host.folder / "mended").touch()
    if attended:
        host.start()
    assert host.run("retry", "app").returncode == 0
    if not attended:
        assert host.run("update").returncode == 0
    eventually(lambda: host.history()[-1]["outcome"] == "updated", lambda: str(host.history()))
    assert host.marked() == ["before", "after", "failed", "before", "after"]
    eventually(lambda: host.status()["services"][0]["state"] == "idle", host.said)
    assert host.run("update").returncode == 0
    assert len(host.marked()) == 5
