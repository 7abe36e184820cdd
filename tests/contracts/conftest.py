"""The real servers, for suites that run over every backend."""

from tests.servers.fixtures import graphite, nginx, swift

__all__ = ["graphite", "nginx", "swift"]
