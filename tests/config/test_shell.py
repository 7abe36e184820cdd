"""Shell text, as far as it can be read without a shell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.config.shell import commands, placed

KNOWN = {"D": "/srv/app", "SPACED": "/srv/my app"}


def _words(text: str) -> list[list[str | None]]:
    return [[word.value for word in command.words] for command in commands(text, KNOWN)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", [["a", "b"]]),
        ("a; b && c || d | e & f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a\n\n  b\\\n c", [["a"], ["b", "c"]]),
        ("a; \\\n b", [["a"], ["b"]]),
        ("a 'b c'\"d e\"f", [["a", "b cd ef"]]),
        (r"a b\ c \"d\"", [["a", "b c", '"d"']]),
        (r'a "b\"c\$d\x"', [["a", r'b"c$d\x']]),
        ("a # b\nc a#b", [["a"], ["c", "a#b"]]),
        ("a $D \"$D\" ${D} '$D'", [["a", "/srv/app", "/srv/app", "/srv/app", "$D"]]),
        ("a ${D:?} ${D:-x} ${D%/} $E $1 $", [["a", "/srv/app", "/srv/app", None, None, None, "$"]]),
        ('a $SPACED "$SPACED"', [["a", None, "/srv/my app"]]),
        (
            "E=$D; a $E; unset E; a $E",
            [["E=/srv/app"], ["a", "/srv/app"], ["unset", "E"], ["a", None]],
        ),
        ("export E=/e F=$D\na $E $F", [["export", "E=/e", "F=/srv/app"], ["a", "/e", "/srv/app"]]),
        ("E=$(x) a $E", [["x"], [None, "a", None]]),
        ("D=$(x); a $D", [["x"], [None], ["a", None]]),
        ("D=/x a $D", [["D=/x", "a", "/srv/app"]]),
        ("for D in a b; do c $D; done", [["for", "D", "in", "a", "b"], ["c", None], ["done"]]),
        ("if a; then b; else ! c; fi", [["a"], ["b"], ["c"], ["fi"]]),
        ("a $(b $(c) d) e", [["c"], ["b", None, "d"], ["a", None, "e"]]),
        ("a `b c` d", [["b", "c"], ["a", None, "d"]]),
        ('a "x $(b) `c` y" d', [["b"], ["c"], ["a", None, "d"]]),
        ("a $((1 + 2)) b", [["a", None, "b"]]),
        ("a $'b\\n' c", [["a", None, "c"]]),
        ("a <(b) c", [["a"], ["b"], ["c"]]),
        ("a > b 2>&1 <c >>d e &>f", [["a", "e"]]),
        ("cat <<E; a\nb\nE\nc", [["cat"], ["a"], ["c"]]),
        ("cat <<-'E'\n\tb\n\tE\nc", [["cat"], ["c"]]),
        ("cat <<E\nnever ends", [["cat"]]),
        ("cat <<< b; c", [["cat"], ["c"]]),
        ("(a; b) c", [["a"], ["b"], ["c"]]),
        ("a () { b; }", [["a"], ["b"], ["}"]]),
        ("case x in y) a;; esac", [["case", "x", "in", "y"], ["a"], ["esac"]]),
        ("a 'b", [["a", "b"]]),
        ('a "b', [["a", "b"]]),
        ("a `b", [["b"], ["a", None]]),
        ("a ${b", [["a", None]]),
        ("a >", [["a"]]),
        ("a > ; b", [["a"], ["b"]]),
        ("", []),
    ],
)
def test_text_is_read_as_a_shell_reads_it(text: str, words: list[list[str | None]]) -> None:
    """Words without their quotes; what only the shell can know has no value."""
    assert _words(text) == words


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ("a; cd /srv; b; cd app/..; c", [None, None, "/srv", "/srv", "/srv"]),
        ("cd app; a", [None, None]),
        ("cd -- $D && a; cd $X; b", [None, "/srv/app", "/srv/app", None]),
        ("(cd /srv; a); b", [None, "/srv", None]),
        ("x=$(cd /srv; a); b", [None, "/srv", None, None]),
        ("cd; a", [None, None]),
    ],
)
def test_folder_of_a_command_is_known_where_cd_tells(text: str, folders: list[str | None]) -> None:
    """A subshell keeps its own."""
    assert [command.folder for command in commands(text, KNOWN)] == folders


def test_words_know_where_they_stand() -> None:
    """Quotes included."""
    text = 'x "$D" $(a b)'
    found = [text[word.start : word.end] for one in commands(text, KNOWN) for word in one.words]
    assert found == ["a", "b", "x", '"$D"', "$(a b)"]


@pytest.mark.parametrize(
    ("path", "folder", "whole"),
    [
        ("//srv/./a/../b/", None, "/srv/b"),
        ("b", "/srv", "/srv/b"),
        ("../b", "/srv", "/b"),
        ("b", None, None),
    ],
)
def test_paths_are_put_in_their_place(path: str, folder: str | None, whole: str | None) -> None:
    """As Go's filepath.Clean has it."""
    assert placed(path, folder) == whole


def test_substitutions_inside_each_other_end_somewhere() -> None:
    """A text is no reason to fail."""
    assert commands("$(" * 1000 + "a", {})[0].words[0].value is None


@given(st.text(st.sampled_from("ab $(){}'\"`\\\n;&|<>#=-/E"), max_size=40))
def test_any_text_is_read(text: str) -> None:
    """And every word stands inside it."""
    for command in commands(text, KNOWN):
        assert command.words
        for word in command.words:
            assert 0 <= word.start < word.end <= len(text)
