"""Versions: their orders, constraints on them, and where they stand in paths."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dropship.config.model import VersionOrder
from dropship.core.pattern import Pattern
from dropship.core.version import Constraint, Order, VersionError, key, older

# Each list in its order, the oldest first.
ORDERED: list[tuple[Order, str]] = [
    ("semver", "0.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"),
    ("semver", "1.9.9 v1.10 2.0.0rc1 2.0.0 2.0.0.1 2.1 10.0"),
    ("semver", "1.0.0+build.9 1.0.0+build.10 1.0.1"),
    ("natural", "api-9 api-10 api-10b api-100 apj-1"),
    ("natural", "2026.9 2026.10 r1 r2"),
    ("date", "2025-12-31 20260101 2026-01-01T10:30 2026.01.01_103001 build-20260102 20260102-2 20260102-10"),
]  # fmt: skip


@pytest.mark.parametrize(("order", "text"), ORDERED)
def test_versions_stand_in_their_order(order: Order, text: str) -> None:
    """Each comes before every one behind it."""
    versions = text.split()
    for index, one in enumerate(versions):
        for other in versions[index + 1 :]:
            assert older(order, one, other), (one, other)
            assert not older(order, other, one), (one, other)


@pytest.mark.parametrize(
    ("order", "one", "other"),
    [("semver", "2.1", "v2.1.0"), ("semver", "0", "0.0"), ("date", "20260102", "2026-01-02")],
)
def test_two_spellings_of_one_version_are_neither_older(order: Order, one: str, other: str) -> None:
    """They are the same."""
    assert key(order, one) == key(order, other) is not None


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("semver", "latest"), ("semver", ""), ("semver", "2."), ("semver", "2.1.sha256"), ("semver", "x2"),
        ("semver", "1" * 5000), ("date", "2026-13-01"), ("date", "latest"), ("date", ""),
    ],
)  # fmt: skip
def test_what_is_no_version_is_neither_older_nor_newer(order: Order, text: str) -> None:
    """So it is never chosen, and nothing is a downgrade from it."""
    assert key(order, text) is None
    assert not older(order, text, "2026-01-01")
    assert not older(order, "2026-01-01", text)


@given(st.text(), st.text(), st.sampled_from(get_args(Order)))
@example("1.0-1", "1.0-a", "semver")
@example("1.0-1.a", "1.0-1.1", "semver")
@example("²", "1", "natural")
def test_any_two_texts_compare(one: str, other: str, order: Order) -> None:
    """Whatever stands in a store's folder."""
    assert not (older(order, one, other) and older(order, other, one))


ALL = [
    "1.0",
    "1.9.9",
    "2.0",
    "2.0.1",
    "2.1",
    "v2.1.3",
    "2.2.0-rc.1",
    "2.10",
    "3.0-rc.1",
    "3.0",
    "latest",
]


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("", "1.0 1.9.9 2.0 2.0.1 2.1 v2.1.3 2.10 3.0"),
        ("*", "1.0 1.9.9 2.0 2.0.1 2.1 v2.1.3 2.10 3.0"),
        ("~> 2.1", "2.1 v2.1.3 2.10"),
        ("~>2", "2.0 2.0.1 2.1 v2.1.3 2.10"),
        ("~> 2.0.0", "2.0 2.0.1"),
        ("~> 2.1.1", "v2.1.3"),
        (">= 1.0, < 3", "1.0 1.9.9 2.0 2.0.1 2.1 v2.1.3 2.10"),
        ("> 1.9.9,<=2.1", "2.0 2.0.1 2.1"),
        ("2.*", "2.0 2.0.1 2.1 v2.1.3 2.10"),
        ("2.1.x", "2.1 v2.1.3"),
        ("= 2.1.*", "2.1 v2.1.3"),
        ("2.1.0", "2.1"),
        ("== v2.1", "2.1"),
        ("2.*, != 2.1", "2.0 2.0.1 v2.1.3 2.10"),
        (">= 2.2.0-rc.0, < 3", "2.2.0-rc.1 2.10"),
        ("2.2.0-rc.1", "2.2.0-rc.1"),
        (">= 2.2.0-rc.0, < 3.0-rc.2", "2.2.0-rc.1 2.10 3.0-rc.1"),
        (">= 2.1, < 3.0-rc.1", "2.1 v2.1.3 2.10"),
        (">= 2.1, != 2.2.0-rc.1, < 4", "2.1 v2.1.3 2.10 3.0"),
        ("~> 2.2.0-rc.1", "2.2.0-rc.1"),
        ("> 3", ""),
    ],
)  # fmt: skip
def test_constraint_admits_what_it_says(text: str, admitted: str) -> None:
    """A pre-release only where one is asked for by name, and below 3 none of 3's."""
    constraint = Constraint("semver", text)
    constraint.check()
    assert [one for one in ALL if constraint.admits(one)] == admitted.split()


