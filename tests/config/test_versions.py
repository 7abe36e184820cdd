"""The keys of an artifact that choose among versions."""

from __future__ import annotations

import pytest

from tests.config.conftest import Read, Reader

PLACE = 'path = "/b/web-{version}.tgz" '


def reading(read: Reader, artifact: str, repo: str = "file") -> Read:
    """A service over a store, read."""
    body = f'artifact "{repo}" {{ {artifact} destination = "/srv/web" }}'
    return read(f'service "web" {{ checkInterval = "1s" {body} }}')


def test_versions_are_chosen_as_written(read: Reader) -> None:
    """And semver without pre-releases or downgrades where nothing is said."""
    written = PLACE + 'version = "2026-*" versionOrder = "date" allowDowngrade = true'
    artifact = reading(read, written).web.artifact
    assert (artifact.version, artifact.version_order) == ("2026-*", "date")
    assert artifact.allow_downgrade
    plain = reading(read, PLACE).web.artifact
    assert (plain.version, plain.version_order, plain.allow_downgrade) == ("", "semver", False)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (PLACE + 'version = "^2"', 'E260: version: "^" is not known here'),
        (PLACE + 'version = "~> r2" versionOrder = "natural"', "E260: version: ~> is for the order"),
        ('path = "/b/web.tgz" version = "2.*"', "E261: version is nothing without {version} in path"),
        ('path = "/b/web.tgz" versionOrder = "date"', "W228: versionOrder is nothing without"),
        (PLACE + f'md5 = "{"0" * 32}"', "W264: md5: only one of the versions can have it"),
        (PLACE + 'releasePath = "/r/{version}"', "W263: releasePath: {version} stands for"),
    ],
)  # fmt: skip
def test_version_that_means_nothing_is_told(read: Reader, written: str, message: str) -> None:
    """What, and where."""
    said = reading(read, written).messages
    assert [one for one in said if one.startswith(message)], said


def test_version_in_the_query_of_a_url_is_none(read: Reader) -> None:
    """Nobody could list what it may be."""
    said = reading(read, 'url = "https://h/get?file={version}.tgz" version = "2.*"', "http")
    assert said.codes == ["E261"]


def test_one_version_of_an_object_and_several_objects_contradict_each_other(read: Reader) -> None:
    """``versionId`` is another thing altogether."""
    written = 'bucket = "b" versionId = "v" ' + PLACE
    assert reading(read, written, "s3").codes == ["E262"]
