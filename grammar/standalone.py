"""Writes the parser that a built package carries: ``python grammar/standalone.py OUTPUT``.

lark makes it of the grammar. It comes out the same each time, and without what only costs time
where a parser is loaded ready-made: lark's log, its caches on disk, the values of its annotations.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_GRAMMAR = Path(__file__).with_name("hcl.lark")
_STARTS = ("hcl", "json")
_SHIFT = 0  # as lark writes it: on to the state that follows; else a rule to reduce by
_MODULES = frozenset({"base64", "logging", "pickle", "zlib"})
_LOG = frozenset({"logger", "logging"})
_HEAD = """\
# As lark writes it, but for what dropship needs not: grammar/standalone.py takes that out.
from __future__ import annotations
"""


def write(path: Path) -> None:
    """Write the parser.

    Raises:
        subprocess.CalledProcessError: The grammar is at fault; lark has said why.
    """
    starts = [argument for start in _STARTS for argument in ("-s", start)]
    command = [sys.executable, "-m", "lark.tools.standalone", *starts, "-o", path, _GRAMMAR]
    subprocess.run(command, check=True)
    text = path.read_text(encoding="utf-8")
    path.write_text(_HEAD + "".join(_settled(text)), encoding="utf-8")


def _settled(text: str) -> Iterator[str]:
    """The lines with the table in one order: lark's depends on where objects lie in memory."""
    lines = text.splitlines(keepends=True)
    at = 0
    for node in ast.parse(text).body:
        end = node.end_lineno or node.lineno
        if _names(node) == ["DATA"]:
            yield from lines[at : node.lineno - 1]
            yield f"DATA = {_sorted(node)!r}\n"
            at = end
        elif _needless(node):
            yield from lines[at : node.lineno - 1]
            at = end
    yield from lines[at:]


def _needless(node: ast.stmt) -> bool:
    """Whether a statement of the module only brings what nothing here ever asks for."""
    if isinstance(node, ast.Import):
        return {one.name for one in node.names} <= _MODULES
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return False
    return any(isinstance(one, ast.Name) and one.id in _LOG for one in ast.walk(node))


def _sorted(node: ast.stmt) -> dict[str, Any]:
    assert isinstance(node, ast.Assign)  # noqa: S101 - of _names
    value: dict[str, Any] = ast.literal_eval(node.value)
    value["parser"]["parser"] = _renumbered(value["parser"]["parser"])
    return value


def _names(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [one.id for one in targets if isinstance(one, ast.Name)]


def _renumbered(table: dict[str, Any]) -> dict[str, Any]:
    """A parse table whose tokens are numbered by name, and its states as they are come upon."""
    names, states = table["tokens"], table["states"]
    tokens = {name: number for number, name in enumerate(sorted(names.values()))}
    rows = {
        state: sorted((tokens[names[token]], action) for token, action in row.items())
        for state, row in states.items()
    }
    starts = dict(sorted(table["start_states"].items()))
    found = dict.fromkeys(starts.values())
    queue = list(found)
    for state in queue:  # grows meanwhile
        following = [to for _, (kind, to) in rows[state] if kind == _SHIFT and to not in found]
        queue += dict.fromkeys(following)
        found.update(dict.fromkeys(following))
    numbers = {state: number for number, state in enumerate(found)}

    def renumbered(action: tuple[int, Any]) -> tuple[int, Any]:
        kind, to = action
        return (kind, numbers[to]) if kind == _SHIFT else action

    return {
        "tokens": {number: name for name, number in tokens.items()},
        "states": {
            numbers[state]: {token: renumbered(action) for token, action in rows[state]}
            for state in found
        },
        "start_states": {name: numbers[state] for name, state in starts.items()},
        "end_states": {name: numbers[state] for name, state in sorted(table["end_states"].items())},
    }


if __name__ == "__main__":
    write(Path(sys.argv[1]))
