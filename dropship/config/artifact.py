"""``artifact`` blocks: which store, where in it, and how it is unpacked."""

from __future__ import annotations

import re
from itertools import pairwise
from os.path import normpath
from pathlib import Path
from typing import Any, Final, NamedTuple

from dropship.config import hints
from dropship.config.backends import Entries, implicit_repo, needing_no_block
from dropship.config.body import Block, Body
from dropship.config.fields import fields_of, spellings
from dropship.config.model import ArtifactConfig, RepoConfig
from dropship.config.reader import FAULTY, Reader, Values, nearest
from dropship.config.sketch import Claims, Stored
from dropship.config.versions import versions
from dropship.core.option import fold
from dropship.hcl.ast import CallValue, Key, NullValue, NumberValue, StringValue
from dropship.hcl.diagnostics import Related
from dropship.plugins import BUILT_IN, Kind

_MODE: Final = re.compile(r"0?[0-7]{3}")


def the_artifact(reader: Reader, service: Body) -> Block | None:
    """The one artifact block of a service; what is wrong with there being none or more is said."""
    found = reader.blocks(service, "artifact", "the name of a repo")
    if not found:
        if all(isinstance(item.value, NullValue) for item in service.named("artifact")):
            reader.missing(service, "artifact", 'artifact "REPO" { … }', ("artifact",))
        return None
    for first, second in pairwise(found):
        related = (Related("the other one is here", first.body.header),)
        if first.label and second.label and first.label.text == second.label.text:
            reader.report.warning(
                "W207", "artifact is written twice; the last one counts", second.body.header,
                suggestion="remove one of the two", related=related,
            )  # fmt: skip
        else:
            reader.report.error(
                "E211", f"{service.title} has more than one artifact", second.body.header,
                suggestion="make a service of each", related=related,
            )  # fmt: skip
    return found[-1]


class Taken(NamedTuple):
    """An artifact as far as it could be read.

    Attributes:
        body: Its block.
        values: Its own keys, by field name.
        made: None if anything is at fault, or its store is not known here.
        repo, location: None where those are at fault or not known.
    """

    body: Body
    values: Values
    made: ArtifactConfig | None = None
    repo: RepoConfig | None = None
    location: Any = None


def artifact(reader: Reader, block: Block, repos: Entries, *, alone: bool) -> Taken:
    """What could be read of the artifact; all that is wrong with it is said."""
    body, label = block.body, block.label
    assert label is not None  # noqa: S101 - Reader.blocks leaves those out
    values = _checked(reader, body, reader.read(ArtifactConfig, body))
    if body.named("type"):
        _go_type(reader, body)
    _whole(reader, body, values)
    entry = repos.get(label.text) or implicit_repo(reader, label.text, label.span)
    if entry is None:
        _undefined(reader, label, repos, alone=alone)
        versions(reader, body, values, None)
        return Taken(body, values)
    if entry.cls is None:
        versions(reader, body, values, None)
        return Taken(body, values)
    cls = entry.cls.Location
    reader.unknown(body, spellings(ArtifactConfig, cls), secret=_secrets(cls))
    location: Any = reader.make(cls, body)
    _somewhere(reader, body, location)
    versions(reader, body, values, None if location is FAULTY else location)
    _something_beside(reader, body, values, location)
    repo: RepoConfig | None = entry.config
    made = values.make(ArtifactConfig, repo=repo or FAULTY, location=location)
    taken = Taken(body, values, made, repo, None if location is FAULTY else location)
    _whole_url(reader, taken)
    return taken


def _secrets(cls: type) -> list[str]:
    return [key for field in fields_of(cls) if field.secret for key in field.keys]


def stored_at(taken: Taken, cwd: Path) -> Stored | None:
    """Where on this host the artifact is taken from, if it is."""
    repo, location = taken.repo, taken.location
    if repo is None or location is None or repo.type != "file":
        return None
    root: Path | None = repo.options.root
    path = cwd / location.path if root is None else root / location.path.lstrip("/")
    return Stored(Path(normpath(path)), root)


def claims(taken: Taken) -> Claims:
    """What is said of the artifact's format."""
    # Of a store that is not known the keys are, as they are written.
    items = taken.body.named("url", "path") if taken.location is None else []
    where = [str(getattr(taken.location, key, None) or "") for key in ("url", "path")]
    where += [item.value.text for item in items if isinstance(item.value, StringValue)]
    name = re.split("[?#]", next(filter(None, where), ""))[0]
    return Claims(taken.values.get("format", ""), taken.values.get("content_type", ""), name)


def _somewhere(reader: Reader, body: Body, location: Any) -> None:
    """Where a store knows several ways to say where the artifact is, one must be used."""
    ways = [name for name in ("url", "path") if hasattr(location, name)]
    items = body.named(*ways)
    elsewhere = any(isinstance(item.value, CallValue) for item in items)
    if ways and not elsewhere and not any(getattr(location, name) for name in ways):
        reader.missing(body, " or ".join(ways), f"{ways[0]} = …", ways)


