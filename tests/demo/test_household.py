"""Whoever was started is found and ended, orphans and the deaf included."""

from __future__ import annotations

import json
import subprocess
import sys

# In a process of its own, since being the parent of orphans is for life. Its child leaves a
# grandchild behind that does not hear SIGTERM.
_PROGRAM = """
import json, subprocess, sys, time
from dropship.demo import household

household._SECONDS = 0.5
household.gather()
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
leave = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=subprocess.PIPE, start_new_session=True); p.stdout.readline(); print(p.pid)"
orphan = int(subprocess.check_output([sys.executable, "-c", leave, deaf]))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
before = household.members()
ended = household.end(child.pid)
print(json.dumps([orphan, child.pid, before, ended.ended, ended.left, household.members()]))
"""


def test_orphan_that_does_not_listen_is_found_and_ended() -> None:
    """Nobody is left, and everybody is named."""
    said = subprocess.check_output([sys.executable, "-c", _PROGRAM], timeout=60)
    orphan, child, before, ended, left, after = json.loads(said)
    assert before == ended == sorted([orphan, child])
    assert left == after == []
