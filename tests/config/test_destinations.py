"""What may be replaced by a link, and what may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.config.destinations import Own, as_it_is, clashes, home_folders, refusal

HOMES = home_folders(
    "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\njoe:x:1000:1000::/data/joe:/bin/sh\n"
    "nobody:x:65534:65534::/nonexistent:/bin/sh\nbroken line\n",
    Path("/opt/me"),
)
OWN = [
    Own("state_path", as_it_is(Path("/data/state/dropship")), closed=True),
    Own("configuration", as_it_is(Path("/data/etc/main.hcl"))),
]


@pytest.mark.parametrize(
    "place",
    [
        "/",
        "/usr",
        "/usr/bin",
        "/usr/local/bin",
        "/etc",
        "/etc/systemd/system",
        "/var/lib",
        "/srv",
        "/opt",
        "/home",
        "/proc/self",
        "/dev/shm/app",
        "/root",
        "/home/anybody",
        "/data/joe",
        "/opt/me",
        "/data",
        "/data/state",
        "/data/state/dropship",
        "/data/state/dropship/services/web",
        "/data/etc",
    ],
)
def test_destination_that_would_harm_the_host_is_refused(place: str) -> None:
    """System folders and their standard children, homes, and what holds the agent's own."""
    assert refusal(Path(place), OWN, HOMES) is not None


@pytest.mark.parametrize(
    "place",
    [
        "/srv/web",
        "/opt/app",
        "/usr/local/bin/tool",
        "/etc/app",
        "/var/www",
        "/var/www/app",
        "/var/lib/app",
        "/home/joe/app",
        "/root/app",
        "/data/state/other",
        "/data/etc/main.hcl.d",
        "/data/joe/app",
        "/nonexistent",
        "/application",
    ],
)
def test_destination_with_a_place_of_its_own_is_taken(place: str) -> None:
    """Everything below those folders."""
    assert refusal(Path(place), OWN, HOMES) is None


def test_destination_is_judged_by_where_its_folder_really_is(tmp_path: Path) -> None:
    """A link on the way does not hide a system folder."""
    (tmp_path / "link").symlink_to("/usr")
    assert refusal(tmp_path / "link" / "bin", [], frozenset()) is not None


def test_two_names_of_one_place_clash(tmp_path: Path) -> None:
    """Through a link in the folder, not through the destination's own."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (clash,) = clashes([tmp_path / "real" / "web", tmp_path / "link" / "web"])
    assert clash.same
    (tmp_path / "a").symlink_to("real")
    (tmp_path / "b").symlink_to("real")
    assert clashes([tmp_path / "a", tmp_path / "b"]) == []


_PARTS = st.lists(st.sampled_from("ab"), min_size=1, max_size=4)


@given(st.lists(_PARTS, max_size=6))
def test_clashes_are_those_that_comparing_each_pair_finds(parts: list[list[str]]) -> None:
    """The short way finds what the long way finds."""
    places = [Path("/nowhere", *some) for some in parts]
    expected = [
        (one, two, places[one] == places[two])
        for one in range(len(places))
        for two in range(one + 1, len(places))
        if places[one].is_relative_to(places[two]) or places[two].is_relative_to(places[one])
    ]
    assert [(clash.first, clash.second, clash.same) for clash in clashes(places)] == expected
