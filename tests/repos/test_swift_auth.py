"""What a Keystone's answer gives, and what of it is no sense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.checksum import Parts
from dropship.core.values import Md5, Secret
from dropship.errors import RepoError
from dropship.repos.swift import SwiftOptions
from dropship.repos.swift_auth import Access, access, login
from dropship.repos.swift_parts import joined

V2 = "https://keystone.example.com/v2.0"
V3 = "https://keystone.example.com/v3"


def given_by(url: str, document: Any, headers: Any = None, **more: Any) -> Access:
    """What an answer gives to somebody."""
    keys = SwiftOptions(auth_url=url, user="u", key=Secret("k"), **more)
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return access(login(keys, api_key=False), headers or {"X-Subject-Token": "t"}, body)


def v3(*endpoints: dict[str, Any], **token: Any) -> dict[str, Any]:
    """An answer of v3."""
    return {"token": {"catalog": [{"type": "object-store", "endpoints": endpoints}], **token}}


def at(region: str, url: str = "https://s.example.com/v1/A", interface: str = "public") -> Any:
    """An address."""
    return {"region": region, "interface": interface, "url": url}


def test_first_address_of_a_region_counts() -> None:
    """Where a catalog lists several."""
    one, other = at("R", "https://one/"), at("R", "https://other/")
    assert given_by(V3, v3(one, other), region="r").url == "https://one"


def test_address_of_an_older_keystone_has_a_region_id_only() -> None:
    """Or no region at all."""
    place = {"region_id": "R", "interface": "public", "url": "https://s/"}
    assert given_by(V3, v3(place), region="R").url == "https://s"
    assert given_by(V3, v3(at("", "https://s/"))).url == "https://s"


@pytest.mark.parametrize(
    ("token", "date", "lifetime"),
    [
        ({"issued_at": "2026-11-29T12:00:00.000000Z", "expires_at": "2026-11-29T13:00:00Z"}, "", 3600),
        ({"issued_at": "2026-11-29T12:00:00Z", "expires_at": "2026-11-29T08:00:00.000-05:00"}, "", 3600),
        ({"issued_at": "2026-11-29T12:00:00Z", "expires_at": "2026-11-29T14:30:00+0130"}, "", 3600),
        ({"expires_at": "2026-11-29T13:00:00Z"}, "Sun, 29 Nov 2026 12:59:00 GMT", 60),
        ({"expires_at": "2026-11-29T13:00:00Z"}, "yesterday", None),
        ({"expires_at": "2026-13-29T13:00:00Z"}, "Sun, 29 Nov 2026 12:59:00 GMT", None),
        ({"expires_at": "0001-01-01T00:00:00+23:59", "issued_at": "x"}, "", None),
        ({"expires_at": 7, "issued_at": []}, "", None),
        ({}, "", None),
    ],
)  # fmt: skip
def test_lifetime_is_told_by_the_clock_of_whoever_gave_the_token(
    token: Any, date: str, lifetime: float | None
) -> None:
    """This host's clock is not asked."""
    headers = {"X-Subject-Token": "t", "Date": date}
    assert given_by(V3, v3(at("R"), **token), headers).lifetime == lifetime


@pytest.mark.parametrize(
    ("url", "document", "says"),
    [
        (V3, b"<html>", "is no JSON"),
        (V3, b"[" * 100_000, "is no JSON"),
        (V3, b"\xff", "is no JSON"),
        (V3, [], "no public address"),
        (V3, {"token": {"catalog": "x"}}, "no public address"),
        (V3, {"token": {"catalog": [7, {"type": "object-store", "endpoints": [7, {}]}]}}, "no public address"),
        (V3, v3(at("R", interface="internal")), "no public address"),
        (V3, v3(at("R", "http://s/")), "at http://s/, where anybody on the way could read"),
        (V2, {"access": {"token": {"id": 7}}}, "tells no token"),
        (V2, {"access": []}, "tells no token"),
    ],
)  # fmt: skip
def test_answer_without_a_use_is_told(url: str, document: Any, says: str) -> None:
    """With what to look at."""
    with pytest.raises(RepoError, match=says) as caught:
        given_by(url, document)
    assert caught.value.permanent
    assert caught.value.cure
    assert str(caught.value).startswith(f"{url}: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "token",
                    "access",
                    "id",
                    "catalog",
                    "serviceCatalog",
                    "type",
                    "endpoints",
                    "hash",
                    "bytes",
                    "data",
                    "region",
                    "url",
                    "interface",
                    "publicURL",
                    "expires_at",
                ]
            ),
            inner | st.sampled_from(["object-store", "public", "2026-11-29T12:00:00Z"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([V2, V3]))
def test_any_document_gives_access_or_an_error_for_operators(document: Any, url: str) -> None:
    """Never Python's own."""
    try:
        given = given_by(url, document)
    except RepoError:
        return
    assert given.url
    assert given.token


@given(st.lists(JSON, max_size=4), st.integers() | st.none())
def test_any_manifest_promises_nothing_that_it_does_not_prove(
    entries: list[Any], total: int | None
) -> None:
    """An ETag that is no digest of it."""
    assert joined(entries, "0" * 32, total) is None


@pytest.mark.parametrize(
    "entry",
    [
        {"bytes": 3, "hash": "900150983cd24fb0d6963f7d28e17f72", "range": "0-2"},
        {"bytes": 3, "hash": "900150983cd24fb0d6963f7d28e17f72", "sub_slo": True},
        {"bytes": 3, "hash": "900150983cd24fb0d6963f7d28e17f72", "slo_etag": "x"},
        {"bytes": 3, "hash": "900150983cd24fb0d6963f7d28e17f72", "symlink_path": "x"},
        {"bytes": "3", "hash": "900150983cd24fb0d6963f7d28e17f72"},
        {"bytes": 4, "hash": "900150983cd24fb0d6963f7d28e17f72"},
        {"bytes": 3, "hash": "00150983cd24fb0d6963f7d28e17f72"},
        {"data": "?"},
        {"subdir": "x/"},
    ],
)
def test_segment_that_is_not_its_own_bytes_makes_no_promise(entry: Any) -> None:
    """Though all else fits."""
    etag = "ec0405c5aef93e771cd80e0db180b88b"
    plain = {"bytes": 3, "hash": '"900150983cd24fb0d6963f7d28e17f72"', "sub_slo": False}
    assert joined([plain], etag, 3) == Parts((3,), Md5(etag), "hex")
    assert joined([entry], etag, 3) is None
