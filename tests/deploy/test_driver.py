"""The driver between the table and the world: orders at bad moments, what is on the ground."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from dropship import log as logs
from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.saved import Paused, Quarantined
from dropship.deploy.desk import Verdict
from dropship.deploy.hooks import artifact_fields
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host

KINDS = ("before", "after", "failed")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose program is not run: only its store and folders are used."""
    return Host(tmp_path)


def deployed(host: Host, version: str, *, body: str = "") -> None:
    """A version that is current."""
    host.configure(host.service(body))
    host.publish({"version": version})
    drive(rig(host.config), Desk())
    assert host.version() == version


def test_order_that_comes_while_old_releases_are_deleted_is_carried_out(host: Host) -> None:
    """Nothing is dropped, and nobody sleeps for ever."""
    host.configure(host.service().replace("settle", "keepReleases = 0\n settle"))
    for version in "123":
        host.publish({"version": version})
        drive(rig(host.config), Desk())
    host.publish({"version": "4"})
    given: list[bool] = []

    def while_pruning(desk: Desk) -> Sequence[on.Event]:
        assert desk.state is not None
        # At rest, and still in the commands that end the update.
        pruning = desk.state.phase is Phase.IDLE and Phase.COMMITTING in desk.phases
        if pruning and not given:
            given.append(True)
            return [on.CheckNow(update_id="again")]
        return []

    desk = Desk(while_pruning)
    driver = drive(rig(host.config), desk)
    assert given
    assert desk.phases.count(Phase.CHECKING) == 2
    assert driver.state.phase is Phase.STOPPED


def test_changed_destination_leaves_what_the_old_one_runs_from(host: Host) -> None:
    """The old place is left alone, releases and all, now and later."""
    deployed(host, "1")
    old = host.destination()
    host.config.write_text(host.config.read_text().replace("srv/app", "srv/moved"))
    for version in "2345":
        host.publish({"version": version})
        drive(rig(host.config), Desk())
    assert (host.folder / "srv" / "moved" / "version").read_text() == "5"
    assert (old / "version").read_text() == "1"


def test_lost_state_and_a_deleted_link_sweep_nothing_away(host: Host) -> None:
    """What stands in ``releases/`` may be all that is left."""
    deployed(host, "1")
    releases = host.releases()
    shutil.rmtree(host.folder / "state")
    host.destination().unlink()
    shutil.rmtree(host.store)
    drive(rig(host.config), Desk())
    assert host.releases() == releases


def test_staged_release_that_was_deleted_is_staged_again_before_anything_stops(
    host: Host,
) -> None:
    """No stop and start for nothing."""
    deployed(host, "1")
    host.configure(host.service('before "script" { command = "exit 75" }'))
    host.publish({"version": "2"})
    drive(rig(host.config), Desk())
    staged = host.saved()["staged"]["name"]
    shutil.rmtree(host.root() / "releases" / staged)
    host.configure(host.service(f'before "script" {{ command = "{host.mark("stop")}" }}'))
    drive(rig(host.config), Desk())
    assert host.version() == "2"
    assert host.marked() == ["stop"]


def test_put_off_updates_do_not_fill_the_disk(host: Host) -> None:
    """What a newer artifact replaces is not kept."""
    deployed(host, "0")
    host.configure(host.service('before "script" { command = "exit 75" }'))
    for version in range(1, 6):
        host.publish({"version": str(version)})
        drive(rig(host.config), Desk())
    assert len(host.releases()) == 2
    host.configure(host.service())
    drive(rig(host.config), Desk())
    assert host.version() == "5"


def test_after_hook_that_asks_for_later_is_tried_again_like_any_that_fails(host: Host) -> None:
    """It is too late to put anything off, and ``retries`` says what to do."""
    deployed(host, "1")
    ran = f"test -e {host.marks} || {{ {host.mark('once')}; exit 75; }}"
    host.configure(host.service(f'after "script" {{ command = "{ran}", retries = 1 }}'))
    host.publish({"version": "2"})
    driver = drive(rig(host.config), Desk())
    assert host.marked() == ["once"]
    assert host.version() == "2"
    assert driver.state.saved.failed is None


def test_hard_stop_in_a_hook_is_recovered_and_is_no_death(host: Host) -> None:
    """Six impatient operators do not condemn a release."""
    deployed(host, "1")
    waits = host.folder / "waits"
    waits.touch()
    host.configure(
        host.service(f'after "script" {{ command = "while test -e {waits}; do sleep 0.02; done" }}')
    )
    host.publish({"version": "2"})

    def in_the_hook(desk: Desk) -> Sequence[on.Event]:
        assert desk.state is not None
        return [on.Stop(hard=True)] if desk.state.phase is Phase.AFTER else []

    for _ in range(6):
        drive(rig(host.config), Desk(in_the_hook))
        assert (host.folder / "state" / "services" / "app" / "journal.json").exists()
    waits.unlink()
    driver = drive(rig(host.config), Desk())
    assert host.version() == "2"
    assert driver.state.saved.quarantine == ()
    assert driver.state.saved.failed is None


