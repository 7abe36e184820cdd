"""Where our reading of a text and version 1's differ, and whether that is on purpose.

What is on purpose is told in ``grammar/README.md``; each difference must be one of those, by the
fault that we tell or by what stands in the text.
"""

from __future__ import annotations

import json
import re
from typing import Any

from dropship.hcl.ast import File, Source
from dropship.hcl.decode import Decoder
from dropship.hcl.diagnostics import Diagnostic, Severity
from dropship.hcl.dump import dump
from dropship.hcl.parser import parse
from tests.hcl.reference.library import Outcome

_TAIL = re.compile(r"-?(?:0[xX][0-9a-fA-F]*|[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?)(?:[^\W\d]|_)")
_NO_OCTAL = re.compile(r"-?0[89]")
_WILD = re.compile(r"\\(?:[4-7]|U)")
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")

# Differences that can be anything, since the two read on at different places: what stands in the
# text.
_ANYWHERE = (
    ("a byte order mark", re.compile(rb"\A\xef\xbb\xbf")),
    ("a call of env() or file()", re.compile(rb"(?:env|file)[ \t\r\n]*\(")),
    ("a <<- terminator in column 0", re.compile(rb"<<-([^\r\n]+)\r*\n(?:[^\n]*\n)*?\1\r*(?:\n|\Z)")),
    ("a heredoc that ends with the file", re.compile(rb"<<-?([^\r\n]+)\r*\n(?:.*\n)?[ \t\v\f\r]*\1\r*\Z", re.DOTALL)),
    ("carriage returns around a heredoc", re.compile(rb"<<(?=.*\r\r*\n)", re.DOTALL)),
)  # fmt: skip


def judge(text: bytes, theirs: Outcome) -> tuple[str, str] | None:
    """The difference and the purpose, that is empty where there is none; None for no difference."""
    parsed = parse(Source("x", text.decode("utf-8", "surrogateescape")))
    errors = [one for one in parsed.diagnostics if one.severity is Severity.ERROR]
    if errors:
        why = _why_refused(text, errors[0]) or _anywhere(text)
        return None if theirs.refused else ("refused", why)
    tree = dump(parsed.file)["items"]
    kind = _difference(parsed.file, tree, theirs, placed=not is_json(text))
    return (kind, _why(kind, text, tree, theirs)) if kind else None


def _difference(file: File, tree: Any, theirs: Outcome, *, placed: bool) -> str:
    if theirs.refused:
        return "read"
    if not _alike(tree, theirs.tree, placed=placed):
        return "another tree"
    if theirs.failed:
        return "decoded"
    same = _equal(Decoder({}, str).object(file.body), theirs.value)
    return "" if same else "another value"


def _why(kind: str, text: bytes, tree: Any, theirs: Outcome) -> str:
    if kind == "decoded":
        return "what version 1 cannot decode"
    if is_json(text) and kind == "read" and "char escape" in theirs.refused:
        return "JSON's escapes"
    if is_json(text) and _has_json_list(tree):
        return "a list in JSON"
    return _anywhere(text)


def is_json(text: bytes) -> bool:
    """Whether it is read as JSON."""
    return bool(_JSON.match(text))


def _why_refused(text: bytes, fault: Diagnostic) -> str:
    span = fault.span
    pointed = span.source.text[span.start : span.end] if span else ""
    if is_json(text):
        return "JSON that version 1 cuts short" if not _valid_json(text) else ""
    purposes = {
        "a number with a tail": fault.code == "E109" and _TAIL.match(pointed),
        "an octal number that is none": fault.code == "E109" and _NO_OCTAL.match(pointed),
        "an escape of no character": fault.code == "E108" and _WILD.match(pointed),
        "a key without a value": fault.code in ("E103", "E105") or text.rstrip().endswith(b"="),
        "deeper than 100": fault.code == "E118",
    }
    return next((purpose for purpose, holds in purposes.items() if holds), "")


def _valid_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:  # deeper than we go, too
        return False
    return True


def _has_json_list(node: Any) -> bool:
    """Whether a list holds what version 1 loses: lists, booleans, nulls."""
    if isinstance(node, list):
        return any(map(_has_json_list, node))
    if "val" in node:
        return _has_json_list(node["val"])
    inner = node.get("items", ())
    lost = node.get("kind") == "list" and any(
        one["kind"] == "list" or one.get("type") in ("BOOL", "NULL") for one in inner
    )
    return lost or any(map(_has_json_list, inner))


def _anywhere(text: bytes) -> str:
    return next((name for name, pattern in _ANYWHERE if pattern.search(text)), "")


def _alike(ours: Any, theirs: Any, *, placed: bool) -> bool:
    """Whether the trees are: kinds, types, texts, and the places of keys and literals."""
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(
            _alike(one, other, placed=placed) for one, other in zip(ours, theirs, strict=True)
        )
    if "keys" in ours or ours.get("kind") in ("object", "list"):
        names = ("keys", "val") if "keys" in ours else ("items",)
        return ours.get("kind") == theirs.get("kind") and all(
            _alike(ours[name], theirs[name], placed=placed) for name in names
        )
    null = ours["type"] == "NULL"
    found = {
        "type": "STRING" if null else ours["type"],
        "value": "" if null else ours["value"],
        "line": ours["line"] if placed else 0,
        "col": ours["col"] if placed else 0,
    }
    return {"value": found["value"], **theirs} == found


def _equal(ours: Any, theirs: Any) -> bool:
    """Equality that tells true from 1; Go writes 1.0 as 1."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_equal(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_equal, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, int) and not isinstance(theirs, bool):
        return ours == float(theirs)
    return bool(ours == theirs) and isinstance(ours, bool) == isinstance(theirs, bool)
