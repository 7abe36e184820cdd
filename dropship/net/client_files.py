"""Files of a client certificate (PEM), looked at before OpenSSL is given them.

OpenSSL asks a terminal for the pass phrase of an encrypted key, and of a file that lacks something
says no more than "PEM lib".
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dropship.net.http import NetError

_ENCRYPTED: Final = b"ENCRYPTED"  # in the first line of PKCS #8, in the second of what came before
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE"
_KEY: Final = b"PRIVATE KEY-----"


def check(cert: str, key: str) -> None:
    """See that both are there and usable; ``key`` is empty where it is in ``cert``.

    Raises:
        NetError: One is not; which, and what to do.
    """
    if _CERTIFICATE not in _read(cert):
        raise NetError(f"{cert} holds no certificate", cure="write it as PEM", permanent=True)
    text = _read(key or cert)
    if _ENCRYPTED in text:
        raise NetError(
            f"the key in {key or cert} is encrypted, and nobody is there to type its pass phrase",
            cure="store it without one (openssl pkey -in OLD -out NEW), for the agent's user only",
            permanent=True,
        )
    if _KEY not in text:
        raise NetError(
            f"{key or cert} holds no key",
            cure="write it as PEM" if key else "name the file of the key too",
            permanent=True,
        )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise NetError(
            f"there is no file {path}", cure="create it, or name another", permanent=True
        ) from error
    except OSError as error:
        raise NetError(
            f"{path} cannot be read: {error.strerror}",
            cure="let the agent's user read it, or name another",
            permanent=True,
        ) from error
