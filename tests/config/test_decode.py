"""What a configuration means: keys, blocks, names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dropship.core.values import Duration
from tests.config.conftest import WEB, Reader

SOUND = WEB.format(service="", artifact="")


def test_sound_service_is_read_without_a_word(read: Reader) -> None:
    """No diagnostics, defaults as documented."""
    result = read(SOUND)
    assert result.codes == []
    service = result.web
    assert service.name == "web"
    assert service.check_interval == Duration.of(10)
    assert service.artifact.repo.type == "http"
    assert service.artifact.destination == Path("/srv/web")
    assert service.artifact.keep_releases == 5
    assert service.lock is None
    assert [*service.before, *service.after, *service.failed, *service.health] == []


@pytest.mark.parametrize(
    "key", ["checkinterval", "CHECKINTERVAL", "check_interval", "check-interval", '"checkInterval"']
)
def test_key_in_another_spelling_is_the_same_key(read: Reader, key: str) -> None:
    """Neither case nor ``_`` nor ``-`` matter."""
    result = read(SOUND.replace("checkInterval", key))
    assert result.codes == []
    assert result.web.check_interval == Duration.of(10)


def test_unknown_key_is_a_warning_with_the_nearest_name(read: Reader) -> None:
    """``sequentialUpdate`` of the Go tool's first weeks."""
    result = read.service("sequentialUpdate = true")
    assert result.messages == ['W201: service "web" knows no key sequentialUpdate; it is ignored']
    assert result.suggestions == ["did you mean sequentialUpdates?"]
    assert not result.web.sequential_updates


def test_unknown_block_is_a_warning_with_the_nearest_name(read: Reader) -> None:
    """Blocks are told from keys."""
    result = read.service('befor "script" { command = "true" }')
    assert result.codes == ["W202"]
    assert result.suggestions == ["did you mean before?"]


def test_duplicate_key_is_a_warning_and_the_last_one_wins(read: Reader) -> None:
    """The warning stands at the second and shows the first."""
    result = read.service('splay = "1s"\nsplay = "2s"')
    assert result.codes == ["W207"]
    assert result.web.splay == Duration.of(2)
    (diagnostic,) = result.loaded.diagnostics
    (related,) = diagnostic.related
    assert diagnostic.span is not None
    assert related.span.line == diagnostic.span.line - 1


def test_two_spellings_of_one_key_are_duplicates(read: Reader) -> None:
    """Also an alias and what it stands for."""
    result = read('repo "s3" { name = "us-west-1" region = "eu-west-1" }\n' + SOUND)
    assert result.codes == ["W207"]


def test_missing_key_is_reported_at_the_header_of_its_block(read: Reader) -> None:
    """Not at the end of it."""
    result = read('service "web" {\n  artifact "http" { url = "https://x.example" }\n}')
    places = [(one.code, one.where.partition(":")[2]) for one in result.loaded.diagnostics]
    assert places == [("E203", "1:1"), ("E203", "2:3")]
    assert 'service "web" has no checkInterval' in result.text
    assert 'artifact "http" has no destination' in result.text


def test_key_that_is_at_fault_is_not_missing_too(read: Reader) -> None:
    """One fault, one diagnostic."""
    assert read(SOUND.replace('"10s"', '"ten"')).codes == ["E205"]


@pytest.mark.parametrize(
    "fault",
    [
        "checkInterval = 10s",
        "checkInterval = <10s>",
        "checkInterval = '10s'",
        'checkInterval = "\\q"',
        "checkInterval =",
        'checkInterval == "10s"',
        '@checkInterval = "10s"',
        '"checkInterval = "10s"',
        'checkInterval: "10s',
    ],
)
def test_key_lost_to_a_fault_of_the_language_is_not_reported_again(
    read: Reader, fault: str
) -> None:
    """It is neither missing, nor unknown, nor unfit: the language has said what is wrong."""
    codes = read(SOUND.replace('checkInterval = "10s"', fault)).codes
    assert codes
    assert all(code.startswith("E1") for code in codes)


