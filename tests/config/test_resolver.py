"""``env()`` and ``file()``, by who reads the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropship.config.load import Mode
from dropship.core.values import Duration, Secret
from tests.config.conftest import WEB, Reader

SOUND = WEB.format(service="", artifact="")
S3 = """
repo "s3" { accessKey = "a" secret = %s }
service "web" {
  checkInterval = "10s"
  artifact "s3" { bucket = "b" path = "p" destination = "/srv/web" }
}
"""


def test_variable_is_read_and_its_name_remembered(read: Reader) -> None:
    """Hooks must not see it, so its name is kept."""
    result = read(S3 % 'env("S3_SECRET")', environ={"S3_SECRET": "hunter2"})
    assert result.codes == []
    assert result.web.artifact.repo.options.secret == Secret("hunter2")
    assert result.config.environ_read == {"S3_SECRET"}


def test_default_stands_in_for_a_variable_that_is_not_set(read: Reader) -> None:
    """Its name is remembered all the same."""
    result = read(SOUND.replace('"10s"', 'env("EVERY", "7s")'))
    assert result.web.check_interval == Duration.of(7)
    assert result.config.environ_read == {"EVERY"}


@pytest.mark.parametrize(
    ("mode", "codes"), [(Mode.REQUIRE, ["E217"]), (Mode.WARN, ["W217"]), (Mode.LENIENT, [])]
)
def test_missing_secret_is_as_bad_as_the_reader_needs_it(
    read: Reader, mode: Mode, codes: list[str]
) -> None:
    """An error for the agent, a warning for validate, nothing for status."""
    result = read(S3 % 'env("S3_SECRET")', mode=mode)
    assert result.codes == codes
    if mode is not Mode.REQUIRE:
        assert result.web.artifact.repo.options.secret == Secret("")


@pytest.mark.parametrize(("mode", "code"), [(Mode.REQUIRE, "E218"), (Mode.WARN, "W218")])
def test_missing_file_is_as_bad_as_the_reader_needs_it(read: Reader, mode: Mode, code: str) -> None:
    """As a variable, with the cause."""
    result = read(S3 % 'file("/nowhere/secret")', mode=mode)
    assert result.codes == [code]
    assert "No such file or directory" in result.text


def test_contents_of_a_file_lose_one_newline(read: Reader, tmp_path: Path) -> None:
    """Editors put one there; a second one may be meant."""
    (tmp_path / "secret").write_text("hunter2\n\n")
    result = read(S3 % 'file("secret")')
    assert result.web.artifact.repo.options.secret == Secret("hunter2\n")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * ((1 << 20) + 1)])
def test_file_that_is_no_text_or_endless_is_not_taken(
    read: Reader, tmp_path: Path, content: bytes
) -> None:
    """A key file in DER, a device."""
    (tmp_path / "secret").write_bytes(content)
    assert read(S3 % 'file("secret")', mode=Mode.REQUIRE).codes == ["E218"]


def test_value_that_is_no_secret_is_checked_like_a_written_one(read: Reader) -> None:
    """A variable may hold nonsense too."""
    text = SOUND.replace('"10s"', 'env("EVERY")')
    assert read(text, environ={"EVERY": "often"}).codes == ["E205"]


def test_missing_value_that_validate_can_do_without_is_only_a_warning(read: Reader) -> None:
    """The agent may well have the variable."""
    result = read(SOUND.replace('"10s"', 'env("EVERY")'))
    assert result.codes == ["W217"]
    assert result.loaded.service_names == ("web",)


def test_missing_value_that_a_service_cannot_do_without_is_an_error_for_status(
    read: Reader,
) -> None:
    """A service must not vanish from ``status`` without a word."""
    result = read(SOUND.replace('"10s"', 'env("EVERY")'), mode=Mode.LENIENT)
    assert result.codes == ["E217"]


def test_element_of_a_list_may_be_a_call(read: Reader) -> None:
    """Wherever a value may stand."""
    text = WEB.format(service="", artifact='symlinksTo = [env("A"), "/b"]')
    assert read(text, environ={"A": "/a"}).web.artifact.symlinks_to == ("/a", "/b")
