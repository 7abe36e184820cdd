"""Slips of the pen: each makes one fault of a sound configuration, wherever it fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

SERVICE = """\
service "web-@" {
  checkInterval     = "30s"
  splay             = "5s" # spread them
  updateTTL         = "10m"

  artifact "http" {
    url          = "https://store.example.com/web-@.tar.gz"
    destination  = "/srv/web-@/current"
    shared       = ["log", "tmp/uploads"]
    keepReleases = 3
    symlinksTo   = [
      "/usr/bin",
      "/opt/python",
    ]
  }

  before "script" {
    command = "systemctl stop web-@"
    timeout = "20s"
  }

  after "script" {
    command = <<-END
      set -e
      for unit in web-@ jobs-@; do
        systemctl start "$unit" || { echo "no ${unit}"; exit 1; }
      done
    END
    env {
      RAILS_ENV = "production"
    }
  }

  health "http" {
    url    = "http://127.0.0.1:8080/health?a=b#c"
    within = "30s"
  }
}
"""


class Mistake(NamedTuple):
    """A text with a slip in it, and the lines (from 1) that a person would look at for it."""

    kind: str
    text: str
    lines: frozenset[int]


def services(count: int) -> str:
    """A sound file of so many services."""
    return "\n".join(SERVICE.replace("@", f"{number:04}") for number in range(count))


def mistakes(text: str, kinds: Mapping[str, Slip] | None = None) -> Iterator[Mistake]:
    """All that can be made in a text."""
    lines = text.split("\n")
    script = False
    for number, line in enumerate(lines):
        for kind, slip in (kinds or KINDS).items():
            changed = None if script and kind not in IN_SCRIPTS else slip(line)
            if changed is not None and changed != line:
                spoiled = [*lines[:number], *changed.split("\n"), *lines[number + 1 :]]
                meant = frozenset(_meant(lines, number, kind)) | {number + 1}
                yield Mistake(kind, "\n".join(spoiled), meant)
        script = line.endswith("<<-END") or (script and line.strip() != "END")


def _meant(lines: list[str], number: int, kind: str) -> Iterator[int]:
    """A brace or an end that is missing may be told of where its partner stands."""
    if kind.startswith("lost"):
        opener = next(
            at
            for at in range(number, -1, -1)
            if len(lines[at]) - len(lines[at].lstrip())
            <= len(lines[number]) - len(lines[number].lstrip())
            and re.search(r"[\[{]$|<<-END$", lines[at])
        )
        yield opener + 1
    if kind == "doubled brace":
        yield number + 2
    if kind == "required and gone":
        yield next(at for at in range(number, -1, -1) if lines[at].endswith("{")) + 1


Slip = Callable[[str], str | None]


def _swap(pattern: str, new: str) -> Slip:
    found = re.compile(pattern)
    return lambda line: found.sub(new, line, count=1) if found.search(line) else None


_VALUE = r'(= )"([^"]*)"'
IN_SCRIPTS = ("lost end",)
KINDS: Mapping[str, Slip] = {
    "no closing quote": _swap(_VALUE, r'\1"\2'),
    "no opening quote": _swap(_VALUE, r'\1\2"'),
    "no quotes": _swap(_VALUE, r"\1\2"),
    "single quotes": _swap(_VALUE, r"\1'\2'"),
    "smart quotes": _swap(_VALUE, "\\1“\\2”"),
    "bad escape": _swap(_VALUE, r'\1"\2\\q"'),
    "no value": _swap(r'= (?:"[^"]*"|\d+)', "="),
    "no equals": _swap(r" *= (?=[\"\d])", " "),
    "two equals": _swap(" = ", " = = "),
    "colon": _swap(r" *= (?!<)", ": "),
    "walrus": _swap(" = ", " := "),
    "semicolon": _swap(r'([^{\[,}\]#]")$', r"\1;"),
    "unit": _swap(r"(= \d+)$", r"\1x"),
    "junk": _swap(r"^( *\w+ += .*[\"\d])$", r"\1 $"),
    "junk in front": _swap(" = ", " = $ "),
    "lost brace": _swap(r"^( *)\}$", r"\1"),
    "lost bracket": _swap(r"^( *)\]$", r"\1"),
    "lost end": _swap("^ *END$", ""),
    "no bracket": _swap(r'"\]$', '"'),
    "no comma": _swap('", "', '" "'),
    "no comma at the end": _swap('^( +"[^"]*"),$', r"\1 x,"),
    "no opener": _swap(r" \{$", ""),
    "doubled opener": _swap(r"\{$", "{ {"),
    "doubled brace": _swap(r"^( *)\}$", "\\1}\n\\1}"),
    "brace and brace": _swap(r"\}$", "}}"),
    "doubled bracket": _swap(r"\]$", "]]"),
    "label without end": _swap(r'^( *\w+ "[^"]*)" \{$', r"\1 {"),
    "label without start": _swap(r'^( *\w+ )"([^"]*" \{)$', r"\1\2"),
    "parenthesis": _swap(r"\{$", "("),
    "open comment": _swap(r"^( *)(\w+ +=.*)$", "\\1/* why\n\\1\\2"),
    "heredoc with a blank": _swap("<<-END$", "<<- END"),
    "heredoc in quotes": _swap("<<-END$", '<<-"END"'),
    "one angle": _swap("<<-END$", "<-END"),
    "json": _swap(r"^( *)(\w+) +(= [^#]*)$", r'\1"\2" \3 :'),
}

# What only those who know of services can tell.
CONFIG: Mapping[str, Slip] = {
    "unknown key": _swap("updateTTL ", "updateTLL "),
    "wrong kind": _swap("keepReleases = 3", 'keepReleases = "many"'),
    "not a duration": _swap('"20s"', '"20 seconds"'),
    "unknown type": _swap('before "script"', 'before "scripts"'),
    "unknown block": _swap("env \\{", "envs {"),
    "required and gone": _swap("^ *destination .*$", ""),
}
