"""Several versions of one application: side by side, held, gone; with the real program."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dropship.agent import client
from dropship.agent.protocol import Request
from dropship.errors import DropshipError
from tests.cli import documents
from tests.e2e.host import Host, eventually, tarball


def service(host: Host, name: str, wanted: str, body: str = "", path: str = "") -> str:
    """A service over the versions of ``api``."""
    return f"""
service "{name}" {{
  checkInterval = "200ms"
  artifact "file" {{
    path        = "{host.store}/{path or "api-{version}.tar.gz"}"
    version     = "{wanted}"
    destination = "{host.folder}/srv/{name}"
    settle      = "0s"
    {body}
  }}
  after "script" {{ command = "echo {name} $DROPSHIP_VERSION >> {host.marks}" }}
}}
"""


def publish(host: Host, *versions: str) -> None:
    """Put versions of ``api`` into the store, each whole at once."""
    for version in versions:
        host.publish(tarball({"version": version}), f"api-{version}")


def versions(host: Host, name: str) -> list[dict[str, Any]]:
    """What ``versions`` says."""
    done = host.run("versions", name, "--format", "json")
    assert done.returncode == 0, done
    return list(documents.document("versions", done.stdout))


def status(host: Host, name: str) -> dict[str, Any]:
    """What ``status`` says of a service."""
    return {one["name"]: one for one in host.status()["services"]}[name]


def test_two_versions_of_one_application_stand_side_by_side(host: Host) -> None:
    """Each follows its own constraint, and is upgraded without the other."""
    host.configure(service(host, "api-1", "1.*"), service(host, "api-2", "~> 2.1"))
    publish(host, "1.9", "1.10", "2.0", "2.1.0", "3.0-rc.1")
    host.start()
    host.until_version("1.10", "api-1")
    host.until_version("2.1.0", "api-2")
    before = host.releases("api-1")
    publish(host, "2.1.1")
    host.until_version("2.1.1", "api-2")
    assert host.releases("api-1") == before
    publish(host, "1.11")
    host.until_version("1.11", "api-1")
    assert host.version("api-2") == "2.1.1"
    assert sorted(host.marked()) == [
        "api-1 1.10", "api-1 1.11", "api-2 2.1.0", "api-2 2.1.1",
    ]  # fmt: skip
    shown = {one["name"]: one["version"] for one in host.status()["services"]}
    assert shown == {"api-1": "1.11", "api-2": "2.1.1"}
    past = json.loads(host.run("history", "--format", "json").stdout)
    newest = [one["version"] for one in past if one["service"] == "api-1"]
    assert newest == ["1.11", "1.10"]
    assert "(version 2.1.1)" in host.said()
    picked = {one["version"]: (one["matches"], one["picked"]) for one in versions(host, "api-2")}
    assert picked == {
        "3.0-rc.1": (False, False), "2.1.1": (True, True), "2.1.0": (True, False), "2.0": (False, False),
        "1.11": (False, False), "1.10": (False, False), "1.9": (False, False),
    }  # fmt: skip
    assert host.stop() == 0


@pytest.mark.parametrize("attended", [True, False])
def test_pinned_version_is_held_until_it_is_let_go(host: Host, attended: bool) -> None:
    """Through the agent and without one; also where that is a step back."""
    host.configure(service(host, "api", ">= 1"))
    publish(host, "v1.0", "v1.1")
    assert host.run("update").returncode == 0
    if attended:
        host.start()
        host.pid("api")
        # Whoever may talk to the agent need not be able to write to its stores, or elsewhere.
        with pytest.raises(DropshipError, match="cannot be a version of api"):
            client.ask(host.folder / "run", Request("pin", ("api",), version="1/../../x"))

    def follow(version: str) -> None:
        if not attended:
            assert host.run("update", "api").returncode == 0
        host.until_version(version, "api")

    done = host.run("pin", "api", "1.0")
    assert (done.returncode, done.stdout) == (0, "api: pinned to v1.0\n"), done
    follow("v1.0")
    publish(host, "v1.2")
    follow("v1.0")
    shown = status(host, "api")
    assert (shown["pinned"], shown["version"]) == ("v1.0", "v1.0")
    marks = [one for one in versions(host, "api") if one["pinned"]]
    assert [(one["version"], one["installed"], one["picked"]) for one in marks] == [
        ("v1.0", True, True)
    ]
    if attended:
        said = json.loads(host.run("why", "api", "--format", "json").stdout)
        assert (said["code"], said["upToDate"]) == ("pinned", True)
    assert host.run("unpin", "api").returncode == 0
    follow("v1.2")
    assert status(host, "api")["pinned"] is None


def test_version_that_is_not_there_cannot_be_pinned(host: Host) -> None:
    """What there is is told; so is a service that has no versions."""
    host.configure(service(host, "api", ">= 1"), host.service())
    publish(host, "1.10.0", "1.11.0")
    done = host.run("pin", "api", "1.12.0")
    assert done.returncode == 1
    assert "there is no version 1.12.0 of api in its store; did you mean 1.1" in done.stderr
    for command in (("pin", "app", "1"), ("versions", "app")):
        done = host.run(*command)
        assert done.returncode == 1
        assert "app has no versions: there is no {version} in its artifact's path" in done.stderr
    assert host.run("pin", "apj", "1").returncode == 2
    done = host.run("pin", "api", "1/../../x")
    assert done.returncode == 1
    assert "'1/../../x' cannot be a version of api" in done.stderr


def test_version_gone_from_the_store_stays_installed(host: Host) -> None:
    """Nothing older takes its place; ``why`` says so; a newer one does."""
    host.configure(service(host, "api", ">= 1"))
    publish(host, "1.0", "1.1")
    host.start()
    host.until_version("1.1", "api")
    (host.store / "api-1.1.tar.gz").unlink()
    told = "1.1 is installed, and 1.0"
    eventually(lambda: told in why(host), "say that what is there is older")
    assert host.version("api") == "1.1"
    eventually(lambda: status(host, "api")["state"] == "idle", host.said)
    assert host.run("update", "api").returncode == 4
    (host.store / "api-1.0.tar.gz").unlink()
    eventually(lambda: "no version of" in why(host), "say that there is none")
    assert host.version("api") == "1.1"
    publish(host, "1.2")
    host.until_version("1.2", "api")
    assert host.stop() == 0


def table(host: Host) -> list[list[str]]:
    """The lines of ``versions``: a version, and what is said of it."""
    lines = host.run("versions", "api").stdout.splitlines()[1:]
    return [line.split(maxsplit=1) for line in lines]


def test_table_shows_what_runs_though_the_store_has_it_no_more(host: Host) -> None:
    """And calls nothing picked that would not be taken: it is older, or in quarantine."""
    host.configure(service(host, "api", ">= 1"))
    publish(host, "1.0", "1.1")
    assert host.run("update", "api").returncode == 0
    (host.store / "api-1.1.tar.gz").unlink()
    assert table(host) == [
        ["1.1", "installed, not in the store"], ["1.0", "older than what is installed"],
    ]  # fmt: skip
    assert [one["version"] for one in versions(host, "api") if one["picked"]] == []
    publish(host, "1.2")
    assert host.run("update", "api").returncode == 0
    assert host.run("rollback", "api").returncode == 0
    assert host.run("pin", "api", "1.1").returncode == 0
    assert table(host) == [
        ["1.2", "quarantined"], ["1.1", "pinned, installed, not in the store"], ["1.0"],
    ]  # fmt: skip
    assert host.run("unpin", "api").returncode == 0
    assert table(host)[0] == ["1.2", "picked, quarantined"]


def why(host: Host) -> str:
    """What ``why`` says."""
    return host.run("why", "api").stdout


def test_versions_may_stand_in_folders_of_their_own(host: Host) -> None:
    """A folder without the artifact is half published, and not there yet."""
    host.configure(service(host, "api", "2026-*", 'versionOrder = "date"', "{version}/api.tar.gz"))
    for version in ("2026-11-28", "2026-11-29"):
        (host.store / version).mkdir()
        publish(host, version)
    (host.store / "api-2026-11-28.tar.gz").rename(host.store / "2026-11-28" / "api.tar.gz")
    assert host.run("update", "api").returncode == 0
    assert host.version("api") == "2026-11-28"
    assert [one["version"] for one in versions(host, "api") if one["picked"]] == ["2026-11-28"]
    held = host.run("pin", "api", "2026-11-29")
    assert held.returncode == 1
    assert "has a place in the store, and no artifact" in held.stderr
    (host.store / "api-2026-11-29.tar.gz").rename(host.store / "2026-11-29" / "api.tar.gz")
    assert host.run("update", "api").returncode == 0
    assert host.version("api") == "2026-11-29"
    table = host.run("versions", "api").stdout.splitlines()
    assert [line.split() for line in table] == [
        ["VERSION"], ["2026-11-29", "picked,", "installed"], ["2026-11-28"],
    ]  # fmt: skip
