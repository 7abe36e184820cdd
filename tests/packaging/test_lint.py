"""What the packages' own checkers say of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.packaging.packages import BUILD, Packages
from tests.tools import needed

pytestmark = pytest.mark.packages


def test_deb_has_no_error_for_lintian(packages: Packages) -> None:
    """Errors fail it; warnings are what a private folder of modules always has."""
    done = subprocess.run(
        [needed("lintian"), "--allow-root", "--fail-on", "error", packages.deb[0]],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "E:" not in done.stdout


def test_rpm_has_no_error_for_rpmlint(packages: Packages) -> None:
    """But for those that are meant, each with its reason in rpmlint.toml."""
    done = subprocess.run(
        [needed("rpmlint"), "--config", BUILD.with_name("rpmlint.toml"), packages.rpm[0]],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"1 packages .* 0 errors", done.stdout), done.stdout


def test_packages_hold_the_same_files(packages: Packages) -> None:
    """But for what has another place on the other kind of distribution."""
    deb = _files(["dpkg-deb", "--contents", packages.deb[0]])
    rpm = _files([needed("rpm"), "-qlvp", packages.rpm[0]])
    assert deb - rpm == {
        "/usr/share/doc/dropship/changelog.Debian.gz",
        "/usr/share/zsh/vendor-completions/_dropship",
    }
    assert rpm - deb == {"/usr/share/zsh/site-functions/_dropship"}


def _files(command: list[str | Path]) -> set[str]:
    listed = subprocess.check_output(command, text=True, timeout=60).splitlines()
    return {line.split()[-1].removeprefix(".") for line in listed if line.startswith("-")}
