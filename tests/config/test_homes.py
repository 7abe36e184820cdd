"""Keys in the wrong block, and names in blocks of strings."""

from __future__ import annotations

import pytest

from tests.config.conftest import WEB, Reader


@pytest.mark.parametrize(
    ("service", "artifact", "main", "hint"),
    [
        ("bucket = 1", "", "", "it belongs in the artifact block"),
        ("destination = 1", "", "", "it belongs in the artifact block"),
        ("timeout = 1", "", "", "it belongs in a hook"),
        ("onFailure = 1", "", "", "it belongs in a hook"),
        ('repo "x" {}', "", "", "it belongs in the main file"),
        ("minFree = 1", "", "", "it belongs in the main file"),
        ("", "checkInterval = 1", "", "it belongs in a service"),
        ("", 'before "script" {}', "", "it belongs in a service"),
        ("", "", "artifact {}", "it belongs in a service"),
        ("", "", "command = 1", 'it belongs in a hook such as after "script"'),
        ("", "", "defaults { destination = 1 }", "it belongs in the artifact block"),
        ("", "", "defaults { nofile = 1 }", "it belongs in a worker block"),
        ("within = 1", "", "", "it belongs in a health block"),
        ("perService = true", "", "", "it belongs in a lock block"),
        ("", "accessKey = 1", "", "it belongs in a repo block"),
        (
            'after "script" { command = "x" type = 1 }',
            "",
            "",
            'the type is its label: after "TYPE" { … }',
        ),
        (
            'health "script" { command = "x" type = 1 }',
            "",
            "",
            'the type is its label: health "TYPE" { … }',
        ),
        ("splai = 1", "", "", "did you mean splay?"),
        ("", "", 'repo "s3" { root = 1 }', None),
        ("config = 1", "", "", "the folder of service files is called service_path"),
    ],
)
def test_key_in_the_wrong_block_is_told_where_it_belongs(
    read: Reader, service: str, artifact: str, main: str, hint: str | None
) -> None:
    """A name that is known elsewhere is not taken for another that looks like it."""
    assert read(main + WEB.format(service=service, artifact=artifact)).suggestions == [hint]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ('env { "A=B" = "x" }', 'E205: env: "A=B" cannot be the name of a variable'),
        ('env { "" = "x" }', 'E205: env: "" cannot be the name of a variable'),
        ('env { A = "1" A = "2" }', "W207: A is written twice; the last one counts"),
    ],
)
def test_variable_must_be_one(read: Reader, block: str, said: str) -> None:
    """The kernel takes no others: the hook would fail when it is needed."""
    assert read.service(f'after "script" {{ command = "x" {block} }}').messages == [said]
    assert read.service('after "script" { command = "x" env { a = "1" A = "2" } }').codes == []


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ('"X Y" = "x"', 'E205: headers: "X Y" cannot be the name of a header'),
        ('X = "a\\nb"', "E205: headers: a header is one line"),
        ('X = "1" x = "2"', "W207: x is written twice; the last one counts"),
    ],
)
def test_header_must_be_one(read: Reader, block: str, said: str) -> None:
    """A request could not be sent with others."""
    result = read.service(main=f'repo "http" {{ headers {{ {block} }} }}\n')
    assert result.messages == [said]


