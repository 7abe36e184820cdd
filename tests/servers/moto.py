"""moto: Amazon's S3 and STS as far as they answer; who asks is not looked at.

So nothing about wrong credentials can be learnt here. Parts of an upload may have any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

from tests.servers.process import Process, free_port, home, missing


@dataclass(frozen=True)
class Moto:
    """A running moto."""

    port: int

    @property
    def endpoint(self) -> str:
        """URL of all its services."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        """A boto3 client of one of them; close it."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id="anybody",
            aws_secret_access_key="anything",
            region_name="us-east-1",
            config=Config(
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


@contextmanager
def running(folder: Path) -> Iterator[Moto]:
    """A moto that keeps everything in memory, its log in ``folder``."""
    program = home() / "moto" / "bin" / "moto_server"
    if not program.exists():
        missing("moto")
    moto = Moto(free_port())
    process = Process(
        [program, "-H", "127.0.0.1", "-p", str(moto.port)],
        folder / "moto.log",
        environ={"S3_UPLOAD_PART_MIN_SIZE": "1"},
    )
    try:
        process.wait_until(lambda: _is_moto(moto))
        yield moto
    finally:
        process.stop()


def _is_moto(moto: Moto) -> bool:
    try:
        answer = requests.get(f"{moto.endpoint}/moto-api/data.json", timeout=5)
    except requests.RequestException:
        return False
    return answer.ok
