"""Shell text as simple commands, as far as that goes without running it.

For rules that look at what a command is called with. Reads quotes, comments, heredocs, command
substitutions, assignments and ``cd``; what only the shell can know (a variable that nobody has
set here, the output of a command) is a word without a value. Any text is read: what it cannot be
is never a fault here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import dropwhile
from os.path import normpath
from typing import Final, NamedTuple

_ENDS: Final = ";&|\n"
_BREAKS: Final = " \t\n;&|()<>"
_REDIRECT: Final = re.compile(r"\d*(?:&>>?|<<-?(?!<)|<<<|[<>]&|>>|>\||<>|[<>](?!\())")
_NAME: Final = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)=")
# What has a value that is as good as the variable itself wherever the variable has one.
_DEFAULTED: Final = re.compile(r"([A-Za-z_]\w*)(?::?[-=?].*)?", re.DOTALL)
_DECLARING: Final = frozenset({"declare", "export", "local", "readonly", "typeset"})
_RESERVED: Final = frozenset(
    {"!", "do", "elif", "else", "if", "then", "time", "until", "while", "{"}
)
_FILLING: Final = frozenset({"for", "getopts", "read", "select", "unset"})
_DEEPEST: Final = 20  # substitutions inside each other


class Word(NamedTuple):
    """A word of a command: what it comes to (None: not known here), and where it stands."""

    value: str | None
    start: int
    end: int


class Command(NamedTuple):
    """A simple command, and the folder it runs in as far as ``cd`` tells."""

    words: tuple[Word, ...]
    folder: str | None = None


def commands(text: str, variables: Mapping[str, str]) -> list[Command]:
    """Every simple command of a text, those of command substitutions included."""
    found: list[Command] = []
    _Scanner(text, 0, _Scope(dict(variables)), found, 0).run()
    return found


class _Scope(NamedTuple):
    """What a subshell has of its own: variables (without those not known), and its folder."""

    variables: dict[str, str]
    folder: str | None = None


class _Scanner:
    """Reads from ``at`` on; ``depth`` > 0 is inside a substitution, which ends with ``)``."""

    def __init__(self, text: str, at: int, scope: _Scope, found: list[Command], depth: int) -> None:
        self._text = text
        self.at = at
        self._scope = scope
        self._outer: list[_Scope] = []
        self._found = found
        self._depth = depth
        self._words: list[Word] = []
        self._heredocs: list[tuple[str, bool]] = []

    def run(self) -> None:
        """Read to the end."""
        text = self._text
        while self.at < len(text):
            char = text[self.at]
            if char in " \t":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                self.at = _line_end(text, self.at)
            elif redirect := _REDIRECT.match(text, self.at):
                self._redirected(redirect)
            elif char in _ENDS:
                self._end()
                self.at += 1
                if char == "\n":
                    self._skip_heredocs()
            elif char in "()" or text.startswith(("<(", ">("), self.at):
                if self._parenthesis():
                    break
            else:
                self._words.append(self._word())
        self._end()

    def _parenthesis(self) -> bool:
        """A subshell begins or ends; True where that is the end of the substitution."""
        self._end()
        opening = self._text[self.at] != ")"
        self.at += 1 if self._text[self.at] in "()" else 2
        if opening:
            self._outer.append(self._scope)
            self._scope = self._scope._replace(variables=dict(self._scope.variables))
        elif self._outer:
            self._scope = self._outer.pop()
        else:
            return self._depth > 0
        return False

    def _redirected(self, match: re.Match[str]) -> None:
        """Where it goes to or comes from is no word of the command."""
        self.at = match.end()
        while self.at < len(self._text) and self._text[self.at] in " \t":
            self.at += 1
        if self.at == len(self._text) or self._text[self.at] in _BREAKS:
            return
        start = self.at
        self._word()
        if match[0].lstrip("0123456789") in ("<<", "<<-"):
            anchor = re.sub(r"[\\'\"]", "", self._text[start : self.at])
            self._heredocs.append((anchor, match[0].endswith("-")))

    def _skip_heredocs(self) -> None:
        for anchor, indented in self._heredocs:
            ended = False
            while self.at < len(self._text) and not ended:
                end = _line_end(self._text, self.at)
                line = self._text[self.at : end]
                ended = (line.lstrip("\t") if indented else line) == anchor
                self.at = end + 1
        self._heredocs.clear()

    def _end(self) -> None:
        """A command is complete."""
        words, self._words = tuple(_behind_reserved(self._words)), []
        if not words:
            return
        self._found.append(Command(words, self._scope.folder))
        name = words[0].value or ""
        if name in _FILLING:
            for word in words[1:]:
                self._scope.variables.pop(word.value or "", None)
        elif name in ("cd", "pushd"):
            self._scope = self._scope._replace(folder=self._changed(words[1:]))
        else:
            self._assign(words[1:] if name in _DECLARING else words)

    def _assign(self, words: tuple[Word, ...]) -> None:
        """Assignments in front of a command are that command's alone."""
        said = [_ASSIGNMENT.match(self._text, word.start, word.end) for word in words]
        if not all(said):
            return
        for match, word in zip(said, words, strict=True):
            assert match is not None  # noqa: S101 - all of them match
            self._scope.variables.pop(match[1], None)
            if word.value is not None:
                self._scope.variables[match[1]] = word.value[len(match[0]) :]

    def _changed(self, words: tuple[Word, ...]) -> str | None:
        values = [word.value for word in words if word.value not in ("--", "-P", "-L")]
        target = values[0] if len(values) == 1 else None
        return placed(target, self._scope.folder) if target else None

    def _word(self) -> Word:
        start, parts, known = self.at, [""], True
        while self.at < len(self._text) and self._text[self.at] not in _BREAKS:
            part = self._part()
            known &= part is not None
            parts.append(part or "")
        # What is never closed is read as if it were, right behind the end.
        self.at = min(self.at, len(self._text))
        return Word("".join(parts) if known else None, start, self.at)

    def _part(self) -> str | None:
        """A piece of a word, without its quotes; None if it is not known."""
        text, at = self._text, self.at
        char = text[at]
        if char == "'":
            self.at = _behind(text, "'", at + 1)
            return text[at + 1 : self.at].removesuffix("'")
        if char == '"':
            self.at += 1
            return self._quoted()
        if char == "\\":
            self.at += 2
            return text[at + 1 : at + 2].replace("\n", "")
        if char in "$`":
            value = self._expanded()
            # Without quotes it would be split into several words.
            return None if value is None or re.search(r"\s", value) else value
        self.at += 1
        return char

    def _quoted(self) -> str | None:
        """What stands between double quotes."""
        text = self._text
        parts: list[str] = []
        known = True
        while self.at < len(text) and text[self.at] != '"':
            char = text[self.at]
            if char in "$`":
                value = self._expanded()
                known &= value is not None
                parts.append(value or "")
            elif char == "\\" and text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                parts.append(text[self.at + 1].replace("\n", ""))
                self.at += 2
            else:
                parts.append(char)
                self.at += 1
        self.at += 1
        return "".join(parts) if known else None

    def _expanded(self) -> str | None:
        """What a ``$`` or a backtick stands for."""
        text, at = self._text, self.at
        if text[at] == "`":
            self.at = _behind(text, "`", at + 1)
            self._inside(text[at + 1 : self.at].removesuffix("`"), 0)
            return None
        self.at += 1
        if text.startswith("((", self.at):
            self.at = _behind(text, "))", self.at)
            return None
        if text.startswith("(", self.at):
            self.at = self._inside(text, self.at + 1)
            return None
        if text.startswith("{", self.at):
            self.at = _brace_end(text, self.at)
            match = _DEFAULTED.fullmatch(text[at + 2 : self.at - 1])
            return self._scope.variables.get(match[1]) if match else None
        if text.startswith("'", self.at):
            return None  # $'…' has escapes of its own; the quotes are read as quotes next
        name = _NAME.match(text, self.at)
        self.at = name.end() if name else self.at
        return self._scope.variables.get(name[0]) if name else "$"

    def _inside(self, text: str, at: int) -> int:
        """Read a command substitution; where it ends."""
        if self._depth >= _DEEPEST:
            return len(text)
        scope = self._scope._replace(variables=dict(self._scope.variables))
        inner = _Scanner(text, at, scope, self._found, self._depth + 1)
        inner.run()
        return inner.at


def _behind_reserved(words: list[Word]) -> Iterator[Word]:
    return dropwhile(lambda word: word.value in _RESERVED, words)


def placed(path: str, folder: str | None) -> str | None:
    """A path from the root on, without ``.`` and ``..``; None if it is not known where it is."""
    if not path.startswith("/"):
        if folder is None:
            return None
        path = f"{folder}/{path}"
    return "/" + normpath(path).lstrip("/")


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _behind(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at)
    return len(text) if end < 0 else end + len(mark)


def _brace_end(text: str, at: int) -> int:
    """Behind the ``}`` that closes the ``{`` at ``at``."""
    depth = 0
    for brace in re.finditer(r"[{}]", text[at:]):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return at + brace.end()
    return len(text)