@pytest.mark.parametrize(
    ("headers", "codes"),
    [
        ('X-Team = "platform" Accept = "application/json"', []),
        ('X-Team = "platform" Authorization = "Bearer abcd1234abcd"', ["W237"]),
        ('X-Team = "{{.Name}}" X-Key = "k3y"', ["W237"]),
        ('X-Team = "{{.Nam}}"', ["E205"]),
        ('X-Team = "{{.Artifact.buckt}}"', ["W249"]),
        ('"X Team" = "x"', ["E205"]),
    ],
)
def test_headers_are_templates_some_of_which_are_secrets(
    read: Reader, headers: str, codes: list[str]
) -> None:
    """Whatever is one is kept out of logs; what is none may stand in a file that others read."""
    text = f'url = "https://ops.example.org/" headers {{ {headers} }}'
    result = read.service(f'failed "webhook" {{ {text} }}', access=0o644)
    assert result.codes == codes


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (r"{\"text\": \"{{.Error}}\"}", ["W250"]),
        (r"{\"text\": {{json .Error}}}", []),
        (r"{\"text\": {{.Error}}}", []),  # a mistake, but one that shows at once
        (r"{\"text\": \"{{.Artifact.url}}\"}", ["W250"]),
        (r"{\"text\": \"all is well\"}", []),
        (r"[\"{{upper .Name}}\"]", ["W250"]),
        ("{{.Error}}", []),
        (r"text={{.Error | printf \"%q\"}}", []),
    ],
)
def test_body_that_a_quote_would_break_is_told(read: Reader, body: str, codes: list[str]) -> None:
    """Or the message of an error would get lost just when there is one."""
    url = "https://ops.example.org/"
    assert read.service(f'failed "webhook" {{ url = "{url}" body = "{body}" }}').codes == codes


@pytest.mark.parametrize(
    ("repo", "codes"),
    [
        ('"s3" { accessKey = "x" }', ["W228"]),
        ('"s3" { accessKey = "x" secret = "" }', []),
        ('"s3" { secret = "x" }', ["W228"]),
        ('"http" { clientKey = "/etc/hostname" }', ["W228"]),
        ('"http" { password = "x" }', ["W228"]),
        ('"swift" { authUrl = "https://h/v3" user = "x" password = "y" }', []),
        ('"swift" { authUrl = "https://h/v3" password = "y" }', ["W228"]),
    ],
)
def test_key_that_is_nothing_without_another_is_a_warning(
    read: Reader, repo: str, codes: list[str]
) -> None:
    """Half of a login does not log in."""
    assert read.service(main=f"repo {repo}\n").codes == codes


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('tag = "blue"', ["W228: tag is nothing without service"]),
        ('tag = "blue" service = "api"', []),
        ('password = "x"', ["W228: password is nothing without user"]),
        ('tag = "" service = ""', []),
    ],
)
def test_key_of_a_hook_that_is_nothing_without_another_is_a_warning(
    read: Reader, keys: str, said: list[str]
) -> None:
    """Consul refuses to look at the tags of no service."""
    result = read.service(f'after "consul-event" {{ name = "deployed" {keys} }}')
    assert result.messages == said


@pytest.mark.parametrize("block", ['repo "" { type = "file" }', 'lock " " { type = "file" }'])
def test_name_of_nothing_is_no_name(read: Reader, block: str) -> None:
    """Nobody could name it."""
    assert read.service(main=f"{block}\n").codes == ["E208"]


@pytest.mark.parametrize(
    ("store", "key"), [("s3", "bucket"), ("swift", "bucket"), ("swift", "container")]
)
def test_bucket_has_a_name_not_an_address(read: Reader, store: str, key: str) -> None:
    """As other tools take it."""
    repo = 'repo "swift" { user = "u" key = env("K", "") authUrl = "https://h/v1.0" }\n'
    artifact = f'artifact "{store}" {{ {key} = "s3://b" path = "x" destination = "/srv/web" }}'
    text = f'service "web" {{ checkInterval = "1s" {artifact} }}'
    assert read((repo if store == "swift" else "") + text).codes == ["W235"]


def test_null_says_nothing_of_blocks_either(read: Reader) -> None:
    """As JSON is made by programs."""
    text = (
        '{"repo": null, "defaults": null, "service": {"web": {"checkInterval": "1s", "after": null,'
        ' "artifact": %s}}}'
    )
    sound = '{"file": {"path": "/x", "destination": "/srv/web"}}'
    assert read(text % sound).codes == []
    assert read(text % "null").messages == ['E203: service "web" has no artifact']


def test_name_of_a_service_has_no_white_space_around_it(read: Reader) -> None:
    """It becomes the name of a folder, and is typed."""
    assert read(WEB.format(service="", artifact="").replace('"web"', '"web "')).codes == ["E220"]
