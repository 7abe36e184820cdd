"""Rules over the whole configuration."""

from __future__ import annotations

from pathlib import Path

from tests.config.conftest import WEB, Reader


def _two(first: str, second: str) -> str:
    text = WEB.format(service="", artifact="")
    other = text.replace('"web"', '"admin"').replace("/srv/web", second)
    return text.replace("/srv/web", first) + other


def test_two_services_with_one_destination_are_an_error(read: Reader) -> None:
    """At the second, with the first as related."""
    result = read(_two("/srv/web", "/srv/web/"))
    assert result.messages == ['E231: "admin" has the same destination as "web"']
    (diagnostic,) = result.loaded.diagnostics
    assert diagnostic.span is not None
    assert diagnostic.related[0].span.line < diagnostic.span.line


def test_destination_inside_another_is_an_error(read: Reader) -> None:
    """Whichever comes first."""
    assert read(_two("/srv/web", "/srv/web/admin")).codes == ["E232"]
    assert read(_two("/srv/web/admin", "/srv/web")).codes == ["E232"]


def test_destinations_side_by_side_are_fine(read: Reader) -> None:
    """A common beginning of names is not a folder."""
    assert read(_two("/srv/web", "/srv/web-admin")).codes == []


def test_destination_that_is_refused_is_an_error_at_its_value(read: Reader) -> None:
    """With what to do instead."""
    result = read(WEB.format(service="", artifact="").replace("/srv/web", "/usr/bin"))
    assert result.messages == [
        "E233: this destination is refused: /usr/bin is a folder of the system"
    ]
    assert '"/usr/bin"\n' in result.text


def test_destination_above_the_configuration_is_refused(read: Reader, tmp_path: Path) -> None:
    """The agent must not put its own files away."""
    text = WEB.format(service="", artifact="").replace("/srv/web", str(tmp_path))
    assert read(text).codes == ["E233"]


def test_relative_destination_is_a_warning_and_resolved(read: Reader, tmp_path: Path) -> None:
    """As in the Go tool, from the working directory."""
    result = read(WEB.format(service="", artifact="").replace("/srv/web", "./sites/"))
    assert result.codes == ["W234"]
    assert result.web.artifact.destination == tmp_path / "sites"


def test_two_services_that_keep_releases_in_one_folder_are_an_error(read: Reader) -> None:
    """Each would sweep away the other's."""
    text = _two("/srv/web", "/srv/admin").replace(
        "destination", 'releasePath = "/srv/releases"\ndestination'
    )
    assert read(text).codes == ["E231"]


def test_releases_kept_inside_a_destination_are_an_error(read: Reader) -> None:
    """They would be put away with what stands there."""
    assert read.service(artifact='releasePath = "/srv/web/releases"').codes == ["E232"]
    assert read.service(artifact='releasePath = "/srv/web-releases"').codes == []


def test_timeouts_beyond_the_stop_are_a_warning(read: Reader) -> None:
    """A stop would cut the update short."""
    slow = 'after "script" { command = "x" timeout = "80s" retries = 1 }'
    assert read.service(slow).codes == ["W236"]
    assert read.service(slow, main='stopTimeout = "3m"\n').codes == []


def test_health_checks_count_as_long_as_they_may_take(read: Reader) -> None:
    """Both the time to come up and the time to stay up."""
    check = 'health "script" { command = "x" within = "60s" holdFor = "%s" }'
    assert read.service(check % "30s").codes == []
    assert read.service(check % "31s").codes == ["W236"]


def test_default_timeouts_of_hooks_are_no_warning_in_a_plain_configuration(read: Reader) -> None:
    """But they count where stopTimeout is chosen on purpose."""
    hook = 'after "script" { command = "x" }'
    assert read.service(hook).codes == []
    assert read.service(hook, main='stopTimeout = "2m"\n').codes == ["W236"]


def test_odd_address_is_a_warning_never_an_error(read: Reader) -> None:
    """The README of the Go tool has ``http://<my-graphite-server>``."""
    hook = 'after "graphite-event" { host = "http://<my-graphite-server>" what = "x" }'
    result = read.service(hook)
    assert result.codes == ["W235"]
    assert len(result.web.after) == 1
