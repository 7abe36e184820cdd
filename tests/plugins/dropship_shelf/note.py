"""A note of what was deployed: ``after "note" { file = "/var/log/deployed" }``."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from dropship.core.option import option
from dropship.core.template import Template
from dropship.core.values import Secret
from dropship.errors import HookError
from dropship.exec.run import Run
from dropship.hooks import Event
from dropship.hooks.fields import fields


@dataclass(frozen=True, slots=True)
class NoteOptions:
    """Keys of a ``note`` hook."""

    file: str = option(doc="File that a line is added to.")
    text: Template = option(Template.parse("{{.Name}} is {{.Hash}}"), doc="The line.")
    signer: str = option("", doc="Who signs the line.")
    key: Secret = option(Secret(""), doc="What it is signed with.", needs="signer")


class NoteHook:
    """Adds a line to a file, signed if there is somebody to sign it."""

    Options = NoteOptions
    notifies: ClassVar[bool] = True

    def __init__(self, options: NoteOptions) -> None:
        self._options = options

    def run(self, event: Event, run: Run) -> None:
        """Add the line."""
        del run  # nothing here takes long, or says anything
        try:
            with Path(self._options.file).open("a", encoding="utf-8") as file:
                file.write(self._line(event) + "\n")
        except OSError as error:
            raise HookError(f"{self._options.file}: {error.strerror}") from error

    def describe(self, event: Event) -> str:
        """What would be added, and where."""
        return f"{self._options.file}: {self._line(event)}"

    def _line(self, event: Event) -> str:
        line = self._options.text.render(fields(event))
        if not self._options.signer:
            return line
        key = self._options.key.reveal().encode()
        signature = hmac.new(key, line.encode(), hashlib.sha256).hexdigest()
        return f"{line}, says {self._options.signer} ({signature})"
