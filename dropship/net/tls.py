"""What to do where TLS failed, by OpenSSL's words for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The reasons of OpenSSL's errors, as the text of an ``ssl.SSLError`` has them.
_CURES: Final[Mapping[str, str]] = {
    "KEY_VALUES_MISMATCH": "name the client certificate and the key that belong together",
    # Its answer was no TLS; most likely it was HTTP.
    "WRONG_VERSION_NUMBER": "check the port, or write http:// for one that speaks no TLS",
    "NO_CERTIFICATE_OR_CRL_FOUND": "name a file of PEM certificates in caBundle",
    "_ALERT_": "see whether the server wants a client certificate, and one that it trusts",
}
_OTHERWISE: Final = "check the certificate, or name its authority in caBundle"


def cure(reason: str) -> str:
    """A sentence fragment for an operator; ``reason``: the error's text."""
    return next((told for word, told in _CURES.items() if word in reason), _OTHERWISE)