@pytest.mark.parametrize("fault", ['checkInterval "10s"', "checkInterval"])
def test_key_without_an_equals_sign_is_one_fault(read: Reader, fault: str) -> None:
    """The language takes it for the first word of the block behind it; nobody else does."""
    result = read(SOUND.replace('checkInterval = "10s"', fault))
    assert result.codes == ["E204"]
    assert result.suggestions == ["write checkInterval = …"]


def test_key_that_is_missing_beside_a_fault_of_the_language_is_reported(read: Reader) -> None:
    """All faults in one run."""
    text = SOUND.replace('checkInterval = "10s"', "").replace('"/srv/web"', "'/srv/web'")
    assert read(text).codes == ["E203", "E115"]


def test_service_without_an_artifact_is_an_error(read: Reader) -> None:
    """Exactly one is needed."""
    result = read('service "web" { checkInterval = "10s" }')
    assert result.messages == ['E203: service "web" has no artifact']


def test_two_artifacts_of_different_types_are_an_error(read: Reader) -> None:
    """The second is reported, the first shown."""
    result = read.service('artifact "file" { path = "/x" destination = "/srv/web" }')
    assert result.messages == ['E211: service "web" has more than one artifact']
    assert len(result.loaded.diagnostics[0].related) == 1


def test_two_artifacts_of_one_type_are_a_duplicate(read: Reader) -> None:
    """As any duplicate: the last one wins, with a warning."""
    second = 'artifact "http" { url = "https://b.example" destination = "/srv/b" }'
    result = read.service(second)
    assert result.codes == ["W207"]
    assert result.web.artifact.destination == Path("/srv/b")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('service { checkInterval = "10s" }', "E208"),
        ('service { web { checkInterval = "10s" } }', "E208"),
        ('service "a" "b" { checkInterval = "10s" }', "E209"),
        ('service = "web"', "E204"),
    ],
)
def test_service_without_one_name_is_an_error(read: Reader, text: str, code: str) -> None:
    """Version 1 of the language lets some of these pass and misreads them."""
    assert read(text).codes == [code]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\nb", "a\\x00b", "x" * 201])
def test_name_that_cannot_be_a_folder_is_an_error(read: Reader, name: str) -> None:
    """State and releases are kept by it."""
    assert read(SOUND.replace('"web" {', f'"{name}" {{', 1)).codes == ["E220"]


@pytest.mark.parametrize("name", ["my service", "api.v2", "höhe", "_", "0"])
def test_name_that_can_be_a_folder_is_taken(read: Reader, name: str) -> None:
    """The Go tool took any."""
    assert read(SOUND.replace('"web" {', f'"{name}" {{', 1)).web.name == name


def test_two_services_of_one_name_are_an_error_across_files(read: Reader) -> None:
    """The diagnostic stands in the second file and shows the first."""
    result = read(SOUND, services={"web.hcl": SOUND.replace("/srv/web", "/srv/other")})
    assert result.codes == ["E210"]
    (diagnostic,) = result.loaded.diagnostics
    assert diagnostic.where.endswith("services/web.hcl:2:1")
    assert diagnostic.related[0].span.source.name.endswith("dropship.hcl")


def test_all_faults_of_all_files_come_in_one_run(read: Reader) -> None:
    """Never stop at the first, not even at one of the language."""
    result = read(
        "minFree = \"much\"\nstate_path = 'x'\n",
        services={
            "a.hcl": SOUND.replace('"10s"', '"ten"'),
            "b.hcl": 'service "b" { checkInterval = 10s }',
            "c.hcl": 'service "c" { artifact "nowhere" {} }',
        },
    )
    files = [os.path.basename(one.where.partition(":")[0]) for one in result.loaded.diagnostics]  # noqa: PTH119 - text, not a path
    assert files == sorted(files, key=["dropship.hcl", "a.hcl", "b.hcl", "c.hcl"].index)
    assert set(files) == {"dropship.hcl", "a.hcl", "b.hcl", "c.hcl"}
    assert "E213" in result.codes


