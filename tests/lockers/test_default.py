"""What stands in for a lock that nobody has named: found once, then kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dropship.errors import LockError
from dropship.lockers.choosing import choose
from dropship.lockers.default import NAME, Choice, chosen
from tests.servers.consul import Consul
from tests.servers.nginx import Nginx
from tests.servers.process import free_port


def test_nothing_is_chosen_before_an_agent_has_looked(tmp_path: Path) -> None:
    """Nor where there is no state yet."""
    assert chosen(tmp_path / "state" / "locks") is None


def test_consul_that_answers_at_its_usual_address_is_chosen(tmp_path: Path, consul: Consul) -> None:
    """And stays so when it answers no more."""
    assert choose(tmp_path, {}, consul.address) == Choice("consul")
    assert chosen(tmp_path) == Choice("consul")


def test_this_host_alone_is_chosen_where_nothing_answers(tmp_path: Path) -> None:
    """And is kept, too."""
    assert choose(tmp_path / "locks", {}, f"127.0.0.1:{free_port()}") == Choice("file")
    assert chosen(tmp_path / "locks") == Choice("file")


def test_another_server_at_that_address_is_no_consul(tmp_path: Path, nginx: Nginx) -> None:
    """Whatever it answers."""
    address = nginx.url.removeprefix("http://")
    assert choose(tmp_path, {}, address) == Choice("file")
    page = nginx.www / "v1" / "status" / "leader"
    page.parent.mkdir(parents=True)
    page.write_text("<html>Our leader</html>")
    try:
        assert choose(tmp_path, {}, address) == Choice("file")
    finally:
        shutil.rmtree(nginx.www / "v1")


def test_address_in_the_environment_is_that_of_consul_whether_it_answers_or_not(
    tmp_path: Path,
) -> None:
    """It is kept, for an agent may be started in another environment; a login is not."""
    assert choose(tmp_path, {"CONSUL_HTTP_ADDR": "consul.example:8500"}) == Choice(
        "consul", "consul.example:8500"
    )
    assert chosen(tmp_path) == Choice("consul", "consul.example:8500")
    choose(tmp_path, {"CONSUL_HTTP_ADDR": "http://joe:hunter2@consul.example"})
    assert chosen(tmp_path) == Choice("consul")
    assert "hunter2" not in (tmp_path / NAME).read_text()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"type": "zookeeper"}', '{"type": "consul", "address": 1}']
)
def test_senseless_choice_is_told_and_never_guessed(tmp_path: Path, text: str) -> None:
    """Taking another lock than before is what must not happen."""
    (tmp_path / NAME).write_text(text)
    with pytest.raises(LockError, match=r"does not say where turns are taken; define a lock"):
        chosen(tmp_path)
