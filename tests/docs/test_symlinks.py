"""What the page about symlinked destinations says of commands is what they do here."""

from __future__ import annotations

import pwd
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import USAGE, Page

PAGE = Page(USAGE / "symlinks.md")
_ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", PAGE.section("Commands"), re.MULTILINE)


def _commands() -> list[Any]:
    return [
        pytest.param(command, reaches, id=command)
        for row in _ROWS
        for command, reaches in zip(row, (False, True), strict=True)
    ]


class Place:
    """A destination ``api`` with a release that holds a file ``greeting``; an empty ``backup``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.link, self.backup = folder / "srv/api", folder / "backup"
        self.greeting = folder / "srv/.dropship/api/releases/one/greeting"
        self.greeting.parent.mkdir(parents=True)
        self.greeting.write_text("hello")
        self.backup.mkdir()
        self.link.symlink_to(".dropship/api/releases/one")

    def type(self, command: str) -> str:
        """Run a command of the page here; what it said."""
        here = command.replace("/srv/", f"{self.folder}/srv/").replace("/backup", str(self.backup))
        done = subprocess.run(
            ["sh", "-c", here], capture_output=True, text=True, check=True, cwd=self.folder
        )
        return done.stdout

    def reached(self, said: str) -> bool:
        """Whether what was typed has seen the file, copied it, or changed its owner."""
        packed = self.backup / "api.tar"
        if packed.exists():
            said += self.type("tar -tf /backup/api.tar")
        owner = pwd.getpwuid(self.greeting.stat().st_uid).pw_name
        copied = list(self.backup.rglob("greeting"))
        return "greeting" in said or owner == "nobody" or copied != []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """One for each test."""
    return Place(tmp_path)


def test_page_has_such_rows() -> None:
    """The tests below see something."""
    assert len(_ROWS) >= 8


@pytest.mark.root
@pytest.mark.parametrize(("command", "reaches"), _commands())
def test_command_sees_what_its_column_says(command: str, reaches: bool, place: Place) -> None:
    """On the left the link alone, on the right the release."""
    if shutil.which(command.split(maxsplit=1)[0]) is None:
        pytest.skip(f"{command.split(maxsplit=1)[0]} is not installed")
    assert place.reached(place.type(command)) is reaches


def test_removing_with_a_slash_empties_the_release_and_without_takes_the_link(place: Place) -> None:
    """As the page warns."""
    subprocess.run(["rm", "-rf", f"{place.link}/"], check=False, capture_output=True)
    assert place.link.is_symlink()
    assert not place.greeting.exists()
    subprocess.run(["rm", "-rf", place.link], check=True)
    assert not place.link.is_symlink()
    assert place.greeting.parent.exists()


def test_linking_again_makes_a_link_inside_the_release(place: Place) -> None:
    """As the page warns."""
    place.type("ln -sf /elsewhere /srv/api")
    assert place.link.resolve() == place.greeting.parent
    assert (place.greeting.parent / "elsewhere").is_symlink()


def test_working_directory_of_a_process_stays_in_the_old_release(place: Place) -> None:
    """Until it is started again; and its parent is the folder of releases."""
    script = "read go; cat greeting; ls .."
    with subprocess.Popen(
        ["sh", "-c", script],
        cwd=place.link,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        other = place.greeting.parent.parent / "two"
        other.mkdir()
        (other / "greeting").write_text("hello again")
        new = place.link.with_name("new")
        new.symlink_to(".dropship/api/releases/two")
        new.rename(place.link)
        said, _ = running.communicate("go\n")
    assert said.split() == ["helloone", "two"]
    assert (place.link / "greeting").read_text() == "hello again"


@pytest.mark.root
def test_bind_mount_keeps_the_release_of_its_moment(place: Place) -> None:
    """As that of a container does."""
    said = place.type(
        "mkdir other app && echo >other/greeting again && exec unshare --mount sh -euc '"
        "mount --bind /srv/api app; ln -s ../other new; mv -T new /srv/api; cat app/greeting /srv/api/greeting'"
    )
    assert said == "helloagain\n"
