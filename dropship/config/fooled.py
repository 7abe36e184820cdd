"""Commands that a destination fools: it is a symlink, and not all of them go through one.

What GNU coreutils (chown(1), cp(1), du(1), mv(1), rm(1)), findutils, tar and rsync do with a symlink
that they are given by name, as they were seen to do it. ``chmod -R``, ``grep -r`` and ``ls`` do
go through, so nothing is said of them; nor of a path that ends in a slash, which all but tar follow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from dropship.config.shell import Command, Word, commands, placed

_WRAPPERS: Final = frozenset(
    {"builtin", "busybox", "chrt", "command", "doas", "env", "exec", "ionice", "nice", "nohup",
     "setsid", "stdbuf", "sudo", "timeout", "xargs"}
)  # fmt: skip
_SHELLS: Final = frozenset({"ash", "bash", "dash", "ksh", "runuser", "sh", "su", "zsh"})
_DEEPEST: Final = 5  # shells inside each other


class Fooled(NamedTuple):
    """A word that names a destination where the command does not follow it.

    Attributes:
        start, end: Where the word stands in the text.
        link: Which destination it names.
        command: How the command is called in a message.
        what: What the command does to the link.
        slash: Whether a slash behind the word is the cure, where the link leads to a folder.
        flag: The option that is the cure, whatever it leads to; empty if there is none.
        cure: What to do otherwise; empty if either of those helps.
    """

    start: int
    end: int
    link: str
    command: str
    what: str
    slash: bool
    flag: str
    cure: str


def fooled(text: str, variables: Mapping[str, str], links: Collection[str]) -> list[Fooled]:
    """What of a shell text is fooled by one of ``links`` (absolute paths, without ``..``)."""
    case = _Case(variables, links)
    return [one for command in commands(text, variables) for one in _judged(command, case)]


def fooled_words(text: str, links: Collection[str]) -> list[Fooled]:
    """The same of a line that is split at white space, without a shell."""
    words, at = [], 0
    for part in text.split():
        at = text.index(part, at)
        words.append(Word(part, at, at + len(part)))
        at += len(part)
    return list(_judged(Command(tuple(words)), _Case({}, links)))


class _Case(NamedTuple):
    """What is looked for; ``depth`` counts shells inside each other."""

    variables: Mapping[str, str]
    links: Collection[str]
    depth: int = 0


def _judged(command: Command, case: _Case) -> Iterator[Fooled]:
    at = _called(command.words)
    if at is None:
        return
    name, words = _basename(command.words[at]), command.words[at + 1 :]
    if name in _SHELLS:
        yield from _shell(words, command.folder, case)
        return
    rule = _RULES[name]
    call = _Call(words)
    for word in rule.operands(call):
        value = word.value or ""
        if value.endswith(("/", "/.")) and name != "tar":
            continue
        link = placed(value, command.folder)
        if link in case.links:
            yield Fooled(word.start, word.end, str(link), *rule[1:])


def _shell(words: Sequence[Word], folder: str | None, case: _Case) -> Iterator[Fooled]:
    """``bash -c "…"``: what is found stands somewhere in that word."""
    for option, text in pairwise(words):
        value = option.value or ""
        if value.startswith("-") and not value.startswith("--") and value.endswith("c"):
            deeper = case._replace(depth=case.depth + 1)
            inner = commands(text.value or "", case.variables) if case.depth < _DEEPEST else []
            for command in inner:
                here = command if command.folder else command._replace(folder=folder)
                for one in _judged(here, deeper):
                    # Where it stands between these quotes is not known any more.
                    yield one._replace(start=text.start, end=text.end, slash=False)
            return


def _basename(word: Word) -> str:
    return PurePosixPath(word.value or "").name


def _called(words: Sequence[Word]) -> int | None:
    """Which word is the command; None if it is none that is looked at."""
    wrapped = False
    for number, word in enumerate(words):
        name = _basename(word)
        if name in _RULES or name in _SHELLS:
            return number
        wrapped = wrapped or name in _WRAPPERS
        if not wrapped and "=" not in (word.value or ""):
            return None
    return None


class _Call:
    """The arguments of a command: its options, and what is left."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        ended = False
        self.options: list[str] = []
        self.operands: list[Word] = []
        for word in words:
            value = word.value
            if not ended and value is not None and value.startswith("-") and len(value) > 1:
                ended = value == "--"
                self.options.append(value)
            else:
                self.operands.append(word)

    def has(self, letters: str, *names: str) -> bool:
        """Whether one of these options is given, by its letter or its long name."""
        return any(
            one.partition("=")[0] in names if one.startswith("--") else set(one[1:]) & set(letters)
            for one in self.options
        )

    def last(self, letters: str) -> str:
        """Which of these letters comes last; empty if none is given."""
        found = [
            char
            for one in self.options
            if not one.startswith("--")
            for char in one
            if char in letters
        ]
        return found[-1] if found else ""

    def sources(self) -> list[Word]:
        """What is copied or moved: all but the last, unless that is told by an option."""
        whole = self.has("t", "--target-directory")
        return self.operands if whole else self.operands[:-1]


