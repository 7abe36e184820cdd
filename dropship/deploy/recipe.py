"""The fingerprint of the settings that shape an unpacked tree: when it changes, staging repeats."""

from __future__ import annotations

import hashlib
import json

from dropship.config.model import ArtifactConfig


def recipe(artifact: ArtifactConfig) -> str:
    """The recipe of an artifact: the same settings give the same text, in any version."""
    # Settings at their default are left out, so that a key added later changes no recipe.
    settings = {
        "format": artifact.format if artifact.format != "auto" else None,
        "contentType": artifact.content_type or None,
        "md5": artifact.md5 or None,
        "sha256": artifact.sha256 or None,
        "stripComponents": artifact.strip_components or None,
        "shared": list(artifact.shared) or None,
        "owner": artifact.owner or None,
        "group": artifact.group or None,
        "mode": artifact.mode or None,
        "keepModes": artifact.keep_modes or None,
        "symlinksTo": list(artifact.symlinks_to) or None,
    }
    said = {key: value for key, value in settings.items() if value is not None}
    if not said:
        return ""
    text = json.dumps(said, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:16]
