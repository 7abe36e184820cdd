"""The benchmarks run, and give figures; which, is no test's to say."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import corpus, downtime


def test_downtime_is_timed_by_the_hooks_themselves(tmp_path: Path) -> None:
    """A real agent switches to a new release while another process writes."""
    archive = corpus.archive(corpus.BIG.scaled(0.002), tmp_path)
    place = tmp_path / "place"
    place.mkdir()
    gap = downtime.switched(archive, place, busy=True)
    assert 0 < gap.hooks < 60
    assert 0 <= gap.agent < 60
    row = downtime.row("big", "busy", [gap])
    assert row["met"] == (gap.hooks <= downtime.TARGETS["busy"])
    (line,) = downtime.lines([row])
    assert f"{1000 * row['median']:.1f} ms" in line
