"""Where a command is run."""

from __future__ import annotations

from pathlib import Path

from dropship.errors import ConfigError


def working_directory() -> Path:
    """The working directory.

    Raises:
        ConfigError: It was removed, or may not be looked at.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError(
            f"the working directory cannot be used: {error.strerror}",
            cure="change to a folder that exists, and run it again",
        ) from error
