"""No drawing of a source line shows a secret, whatever is wrong with the line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from dropship.config.body import Body
from dropship.config.check import Host, secrets
from dropship.config.load import Mode, load
from dropship.config.reader import Reader as ConfigReader
from dropship.config.report import Report
from dropship.config.resolver import Resolver
from dropship.core.option import option
from dropship.core.values import Duration
from dropship.hcl.ast import Source, Span
from dropship.hcl.diagnostics import draw
from dropship.hcl.parser import parse
from tests.config.conftest import WEB, Reader

SECRET = "hunter2"


@pytest.mark.parametrize(
    "line",
    [
        'repo "s3" { secret = "hunter2" retries = "x" }',
        'repo "s3" { secret = ["hunter2"] }',
        'repo "s3" { secret = { a = "hunter2" } }',
        'repo "s3" { secret = "hunter2" secret = "hunter2" }',
        'repo "s3" { SECRET = "hunter2" retries = "x" }',
        'repo "s3" { secert = "hunter2" }',
        'repo "s3" { sectoken = "hunter2" }',
        'repo "s3" { token = env("UNSET", "hunter2") retries = "x" }',
        'repo "s3" { secret = "hunter2\\q" }',
        'repo "s3" { secret = "hunter2',
        "repo \"s3\" { secret = 'hunter2' }",
        'repo "s3" { "secret": "hunter2" ]',
        'repo "http" { headers { Authorization = "hunter2" X = ["y"] } }',
        'repo "http" { password = "hunter2" url = "https://<host>" }',
        'repo "http" { url = "https://joe:hunter2@<host>/" }',
        'repo "unknown" { whatever = "hunter2" }',
        'lock "unknown" { whatever = ["hunter2"] }',
        'rackspace { key = "hunter2" }',
        'defaults { after "script" { command = 1 env { PASSWORD = "hunter2" } timeout = "x" } }',
        'defaults { after "unknown" { webhook = "hunter2" } }',
        'api_password = "hunter2"',
        'password = "hunter2\\q" maxStagings = "x"',
        'repo "s3" { secret "hunter2" }',
        "repo \"s3\" { secret 'hunter2' }",
        'repo "s3" { @secret = "hunter2" }',
        'repo "s3" { secret == "hunter2" }',
        'repo "s3" { secret = "" secret = \'hunter2\' }',
        'repo "s3" { my secret = "hunter2" }',
        'repo "s3" { secret = = "hunter2" }',
        'repo "s3" { sec\'ret = "hunter2" }',
        'repo "s3" { se cret = "hunter2" }',
        'repo "s3" { to,ken = "hunter2" }',
        'defaults { after "script" { command = "x" env { TOKEN }= "hunter2" } }',
        'defaults { after "script" { command = "x" env { X *= "hunter2" } }',
        'defaults { after "script" { command = "x" env { X "hunter2 } }',
        'repo "http" { headers { X-Auth *= "hunter2" } }',
        'repo "http" { headers { X: "hunter2" } }',
        'repo "http" url = "x" headers { X = "hunter2" Y = "b" } }',
        'defaults { after "chat" webhook = "hunter2" }',
        'repo "http" { url = "joe:hunter2@example.org" }',
        'after "webhook" { url = "hunter2" }',
        'repo "rackspace" { user = "u" what = "hunter2" }',
        'defaults { splay = "x" after "script" { command = "curl -u joe:hunter2 x" } }',
        'defaults { splay = "x" after "script" { command = "mysql -u root -phunter2 db" } }',
        'defaults { splay = "x" after "script" { command = "curl --user joe:hunter2 x" } }',
        'defaults { splay = "x" after "script" { command = "curl -H \\"X: Bearer hunter2hunter2\\"" } }',
        'defaults { splay = "x" after "script" { command = "curl https://hooks.example.org/hunter2" } }',
        'defaults { splay = "x" after "script" { command = "export T=ghp_hunter2hunter2hunter2" } }',
        'defaults { splay = "x" after "script" { command = "x eyJhbGciOiJ9.hunter2.hunter2" } }',
    ],
)
def test_secret_on_a_line_that_is_shown_is_masked(read: Reader, line: str) -> None:
    """The line is shown, the secret is not; nor does the message quote it."""
    result = read(line + "\n")
    shown = [one for one in result.loaded.diagnostics if one.span is not None]
    assert any(one.code != "W003" for one in shown)
    assert SECRET in line
    for one in shown:
        assert SECRET not in draw(one, result.loaded.masked), one
        assert SECRET not in one.message


def test_fault_of_a_secret_does_not_quote_it(read: Reader) -> None:
    """What does not fit is not shown either."""
    result = read('repo "s3" { secret = "hunter2\\x00" }')
    assert SECRET not in result.text


@dataclass(frozen=True, slots=True)
class _Curious:
    """A backend's options, one of which could quote a secret."""

    pin: Duration = option(Duration(0), doc="A secret that is no string.", secret=True)