def test_hooks_keep_their_order(read: Reader) -> None:
    """Also where other blocks stand between them."""
    result = read.service(
        """
        before "script" { command = "1" }
        after "script" { command = "a" }
        before "script" { command = "2" }
        before "script" { command = "3" }
        """
    )
    assert [hook.options.command for hook in result.web.before] == ["1", "2", "3"]
    assert [hook.options.command for hook in result.web.after] == ["a"]


def test_list_of_objects_is_several_blocks(read: Reader) -> None:
    """As version 1 of the language decodes it."""
    hooks = read.service(
        'after = [{ script { command = "1" } }, { script = { command = "2" } }]'
    ).web.after
    assert [hook.options.command for hook in hooks] == ["1", "2"]


def test_failure_of_a_hook_depends_on_its_type_unless_written(read: Reader) -> None:
    """Those that do something abort, those that tell somebody do not."""
    hooks = read.service(
        """
        after "script" { command = "x" }
        after "graphite-event" { host = "http://g" what = "x" }
        after "script" { command = "x" onFailure = "continue" }
        after "graphite-event" { host = "http://g" what = "x" onFailure = "abort" }
        """
    ).web.after
    assert [hook.on_failure for hook in hooks] == ["abort", "continue", "continue", "abort"]
    assert [hook.abort_written for hook in hooks] == [False, False, False, True]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('unit = "my api"', 'E205: unit: "my api" is no name of a unit: white space stands in it'),
        (
            'unit = "--now"',
            'E205: unit: "--now" is no name of a unit such as "api" or "app@1.service"',
        ),
        ('unit = ""', 'E205: unit: "" is no name of a unit such as "api" or "app@1.service"'),
        ('action = "stop"', 'E203: after "systemd" has no unit'),
        (
            'unit = "api" action = "restrat"',
            'E206: action: "restrat" is none of: start, stop, restart, reload, try-restart',
        ),
    ],
)
def test_unit_that_systemd_could_not_have_is_an_error(
    read: Reader, keys: str, message: str
) -> None:
    """Not a hook that fails at the first update."""
    assert read.service(f'after "systemd" {{ {keys} }}').messages == [message]


def test_unit_is_read_with_its_type(read: Reader) -> None:
    """The backslash of an escaped name is written twice, as in any string."""
    (one, two) = read.service(
        """
        after "systemd" { unit = "api" }
        after "systemd" { unit = "a\\\\x2db.socket" action = "stop" }
        """
    ).web.after
    assert (one.options.unit.text, one.options.action) == ("api.service", None)
    assert (two.options.unit.text, two.options.action) == (r"a\x2db.socket", "stop")
    assert [one.on_failure, two.on_failure] == ["abort", "abort"]


def test_type_of_a_health_check_that_is_unknown_names_what_there_is(read: Reader) -> None:
    """So for every kind of backend."""
    (message,) = read.service('health "htpp" { url = "http://127.0.0.1" }').messages
    assert message.startswith('E212: unknown health check type "htpp"; there is: ')
    assert "http" in message


def test_health_check_is_read(read: Reader) -> None:
    """Its own keys and those of every check."""
    (check,) = read.service(
        'health "http" { url = "http://127.0.0.1:8080/" within = "20s" successes = 3 }'
    ).web.health
    assert check.type == "http"
    assert check.within == Duration.of(20)
    assert check.successes == 3


def test_null_in_json_is_the_same_as_nothing(read: Reader) -> None:
    """As in version 1 of the language."""
    text = """{"service": {"web": {"checkInterval": "10s", "splay": null, "artifact":
    {"http": {"url": "https://a.example/x", "destination": "/srv/web"}}}}}"""
    result = read("", services={"web.json": text})
    assert result.codes == []
    assert result.web.splay is None


