"""The .deb on booted hosts: installed, used, replaced in the middle of an update, removed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.host import eventually, tarball
from tests.packaging.packages import Host
from tests.strangers import install_example

pytestmark = [pytest.mark.packages, pytest.mark.root]

WAITS = (
    'before "script" {\n    command = "echo before >> /root/marks/hooks; touch /root/marks/here; '
    'until test -e /root/marks/go; do sleep 0.05; done"\n  }\n'
    '  after "script" { command = "echo after >> /root/marks/hooks" }'
)


def write(host: Host, name: str, text: str) -> None:
    """A file of the host's."""
    host.path(name).write_text(text)


def deploying(host: Host, body: str = "") -> None:
    """Have a service over a folder, at version 1."""
    host.install()
    write(host, "etc/dropship.d/services/app.hcl", host.service(body))
    host.mark("go").touch()
    host.publish("1")
    assert host.systemctl("reload", "dropship") == 0, host.journal()
    host.until_version("1")


def updating(host: Host) -> None:
    """Have an update to version 2 wait in its ``before`` hook."""
    host.mark("go").unlink()
    host.mark("here").unlink(missing_ok=True)
    host.mark("hooks").unlink(missing_ok=True)
    host.publish("2")
    eventually(host.mark("here").exists, host.journal)


def test_installed_package_runs_an_agent_that_has_nothing_to_do_yet(host: Host) -> None:
    """Enabled, by its own account's rules, with what belongs to it at its place."""
    host.install()
    assert host.done("systemctl", "is-enabled", "dropship") == "enabled\n"
    assert host.done("systemctl", "is-active", "dropship") == "active\n"
    assert "valid: 0 services" in host.done("dropship", "validate")
    assert host.status()["services"] == []
    modes = host.done("stat", "-c", "%a %U:%G %n", "/etc/dropship.d", "/etc/dropship.d/services",
                      "/etc/dropship.d/dropship.hcl", "/etc/dropship.d/services/example.hcl.disabled",
                      "/run/dropship/control.sock")  # fmt: skip
    assert modes.splitlines() == [
        "750 root:dropship /etc/dropship.d",
        "750 root:dropship /etc/dropship.d/services",
        "640 root:dropship /etc/dropship.d/dropship.hcl",
        "640 root:dropship /etc/dropship.d/services/example.hcl.disabled",
        "660 root:dropship /run/dropship/control.sock",
    ]
    assert re.fullmatch(
        r"dropship:x:\d+:\d+:.*:/var/lib/dropship:.*/nologin\n",
        host.done("getent", "passwd", "dropship"),
    )
    for place in (
        "usr/share/man/man8/dropship.8.gz",
        "usr/share/man/man5/dropship.hcl.5.gz",
        "usr/share/bash-completion/completions/dropship",
        "usr/share/zsh/vendor-completions/_dropship",
        "usr/share/fish/vendor_completions.d/dropship.fish",
        "usr/share/vim/vimfiles/ftdetect/dropship.vim",
    ):
        # A minimal root leaves documentation out of what it unpacks.
        assert place in host.done("dpkg", "-L", "dropship")


def test_service_of_the_example_is_one_to_begin_with(host: Host) -> None:
    """Copied under another name it is valid without a word."""
    host.install()
    folder = "/etc/dropship.d/services"
    host.done("cp", f"{folder}/example.hcl.disabled", f"{folder}/example.hcl")
    assert host.done("dropship", "validate", "--strict") == "valid: 1 service, 0 warnings\n"


def test_edited_file_deploys_from_a_web_server(host: Host) -> None:
    """The way of every new user: install, edit, reload."""
    host.install()
    host.done("systemctl", "start", "nginx")
    artifact = host.path("var/www/html/app.tar.gz")
    artifact.write_bytes(tarball({"version": "1"}))
    write(host, "etc/dropship.d/services/web.hcl", _WEB)
    host.done("dropship", "validate", "--strict")
    host.done("systemctl", "reload", "dropship")
    host.until_version("1", "web")
    # Another length: nginx knows a version by that and the second.
    artifact.write_bytes(tarball({"version": "2", "more": "than before"}))
    host.until_version("2", "web")
    assert [one["outcome"] for one in host.history()] == ["updated", "updated"]
    host.done("systemctl", "stop", "nginx")


_WEB = """
service "web" {
  checkInterval = "200ms"
  artifact "http" {
    url         = "http://127.0.0.1/app.tar.gz"
    destination = "/srv/web"
  }
}
"""


