"""What was probably meant."""

from __future__ import annotations

import pytest

from dropship.config import hints
from tests.config.conftest import Reader


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("10 s", "10s"),
        (" 10s ", "10s"),
        ("10S", "10s"),
        ("5 minutes", "5m"),
        ("5min", "5m"),
        ("1 hour 30 min", "1h30m"),
        ("1d", "24h"),
        ("1.5d", "36h"),
        ("2 weeks", "336h"),
        ("1.5 hours", "1.5h"),
        ("500 millis", "500ms"),
    ],
)
def test_duration_as_people_write_it_is_told_as_go_does(text: str, written: str) -> None:
    """Other units, spaces, days."""
    assert hints.duration(text) == f'write "{written}"'


@pytest.mark.parametrize("text", ["", "x", "10 parsecs", "1..5d", "s10", "1..5s", "10,5s"])
def test_duration_that_could_be_anything_gets_no_hint(text: str) -> None:
    """A guess in the dark costs more than it gives."""
    assert hints.duration(text) is None


def test_number_without_a_unit_is_told_that_it_needs_one() -> None:
    """Seconds are what most mean."""
    assert hints.duration("10") == 'a number needs its unit: "10s" for seconds'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10MB/s", 'write "10MB"'),
        ("1,5 GB", 'write "1.5GB"'),
        ("10 MBps", 'write "10MB"'),
        ("10MB", None),
        ("much", None),
    ],
)
def test_size_is_told_without_its_trimmings(text: str, hint: str | None) -> None:
    """A rate is a size here, and decimals take a point."""
    assert hints.size(text) == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [("yes", "write true"), ("Off", "write false"), (" true", "write true"), ("maybe", None)],
)
def test_truth_in_other_words_is_told(text: str, hint: str | None) -> None:
    """YAML knows yes and on, HCL does not."""
    assert hints.truth(text) == hint


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a" * 32, "write md5"),
        ("A" * 64, "write sha256"),
        ("0" * 40, "a sha1"),
        ("0" * 128, "sha512"),
    ],
)
def test_other_digest_is_known_by_its_length(text: str, word: str) -> None:
    """The wrong key, or the wrong sum."""
    assert word in (hints.digest(text) or "")
    assert hints.digest(text[1:]) is None
    assert hints.digest("x" + text[1:]) is None


def test_hints_stand_below_what_they_are_about(read: Reader) -> None:
    """Every kind once."""
    result = read(
        """
        watchdog    = "1 minute"
        minFree     = "5 GB/s"
        maxStagings = 99999999999999999999
        worker { memory = 0 nofile = "1e3" }
        repo "s3" { pathStyle = "yes" maxRate = 99999999999999999999 stallTimeout = 0 }
        lock "consul" { ttl = "9s" }
        lock "other" { type = "consul" ttl = "48h" }
        """
    )
    assert [f"{one.message} [{one.suggestion}]" for one in result.loaded.errors] == [
        'watchdog: "1 minute" is not a duration such as "10s", "1h30m" or "250ms" [write "1m"]',
        'minFree: "5 GB/s" is neither a size such as "1GB" nor a percentage such as "5%" [write "5GB"]',
        "maxStagings: 99999999999999999999 is too large, the most is 9223372036854775807 [None]",
        "memory: must be more than 0 [None]",
        'nofile: "1e3" is not a whole number [None]',
        'pathStyle: "yes" is neither true nor false [write true]',
        'maxRate: "99999999999999999999" is more than any disk holds [None]',
        'stallTimeout: "0" must be more than 0 [None]',
        'ttl: "9s" is too short, the least is 10s [None]',
        "ttl: 48h is too long, the most is 24h [None]",
    ]


@pytest.mark.parametrize(
    ("said", "hint"),
    [("tgz", 'write "tar.gz"'), ("targz", 'did you mean "tar.gz"?'), ("rar", None)],
)
def test_format_is_told_by_its_suffix_or_its_looks(
    read: Reader, said: str, hint: str | None
) -> None:
    """What looks alike only a little is not meant."""
    assert read.service(artifact=f'format = "{said}"').suggestions == [hint]
