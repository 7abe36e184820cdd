"""The web service of the demo, run as its hooks run it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropship.demo import store
from dropship.demo.page import Page
from tests.servers.process import free_port


class Service:
    """One release of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.page = Page(free_port())
        program = Path(store.__file__).with_name(store.PROGRAM)
        shutil.copy(program, folder)
        (folder / store.PAGE).write_text("hello\n")

    def run(self, word: str) -> int:
        """``start`` or ``stop``."""
        pid_file = str(self.folder / "pid")
        words = [str(self.page.port), pid_file] if word == "start" else [pid_file]
        return subprocess.run(
            [sys.executable, store.PROGRAM, word, *words],
            cwd=self.folder, timeout=60, check=False, stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A release that is not started; it is stopped afterwards."""
    made = Service(tmp_path)
    yield made
    made.run("stop")


def test_started_service_answers_its_page_and_stopped_does_not(service: Service) -> None:
    """When the command is over, it is so: nothing has to be waited for."""
    for _ in range(2):
        assert service.run("start") == 0
        assert str(service.page.ask()) == "hello"
        assert service.run("stop") == 0
        assert service.page.ask().status is None


def test_release_without_a_page_answers_500(service: Service) -> None:
    """What version 3 does."""
    (service.folder / store.PAGE).unlink()
    assert service.run("start") == 0
    assert str(service.page.ask()) == "500 page.txt: No such file or directory"


def test_second_one_on_the_same_port_fails_at_once(service: Service, tmp_path: Path) -> None:
    """So that the hook fails, and not the health check later."""
    assert service.run("start") == 0
    assert service.run("start") == 1
    assert str(service.page.ask()) == "hello"


def test_stop_of_what_does_not_run_is_well(service: Service) -> None:
    """Also where the process id in the file is somebody else's by now."""
    assert service.run("stop") == 0
    (service.folder / "pid").write_text("1\n")
    assert service.run("stop") == 0
