"""Where our reading of a template and Go's differ, and whether that is on purpose.

What is on purpose is told in ``docs/usage/templates.md``, "Not as in Go". Whatever Go refuses, we
refuse; what both render, comes to the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dropship.core.option import fold
from dropship.core.template import Template
from dropship.core.template_error import TemplateError
from tests.core.reference.program import Outcome, Rendered

# What we refuse and Go takes, at least with some fields: by what we say of it.
_PURPOSES: tuple[tuple[str, str], ...] = (
    ("an action or a function that is not here", r'^"(range|with|template|define|block|break|continue|nil)" is not to be had'),
    ("an action or a function that is not here", r'^there is no function "(call|html|index|slice|js|len|print|println|urlquery|ge|gt|le|lt)"'),
    ("a variable", r"there are no variables"),
    ("the dot alone", r"a dot alone has no value"),
    ("a character as a number", r"^\"'\" begins no string"),
    ("a number that is not whole, or of more than 64 bits", r" is not a whole number| is too large, numbers have 64 bits"),
    ("a string that is no UTF-8", r"^the bytes of .* are no UTF-8"),
    ("a verb or a flag of printf that is not here", r"^printf (knows|cannot do)|^the (width|precision) of "),
    ("printf with too few or too many values", r"^printf has \d+ verbs and \d+ values"),
    ("a format that is not written out", r"^printf takes its format first"),
    ("a field that is not there", r"^there is no field "),
    ("a field of a field", r"^\.\w+ has no fields of its own| is not a value; name one key"),
    ("fields of what is in parentheses", r'^a space is missing before "\.'),
    ("the number of arguments", r"^\w+ takes .* arguments?, not \d+"),
    ("the kind of an argument", r"^[%\w]+ wants a |^\w+ compares things of one kind"),
    ("arguments of what is no function", r'is not a function, so |^after "\|" there must be a function|^a function as an argument needs'),
    ("deeper than 50", r"^more than 50 "),
)  # fmt: skip

_KEY = re.compile(r"\.Artifact\.(\w+)")


def judge(
    text: str, theirs: Outcome, sets: Sequence[Mapping[str, object]]
) -> tuple[str, str] | None:
    """The difference and the purpose, that is empty where there is none; None for no difference."""
    try:
        template = Template.parse(text)
    except TemplateError as error:
        if all(one.failed for one in theirs.rendered):
            return None
        return "refused", _why(str(error))
    if theirs.refused:
        return "read", ""
    differences = [
        _difference(text, fields, template.render(fields), one)
        for fields, one in zip(sets, theirs.rendered, strict=True)
    ]
    found = [one for one in differences if one]
    # One without a purpose says more than the others.
    return min(found, key=lambda one: bool(one[1]), default=None)


def _why(message: str) -> str:
    return next((name for name, pattern in _PURPOSES if re.search(pattern, message)), "")


def _difference(
    text: str, fields: Mapping[str, object], ours: str, theirs: Rendered
) -> tuple[str, str] | None:
    if theirs.failed:
        missing = "invalid value; expected string" in theirs.failed
        return "rendered", "a key that the artifact does not have" if missing else ""
    if ours.encode() == theirs.text:
        return None
    return "another text", "a key in another spelling" if _respelled(text, fields) else ""


def _respelled(text: str, fields: Mapping[str, object]) -> bool:
    """Whether it names a key of the artifact as only we find it."""
    there_is = fields["Artifact"]
    assert isinstance(there_is, Mapping)
    folded = {fold(key) for key in there_is}
    return any(name not in there_is and fold(name) in folded for name in _KEY.findall(text))
