"""A running program is replaced, and one that this processor cannot run is taken back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.recipes.machine import SOURCE, Machine, following
from tests.recipes.recipe import missing
from tests.servers.process import missing as not_installed
from tests.servers.systemd import Systemd

pytestmark = [pytest.mark.endurance, pytest.mark.root]

URL = "http://127.0.0.1:8080/"

GREETER = r"""
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  char asked[4096];
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 8)) return 1;
  for (;;) {
    int one = accept(listener, 0, 0);
    if (read(one, asked, sizeof asked) > 0)
      write(one, ANSWER, sizeof ANSWER - 1);
    close(one);
  }
}
"""

MACHINE = 18
"""Where an ELF file names the processor it is for."""


@pytest.fixture
def machine(systemd: Systemd) -> Iterator[Machine]:
    """The host of the page."""
    if not shutil.which("cc"):
        not_installed("cc")
    with following(systemd, "binary") as machine:
        yield machine


def build(machine: Machine, version: str) -> None:
    """Build and publish a version as the page says."""
    answer = f'"HTTP/1.0 200 OK\\r\\n\\r\\nversion {version}"'
    machine.source({"greeter.c": f"#define ANSWER {answer}\n{GREETER}"})
    machine.do(machine.recipe.typed(0), SOURCE)
    publish(machine)


def publish(machine: Machine) -> None:
    """Publish what was built as the page says."""
    machine.do(machine.recipe.typed(1), SOURCE)
    machine.age("/srv/store/greeter")


def test_running_program_is_replaced_and_one_that_cannot_run_is_taken_back(
    machine: Machine,
) -> None:
    """Version 1, version 2, and version 2 again after a version 3 for another processor."""
    build(machine, "1")
    machine.set_up(machine.recipe.typed(2))
    assert machine.get(URL) == "200 version 1"

    build(machine, "2")
    assert "Text file busy" in machine.sh(f"cp {SOURCE}/greeter /opt/greeter/greeter").stderr
    machine.do("dropship update greeter")
    assert machine.get(URL) == "200 version 2"

    foreign = bytearray(machine.path(f"{SOURCE}/greeter").read_bytes())
    foreign[MACHINE] ^= 0xFF
    machine.write(f"{SOURCE}/greeter", bytes(foreign))
    publish(machine)
    done = machine.dropship("update", "greeter")
    assert done.returncode == 1
    # Of a process that dies at once journald does not always know to which unit its words belong.
    shown = [one for one in machine.recipe.shown(0) if "Failed to execute" not in one]
    assert missing(shown, done.stderr) == []
    assert machine.get(URL) == "200 version 2"
