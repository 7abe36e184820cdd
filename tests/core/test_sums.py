"""Files of checksums, as the tools of this world write them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.core.checksum import Algorithm, Checksum
from dropship.core.sums import Line, SumsError, parse, promised

MD5, SHA1, SHA256, SHA512 = "0f" * 16, "1e" * 20, "2d" * 32, "3c" * 64
OTHER = "4b" * 32


def said(
    data: bytes, path: str = "builds/linux/api.tar.gz", *, alone: bool = False
) -> dict[str, str]:
    """What a file promises of an artifact."""
    return {one.algorithm: one.value for one in promised(parse(data), path, alone=alone)}


@pytest.mark.parametrize(
    "text",
    [
        f"{SHA256}  api.tar.gz\n",
        f"{SHA256} *api.tar.gz\n",
        f"{SHA256} api.tar.gz\n",
        f"{SHA256}\tapi.tar.gz",
        f"{SHA256.upper()}  api.tar.gz\r\n",
        f"\ufeff{SHA256}  api.tar.gz\n",
        f"SHA256 (api.tar.gz) = {SHA256}\n",
        f"SHA256(api.tar.gz)= {SHA256}\n",
        f"SHA2-256(./api.tar.gz)= {SHA256.upper()}\r\n",
        f"{SHA256}  ./api.tar.gz\n",
        f"{SHA256}  linux/api.tar.gz\n",
        f"{SHA256}  ./builds/linux/api.tar.gz\n",
        f"# of today\n\n{OTHER}  web.tar.gz\n{SHA256}  api.tar.gz\n \n",
        f"{OTHER}  darwin/api.tar.gz\n{SHA256}  linux/api.tar.gz\n",
        f"{OTHER}  linux/api.tar.gz\n{SHA256}  api.tar.gz\n",
        f"{SHA256}  api.tar.gz\n{SHA256} *api.tar.gz\n",
    ],
)
def test_line_that_names_the_artifact_is_found(text: str) -> None:
    """In every notation; by its name, or by the end of its path where the name is another's."""
    assert said(text.encode()) == {"sha256": SHA256}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_text_of_windows_is_read(encoding: str) -> None:
    """PowerShell's ``>`` writes UTF-16."""
    assert said(f"{SHA256}  api.tar.gz\r\n".encode(encoding)) == {"sha256": SHA256}


@pytest.mark.parametrize("text", [SHA256, f"{SHA256}\n", f"{SHA256.upper()} \r\n"])
def test_digest_alone_is_enough_in_a_file_of_its_own(text: str) -> None:
    """And is of nobody's in a file of many."""
    assert said(text.encode(), alone=True) == {"sha256": SHA256}
    with pytest.raises(SumsError, match="it names no file, and not api"):
        said(text.encode())


def test_single_line_counts_whatever_name_it_gives() -> None:
    """The artifact was called otherwise where it was built."""
    text = f"{SHA256}  dist/api-2.1.tar.gz\n".encode()
    assert said(text, alone=True) == {"sha256": SHA256}
    with pytest.raises(SumsError, match=r"it names 'dist/api-2.1.tar.gz', and not api.tar.gz"):
        said(text)
    with pytest.raises(SumsError, match=r"it names 'a', 'dist/api-2.1.tar.gz', and not"):
        said(f"{OTHER}  a\n".encode() + text, alone=True)


def test_every_algorithm_is_told_apart_and_all_count() -> None:
    """By the number of digits."""
    text = "".join(f"{one}  api.tar.gz\n" for one in (MD5, SHA1, SHA256, SHA512)).encode()
    assert said(text) == {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "sha512": SHA512}


