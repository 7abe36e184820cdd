"""What the page about symlinked destinations says of commands is what they do here."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from tests.docs.pages import USAGE, Page
from tests.servers.process import Process, free_port, missing

PAGE = Page(USAGE / "symlinks.md")
_ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", PAGE.section("Commands"), re.MULTILINE)

_NGINX: Final = """
daemon off;
user {user} {group};
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location /cached/ {{ alias {root}/; open_file_cache max=100; open_file_cache_valid 60s; }}
    location /release {{ return 200 $realpath_root; }}
  }}
}}
"""


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

    def switch(self) -> Path:
        """Have the link lead to another release, in one step; which one."""
        other = self.greeting.parent.parent / "two"
        other.mkdir()
        (other / "greeting").write_text("hello again")
        new = self.link.with_name("new")
        new.symlink_to(".dropship/api/releases/two")
        new.rename(self.link)
        return other

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
        place.switch()
        said, _ = running.communicate("go\n")
    assert said.split() == ["helloone", "two"]
    assert (place.link / "greeting").read_text() == "hello again"


def test_nginx_serves_the_new_release_at_once_unless_it_caches_open_files(place: Place) -> None:
    """And ``$realpath_root`` is the release, which is what PHP is to be told."""
    port = free_port()
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    text = _NGINX.format(folder=place.folder, port=port, root=place.link, user=user, group=group)
    (place.folder / "nginx.conf").write_text(text)
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or missing("nginx")
    words = [program, "-e", "stderr", "-p", place.folder, "-c", place.folder / "nginx.conf"]
    nginx = Process(words, place.folder / "nginx.log")

    def get(path: str) -> str:
        return requests.get(f"http://127.0.0.1:{port}/{path}", timeout=10).text

    def answers() -> bool:
        with suppress(requests.RequestException):
            return get("release") == str(place.greeting.parent)
        return False

    try:
        nginx.wait_until(answers)
        assert (get("greeting"), get("cached/greeting")) == ("hello", "hello")
        new = place.switch()
        assert (get("greeting"), get("cached/greeting")) == ("hello again", "hello")
        assert get("release") == str(new)
    finally:
        nginx.stop()


@pytest.mark.root
def test_bind_mount_keeps_the_release_of_its_moment(place: Place) -> None:
    """As that of a container does."""
    said = place.type(
        "mkdir other app && echo >other/greeting again && exec unshare --mount sh -euc '"
        "mount --bind /srv/api app; ln -s ../other new; mv -T new /srv/api; cat app/greeting /srv/api/greeting'"
    )
    assert said == "helloagain\n"
