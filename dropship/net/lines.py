"""What a server wrote, as it can be shown."""

from __future__ import annotations


def in_a_line(text: str, most: int) -> str:
    """``text`` without line ends, and no longer than ``most`` characters and an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most] + "…"
