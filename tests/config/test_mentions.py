"""Keys of artifacts in templates."""

from __future__ import annotations

import pytest

from tests.config.conftest import Reader


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{.Artifact.destination}} {{.Artifact.bucket}} {{.Artifact.contentType}}", []),
        ("{{.Artifact.url}} {{.Artifact.BUCKET}} {{.Artifact.content_type}}", []),
        (
            "{{.Artifact.buckt}}",
            ["W249: what: no artifact has a key buckt, so nothing is shown"],
        ),
        (
            "{{.Artifact.sseCustomerKey}}",
            ["W249: what: sseCustomerKey is a secret, so nothing is shown"],
        ),
    ],
)
def test_key_that_no_artifact_has_is_a_warning(read: Reader, text: str, said: list[str]) -> None:
    """One that only another store has is none: hooks may serve several."""
    hook = f'after "graphite-event" {{ host = "http://g" what = "{text}" }}'
    assert read.service(hook).messages == said


def test_mention_is_pointed_at_wherever_it_stands(read: Reader) -> None:
    """In a list too, with the nearest key."""
    result = read.service('after "graphite-event" { host = "g" tags = ["x", "{{.Artifact.pth}}"] }')
    assert result.suggestions == ['did you mean "path"?']
    *_, line, caret, _ = result.text.splitlines()
    assert line[caret.index("^") : caret.rindex("^") + 1] == "pth"
