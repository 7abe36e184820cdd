"""Going through the questions: what options have not answered is asked, or taken by default."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from dropship.cli.first import judge, keyboard
from dropship.cli.first.answers import Answers
from dropship.cli.first.judge import Judge
from dropship.cli.first.question import Around, Question
from dropship.cli.first.questions import QUESTIONS
from dropship.cli.output import say
from dropship.core.values import Secret
from dropship.errors import UsageError


class Asked(Protocol):
    """Gives what is answered to a question, as it is typed."""

    def __call__(self, prompt: str, *, hidden: bool) -> str:
        """Raises ``EOFError`` where nobody answers any more."""


def complete(given: Answers, around: Around, asked: Asked | None) -> Answers:
    """The answers to all questions that apply. ``asked``: None where nobody can be asked.

    Raises:
        UsageError: An option's value does not work, or nobody answers what has to be known.
    """
    answers = given
    met: set[str] = set()
    for question in QUESTIONS:
        if not question.when(answers, around) or question.key in met:
            continue
        met.add(question.key)
        said = getattr(given, question.key)
        if said:
            judged = partial(question.judged, around=around)
            found: Any = checked(question.option, judged, str(said))
        else:
            found = _answer(question, answers, around, asked)
        answers = replace(answers, **{question.key: found})
    _superfluous(given, met, around)
    _superfluous_secret(given, answers, around)
    return answers


def _superfluous(given: Answers, met: set[str], around: Around) -> None:
    """An option that says nothing here was meant to."""
    for question in QUESTIONS:
        if question.key not in met and getattr(given, question.key):
            name = given.repo or given.store
            why = (
                f'the main file has a repo "{name}", which is used as it is'
                if name in around.repos
                else "it says nothing together with the others"
            )
            raise UsageError(f"{question.option} does not belong here: {why}", cure="leave it out")


def _superfluous_secret(given: Answers, answers: Answers, around: Around) -> None:
    """A credential that nobody would ask for."""
    named = [
        option
        for option, said in (
            ("--secret-env", given.secret_env),
            ("--secret-file", given.secret_file),
        )
        if said
    ]
    if len(named) > 1:
        raise UsageError("--secret-env and --secret-file exclude each other", cure="give one")
    for option, said, judged in (
        ("--secret-env", given.secret_env, judge.variable),
        ("--secret-file", given.secret_file, judge.place),
    ):
        if said:
            checked(option, judged, said)
    if named and (not answers.needs_secret or around.known(answers)):
        raise UsageError(
            f"{named[0]} does not belong here: the store is not given a login",
            cure="give --access-key, --user or --login with it, or leave it out",
        )


def checked(option: str, judged: Judge, said: str) -> str:
    """What an option says, as it is written.

    Raises:
        UsageError: It does not work.
    """
    try:
        return judged(said)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", cure="see dropship init --help") from error


def _answer(question: Question, answers: Answers, around: Around, asked: Asked | None) -> Any:
    default = question.default(answers, around)
    if asked is None:
        if question.optional or (default and not question.offered):
            return default
        raise UsageError(
            f"nothing says {_inside(question.words(answers, around))}",
            cure=f"give {question.option}, or run it on a terminal, where it asks",
        )
    prompt = _prompt(question, answers, around, default)
    while True:
        said = _typed(asked, prompt, question)
        if not said.strip() and (default or question.optional):
            return default
        try:
            judged = question.judged(said, around)
        except ValueError as error:
            say(f"  {error}", sys.stderr)
        else:
            return Secret(judged) if question.hidden else judged


def _typed(asked: Asked, prompt: str, question: Question) -> str:
    try:
        return asked(prompt, hidden=question.hidden)
    except EOFError as error:
        raise UsageError(
            "the questions are not answered, so nothing was written",
            cure=f"answer them, or give {question.option}",
        ) from error


def _prompt(question: Question, answers: Answers, around: Around, default: str) -> str:
    shown = default or ("none" if question.optional else "")
    return question.words(answers, around) + (f" [{shown}]" if shown else "") + ": "


def _inside(words: str) -> str:
    """The words of a question within a sentence."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def terminal() -> Asked | None:
    """Who is asked: whoever sits at the terminal; None if nobody does."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    return keyboard.ask
