"""What is shown of an agent's work while somebody waits for it."""

from __future__ import annotations

from dropship.agent.protocol import DONE, News
from dropship.cli.columns import width
from dropship.cli.news import rows, words
from dropship.cli.view import View
from tests.cli.given import NASTY
from tests.cli.golden_text import same

NEWS = [
    News("api", "staging", done=12_345_678, total=27_000_000),
    News("billing-reports-for-everybody", "verifying", note="health: 2 of 3, 12 s left"),
    News("web", "waiting", waiting_for=("web-07 (web)", "web-08 (web)")),
    News("mail", "crashed", note="killed by SIGKILL"),
    News("shop", DONE, note="updated, 20261123T031338Z-900150983cd2 is current"),
    News("stock", "staging", done=27_000_000, total=27_000_000),
    News("tax", "idle"),
    News("y\x1b", "after", note=NASTY),
]


def test_rows_fit_the_window() -> None:
    """With room for the ``^C`` that a terminal echoes, or they could not be taken back."""
    shown = {columns: rows(NEWS, View(columns)) for columns in (40, 60, 120)}
    assert all(width(line) <= columns - 2 for columns, lot in shown.items() for line in lot)
    same("news", {str(columns): lot for columns, lot in shown.items()})


def test_one_holder_has_the_turn_and_two_have_it() -> None:
    """In words; an idle worker has none."""
    assert words(News("a", "waiting", waiting_for=("b",))) == "waiting for the turn: b has it"
    assert words(NEWS[2]).endswith("web-07 (web), web-08 (web) have it")
    assert words(News("a", "idle")) == ""
