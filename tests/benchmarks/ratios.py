"""The figures of ``install``: who took how long, and how that compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import corpus, disk, install
from tests.benchmarks.contest import Results, Run, contest, measure, median
from tests.servers import nginx


def measured(
    shapes: Sequence[corpus.Shape], rounds: int, kept: Path, folder: Path, image: Path | None
) -> list[dict[str, Any]]:
    """Everybody in turn, shape by shape; archives are kept in ``kept``."""
    found = []
    for shape in shapes:
        name, file = shape.name, corpus.archive(shape, kept)
        served = folder / f"nginx-{name}"
        served.mkdir()
        with nginx.running(served) as server:
            (server.www / "app.tar.gz").symlink_to(file)
            runners = install.contestants(f"{server.url}/app.tar.gz", file)
            results = contest(runners, rounds, folder, image)
            with disk.fresh(folder, image=image) as place:
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


def lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table."""
    told = []
    for shape in found:
        told += ["", f"{shape['shape']} ({shape['archive']}), medians"]
        told += [
            f"  {name:34} {one['wall']:8.3f} s wall {one['cpu']:8.3f} s cpu"
            for name, one in shape["medians"].items()
        ]
        told += [f"  {name}: left out, {why}" for name, why in shape["left out"].items()]
        told.append(f"  dropship's memory: {shape['dropship memory'] / (1 << 20):.1f} MiB")
        told += [
            f"  {one['figure']} / {one['rival']}: {one['ratio']:.3f} "
            f"(at most {one['target']}) {'ok' if one['met'] else 'MISSED'}"
            for one in shape["ratios"]
        ]
    return told
