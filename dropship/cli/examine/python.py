"""Python, and the modules that the agent works with."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from dropship.cli.examine.finding import Finding, failed, ok, warning
from dropship.config.model import Config
from dropship.hcl.ast import Source
from dropship.hcl.parser import parse

_CHECK: Final = "python"
_OLDEST: Final = (3, 10)
_REQUIRED: Final = ("boto3", "psutil", "requests", "rich", "shtab", "urllib3")


class Optional(NamedTuple):
    """A module that can be missing.

    Attributes:
        package: How it is installed.
        without: What is lost without it.
        used_by: The type of repo or lock that needs it; empty: everybody would profit.
        needed: It does not work at all without.
    """

    module: str
    package: str
    without: str
    used_by: str = ""
    needed: bool = False


def optional() -> tuple[Optional, ...]:
    """Those that can be missing here."""
    new = sys.version_info >= (3, 14)
    return (
        Optional("isal.isal_zlib", "isal", "gzip is unpacked at half the speed"),
        Optional(
            "compression.zstd" if new else "backports.zstd",
            "a Python built with zstd" if new else "backports.zstd",
            "tar.zst artifacts cannot be unpacked",
        ),
        Optional("bz2", "a Python built with bzip2", "tar.bz2 artifacts cannot be unpacked"),
        Optional("lzma", "a Python built with xz", "tar.xz artifacts cannot be unpacked"),
        Optional("redis", "redis", "no lock of type redis can be used", "redis", needed=True),
        Optional(
            "awscrt.checksums",
            "awscrt",
            "what S3 promises by CRC-32C or CRC-64/NVME alone is not verified",
            "s3",
        ),
    )


def findings(config: Config | None) -> Iterator[Finding]:
    """Look at Python and the modules."""
    version = platform.python_version()
    if sys.version_info < _OLDEST:  # pragma: no cover - such a Python cannot even read this file
        yield failed(_CHECK, f"Python {version} is too old", cure="use Python 3.10 or newer")
    else:
        yield ok(_CHECK, f"Python {version}, {sys.executable}")
    used = _used(config)
    for name in _REQUIRED:
        if why := _lacks(name):
            cure = f"pip install {name}, or install the package of dropship again"
            yield failed(_CHECK, f"cannot be loaded: {why}", name, cure=cure)
    if why := _unread():
        cure = "pip install lark, or install the package of dropship again"
        yield failed(_CHECK, f"no configuration can be read: {why}", "parser", cure=cure)
    there = [name for name in _REQUIRED if not _lacks(name)]
    yield ok(_CHECK, f"required modules that are there: {', '.join(there)}")
    for one in optional():
        yield _judged(one, used)


def _judged(one: Optional, used: Collection[str]) -> Finding:
    name = one.module.partition(".")[0] if one.module != "backports.zstd" else one.module
    why = _lacks(one.module)
    if not why:
        return ok(_CHECK, "optional module, there", name)
    cure = f"install {one.package}"
    if one.used_by in used and one.needed:
        return failed(_CHECK, f"{one.without}: {why}", name, cure=cure)
    if one.used_by:
        # Where it matters for an artifact, the store's own check says so.
        return ok(_CHECK, f"optional module, not there: {one.without}", name)
    return warning(_CHECK, f"{one.without}: {why}", name, cure=cure)


def _used(config: Config | None) -> frozenset[str]:
    if config is None:
        return frozenset()
    repos = {service.artifact.repo.type for service in config.services}
    locks = {service.lock.type for service in config.services if service.lock}
    return frozenset(repos | locks)


def _unread() -> str:
    """Why the parser cannot be had; empty if it can. Built packages carry it, sources make it."""
    try:
        parse(Source("", ""))
    except ImportError as error:
        return str(error)
    return ""


def _lacks(module: str) -> str:
    """Why a module cannot be loaded; empty if it can."""
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a module that is broken may raise anything
        return str(error) or type(error).__name__
    return ""
