"""Backends that others have written."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from dropship.config import backends
from dropship.plugins import Kind
from tests.config import chatter
from tests.config.conftest import WEB, Reader


@pytest.fixture(autouse=True)
def _chatter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's backends are installed."""
    monkeypatch.syspath_prepend(str(chatter.install(tmp_path)))


def test_hook_of_somebody_else_is_read_like_ours(read: Reader) -> None:
    """Its options, and what a failure means."""
    (hook,) = read.service('after "chat" { room = "ops" }').web.after
    assert hook.options.room == "ops"
    assert hook.on_failure == "continue"


def test_hook_of_somebody_else_is_named_among_what_there_is(read: Reader) -> None:
    """So that one sees whether it is installed at all."""
    (message,) = read.service('after "chatt" { room = "ops" }').messages
    assert "broken, chat, consul-event, gone, grafana-annotation" in message


_FAULTY = """
after "chat" {
  rom   = "ops"
  count = 1
  words = ["a"]
  code  = "open-sesame"
  knock = "thrice-and-once" lost = "what-nobody-knows"
  extra { lang = ["a-language"] }
}
"""
_FOUND = """\
dropship.hcl:11:3: error E201: after "chat" has no room, and knows no key rom
 11 |   rom   = *****
    |   ^^^
  hint: did you mean room?

dropship.hcl:12:11: error E205: count: 1 is too small, the least is 2
 12 |   count = 1
    |           ^

dropship.hcl:13:11: error E204: words: must be a string, not a list
 13 |   words = ["a"]
    |           ^^^^^

dropship.hcl:15:29: warning W201: after "chat" knows no key lost; it is ignored
 15 |   knock = ***************** lost = *******************
    |                             ^^^^

dropship.hcl:16:18: error E204: extra: must be a string, not a list
 16 |   extra { lang = [************] }
    |                  ^^^^^^^^^^^^^^"""


def test_faults_in_the_options_of_somebody_else_are_told_like_ours(
    read: Reader,
) -> None:
    """Missing, unknown, out of range, of the wrong kind; no secret is drawn."""
    text = read.service(_FAULTY).text.replace(f"{read.folder}/", "")
    assert text == _FOUND


def test_mistyped_secret_of_an_artifact_of_somebody_else_is_not_drawn(read: Reader) -> None:
    """The name need not sound like one."""
    artifact = 'room = "ops" knok = "thrice-and-once" wods = "open"'
    main = 'repo "needy" { room = "ops" }'
    text = WEB.format(service="", artifact=artifact).replace('"http"', '"needy"')
    drawn = read(main + text.replace("url ", "room ")).text
    assert "thrice" not in drawn
    assert 'wods = "open"' in drawn


def test_options_that_do_not_go_together_are_an_error(read: Reader) -> None:
    """A backend may refuse them in its own words."""
    result = read.service('after "chat" { room = "ops" words = "ops" }')
    assert result.messages == ['E228: after "chat": words and room are the same']


def test_options_that_their_own_check_stumbles_over_are_an_error_too(read: Reader) -> None:
    """A fault in it is not one of ours, and takes no agent down."""
    result = read.service('after "chat" { room = "ops" words = "stumble" }')
    assert result.messages == ["E228: after \"chat\": ZeroDivisionError('division by zero')"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "E224: the hook gone cannot be loaded: No module named"),
        ("broken", "E224: the hook broken cannot be loaded: ZeroDivisionError("),
        ("quitter", "E224: the hook quitter cannot be loaded: SystemExit('no terminal here')"),
        ("half", "E224: the hook half is incomplete: no notifies"),
        ("plain", "E224: the options of the hook plain cannot be read: "),
        ("unread", "E224: the options of the hook unread cannot be read: name 'Nowhere' is not"),
        ("strange", "E224: the options of the hook strange cannot be read: more has no option()"),
    ],
)
def test_backend_that_cannot_be_used_is_an_error_not_a_crash(
    read: Reader, name: str, message: str
) -> None:
    """Something that it needs is not installed, or it is made for another version."""
    (said,) = read.service(f'after "{name}" {{ room = "ops" }}').messages
    assert said.startswith(message)


def test_store_that_needs_keys_needs_a_block(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a built-in one."""
    text = WEB.format(service="", artifact='room = "x"').replace('"http"', '"needy"')
    assert read(text).codes == ["E213"]
    monkeypatch.setattr(
        backends, "BUILT_IN", MappingProxyType({Kind.REPO: {"needy": "", "half": ""}})
    )
    assert read(text).codes == ["E213"]
    assert read(text.replace('"needy"', '"half"')).codes == ["E212"]
    assert read('repo "needy" { room = "x" }' + text).web.artifact.repo.name == "needy"


def test_key_of_an_artifact_of_somebody_else_may_be_mentioned(read: Reader) -> None:
    """A store that cannot be loaded is no reason to say anything."""
    hook = 'after "graphite-event" { host = "g" what = "{{.Artifact.words}} {{.Artifact.wordz}}" }'
    assert read.service(hook).messages == [
        "W249: what: no artifact has a key wordz, so nothing is shown"
    ]
