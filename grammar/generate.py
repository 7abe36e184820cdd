"""Makes the parser that a built package carries: a hook of hatchling, which builds the wheel."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_WRITER = Path(__file__).with_name("standalone.py")
_IN_PACKAGE = "dropship/hcl/generated.py"


class GeneratedParser(BuildHookInterface[Any]):
    """Puts the parser into the wheel, and nothing into the source tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make it before the wheel is put together."""
        if version == "editable":
            return  # works on the checkout, which reads the grammar itself
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "generated.py"
        subprocess.run([sys.executable, _WRITER, path], check=True)  # a hook imports no neighbour
        build_data["force_include"][str(path)] = _IN_PACKAGE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's
        """Clear it away."""
        if version != "editable":
            self._folder.cleanup()
