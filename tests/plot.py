"""Lines over time as a picture (SVG): one panel below the other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 760
_PANEL: Final = 120
_LEFT, _RIGHT, _TOP, _GAP = 70, 20, 40, 46


@dataclass(frozen=True)
class Panel:
    """One line. ``points``: seconds, and the figure."""

    title: str
    unit: str
    points: Sequence[tuple[float, float]]


def svg(title: str, panels: Sequence[Panel]) -> str:
    """The picture."""
    height = _TOP + len(panels) * (_PANEL + _GAP)
    box = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
    parts = [
        f'<svg {box} font-family="sans-serif" font-size="12" fill="#333">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        parts += _drawn(panel, _TOP + number * (_PANEL + _GAP) + 18)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _drawn(panel: Panel, top: int) -> list[str]:
    width = _WIDTH - _LEFT - _RIGHT
    longest = max(at for at, _ in panel.points) or 1.0
    # From zero, so that what is flat looks flat.
    highest = max(value for _, value in panel.points) * 1.1 or 1.0
    line = " ".join(
        f"{_LEFT + at / longest * width:.1f},{top + _PANEL - value / highest * _PANEL:.1f}"
        for at, value in panel.points
    )
    bottom, last = top + _PANEL, panel.points[-1][1]
    return [
        f'<text x="{_LEFT}" y="{top - 5}">{escape(panel.title)}: {last:.4g} {panel.unit}</text>',
        f'<path d="M{_LEFT} {top}V{bottom}H{_LEFT + width}" fill="none" stroke="#999"/>',
        f'<text x="{_LEFT - 6}" y="{top + 10}" text-anchor="end">{highest:.4g}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
        f'<text x="{_LEFT + width}" y="{bottom + 14}" text-anchor="end">{longest / 60:.0f} min</text>',
        f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="1.5"/>',
    ]
