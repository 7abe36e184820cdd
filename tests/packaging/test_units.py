"""The unit of the package and its drop-ins: what they keep out, and what they let through."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.host import eventually
from tests.packaging.packages import Host

pytestmark = [pytest.mark.packages, pytest.mark.root]

EXAMPLES = "/usr/share/doc/dropship/examples"
_DROP_INS = "/etc/systemd/system/dropship.service.d"

# What is deployed, started by systemd: says which version it is of.
_APP = """
[Service]
ExecStart=/bin/sh -c 'cat /srv/app/version > /run/app; exec sleep infinity'
"""
_RESTARTS = 'after "systemd" { unit = "app" }'


def drop_in(host: Host, name: str) -> None:
    """Do what its first lines say."""
    # A minimal root leaves documentation out of what it unpacks.
    package = f"/root/{host.packages.deb[0].name}"
    host.done("sh", "-c", f"dpkg-deb --fsys-tarfile {package} | tar -xC / .{EXAMPLES}/{name}.conf")
    lines = host.path(f"{EXAMPLES}/{name}.conf").read_text().splitlines()
    steps = [line.lstrip("# ") for line in lines if re.match(r"#  +\w", line)]
    assert len(steps) >= 2
    host.done("sh", "-ec", "\n".join(steps))


def settle(host: Host) -> None:
    """Forget the drop-ins, and the service that was deployed."""
    host.run("rm", "-rf", _DROP_INS, "/run/app", "/etc/systemd/system/app.service")
    host.run("systemctl", "stop", "app")


def exposure(host: Host) -> float:
    """As systemd rates the unit as it is."""
    said = host.run("systemd-analyze", "security", "--no-pager", "dropship.service")
    (found,) = re.findall(r"Overall exposure level for dropship.service: ([\d.]+)", said)
    return float(found)


def layers(host: Host) -> str:
    """How unpackers of the agent are locked up."""
    return re.findall(r"the unpacker is locked up by .*", host.journal())[-1]


@pytest.mark.parametrize(("name", "most"), [(None, 7.0), ("strict", 5.0)])
def test_unit_restarts_what_it_has_deployed(host: Host, name: str | None, most: float) -> None:
    """Also behind the strict drop-in, and its unpackers are locked up as anywhere else."""
    settle(host)
    host.install()
    free = layers(host)
    if name:
        drop_in(host, name)
    assert exposure(host) <= most
    assert layers(host) == free
    host.path("etc/systemd/system/app.service").write_text(_APP)
    host.done("systemctl", "daemon-reload")
    host.path("etc/dropship.d/services/app.hcl").write_text(host.service(_RESTARTS))
    host.publish("1")
    host.done("systemctl", "reload", "dropship")
    for version in ("1", "2"):
        host.publish(version)
        host.until_version(version)
        eventually(
            lambda version=version: host.run("cat", "/run/app") == version,  # type: ignore[misc]  # bound at once
            host.journal,
        )
    host.done("systemctl", "restart", "dropship")
    assert [one["outcome"] for one in host.history()] == ["updated", "updated"]
    settle(host)


def test_unit_lets_hooks_do_what_deployments_do(host: Host) -> None:
    """Mounts that others see, set-id files, other users, files of any owner, other devices."""
    settle(host)
    host.install()
    host.path("root/marks/hook").write_text(_HOOK)
    hook = 'before "script" { command = "sh -e /root/marks/hook" }'
    host.path("etc/dropship.d/services/app.hcl").write_text(host.service(hook))
    host.publish("1")
    host.done("systemctl", "reload", "dropship")
    host.until_version("1")
    assert host.run("cat", "/mnt/seen") == "mounted\n"
    host.done("umount", "/mnt")


_HOOK = """
mount -t tmpfs tmpfs /mnt
echo mounted > /mnt/seen
cp /bin/true /mnt/set-id
chmod 6755 /mnt/set-id
chown www-data /mnt/seen
su -s /bin/sh www-data -c 'test -O /mnt/seen'
mknod /mnt/null c 1 3
python3 -c 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)'
unshare --mount true
kill -0 1
nice -n -5 true
"""


def test_agent_that_is_not_root_deploys_into_its_own_folder(host: Host) -> None:
    """With what it may not do kept from it."""
    settle(host)
    host.install()
    drop_in(host, "non-root")
    assert exposure(host) <= 3.0
    service = host.service().replace('"/srv/app"', '"/srv/dropship/app"')
    host.path("etc/dropship.d/services/app.hcl").write_text(service)
    host.done("chgrp", "dropship", "/etc/dropship.d/services/app.hcl")
    host.publish("1")
    host.done("systemctl", "reload", "dropship")
    eventually(lambda: host.version("dropship/app") == "1", host.journal)
    assert host.done("stat", "-c", "%U", "/srv/dropship/app/version") == "dropship\n"
    assert host.done("ps", "-o", "user=", "-p", str(host.pid)).strip() == "dropship"
    (service_now,) = json.loads(host.done("dropship", "status", "--format", "json"))["services"]
    assert service_now["state"] == "idle"
    settle(host)
    host.done("systemctl", "daemon-reload")


def test_unit_and_drop_ins_are_understood_without_a_warning(host: Host) -> None:
    """By this systemd."""
    settle(host)
    host.install()
    for name in ("strict", "non-root"):
        drop_in(host, name)
        found = host.machine.run("systemd-analyze", "verify", "--man=no", "dropship.service")
        assert (found.returncode, found.stderr) == (0, "")
        settle(host)
    host.done("systemctl", "daemon-reload")
