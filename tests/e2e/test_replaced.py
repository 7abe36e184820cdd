"""A package is replaced under a running agent: it needs nothing of it any more."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import dropship
from dropship.hcl import engine
from tests.e2e.host import Host, eventually

pytestmark = pytest.mark.wheel

_LIBRARIES = {
    str(Path(path).resolve())
    for path in (
        Path(dropship.__file__).parent,
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    )
}
_HOOKS = """
  before "script" {{ command = "true" }}
  before "script" {{ command = "touch {marks}/stopped" }}
  after  "script" {{ command = "touch {marks}/started" }}
  after  "script" {{ command = "! grep -q bad {destination}/version" }}
"""


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_switch_opens_no_file_of_the_program(host: Host, tmp_path: Path) -> None:
    """From the end of the last ``before`` hook to the first ``after`` hook: a journal, a rename."""
    marks = tmp_path / "hooked"
    marks.mkdir()
    host.configure(host.service(_HOOKS.format(marks=marks, destination=host.destination())))
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    trace = tmp_path / "trace"
    tracer = subprocess.Popen(
        [
            "strace",
            "-f",
            "-qq",
            "-s",
            "4096",
            "-e",
            "trace=%file",
            "-o",
            trace,
            "-p",
            str(host.pid()),
        ]
    )
    try:
        status = Path(f"/proc/{host.pid()}/status")
        eventually(lambda: f"TracerPid:\t{tracer.pid}" in status.read_text(), "be traced")
        host.publish({"version": "2"})
        host.until_version("2")
        calls = _between(trace, str(host.pid()), f"{marks}/stopped", f"{marks}/started")
    finally:
        tracer.terminate()
        tracer.wait()
    assert calls, "something was done"
    program = [one for one in calls if any(f'"{path}/' in one for path in _LIBRARIES)]
    assert program == []
    changed = [
        one
        for one in calls
        if re.search(r"O_WRONLY|O_RDWR|^\d+ +(rename|symlink|link|mkdir|unlink)", one)
    ]
    # A pipe that is opened by its name in /proc is on no disk.
    changed = [one for one in changed if '"/proc/' not in one]
    # The switch itself, and the step that is written down.
    assert len([one for one in changed if "rename" in one and f"{host.destination()}" in one]) == 1
    others = [one for one in changed if str(host.destination().parent) not in one]
    assert all(f"{host.folder}/state/services/app/" in one for one in others), others


def _between(trace: Path, worker: str, first: str, last: str) -> list[str]:
    """The worker's calls between the last hook's doing before and the first one's after."""
    lines = trace.read_text().splitlines()
    begin = next(n for n, line in enumerate(lines) if first in line and "O_CREAT" in line)
    end = next(n for n, line in enumerate(lines) if last in line and "O_CREAT" in line)
    return [line for line in lines[begin:end] if line.split()[0] == worker]


def test_agent_whose_package_is_gone_goes_on(host: Host, tmp_path: Path) -> None:
    """Updates, going back, a reload, the death of a worker and the end need no file of it."""
    package = tmp_path / "site" / "dropship"
    shutil.copytree(Path(dropship.__file__).parent, package)
    (package / "hcl" / "grammar").mkdir(exist_ok=True)  # as a wheel has it
    shutil.copy(engine.grammar_path(), package / "hcl" / "grammar")
    marks = tmp_path / "hooked"
    marks.mkdir()
    body = _HOOKS.format(marks=marks, destination=host.destination())
    host.configure(host.service(body))
    host.publish({"version": "1"})
    host.start(PYTHONPATH=str(package.parent))
    host.until_version("1")
    package.rename(tmp_path / "away")
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('of a later release')\n")
    host.publish({"version": "2"})
    host.until_version("2")
    host.publish({"version": "bad"})
    host.until_said("quarantined")
    host.configure(
        host.service(body), host.service(name="web"), host.service("nonsense {", name="x")
    )
    host.agent.send_signal(signal.SIGHUP)
    host.until_said("the old configuration stays")
    host.configure(host.service(body), host.service(name="web"))
    host.agent.send_signal(signal.SIGHUP)
    host.publish({"version": "1"}, "web")
    host.until_version("1", "web")
    worker = host.pid()
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: host.worker().get("pid") not in (None, worker), "start it again")
    host.publish({"version": "3"})
    host.until_version("3")
    assert host.stop() == 0
    assert "of a later release" not in host.said()
    assert "Traceback" not in host.said()
    ran = subprocess.run(
        [sys.executable, "-c", "import dropship"],
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode, "what stands there now is of no use"
