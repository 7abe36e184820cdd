"""Which secrets a configuration holds."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pytest

from dropship.core.option import option
from dropship.core.secrets import secret_values
from dropship.core.template import Template
from dropship.core.values import Duration, Secret, Strings


@dataclass(frozen=True, slots=True)
class Inner:
    """A backend's options."""

    key: Secret
    user: str = "not-secret"
    none: Secret | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    """A configuration."""

    inner: Inner
    many: tuple[Inner, ...]
    named: dict[str, Secret]


def test_secrets_anywhere_in_a_configuration_are_found() -> None:
    """Nested, in tuples and in mappings; what is no secret or empty is not among them."""
    tree = Outer(
        Inner(Secret("one")), (Inner(Secret("two")), Inner(Secret(""))), {"x": Secret("three")}
    )
    assert secret_values(tree) == {"one", "two", "three"}


@dataclass(frozen=True, slots=True)
class Marked:
    """Options that are secret, whatever their types."""

    text: str = option("", doc="", secret=True)
    words: tuple[str, ...] = option((), doc="", secret=True)
    headers: Strings = option(Strings(), doc="", secret=True)
    message: Template = option(Template.parse(""), doc="", secret=True)
    pin: int | None = option(None, doc="", secret=True)
    wait: Duration | None = option(None, doc="", secret=True)
    flag: bool = option(False, doc="", secret=True)
    open: str = option("", doc="No secret.")


def test_what_is_marked_secret_is_one_whatever_its_type() -> None:
    """And what is not marked is none."""
    marked = Marked(
        text="sesame", words=("tic", "tac"), headers=Strings({"X-Key": "toe"}),
        message=Template.parse("hush {{.Name}}"), pin=4711, wait=Duration.of(90), flag=True,
        open="door",
    )  # fmt: skip
    assert secret_values((marked,)) == {
        "sesame", "tic", "tac", "toe", "hush {{.Name}}", "4711", "1m30s",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "value", "hidden"),
    [
        ("Authorization", "Bearer opensesame", {"Bearer opensesame", "opensesame"}),
        ("Authorization", "token  ab", {"token  ab"}),
        ("Authorization", "Bearer", {"Bearer"}),
        ("X-Auth", "GenieKey a1b2-c3d4", {"GenieKey a1b2-c3d4", "a1b2-c3d4"}),
        ("Cookie", 'id="s3ss10nid"; theme=dark', {'id="s3ss10nid"; theme=dark', "s3ss10nid", 'id="s3ss10nid"'}),
        ("X-Api-Key", "word", {"word"}),
        ("X-Environment", "production", set()),
        ("X-Requested-By", "DROPSHIP", set()),
        ("X-Version", "2022-11-28", set()),
        ("Accept", "application/octet-stream", set()),
        ("User-Agent", "curl/8.5.0", set()),
        ("X-Seed", "pass phrase", {"pass phrase"}),
    ],
)  # fmt: skip
def test_header_is_hidden_with_its_parts_but_words_stay_words(
    header: str, value: str, hidden: set[str]
) -> None:
    """Not every header is a credential: a log in which no word is left helps nobody."""
    assert secret_values(Marked(headers=Strings({header: value}))) == hidden


def test_password_that_basic_has_in_base64_is_hidden() -> None:
    """RFC 7617."""
    coded = base64.b64encode(b"joe:open:sesame").decode()
    found = secret_values(Marked(headers=Strings({"Authorization": f"Basic {coded}"})))
    assert {coded, "joe:open:sesame", "open:sesame"} <= found


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("https://joe:s%40me@host/x", {"joe:s%40me", "s%40me", "joe:s@me", "s@me"}),
        ("https://gh0_token_1@host/", {"gh0_token_1"}),
        ("ssh://git@host/", set()),
        ("https://host/a@b", set()),
        ("https://joe:@host/", set()),
        ("see http://a:bcd@x and http://e:fgh@y", {"a:bcd", "bcd", "e:fgh", "fgh"}),
    ],
)
def test_login_of_a_url_is_hidden_wherever_it_stands(url: str, hidden: set[str]) -> None:
    """As it is written and as it is meant."""
    assert secret_values(Marked(open=url)) == hidden
    assert hidden <= secret_values(Marked(text=url))
