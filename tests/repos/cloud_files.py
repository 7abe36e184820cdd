"""What tests of the Swift repo have in common: a container in a real Swift, and one fault."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from dropship.errors import RepoError
from dropship.repos.swift import SwiftLocation, SwiftOptions, SwiftRepo
from tests.contracts.shelves import Containers
from tests.servers.swift import SECRET, Swift

CONTAINER = "containers"
PLACE = SwiftLocation(bucket=CONTAINER, path="api.tar.gz")
TAG = hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
DATA = random.Random(8).randbytes(200_000)


@contextmanager
def container(swift: Swift) -> Iterator[Containers]:
    """A container with one object in it."""
    made = Containers(swift)
    made.make(CONTAINER)
    made.put(CONTAINER, "api.tar.gz", b"abc")
    yield made
    made.session.close()


def fault(keys: SwiftOptions, location: SwiftLocation = PLACE) -> RepoError:
    """The error that finding ends in; no secret is in it."""
    with closing(SwiftRepo(keys)) as repo, pytest.raises(RepoError) as caught:
        repo.find(location)
    said = f"{caught.value} {caught.value.__cause__!r}"
    assert SECRET not in said
    assert "hunter2" not in said
    return caught.value
