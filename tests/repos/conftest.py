"""A real Swift for the tests of its repo: a container, and the ways in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.shelves import Containers
from tests.repos.cloud_files import container
from tests.servers import identity
from tests.servers.identity import Identity
from tests.servers.swift import Swift


@pytest.fixture(scope="module")
def store(swift: Swift) -> Iterator[Containers]:
    """A container with one object in it."""
    with container(swift) as made:
        yield made


@pytest.fixture
def cloud(swift: Swift) -> Iterator[Identity]:
    """An identity service before it."""
    with identity.identity(swift) as made:
        yield made
