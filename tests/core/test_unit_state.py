"""What systemctl says of a unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.unit_state import PROPERTIES, UnitState


def shown(**properties: str) -> list[str]:
    """Lines as ``systemctl show`` prints them; a loaded, running service unless told otherwise."""
    usual = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running"}
    return [f"{name}={value}" for name, value in {**usual, **properties}.items()]


def failed(**properties: str) -> UnitState:
    """A service that has failed."""
    return UnitState.parse(
        shown(ActiveState="failed", SubState="failed", **{"Result": "exit-code", **properties})
    )


def test_running_service_is_read() -> None:
    """As systemd 252 tells of one."""
    state = UnitState.parse(
        shown(
            Type="simple",
            Result="success",
            NRestarts="2",
            InvocationID="357f1bdd40a3445a94f22fc204aaca51",
            ActiveEnterTimestampMonotonic="471648878",
            InactiveExitTimestampMonotonic="471648250",
            ExecMainStartTimestampMonotonic="471648500",
            ExecMainCode="0",
            ExecMainStatus="0",
        )
    )
    assert state == UnitState(
        load="loaded",
        active="active",
        sub="running",
        result="success",
        type="simple",
        restarts=2,
        run=("357f1bdd40a3445a94f22fc204aaca51", "471648878"),
        begun=471.64825,
        started=471.6485,
    )
    assert (state.up, state.missing, str(state)) == (True, False, "active (running)")


@pytest.mark.parametrize(
    ("active", "up"),
    [
        ("active", True), ("reloading", True), ("refreshing", True), ("activating", False),
        ("deactivating", False), ("inactive", False), ("failed", False), ("maintenance", False),
    ],
)  # fmt: skip
def test_unit_is_up_while_it_is_active(active: str, *, up: bool) -> None:
    """A reload is no fall."""
    assert UnitState.parse(shown(ActiveState=active)).up is up


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (failed(ExecMainCode="1", ExecMainStatus="3"), "failed (exit-code, status 3)"),
        (failed(ExecMainCode="1", ExecMainStatus="203"), "failed (exit-code, status 203/EXEC)"),
        (failed(Result="signal", ExecMainCode="2", ExecMainStatus="9"), "failed (signal, SIGKILL)"),
        (failed(Result="core-dump", ExecMainCode="3", ExecMainStatus="11"),
         "failed (core-dump, SIGSEGV)"),
        (failed(Result="signal", ExecMainCode="2", ExecMainStatus="999"),
         "failed (signal, signal 999)"),
        # Its main process had not begun, or ended well.
        (failed(ExecMainCode="0", ExecMainStatus="0"), "failed (exit-code)"),
        (failed(Result="protocol", ExecMainCode="1", ExecMainStatus="0"), "failed (protocol)"),
        (UnitState.parse(shown(ActiveState="activating", SubState="auto-restart",
                               Result="exit-code", ExecMainCode="1", ExecMainStatus="1")),
         "activating (auto-restart, exit-code, status 1)"),
        (UnitState.parse(shown(ActiveState="inactive", SubState="dead", Result="success")),
         "inactive (dead)"),
        (UnitState.parse(shown(SubState="active", Result="success")), "active"),
        (UnitState.parse(shown(SubState="active")), "active"),
    ],
)  # fmt: skip
def test_state_is_told_in_words(state: UnitState, says: str) -> None:
    """With how it ended, where it did not end well."""
    assert str(state) == says


@pytest.mark.parametrize("load", ["not-found", "masked", "bad-setting", "error"])
def test_unit_that_cannot_be_started_is_missing(load: str) -> None:
    """One that runs though its file has gone is not."""
    assert UnitState.parse(shown(LoadState=load, ActiveState="inactive")).missing
    assert not UnitState.parse(shown(LoadState=load)).missing


def test_command_that_has_done_its_work_has_ended() -> None:
    """Without RemainAfterExit it is never active for long."""
    dead = {"ActiveState": "inactive", "SubState": "dead"}
    assert UnitState.parse(shown(Type="oneshot", **dead)).ended
    assert not UnitState.parse(shown(Type="simple", **dead)).ended
    assert not UnitState.parse(shown(Type="oneshot", SubState="exited")).ended


def test_what_an_old_systemd_does_not_tell_is_not_missed() -> None:
    """Version 219 knows neither restarts nor invocations."""
    state = UnitState.parse(shown(ActiveEnterTimestampMonotonic="471648878"))
    assert (state.restarts, state.run) == (0, ("", "471648878"))


@pytest.mark.parametrize("lines", [[], ["Failed to connect to bus: No such file"], ["LoadState="]])
def test_answer_without_a_state_is_refused(lines: list[str]) -> None:
    """It is none."""
    with pytest.raises(ValueError, match="did not say how the unit is"):
        UnitState.parse(lines)


@given(st.lists(st.text() | st.tuples(st.sampled_from(PROPERTIES), st.text()).map("=".join)))
def test_any_answer_is_read_or_refused(lines: list[str]) -> None:
    """Nothing that systemctl prints breaks it."""
    try:
        assert str(UnitState.parse(lines))
    except ValueError as error:
        assert "did not say" in str(error)  # noqa: PT017 - any other is a fault
