"""Certificates of servers and clients on loopback, each its own authority."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.servers.process import missing


class Certificate(NamedTuple):
    """Files of a certificate (PEM), which is the authority for itself, and of its key."""

    cert: Path
    key: Path


def certificate(
    folder: Path,
    name: str = "",
    subject: str = "/CN=dropship tests",
    hosts: Iterable[str] = ("localhost",),
) -> Certificate:
    """A new one for 127.0.0.1 and ``hosts``; ``name`` begins its files' names."""
    if shutil.which("openssl") is None:
        missing("openssl")
    made = Certificate(folder / f"{name}cert.pem", folder / f"{name}key.pem")
    alternatives = ",".join(["IP:127.0.0.1", *(f"DNS:{host}" for host in hosts)])
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-keyout", made.key, "-out", made.cert,
            "-subj", subject, "-addext", f"subjectAltName={alternatives}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    ssl.create_default_context(cafile=made.cert)
    return made
