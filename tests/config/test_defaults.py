"""``defaults {}`` and ``worker {}``: what services do not say themselves."""

from __future__ import annotations

from dropship.core.values import Duration, Size
from tests.config.conftest import WEB, Reader

BARE = WEB.format(service="%s", artifact="").replace('checkInterval = "10s"', "")


def test_default_is_for_services_that_do_not_say_it(read: Reader) -> None:
    """Required keys too."""
    text = 'defaults { checkInterval = "30s" splay = "3s" }'
    service = read(text + BARE % 'splay = "1s"').web
    assert service.check_interval == Duration.of(30)
    assert service.splay == Duration.of(1)


def test_default_at_fault_is_reported_once(read: Reader) -> None:
    """However many services take it, and also if none does."""
    two = (BARE % "").replace('"web"', '"b"').replace("/srv/web", "/srv/b")
    assert read('defaults { checkInterval = "x" }' + BARE % "" + two).codes == ["E205"]
    assert read('defaults { checkInterval = "x" }' + WEB.format(service="", artifact="")).codes == [
        "E205"
    ]


def test_lock_at_fault_in_defaults_is_reported_without_any_service(read: Reader) -> None:
    """As every other key there."""
    assert read("defaults { lock {} }").codes == ["E204"]


def test_hooks_of_defaults_come_after_the_services_own(read: Reader) -> None:
    """Health checks too."""
    text = """defaults {
      checkInterval = "1s"
      after "script" { command = "tell" }
      health "script" { command = "probe" }
    }"""
    service = read(text + BARE % 'after "script" { command = "start" }').web
    assert [hook.options.command for hook in service.after] == ["start", "tell"]
    assert [check.options.command for check in service.health] == ["probe"]


def test_failure_rule_of_defaults_is_for_hooks_that_do_not_say_it(read: Reader) -> None:
    """It counts as written out."""
    text = 'defaults { checkInterval = "1s" onFailure = "abort" }'
    hooks = read(
        text
        + BARE
        % 'before "script" { command = "a" } before "script" { command = "b" onFailure = "continue" }'
    ).web.before
    assert [hook.on_failure for hook in hooks] == ["abort", "continue"]
    assert [hook.abort_written for hook in hooks] == [True, False]


def test_limits_come_from_service_then_defaults_then_main_file(read: Reader) -> None:
    """Key by key."""
    text = """
    worker { memory = "100MB" nofile = 10 }
    defaults { checkInterval = "1s" worker { nofile = 20 } }
    """
    assert read(text + BARE % "").web.worker.nofile == 20
    own = read(text + BARE % "worker { nofile = 30 }").web.worker
    assert own.nofile == 30
    assert own.memory == Size(100_000_000)


def test_turns_may_be_a_default(read: Reader) -> None:
    """And so may the lock."""
    text = """
    lock "a" { type = "file" }
    lock "b" { type = "file" }
    defaults { checkInterval = "1s" sequentialUpdates = true lock = "b" }
    """
    lock = read(text + BARE % "").web.lock
    assert lock is not None
    assert lock.name == "b"


def test_unknown_key_in_defaults_is_a_warning(read: Reader) -> None:
    """As anywhere."""
    result = read('defaults { splai = "1s" }' + WEB.format(service="", artifact=""))
    assert result.codes == ["W201"]
    assert result.suggestions == ["did you mean splay?"]


def test_two_defaults_are_not_merged(read: Reader) -> None:
    """The last one counts, with a warning."""
    text = 'defaults { checkInterval = "1s" }\ndefaults { checkInterval = "2s" }'
    result = read(text + BARE % "")
    assert result.codes == ["W207"]
    assert result.web.check_interval == Duration.of(2)


def test_limit_at_fault_spoils_the_service(read: Reader) -> None:
    """Nothing runs without the limit that was meant."""
    assert read(BARE % 'checkInterval = "1s" worker { memory = "big" }').codes == ["E205"]
    assert read("worker { nofile = 0 }" + BARE % 'checkInterval = "1s"').codes == ["E205"]