def test_fault_of_a_secret_of_another_type_does_not_quote_it() -> None:
    """Messages of values that do not fit usually do."""
    file = parse(Source("x.hcl", 'pin = "hunter2"')).file
    body = Body("x", Span(file.source, 0, 0), file.body.items, (file.body.span,))
    report = Report()
    resolver = Resolver({}, str, Path("/"), Mode.WARN)
    values = ConfigReader(report, resolver, Path("/")).read(_Curious, body)
    assert not values.whole
    (diagnostic,) = report.diagnostics
    assert diagnostic.message == "pin: the value (not shown) does not fit"
    assert SECRET not in draw(diagnostic, report.masked)


def test_empty_secret_in_single_quotes_does_not_garble_the_message(read: Reader) -> None:
    """There is nothing to take out of it."""
    result = read("repo \"s3\" { secret = '' }")
    assert "…" not in result.loaded.diagnostics[-1].message


@pytest.mark.parametrize(
    "text",
    ["secret" * 5000, "a:" * 10000, "mysql " * 5000, "://hook" * 5000, "secret = " + "= " * 9000],
)
def test_line_without_end_takes_no_time_without_end(read: Reader, text: str) -> None:
    """The patterns look only so far: where they did not, this took minutes."""
    assert read(f'defaults {{ splay = "x" x = "{text}" }}').codes == ["E205", "W201"]


def test_short_secret_does_not_garble_the_message(read: Reader) -> None:
    """A single letter is in every word; it is taken out only where it is quoted."""
    result = read('repo "s3" { secret = ["a"] }')
    assert "E204: secret: must be a string, not a list" in result.messages
    result = read("repo \"s3\" { secret = 'a' }")
    assert not [one for one in result.messages if '"a"' in one or "'a'" in one]


def test_file_that_is_gone_by_now_is_no_fault_of_its_mode() -> None:
    """Between reading it and looking at it."""
    report = Report()
    report.secret(parse(Source("x.hcl", 'a = "hunter2"')).file.body.items[0].value)
    gone = Host(Path("/"), "", lambda path: path.stat().st_mode)
    secrets(report, gone, Path("/nowhere"))
    assert report.diagnostics == ()


def test_everything_else_of_the_line_is_shown(read: Reader) -> None:
    """A masked line still tells where one is."""
    result = read('repo "s3" { secret = "hunter2" retries = "x" }')
    assert 'repo "s3" { secret = ********* retries = "x" }' in result.text


def test_secret_in_a_file_that_others_can_read_is_a_warning(read: Reader) -> None:
    """Once a file, at its first one."""
    text = 'repo "s3" { accessKey = "a" secret = "hunter2" token = "hunter3" }\n' + WEB.format(
        service="", artifact=""
    )
    read(text)
    main = read.folder / "dropship.hcl"
    assert read(text).codes == []
    main.chmod(0o604)
    loaded = load(main, environ={}, cwd=read.folder, euid=0, mode=Mode.WARN)
    assert [one.code for one in loaded.diagnostics] == ["W237"]


def test_secret_from_elsewhere_is_no_warning(read: Reader) -> None:
    """That is what env() and file() are for; an empty default is no secret."""
    text = 'repo "s3" { secret = env("A") token = env("B", "") accessKey = "AKIA" }\n'
    read(text)
    (read.folder / "dropship.hcl").chmod(0o644)
    result = read(text, environ={"A": "hunter2"})
    assert "W237" not in result.codes
