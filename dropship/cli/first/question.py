"""A question, and what its answer depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dropship.cli.first import judge
from dropship.cli.first.answers import Answers
from dropship.cli.first.judge import Judge


class Around(NamedTuple):
    """What answers depend on.

    Attributes:
        below: The folder that a destination stands in by default.
        repos, locks: Names and types of the blocks that the main file has.
        secret: The file for a secret that is typed, by the name of the store's block.
        taken: Why a service cannot have a name; empty if it can.
    """

    below: Path
    repos: Mapping[str, str]
    locks: Mapping[str, str]
    secret: Callable[[str], Path]
    taken: Callable[[str], str]

    def known(self, answers: Answers) -> bool:
        """Whether the store's block is there already."""
        return (answers.repo or answers.store) in self.repos


Words = Callable[[Answers, Around], str]


def _always(_answers: Answers, _around: Around) -> bool:
    return True


def _nothing(_answers: Answers, _around: Around) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        key: The field of ``Answers`` that it fills.
        option: The option that answers it beforehand.
        words: What is asked.
        judge: Makes an answer what is written; ``choices``: what it has to be one of.
        when: Whether it is asked at all.
        default: What Enter takes; where nobody can be asked, too, unless it is only ``offered``.
        optional: Nothing is an answer.
        hidden: What is typed is not shown.
        offered: The default is no more than a proposal: who cannot be asked has to say it.
    """

    key: str
    option: str
    words: Words
    judge: Judge
    when: Callable[[Answers, Around], bool] = _always
    default: Words = _nothing
    optional: bool = False
    hidden: bool = False
    offered: bool = False
    choices: Callable[[Around], tuple[str, ...]] | None = None

    def judged(self, said: str, around: Around) -> str:
        """An answer as it is written.

        Raises:
            ValueError: It does not work; the text explains it.
        """
        found = judge.one_of(*self.choices(around))(said) if self.choices else self.judge(said)
        if self.key == "service" and (why := around.taken(found)):
            raise ValueError(why)
        return found
