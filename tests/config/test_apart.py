"""Places that must be apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import WEB, Reader

SOUND = WEB.format(service="", artifact="")


def _stored(path: str, destination: str, root: str = "") -> str:
    repo = f'repo "file" {{ root = "{root}" }}\n' if root else ""
    web = SOUND.replace('"http"', '"file"').replace("url ", "path ")
    web = web.replace("https://releases.example.org/web.tar.gz", path)
    return repo + web.replace("/srv/web", destination)


@pytest.mark.parametrize("key", ["state_path", "run_path"])
def test_destination_among_the_agents_own_files_is_refused(read: Reader, key: str) -> None:
    """What is in there comes and goes with the agent."""
    result = read(f'{key} = "/data/agent"\n' + SOUND.replace("/srv/web", "/data/agent/web"))
    assert result.messages == [
        f"E233: this destination is refused: it is in the agent's own {key} /data/agent"
    ]


@pytest.mark.parametrize(
    ("path", "destination", "root"),
    [
        ("/mnt/builds/web.tar.gz", "/mnt/builds/web.tar.gz", ""),
        ("/mnt/builds/web.tar.gz", "/mnt/builds", ""),
        ("web.tar.gz", "/mnt/builds", "/mnt/builds"),
        ("web.tar.gz", "/mnt/builds", "/mnt/builds/new"),
        ("/new/web.tar.gz", "/mnt/builds/new", "/mnt/builds"),
    ],
)
def test_destination_that_holds_its_own_artifact_is_refused(
    read: Reader, path: str, destination: str, root: str
) -> None:
    """It would be put away with what stands there."""
    result = read(_stored(path, destination, root))
    assert result.codes == ["E233"]
    assert destination in result.text.partition("^")[0]


def test_destination_below_the_root_of_its_store_is_a_warning(read: Reader) -> None:
    """It works, until somebody tidies up the store."""
    assert read(_stored("web.tar.gz", "/mnt/builds/web", "/mnt/builds")).codes == ["W243"]


@pytest.mark.parametrize(
    ("path", "root"),
    [("/mnt/builds/web.tar.gz", ""), ("web.tar.gz", "/mnt/builds"), ("web", "/mnt")],
)
def test_destination_apart_from_its_store_is_fine(read: Reader, path: str, root: str) -> None:
    """Beside the artifact, say, where no root is named."""
    assert read(_stored(path, "/srv/web", root)).codes == []
    assert read(_stored("/srv/web.tar.gz", "/srv/web")).codes == []
    assert read(_stored("/srv/web.tar.gz", "/srv/web", "/")).codes == []


def test_relative_artifact_is_where_the_agent_would_find_it(read: Reader, tmp_path: Path) -> None:
    """In its working directory."""
    assert read(_stored("builds/web.tar.gz", f"{tmp_path}/builds")).codes == ["E233"]


def test_releases_where_another_keeps_its_own_by_default_are_an_error(read: Reader) -> None:
    """At the one that chose the place."""
    web = WEB.format(service="", artifact='releasePath = "/srv/.dropship/admin"')
    admin = SOUND.replace("web", "admin")
    for text in (web + admin, admin + web):
        result = read(text)
        assert result.messages == ['E231: "web" keeps its releases where "admin" keeps its own']
        assert result.text.count("releasePath") >= 1


def test_destinations_of_services_at_fault_are_looked_at_too(read: Reader) -> None:
    """All faults at once, not one after the other is mended."""
    broken = SOUND.replace('"10s"', '"soon"')
    twice = read(SOUND.replace("/srv/web", "/usr") + SOUND.replace("/srv/web", "/opt"))
    assert twice.codes == ["E233", "E210", "E233"]
    result = read(broken + broken.replace('"web"', '"admin"'))
    assert result.codes == ["E205", "E205", "E231"]
    assert read('watchdog = "x"\n' + broken.replace("/srv/web", "/usr")).codes == [
        "E205",
        "E205",
        "E233",
    ]


def test_two_services_of_one_name_are_one_fault(read: Reader) -> None:
    """That they share a destination needs no word of its own."""
    assert read(SOUND + SOUND).codes == ["E210"]
