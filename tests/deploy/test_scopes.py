"""Over what turns are taken, and what an operator may call that."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.deploy.scopes import named, scopes
from dropship.errors import UsageError
from tests.deploy.desks import configuration
from tests.e2e.host import Host

MAIN = 'lock "fleet" { type = "file" }\nlock "each" {\n type = "file"\n perService = true\n}\n'
TURNS = 'sequentialUpdates = true\n  lock = "{}"\n'


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Two services share a lock, two have turns of their own, one takes none."""
    made = Host(tmp_path)
    made.configure(
        *(made.service(TURNS.format("fleet"), name=name) for name in ("api", "web")),
        made.service(TURNS.format("each") + "  maxParallel = 3", name="worker"),
        made.service(TURNS.format("each"), name="mail"),
        made.service(name="cron"),
        main=MAIN,
    )
    return made


def test_scope_is_a_lock_or_a_service(host: Host) -> None:
    """As the lock says; the limit is that of the service."""
    found = [
        (one.lock.name, one.name, one.services, one.limit)
        for one in scopes(configuration(host.config))
    ]
    assert found == [
        ("fleet", "fleet", ("api", "web"), 1),
        ("each", "worker", ("worker",), 3),
        ("each", "mail", ("mail",), 1),
    ]


def test_operator_names_a_lock_or_a_service_with_its_own_turns(host: Host) -> None:
    """All scopes of the one, the one scope of the other."""
    config = configuration(host.config)
    assert [one.name for one in named(config, "each")] == ["worker", "mail"]
    assert [one.name for one in named(config, "mail")] == ["mail"]
    assert [one.name for one in named(config, "fleet")] == ["fleet"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("api", "api has no turns of its own: those of the lock fleet are over all its services; name the lock: fleet"),
        ("cron", "cron takes no turns; name a lock that is in use"),
        ("fleat", 'there is no lock "fleat" in use; did you mean "fleet"?'),
        ("zzz", 'there is no lock "zzz" in use; there is fleet, each, worker, mail'),
    ],
)  # fmt: skip
def test_name_that_means_no_turns_is_told_what_does(host: Host, name: str, words: str) -> None:
    """Whoever breaks turns must not have to guess."""
    with pytest.raises(UsageError) as raised:
        named(configuration(host.config), name)
    assert str(raised.value) == words
