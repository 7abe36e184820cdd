"""What is written as a value of a configuration is read as that value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship.config.fields import Field, fields_of
from dropship.config.layout import FILES, PLANS
from dropship.config.resolver import Mode, Resolver
from dropship.config.scalar import Scalars
from dropship.config.written import Written, written
from dropship.core.template import Template
from dropship.core.values import Duration, Secret, Share, Size, Strings
from dropship.hcl.ast import Source
from dropship.hcl.parser import parse
from dropship.plugins import find, names


def declared() -> Iterator[Field]:
    """Every key whose default says something."""
    classes = {cls for plan in (*FILES, *PLANS) for cls in plan.classes}
    for plan in PLANS:
        for name in names(plan.kind) if plan.kind else ():
            classes.add(getattr(find(plan.kind, name), plan.attribute))
    for cls in sorted(classes, key=lambda one: one.__qualname__):
        for field in fields_of(cls):
            if field.default is not MISSING and written(field.default) is not None:
                yield field


def read(value: Written, hint: Any, least: int = 0) -> Any:
    """The value as the decoder reads it from a file."""
    text = f"key = {json.dumps(value, ensure_ascii=False)}"
    parsed = parse(Source("x.hcl", text))
    assert parsed.file is not None
    assert parsed.diagnostics == ()
    scalars = Scalars(Resolver({}, str, Path("/"), Mode.REQUIRE), Path("/"))
    return scalars.read(parsed.file.body.items[0].value, hint, least)


@pytest.mark.parametrize("field", tuple(declared()), ids=lambda field: field.name)
def test_default_that_is_written_out_changes_nothing(field: Field) -> None:
    """It is read as the default that it is."""
    assert read(written(field.default), field.hint, field.option.least) == field.default


@given(st.integers(0, 2**63 - 1) | st.integers(0, 10**5).map(lambda n: n * 10**9))
def test_every_duration_is_read_as_itself(nanoseconds: int) -> None:
    """Whatever its unit."""
    length = Duration(nanoseconds)
    assert Duration.parse(str(written(length))) == length


@given(st.integers(0, 2**63 - 1) | st.integers(0, 10**5).map(lambda n: n << 20))
def test_every_size_is_read_as_itself(count: int) -> None:
    """Also as a share."""
    assert Size.parse(str(written(Size(count)))) == Size(count)
    assert Share.parse(str(written(Share(bytes=count)))) == Share(bytes=count)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Duration(0), "0s"),
        (Duration(1), "1ns"),
        (Duration(1_500), "1500ns"),
        (Duration(2_000), "2us"),
        (Duration.of(0.25), "250ms"),
        (Duration.of(60), "60s"),
        (Duration.of(90), "90s"),
        (Duration.of(120), "2m"),
        (Duration.of(300), "5m"),
        (Duration.of(3600), "1h"),
        (Duration.of(5400), "90m"),
        (Size(0), "0B"),
        (Size(10_000_000), "10MB"),
        (Size(20 << 30), "20GiB"),
        (Size(1001), "1001B"),
        (Share(fraction=0.05), "5%"),
        (Share(bytes=1 << 30), "1GiB"),
        (Template.parse("{{.Name}}"), "{{.Name}}"),
        (("a", Duration.of(1)), ["a", "1s"]),
        (Strings({"a": "b"}), {"a": "b"}),
        (Path("/a"), "/a"),
        (True, True),
        (0, 0),
        ("", None),
        (None, None),
        (Secret("sesame"), None),
    ],
)
def test_value_is_written_as_people_write_it(value: object, text: Written) -> None:
    """In the unit they would take; nothing for nothing, and never a secret."""
    assert written(value) == text
    assert type(written(value)) is type(text)