def test_killed_supervisor_comes_back_and_so_does_a_stuck_one(host: Host) -> None:
    """By systemd, the latter by its watchdog."""
    deploying(host)
    host.limit({"WatchdogSec": "2s", "TimeoutAbortSec": "1s", "RestartSec": "100ms"})
    assert host.systemctl("restart", "dropship") == 0
    for signal, version in (("KILL", "2"), ("STOP", "3")):
        old = host.pid
        host.kill(old, signal)
        eventually(lambda old=old: host.pid not in (0, old), host.journal)  # type: ignore[misc]  # bound at once
        host.publish(version)
        host.until_version(version)
        assert not host.alive(old)


def test_reload_of_a_faulty_file_fails_and_the_agent_goes_on(host: Host) -> None:
    """What is wrong is in the journal."""
    deploying(host)
    write(host, "etc/dropship.d/services/faulty.hcl", 'service "faulty" {')
    assert host.systemctl("reload", "dropship") != 0
    eventually(lambda: "faulty.hcl:1:" in host.journal(), host.journal)
    host.publish("2")
    host.until_version("2")


@pytest.mark.parametrize("how", ["upgrade", "downgrade"])
def test_package_replaced_during_an_update_lets_it_finish_first(host: Host, how: str) -> None:
    """Its hooks run once, its tree is whole, and only then do the files change."""
    before, after = (0, 1) if how == "upgrade" else (1, 0)
    deploying(host, WAITS)
    if how == "downgrade":
        host.install(1)
    updating(host)
    names = [one.name.split("_")[1] for one in host.packages.deb]
    options = ["--allow-downgrades"] if how == "downgrade" else []
    replacing = host.replacing(after, *options)
    eventually(lambda: host.show("ActiveState") == "deactivating", host.journal)
    assert host.installed() == names[before]
    host.mark("go").touch()
    assert replacing.wait(300) == 0
    assert host.version() == "2"
    assert host.installed() == names[after]
    assert host.mark("hooks").read_text().split() == ["before", "after"]
    assert [one["outcome"] for one in host.history()] == ["updated", "updated"]
    assert host.show("ActiveState") == "active"
    host.publish("3")
    host.until_version("3")


def test_member_of_the_group_is_not_told_that_there_is_nothing(host: Host) -> None:
    """Who is not root looks at the agent's state as well, and is told where he may not."""
    deploying(host)
    host.done("systemctl", "stop", "dropship")
    host.done("useradd", "--groups", "dropship", "alice")
    try:
        said = host.machine.run("runuser", "-u", "alice", "--", "dropship", "history")
        assert said.returncode == 1, said.stdout
        assert "/var/lib/dropship/services/app" in said.stderr
        assert "Permission denied" in said.stderr
    finally:
        host.done("userdel", "alice")


def test_package_beside_services_of_others_does_not_touch_them_yet(host: Host) -> None:
    """Those of the Go tool, which may be at work; nor does a restart of the host, or an upgrade."""
    folder = host.path("etc/dropship.d/services")
    folder.mkdir(parents=True)
    write(host, "etc/dropship.d/services/app.hcl", host.service())
    host.publish("1")
    said = host.install()
    assert "systemctl enable --now dropship" in said
    for number in (0, 1):
        assert host.show("ActiveState") == "inactive"
        assert host.run("systemctl", "is-enabled", "dropship") == "disabled\n"
        assert host.version() is None
        if number == 0:
            host.install(1)
    host.done("systemctl", "enable", "--now", "dropship")
    host.until_version("1")
    host.install(0, "--allow-downgrades")
    assert host.show("ActiveState") == "active"


def test_upgrade_keeps_what_an_administrator_has_changed(host: Host) -> None:
    """Files, modes, and whether the agent runs and starts with the host."""
    deploying(host)
    main = host.path("etc/dropship.d/dropship.hcl")
    main.write_text('minFree = "3%"\n' + main.read_text())
    host.done("chown", "root:adm", "/etc/dropship.d/dropship.hcl")
    assert host.systemctl("disable", "--now", "dropship") == 0
    host.install(1)
    assert main.read_text().startswith("minFree")
    assert host.done("stat", "-c", "%a %G", "/etc/dropship.d/dropship.hcl") == "640 adm\n"
    assert host.show("ActiveState") == "inactive"
    assert host.run("systemctl", "is-enabled", "dropship") == "disabled\n"
    assert host.version() == "1"