@pytest.mark.parametrize(
    ("text", "only", "message"),
    [
        (f"{SHA256}  api.tar.gz\n{OTHER}  api.tar.gz\n", None, "lines 1 and 2 have different dige"),
        (f"\n{MD5}  api.tar.gz\n", "sha256", "line 2 has an md5, where sha256 is expected"),
        (f"{SHA256}  api.tar.gz\n", "md5", "line 1 has a sha256, where md5 is expected"),
        ("", None, "there is no checksum in it, and not api.tar.gz"),
        ("# nothing\n", None, "there is no checksum in it, and not api.tar.gz"),
        (f"{SHA256}  x\n<html>\n", None, "line 2 is no checksum: '<html>'"),
        (f"{SHA256[:-1]}  api.tar.gz\n", None, "line 1 is no checksum"),
        (f"{SHA256}0  api.tar.gz\n", None, "line 1 is no checksum"),
        (f"SHA256 (api.tar.gz) = {MD5}\n", None, "line 1 is no checksum"),
        (f"SHA3-256 (api.tar.gz) = {SHA256}\n", None, "line 1 is no checksum"),
        (f"\\{SHA256}  a\\tb\n", None, "line 1 is no checksum"),
        (f"{SHA256}  x/api.tar.gz\n", None, "it names 'x/api.tar.gz', and not api.tar.gz"),
        (f"{SHA256}  /out/linux/api.tar.gz\n", None, "it names '/out/linux/api.tar.gz', and not"),
        (f"{SHA256}  a\n" * 9, None, "it names 'a', 'a', 'a', …, and not api.tar.gz"),
    ],
)
def test_file_that_does_not_say_is_told_with_its_line(
    text: str, only: Algorithm | None, message: str
) -> None:
    """So that whoever publishes it knows what to mend."""
    with pytest.raises(SumsError) as caught:
        promised(parse(text.encode()), "builds/linux/api.tar.gz", only=only)
    assert str(caught.value).startswith(message)


def test_text_that_only_begins_as_utf_16_is_told() -> None:
    """And is not guessed at."""
    with pytest.raises(SumsError, match="line 1 begins as UTF-16"):
        list(parse(b"\xff\xfea"))


@pytest.mark.parametrize("arguments", [[], ["--binary"], ["--tag"]])
@pytest.mark.parametrize(
    "name", ["api 1.tar.gz", " api", "*api", "a\\b\nc\rd", "(a) = b", "ä", "#"]
)
def test_what_the_real_tools_write_is_read(arguments: list[str], name: str, tmp_path: Path) -> None:
    """Names that need to be escaped, too."""
    (tmp_path / name).write_bytes(b"abc")
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        tool = shutil.which(f"{algorithm}sum")
        assert tool
        done = subprocess.run(
            [tool, *arguments, name], cwd=tmp_path, capture_output=True, check=True
        )
        digest = hashlib.new(algorithm, b"abc").hexdigest()
        assert promised(parse(done.stdout), name) == (Checksum(algorithm, digest),)  # type: ignore[arg-type] # one of four


@given(
    st.binary() | st.text(f"{SHA256} \\\n\r*()=#./SHA256MD5api").map(str.encode),
    st.text(),
    st.booleans(),
)
def test_any_bytes_parse_or_are_told(data: bytes, path: str, alone: bool) -> None:
    """Nothing else ever happens, and what is found is a digest."""
    path = path.encode("utf-8", "replace").decode()
    try:
        found = promised(parse(data), path, alone=alone)
    except SumsError:
        return
    assert found
    assert all(int(one.value, 16) >= 0 and one.value == one.value.lower() for one in found)


@given(
    # Blanks behind a digest are no name.
    st.binary(min_size=1).filter(lambda name: not {0, ord("/")} & set(name) and name.strip()),
    st.sampled_from(["text", "binary", "tag"]),
    st.booleans(),
)
def test_every_name_comes_back_as_it_was_written(name: bytes, kind: str, crlf: bool) -> None:
    """As coreutils escape it."""
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != name else b""
    digest = SHA256.encode()
    line = {
        "text": digest + b"  " + escaped,
        "binary": digest + b" *" + escaped,
        "tag": b"SHA256 (" + escaped + b") = " + digest,
    }[kind]
    (found,) = parse(mark + line + (b"\r\n" if crlf else b"\n"))
    assert found == Line("sha256", SHA256, name, 1)
