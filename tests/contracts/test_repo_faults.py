"""What every store that is reached over a network makes of what goes wrong on the way."""

from __future__ import annotations

import hashlib
import random
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropship.errors import IntegrityError, MissingError, RepoError
from dropship.install.stage import stage
from dropship.repos import Repo
from dropship.repos.source import Source
from tests.contracts.shelves import Bucket, Container, Reached, Web, read
from tests.faults.proxy import Fault, proxy
from tests.install.stagings import CountingWatch, litter, request
from tests.servers.certificate import Certificate, certificate
from tests.servers.process import free_port

DATA = random.Random(7).randbytes(300_000)
NAME = "api.bin"
# Ten for a read, once more where the SDK tries again, and something for two noisy cores.
SECONDS = 40.0

Make = Callable[[pytest.FixtureRequest, str], Reached]
SHELVES: dict[str, Make] = {
    "http": lambda request, name: Web(request.getfixturevalue("nginx"), name, "/private"),
    "s3": lambda request, name: Bucket(request.getfixturevalue("swift"), name),
    "swift": lambda request, name: Container(request.getfixturevalue("swift"), name),
}


@pytest.fixture(params=SHELVES)
def shelf(request: pytest.FixtureRequest) -> Iterator[Reached]:
    """Every such store in turn, with an artifact in it."""
    name = f"faults-{request.param}-{abs(hash(request.node.nodeid)) % 10**9}"
    made = SHELVES[request.param](request, name)
    made.put(NAME, DATA)
    yield made
    made.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that nobody vouches for but itself."""
    return certificate(tmp_path_factory.mktemp("authority"))


def tls(authority: Certificate) -> ssl.SSLContext:
    """What shows it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.cert, authority.key)
    return context


def trouble(shelf: Reached, repo: Repo[Any], location: Any = None) -> RepoError:
    """What finding ends in."""
    with closing(repo), pytest.raises(RepoError) as caught:
        repo.find(location or shelf.location(NAME))
    assert "\n" not in str(caught.value)
    return caught.value


def test_authority_that_is_not_known_is_told_with_its_cure(
    shelf: Reached, authority: Certificate
) -> None:
    """Waiting makes nobody trusted."""
    with proxy(shelf.port, tls(authority)) as front:
        error = trouble(shelf, shelf.through(front.url))
    assert error.permanent
    assert "caBundle" in error.cure


def test_authority_that_is_named_is_trusted(shelf: Reached, authority: Certificate) -> None:
    """A private one, as many companies have."""
    with (
        proxy(shelf.port, tls(authority)) as front,
        closing(shelf.through(front.url, authority.cert)) as repo,
    ):
        assert read(repo, shelf.location(NAME)) == DATA


@pytest.mark.endurance
def test_store_that_says_nothing_is_given_up_in_time(shelf: Reached) -> None:
    """A worker that waited for ever would never update anything again."""
    with proxy(shelf.port) as front:
        silent = Fault("silent", lasting=True)
        front.begin([silent], [silent], lambda: None)
        began = time.monotonic()
        error = trouble(shelf, shelf.through(front.url))
        took = time.monotonic() - began
    assert not error.permanent
    assert took < SECONDS


@pytest.mark.parametrize("status", [429, 503])
def test_store_with_too_much_to_do_is_left_alone_as_long_as_it_wants(
    shelf: Reached, status: int
) -> None:
    """It passes, and sooner if everybody waits."""
    with proxy(shelf.port) as front:
        busy = Fault("status", text=str(status), lasting=True)
        front.begin([busy], [busy], lambda: None)
        error = trouble(shelf, shelf.through(front.url))
    assert not error.permanent
    assert str(status) in str(error)
    assert error.wait == 1.0


def test_store_that_is_down_is_named(shelf: Reached) -> None:
    """It passes, and somebody wants to know where to look."""
    port = free_port()
    error = trouble(shelf, shelf.through(f"http://127.0.0.1:{port}"))
    assert not error.permanent
    assert f"127.0.0.1:{port}" in str(error)


def test_wrong_credentials_are_told_by_the_names_of_their_keys(shelf: Reached) -> None:
    """Waiting does not mend them."""
    error = trouble(shelf, shelf.through(f"http://127.0.0.1:{shelf.port}", wrong=True))
    assert error.permanent
    assert shelf.keys_are_named in error.cure


def test_artifact_or_bucket_that_is_not_there_is_told(shelf: Reached) -> None:
    """As something that somebody has to look at; the two are told apart."""
    origin = f"http://127.0.0.1:{shelf.port}"
    missing = trouble(shelf, shelf.through(origin), shelf.location("nowhere.bin"))
    assert isinstance(missing, MissingError)
    assert missing.permanent
    assert "nowhere.bin" in str(missing)
    if bucket := shelf.nowhere():
        error = trouble(shelf, shelf.through(origin), bucket)
        assert error.permanent
        assert "bucket" in error.cure


def test_one_byte_that_changed_on_the_way_is_seen(shelf: Reached, tmp_path: Path) -> None:
    """By what the store promises, else by what the configuration does; nothing is left of it."""
    pinned = {} if shelf.promises_md5 else {"sha256": hashlib.sha256(DATA).hexdigest()}
    with proxy(shelf.port) as front, closing(shelf.through(front.url)) as repo:
        source = Source(repo, shelf.location(NAME))
        asked = replace(request(tmp_path, DATA, name=NAME, **pinned), found=source.find())
        front.begin([], [Fault("corrupt")], lambda: None)
        with pytest.raises(IntegrityError, match="what came from"):
            stage(asked, source, CountingWatch(), time.time)
        assert litter(asked.layout) == []
        assert stage(asked, source, CountingWatch(), time.time).release.bytes == len(DATA)