def _something_beside(reader: Reader, body: Body, values: Values, location: Any) -> None:
    """Of a store without paths nobody can say what stands beside an artifact."""
    if location is FAULTY or any(hasattr(location, name) for name in ("url", "path")):
        return
    if values.get("checksum"):
        why = "takes an artifact with a path, which this store does not have"
        _unfit(reader, body, values, "checksum", why, suggestion="leave it out")


def _whole_url(reader: Reader, taken: Taken) -> None:
    """An address that is no whole one needs another to be below."""
    if taken.repo is None or taken.location is None or taken.repo.type != "http":
        return
    base, said = taken.repo.options.url, taken.location.url or taken.location.path
    if base or said != said.strip() or not said or re.match(r"(?i)https?:", said):
        return
    key = "url" if taken.location.url else "path"
    scheme = re.match(r"[A-Za-z][\w+.-]*(?=://)", said)
    what = f"an http store cannot ask by {scheme[0]}" if scheme else "this is no whole URL"
    reader.report.warning(
        "W235",
        f"{key}: {what}" + ("" if scheme else ", and the repo has none to be below"),
        taken.body.named(key)[-1].value.span,
        suggestion="begin it with https://",
    )


def _go_type(reader: Reader, body: Body) -> None:
    reader.report.warning(
        "W221",
        "type in an artifact is the Go tool's word for content-type",
        body.named("type")[-1].keys[0].span,
        suggestion="write content-type",
    )


def _whole(reader: Reader, body: Body, values: Values) -> None:
    """The Go tool took a destination from wherever it was started; that stays possible."""
    value = body.named("destination")[-1].value if "destination" in values else None
    if isinstance(value, StringValue | NumberValue) and not value.text.startswith("/"):
        reader.report.warning(
            "W234",
            f"a relative destination: from here it is {values['destination']}, "
            "elsewhere it is another",
            value.span,
            suggestion="write the whole path",
        )


def _undefined(reader: Reader, label: Key, repos: Entries, *, alone: bool) -> None:
    named = {fold(name): name for name in (*repos, *BUILT_IN[Kind.REPO]) if name != label.text}
    message = f'the repo "{label.text}" is not defined'
    hint = nearest(fold(label.text), named)
    if alone:
        said = f"{message} in this file"
        reader.report.warning("W213", said, label.span, suggestion=hint)
    else:
        there_is = f"; there is: {', '.join(sorted({*repos, *needing_no_block()}))}"
        add = f'define it in the main file: repo "{label.text}" {{ … }}'
        reader.report.error("E213", message + there_is, label.span, suggestion=hint or add)


def _checked(reader: Reader, body: Body, values: Values) -> Values:
    """The rules of single keys that their types do not know."""
    for field, digits in (("md5", 32), ("sha256", 64)):
        if value := values.get(field):
            values[field] = value.lower()
            if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value.lower()):
                why = f"is not {digits} hex digits"
                _unfit(reader, body, values, field, why, suggestion=hints.digest(value))
    if values.get("mode") and not _MODE.fullmatch(values["mode"]):
        message = 'is not a mode such as "0644" or "0755"'
        _unfit(reader, body, values, "mode", message)
    if "symlinks_to" in values:
        _check_prefixes(reader, body, values)
    if values.get("shared"):
        _check_shared(reader, body, values)
    return values


def _check_prefixes(reader: Reader, body: Body, values: Values) -> None:
    for prefix in values["symlinks_to"]:
        if not prefix.startswith("/"):
            message = f'symlinksTo: "{prefix}" does not begin at the root, so no link leads there'
            span = body.named("symlinksto")[-1].value.span
            reader.report.error("E205", message, span, suggestion='write whole paths: "/usr/bin"')
            values.whole = False


def _check_shared(reader: Reader, body: Body, values: Values) -> None:
    from dropship.core import shared  # noqa: PLC0415 - seldom written

    item = body.named("shared")[-1]
    if reader.report.told(item):
        return
    span = item.value.span
    try:
        paths = [shared.parse(one) for one in values["shared"]]
    except ValueError as error:
        reader.report.error("E242", f"shared: a path {error}", span)
        values.whole = False
        return
    if clash := shared.nested(paths):
        message = f"shared: of {clash[0]} and {clash[1]}, one is or holds the other"
        reader.report.error("E242", message, span, suggestion="name the outer one only")
        values.whole = False
    if values.get("format") == "file":
        message = "shared: a single file has no paths to share"
        reader.report.error("E242", message, span, suggestion="leave it out")
        values.whole = False


def _unfit(  # noqa: PLR0913 - one place for three rules
    reader: Reader,
    body: Body,
    values: Values,
    field: str,
    why: str,
    *,
    suggestion: str | None = None,
) -> None:
    item = body.named(fold(field))[-1]
    if not reader.report.told(item):
        message = f'{field}: "{values[field]}" {why}'
        reader.report.error("E205", message, item.value.span, suggestion=suggestion)
    values.whole = False
