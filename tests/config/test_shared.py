"""``shared`` paths of an artifact."""

from __future__ import annotations

import pytest

from tests.config.conftest import Reader


def test_paths_below_the_release_are_shared(read: Reader) -> None:
    """As they are written."""
    assert read.service(artifact='shared = ["log", "public/uploads"]').web.artifact.shared == (
        "log",
        "public/uploads",
    )


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('shared = "/var/log"', "E242: shared: a path "),
        ('shared = ["log/web", "log"]', "E242: shared: of log"),
        ('shared = "log" format = "file"', "E242: shared: a single file has no paths to share"),
    ],
)
def test_paths_that_cannot_be_shared_are_an_error(read: Reader, written: str, message: str) -> None:
    """Outside of the release, one in another, or of what has none."""
    (said,) = read.service(artifact=written).messages
    assert said.startswith(message)
