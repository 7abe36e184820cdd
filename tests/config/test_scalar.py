"""One value by the type of its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dropship.config.resolver import Mode, Resolver
from dropship.config.scalar import FaultError, Scalars
from dropship.core.values import Duration, Md5, Share, Size, Token
from dropship.hcl.ast import Source
from dropship.hcl.parser import parse
from tests.config.conftest import Reader


@pytest.mark.parametrize(
    ("written", "seconds"),
    [('"10s"', 10), ('"1h30m"', 5400), ('"1.5h"', 5400), ('"250ms"', 0.25), ("0", 0), ('"0"', 0)],
)
def test_duration_in_gos_notation_is_read(read: Reader, written: str, seconds: float) -> None:
    """Durations are Go's; zero needs no unit."""
    assert read.service(f"splay = {written}").web.splay == Duration.of(seconds)


@pytest.mark.parametrize("written", ['"10"', "10", '"ten"', '""', '"-1s"', '"1d"', '"10 s"'])
def test_duration_that_is_none_is_an_error(read: Reader, written: str) -> None:
    """A number without a unit, a unit Go does not know, or a negative time does not pass."""
    assert read.service(f"splay = {written}").codes == ["E205"]


def test_duration_without_a_unit_suggests_seconds(read: Reader) -> None:
    """The likeliest mistake gets the likeliest cure."""
    (suggestion,) = read.service("splay = 10").suggestions
    assert suggestion == 'a number needs its unit: "10s" for seconds'


@pytest.mark.parametrize("key", ["checkInterval", "updateTTL"])
def test_duration_of_zero_is_refused_only_where_it_makes_no_sense(read: Reader, key: str) -> None:
    """Checking every 0 s is no interval; keeping a turn for 0 s is the default."""
    text = f'defaults {{ {key} = "0s" }}'
    assert read(text).codes == (["W003", "E205"] if key == "checkInterval" else ["W003"])[-1:]


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [
        ('"10MB"', 10_000_000),
        ('"20 GiB"', 20 << 30),
        ("4096", 4096),
        ('"4096"', 4096),
        ("0x10", 16),
    ],
)
def test_size_with_or_without_a_unit_is_read(read: Reader, written: str, bytes_: int) -> None:
    """Sizes take units of ten and of two; a bare number is bytes."""
    assert read.service(artifact=f"maxSize = {written}").web.artifact.max_size == Size(bytes_)


@pytest.mark.parametrize("written", ['"10 parsecs"', '"-1"', "-1", "0", "[1]", "true"])
def test_size_that_is_none_is_an_error(read: Reader, written: str) -> None:
    """What is no number of bytes, or none at all, does not pass."""
    (code,) = read.service(artifact=f"maxSize = {written}").codes
    assert code in ("E204", "E205")


@pytest.mark.parametrize(
    ("written", "share"), [('"10%"', Share(fraction=0.1)), ('"1GB"', Share(bytes=10**9))]
)
def test_share_is_a_percentage_or_a_size(read: Reader, written: str, share: Share) -> None:
    """As minFree takes it."""
    config = read.service(main=f"minFree = {written}\n").config
    assert config.min_free == share


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("false", False), ('"true"', True), ("1", True), ('"F"', False), ("0", False)],
)
def test_boolean_is_what_version_1_of_the_language_takes_for_one(
    read: Reader,
    written: str,
    value: bool,
) -> None:
    """Strings and numbers that Go's ParseBool knows are booleans."""
    assert read.service(artifact=f"keepModes = {written}").web.artifact.keep_modes is value


@pytest.mark.parametrize("written", ['"yes"', "2", "[true]", '""'])
def test_boolean_that_is_none_is_an_error(read: Reader, written: str) -> None:
    """Other words are not guessed at."""
    (code,) = read.service(artifact=f"keepModes = {written}").codes
    assert code in ("E204", "E205")


