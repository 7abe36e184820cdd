"""Run all cases by the real unpacker: ``python -m tests.hostile FOLDER``.

FOLDER is made, and gone afterwards. One line of JSON a case; 1 if something is wrong with one.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from pathlib import Path

from dropship.errors import DropshipError
from tests.hostile.cases import CASES
from tests.hostile.real import run
from tests.hostile.watched import Surroundings


def main(folder: Path) -> int:
    """Run them one after the other."""
    good = True
    folder.mkdir(parents=True)
    try:
        around = Surroundings(folder)
        for case in CASES:
            try:
                seen = dataclasses.asdict(run(case, around))
            except DropshipError as error:
                seen = {"name": case.name, "faults": [f"the unpacker failed: {error}"]}
            good = good and not seen["faults"]
            print(json.dumps(seen), flush=True)
    finally:
        shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
