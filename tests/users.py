"""Doing something as an ordinary user, in a child of a test that runs as root."""

from __future__ import annotations

import os
import pwd
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """What came of it, as of a command."""

    returncode: int
    stdout: str
    stderr: str


def as_nobody(
    act: Callable[[], int],
    *,
    groups: Sequence[int] = (),
    before: Callable[[], object] = lambda: None,
) -> Done:
    """Do ``act`` as the user ``nobody``, a member of ``groups`` besides.

    A fork, not a program: the interpreter may stand where only root can go. What ``act`` needs
    must have been imported, by ``before`` at the latest: that is done as root, and what it prints
    is dropped.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        pid = os.fork()
        if pid == 0:
            code = 255
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                # pytest's own capturing is left behind.
                sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
                before()
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                    stream.seek(0)
                    stream.truncate()
                nobody = pwd.getpwnam("nobody")
                os.setgroups(groups)
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
                code = act()
            except BaseException:  # noqa: BLE001 - nothing may get past this into the test run
                traceback.print_exc(file=sys.stderr)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        out.seek(0)
        err.seek(0)
        return Done(os.waitstatus_to_exitcode(status), out.read(), err.read())
