"""Field metadata: how a dataclass field is written in a configuration.

Backends and the config model declare what can be configured as frozen dataclasses whose fields
are made by ``option()``. ``config.decode`` fills them, ``config.schema`` prints them; nobody
else needs to know the spelling of a key.

The type of a field says what is accepted: ``str``, ``int``, ``bool``, ``float``, ``Duration``,
``Size``, ``Secret``, ``Template``, ``tuple[str, ...]`` (a single string is a list of one),
``Strings`` (a block or object of strings), ``Literal[...]`` and any of these ``| None``; in the
config model also ``Path`` (made absolute), ``Share`` and ``Md5``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING
from functools import lru_cache
from typing import Any, Final, NamedTuple

_KEY: Final = "dropship.option"


class Option(NamedTuple):
    """What ``option()`` said of a field.

    Attributes:
        key: Its spelling in a configuration; matched without regard to case, ``_`` and ``-``.
        doc: One sentence, for the reference.
        otherwise: What holds where the key is not written, in words; for what depends on the
            user, the host or another key, so that ``default`` cannot say it.
        secret: The value must never be shown.
        aliases: Other spellings that mean the same.
        deprecated: What to use instead, if the key is deprecated; else empty.
        required: It must be written: there is no default, not even in words.
        least: The smallest number that makes sense (bytes of a ``Size``, nanoseconds of a
            ``Duration``).
        most: The longest ``Duration`` that makes sense, in nanoseconds; 0: any.
        needs: The key without which this one is nothing; empty if it stands alone.
    """

    key: str
    doc: str
    otherwise: str = ""
    secret: bool = False
    aliases: tuple[str, ...] = ()
    deprecated: str = ""
    required: bool = False
    least: int = 0
    most: int = 0
    needs: str = ""


def option(  # noqa: PLR0913 - keywords of a declaration, as dataclasses.field has them
    default: Any = MISSING,
    *,
    doc: str,
    otherwise: str = "",
    key: str = "",
    secret: bool = False,
    aliases: tuple[str, ...] = (),
    deprecated: str = "",
    least: int = 0,
    most: int = 0,
    needs: str = "",
) -> Any:
    """Declare a configurable field; without ``default`` and ``otherwise`` it is required.

    With ``otherwise`` alone, whoever makes the dataclass fills in what the words say.
    ``key`` defaults to the field's name in camel case (``access_key`` → ``accessKey``).
    Defaults must be immutable: dataclass instances here are frozen and shared.
    """
    said = Option(
        key=key,
        doc=doc,
        otherwise=otherwise,
        secret=secret,
        aliases=aliases,
        deprecated=deprecated,
        required=default is MISSING and not otherwise,
        least=least,
        most=most,
        needs=needs,
    )
    # kw_only, so that required options may stand anywhere among the others.
    return dataclasses.field(default=default, metadata={_KEY: said}, kw_only=True)


def options_of(cls: type) -> dict[str, Option]:
    """The options of a dataclass by field name, keys filled in; fields without one are left out."""
    found: dict[str, Option] = {}
    for field in dataclasses.fields(cls):
        said = field.metadata.get(_KEY)
        if isinstance(said, Option):
            found[field.name] = said._replace(key=said.key or camel(field.name))
    return found


def camel(name: str) -> str:
    """``access_key`` → ``accessKey``."""
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


@lru_cache(maxsize=1024)  # the same keys come again and again
def fold(key: str) -> str:
    """The form in which keys are compared: no case, no ``_``, no ``-``."""
    return key.replace("_", "").replace("-", "").casefold()
