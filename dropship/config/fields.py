"""The keys that a dataclass declares by ``option()``: their spellings, types and defaults."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any, NamedTuple, get_args, get_type_hints

from dropship.config.scalar import bare
from dropship.core.option import Option, fold, options_of
from dropship.core.values import Named, Secret


class Field(NamedTuple):
    """One configurable field of a dataclass; ``default`` is MISSING where it has none."""

    name: str
    hint: Any
    option: Option
    default: Any

    @property
    def keys(self) -> tuple[str, ...]:
        """Every folded spelling."""
        return (fold(self.option.key), *map(fold, self.option.aliases))

    @property
    def secret(self) -> bool:
        """Its value must not be shown."""
        return self.option.secret or bare(self.hint) is Secret

    @property
    def hidden(self) -> bool:
        """Its value is kept out of drawings: secrets, and headers and environments."""
        return self.secret or self.named

    @property
    def named(self) -> bool:
        """It is a block of names and texts: headers, an environment."""
        hint = bare(self.hint)
        # To Python 3.10 the type of a list is a class too, until it is looked at as one.
        return not get_args(hint) and isinstance(hint, type) and issubclass(hint, Named)


@lru_cache(maxsize=128)
def fields_of(cls: type) -> tuple[Field, ...]:
    """The configurable fields of a dataclass."""
    hints, defaults = get_type_hints(cls), {one.name: one.default for one in fields(cls)}
    return tuple(
        Field(name, hints[name], said, defaults[name]) for name, said in options_of(cls).items()
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
