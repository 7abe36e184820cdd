"""What must be true of every file that was formatted, and the real reader of HCL 2 to ask."""

from __future__ import annotations

from typing import Any

import pygohcl

from dropship.hcl.alike import alike
from dropship.hcl.ast import File, Source
from dropship.hcl.decode import Decoder
from dropship.hcl.diagnostics import Severity
from dropship.hcl.dump import dump
from dropship.hcl.format import formatted
from dropship.hcl.parser import parse

_PLACES = {"line", "col", "end_line", "end_col"}


def sound(text: str) -> File:
    """The file of a text that has no error."""
    parsed = parse(Source("a.hcl", text))
    assert [one for one in parsed.diagnostics if one.severity is Severity.ERROR] == [], text
    return parsed.file


def canonical(text: str) -> str:
    """The text's canonical form, of which is made sure that it says the same, and is stable."""
    before = sound(text)
    result = formatted(before)
    after = sound(result)
    assert alike(after, before)
    assert tree(after) == tree(before)
    assert decoded(after) == decoded(before)
    assert comments(after) == comments(before)
    assert heredocs(after) == heredocs(before)
    assert formatted(after) == result
    assert "\ufeff" not in result[:1]
    assert result == "" or (result[-1] == "\n" and not result.startswith("\n"))
    return result


def fault_of_version_two(text: str) -> str | None:
    """What HCL 2 says of a text that it does not read; its grammar alone, nothing is evaluated."""
    try:
        pygohcl.loads(text)
    except pygohcl.HCLParseError as fault:
        return str(fault)
    except pygohcl.HCLInternalError:
        return None  # it was read, and cannot be evaluated
    return None


def tree(file: File) -> Any:
    """The tree without places, and without whether a key is quoted."""
    return _bare(dump(file)["items"])


def decoded(file: File) -> Any:
    """The values; every call gives its own text."""
    return Decoder({}, lambda name: name).object(file.body)


def comments(file: File) -> list[str]:
    """The comments, without white space at their lines' ends."""
    return ["\n".join(map(str.rstrip, one.text.split("\n"))) for one in file.comments]


def heredocs(file: File) -> list[str]:
    """All heredocs as they are written, but for CRLF."""
    found: list[str] = []
    waiting: list[Any] = [file.body]
    while waiting:
        one = waiting.pop()
        if getattr(one, "heredoc", False):
            raw = file.source.text[one.span.start : one.span.end]
            found.append(raw.replace("\r\n", "\n").rstrip("\r"))
        waiting += getattr(one, "elements", ())
        waiting += [item.value for item in getattr(one, "items", ())]
    return found


def _bare(node: Any) -> Any:
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {name: _bare(one) for name, one in node.items() if name not in _PLACES}
    return found if "kind" in found else {**found, "type": None}
