"""Which secrets a configuration holds."""

from __future__ import annotations

from dataclasses import dataclass

from dropship.core.secrets import secret_values
from dropship.core.values import Secret


@dataclass(frozen=True, slots=True)
class Inner:
    """A backend's options."""

    key: Secret
    user: str = "not-secret"
    none: Secret | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    """A configuration."""

    inner: Inner
    many: tuple[Inner, ...]
    named: dict[str, Secret]


def test_secrets_anywhere_in_a_configuration_are_found() -> None:
    """Nested, in tuples and in mappings; what is no secret or empty is not among them."""
    tree = Outer(
        Inner(Secret("one")), (Inner(Secret("two")), Inner(Secret(""))), {"x": Secret("three")}
    )
    assert secret_values(tree) == {"one", "two", "three"}
