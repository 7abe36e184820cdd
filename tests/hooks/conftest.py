"""The real servers that hooks talk to."""

from tests.servers.fixtures import graphite

__all__ = ["graphite"]
