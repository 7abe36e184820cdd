"""What a template may show of an update: an event as the fields of ``core.template``."""

from __future__ import annotations

from collections.abc import Iterable

from dropship.hooks import Event


def fields(event: Event) -> dict[str, object]:
    """The fields by the names that templates use; no secret is among them."""
    return {
        "Name": event.service,
        "Hostname": event.hostname,
        "Hash": event.hash,
        "OldHash": event.old_hash,
        "NewHash": event.new_hash,
        "Release": event.release,
        "Phase": event.phase,
        "Error": event.error,
        "CheckInterval": str(event.check_interval),
        "UpdateTTL": str(event.update_ttl),
        "Sequential": event.sequential,
        "Version": event.version,
        "Artifact": event.artifact,
    }


def once(tags: Iterable[str], service: str) -> list[str]:
    """Tags as time lines want them: each once, empty ones left out, the service's name last."""
    return list(dict.fromkeys([*filter(None, tags), service]))
