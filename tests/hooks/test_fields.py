"""The fields of templates are those of an event."""

from __future__ import annotations

from dropship.core.template import Template
from dropship.core.template_check import FIELDS
from dropship.core.values import Duration, Strings
from dropship.hooks import Event
from dropship.hooks.fields import fields

EVENT = Event(
    service="api", hostname="web-07", update_id="u1", phase="failed", hash="h", old_hash="o", new_hash="n",
    release="r", version="2", error="e", check_interval=Duration.parse("90s"), update_ttl=Duration(0),
    sequential=True, artifact=Strings({"bucket": "b", "content-type": "t"}),
)  # fmt: skip


def test_every_field_that_templates_may_name_is_there() -> None:
    """And no other."""
    assert set(fields(EVENT)) == {*FIELDS, "Artifact"}


def test_fields_show_what_the_event_says() -> None:
    """Durations as Go prints them."""
    text = (
        "".join(f"{{{{.{name}}}}} " for name in FIELDS)
        + "{{.Artifact.bucket}} {{.Artifact.contentType}}"
    )
    assert (
        Template.parse(text).render(fields(EVENT))
        == "api web-07 h o n r failed e 1m30s 0s true 2 b t"
    )
