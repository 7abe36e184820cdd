"""Names of units of systemd."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.unit_name import UnitName


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("api", "api.service"),
        ("api.service", "api.service"),
        ("api.socket", "api.socket"),
        ("backup.timer", "backup.timer"),
        ("my.app", "my.app.service"),
        (".service", ".service.service"),
        ("app@1", "app@1.service"),
        ("app@1.service", "app@1.service"),
        ("app@a@b", "app@a@b.service"),
        ("app@a@", "app@a@.service"),
        (r"a\x2db", r"a\x2db.service"),
        ("dbus-org.freedesktop.login1", "dbus-org.freedesktop.login1.service"),
        ("x" * 247, "x" * 247 + ".service"),
    ],
)
def test_name_is_completed_as_systemctl_does(text: str, whole: str) -> None:
    """Without a type it is a service; a dot does not make a type."""
    assert str(UnitName.parse(text)) == whole
    assert str(UnitName.parse(whole)) == whole


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", '"" is no name of a unit such as "api" or "app@1.service"'),
        ("-x", '"-x" is no name of a unit such as'),
        ("--now", '"--now" is no name of a unit such as'),
        ("@1", '"@1" is no name of a unit such as'),
        ("my api", "white space stands in it"),
        ("api\n", "white space stands in it"),
        ("/srv/api", "a slash (it is a name, not a path) stands in it"),
        ("api;reboot", '";" stands in it'),
        ("$(reboot)", '"$" stands in it'),
        ("api*", '"*" stands in it'),
        ("café", '"é" stands in it'),
        ("app@", 'is a template: name an instance, such as "app@1.service"'),
        ("app@.timer", 'is a template: name an instance, such as "app@1.timer"'),
        ("x" * 248, "has 255 characters at most"),
    ],
)
def test_what_no_unit_can_be_called_is_refused(text: str, says: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(ValueError, match=r".") as caught:
        UnitName.parse(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value).replace(text, "")


@given(st.text(alphabet=string.printable) | st.text())
def test_whatever_is_a_name_is_one_word_of_a_command_line(text: str) -> None:
    """And no option of it, nor a pattern."""
    try:
        name = str(UnitName.parse(text))
    except ValueError:
        return
    assert name.isascii()
    assert not name.startswith("-")
    assert not set(name) & set(string.whitespace + "/*?[]{}$`'\"|&;<>()!#~%")
    assert str(UnitName.parse(name)) == name


def test_only_a_service_is_one() -> None:
    """A timer has nothing that could die."""
    assert UnitName.parse("api").is_service
    assert not UnitName.parse("api.timer").is_service
