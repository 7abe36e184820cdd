"""What hooks run."""

from __future__ import annotations

import os

import pytest

from dropship.config import fooled, running
from dropship.config.load import Mode
from tests.config.conftest import WEB, Reader


def test_fooled_command_is_shown_where_it_stands_with_what_to_write(read: Reader) -> None:
    """Inside the string, in the right line, escapes and indentation counted."""
    result = read.service(
        """
        before "script" { command = "echo \\"x\\"\\nchown -R a \\"$DROPSHIP_DESTINATION\\"" }
        after "script" {
          command = <<-END
            set -e
              du -sh /srv/web
          END
        }
        """
    )
    one, two = (one.partition(": ")[2] for one in result.text.split("\n\n"))
    assert one == (
        "warning W244: chown -R changes only the link here: "
        "a destination is a symlink to the release that runs\n"
        ' 10 |         before "script" { command = "echo \\"x\\"\\nchown -R a \\"$DROPSHIP_DESTINATION\\"" }\n'
        "    |                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        '  hint: write "$DROPSHIP_DESTINATION/"'
    )
    assert two == (
        "warning W244: du measures only the link here: "
        "a destination is a symlink to the release that runs\n"
        " 14 |               du -sh /srv/web\n"
        "    |                      ^^^^^^^^\n"
        "  hint: write /srv/web/"
    )


def test_slash_is_no_cure_for_what_may_be_a_single_file(read: Reader) -> None:
    """An option is, whatever the link leads to."""
    hook = 'after "script" { command = "cp -a /srv/web /x" }'
    assert read.service(hook).suggestions == ["write /srv/web/"]
    cure = ["add -H at the end of the options"]
    assert read.service(hook, artifact='format = "file"').suggestions == cure
    text = WEB.format(service=hook, artifact="").replace("web.tar.gz", "web")
    assert read(text).suggestions == cure
    assert read(text.replace("org/web", "org/web.tgz?x=1")).suggestions == ["write /srv/web/"]
    other = WEB.format(service=hook, artifact="").replace('"http"', '"nope"')
    assert read(other).suggestions[-1] == "write /srv/web/"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('before "script" { command = "rm -rf /srv/web" }', ["W244"]),
        ('failed "script" { command = "rm -rf /srv/web" }', ["W244"]),
        ('health "script" { command = "find /srv/web" }', ["W244"]),
        ('health "script" { command = "find $DROPSHIP_DESTINATION" }', []),
        ('preCommand = "chown -R a /srv/web"', ["W216", "W244"]),
        ('postCommand = "chown -R a \\"/srv/web\\""', ["W216"]),
        ('after "script" { command = "rm -r $APP" env { APP = "/srv/web" } }', ["W244"]),
        ('after "script" { command = "rm -r /srv/web" timeout = "x" }', ["W244", "E205"]),
        ('after "script" { command = "rm -r /srv/web" user = ["x"] }', ["W244", "E204"]),
        ('after "script" { command = env("X", "rm -r /srv/web") }', []),
        ('after "script" { command = "rm -r /srv/web/" }', []),
        ('after "script" { command = "rm -r /srv/website" }', []),
    ],
)
def test_every_command_is_looked_at(read: Reader, text: str, codes: list[str]) -> None:
    """Whatever block it stands in, and whatever else is wrong with the block."""
    assert read.service(text).codes == codes


def test_destination_of_another_service_fools_too(read: Reader) -> None:
    """It is as much of a link."""
    other = WEB.format(service="", artifact="").replace("web", "admin")
    assert read.service('after "script" { command = "du /srv/admin" }', main=other).codes == [
        "W244"
    ]


def test_command_of_all_services_is_warned_of_once(read: Reader) -> None:
    """Where it stands; a slash is the cure only if it is one for every service."""
    usual = 'defaults { after "script" { command = "du $DROPSHIP_DESTINATION" } }\n'
    other = WEB.format(service="", artifact="").replace("web", "admin")
    result = read.service(main=usual + other)
    assert result.codes == ["W244"]
    assert result.suggestions == ["write $DROPSHIP_DESTINATION/"]
    result = read.service(main=usual + other.replace(".tar.gz", ""))
    assert result.suggestions == ["add -D"]


@pytest.mark.parametrize(
    ("mode", "codes"), [(Mode.REQUIRE, ["W245"]), (Mode.WARN, ["W245"]), (Mode.LENIENT, [])]
)
def test_user_that_is_not_there_is_a_warning(read: Reader, mode: Mode, codes: list[str]) -> None:
    """The hook fails, no more: other services go on. Who runs nothing has nothing to miss."""
    hook = 'after "script" { command = "x" user = "no-such-user" }'
    result = read(WEB.format(service=hook, artifact=""), mode=mode)
    assert result.codes == codes


def test_hook_as_somebody_else_is_a_warning_for_who_is_not_root(read: Reader) -> None:
    """The configuration may be for an agent that is."""
    euid = os.geteuid() or 1000
    text = WEB.format(service='after "script" { command = "x" user = "0" }', artifact="")
    assert read(text, euid=euid).messages == ["W245: only root can run a hook as somebody else"]
    assert read(text.replace('"0"', f'"{euid}"'), euid=euid).codes == []
    assert read(text, euid=0).codes == []


def test_every_command_that_fools_is_looked_for() -> None:
    """The short look that saves the long one knows them all."""
    assert all(running._NAMED.fullmatch(name) for name in fooled._RULES)
