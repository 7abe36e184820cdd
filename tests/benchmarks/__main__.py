"""``python -m tests.benchmarks NAME [--json] [--rounds N] [--size S] [--disk memory|disk]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dropship import __version__
from tests.benchmarks import (
    configs,
    corpus,
    crowd,
    disk,
    downtime,
    idle,
    lender,
    memory,
    parse,
    ratios,
    restart,
    rollout,
    service,
    startup,
    turns,
    website,
)

_SCHEDULING = {os.SCHED_OTHER: "normal", os.SCHED_RR: "real time", os.SCHED_FIFO: "real time"}
_ON_DISK = "/var/tmp"  # where the hierarchy standard wants files that outlive a reboot


@dataclass(frozen=True)
class _Benchmark:
    """A benchmark: how it is run, how its figures are told, and what disk it wants by itself."""

    run: Callable[[argparse.Namespace, Path], list[dict[str, Any]]]
    lines: Callable[[Sequence[Mapping[str, Any]]], list[str]]
    disk: str = ""


def main(argv: Sequence[str]) -> int:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("name", choices=sorted(_BENCHMARKS))
    parser.add_argument("--shape", choices=sorted(corpus.SHAPES), action="append")
    parser.add_argument("--artifact", choices=list(memory.STREAMS), action="append")
    parser.add_argument("--credentials", choices=lender.KINDS, action="append")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--size", type=float, default=1.0, help="part of the whole: files, services"
    )
    parser.add_argument("--folder", type=Path, help="where archives are kept between runs")
    parser.add_argument("--disk", choices=("memory", "disk"), help="what file systems are made on")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    benchmark = _BENCHMARKS[args.name]
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=_ON_DISK) as temporary:
        folder = Path(temporary)
        args.image = folder / "image" if (args.disk or benchmark.disk) == "disk" else None
        facts = {
            "check": args.name,
            "what": (sys.modules[benchmark.lines.__module__].__doc__ or "").partition("\n")[0],
            "date": datetime.now(timezone.utc).date().isoformat(),
            "version": __version__,
            "python": platform.python_version(),
            "kernel": platform.release().split("-")[0],
            "processors": os.cpu_count(),
            "scheduling": _SCHEDULING.get(os.sched_getscheduler(0), "other"),
            "disk": disk.kind(args.image) if benchmark.disk else "a plain folder",
            "rounds": args.rounds,
            "size": args.size,
            "figures": benchmark.run(args, folder),
        }
    facts["load average"] = {"before": round(load, 2), "after": round(os.getloadavg()[0], 2)}
    head = f"{args.name} on {facts['disk']}, {args.rounds} rounds"
    lines = [head, *benchmark.lines(facts["figures"])]
    print(json.dumps(facts, indent=2) if args.json else "\n".join(lines))
    return 0


def _kept(args: argparse.Namespace, folder: Path) -> Path:
    kept: Path = args.folder or folder
    kept.mkdir(parents=True, exist_ok=True)
    return kept


def _shapes(args: argparse.Namespace) -> list[corpus.Shape]:
    return [corpus.SHAPES[name].scaled(args.size) for name in args.shape or sorted(corpus.SHAPES)]


def _downtime(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    kept = _kept(args, folder)
    return downtime.measured(_shapes(args), args.rounds, kept, folder, args.image)


def _install(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    kept = _kept(args, folder)
    return ratios.measured(_shapes(args), args.rounds, kept, folder, args.image)


def _parse(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return parse.measured(round(configs.SERVICES * args.size), args.rounds, folder)


def _crowd(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return crowd.measured(round(crowd.SERVICES * args.size), args.rounds, folder)


def _idle(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    kinds = args.credentials or lender.KINDS[:1]
    return idle.measured(_counts(idle.SERVICES, args), args.rounds, folder, kinds)


def _restart(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return restart.measured(_counts(restart.SERVICES, args), args.rounds, folder)


def _rollout(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return rollout.measured(max(1, round(rollout.HOSTS * args.size)), args.rounds, folder)


def _turns(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return turns.measured(args.rounds, folder)


def _service(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return service.measured(args.rounds, round(website.PAYLOAD * args.size), folder)


def _counts(counts: Sequence[int], args: argparse.Namespace) -> list[int]:
    return sorted({max(1, round(one * args.size)) for one in counts})


def _startup(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return startup.measured(args.rounds, folder)


def _memory(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    return memory.measured(args.artifact or list(memory.STREAMS), args.rounds, folder, args.image)


_BENCHMARKS = {
    "crowd": _Benchmark(_crowd, crowd.lines),
    "downtime": _Benchmark(_downtime, downtime.lines, "disk"),
    "idle": _Benchmark(_idle, idle.lines),
    "install": _Benchmark(_install, ratios.lines, "disk"),
    "memory": _Benchmark(_memory, memory.lines, "disk"),
    "parse": _Benchmark(_parse, parse.lines),
    "restart": _Benchmark(_restart, restart.lines),
    "rollout": _Benchmark(_rollout, rollout.lines),
    "service": _Benchmark(_service, service.lines),
    "startup": _Benchmark(_startup, startup.lines),
    "turns": _Benchmark(_turns, turns.lines),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
