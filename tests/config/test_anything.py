"""Whatever stands in a file, reading it gives diagnostics, never an exception."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropship.config.load import Loaded, Mode, load
from dropship.hcl.diagnostics import draw

_WORDS = (
    "service artifact before after failed health repo lock defaults worker rackspace "
    "checkInterval splay lock destination path url bucket command env headers secret type "
    "memory nofile timeout onFailure maxSize symlinksTo tags what host hash state_path "
    "service_path minFree nonsense"
)
_KEYS = st.sampled_from(_WORDS.split())
_LABELS = st.sampled_from(
    [
        "",
        ' "web"',
        ' "s3"',
        ' "http"',
        ' "file"',
        ' "script"',
        ' "graphite-event"',
        ' "a" "b"',
        ' "x/y"',
    ]
)
_SCALARS = st.one_of(
    st.sampled_from(
        [
            '"10s"',
            '"/srv/x"',
            '"."',
            '""',
            '"{{.Name}}"',
            '"{{"',
            "true",
            "0",
            "-1",
            "1e400",
            "0755",
        ]
    ),
    st.sampled_from(['env("A")', 'env("A", "b")', 'file("/nowhere")', "<<X\ntext\nX\n", '"\\x00"']),
    st.integers().map(str),
    st.text(st.characters(blacklist_characters='"\\\n$%{', blacklist_categories=["Cs"])).map(
        lambda text: f'"{text}"'
    ),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]"),
        st.lists(st.tuples(_KEYS, inner), max_size=3).map(
            lambda some: "{" + "\n".join(f"{key} = {value}" for key, value in some) + "}"
        ),
    ),
    max_leaves=6,
)
_ITEMS = st.recursive(
    st.tuples(_KEYS, _VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    lambda inner: st.tuples(_KEYS, _LABELS, st.lists(inner, max_size=4)).map(
        lambda block: f"{block[0]}{block[1]} {{\n" + "\n".join(block[2]) + "\n}"
    ),
    max_leaves=12,
)


def _load(text: str, mode: Mode) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        main = Path(folder) / "main.hcl"
        main.write_text(text, encoding="utf-8")
        return load(main, environ={}, cwd=Path(folder), euid=1000, mode=mode)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ITEMS, max_size=5), st.sampled_from(Mode))
def test_items_in_any_arrangement_are_read_or_told(items: list[str], mode: Mode) -> None:
    """There is a configuration, or an error that says why there is none."""
    loaded = _load("\n".join(items), mode)
    assert (loaded.config is None) == bool(loaded.errors)
    for one in loaded.diagnostics:
        assert draw(one, loaded.masked)
        assert one.span is None or 0 <= one.span.start <= one.span.end <= len(one.span.source.text)


@settings(max_examples=100, deadline=None)
@given(st.lists(_ITEMS, min_size=1, max_size=3), st.data())
def test_files_cut_off_anywhere_are_told(items: list[str], data: st.DataObject) -> None:
    """A half-written file is an error or reads as what is there; never an exception."""
    text = "\n".join(items)
    cut = text[: data.draw(st.integers(0, len(text)))]
    loaded = _load(cut, Mode.REQUIRE)
    assert (loaded.config is None) == bool(loaded.errors)
