"""Addresses that look wrong."""

from __future__ import annotations

import pytest

from dropship.config.addresses import oddity


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("url", "https://example.org/a.tar.gz"),
        ("url", "http://10.0.0.1:8080"),
        ("url", "http://[::1]:80/x"),
        ("url", "a/relative/path.tar.gz"),
        ("url", "https://{{.Hostname}}/"),
        ("host", "http://graphite_1.example.org/base"),
        ("endpoint", "http://localhost:9000"),
        ("endpoint", "http://127.0.0.9:9000"),
        ("endpoint", "https://s3.example.org"),
        ("endpoint", ""),
        ("path", "http://<odd>"),
    ],
)
def test_sound_address_is_passed(key: str, text: str) -> None:
    """Also those that only look unusual, and keys that hold no address."""
    assert oddity(key, text) is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("host", "http://<my-graphite-server>"),
        ("url", "https:///path"),
        ("url", "http://host:eighty/"),
        ("url", "http://host:0/"),
        ("url", "http://two words/"),
        ("endpoint", "s3.example.org"),
        ("endpoint", "http://s3.example.org"),
        ("authUrl", "http://192.0.2.1/v1.0"),
    ],
)
def test_odd_address_is_told(key: str, text: str) -> None:
    """Placeholders, missing hosts, bad ports, credentials without TLS."""
    assert oddity(key, text) is not None


def test_password_in_an_address_is_not_repeated() -> None:
    """The message is shown to everybody."""
    found = oddity("endpoint", "joe:hunter2@s3.example.org")
    assert found is not None
    assert "hunter2" not in " ".join(filter(None, found))