def test_agent_that_runs_though_disabled_runs_after_an_upgrade(host: Host) -> None:
    """It was left as it was found."""
    deploying(host)
    assert host.systemctl("disable", "dropship") == 0
    old = host.pid
    host.install(1)
    assert host.show("ActiveState") == "active"
    assert host.pid != old
    assert host.run("systemctl", "is-enabled", "dropship") == "disabled\n"


def test_faulty_configuration_does_not_break_an_upgrade(host: Host) -> None:
    """The package is there, and says that its agent is not."""
    deploying(host)
    write(host, "etc/dropship.d/services/faulty.hcl", 'service "faulty" {')
    host.install(1)
    assert host.done("dpkg", "-s", "dropship").splitlines()[1] == "Status: install ok installed"
    host.path("etc/dropship.d/services/faulty.hcl").unlink()
    host.publish("2")
    host.until_version("2")


def test_removed_package_keeps_configuration_and_state(host: Host) -> None:
    """Installed again, it goes on where it was."""
    deploying(host)
    host.done("apt-get", "remove", "-qq", "-y", "dropship")
    assert not host.path("usr/bin/dropship").exists()
    assert not host.path("usr/lib/dropship").exists()
    assert host.run("pgrep", "-f", "dropship: worker") == ""
    assert host.path("etc/dropship.d/services/app.hcl").exists()
    assert host.version() == "1"
    host.install()
    assert host.state()["hash"] is not None
    host.publish("2")
    host.until_version("2")
    assert len(host.history()) == 2


def test_purged_package_leaves_nothing_but_what_it_has_deployed(host: Host) -> None:
    """No file, no account, no unit; the destinations stay."""
    before, accounts = host.files(), host.done("getent", "passwd")
    deploying(host)
    host.done("usermod", "-aG", "dropship", "www-data")
    assert host.files() > before
    host.done("apt-get", "purge", "-qq", "-y", "dropship")
    assert {one for one in host.files() - before if not one.startswith("/srv/")} == set()
    assert host.done("getent", "passwd") == accounts
    assert host.run("getent", "group", "dropship") == ""
    assert host.version() == "1"
    assert host.run("systemctl", "is-enabled", "dropship") in ("", "not-found\n")


def test_byte_code_is_made_anew_for_another_python(host: Host) -> None:
    """And none of what was made is left behind by the old one."""
    host.install()
    caches = "find /usr/lib/dropship -name '*.pyc' | wc -l"
    made = int(host.done("sh", "-c", caches))
    assert made > 300
    stale = host.path("usr/lib/dropship/site/dropship/__pycache__/errors.cpython-39.pyc")
    stale.write_bytes(b"")
    host.done(
        "sh", "-c", "dpkg-trigger --by-package=dropship /usr/bin/python3 && dpkg --triggers-only -a"
    )
    assert int(host.done("sh", "-c", caches)) == made
    assert not stale.exists()


def test_package_is_small(host: Host) -> None:
    """5 MB as a file, 35 MB on a host, byte code included."""
    host.install()
    assert host.packages.deb[0].stat().st_size <= 5_000_000
    assert int(host.done("du", "-sb", "/usr/lib/dropship").split()[0]) <= 35_000_000


def test_program_uses_what_the_package_carries(host: Host) -> None:
    """Its compiled libraries load on the distribution's Python, and it trusts whom the host trusts."""
    host.install()
    probe = (
        "import sys; sys.path[0] = '/usr/lib/dropship/site'; "
        "import isal.isal_zlib, psutil, redis, boto3, certifi, json, dropship\n"
        "from backports import zstd\n"
        "print(json.dumps([certifi.where(), "
        "*(one.__file__ for one in (isal.isal_zlib, psutil, zstd, dropship))]))"
    )
    bundle, *places = json.loads(host.done("/usr/bin/python3", "-sE", "-c", probe))
    assert bundle == "/etc/ssl/certs/ca-certificates.crt"
    assert all(Path(one).is_relative_to("/usr/lib/dropship/site") for one in places)


def test_plugin_of_others_is_found_where_administrators_put_it(host: Host) -> None:
    """As ``pip install --target`` leaves it there; the schema has its keys."""
    place = host.path("usr/local/lib/dropship/plugins")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    host.install()
    assert "shelf" not in host.done("dropship", "schema")
    install_example(place)
    assert "shelf" in host.done("dropship", "schema")
    shutil.rmtree(place.parent)


def test_demo_of_the_package_comes_out_right(host: Host) -> None:
    """Every step of it, without a network."""
    host.install()
    assert "every step came out right" in host.done("dropship", "demo").lower()
