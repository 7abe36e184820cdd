"""Renews ``requirements.txt``: ``python3.10 packaging/renew.py``.

Run it with the oldest supported Python: its requirements include those of all newer ones. Needs
the modules of ``requirements-build.txt``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from vendor import MACHINES, PYTHONS, REQUIREMENTS, pip_platform

_ROOT: Final = Path(__file__).parents[1]
# The parser that it makes is in the package already.
_NOT_CARRIED: Final = frozenset({"dropship", "lark"})
# rich colours source code and shows Markdown with these, and loads them only for that.
_NOT_USED: Final = frozenset({"pygments", "markdown-it-py", "mdurl"})
# The packages trust whom the host trusts: site/certifi stands in its place.
_OTHERWISE: Final = frozenset({"certifi"})
# Compiled for a gain that nobody here would notice: one wheel for all does.
_PURE: Final = frozenset({"charset-normalizer"})
_HEAD: Final = """\
# What the packages carry beside the program; exact, so that two builds are the same.
# Renew: python3.10 packaging/renew.py
"""


def main() -> int:
    """Resolve, ask for the digests of every wheel, write."""
    pins = dict(_resolved())
    digests: dict[str, set[str]] = defaultdict(set)
    pythons: dict[str, set[str]] = defaultdict(set)
    for machine in MACHINES.values():
        for python in PYTHONS:
            for name, version in pins.items():
                for digest in _digests(name, version, python, machine):
                    digests[name].add(digest)
                    pythons[name].add(python)
    REQUIREMENTS.write_text(
        _HEAD
        + "".join(_line(name, pins[name], digests[name], pythons[name]) for name in sorted(pins)),
        encoding="utf-8",
    )
    return 0


def _line(name: str, version: str, digests: set[str], pythons: set[str]) -> str:
    last = max(pythons, key=PYTHONS.index)
    marker = "" if last == PYTHONS[-1] else f' ; python_version <= "{last}"'
    hashes = "".join(f" \\\n    --hash=sha256:{one}" for one in sorted(digests))
    return f"{name}=={version}{marker}{hashes}\n"


def _resolved() -> Iterator[tuple[str, str]]:
    report = _report([f"{_ROOT}[redis]"])
    for one in report["install"]:
        name = re.sub(r"[-_.]+", "-", one["metadata"]["name"]).lower()
        if name not in _NOT_CARRIED | _NOT_USED | _OTHERWISE:
            yield name, one["metadata"]["version"]


def _digests(name: str, version: str, python: str, machine: str) -> Iterator[str]:
    """Of the wheel that fits; none where there is none."""
    where = pip_platform(python, machine)
    if name in _PURE:
        where = ["--python-version", python, "--platform", "any", "--abi", "none",
                 "--implementation", "py", "--only-binary=:all:", "--no-deps"]  # fmt: skip
    try:
        report = _report([f"{name}=={version}", "--target", "unused", *where])
    except subprocess.CalledProcessError:
        print(f"{name} {version}: no wheel for Python {python} on {machine}", file=sys.stderr)
        return
    for one in report["install"]:
        yield one["download_info"]["archive_info"]["hashes"]["sha256"]


def _report(words: list[str]) -> Any:
    """What pip would install."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
         "--disable-pip-version-check", "--report", "-", *words],
        check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
