"""Goes on behind a fault: one fault, one diagnostic, and everything else is read.

A missing ``}`` shows at the end of the text only. Indentation tells which block it is missing
from: the text is read once more with the brace made up there, so that what follows is no part of
that block.
"""

from __future__ import annotations

from dropship.hcl import repair, repair_json
from dropship.hcl.ast import ObjectValue, Source
from dropship.hcl.blame import Missing
from dropship.hcl.builder import Builder
from dropship.hcl.engine import Engine
from dropship.hcl.machine import Machine
from dropship.hcl.reading import Reading


def recover(engine: Engine, builder: Builder, source: Source, start: str) -> ObjectValue:
    """Read a faulty source; its faults are noted in the builder."""
    how = repair_json if start == "json" else repair
    missing: list[Missing] = []
    while True:
        reading = Reading(Machine(engine, builder, source, start), builder, missing)
        body = reading.run(how.repair, how.finish)
        if reading.found is None:
            return body
        missing = sorted([*missing, reading.found], key=lambda brace: brace.place)
