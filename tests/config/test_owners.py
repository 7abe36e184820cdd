"""``owner`` and ``group``: accounts that are there, and may be given files."""

from __future__ import annotations

import os

import pytest

from dropship.config.load import Mode
from dropship.config.owners import Accounts, Fault, fault
from tests.config.conftest import WEB, Reader

KNOWN = {"root": 0, "www-data": 33}


def found(owner: str = "", group: str = "", *, euid: int = 0) -> Fault | None:
    """What is wrong, on a host of two users."""
    return fault(owner, group, Accounts(KNOWN.get, KNOWN.get, euid, euid))


def test_root_may_give_files_to_everybody_there_is() -> None:
    """And only to them."""
    assert found("www-data", "www-data") is None
    wrong = found("www", "www-data")
    assert wrong is not None
    assert (wrong.key, wrong.message) == ("owner", "there is no user www on this host")
    wrong = found("", "www")
    assert wrong is not None
    assert (wrong.key, wrong.message) == ("group", "there is no group www on this host")


@pytest.mark.parametrize(
    ("owner", "group", "key"),
    [("root", "", "owner"), ("www-data", "root", "group"), ("", "root", "group")],
)
def test_others_may_give_files_to_themselves_only(owner: str, group: str, key: str) -> None:
    """At the key that asks for more."""
    assert found("www-data", "www-data", euid=33) is None
    assert found(euid=33) is None
    wrong = found(owner, group, euid=33)
    assert wrong is not None
    assert (wrong.key, wrong.message) == (key, "only root can give files to somebody else")


@pytest.mark.parametrize(
    ("mode", "codes"), [(Mode.REQUIRE, ["E241"]), (Mode.WARN, ["W241"]), (Mode.LENIENT, [])]
)
def test_owner_is_missed_as_loudly_as_it_is_needed(
    read: Reader, mode: Mode, codes: list[str]
) -> None:
    """An error where files would be given to it, a warning where that may be another host."""
    result = read(WEB.format(service="", artifact='owner = "no-such-user"'), mode=mode)
    assert result.codes == codes
    if codes:
        assert '"no-such-user"\n' in result.text


def test_owner_and_group_are_read_by_name_or_number(read: Reader) -> None:
    """A number needs no quotes, and no account."""
    web = read.service(artifact='owner = 4711 group = "root"').web
    assert (web.artifact.owner, web.artifact.group) == ("4711", "root")


def test_somebody_else_is_a_warning_for_who_is_not_root(read: Reader) -> None:
    """The configuration may be for an agent that is."""
    text = WEB.format(service="", artifact="owner = 4711")
    assert read(text, euid=os.geteuid() or 1000).codes == ["W241"]
    assert read(text, euid=0).codes == []