def test_json_with_lists_of_hooks_is_read(read: Reader) -> None:
    """Version 1's JSON: a list of objects is several blocks."""
    text = """{"service": {"web": {"checkInterval": "10s",
      "artifact": {"http": {"url": "https://a.example/x", "destination": "/srv/web"}},
      "before": [{"script": {"command": "1"}}, {"script": {"command": "2"}}],
      "after": {"script": [{"command": "3"}, {"command": "4"}]}}}}"""
    service = read("", services={"web.json": text}).web
    assert [hook.options.command for hook in service.before] == ["1", "2"]
    assert [hook.options.command for hook in service.after] == ["3", "4"]


def test_json_that_holds_only_objects_is_read(read: Reader) -> None:
    """Where nothing but objects is inside, names must not be taken for labels."""
    text = """{"defaults": {"worker": {"nofile": 64}}, "service": {"web": {"artifact":
    {"http": {"url": "https://a.example/x", "destination": "/srv/web"}}}}}"""
    result = read(text)
    assert result.messages == ['E203: service "web" has no checkInterval']


def test_artifact_without_any_address_is_an_error(read: Reader) -> None:
    """A store that can be asked by url or path must be asked by one of them."""
    result = read('service "w" { checkInterval = "1s" artifact "http" { destination = "/srv/w" } }')
    assert result.messages == ['E203: artifact "http" has no url or path']


def test_required_string_that_is_empty_is_an_error(read: Reader) -> None:
    """An empty command does nothing anybody meant."""
    assert read.service('before "script" { command = "" }').messages == [
        "E205: command: must not be empty"
    ]


def test_go_tools_type_of_an_artifact_is_its_content_type(read: Reader) -> None:
    """With a warning."""
    result = read.service(artifact='type = "application/x-gzip"')
    assert result.codes == ["W221"]
    assert result.web.artifact.content_type == "application/x-gzip"


def test_go_tools_commands_work_with_a_warning(read: Reader) -> None:
    """They are deprecated, but a fleet has them."""
    result = read.service('preCommand = "a b"\npostCommand = "c"')
    assert result.codes == ["W216", "W216"]
    assert (result.web.pre_command, result.web.post_command) == ("a b", "c")


@pytest.mark.parametrize(
    "key", ['name = "x"', "restartService = true", "sequentialUpdate = true", "_odd = [1, {}]"]
)
def test_keys_of_old_files_are_never_errors(read: Reader, key: str) -> None:
    """The Go tool ignored them; so does this, but says so."""
    result = read.service(key)
    assert result.codes == ["W201"]
    assert result.web.name == "web"


def test_list_for_a_block_that_is_none_is_an_error(read: Reader) -> None:
    """A hook is a block."""
    assert read.service('before = ["stop"]').messages == [
        "E204: before must be a block, not a list"
    ]


def test_artifact_that_is_no_block_is_not_missing_too(read: Reader) -> None:
    """One fault, one diagnostic."""
    assert read('service "w" { checkInterval = "1s" artifact = "s3" }').codes == ["E204"]


def test_artifact_key_at_fault_in_the_language_is_not_checked_again(read: Reader) -> None:
    """One fault, one diagnostic."""
    assert read.service(artifact="md5 = 'abc'").codes == ["E115"]


def test_label_on_a_key_is_an_error(read: Reader) -> None:
    """An attribute has none."""
    assert read.service('splay "x" { }').codes == ["E204"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('service "a" { checkInterva = "1s" artifact "file" { path = "/a" destination = "/srv/a" } }',
         'service "a"'),
        (('defaults { checkInterva = "1s" } '
         'service "a" { artifact "file" { path = "/a" destination = "/srv/a" } } '
         'service "b" { artifact "file" { path = "/a" destination = "/srv/b" } }'), "defaults"),
    ],
)  # fmt: skip
def test_required_key_that_is_misspelt_is_one_fault(read: Reader, text: str, title: str) -> None:
    """An error at the key, not a missing one and an unknown one beside it."""
    result = read(text)
    assert result.codes == ["E201"]
    assert result.suggestions == ["did you mean checkInterval?"]
    assert result.messages == [f"E201: {title} has no checkInterval, and knows no key checkInterva"]
    assert "checkInterva = " in result.text
