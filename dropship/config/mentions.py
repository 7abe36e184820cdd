"""What templates mention, and what may come of it.

A key that the artifact does not have (``{{.Artifact.bucket}}``) prints as nothing, as in the Go
tool; one that no artifact can have is hardly what was meant. JSON around a value that is put into it
as it is holds only until that value has a quote.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dropship.config import hints
from dropship.config.model import ArtifactConfig
from dropship.core import template_parser
from dropship.core.option import fold, options_of
from dropship.core.template import Template
from dropship.core.template_check import FIELDS
from dropship.errors import ConfigError
from dropship.plugins import Kind, find, names

_ARTIFACT: Final = ".Artifact."


class Mention(NamedTuple):
    """A key that cannot be shown: its place in the template, why, and what there is."""

    start: int
    end: int
    message: str
    suggestion: str | None


def odd_mentions(template: Template) -> Iterator[Mention]:
    """What a template mentions of the artifact, but can never show."""
    found = list(_keys_named(template))
    own = _keys(ArtifactConfig)
    if all(fold(name) in own for name, _, _ in found):
        return
    known = own | _of_stores()
    for name, start, end in found:
        secret = known.get(fold(name))
        if secret is None:
            message = f"no artifact has a key {name}, so nothing is shown"
            yield Mention(start, end, message, hints.near(name, list(known)))
        elif secret:
            yield Mention(start, end, f"{name} is a secret, so nothing is shown", None)


def _keys_named(template: Template) -> Iterator[tuple[str, int, int]]:
    """The keys of the artifact that a template names, where they stand."""
    for token in template_parser.fields(template.text):
        if token.text.startswith(_ARTIFACT):
            start = token.start + len(_ARTIFACT)
            yield template.text[start : token.end], start, token.end


def breaks_json(template: Template) -> bool:
    """Whether a template makes JSON, but none of values that have quotes or line ends."""
    if not template.text.lstrip().startswith(("{", "[")):
        return False
    return _is_json(_sample(template, "x")) and not _is_json(_sample(template, 'x"\n\\'))


def _sample(template: Template, value: str) -> str:
    artifact = dict.fromkeys((name for name, _, _ in _keys_named(template)), value)
    return template.render({**dict.fromkeys(FIELDS, value), "Artifact": artifact})


def _is_json(text: str) -> bool:
    import json  # noqa: PLC0415 - few templates make JSON

    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _of_stores() -> dict[str, bool]:
    """The keys that every store has for its artifacts; a store that cannot be loaded has none."""
    found: dict[str, bool] = {}
    for name in names(Kind.REPO):
        try:
            found |= _keys(getattr(find(Kind.REPO, name), "Location", ArtifactConfig))
        except ConfigError:
            continue
    return found


def _keys(cls: type) -> dict[str, bool]:
    """The keys of a dataclass, folded, and whether each is a secret."""
    return {fold(said.key): said.secret for said in options_of(cls).values()}
