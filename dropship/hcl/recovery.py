"""Goes on behind a fault: one fault, one diagnostic, and everything else is read.

A missing ``}`` would show at the end of the text only. Indentation tells beforehand which block it
is missing from, so that what follows is no part of that block.
"""

from __future__ import annotations

from dropship.hcl import repair, repair_json
from dropship.hcl.ast import ObjectValue, Source
from dropship.hcl.braces import Layout, layout
from dropship.hcl.builder import Builder
from dropship.hcl.engine import Engine
from dropship.hcl.machine import Machine
from dropship.hcl.reading import Reading


def recover(engine: Engine, builder: Builder, source: Source, start: str) -> ObjectValue:
    """Read a faulty source; its faults are noted in the builder."""
    machine = Machine(engine, builder, source, start)
    if start == "json":
        return Reading(machine, builder, Layout()).run(repair_json.repair, repair_json.finish)
    return Reading(machine, builder, layout(source.text)).run(repair.repair, repair.finish)
