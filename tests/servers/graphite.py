"""graphite-web, whose events' API hooks talk to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.servers.process import Process, free_port, home, missing

_SETTINGS = """\
from graphite.settings import *

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
TIME_ZONE = "UTC"
STORAGE_DIR = {folder!r}
LOG_DIR = {folder!r}
STATIC_ROOT = {folder!r}
WHISPER_DIR = {folder!r}
INDEX_FILE = {folder!r} + "/index"
STANDARD_DIRS = []
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/graphite.db"}}}}
"""


@dataclass(frozen=True)
class Graphite:
    """A running graphite-web."""

    port: int

    @property
    def host(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def events(self) -> list[dict[str, Any]]:
        """Every event it has, newest first."""
        answer = requests.get(f"{self.host}/events/get_data", timeout=10)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found


@contextmanager
def running(folder: Path) -> Iterator[Graphite]:
    """A graphite-web whose database and logs are in ``folder``."""
    programs = home() / "graphite" / "bin"
    if not (programs / "gunicorn").exists():
        missing("graphite-web")
    (folder / "graphite_test_settings.py").write_text(_SETTINGS.format(folder=str(folder)))
    environ = {
        "PYTHONPATH": str(folder),
        "DJANGO_SETTINGS_MODULE": "graphite_test_settings",
        "GRAPHITE_STORAGE_DIR": str(folder),
        "PATH": "/usr/bin:/bin",
    }
    subprocess.run(
        [programs / "django-admin", "migrate", "--run-syncdb", "--verbosity", "0"],
        env=environ,
        check=True,
        capture_output=True,
    )
    graphite = Graphite(free_port())
    process = Process(
        [
            programs / "gunicorn",
            "--bind",
            f"127.0.0.1:{graphite.port}",
            "--workers",
            "1",
            "graphite.wsgi",
        ],
        folder / "graphite.log",
        environ=environ,
        cwd=folder,
    )
    try:
        process.wait_until(lambda: _is_graphite(graphite))
        yield graphite
    finally:
        process.stop()


def _is_graphite(graphite: Graphite) -> bool:
    try:
        return graphite.events() == []
    except (requests.RequestException, ValueError):
        return False
