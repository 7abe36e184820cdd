"""URLs: whose they are, and what of them is shown."""

from __future__ import annotations

import pytest

from dropship.net import url as urls


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h:8443/a%20b.tar.gz?sig=abc#x", "https://h:8443/a%20b.tar.gz?…"),
        ("http://h/a", "http://h/a"),
        ("http://u:p@[::1/a?sig=abc", "[::1/a"),
    ],
)
def test_url_is_shown_without_what_opens_it(url: str, shown: str) -> None:
    """No login and no signature, also where it is no URL at all."""
    assert urls.shown(url) == shown


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://h/a", "http://H:80/b", True),
        ("https://h/a", "https://h:443/b", True),
        ("http://h/a", "https://h/a", False),
        ("http://h/a", "http://h:8080/a", False),
        ("http://h/a", "http://h.evil/a", False),
        ("http://h/a", "http://h@evil/a", False),
    ],
)
def test_credentials_belong_to_scheme_host_and_port(one: str, other: str, *, same: bool) -> None:
    """However they are written."""
    assert (urls.origin(one) == urls.origin(other)) is same


def test_login_is_taken_out_and_decoded() -> None:
    """For the header it goes into."""
    assert urls.without_login("http://u%40x:p%3A@h:81/a?b") == (
        "http://h:81/a?b",
        urls.Login("u@x", "p:"),
    )
    assert urls.without_login("http://h/a") == ("http://h/a", None)


@pytest.mark.parametrize(
    ("url", "here"),
    [("http://127.0.0.1:80/", True), ("http://[::1]/", True), ("http://localhost/", True),
     ("http://127.0.0.1.example/", False), ("http://10.0.0.1/", False)],
)  # fmt: skip
def test_this_host_is_known_by_its_addresses(url: str, *, here: bool) -> None:
    """Which proxies are not asked about."""
    assert urls.loopback(url) is here
