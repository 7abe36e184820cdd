"""Rules over the whole configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.config.load import Mode
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
    result = read.service(slow)
    assert result.codes == ["W236"]
    assert result.suggestions == [
        "raise stopTimeout to 2m40s, or lower the timeouts (the longest is script: 2m40s)"
    ]
    assert read.service(slow, main='stopTimeout = "3m"\n').codes == []


def test_health_checks_count_as_long_as_they_may_take(read: Reader) -> None:
    """Both the time to come up and the time to stay up."""
    check = 'health "script" { command = "x" within = "60s" holdFor = "%s" }'
    assert read.service(check % "30s").codes == []
    hook = 'after "script" { command = "x" timeout = "40s" }'
    (hint,) = read.service(hook + check % "31s").suggestions
    assert hint is not None
    assert hint.endswith("(the longest is health script: 1m31s)")


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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('artifact "http" { url = "web.tar.gz" destination = "/srv/web" }', "W235"),
        ('artifact "http" { path = "web.tar.gz" destination = "/srv/web" }', "W235"),
        ('artifact "http" { url = "ftp://example.org/x" destination = "/srv/web" }', "W235"),
        ('artifact "http" { url = "" destination = "/srv/web" }', "E203"),
        ('artifact "http" { url = env("X") destination = "/srv/web" }', "W217"),
        ('artifact "mine" { url = "web.tar.gz" destination = "/srv/web" }', ""),
        ('artifact "mine" { path = "web.tar.gz" destination = "/srv/web" }', ""),
        ('artifact "file" { path = "/x" destination = 5 }', "W234"),
        ('artifact "file" { path = "/x" destination = "/srv/web " }', "W246"),
        ('artifact "file" { path = "/x" destination = "/srv/web" symlinksTo = "" }', "E205"),
    ],
)
def test_artifact_is_checked_as_a_whole(read: Reader, text: str, code: str) -> None:
    """An address that is no whole one needs a repo with another."""
    repo = 'repo "mine" { type = "http" url = "https://example.org" }'
    result = read(f'{repo} service "web" {{ checkInterval = "1s" {text} }}')
    assert result.codes == ([code] if code else [])


def test_file_that_a_key_names_must_be_there(read: Reader) -> None:
    """Unless nobody will read it."""
    text = 'repo "http" { caBundle = "ca.pem" clientCert = "" }\n' + WEB.format(
        service="", artifact=""
    )
    assert read(text).messages == [
        "W247: caBundle: the file ca.pem cannot be read: No such file or directory"
    ]
    assert read(text, mode=Mode.LENIENT).codes == []
    (read.folder / "ca.pem").write_text("x")
    assert read(text).codes == []


def test_health_check_without_time_to_hold_is_a_warning(read: Reader) -> None:
    """Every update would be taken back."""
    check = 'health "script" { command = "x" within = "10s" interval = "5s" successes = %d }'
    assert read.service(check % 3).codes == []
    assert read.service(check % 4).codes == ["W248"]


def test_group_that_is_not_there_is_a_warning(read: Reader) -> None:
    """Only if it is written: the default is a wish."""
    assert read.service(main='socketGroup = "no-such-group"\n').codes == ["W245"]
    assert read.service(main='socketGroup = "root"\n').codes == []
    assert read.service(main='socketGroup = ["x"]\n').codes == ["E204"]


def test_lock_without_turns_is_a_warning(read: Reader) -> None:
    """Where a service has it; in defaults it is for those that take turns."""
    key, lock = 'lock = "file"', 'lock "file" {}\n'
    assert read.service(key, main=lock).codes == ["W226"]
    assert read.service(f"sequentialUpdates = true {key}", main=lock).codes == []
    assert read.service(main=f"{lock} defaults {{ {key} }}\n").codes == []
    # What is wrong is told once, where it is.
    assert read.service(f"sequentialUpdate = true {key}", main=lock).codes == ["W201"]


@pytest.mark.parametrize(
    "text",
    ['shared = ["/log"]', 'shared = ["log", "log/old"]', 'shared = ["log"] format = "file"'],
)
def test_path_that_cannot_be_shared_is_an_error(read: Reader, text: str) -> None:
    """From the root, inside another, of a single file."""
    assert read.service(artifact=text).codes == ["E242"]


@pytest.mark.parametrize(
    ("keys", "codes"),
    [
        ('unit = "web"', ["W251"]),
        ('unit = "web" holdFor = "5s"', []),
        ('unit = "web" successes = 3', []),
        ('unit = "web.socket"', []),
        ('unit = "web@"', ["E205"]),
    ],
)
def test_service_that_is_looked_at_only_once_is_a_warning(
    read: Reader, keys: str, codes: list[str]
) -> None:
    """It is active as soon as it has been started, whatever becomes of it."""
    assert read.service(f'health "systemd" {{ {keys} }}').codes == codes
