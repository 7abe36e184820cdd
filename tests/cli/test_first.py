"""Answers of a first configuration: what works, and that it is written as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.cli.first import hcl, judge
from dropship.hcl.ast import Source, StringValue
from dropship.hcl.parser import parse


@given(st.text() | st.text(alphabet='\\"${}%ab '))
def test_text_is_read_as_it_was_given_or_refused(text: str) -> None:
    """Never as something else."""
    try:
        quoted = hcl.quoted(text)
    except ValueError:
        return
    found = parse(Source("", f"key = {quoted}\nother = 1"))
    assert found.diagnostics == ()
    value = found.file.body.items[0].value
    assert isinstance(value, StringValue)
    assert value.text == text
    assert len(found.file.body.items) == 2


@pytest.mark.parametrize("text", ["a", 'say "hi"', "C:\\x", "web-{version}.tgz", "${HOME}/x", "é"])
def test_usual_text_can_be_written(text: str) -> None:
    """Quotes, backslashes, patterns of versions."""
    assert hcl.quoted(text)


@pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "${", "a\x00"])
def test_text_that_cannot_be_written_is_refused(text: str) -> None:
    """With a reason for who typed it."""
    with pytest.raises(ValueError, match=r"character|configuration"):
        hcl.quoted(text)


GOOD = [
    (judge.name, " web ", "web"),
    (judge.key, "/web/web.tgz", "web/web.tgz"),
    (judge.interval, "1h30m", "1h30m"),
    (judge.unit, "web", "web.service"),
    (judge.url, "https://x.example.com/a?b=c", "https://x.example.com/a?b=c"),
    (judge.urls, "http://a:2379,http://b:2379", "http://a:2379,http://b:2379"),
    (judge.place, "~/x", str(Path.home() / "x")),
    (judge.one_of("s3", "file"), "FILE", "file"),
    (judge.one_of("none", "Fleet"), "Fleet", "Fleet"),
    (judge.variable, "S3_SECRET", "S3_SECRET"),
    (judge.redis, "rediss://h/0", "rediss://h/0"),
]
BAD = [
    (judge.name, "../x"),
    (judge.name, ""),
    (judge.name, ".hidden"),
    (judge.bucket, "s3://builds"),
    (judge.key, "s3://builds/x"),
    (judge.interval, "0s"),
    (judge.interval, "-5s"),
    (judge.unit, "web@"),
    (judge.url, "https://user:pw@example.com/x"),
    (judge.url, "ftp://example.com/x"),
    (judge.destination, "/"),
    (judge.destination, "/proc"),
    (judge.place, "srv/web"),
    (judge.variable, "sk-123/abc"),
    (judge.redis, "localhost:6379"),
    (judge.secret, " "),
]


@pytest.mark.parametrize(("judged", "said", "written"), GOOD)
def test_good_answer_is_taken(judged: judge.Judge, said: str, written: str) -> None:
    """As it is to be written."""
    assert judged(said) == written


@pytest.mark.parametrize(("judged", "said"), BAD)
def test_bad_answer_is_refused_with_a_reason(judged: judge.Judge, said: str) -> None:
    """Never written."""
    with pytest.raises(ValueError, match=r"\w \w*"):
        judged(said)
