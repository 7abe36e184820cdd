"""Backends of others that do what no Protocol allows: what is attempted fails, and no more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dropship.deploy.check import check
from dropship.errors import ConfigError, HookError
from dropship.hooks import Event
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host
from tests.strangers import described

MODULE = """
from dataclasses import dataclass

from dropship.core.checksum import Checksum
from dropship.core.option import option
from dropship.core.values import Duration
from dropship.errors import ConfigError, HookError, LockError
from dropship.lockers import Mark
from dropship.repos import Found
from dropship.repos.file import FileLocation, FileOptions, FileRepo


@dataclass(frozen=True)
class Options:
    how: str = option("", doc="What goes wrong.")
    retries: int = option(0, doc="As other stores have it.")


@dataclass(frozen=True)
class Location:
    path: str = option(doc="Where.")
    how: str = option("", doc="What goes wrong.")


def place(location):
    return FileLocation(path=location.path, settle=Duration(0))


class Body:
    def __init__(self, location, body):
        self.how, self.body = location.how, body

    def readinto(self, buffer):
        if self.how == "read":
            1 / 0
        return {"none": None, "more": 1 << 30, "less": -1}.get(self.how, self.body.readinto(buffer))

    def close(self):
        self.body.close()
        1 / 0


class Listing:
    on = True


class Repo:
    Options = Options
    Location = Location

    def __init__(self, options):
        if options.how == "make":
            1 / 0
        if options.how == "refuse":
            raise ConfigError("this is not for me", cure="leave it")
        self.files = FileRepo(FileOptions())

    def prepare(self, location):
        1 / 0

    def find(self, location):
        how = location.how
        found = self.files.find(place(location))
        if how == "find":
            1 / 0
        if how == "silent":
            raise KeyError
        if how == "ours":
            raise ConfigError("this is not for me", cure="leave it")
        changes = {
            "tokenless": {"token": ""},
            "size": {"size": "many"},
            "name": {"name": b"x"},
            "sums": {"checksums": [1]},
            "sum": {"checksums": (Checksum("rot13", "ab"),)},
        }
        return {"nothing": None, "text": "found"}.get(how, found._replace(**changes.get(how, {})))

    def _names(self, location, folder, begins):
        yield "app-1.tar.gz"
        if location.how == "list":
            1 / 0
        yield 7

    def __getattr__(self, name):
        if name == "names" and Listing.on:
            return self._names
        raise AttributeError(name)

    def open(self, location, found, offset=0):
        if location.how == "open":
            1 / 0
        if location.how == "unreadable":
            return b"bytes"
        return Body(location, self.files.open(place(location), found, offset))

    def close(self):
        1 / 0


class Hook:
    Options = Options
    notifies = False

    def __init__(self, options):
        self.how = options.how

    def run(self, event, run):
        if self.how == "refuse":
            raise HookError("no")
        1 / 0

    def describe(self, event):
        1 / 0


class Health:
    Options = Options

    def __init__(self, options):
        self.how = options.how
        if self.how == "begin":
            self.begin = lambda: 1 / 0

    def probe(self, run):
        1 / 0

    def describe(self):
        1 / 0


class Lease:
    def __init__(self, how):
        self.how = how

    def check(self):
        if self.how == "check":
            1 / 0

    confirm = check

    def release(self):
        if self.how == "release":
            1 / 0


class Locker:
    Options = Options

    def __init__(self, options, place):
        self.how = options.how

    def acquire(self, scope, limit, holder, *, timeout, watch):
        if self.how == "acquire":
            1 / 0
        return "turn" if self.how == "turn" else Lease(self.how)

    @property
    def marks(self):
        return self

    def put(self, scope, mark):
        1 / 0

    def get(self, scope, md5):
        if self.how == "failed":
            1 / 0
        if self.how == "away":
            raise LockError("no engine")
        return "bad" if self.how == "mark" else None

    def clear(self, scope, md5):
        1 / 0

    def standing(self, scope):
        return "standing"

    def break_turns(self, scope, broken):
        1 / 0

    def close(self):
        1 / 0
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host on which faulty backends are installed."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "faulty_strangers.py").write_text(MODULE)
    kinds = {"repos": "Repo", "hooks": "Hook", "health": "Health", "lockers": "Locker"}
    entries = {
        f"dropship.{kind}": {"odd": f"faulty_strangers:{cls}"} for kind, cls in kinds.items()
    }
    monkeypatch.syspath_prepend(str(described(site, "faulty-strangers", entries)))
    monkeypatch.delitem(sys.modules, "faulty_strangers", raising=False)
    made = Host(tmp_path)
    made.publish({"version": "1"})
    return made


def stored_oddly(host: Host, how: str) -> None:
    """The artifact is in a store of others."""
    service = (
        host.service().replace('"file"', '"odd"').replace('settle      = "0s"', f'how = "{how}"')
    )
    host.configure(service, main='repo "odd" {}')


def said(host: Host) -> str:
    """Why nothing has come of an update."""
    desk = Desk()
    drive(rig(host.config), desk)
    assert desk.state is not None
    answer = check(rig(host.config))
    return answer.error or ""


