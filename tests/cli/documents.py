"""The JSON documents of the command line, held against their schemas.

One file a document in ``schemas``: every field that the contract names is required, with its type.
Others may be there, for fields are only ever added.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parent / "schemas"


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def lines(name: str, text: str) -> list[Any]:
    """The documents in ``text``, one a line, each as the schema ``name`` has it."""
    return [document(name, line) for line in text.splitlines()]


def document(name: str, text: str) -> Any:
    """The one document in ``text``, which is as the schema ``name`` has it."""
    found = json.loads(text)
    faults = [f"{one.json_path}: {one.message}" for one in _validator(name).iter_errors(found)]
    assert faults == [], f"dropship {name} --format json: {faults}\n{text}"
    return found