@pytest.mark.parametrize(("written", "value"), [("3", 3), ('"3"', 3), ("0x3", 3)])
def test_whole_number_may_be_quoted(read: Reader, written: str, value: int) -> None:
    """As in version 1 of the language."""
    assert read.service(artifact=f"keepReleases = {written}").web.artifact.keep_releases == value


@pytest.mark.parametrize("written", ["1.5", '"three"', "-1", "99999999999999999999999", "{}"])
def test_whole_number_that_is_none_or_out_of_range_is_an_error(read: Reader, written: str) -> None:
    """Fractions, words, negative and enormous numbers do not pass."""
    (code,) = read.service(artifact=f"keepReleases = {written}").codes
    assert code in ("E204", "E205")


def test_string_given_a_number_takes_its_source_text(read: Reader) -> None:
    """0755 stays 0755."""
    assert read.service(artifact="mode = 0755").web.artifact.mode == "0755"


def test_string_given_a_boolean_is_an_error_that_suggests_quotes(read: Reader) -> None:
    """As in version 1 of the language, but told better."""
    result = read.service('before "script" { command = true }')
    assert result.messages == ["E204: command: must be a string, not a boolean"]
    assert result.suggestions == ['write "true"']


def test_single_string_where_a_list_is_expected_is_a_list_of_one(read: Reader) -> None:
    """The Go tool's README writes ``tags = "deployment"``."""
    artifact = read.service(artifact='symlinksTo = "/usr/bin"').web.artifact
    assert artifact.symlinks_to == ("/usr/bin",)


def test_list_of_strings_is_read(read: Reader) -> None:
    """Numbers in it take their source text."""
    artifact = read.service(artifact='shared = ["log", 7]').web.artifact
    assert artifact.shared == ("log", "7")


def test_list_in_a_list_is_an_error(read: Reader) -> None:
    """The inner one is what is pointed at."""
    result = read.service(artifact='symlinksTo = ["/usr/bin", ["x"]]')
    assert result.codes == ["E204"]
    assert '"/usr/bin", ["x"]' in result.text


def test_path_is_made_absolute_and_clean(read: Reader, tmp_path: Path) -> None:
    """Relative to the working directory, without the trailing slash."""
    result = read.service(main='state_path = "./state/"\n')
    assert result.config.state_path == tmp_path / "state"


@pytest.mark.parametrize("written", ["//srv/a", "/srv//a/", "/srv/b/../a", "///srv/./a"])
def test_path_has_one_spelling(read: Reader, written: str) -> None:
    """Else a refused place could be written so that nobody knows it."""
    assert read.service(main=f'state_path = "{written}"\n').config.state_path == Path("/srv/a")


@pytest.mark.parametrize(
    "written", ['"900150983CD24FB0D6963F7D28E17F72"', r'"\"900150983cd24fb0d6963f7d28e17f72\""']
)
def test_hash_is_an_md5_or_a_quoted_etag(read: Reader, written: str) -> None:
    """Both spellings are one md5."""
    assert read.service(f"hash = {written}").web.hash == Md5("900150983cd24fb0d6963f7d28e17f72")


def test_hash_that_is_no_md5_is_a_warning_and_left_out(read: Reader) -> None:
    """The Go tool would simply have updated."""
    result = read.service('hash = "unknown"')
    assert result.codes == ["W227"]
    assert result.web.hash is None


def test_choice_that_is_none_names_what_there_is(read: Reader) -> None:
    """And the nearest one."""
    result = read.service('before "script" { command = "true" onFailure = "abbort" }')
    assert result.messages == ['E206: onFailure: "abbort" is none of: abort, continue']
    assert result.suggestions == ['did you mean "abort"?']


def test_text_that_no_kernel_takes_is_an_error(read: Reader) -> None:
    """NUL and bytes that are no text are refused while reading, not when a hook starts."""
    assert read.service(r'before "script" { command = "a\x00b" }').codes == ["E205"]
    hook = 'before "script" { command = env("COMMAND") }'
    assert read.service(hook).codes == ["W217"]
    main = 'defaults { before "script" { command = env("COMMAND") } }'
    assert read(main, environ={"COMMAND": "a\udcffb"}).codes[-1] == "E205"


