"""``python -m tests.fuzz --inputs N --seed S``: random archives; 1 if one did what none may.

``--only N`` runs the input of that number alone, ``--keep FILE`` writes it down.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.run import made, run


def main(argv: list[str]) -> int:
    """Run, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args(argv)
    first, inputs = (args.only, 1) if args.only is not None else (0, args.inputs)
    if args.keep and args.only is not None:
        args.keep.write_bytes(made(args.only, args.seed)[1])
    seen = run(inputs, args.seed, first)
    for reason, count in seen.reasons.most_common():
        print(f"{count:8} {reason or 'accepted'}")
    print(
        f"{seen.inputs} inputs in {seen.seconds:.1f} s, the slowest {seen.slowest:.2f} s; "
        f"{seen.accepted} accepted, {len(seen.faults)} faults"
    )
    for number, fault in seen.faults.items():
        print(f"python -m tests.fuzz --seed {args.seed} --only {number}  # {fault}")
    return 1 if seen.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
