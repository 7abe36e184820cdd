"""Both ways to the parser: generated at build time, and read from the grammar."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dropship.hcl import engine
from dropship.hcl.ast import Source
from dropship.hcl.parser import parse
from dropship.hcl.reader import Reader
from tests.benchmarks.packaged import generate
from tests.hcl.test_golden import FILES

TEXT = 'a "b" { # c\n  d = [1, "${x{y{z}}}", env("E")] }\n'
FAULTY = 'a = foo\nb {\n  c = "x\n  d = [1 2]\n}\n}\n'


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module that a build would make."""
    path = tmp_path_factory.mktemp("generated") / "generated.py"
    generate(path)
    spec = importlib.util.spec_from_file_location("generated", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the module of a class
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(
    "text",
    [TEXT, FAULTY, '{"a": {"b": [1, tru]}}', '{"a": 1}']
    + [path.read_bytes().decode("utf-8") for path in FILES],
)
def test_package_and_checkout_read_the_same(generated: Any, text: str) -> None:
    """Values, comments, places, and all that is said of faults."""
    start = "json" if text.startswith("{") else "hcl"
    source = Source("x", text)
    of_package = Reader(partial(engine.from_generated, generated))
    of_checkout = Reader(engine.from_grammar)
    assert of_package.read(source, start) == of_checkout.read(source, start)


def test_built_package_carries_its_parser() -> None:
    """Where the grammar came with the package, lark is not needed."""
    if engine.grammar_path().parents[1].name != "hcl":
        pytest.skip("this is a checkout")
    assert importlib.util.find_spec(engine.GENERATED) is not None


def test_generated_parser_needs_no_lark(generated: Any) -> None:
    """An installed package starts without it."""
    program = (
        "import sys; sys.modules['lark'] = None\n"
        f"import runpy; m = runpy.run_path({generated.__file__!r})\n"
        "print(m['Lark_StandAlone']().parse('a = 1', start='hcl').data)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "hcl\n")


def test_generated_parser_loads_nothing_that_it_has_no_use_for(generated: Any) -> None:
    """Each command that reads a configuration would wait for it."""
    program = (
        f"import sys, runpy; runpy.run_path({generated.__file__!r})\n"
        "print({'base64', 'logging', 'pickle', 'zlib'} & {*sys.modules} - before)"
    )
    # What an interpreter's site packages load at its start counts for nothing.
    program = "import sys; before = {*sys.modules}\n" + program
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "set()\n"


def test_parser_comes_out_the_same_each_time(generated: Any, tmp_path: Path) -> None:
    """Two builds of one source give the same bytes."""
    generate(tmp_path / "again.py")
    assert (tmp_path / "again.py").read_bytes() == Path(generated.__file__).read_bytes()


def test_importing_the_parser_does_not_import_lark() -> None:
    """Whoever does not parse does not pay."""
    program = "import sys, dropship.hcl.parser; print('lark' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True,
        cwd=Path(engine.__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == "False\n"


def test_readers_do_not_disturb_each_other() -> None:
    """A parse leaves nothing behind for the next one."""
    first = parse(Source("x", FAULTY))
    assert parse(Source("y", TEXT)).diagnostics == ()
    assert parse(Source("x", FAULTY)) == first
