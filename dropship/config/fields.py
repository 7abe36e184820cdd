"""The keys that a dataclass declares by ``option()``: their spellings, types and defaults."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any, NamedTuple, get_args, get_type_hints

from dropship.config.scalar import bare
from dropship.core.option import Option, fold, options_of
from dropship.core.values import Named, Secret


class Field(NamedTuple):
    """One configurable field of a dataclass.

    Attributes:
        default: MISSING where it has none.
        keys: Every folded spelling.
        secret: Its value must not be shown.
        named: It is a block of names and texts: headers, an environment.
    """

    name: str
    hint: Any
    option: Option
    default: Any
    keys: tuple[str, ...]
    secret: bool
    named: bool

    @classmethod
    def of(cls, name: str, hint: Any, option: Option, default: Any) -> Field:
        """The field with what follows from the way it is declared, for each block that has it."""
        keys = (fold(option.key), *map(fold, option.aliases))
        plain = bare(hint)
        # To Python 3.10 the type of a list is a class too, until it is looked at as one.
        named = not get_args(plain) and isinstance(plain, type) and issubclass(plain, Named)
        return cls(name, hint, option, default, keys, option.secret or plain is Secret, named)

    @property
    def hidden(self) -> bool:
        """Its value is kept out of drawings: secrets, and headers and environments."""
        return self.secret or self.named


@lru_cache(maxsize=128)
def fields_of(cls: type) -> tuple[Field, ...]:
    """The configurable fields of a dataclass."""
    hints, defaults = get_type_hints(cls), {one.name: one.default for one in fields(cls)}
    return tuple(
        Field.of(name, hints[name], said, defaults[name]) for name, said in options_of(cls).items()
    )


def takes_nothing(cls: type) -> bool:
    """Whether every key of a dataclass may be left out."""
    return not any(field.option.required for field in fields_of(cls))


def spellings(*classes: type) -> list[str]:
    """Every key of some dataclasses, the preferred spelling first, aliases behind."""
    fields = [field for cls in classes for field in fields_of(cls)]
    return [field.option.key for field in fields] + [
        alias for field in fields for alias in field.option.aliases
    ]
