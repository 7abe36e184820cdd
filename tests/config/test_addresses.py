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
        ("url", "https://{{.Hostname}}/"),
        ("host", "http://graphite_1.example.org/base"),
        ("host", "graphite:8080"),
        ("url", "redis://cache:6379/0"),
        ("url", "rediss://cache"),
        ("url", "unix:///run/redis.sock"),
        ("url", ""),
        ("endpoint", "http://localhost:9000"),
        ("endpoint", "http://127.0.0.9:9000"),
        ("endpoint", "https://s3.example.org"),
        ("endpoint", ""),
        ("path", "http://<odd>"),
        ("address", "127.0.0.1:8500"),
        ("endpoints", "http://etcd-1:2379"),
        ("address", "unix:///run/consul.sock"),
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
        ("url", "http://"),
        ("url", "htps://example.org/"),
        ("url", "htttp://example.org/"),
        ("url", "example.org/a"),
        ("url", "https:/example.org"),
        ("url", "https//example.org"),
        ("url", " https://example.org"),
        ("host", "<my-graphite-server>"),
        ("host", "graphite:"),
        ("endpoint", "s3.example.org"),
        ("endpoints", "etcd-1:2379"),
        ("endpoint", "http://s3.example.org"),
        ("authUrl", "http://192.0.2.1/v1.0"),
        ("storageUrl", "http://192.0.2.1/v1/AUTH_shop"),
    ],
)
def test_odd_address_is_told(key: str, text: str) -> None:
    """Placeholders, missing hosts, bad ports, credentials without TLS."""
    assert oddity(key, text) is not None


def test_rest_of_an_address_is_fine_where_it_may_be_one() -> None:
    """Below the address of the repo, say; but not half of a whole one."""
    assert oddity("url", "a/relative/path.tar.gz", relative=True) is None
    assert oddity("url", "https:/example.org/a", relative=True) is not None
    assert oddity("url", "https://<host>/a", relative=True) is not None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("https:/example.org", "write https://"),
        ("HTTP//example.org", "write http://"),
        ("htps://example.org", "did you mean https://?"),
        ("htpp://example.org", "did you mean http://?"),
        ("example.org", "begin it with https://"),
    ],
)
def test_slip_of_the_pen_is_told_with_what_was_meant(text: str, hint: str) -> None:
    """The scheme is what people get wrong."""
    found = oddity("url", text)
    assert found is not None
    assert found[1] == hint


def test_password_in_an_address_is_not_repeated() -> None:
    """The message is shown to everybody."""
    found = oddity("endpoint", "joe:hunter2@s3.example.org")
    assert found is not None
    assert "hunter2" not in " ".join(filter(None, found))
