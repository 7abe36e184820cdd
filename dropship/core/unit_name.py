r"""The name of a unit of systemd, as it is written in a configuration: ``api``, ``app@1.service``.

The rules are those of systemd.unit(5), less what would not be one unit: a template without its
instance (``app@``), a pattern, a path that systemctl would turn into the name of a mount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LONGEST: Final = 255  # characters, the type included
_TYPES: Final = frozenset(
    {"automount", "device", "mount", "path", "scope", "service", "slice", "socket", "swap",
     "target", "timer"}
)  # fmt: skip
_STRANGE: Final = re.compile(r"[^A-Za-z0-9:_.\\@-]")


@dataclass(frozen=True, slots=True)
class UnitName:
    """One unit, with its type: ``api.service``."""

    text: str

    @classmethod
    def parse(cls, text: str) -> UnitName:
        """Read a name; without a type it is a service.

        Raises:
            ValueError: No unit can have it; the message is for people.
        """
        strange = _STRANGE.search(text)
        if strange is not None:
            raise ValueError(f'"{text}" is no name of a unit: {_called(strange[0])} stands in it')
        if not text or text[0] in "-@":
            raise ValueError(f'"{text}" is no name of a unit such as "api" or "app@1.service"')
        name, _, kind = text.rpartition(".")
        if not name or kind not in _TYPES:
            name, kind = text, "service"
        if name.endswith("@") and name.count("@") == 1:
            raise ValueError(f'"{text}" is a template: name an instance, such as "{name}1.{kind}"')
        whole = f"{name}.{kind}"
        if len(whole) > _LONGEST:
            raise ValueError(f"the name of a unit has {_LONGEST} characters at most")
        return cls(whole)

    @property
    def is_service(self) -> bool:
        """Whether it is a service, which may die; a socket or a timer only stands there."""
        return self.text.endswith(".service")

    def __str__(self) -> str:
        return self.text


def _called(char: str) -> str:
    if char == "/":
        return "a slash (it is a name, not a path)"
    return "white space" if char.isspace() else f'"{char}"'
