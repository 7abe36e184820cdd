"""The questions: in their order, each with its option, its words, its default, and who it is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dropship.cli.first import judge
from dropship.cli.first.answers import Answers
from dropship.cli.first.judge import Judge
from dropship.cli.first.question import Around, Question, Words

STORES: Final = ("s3", "swift", "rackspace", "http", "file")
LOGINS: Final = ("none", "password", "token")
TURNS: Final = ("none", "consul", "etcd", "redis", "file")


def _said(words: str) -> Words:
    return lambda _answers, _around: words


def _of(*stores: str, fresh: bool = False) -> Callable[[Answers, Around], bool]:
    """For these stores; ``fresh``: only where their block is still to be written."""
    return lambda answers, around: answers.store in stores and not (fresh and around.known(answers))


def _wants_secret(answers: Answers, around: Around) -> bool:
    return answers.needs_secret and not answers.has_secret and not around.known(answers)


def _secret_words(answers: Answers, around: Around) -> str:
    what = {
        "s3": "Secret key",
        "swift": "Key or password",
        "rackspace": "API key",
        "http": answers.login.capitalize(),
    }[answers.store]
    file = around.secret(answers.repo or answers.store)
    return f"{what} (not shown; kept in {file}, mode 0600)"


def _turns_words(_answers: Answers, around: Around) -> str:
    there = f" ({', '.join(around.locks)} is there already)" if around.locks else ""
    return f"Take turns, one host at a time, at: {', '.join(TURNS)}{there}"


def _at(turns: str, words: str, judged: Judge, *, default: str = "") -> Question:
    return Question(
        "turns_at",
        "--turns-at",
        _said(words),
        judged,
        when=lambda answers, around: answers.turns == turns and turns not in around.locks,
        default=_said(default),
        optional=turns == "consul",
    )


QUESTIONS: Final = (
    Question(
        "store",
        "--store",
        _said(f"Where artifacts come from: {', '.join(STORES)}"),
        judge.one_of(*STORES),
        default=_said("s3"),
        offered=True,
    ),
    Question(
        "endpoint",
        "--endpoint",
        _said("URL of the store, if it is not Amazon's"),
        judge.url,
        when=_of("s3", fresh=True),
        optional=True,
    ),
    Question(
        "region",
        "--region",
        _said("Region"),
        judge.text,
        when=_of("s3", fresh=True),
        optional=True,
    ),
    Question(
        "access_key",
        "--access-key",
        _said("Access key (none: environment, profile or role of this host, as boto3 finds them)"),
        judge.text,
        when=_of("s3", fresh=True),
        optional=True,
    ),
    Question(
        "auth_url",
        "--auth-url",
        _said("URL of the auth service (…/v1.0, …/v2.0 or …/v3)"),
        judge.url,
        when=_of("swift", fresh=True),
    ),
    Question(
        "user", "--user", _said("User"), judge.text, when=_of("swift", "rackspace", fresh=True)
    ),
    Question(
        "tenant",
        "--tenant",
        _said("Tenant or project (v2 and v3)"),
        judge.text,
        when=_of("swift", fresh=True),
        optional=True,
    ),
    Question(
        "region",
        "--region",
        _said("Region (v2 and v3)"),
        judge.text,
        when=_of("swift", fresh=True),
        optional=True,
    ),
    Question(
        "login",
        "--login",
        _said(f"What the server asks for: {', '.join(LOGINS)}"),
        judge.one_of(*LOGINS),
        when=_of("http", fresh=True),
        default=_said("none"),
    ),
    Question(
        "user",
        "--user",
        _said("User"),
        judge.text,
        when=lambda answers, around: answers.login == "password" and not around.known(answers),
    ),
    Question(
        "secret",
        "--secret-file or --secret-env",
        _secret_words,
        judge.secret,
        when=_wants_secret,
        hidden=True,
    ),
    Question("service", "--service", _said("Name of the service"), judge.name),
    Question(
        "bucket",
        "--bucket",
        lambda answers, _around: "Bucket" if answers.store == "s3" else "Container",
        judge.bucket,
        when=_of("s3", "swift", "rackspace"),
    ),
    Question(
        "path",
        "--path",
        _said("Name of the artifact in it"),
        judge.key,
        when=_of("s3", "swift", "rackspace"),
        default=lambda answers, _around: f"{answers.service}.tar.gz",
        offered=True,
    ),
    Question(
        "path",
        "--path",
        _said("Path of the artifact on this host, or on a share that it mounts"),
        judge.place,
        when=_of("file"),
    ),
    Question("url", "--url", _said("URL of the artifact"), judge.url, when=_of("http")),
    Question(
        "destination",
        "--destination",
        _said("Where it goes (a symlink to the release that runs)"),
        judge.destination,
        default=lambda answers, around: str(around.below / answers.service),
    ),
    Question(
        "interval",
        "--interval",
        _said("How often to look for a new one"),
        judge.interval,
        default=_said("30s"),
    ),
    Question(
        "unit",
        "--unit",
        _said("Unit of systemd to restart after an update"),
        judge.unit,
        optional=True,
    ),
    Question(
        "health_url",
        "--health-url",
        _said("URL that must answer after an update, or it is taken back"),
        judge.url,
        optional=True,
    ),
    Question(
        "turns",
        "--turns",
        _turns_words,
        judge.text,
        choices=lambda around: (*TURNS, *around.locks),
        default=_said("none"),
    ),
    _at("consul", "Address of Consul (none: this host's agent)", judge.no_login),
    _at("etcd", "URLs of etcd", judge.urls, default="http://127.0.0.1:2379"),
    _at("redis", "URL of Redis", judge.redis, default="redis://127.0.0.1:6379/0"),
    _at("file", "Folder that all hosts mount", judge.place),
)
