"""One slip of the pen is one diagnostic, where it is, and costs no other service anything."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dropship.config.load import Loaded, Mode, load_alone
from dropship.hcl.ast import Source
from dropship.hcl.diagnostics import draw
from dropship.hcl.dump import dump
from dropship.hcl.parser import Parsed, parse
from tests.config.conftest import service_files
from tests.hcl.mistakes import CONFIG, KINDS, SERVICE, Mistake, mistakes, services

_LINES = SERVICE.count("\n") + 1
_ALL = [*mistakes(SERVICE), *mistakes(SERVICE, CONFIG)]


def _read(text: str) -> tuple[Parsed, Loaded]:
    parsed = parse(Source("services.hcl", text))
    return parsed, load_alone([parsed], environ={}, cwd=Path("/"), euid=0, mode=Mode.WARN)


def _bodies(parsed: Parsed) -> Mapping[str, str]:
    """What each service says, apart from where."""
    return {
        item.keys[-1].text: json.dumps(shown["val"], default=str)
        for item, shown in zip(parsed.file.body.items, _placeless(parsed), strict=True)
    }


def _placeless(parsed: Parsed) -> list[dict[str, object]]:
    places = ("line", "col", "end_line", "end_col")
    text = json.dumps(dump(parsed.file)["items"])
    found: list[dict[str, object]] = json.loads(
        text, object_hook=lambda one: {key: one[key] for key in one if key not in places}
    )
    return found


def _cases() -> Iterator[tuple[Mistake, int]]:
    """Of the first and the last service of three, and the number of the service."""
    for mistake in (*mistakes(services(3)), *mistakes(services(3), CONFIG)):
        number = (min(mistake.lines) - 1) // _LINES
        if number != 1:
            yield mistake, number


@pytest.mark.parametrize("kind", [*KINDS, *CONFIG])
def test_one_slip_is_one_diagnostic_and_costs_no_neighbour(kind: str) -> None:
    """Wherever it fits: header, attribute, block, list, heredoc; first service and last."""
    sound = _bodies(_read(services(3))[0])
    cases = [case for case in _cases() if case[0].kind == kind]
    assert cases
    for mistake, number in cases:
        parsed, loaded = _read(mistake.text)
        drawn = "\n".join(map(draw, loaded.diagnostics))
        assert len(loaded.diagnostics) == 1, drawn
        (span,) = (one.span for one in loaded.diagnostics)
        assert span, drawn
        assert span.line in mistake.lines, drawn
        assert loaded.service_names == tuple(sound), drawn
        bodies = _bodies(parsed)
        del bodies[f"web-{number:04}"]
        assert bodies.items() <= sound.items(), drawn


def seeded(number: int, count: int, faults: int) -> tuple[str, list[frozenset[int]]]:
    """A file of so many services, so many of them with a slip, and the lines of those."""
    dice = random.Random(number)
    chosen = set(dice.sample(range(count), faults))
    parts, places, at = [], [], 0
    for service in range(count):
        text = SERVICE
        if service in chosen:
            mistake = dice.choice(_ALL)
            text = mistake.text
            places.append(frozenset(at + line for line in mistake.lines))
        parts.append(text.replace("@", f"{service:04}") + "\n")
        at += parts[-1].count("\n")
    return "".join(parts), places


@pytest.mark.parametrize("number", [1, 2, 3])
def test_fifty_one_slips_are_fifty_one_diagnostics(number: int) -> None:
    """Of all kinds, the language's and the configuration's; all services are read."""
    text, places = seeded(number, 60, 51)
    loaded = _read(text)[1]
    told = sorted(one.span.line for one in loaded.diagnostics if one.span)
    assert len(told) == len(loaded.diagnostics) == 51
    assert all(any(line in place for line in told) for place in places)
    assert set(loaded.service_names) >= {f"web-{service:04}" for service in range(60)}


def test_two_slips_side_by_side_are_two_diagnostics() -> None:
    """The last brace of a service is missing, and a quote in the header of the next."""
    first, second = services(2).split("\n\nservice")
    text = first.rstrip("}\n") + "\n  }\n\nservice" + second.replace('" {', " {", 1)
    loaded = _read(text)[1]
    assert [one.code for one in loaded.diagnostics] == ["E103", "E102"]
    assert loaded.service_names == ("web-0000", "web-0001")


def test_thousand_services_with_fifty_one_slips_are_all_shown(tmp_path: Path) -> None:
    """By the command itself, in one run."""
    path = tmp_path / "services.hcl"
    text, places = seeded(4, 1000, 51)
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "dropship", "validate", "--format", "json", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    shown = json.loads(done.stdout)
    told = [one["line"] for one in shown["diagnostics"]]
    assert len(told) == 51
    assert all(any(line in place for line in told) for place in places)
    assert len(set(shown["services"])) == 1000


def test_service_file_whose_fault_leaves_a_strange_key_is_still_one(tmp_path: Path) -> None:
    """What is left of a broken header does not make a main file of it."""
    path = tmp_path / "services.hcl"
    path.write_text(services(2).replace('service "web-0001"', 'servic) "web-0001"'))
    (parsed,) = service_files(path, tmp_path)
    loaded = load_alone([parsed], environ={}, cwd=tmp_path, euid=0, mode=Mode.WARN)
    assert [one.code for one in loaded.diagnostics] == ["E101"]


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ('service "web-0001" {\n', "", "E101"),
        ('service "web-0001" {', 'service "web-0001\\q/" {', "E108"),
        ('before "script" {', 'before /* "script" {', "E112"),
        ('before "script" {', 'before ] "script" {', "E101"),
        ('before "script" {', 'before "scr${ipt" {', "E102"),
        ('before "script" {', 'before "script" or$ {', "E101"),
        ("    destination  =", "    desti<nation  =", "E101"),
        ('  updateTTL         = "10m"', "  before = yes", "E107"),
        ('    shared       = ["log"', "    shared       = [log, 1s", "E107"),
    ],
)
def test_what_a_fault_has_bent_is_not_told_of(sound: str, broken: str, code: str) -> None:
    """Neither a header that it broke, nor a name, a type or a value."""
    loaded = _read(services(2).replace(sound, broken))[1]
    assert {one.code for one in loaded.diagnostics} - {"E109"} == {code}
