"""Keys of artifacts in templates."""

from __future__ import annotations

import pytest

from tests.config.conftest import Reader


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{.Artifact.destination}} {{.Artifact.bucket}} {{.Artifact.contentType}}", []),
        ("{{.Artifact.url}} {{.Artifact.BUCKET}} {{.Artifact.content_type}}", []),
        ("see .Artifact.buckt {{/* .Artifact.x */}}{{`.Artifact.y`}}", []),
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


def test_fault_of_a_template_from_elsewhere_is_shown_at_the_call(read: Reader) -> None:
    """What it says is not in the file; nor is what it mentions looked at."""
    hook = 'after "graphite-event" { host = "g" what = env("X", "%s") }'
    (message,) = read.service(hook % "{{.Hsah}}").messages
    assert message == "E205: what: there is no field .Hsah, in {{.Hsah}}"
    assert read.service(hook % "{{.Artifact.pth}}").codes == []


def test_mention_is_pointed_at_wherever_it_stands(read: Reader) -> None:
    """In a list too, with the nearest key."""
    result = read.service('after "graphite-event" { host = "g" tags = ["x", "{{.Artifact.pth}}"] }')
    assert result.suggestions == ['did you mean "path"?']
    *_, line, caret, _ = result.text.splitlines()
    assert line[caret.index("^") : caret.rindex("^") + 1] == "pth"
