"""``python -m tests.fuzz [archives|language] --inputs N --seed S``; 1 if one was dealt with badly.

``archives`` (which need not be said): random archives. ``language``: spoiled configurations.
``--seconds N`` ends it earlier; ``--only N`` runs the input of that number alone, ``--keep FILE``
writes it down.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.fuzz import language
from tests.fuzz import run as archives
from tests.fuzz.run import Outcome

_RUN: Mapping[str, Callable[[int, int, int, float], Outcome]] = {
    "archives": archives.run,
    "language": language.run,
}


def main(argv: list[str]) -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("what", nargs="?", choices=_RUN, default="archives")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args(argv)
    first, inputs = (args.only, 1) if args.only is not None else (0, args.inputs)
    if args.keep and args.only is not None:
        args.keep.write_bytes(_made(args.what, args.only, args.seed))
    seen = _RUN[args.what](inputs, args.seed, first, args.seconds)
    for reason, count in seen.reasons.most_common():
        print(f"{count:8} {reason or 'accepted'}")
    print(
        f"{seen.inputs} inputs in {seen.seconds:.1f} s, the slowest {seen.slowest:.2f} s; "
        f"{seen.accepted} accepted, {len(seen.faults)} faults"
    )
    for number, fault in seen.faults.items():
        print(f"python -m tests.fuzz {args.what} --seed {args.seed} --only {number}  # {fault}")
    return 1 if seen.faults else 0


def _made(what: str, number: int, seed: int) -> bytes:
    if what == "archives":
        return archives.made(number, seed)[1]
    return language.made(number, seed).encode("utf-8", "surrogatepass")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
