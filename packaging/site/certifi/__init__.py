"""Stands in for certifi in the packages: whom the host trusts, Dropship trusts.

A bundle of the package's own would grow old with it, and know nothing of the certificates that an
administrator has added to the host.
"""

from __future__ import annotations

import os
from typing import Final

# Debian and its kin; Fedora and its kin; SUSE.
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)


def where() -> str:
    """The host's bundle; the first known place of one where there is none."""
    return next(filter(os.path.exists, _BUNDLES), _BUNDLES[0])


def contents() -> str:
    """The bundle itself, in PEM."""
    with open(where(), encoding="ascii") as bundle:
        return bundle.read()
