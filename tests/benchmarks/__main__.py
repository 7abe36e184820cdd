"""``python -m tests.benchmarks NAME [--json] [--rounds N] [--size S]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import corpus, disk, install
from tests.benchmarks.contest import Results, Run, contest, measure, median
from tests.servers import nginx


def main(argv: Sequence[str]) -> int:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("name", choices=sorted(_BENCHMARKS))
    parser.add_argument("--shape", choices=sorted(corpus.SHAPES), action="append")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=float, default=1.0, help="part of the archives' files")
    parser.add_argument("--folder", type=Path, help="where archives are kept between runs")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        found = _BENCHMARKS[args.name](args, Path(temporary))
        kind = disk.kind(Path(temporary))
    facts = {
        "benchmark": args.name,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "disk": kind,
        "rounds": args.rounds,
        "shapes": found,
    }
    print(json.dumps(facts, indent=2) if args.json else _text(facts))
    return 0


def _install(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    kept = args.folder or folder
    kept.mkdir(parents=True, exist_ok=True)
    found = []
    for name in args.shape or sorted(corpus.SHAPES):
        file = corpus.archive(corpus.SHAPES[name].scaled(args.size), kept)
        served = folder / f"nginx-{name}"
        served.mkdir()
        with nginx.running(served) as server:
            (server.www / "app.tar.gz").symlink_to(file)
            runners = install.contestants(f"{server.url}/app.tar.gz", file)
            results = contest(runners, args.rounds, folder)
            with disk.fresh(folder) as place:
                memory = measure(runners[0], place, memory=True).memory
        found.append({
            "shape": name,
            "archive": install.size_of(file),
            "left out": {one.name: one.missing for one in runners if one.missing},
            "medians": _medians(results),
            "dropship memory": memory,
            "ratios": _ratios(results, install.targets(name)),
        })  # fmt: skip
    return found


def _medians(results: Results) -> dict[str, dict[str, float]]:
    return {
        name: {
            "wall": round(median(runs, lambda run: run.wall), 3),
            "cpu": round(median(runs, lambda run: run.cpu), 3),
        }
        for name, runs in results.items()
    }


def _ratios(results: Results, targets: Sequence[tuple[str, str, float]]) -> list[dict[str, Any]]:
    ratios = []
    for figure, rival, target in targets:
        if rival not in results:
            continue
        ratio = _figure(results["dropship"], figure) / _figure(results[rival], figure)
        ratios.append(
            {"figure": figure, "rival": rival, "ratio": round(ratio, 3), "target": target,
             "met": ratio <= target}
        )  # fmt: skip
    return ratios


def _figure(runs: Sequence[Run], figure: str) -> float:
    return median(runs, lambda run: float(getattr(run, figure)))


def _text(facts: Mapping[str, Any]) -> str:
    lines = [f"{facts['benchmark']} on {facts['disk']}, {facts['rounds']} rounds, medians"]
    for shape in facts["shapes"]:
        lines += ["", f"{shape['shape']} ({shape['archive']})"]
        lines += [
            f"  {name:34} {one['wall']:8.3f} s wall {one['cpu']:8.3f} s cpu"
            for name, one in shape["medians"].items()
        ]
        lines += [f"  {name}: left out, {why}" for name, why in shape["left out"].items()]
        lines.append(f"  dropship's memory: {shape['dropship memory'] / (1 << 20):.1f} MiB")
        lines += [
            f"  {one['figure']} / {one['rival']}: {one['ratio']:.3f} "
            f"(at most {one['target']}) {'ok' if one['met'] else 'MISSED'}"
            for one in shape["ratios"]
        ]
    return "\n".join(lines)


_BENCHMARKS = {"install": _install}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
