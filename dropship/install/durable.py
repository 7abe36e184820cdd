"""Making what was written last through a crash of the host."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Write out a folder's names; a rename is durable only after that.

    Raises:
        OSError: It could not be written.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def draft_of(path: Path) -> Path:
    """Where ``write_file`` writes before ``path`` is there; a crash may leave it."""
    return path.with_name(f".{path.name}.new")


def write_file(path: Path, content: bytes) -> None:
    """Write a new file out to the disk; whoever looks at ``path`` sees all of it or none.

    Raises:
        OSError: It could not be written; nothing of it is left then.
    """
    draft = draft_of(path)
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
