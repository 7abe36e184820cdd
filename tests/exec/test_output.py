"""Lines of output within their bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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


def test_output_beyond_a_run_is_dropped() -> None:
    """1 MiB a run."""
    said = said_of(*[b"z" * 1023 + b"\n"] * 2000)
    assert len(said) == RUN // 1024


def test_bytes_that_could_forge_a_log_are_shown_as_what_they_are() -> None:
    """Control characters are escaped, tabs and letters kept, other bytes replaced."""
    assert said_of(b"a\x1b[2J\tb\r\n\xffc\xc3\xa9\n") == ["a\\x1b[2J\tb", "�cé"]