ODD = "the repo odd"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("find", f"{ODD} could not look for the artifact: ZeroDivisionError: division by zero"),
        ("silent", f"{ODD} could not look for the artifact: KeyError; tell those who made it"),
        ("ours", "this is not for me; leave it"),
        ("nothing", f"{ODD} gave NoneType where it should say what it found"),
        ("text", f"{ODD} gave str where it should say what it found"),
        ("tokenless", f"{ODD} gave no token, so a change could not be seen"),
        ("size", f"{ODD} gave a size that is none"),
        ("name", f"{ODD} gave a name that is no text"),
        ("sums", f"{ODD} gave checksums that are none"),
        ("sum", f"{ODD} gave checksums that are none"),
    ],
)
def test_store_that_cannot_be_asked_is_told_by_its_name(host: Host, how: str, message: str) -> None:
    """The check has failed; nobody's worker dies of it."""
    stored_oddly(host, how)
    assert said(host).startswith(message)
    assert host.version() is None


@pytest.mark.parametrize(
    ("how", "listing", "message"),
    [
        (
            "",
            False,
            f"{ODD} cannot list what it has, so there are no versions; leave out {{version}}",
        ),
        ("list", True, f"{ODD} could not list what it has: ZeroDivisionError"),
        ("", True, f"{ODD} gave int among the names"),
    ],
)
def test_versions_that_cannot_be_listed_are_told(
    host: Host, how: str, listing: bool, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what cannot be asked."""
    stored_oddly(host, how)
    host.config.write_text(host.config.read_text().replace("app.tar.gz", "app-{version}.tar.gz"))
    rig(host.config)
    monkeypatch.setattr(sys.modules["faulty_strangers"].Listing, "on", listing)
    assert said(host).startswith(message)


@pytest.mark.parametrize("how", ["open", "unreadable", "read", "none", "more", "less"])
def test_download_that_goes_wrong_in_any_way_installs_nothing(
    host: Host, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does it leave anything."""
    stored_oddly(host, how)
    drive(rig(host.config), Desk())
    assert host.version() is None
    assert ODD in caplog.text
    assert host.litter() == []


def test_store_whose_preparations_and_farewells_fail_is_used_all_the_same(host: Host) -> None:
    """Bytes that are right are right."""
    stored_oddly(host, "")
    drive(rig(host.config), Desk())
    assert host.version() == "1"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("make", f"{ODD} could not be made: ZeroDivisionError"),
        ("refuse", 'repo "odd": this is not for me; leave it'),
    ],
)
def test_store_that_cannot_be_made_is_a_matter_of_the_configuration(
    host: Host, how: str, message: str
) -> None:
    """It is told when the agent starts."""
    stored_oddly(host, "")
    host.config.write_text(
        host.config.read_text().replace('"odd" {}', f'"odd" {{ how = "{how}" }}')
    )
    with pytest.raises(ConfigError, match=message):
        rig(host.config)


@pytest.mark.parametrize(
    ("body", "outcome", "error"),
    [
        (
            'before "odd" { onFailure = "abort" }',
            "failed",
            "before hook 1 (odd): the hook odd could",
        ),
        ('before "odd" { how = "refuse" onFailure = "abort" }', "failed", "hook 1 (odd): no"),
        ('after "odd" {}', "failed", "after hook 1 (odd): the hook odd could not be run: ZeroDiv"),
        ('health "odd" { within = "100ms" }', "failed", "the health check odd did not hold"),
        ('health "odd" { how = "begin" }', "failed", "the health check odd could not begin"),
    ],
)
def test_hook_or_check_that_raises_anything_has_failed(
    host: Host, body: str, outcome: str, error: str
) -> None:
    """As if it had said so."""
    host.configure(host.service(body))
    drive(rig(host.config), Desk())
    (last,) = host.history()
    assert last["outcome"] == outcome
    assert error in last["error"]


def test_hook_that_cannot_say_what_it_would_do_is_told(host: Host) -> None:
    """By whoever asks."""
    host.configure(host.service('after "odd" {}'))
    (built,) = rig(host.config).hooks["after"]
    event = Event(service="app", hostname="web-07", update_id="u1", phase="after")
    with pytest.raises(HookError, match="the hook odd could not say what it would do: ZeroDiv"):
        built.hook.describe(event)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("acquire", "the lock odd could not give a turn: ZeroDivisionError"),
        ("turn", "the lock odd gave str for a turn"),
        ("check", "the lock odd could not make sure of the turn: ZeroDivisionError"),
        ("away", "what failed on other hosts is not known: no engine"),
    ],
)
def test_turn_that_is_not_certain_is_none(
    host: Host, how: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is touched without one."""
    host.configure(host.service("sequentialUpdates = true"), main=f'lock "odd" {{ how = "{how}" }}')
    drive(rig(host.config), Desk())
    assert host.version() is None
    assert message in caplog.text


@pytest.mark.parametrize("how", ["release", "failed", "mark", ""])
def test_lock_that_is_faulty_elsewhere_keeps_no_update_back(host: Host, how: str) -> None:
    """It has given the turn."""
    host.configure(host.service("sequentialUpdates = true"), main=f'lock "odd" {{ how = "{how}" }}')
    drive(rig(host.config), Desk())
    assert host.version() == "1"


def test_update_that_fails_is_taken_back_though_the_fleet_cannot_be_told(host: Host) -> None:
    """What the lock cannot note stays in quarantine here."""
    host.configure(host.service(), main='lock "odd" {}')
    drive(rig(host.config), Desk())
    host.configure(
        host.service('sequentialUpdates = true after "script" { command = "exit 1" }'),
        main='lock "odd" {}',
    )
    host.publish({"version": "2"})
    drive(rig(host.config), Desk())
    assert host.version() == "1"
    assert len(host.saved()["quarantine"]) == 1
