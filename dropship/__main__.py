"""Where the program starts: ``version`` is answered before anything is imported."""

from __future__ import annotations

import gc
import os
import sys

from dropship import __version__


def main() -> int:
    """Run the command line; the exit code is cli.md's."""
    if None in (sys.stdout, sys.stderr):  # closed by whoever started us
        _open_missing()
    if sys.argv[1:] in (["version"], ["v"], ["--version"]):
        return _print_version()
    # While code is loaded nothing is garbage; ``cli.main`` has the collector work for the command.
    gc.disable()
    from dropship.cli.main import run  # noqa: PLC0415 - after the fast path above

    code = run(sys.argv[1:])
    # The interpreter collects once more when it ends: a tenth of a short command's time, for
    # memory that the kernel takes back anyway.
    gc.freeze()
    return code


def _print_version() -> int:
    try:
        sys.stdout.write(f"dropship {__version__}\n")
        sys.stdout.flush()
    except OSError as error:
        sys.stderr.write(f"dropship: standard output cannot be written: {error.strerror}\n")
        os._exit(1)  # or the interpreter's own last flush would fail again, in many lines
    return 0


def _open_missing() -> None:
    """Let what is written to a standard stream that is not there go nowhere."""
    null = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as we live; pathlib is slow to import
    sys.stdout = sys.stdout or null
    sys.stderr = sys.stderr or null


if __name__ == "__main__":
    sys.exit(main())
