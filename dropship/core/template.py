"""Templates of deploy messages: the part of Go's text/template that they need.

A template is checked wholly when it is parsed: fields, functions, number and kinds of arguments.
What parses cannot fail when it is rendered, so a typo shows at load time, never at deploy time.
Anything else that text/template knows is a ``ValueError`` that says what there is.

The language is Go's (pkg.go.dev/text/template); ``upper``, ``lower``, ``trunc`` and ``default``
are those of the sprig library, and ``json`` prints a value as JSON.

What reads and renders them is imported when it is first needed: the type stands in every
configuration's model, and most configurations have no template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dropship.core.values import Named

if TYPE_CHECKING:
    from dropship.core.template_tree import Node


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; two of the same text are equal."""

    text: str
    nodes: tuple[Node, ...] = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template.

        Raises:
            TemplateError: The text is none that can be rendered; the message is for people.
        """
        from dropship.core import template_parser  # noqa: PLC0415 - see above

        return cls(text, template_parser.parse(text))

    def render(self, fields: Mapping[str, object]) -> str:
        """The text with ``fields`` put in; a mapping among them has fields of its own.

        Never fails: a field that is not there prints as Go prints it, ``<no value>``.
        """
        from dropship.core import template_tree  # noqa: PLC0415 - see above

        return template_tree.rendered(self.nodes, fields)

    def __str__(self) -> str:
        return self.text


class Templates(Named[Template]):
    """Names and templates: the value of a webhook's ``headers {}``."""

    __slots__ = ()
