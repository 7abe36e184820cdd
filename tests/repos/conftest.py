"""The real servers that stores are tested against."""

from tests.servers.fixtures import nginx, swift

__all__ = ["nginx", "swift"]
