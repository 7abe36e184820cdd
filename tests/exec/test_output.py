"""Lines of output within their bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship import log
from dropship.exec.output import LINE, RUN, Lines


def said_of(*pieces: bytes) -> list[str]:
    """What is said of bytes that come in pieces."""
    said: list[str] = []
    lines = Lines(said.append)
    for piece in pieces:
        lines.feed(piece)
    lines.close()
    return said


@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126) | st.just("\n")),
    st.lists(st.integers(0, 40)),
)
def test_lines_do_not_depend_on_how_the_bytes_come(text: str, cuts: list[int]) -> None:
    """However a pipe cuts them."""
    data, pieces = text.encode(), []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    wanted = text.split("\n")
    assert said_of(*pieces, data) == (wanted if wanted[-1] else wanted[:-1])


def test_long_line_is_cut_and_the_next_is_whole() -> None:
    """4 KiB a line."""
    assert said_of(b"x" * (LINE + 5), b"yyy\nnext\n") == ["x" * LINE + " …", "next"]
    assert said_of(b"x" * LINE + b"\n") == ["x" * LINE]


@pytest.mark.parametrize("more", [0, 5, 2000])
def test_secret_at_the_end_of_a_cut_line_is_hidden_as_a_whole(more: int) -> None:
    """Half of it would not be known as one any more."""
    secret = "sesame-" * 20
    log.setup("info", "text", secrets=[secret])
    try:
        for before in (LINE - 1, LINE - 70, LINE - len(secret) + 1, LINE + 900):
            (line,) = said_of(b"x" * before + secret.encode() + b"y" * more)
            assert "ses" not in line
            assert len(line) <= LINE + 2
        (line,) = said_of(secret.encode() * 30 + b"sesame")
        assert "ses" not in line
    finally:
        log.setup("warning", "text")


def test_output_beyond_a_run_is_dropped() -> None:
    """1 MiB a run."""
    said = said_of(*[b"z" * 1023 + b"\n"] * 2000)
    assert len(said) == RUN // 1024


def test_bytes_that_could_forge_a_log_are_shown_as_what_they_are() -> None:
    """Control characters are escaped, tabs and letters kept, other bytes replaced."""
    assert said_of(b"a\x1b[2J\tb\r\n\xffc\xc3\xa9\n") == ["a\\x1b[2J\tb", "�cé"]
