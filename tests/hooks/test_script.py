"""Script hooks: their environment, their folder, their exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.core.values import Strings
from dropship.errors import HookError, HookPutOffError
from dropship.hooks import Event
from dropship.hooks.script import ScriptHook, ScriptOptions
from tests.exec.runs import Runner


def event(**what: object) -> Event:
    """An event with what a test wants of it."""
    known: dict[str, object] = {
        "service": "api",
        "hostname": "web-07",
        "update_id": "u1",
        "phase": "before",
        **what,
    }
    return Event(**known)  # type: ignore[arg-type]  # the fields of an event


def said(command: str, of: Event, env: Strings | None = None, **environ: str) -> list[str]:
    """What a command says."""
    runner = Runner()
    ScriptHook(ScriptOptions(command=command, env=env or Strings())).run(of, runner.run(**environ))
    return runner.said


def test_script_is_told_all_of_the_update() -> None:
    """Every variable of the documented list, empty where there is nothing to tell."""
    full = event(
        phase="after", old_hash="aa", new_hash="bb", version="2.1", release="r2", release_dir="/rel/r2",
        destination="/no/such", attempt=3, error="health: 502", rollback=True,
    )  # fmt: skip
    assert sorted(said("env | grep ^DROPSHIP_", full)) == [
        "DROPSHIP_ATTEMPT=3",
        "DROPSHIP_DESTINATION=/no/such",
        "DROPSHIP_ERROR=health: 502",
        "DROPSHIP_HOSTNAME=web-07",
        "DROPSHIP_NEW_HASH=bb",
        "DROPSHIP_OLD_HASH=aa",
        "DROPSHIP_PHASE=after",
        "DROPSHIP_RELEASE=r2",
        "DROPSHIP_RELEASE_DIR=/rel/r2",
        "DROPSHIP_ROLLBACK=1",
        "DROPSHIP_SERVICE=api",
        "DROPSHIP_UPDATE=u1",
        "DROPSHIP_VERSION=2.1",
    ]
    assert said('echo "[$DROPSHIP_ROLLBACK$DROPSHIP_OLD_HASH]"', event()) == ["[]"]


def test_command_is_shell_text_and_no_template() -> None:
    """What a template would take stays the shell's."""
    assert said('x=1; echo "${x}{{.Name}}" | cat', event()) == ["1{{.Name}}"]


def test_own_variables_win_over_the_agents() -> None:
    """``env {}`` of the hook."""
    assert said("echo $COLOUR", event(), Strings({"COLOUR": "red"}), COLOUR="blue") == ["red"]


def test_script_runs_in_the_destination_where_there_is_one(tmp_path: Path) -> None:
    """A file's folder, or the agent's own folder where there is none yet."""
    (tmp_path / "release").mkdir()
    (tmp_path / "current").symlink_to("release")
    (tmp_path / "tool").write_text("x")
    assert said("pwd", event(destination=str(tmp_path / "current"))) == [str(tmp_path / "current")]
    assert said("pwd -P", event(destination=str(tmp_path / "tool"))) == [str(tmp_path)]
    here = [str(Path.cwd())]
    assert said("pwd -P", event(destination=str(tmp_path / "none"))) == here
    assert said("pwd -P", event()) == here


def test_status_75_puts_the_update_off() -> None:
    """And only that one."""
    hook = ScriptHook(ScriptOptions(command="exit 75"))
    with pytest.raises(HookPutOffError):
        hook.run(event(), Runner().run())
    with pytest.raises(HookError) as caught:
        ScriptHook(ScriptOptions(command="exit 74")).run(event(), Runner().run())
    assert not isinstance(caught.value, HookPutOffError)
    assert str(caught.value) == "the script exited with status 74"


def test_script_over_its_time_says_how_long_it_had() -> None:
    """An operator sees which key to raise."""
    with pytest.raises(HookError, match="took longer than 300ms and was ended"):
        ScriptHook(ScriptOptions(command="sleep 100")).run(event(), Runner(timeout=0.3).run())


def test_description_is_the_command_and_its_user() -> None:
    """As it is written."""
    assert (
        ScriptHook(ScriptOptions(command="a | b", user="www")).describe(event()) == "a | b (as www)"
    )
