"""Places that must be apart: of services, of the agent, of the system, of the stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from dropship.config.destinations import STANDARD, Own, as_it_is, clashes, refusal
from dropship.config.report import Report
from dropship.config.sketch import Frame, Sketch
from dropship.hcl.diagnostics import Related

# What the agent alone puts something into.
_CLOSED: Final = frozenset({"state_path", "run_path"})


class Ground(NamedTuple):
    """What is taken already: the agent's own paths, and home folders."""

    own: tuple[Own, ...]
    homes: frozenset[Path]

    @classmethod
    def of(cls, frame: Frame, homes: frozenset[Path]) -> Ground:
        """The agent's own paths as the main file has them."""
        own = (Own(name, as_it_is(path), name in _CLOSED) for name, path in frame.own.items())
        return cls(tuple(own), homes)


def apart(sketches: Sequence[Sketch], ground: Ground, report: Report) -> None:
    """Every destination and folder of releases that is in the way of something else."""
    for sketch in sketches:
        if sketch.destination is not None:
            _refused(sketch, sketch.destination, ground, report)
            _beside_the_store(sketch, sketch.destination, report)
    _destinations_apart(sketches, report)
    _releases_apart(sketches, report)
    _releases_outside(sketches, report)


def _refused(sketch: Sketch, destination: Path, ground: Ground, report: Report) -> None:
    if refused := refusal(destination, ground.own, ground.homes):
        message = f"this destination is refused: {refused.why}"
        cure = refused.cure or f"name a place of its own below it: {destination / sketch.name}"
        report.error("E233", message, sketch.at("destination"), suggestion=cure)


def _beside_the_store(sketch: Sketch, destination: Path, report: Report) -> None:
    """What a destination holds is put away when it is switched: the store must not be in it."""
    if sketch.stored is None:
        return
    span = sketch.at("destination")
    path, root = sketch.stored
    for form in as_it_is(destination):
        if any(one.is_relative_to(form) for one in as_it_is(path)):
            what = "the artifact itself" if path in as_it_is(destination) else "its own store"
            report.error(
                "E233",
                f"this destination is refused: {what} is there ({path})",
                span,
                suggestion="keep artifacts outside of what is deployed from them",
            )
            return
        # A root such as / or /srv is a way to write paths, not a folder of artifacts.
        narrow = root is not None and str(root) not in STANDARD
        if root is not None and narrow and any(form.is_relative_to(one) for one in as_it_is(root)):
            report.warning(
                "W243",
                f"this destination is inside the store it comes from ({root})",
                span,
                suggestion="keep what is deployed apart from what it is deployed from",
            )
            return


def _destinations_apart(sketches: Sequence[Sketch], report: Report) -> None:
    known = [(one, one.destination) for one in sketches if one.destination is not None]
    for clash in clashes([path for _, path in known]):
        one, two = known[clash.first][0], known[clash.second][0]
        if one.name == two.name:
            continue  # two services of one name: that is told already
        here, there = one.at("destination"), two.at("destination")
        related = (Related(f'the destination of "{one.name}" is here', here),)
        if clash.same:
            message = f'"{two.name}" has the same destination as "{one.name}"'
            cure = "give each service its own destination"
            report.error("E231", message, there, suggestion=cure, related=related)
        else:
            message = (
                f'of the destinations of "{two.name}" and "{one.name}" one is inside the other'
            )
            cure = "put them side by side"
            report.error("E232", message, there, suggestion=cure, related=related)


def _releases_apart(sketches: Sequence[Sketch], report: Report) -> None:
    known = list(_kept(sketches))
    for clash in clashes([path for _, path, _ in known]):
        (one, _, chosen), (two, _, second) = known[clash.first], known[clash.second]
        if one.name == two.name or not (chosen or second):
            continue
        here, there = (two, one) if second else (one, two)
        message = f'the releasePath of "{there.name}" is here'
        report.error(
            "E231",
            f'"{here.name}" keeps its releases where "{there.name}" keeps its own',
            here.at("releasepath"),
            suggestion="give each service its own releasePath",
            related=(Related(message, there.at("releasepath")),),
        )


def _kept(sketches: Sequence[Sketch]) -> Iterator[tuple[Sketch, Path, bool]]:
    """Where releases are kept, and whether that is written."""
    for one in sketches:
        if one.release_path is not None:
            yield one, one.release_path, True
        elif one.destination is not None:
            yield one, one.destination.parent / ".dropship" / one.name, False


def _releases_outside(sketches: Sequence[Sketch], report: Report) -> None:
    """What a destination holds is put away when it is switched: releases must not be in it."""
    destinations = [
        (one.name, place)
        for one in sketches
        if one.destination
        for place in as_it_is(one.destination)
    ]
    for sketch in sketches:
        root = sketch.release_path
        for form in as_it_is(root) if root else ():
            for name, destination in destinations:
                if form.is_relative_to(destination):
                    report.error(
                        "E232",
                        f'the releases of "{sketch.name}" would be kept inside '
                        f'the destination of "{name}"',
                        sketch.at("releasepath"),
                        suggestion="keep them beside it, or leave releasePath out",
                    )