def _owned(call: _Call) -> list[Word]:
    recursive = call.has("R", "--recursive") and call.last("HLP") not in ("H", "L")
    return call.operands if recursive else []


def _searched(call: _Call) -> list[Word]:
    """Paths come before the expression."""
    values = [word.value or "" for word in call.words]
    # These ask for the link itself.
    if {"-follow", "-lname", "-ilname"} & set(values) or ("-maxdepth", "0") in pairwise(values):
        return []
    paths: list[Word] = []
    followed = False
    for word, value in zip(call.words, values, strict=True):
        if value in ("-H", "-L", "-P"):
            followed = value != "-P"
        elif value.startswith(("-", "(", "!")):
            break
        else:
            paths.append(word)
    return [] if followed else paths


def _copied(call: _Call) -> list[Word]:
    deep = call.has("raRdP", "--recursive", "--archive", "--no-dereference")
    return call.sources() if deep and not call.has("HL", "--dereference") else []


def _removed(call: _Call) -> list[Word]:
    return call.operands if call.has("rR", "--recursive") else []


def _moved(call: _Call) -> list[Word]:
    return call.sources()


def _measured(call: _Call) -> list[Word]:
    return [] if call.has("DHL", "--dereference", "--dereference-args") else call.operands


def _packed(call: _Call) -> list[Word]:
    """A slash does not help: tar takes it off. What ``-C`` names is entered, not packed."""
    first = (call.words[0].value or "") if call.words else ""
    old_style = set() if first.startswith("-") else set(first)
    packs = call.has("cru", "--create", "--append", "--update") or old_style & set("cru")
    if not packs or "h" in old_style or call.has("h", "--dereference"):
        return []
    entered = {word for option, word in pairwise(call.words) if _enters(option.value or "")}
    return [word for word in call.operands if word not in entered]


def _enters(option: str) -> bool:
    short = option.startswith("-") and not option.startswith("--") and option.endswith("C")
    return short or option == "--directory"


def _sent(call: _Call) -> list[Word]:
    deep = call.has("arldR", "--archive", "--recursive", "--links", "--dirs")
    follows = call.has("Lk", "--copy-links", "--copy-dirlinks")
    return call.operands[:-1] if deep and not follows else []


class _Rule(NamedTuple):
    """What becomes of a command's operands; see ``Fooled``."""

    operands: Callable[[_Call], Sequence[Word]]
    shown: str
    what: str
    slash: bool = True
    flag: str = ""
    cure: str = ""


_OWNED: Final = "changes only the link"
_RULES: Final[Mapping[str, _Rule]] = {
    "chown": _Rule(_owned, "chown -R", _OWNED, flag="-H"),
    "chgrp": _Rule(_owned, "chgrp -R", _OWNED, flag="-H"),
    "chcon": _Rule(_owned, "chcon -R", _OWNED, flag="-H"),
    "find": _Rule(_searched, "find", "finds only the link", flag="-H in front of the path"),
    "cp": _Rule(_copied, "cp", "copies only the link", flag="-H at the end of the options"),
    "rm": _Rule(
        _removed, "rm -r", "removes only the link", slash=False,
        cure="leave it out: links are switched, and old releases removed, without it",
    ),
    "du": _Rule(_measured, "du", "measures only the link", flag="-D"),
    "mv": _Rule(
        _moved, "mv", "moves only the link", slash=False,
        cure="copy what it leads to, as in cp -a FROM/ TO",
    ),
    "tar": _Rule(
        _packed, "tar", "packs only the link", slash=False, cure="enter it: tar … -C PATH .",
    ),
    "rsync": _Rule(_sent, "rsync", "sends only the link", flag="-k"),
}  # fmt: skip
