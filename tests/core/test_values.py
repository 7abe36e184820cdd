"""Durations, sizes, shares and secrets: parsed once, shown as their users write them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.values import Duration, Release, Secret, Share, Size, Strings


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25), ("0", 0), ("-1m", -60),
        ("+2s", 2), (".5s", 0.5), ("1m1.5s", 61.5), ("2us", 2e-6), ("2µs", 2e-6), ("3ns", 3e-9),
    ],
)  # fmt: skip
def test_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    """Go's units, fractions and signs."""
    assert Duration.parse(text).seconds == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "s", "10 s", "1d", "1h-1m", "..5s", "1e3s", "-", "99999999h"]
)
def test_what_is_no_duration_is_refused_in_words(text: str) -> None:
    """The message names the text."""
    with pytest.raises(ValueError, match="duration"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10s", "10s"), ("90s", "1m30s"), ("1h", "1h0m0s"), ("1.5s", "1.5s"), ("1500us", "1.5ms"),
        ("1500ns", "1.5µs"), ("7ns", "7ns"), ("0", "0s"), ("-90s", "-1m30s"),
    ],
)  # fmt: skip
def test_duration_is_shown_as_go_shows_it(text: str, shown: str) -> None:
    """``{{.CheckInterval}}`` reads as it did."""
    assert str(Duration.parse(text)) == shown


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_duration_shown_is_read_back(nanoseconds: int) -> None:
    """Nothing is lost between the two."""
    duration = Duration(nanoseconds)
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10MB", 10_000_000),
        ("20 GiB", 20 << 30),
        ("512", 512),
        ("1.5k", 1500),
        ("1 Ki", 1024),
        ("2tb", 2 * 10**12),
    ],
)
def test_size_knows_powers_of_ten_and_of_two(text: str, size: int) -> None:
    """MB is not MiB."""
    assert Size.parse(text).bytes == size


@pytest.mark.parametrize("text", ["", "MB", "10 parsecs", "-1", "1,5MB", "1 2"])
def test_what_is_no_size_is_refused_in_words(text: str) -> None:
    """The message names the text."""
    with pytest.raises(ValueError, match="size"):
        Size.parse(text)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (20 << 30, "20 GiB"),
        (3 << 40, "3 TiB"),
        (5 << 20, "5 MiB"),
    ],
)
def test_size_is_shown_in_the_largest_unit_that_fits(size: int, shown: str) -> None:
    """Four digits at most."""
    assert str(Size(size)) == shown


def test_share_is_a_percentage_or_a_size() -> None:
    """A floor for free space."""
    assert Share.parse("5%").of(1000) == 50
    assert Share.parse("10KB").of(1000) == 10_000
    assert (str(Share.parse("5%")), str(Share.parse("1KiB"))) == ("5%", "1 KiB")


@pytest.mark.parametrize("text", ["100%", "-1%", "x%", "%"])
def test_share_of_everything_or_of_nonsense_is_refused(text: str) -> None:
    """Nothing could ever be staged."""
    with pytest.raises(ValueError, match="percentage"):
        Share.parse(text)


def test_secret_hides_itself_wherever_it_is_shown() -> None:
    """Only ``reveal`` gives it away."""
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {secret:>10} {[secret]} {Strings({'token': 'hunter2'})!r}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"


def test_secret_is_compared_by_value_and_does_not_leave_its_process() -> None:
    """A changed secret is a changed configuration; a pickled one would be a copy on disk."""
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    with pytest.raises(TypeError):
        pickle.dumps(Secret("a"))


def test_strings_are_a_hashable_mapping() -> None:
    """``headers {}`` can stand in a frozen dataclass."""
    strings = Strings({"a": "1", "b": "2"})
    assert dict(strings) == {"a": "1", "b": "2"}
    assert len(strings) == 2
    assert hash(strings) == hash(Strings({"a": "1", "b": "2"}))
    assert strings == {"a": "1", "b": "2"}


def test_release_without_a_digest_was_adopted() -> None:
    """Nobody knows its bytes."""
    assert Release("adopted-1").adopted
    assert Release("adopted-1").md5 is None
