"""The command line's frame, run as users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropship import __version__
from dropship.cli import main
from dropship.errors import BusyError, ConfigError, UsageError

ROOT = Path(__file__).parents[2]


def dropship(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    clean = {key: value for key, value in os.environ.items() if key != "DROPSHIP_CONFIG"}
    return subprocess.run(
        [sys.executable, "-m", "dropship", *words],
        cwd=ROOT,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [["version"], ["v"], ["--version"]])
def test_version_is_told(words: list[str]) -> None:
    """All three spellings."""
    done = dropship(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dropship {__version__}\n", "")


def test_version_as_json_names_the_contract() -> None:
    """For programs: the version, and which contract the documents keep."""
    done = dropship("version", "--format", "json")
    assert json.loads(done.stdout) == {"version": __version__, "api": 1}


def test_version_imports_nothing_of_ours() -> None:
    """It is answered before any other module of the package is imported."""
    code = (
        "import sys; sys.argv[1:] = ['version']\n"
        "from dropship.__main__ import main; main()\n"
        "print(sorted(m for m in sys.modules if m.startswith('dropship')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "['dropship', 'dropship.__main__']"


def test_unknown_command_is_answered_with_the_nearest() -> None:
    """Exit 2, one line, what was perhaps meant."""
    done = dropship("stauts")
    assert done.returncode == 2
    assert done.stderr == 'dropship: there is no command "stauts"; did you mean "status"?\n'


def test_unknown_command_like_nothing_we_have_points_to_help() -> None:
    """No guess is better than a wild one."""
    done = dropship("qqqqqq")
    assert done.returncode == 2
    assert done.stderr == 'dropship: there is no command "qqqqqq"; see dropship --help\n'


def test_no_command_is_wrong_usage() -> None:
    """Exit 2 and where help is."""
    done = dropship()
    assert (done.returncode, done.stderr) == (
        2,
        "dropship: there is no command; see dropship --help\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["version", "--formt"],
        ["version", "--format", "xml"],
        ["--once", "agent"],
        ["version", "--log-level", "loud"],
        ["--config"],
        ["version", "--config"],
        ["version", "surplus"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(words: list[str]) -> None:
    """Whatever is wrong with the words."""
    done = dropship(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("dropship: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_help_lists_every_command() -> None:
    """``--help`` shows all commands, the global options, and examples."""
    done = dropship("--help")
    assert done.returncode == 0
    for name in main.COMMANDS:
        assert f"\n  {name} " in done.stdout
    for part in ("--config", "--log-level", "--log-format", "examples:"):
        assert part in done.stdout


@pytest.mark.parametrize("name", list(main.COMMANDS))
def test_help_of_every_command_has_an_example(name: str) -> None:
    """Every command's help has an example that begins as users type it."""
    done = dropship(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\n  dropship {name}" in done.stdout
    assert done.stdout.startswith(f"usage: dropship {name}")


def configured(*words: str) -> Path | None:
    """Which configuration a command line names."""
    before, name, after = main._split(words)
    assert name is not None
    config: Path | None = main.parser(name).parse_intermixed_args([*before, *after]).config
    return config


@pytest.mark.parametrize(
    "words",
    [
        ["--config", "/x.hcl", "agent"],
        ["--config=/x.hcl", "agent"],
        ["agent", "--config", "/x.hcl"],
        ["agent", "--config=/x.hcl"],
        ["--log-level", "debug", "agent", "--config=/x.hcl", "--once"],
        ["--config=/other", "agent", "--config=/x.hcl"],
    ],
)
def test_global_options_are_taken_before_and_after_the_command(words: list[str]) -> None:
    """As the old tool's unit ran it, and as people type it."""
    assert configured(*words) == Path("/x.hcl")


def test_config_comes_from_the_environment_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """DROPSHIP_CONFIG is the default; empty means not set; an option wins."""
    monkeypatch.delenv("DROPSHIP_CONFIG", raising=False)
    assert configured("agent") is None
    monkeypatch.setenv("DROPSHIP_CONFIG", "")
    assert configured("agent") is None
    monkeypatch.setenv("DROPSHIP_CONFIG", "/env.hcl")
    assert configured("agent") == Path("/env.hcl")
    assert configured("agent", "--config=/x.hcl") == Path("/x.hcl")


def test_value_of_a_global_option_is_not_the_command() -> None:
    """``--config version agent``: the command is agent."""
    assert main._split(["--config", "version", "agent"]) == (["--config", "version"], "agent", [])


COMMAND = """
import sys
def configure(parser):
    pass
def run(args):
    {body}
"""


def run_command(
    body: str, *words: str, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run a command line whose command does ``body``."""
    code = "\n".join(
        [
            "import sys, types",
            "from types import MappingProxyType",
            "module = types.ModuleType('dropship.cli.trial')",
            f"exec({COMMAND.format(body=body)!r}, module.__dict__)",
            "sys.modules['dropship.cli.trial'] = module",
            "from dropship.cli import main",
            "main.COMMANDS = MappingProxyType({'trial': ('dropship.cli.trial', 'a trial')})",
            "from dropship.__main__ import main as start",
            f"sys.argv[1:] = ['trial', *{list(words)!r}]",
            "sys.exit(start())",
        ]
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError, 1), (UsageError, 2), (BusyError, 4)],
)
def test_error_is_one_line_with_its_cure(error: type[Exception], code: int) -> None:
    """What went wrong and what to do; the type decides the exit code."""
    body = (
        f"from dropship.errors import {error.__name__} as E; raise E('it\\n broke', cure='mend it')"
    )
    done = run_command(body)
    assert (done.returncode, done.stderr) == (code, "dropship: it broke; mend it\n")


def test_garbage_of_a_command_that_runs_is_collected() -> None:
    """It is not while the command is loaded; an agent runs for months."""
    body = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000); return 0"
    assert run_command(body).stdout == "True True\n"


def test_fault_of_ours_is_no_traceback_either() -> None:
    """Exit 1, one line that names the exception and how to see more."""
    done = run_command("raise ValueError('odd')")
    assert done.returncode == 1
    assert done.stderr == (
        "dropship: a fault of dropship itself: ValueError: odd; "
        "run it again with --log-level debug and report it\n"
    )


@pytest.mark.parametrize("words", [["--log-level", "debug"], ["--log-level=DEBUG"]])
def test_debug_shows_the_traceback(words: list[str]) -> None:
    """With ``--log-level debug`` the traceback comes before the line."""
    done = run_command("from dropship.errors import ConfigError; raise ConfigError('bad')", *words)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("dropship: bad\n")


def test_interrupted_command_ends_with_130() -> None:
    """Ctrl-C: no traceback, the shell's own code."""
    # Whoever runs the tests in the background may have had it ignored.
    heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    done = run_command(f"import os, signal; {heard}; os.kill(os.getpid(), signal.SIGINT)")
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("length", [10, 12_000, 100_000])
def test_closed_pipe_is_quiet(length: int) -> None:
    """``dropship … | head -1``: nothing on standard error, however much was to be printed."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_command(f"print('x' * 100); sys.stdout.write('x' * {length})", stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_only_the_named_command_is_imported() -> None:
    """A command starts as fast as it can: no other command's modules are loaded."""
    done = run_command("import sys; print([m for m in sys.modules if m.startswith('dropship')])")
    assert done.stdout == (
        "['dropship.cli.trial', 'dropship', 'dropship.cli', 'dropship.cli.arguments', 'dropship.errors', 'dropship.cli.main', "
        "'dropship.__main__']\n"
    )