@pytest.mark.parametrize(
    ("order", "text", "admitted"),
    [
        ("natural", "r1*", "r1 r10 r11"),
        ("natural", ">= r10", "r10 r11 r20"),
        ("date", ">= 2026-02", "2026-02-01 20260301"),
        ("date", "2026-0*", "2026-01-05 2026-02-01"),
        ("date", "< 2026-02-01", "2026-01-05"),
    ],
)
def test_constraint_goes_by_its_order(order: Order, text: str, admitted: str) -> None:
    """A star stands for any rest of the text there."""
    constraint = Constraint(order, text)
    constraint.check()
    there = ["r1", "r2", "r10", "r11", "r20", "2026-01-05", "2026-02-01", "20260301"]
    there = [one for one in there if one.startswith("r") == (order == "natural")]
    assert [one for one in there if constraint.admits(one)] == admitted.split()


@pytest.mark.parametrize(
    ("order", "text", "message", "cure"),
    [
        ("semver", "^1.2", '"^" is not known here', "write ~> 1.2"),
        ("semver", "~1.2", '"~" is not known here', "write ~> 1.2"),
        ("semver", "newest", '"newest" is no version of the order semver', "write it as"),
        ("semver", "> 1,,< 3", "there is nothing between two commas", "write it as"),
        ("semver", "> 2.*", '">" takes a whole version, not 2.*', 'write "2.*" alone'),
        ("semver", "a.*", '"a.*" is no version with a star', "write it as"),
        ("semver", "1 || 2", '"1 || 2" is no constraint', "write it as"),
        ("natural", "~> 2.1", "~> is for the order semver only", 'write ">= 2.1" or "2.1*"'),
        ("date", ">= soon", '"soon" is no version of the order date', "write it as"),
    ],
)
def test_constraint_that_is_none_says_what_to_write(
    order: Order, text: str, message: str, cure: str
) -> None:
    """The habits of other tools first."""
    with pytest.raises(VersionError) as caught:
        Constraint(order, text).check()
    assert str(caught.value).startswith(message)
    assert caught.value.cure.startswith(cure)


@given(st.text(), st.sampled_from(get_args(Order)), st.text())
def test_any_text_is_a_constraint_or_says_why_not(text: str, order: Order, version: str) -> None:
    """And one that is admits or does not."""
    constraint = Constraint(order, text)
    try:
        constraint.check()
    except VersionError:
        return
    assert constraint.admits(version) in {True, False}


@pytest.mark.parametrize(
    ("address", "folder", "begins", "name", "version"),
    [
        ("api-{version}.tgz", "", "api-", "api-2.0.tgz", "2.0"),
        ("/a/b/{version}.zip", "/a/b/", "", "7.zip", "7"),
        ("app/{version}/api.tgz", "app/", "", "2.0/", "2.0"),
        ("app/{version}/api-{version}.tgz", "app/", "", "2.0/", "2.0"),
        ("app/r-{version}-x/a/b.tgz", "app/", "r-", "r-1-x/", "1"),
        ("https://h/d/api-{version}/api.tgz", "https://h/d/", "api-", "api-3/", "3"),
        ("{version}-{version}.tgz", "", "", "1-1.tgz", "1"),
    ],
)
def test_version_is_found_in_a_name(
    address: str, folder: str, begins: str, name: str, version: str
) -> None:
    """And put back into the whole address."""
    pattern = Pattern.of(address)
    assert pattern is not None
    assert (pattern.folder, pattern.begins) == (folder, begins)
    assert pattern.version(name) == version
    assert pattern.filled(version) == address.replace("{version}", version)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("api-{version}.tgz", "api-2.0.tgz.sha256"),
        ("api-{version}.tgz", "api-.tgz"),
        ("api-{version}.tgz", "api-2.0.tgz/"),
        ("api-{version}.tgz", "web-2.0.tgz"),
        ("app/{version}/api.tgz", "2.0"),
        ("app/{version}/api.tgz", "../"),
        ("app/v{version}/{version}/api.tgz", "v../"),
        ("{version}-{version}.tgz", "1-2.tgz"),
        ("api-{version}", "api-1\n2"),
        ("api-{version}", "api-" + "1" * 256),
    ],
)
def test_name_without_a_sound_version_has_none(address: str, name: str) -> None:
    """Files beside the artifact, folders in the place of files, names that would lead astray."""
    pattern = Pattern.of(address)
    assert pattern is not None
    assert pattern.version(name) is None


@pytest.mark.parametrize(
    ("address", "taken", "refused"),
    [
        ("/d/api-{version}.tgz", "1.0", "1/../../etc/passwd"),
        ("/d/{version}/api.tgz", "2026 final", "../../home/mallory"),
        ("/d/{version}/api-{version}.tgz", "1", ".."),
        ("/d/v{version}/{version}/api.tgz", "1", ".."),
        ("/d/{version}/api.tgz", "..1", "1\n"),
        ("{version}", "1", ""),
    ],
)
def test_version_that_leads_elsewhere_is_not_taken(address: str, taken: str, refused: str) -> None:
    """Whoever may name a version may name nothing else."""
    pattern = Pattern.of(address)
    assert pattern is not None
    assert pattern.takes(taken)
    assert not pattern.takes(refused)


def test_address_without_a_place_for_the_version_is_no_pattern() -> None:
    """It is one artifact."""
    assert Pattern.of("app/api.tgz") is None


def test_orders_of_a_configuration_are_the_ones_there_are() -> None:
    """The model spells them out, so that it need not import them."""
    assert get_args(VersionOrder) == get_args(Order)