def test_recovery_goes_on_behind_the_hooks_that_have_run(host: Host) -> None:
    """A hook that passed before the crash is not run again."""
    deployed(host, "1")
    waits = host.folder / "waits"
    waits.touch()
    host.configure(
        host.service(f"""
  after "script" {{ command = "{host.mark("first")}" }}
  after "script" {{ command = "while test -e {waits}; do sleep 0.02; done; {host.mark("second")}" }}
""")
    )
    host.publish({"version": "2"})

    def in_the_second(desk: Desk) -> Sequence[on.Event]:
        assert desk.state is not None
        # Its mark moves on to the second one only after the first one's output has been seen.
        hook = made.store.hook_read() if desk.state.phase is Phase.AFTER else None
        return [on.Stop(hard=True)] if hook and hook.index == 1 else []

    made = rig(host.config)
    drive(made, Desk(in_the_second))
    assert host.marked() == ["first"]
    waits.unlink()
    drive(rig(host.config), Desk())
    assert host.marked() == ["first", "second"]


def test_hash_of_the_configuration_spares_hooks_for_what_is_installed(host: Host) -> None:
    """A store without promises costs one download, and stops nothing."""
    host.publish({"version": "1"})
    content = (host.store / "app.tar.gz").read_bytes()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    body = f'hash = "{md5}"\n  before "script" {{ command = "{host.mark("stop")}" }}'
    host.configure(host.service(body))
    drive(rig(host.config), Desk())
    assert host.marked() == []
    host.publish({"version": "2"})
    drive(rig(host.config), Desk())
    assert host.marked() == ["stop"]


def test_history_tells_what_hooks_said_without_secrets(host: Host) -> None:
    """The last of their output is kept with the update, and no secret of the configuration."""
    logs.setup("info", "text", secrets=["hunter2-hunter2"], stream=io.StringIO())
    try:
        deployed(host, "1", body='after "script" { command = "echo the word is hunter2-hunter2" }')
    finally:
        logs.setup("warning", "text", stream=io.StringIO())
    output = host.history()[-1]["output"]
    assert "the word is" in output
    assert "hunter2" not in output


def test_state_and_journal_tell_no_secret_of_an_error(host: Host) -> None:
    """What a hook's error quotes is hidden before it is kept: in flight, and in the end."""
    logs.setup("info", "text", secrets=["hunter2-hunter2"], stream=io.StringIO())
    folder = host.folder / "state" / "services" / "app"
    texts: list[str] = []

    def in_flight(_desk: Desk) -> Sequence[on.Event]:
        texts.extend(path.read_text() for path in folder.glob("*.json"))
        return []

    host.configure(host.service('after "script" { command = "true" user = "hunter2-hunter2" }'))
    host.publish({"version": "1"})
    try:
        driver = drive(rig(host.config), Desk(in_flight))
    finally:
        logs.setup("warning", "text", stream=io.StringIO())
    texts += [path.read_text() for path in folder.iterdir()]
    assert "hunter2" not in "".join(texts)
    assert "…" in str(driver.state.trouble)
    assert "\\u2026" in "".join(texts)


def test_templates_see_no_login_of_a_url(host: Host) -> None:
    """A deploy event is for everybody."""
    host.config.write_text(f"""
service "app" {{
  checkInterval = "1h"
  artifact "http" {{
    url = "https://joe:hunter2@example.com/app.tar.gz"
    destination = "{host.folder}/srv/app"
  }}
}}
""")
    assert artifact_fields(rig(host.config))["url"] == "https://example.com/app.tar.gz"


def test_templates_see_keys_of_the_artifact_as_people_write_them(host: Host) -> None:
    """Words and lists, nothing of Python's."""
    more = 'keepModes = true\n shared = ["uploads", "var/log"]\n settle'
    host.configure(host.service().replace("settle", more))
    known = artifact_fields(rig(host.config))
    assert known["shared"] == "uploads, var/log"
    assert (known["keepModes"], known["symlinksTo"]) == ("true", "")
    assert (known["settle"], known["maxSize"]) == ("0s", "20 GiB")


def test_hashes_in_templates_are_of_the_update_in_every_kind_of_hook(
    host: Host, httpserver: HTTPServer
) -> None:
    """Before it the installed one, after it the new one, and the one that failed; none go back."""
    said: list[str] = []
    url = httpserver.url_for("/")

    def hear(request: Request) -> Response:
        said.append(request.get_data(as_text=True))
        return Response()

    httpserver.expect_request("/").respond_with_handler(hear)
    body = "{{.Phase}}: {{.Hash}}, {{.OldHash}} to {{.NewHash}} {{trunc -12 .Release}} {{.Error}}"
    hooks = [f'{kind} "webhook" {{ url = "{url}" body = "{body}" }}' for kind in KINDS]
    failing = f'after "script" {{ command = "test $(cat {host.destination()}/version) != 3" }}'
    host.configure(host.service("\n".join([*hooks, failing])))
    md5s = [""]
    for version in "123":
        host.publish({"version": version})
        data = (host.store / "app.tar.gz").read_bytes()
        md5s.append(hashlib.md5(data, usedforsecurity=False).hexdigest())
        drive(rig(host.config), Desk())
    assert host.version() == "2"

    def line(kind: str, old: int, new: int, error: str = "") -> str:
        seen = md5s[old if kind == "before" else new]
        return f"{kind}: {seen}, {md5s[old]} to {md5s[new]} {md5s[new][:12]} {error}"

    went = [line(kind, old, old + 1) for old in (0, 1, 2) for kind in ("before", "after")]
    why = "after hook 2 (script): the script exited with status 1"
    assert said == [*went, line("failed", 2, 3, why)]