def test_template_that_is_none_is_an_error_at_load_time(read: Reader) -> None:
    """A typo in a deploy message must not wait for the deploy."""
    hook = 'after "graphite-event" { host = "http://g" what = "{{.Nmae}}" }'
    assert read.service(hook).codes == ["E205"]


def test_block_of_strings_takes_words_and_numbers(read: Reader) -> None:
    """``env {}`` holds whatever an environment can."""
    hook = read.service('before "script" { command = "x" env { A = "b" N = 1 T = true } }').web
    assert dict(hook.before[0].options.env) == {"A": "b", "N": "1", "T": "true"}


def test_object_is_the_same_as_a_block(read: Reader) -> None:
    """``env = {}`` and ``env {}`` are one spelling."""
    hook = read.service('before "script" { command = "x" env = { A = "b" } }').web
    assert dict(hook.before[0].options.env) == {"A": "b"}


@pytest.mark.parametrize(
    "env", ['env = "x"', 'env { A "B" { } }', "env { A = [] }", 'env { "A\\x00" = "b" }']
)
def test_block_of_strings_that_is_none_is_an_error(read: Reader, env: str) -> None:
    """Names and strings, nothing else."""
    result = read.service(f'before "script" {{ command = "x" {env} }}')
    assert result.loaded.config is None
    assert result.codes[-1] in ("E204", "E205")


@pytest.mark.parametrize(("written", "value"), [("1.5", 1.5), ('"2"', 2.0), ("3", 3.0)])
def test_fraction_may_be_quoted(written: str, value: float) -> None:
    """As in version 1 of the language."""
    assert _scalar(written, float) == value


@pytest.mark.parametrize("written", ['"x"', "-1", "1e400", '"nan"', "[1]", "true"])
def test_fraction_that_is_none_or_out_of_range_is_refused(written: str) -> None:
    """Not a number means not a number."""
    with pytest.raises(FaultError):
        _scalar(written, float)


def test_named_string_is_a_string() -> None:
    """A ``NewType`` of str takes the text as it is."""
    assert _scalar('"abc"', Token) == "abc"


def _scalar(written: str, hint: Any) -> Any:
    file = parse(Source("x.hcl", f"a = {written}")).file
    resolver = Resolver({}, str, Path("/"), Mode.REQUIRE)
    return Scalars(resolver, Path("/")).read(file.body.items[0].value, hint)


@pytest.mark.parametrize(
    ("artifact", "message"),
    [
        ('md5 = "abc"', 'E205: md5: "abc" is not 32 hex digits'),
        ('sha256 = "abc"', 'E205: sha256: "abc" is not 64 hex digits'),
        ('mode = "u+x"', 'E205: mode: "u+x" is not a mode such as "0644" or "0755"'),
        ('mode = "4755"', 'E205: mode: "4755" is not a mode such as "0644" or "0755"'),
    ],
)
def test_artifact_key_with_a_rule_of_its_own_is_checked(
    read: Reader, artifact: str, message: str
) -> None:
    """Digests are hex digits of the right number, modes are octal without set-id bits."""
    assert read.service(artifact=artifact).messages == [message]


def test_digest_in_capitals_is_the_same_digest(read: Reader) -> None:
    """Digests compare in lower case."""
    artifact = read.service(artifact=f'md5 = "{"AB" * 16}"').web.artifact
    assert artifact.md5 == "ab" * 16


def test_known_format_is_taken(read: Reader) -> None:
    """Whatever the suffix says."""
    assert read.service(artifact='format = "tar.gz"').web.artifact.format == "tar.gz"


def test_unknown_format_names_what_there_is(read: Reader) -> None:
    """The formats of the install engine."""
    (message,) = read.service(artifact='format = "rar"').messages
    assert message.startswith('E206: format: "rar" is none of: auto, file,')
