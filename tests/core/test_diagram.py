"""The diagram in the documentation is the table."""

from __future__ import annotations

from tests.diagram import PAGE, page


def test_documented_diagram_is_the_table() -> None:
    """A changed table changes the page: ``python -m tests.diagram`` rewrites it."""
    assert PAGE.read_text(encoding="utf-8") == page()
