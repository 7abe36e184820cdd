"""``checksum`` of an artifact."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config import chatter
from tests.config.conftest import WEB, Reader


def test_checksums_beside_the_artifact_are_asked_for(read: Reader) -> None:
    """And by default are not."""
    assert read.service(artifact='checksum = "sidecar"').web.artifact.checksum == "sidecar"
    assert read.service().web.artifact.checksum is None


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        (
            'checksum = "sidcar"',
            'E206: checksum: "sidcar" is none of: sidecar',
            'did you mean "sidecar"?',
        ),
        (
            "checksum = true",
            "E204: checksum: must be a string, not a boolean",
            None,
        ),
        (
            'checksums = "sidecar"',
            'W201: artifact "http" knows no key checksums; it is ignored',
            "did you mean checksum?",
        ),
    ],
)
def test_anything_else_is_told(read: Reader, written: str, message: str, hint: str | None) -> None:
    """With what was meant, where that is clear."""
    result = read.service(artifact=written)
    assert result.messages == [message]
    assert hint is None or hint in result.text


def test_store_without_paths_has_nothing_beside_an_artifact(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before an agent is started with it."""
    monkeypatch.syspath_prepend(str(chatter.install(tmp_path)))
    artifact = 'room = "ops" checksum = "sidecar"'
    text = WEB.format(service="", artifact=artifact).replace('"http"', '"needy"')
    result = read('repo "needy" { room = "x" }' + text.replace("url ", "words "))
    assert result.messages == [
        'E205: checksum: "sidecar" takes an artifact with a path, which this store does not have'
    ]
