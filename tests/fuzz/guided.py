"""``python -m tests.fuzz.guided SECONDS SEED``: atheris, which looks for texts that go new ways.

Needs atheris, that has no build for some versions of Python; ends with 0 where nothing is wrong.
What it changes texts with is the language's own dictionary, what it starts from the tests' texts.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fuzz.texts import TOKENS, seeds

_PACKAGES = ("dropship.hcl", "dropship.config", "tests.fuzz.language")
_MOST_BYTES = 4096


def main(seconds: int, seed: int, inputs: int) -> None:
    """Look until the time is over, or one text is wrong; never returns."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(_PACKAGES)):
        language = importlib.import_module("tests.fuzz.language")
        importlib.import_module("dropship.hcl.recovery")

    def one(raw: bytes) -> None:
        language.look(raw.decode("utf-8", "surrogateescape"))

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = folder / "words"
        words.write_text("".join(f'"{_escaped(token)}"\n' for token in TOKENS))
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, text in enumerate(seeds()):
            (corpus / str(number)).write_bytes(text.encode("utf-8", "surrogateescape"))
        options = {
            "max_total_time": seconds, "runs": inputs, "seed": seed, "dict": words, "timeout": 20,
            "max_len": _MOST_BYTES, "print_final_stats": 1, "verbosity": 1, "artifact_prefix": f"{Path.cwd()}/",
        }  # fmt: skip
        atheris.Setup(
            [sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), str(corpus)], one
        )
        atheris.Fuzz()


def child(seconds: int, seed: int, inputs: int = -1) -> Mapping[str, Any]:
    """As ``main``, in a process of its own: how it ended, and how many texts it tried."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", str(seconds), str(seed), str(inputs)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds * 2 + 60,
    )
    tried = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    return {
        "exit": done.returncode,
        "texts": int(tried[1]) if tried else 0,
        "last words": done.stderr[-3000:] if done.returncode else "",
    }


def _escaped(token: str) -> str:
    return "".join(f"\\x{byte:02X}" for byte in token.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
