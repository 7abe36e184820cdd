"""Makes the parser that a built package carries: a hook of hatchling, which builds the wheel."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_GRAMMAR = Path(__file__).with_name("hcl.lark")
_STARTS = ("hcl", "json")
_IN_PACKAGE = "dropship/hcl/generated.py"
_SHIFT = 0  # as lark writes it: on to the state that follows; else a rule to reduce by


class GeneratedParser(BuildHookInterface[Any]):
    """Puts the parser into the wheel, and nothing into the source tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make it before the wheel is put together."""
        if version == "editable":
            return  # works on the checkout, which reads the grammar itself
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "generated.py"
        _generate(path)
        build_data["force_include"][str(path)] = _IN_PACKAGE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's
        """Clear it away."""
        if version != "editable":
            self._folder.cleanup()


def _generate(path: Path) -> None:
    """Write the parser, the same each time.

    Raises:
        subprocess.CalledProcessError: The grammar is at fault; lark has said why.
    """
    starts = [argument for start in _STARTS for argument in ("-s", start)]
    command = [sys.executable, "-m", "lark.tools.standalone", *starts, "-o", path, _GRAMMAR]
    subprocess.run(command, check=True)
    path.write_text(_settled(path.read_text(encoding="utf-8")), encoding="utf-8")


def _settled(text: str) -> str:
    """The parser with its table in one order: lark's depends on where objects lie in memory."""
    data = next(node for node in ast.parse(text).body if _names(node) == ["DATA"])
    value = ast.literal_eval(data.value)
    value["parser"]["parser"] = _renumbered(value["parser"]["parser"])
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: data.lineno - 1], f"DATA = {value!r}\n", *lines[data.end_lineno :]])


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
