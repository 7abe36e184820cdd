"""Values that fit their key, but hardly are what was meant: warnings, never errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from dropship.config.addresses import no_name, oddity
from dropship.config.report import Report
from dropship.core.option import fold
from dropship.core.template import Template
from dropship.core.values import Named, Secret
from dropship.hcl.ast import ListValue, NumberValue, ObjectValue, StringValue, Value

# Keys whose value is the name of a file that is read at run time.
_FILES: Final = frozenset({"cabundle", "cafile", "certfile", "clientcert", "clientkey", "keyfile"})
# Keys whose value is a name or a path, besides those whose type says so.
_NAMES: Final = frozenset({"accesskey", "bucket", "group", "owner", "path", "user"})


class Look(NamedTuple):
    """A key that is looked at.

    Attributes:
        type: Of its values.
        hidden: They must not be shown.
        relative: An address may be the rest of another.
    """

    report: Report
    key: str
    type: Any
    hidden: bool
    relative: bool

    def at(self, value: Value, read: Any, lacks: Callable[[str], str | None]) -> None:
        """Warn of what is odd about a value that came to ``read``.

        ``lacks`` says why a file cannot be read, or None.
        """
        if isinstance(value, ListValue) and isinstance(read, tuple):
            for one, element in zip(value.elements, read, strict=True):
                self.at(one, element, lacks)
        elif isinstance(value, ObjectValue) and isinstance(read, Named):
            for item in value.items:
                if isinstance(element := read.get(item.keys[0].text), Template):
                    self.at(item.value, element, lacks)
        elif isinstance(value, StringValue | NumberValue):
            if isinstance(read, Template) and isinstance(value, StringValue):
                self._template(value, read)
            self._text(value, lacks)

    def _template(self, value: StringValue, template: Template) -> None:
        from dropship.config.mentions import (  # noqa: PLC0415 - few write templates
            breaks_json,
            odd_mentions,
        )
        from dropship.hcl.inside import inside  # noqa: PLC0415 - as above

        for start, end, message, hint in odd_mentions(template):
            span = inside(value, start, end)
            self.report.warning("W249", f"{self.key}: {message}", span, suggestion=hint)
        if breaks_json(template):
            message = "a value with a quote or a line end would break this JSON"
            self._warn("W250", message, value, "write values as {{json .Error}}, without quotes")

    def _text(self, value: StringValue | NumberValue, lacks: Callable[[str], str | None]) -> None:
        text = value.text
        odd = oddity(self.key, text, relative=self.relative) or no_name(self.key, text)
        odd = None if self.hidden else odd
        if odd:
            self._warn("W235", odd[0], value, odd[1])
        elif text != text.strip() and self._exact():
            self._warn("W246", "there is white space around the value", value, "take it away")
        elif fold(self.key) in _FILES and text and (why := lacks(text)):
            cure = "create it, or let the agent's user read it"
            self._warn("W247", f"the file {text} cannot be read: {why}", value, cure)

    def _warn(self, code: str, message: str, value: Value, hint: str | None) -> None:
        self.report.warning(code, f"{self.key}: {message}", value.span, suggestion=hint)

    def _exact(self) -> bool:
        """Whether white space around a value can hardly be meant."""
        return self.type in (Path, Secret) or fold(self.key) in _NAMES