def test_shared_data_outlives_updates_and_the_way_back(host: Host) -> None:
    """Adopted with what stood there; a release that fails takes none of it along."""
    place = host.folder / "srv/app"
    (place / "uploads").mkdir(parents=True)
    (place / "uploads/photo").write_text("precious")
    shared = host.service().replace("settle", 'shared = ["uploads/"]\n settle')
    host.configure(shared)
    host.publish({"version": "1", "uploads/photo": "shipped"})
    drive(rig(host.config), Desk())
    assert host.version() == "1"
    assert (place / "uploads/photo").read_text() == "precious"
    (place / "uploads/more").write_text("written")
    broken = f"""after "script" {{ command = "test $(cat {place}/version) = 1" }}"""
    host.configure(host.service(broken).replace("settle", 'shared = ["uploads/"]\n settle'))
    host.publish({"version": "2"})
    driver = drive(rig(host.config), Desk())
    assert driver.state.saved.failed is not None
    assert host.version() == "1"
    assert (place / "uploads/more").read_text() == "written"
    assert (place / "uploads/photo").read_text() == "precious"


def runs_what_failed(host: Host, body: str = "") -> None:
    """Version 2 has failed, and could not be taken back: a full disk, twice in a row."""
    deployed(host, "1", body=body)
    host.publish({"version": "2"})
    made = rig(host.config)
    drive(made, Desk())
    saved = made.store.load()
    assert saved is not None
    assert saved.current is not None
    assert saved.current.md5 is not None
    bad = Quarantined(saved.current.md5, "health said no", 1.0)
    made.store.save(replace(saved.quarantining(bad), failed="health said no"))


@pytest.mark.parametrize("body", ["", "sequentialUpdates = true"])
def test_what_going_back_did_not_manage_is_tried_again(host: Host, body: str) -> None:
    """With its hooks; what failed stays in quarantine, for the reason that it had."""
    hooks = f"""
  before "script" {{ command = "{host.mark("stop")}" }}
  after "script" {{ command = "{host.mark("start")}" }}
"""
    runs_what_failed(host, body + hooks)
    host.marks.unlink()
    made = rig(host.config)
    desk = Desk(first=[on.CheckNow()])
    drive(made, desk)
    assert host.version() == "1"
    ((_, answer),) = desk.answers
    assert answer.verdict is Verdict.REFUSED, "what the store has is not what runs"
    assert answer.words.endswith(" again")
    assert host.marked() == ["stop", "start"]
    saved = made.store.load()
    assert saved is not None
    assert [one.reason for one in saved.quarantine] == ["health said no"]
    drive(made, Desk())
    assert host.version() == "1"


def test_pause_and_a_lost_release_leave_what_failed_where_it_is(host: Host) -> None:
    """An operator has the word; and where there is nothing to go back to, nothing is stopped."""
    runs_what_failed(host, f'before "script" {{ command = "{host.mark("stop")}" }}')
    host.marks.unlink()
    made = rig(host.config)
    saved = made.store.load()
    assert saved is not None
    made.store.save(replace(saved, paused=Paused("hands off", 1.0, "ops")))
    drive(made, Desk())
    assert host.version() == "2"
    made.store.save(saved)
    assert saved.previous is not None
    shutil.rmtree(made.layout.release(saved.previous.name))
    drive(made, Desk())
    assert host.version() == "2"
    assert host.marked() == []


def test_something_better_in_the_store_comes_before_going_back_again(host: Host) -> None:
    """One update less."""
    runs_what_failed(host)
    host.publish({"version": "3"})
    made = rig(host.config)
    desk = Desk()
    drive(made, desk)
    assert host.version() == "3"
    assert desk.phases.count(Phase.BEFORE) == 1


def test_switch_renames_the_journal_that_was_written_before_the_hooks(host: Host) -> None:
    """No file has to be written, and waited for, while the service is down."""
    journal = host.folder / "state" / "services" / "app" / "journal.json"
    deployed(host, "1", body=f"""
  before "script" {{ command = "stat -c %i {journal}.next >> {host.marks}" }}
  after  "script" {{ command = "stat -c %i {journal} >> {host.marks}" }}
""")  # fmt: skip
    prepared, current = host.marked()
    assert prepared == current
    assert not list(journal.parent.glob("journal*"))


def test_journal_prepared_for_a_switch_that_is_put_off_does_not_stay(host: Host) -> None:
    """Neither is there when nothing is under way."""
    host.configure(host.service('before "script" { command = "exit 75" }'))
    host.publish({"version": "1"})
    drive(rig(host.config), Desk())
    assert host.version() is None
    assert not list((host.folder / "state" / "services" / "app").glob("journal*"))
