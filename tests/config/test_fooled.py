"""Commands that a symlink fools: what is said of them is what they do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dropship.config.fooled import fooled, fooled_words

LINK = "/srv/app"


def _found(text: str) -> list[str]:
    known = {"DROPSHIP_DESTINATION": LINK}
    return [text[one.start : one.end] for one in fooled(text, known, {LINK})]


# Each prints or leaves behind "inner" if it went through the link. ``app`` is the link.
_SEEN = [
    "chown -Rv 1:1 app",
    "chown -Rv 1:1 app/",
    "chown -Rv 1:1 app/.",
    "chown -RHv 1:1 app",
    "chown -R -L -v 1:1 app",
    "chown -RPv 1:1 app",
    "chown -RHPv 1:1 app",
    "chown --recursive -v 1:1 app",
    "chgrp -Rv 1 app",
    "chgrp -Rv 1 app/",
    "chmod -Rv u+s app",
    "find app",
    "find app/",
    "find -H app",
    "find -L app",
    "find -H -P app",
    "find app -follow",
    "cp -rv app out",
    "cp -Rv app out",
    "cp -av app out",
    "cp -av app/ out",
    "cp -av app/. out",
    "cp -avH app out",
    "cp -rvL app out",
    "cp -rv --dereference app out",
    "mkdir out && cp -av -t out app",
    "du -a app",
    "du -a app/",
    "du -aD app",
    "du -aL app",
    "tar cvf out.tar app",
    "tar -cvf out.tar app/",
    "tar cvhf out.tar app",
    "tar -cv --dereference -f out.tar app",
    "tar cvf out.tar -C app .",
    "tar --create --verbose --file out.tar --directory app .",
    "mv app out && ls -R out",
    "grep -r inner app",
    "rsync -av app out",
    "rsync -av app/ out",
    "rsync -avk app out",
    "rsync -avL app out",
]


@pytest.mark.skipif(os.geteuid() != 0, reason="chown is for root")
@pytest.mark.root
@pytest.mark.parametrize("text", _SEEN)
def test_verdict_is_what_the_command_does(tmp_path: Path, text: str) -> None:
    """A command that is warned of does not reach what the link leads to; others do."""
    if not shutil.which(text.split(maxsplit=1)[0]):
        pytest.skip(f"{text.split(maxsplit=1)[0]} is not installed")
    release = tmp_path / "release"
    release.mkdir()
    (release / "inner").write_text("inner")
    (tmp_path / "app").symlink_to("release")
    done = subprocess.run(
        ["/bin/sh", "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    # mv says nothing of what it moves; a link that was moved still leads somewhere.
    reached = "inner" in done.stdout and not text.startswith("mv")
    assert bool(_found(f"cd /srv; {text}")) is not reached, done.stdout


def test_removing_removes_the_link_alone(tmp_path: Path) -> None:
    """What it leads to is left."""
    (tmp_path / "release").mkdir()
    (tmp_path / "app").symlink_to("release")
    subprocess.run(["rm", "-rf", "app"], cwd=tmp_path, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["release"]
    assert _found("rm -rf /srv/app") == [LINK]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rm -rf /srv/app /srv/other", ["/srv/app"]),
        ("rm -f /srv/app; rm /srv/app", []),
        ("rm -rf /srv/app/", []),
        ("rm -rf /srv/app/*", []),
        ("rm -rf /srv/app2 /srv/ap /srv/app/cache /srv", []),
        ('rm -r "$DROPSHIP_DESTINATION"', ['"$DROPSHIP_DESTINATION"']),
        ("rm -r ${DROPSHIP_DESTINATION}", ["${DROPSHIP_DESTINATION}"]),
        ("rm -r '$DROPSHIP_DESTINATION'", []),
        ("rm -r $DROPSHIP_DESTINATION/tmp", []),
        ("rm -r $DROPSHIP_RELEASE_DIR", []),
        ("rm -r -- /srv//app", ["/srv//app"]),
        ("rm -- -r /srv/app", []),
        ("a=$(find /srv/app -type f)", ["/srv/app"]),
        ("find . -path /srv/app", []),
        ("find /srv/app -maxdepth 0", []),
        ("find /srv/app -lname '*'", []),
        ("find ! -name x /srv/app", []),
        ("sudo -u deploy nice -n 5 chown -R a /srv/app", ["/srv/app"]),
        ("env A=b A=b chown -R a /srv/app", ["/srv/app"]),
        ("A=b chown -R a /srv/app", ["/srv/app"]),
        ("/bin/chown -R a /srv/app", ["/srv/app"]),
        ("echo chown -R a /srv/app", []),
        ("ssh host chown -R a /srv/app", []),
        ("# chown -R a /srv/app", []),
        ("cat <<E\nchown -R a /srv/app\nE", []),
        ("chown -R a /srv/app || true\nchown a /srv/app", ["/srv/app"]),
        ("cp -a new/. /srv/app", []),
        ("cp -a new /srv/app", []),
        ("cp /srv/app /x", []),
        ("mv new /srv/app", []),
        ("tar xzf new.tgz -C /srv/app", []),
        ("tar tf /srv/app", []),
        ("tar", []),
        ("rsync -a new/ /srv/app", []),
        ("rsync /srv/app x", []),
        ("bash -c 'chown -R a /srv/app'", ["'chown -R a /srv/app'"]),
        ("bash -lc 'cd /srv; chown -R a app'", ["'cd /srv; chown -R a app'"]),
        ("cd /srv; sh -c 'chown -R a app'", ["'chown -R a app'"]),
        (
            "sh -c 'chown -R a \"$DROPSHIP_DESTINATION\"'",
            ["'chown -R a \"$DROPSHIP_DESTINATION\"'"],
        ),
        ('sh -c "$X"; sh -c; sh chown.sh -R /srv/app', []),
        ("if test -d /srv/app; then du -sh /srv/app; fi", ["/srv/app"]),
        ("chcon -R -t httpd_sys_content_t /srv/app", ["/srv/app"]),
        ("X=", []),
    ],
)
def test_only_what_names_the_destination_itself_is_found(text: str, words: list[str]) -> None:
    """And only where it is the command's own argument."""
    assert _found(text) == words


def test_shells_inside_each_other_are_followed_only_so_far() -> None:
    """Nobody writes that, but it must end."""
    text = "rm -r /srv/app"
    for _ in range(8):
        text = "sh -c '" + text.replace("'", "'\\''") + "'"
    assert _found(text) == []


def test_commands_of_the_go_tool_are_split_at_white_space() -> None:
    """No shell, no quotes, no variables."""
    assert [one.start for one in fooled_words("chown -R a:a /srv/app", {LINK})] == [13]
    assert fooled_words("chown -R a:a $DROPSHIP_DESTINATION", {LINK}) == []
    assert fooled_words('sh -c "rm -r /srv/app"', {LINK}) == []
