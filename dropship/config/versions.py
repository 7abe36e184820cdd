"""The keys of an artifact that choose among versions, and ``{version}`` where it stands for one."""

from __future__ import annotations

from typing import Any, Final

from dropship.config.body import Body
from dropship.config.reader import Reader, Values
from dropship.core.option import fold
from dropship.core.pattern import PLACE
from dropship.hcl.ast import CallValue, Item, StringValue
from dropship.repos.address import parted

_ELSEWHERE: Final = ("destination", "bucket", "releasepath")
_CHOOSING: Final = ("version", "versionorder", "allowdowngrade")
_ONE_OBJECT: Final = "versionid"


def versions(reader: Reader, body: Body, values: Values, location: Any) -> None:
    """See that they make sense, alone and together; ``location``: the store's keys, or None."""
    _constraint(reader, body, values)
    for item in body.named(*_ELSEWHERE):
        if isinstance(item.value, StringValue) and PLACE in item.value.text:
            reader.report.warning(
                "W263",
                f"{item.keys[0].text}: {PLACE} stands for the version in a path only",
                item.value.span,
                suggestion="take it out: every release has a folder of its own already",
            )
    if location is None:
        return
    said = body.named("url" if getattr(location, "url", "") else "path")
    if not said or isinstance(said[-1].value, CallValue):
        return
    if PLACE in parted(location)[0]:
        _contradictions(reader, body, values)
    else:
        _placeless(reader, body, values, said[-1])


def _constraint(reader: Reader, body: Body, values: Values) -> None:
    if not values.get("version"):
        return
    from dropship.core.version import (  # noqa: PLC0415 - few choose among versions
        Constraint,
        VersionError,
    )

    item = body.named("version")[-1]
    try:
        Constraint(values.get("version_order", "semver"), values["version"]).check()
    except VersionError as error:
        if not reader.report.told(item):
            cure = error.cure or None
            reader.report.error("E260", f"version: {error}", item.value.span, suggestion=cure)
        values.whole = False


def _placeless(reader: Reader, body: Body, values: Values, place: Item) -> None:
    """Nothing says where the version is."""
    key = place.keys[0].text
    for item in body.named(*_CHOOSING):
        message = f"{item.keys[0].text} is nothing without {PLACE} in {key}"
        cure = f'write where it stands: {key} = "…-{PLACE}…"'
        if fold(item.keys[0].text) == "version":
            reader.report.error("E261", message, item.keys[0].span, suggestion=cure)
            values.whole = False
        else:
            reader.report.warning("W228", message, item.keys[0].span, suggestion=cure)


def _contradictions(reader: Reader, body: Body, values: Values) -> None:
    """What is about one object is hardly about all versions."""
    for item in body.named(_ONE_OBJECT):
        message = f"versionId is of one object, and {PLACE} in the path means several"
        reader.report.error("E262", message, item.keys[0].span, suggestion="leave one of them out")
        values.whole = False
    for item in body.named("md5", "sha256"):
        message = f"{item.keys[0].text}: only one of the versions can have it"
        cure = "write the version in the place of {version}, or leave it out"
        reader.report.warning("W264", message, item.keys[0].span, suggestion=cure)
