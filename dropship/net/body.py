"""The bytes of an answer: counted, and never fewer than were promised."""

from __future__ import annotations

from http.client import HTTPException
from typing import Final, Protocol

import urllib3.exceptions

from dropship.errors import MovedError, RepoError

_SKIP: Final = 64 << 10


class Raw(Protocol):
    """What is needed of ``urllib3.response.HTTPResponse``."""

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:  # noqa: FBT001 - urllib3's
        """What is at hand, at most ``amt`` bytes; waits for the first."""

    def close(self) -> None:
        """Close the connection."""


class HttpBody:
    """A ``repos.Body`` over HTTP.

    ``length`` is how many bytes must come, None where the transfer itself tells its end
    (chunked). ``skip`` leading bytes are dropped, for a server that could not begin further on.
    """

    def __init__(self, raw: Raw, *, source: str, length: int | None, skip: int = 0) -> None:
        self._raw = raw
        self._source = source
        self._length = length
        self._skip = skip
        self._read = 0

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer`` as far as bytes are at hand; 0 at the end.

        Raises:
            RepoError: The connection broke, stalled, or ended short of what was promised.
        """
        while self._skip:
            self._skip -= len(self._some(min(self._skip, _SKIP))) or self._skip
        data = self._some(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Let go of the connection; one that is not read to its end cannot be used again."""
        self._raw.close()

    def _some(self, most: int) -> bytes:
        try:
            data = self._raw.read1(most, decode_content=False)
        except urllib3.exceptions.ReadTimeoutError as error:
            raise self._broken("stalled") from error
        except (urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise self._broken("broke") from error
        self._read += len(data)
        if self._length is not None:
            self._judge(data, self._length)
        return data

    def _judge(self, data: bytes, length: int) -> None:
        # http.client and urllib3 let a short body pass in some of their ways to read.
        if self._read > length:
            raise MovedError(
                f"{self._source} is longer than the {length} bytes that were announced"
            )
        if not data and self._read < length:
            raise self._broken("ended")

    def _broken(self, how: str) -> RepoError:
        of = "" if self._length is None else f" of {self._length}"
        return RepoError(f"{self._source}: the download {how} after {self._read}{of} bytes")
