"""The .rpm on a booted root with a stub of the distribution's packages."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.host import eventually
from tests.packaging.packages import Host, Packages, running
from tests.packaging.test_debian import WAITS
from tests.servers.systemd import Systemd

pytestmark = [pytest.mark.packages, pytest.mark.root]

_STUB = """
name: {name}
arch: all
platform: linux
version_schema: none
version: "{version}"
release: 1
maintainer: nobody <nobody@example.org>
description: stands in for what a distribution has
"""
_STUBS = {"python3": "3.11.2", "ca-certificates": "2026", "systemd": "252"}


@pytest.fixture(scope="module")
def machine(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    """A root with a database of rpm's, in which a distribution's packages are."""
    folder = tmp_path_factory.mktemp("rpm")
    with running(folder, "bookworm", packages) as machine:
        for name, version in _STUBS.items():
            _stub(folder, name, version, machine.root / "root")
        machine.run("rpm", "--initdb")
        yield machine


def _stub(folder: Path, name: str, version: str, into: Path) -> None:
    (folder / "stub.yaml").write_text(_STUB.format(name=name, version=version))
    subprocess.run(
        ["nfpm", "package", "--config", "stub.yaml", "--packager", "rpm", "--target", f"{name}.rpm"],
        cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    shutil.copy(folder / f"{name}.rpm", into)


class RpmHost(Host):
    """A host of rpm's."""

    def __init__(self, machine: Systemd, packages: Packages) -> None:
        machine.run("rpm", "--force-debian", "-e", "dropship")
        shutil.rmtree(machine.root / "var/lib/dropship", ignore_errors=True)
        shutil.rmtree(machine.root / "etc/dropship.d", ignore_errors=True)
        super().__init__(machine, packages)

    def rpm(self, *words: str) -> list[str]:
        """The words of a command."""
        return ["rpm", "--force-debian", *words]

    def install(self, number: int = 0, *options: str) -> str:
        """Or upgrade; gives what is said."""
        words = self.rpm("-U", *options, f"/root/{self.packages.rpm[number].name}")
        return self.done("sh", "-c", f"exec {shlex.join(words)} 2>&1")

    def replacing(self, number: int, *options: str) -> subprocess.Popen[bytes]:
        """One that is waited for elsewhere."""
        package = f"/root/{self.packages.rpm[number].name}"
        return self.machine.start(*self.rpm("-U", *options, package))

    def installed(self) -> str:
        """The number of the package."""
        return self.done(*self.rpm("-q", "--qf", "%{RELEASE}", "dropship"))


@pytest.fixture
def host(machine: Systemd, packages: Packages) -> RpmHost:
    """A host without the package, with all that it needs."""
    made = RpmHost(machine, packages)
    made.done(*made.rpm("-U", "--replacepkgs", *(f"/root/{name}.rpm" for name in _STUBS)))
    return made


def deploying(host: RpmHost, body: str = "") -> None:
    """Have a service over a folder, at version 1."""
    host.install()
    host.path("etc/dropship.d/services/app.hcl").write_text(host.service(body))
    host.mark("go").touch()
    host.publish("1")
    assert host.systemctl("reload", "dropship") == 0, host.journal()
    host.until_version("1")


def test_package_asks_for_a_python_that_is_new_enough(host: RpmHost) -> None:
    """That of EL 9 alone is not; one beside it is."""
    host.done(*host.rpm("-e", "python3"))
    refused = host.machine.run(*host.rpm("-U", f"/root/{host.packages.rpm[0].name}"))
    assert refused.returncode != 0
    assert "python3 >= 3.10" in refused.stderr


def test_program_finds_the_newer_python_beside_an_old_one(host: RpmHost) -> None:
    """As on EL 9, whose own is 3.9."""
    host.install()
    as_old = (
        "import runpy, sys; sys.version_info = (3, 9, 21); sys.argv = ['dropship', 'version']; "
        "runpy.run_path('/usr/bin/dropship', run_name='__main__')"
    )
    assert host.done("python3", "-c", as_old) == host.done("dropship", "version")


def test_installed_package_deploys(host: RpmHost) -> None:
    """Enabled, running, its files readable for its group."""
    deploying(host)
    assert host.done("systemctl", "is-enabled", "dropship") == "enabled\n"
    assert (
        host.done("stat", "-c", "%a %U:%G", "/etc/dropship.d/dropship.hcl") == "640 root:dropship\n"
    )
    assert host.done(*host.rpm("-V", "--nogroup", "dropship")) == ""


@pytest.mark.parametrize("how", ["upgrade", "downgrade"])
def test_package_replaced_during_an_update_lets_it_finish_first(host: RpmHost, how: str) -> None:
    """Its hooks run once, and only then do the files change."""
    after = 1 if how == "upgrade" else 0
    deploying(host, WAITS)
    if how == "downgrade":
        host.install(1)
    host.mark("go").unlink()
    host.mark("here").unlink()
    host.mark("hooks").unlink()
    host.publish("2")
    eventually(host.mark("here").exists, host.journal)
    inode = host.path("usr/bin/dropship").stat().st_ino
    replacing = host.replacing(after, *(["--oldpackage"] if how == "downgrade" else []))
    eventually(lambda: host.show("ActiveState") == "deactivating", host.journal)
    assert host.path("usr/bin/dropship").stat().st_ino == inode
    host.mark("go").touch()
    assert replacing.wait(300) == 0
    assert host.installed() == str(after + 1)
    assert host.version() == "2"
    assert host.mark("hooks").read_text().split() == ["before", "after"]
    host.publish("3")
    host.until_version("3")
    assert host.show("ActiveState") == "active"


def test_package_beside_services_of_others_does_not_touch_them_yet(host: RpmHost) -> None:
    """Whose they are is for the administrator to say."""
    host.path("etc/dropship.d/services").mkdir(parents=True)
    host.path("etc/dropship.d/services/app.hcl").write_text(host.service())
    host.publish("1")
    assert "systemctl enable --now dropship" in host.install()
    assert host.show("ActiveState") == "inactive"
    assert host.run("systemctl", "is-enabled", "dropship") == "disabled\n"
    host.done("systemctl", "enable", "--now", "dropship")
    host.until_version("1")
    host.install(1)
    assert host.show("ActiveState") == "active"


def test_stopped_agent_stays_stopped_when_it_is_upgraded(host: RpmHost) -> None:
    """An operator had a reason."""
    deploying(host)
    assert host.systemctl("stop", "dropship") == 0
    host.install(1)
    assert host.show("ActiveState") == "inactive"
    assert host.done("systemctl", "is-enabled", "dropship") == "enabled\n"


def test_erased_package_keeps_configuration_and_state(host: RpmHost) -> None:
    """Installed again, it goes on where it was."""
    deploying(host)
    main = host.path("etc/dropship.d/dropship.hcl")
    main.write_text('minFree = "3%"\n' + main.read_text())
    host.done(*host.rpm("-e", "dropship"))
    assert not host.path("usr/bin/dropship").exists()
    assert not host.path("usr/lib/dropship").exists()
    assert not host.path("usr/share/doc/dropship").exists()
    assert host.run("pgrep", "-f", "dropship: worker") == ""
    assert main.with_suffix(".hcl.rpmsave").read_text().startswith("minFree")
    assert host.path("etc/dropship.d/services/app.hcl").exists()
    assert host.version() == "1"
    host.install()
    host.publish("2")
    host.until_version("2")
    assert len(host.history()) == 2
