"""What is said, in three formats, and what never is."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropship import log
from dropship.log import Redactor, bound

SECRET = "s3cr3t/+ pä&=ß"
PRINTABLE = [chr(code) for code in range(33, 0x250) if chr(code).isprintable()]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Where the tests' logging goes; what was set up before comes back."""
    loggers = (logging.getLogger(), logging.getLogger("dropship"))
    before = [(list(one.handlers), one.level, one.propagate) for one in loggers]
    raising = logging.raiseExceptions
    yield io.StringIO()
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)
    logging.raiseExceptions = raising


def test_text_line_has_service_message_and_fields(said: io.StringIO) -> None:
    """Time, level, service, message; fields for programs are not in the way."""
    log.setup("info", "text", stream=said)
    bound("api").info("staged %d entries", 3, extra={"release": "r1", "phase": "staging"})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO \[api\] staged 3 entries\n",
        said.getvalue(),
    )


def test_json_is_one_object_a_line(said: io.StringIO) -> None:
    """Every event, a traceback included, is one line that any JSON reader takes."""
    log.setup("debug", "json", stream=said)
    bound("api").warning("new\nline", extra={"phase": "idle"})
    try:
        raise ValueError("bad")
    except ValueError:
        bound("api").exception("went wrong")
    first, second = map(json.loads, said.getvalue().splitlines())
    assert (first["level"], first["service"], first["phase"]) == ("warning", "api", "idle")
    assert first["message"] == "new\\nline"
    assert "ValueError: bad" in second["traceback"]


def test_journal_lines_begin_with_their_priority(said: io.StringIO) -> None:
    """The journal reads syslog's priority from the start of each line, tracebacks too."""
    log.setup("debug", "journal", stream=said)
    logger = bound("api")
    logger.debug("d")
    logger.info("i")
    logger.warning("w")
    try:
        raise ValueError("bad")
    except ValueError:
        logger.exception("e")
    logger.critical("c")
    lines = said.getvalue().splitlines()
    assert lines[:4] == ["<7>[api] d", "<6>[api] i", "<4>[api] w", "<3>[api] e"]
    assert all(line.startswith("<3>") for line in lines[3:-1])
    assert lines[-1] == "<2>[api] c"


def test_events_below_the_level_are_not_said(said: io.StringIO) -> None:
    """``info`` is quiet about debugging; libraries are only heard from WARNING on."""
    log.setup("info", "text", stream=said)
    bound("api").debug("no")
    logging.getLogger("urllib3").info("no")
    logging.getLogger("urllib3").warning("yes")
    assert "no" not in said.getvalue()
    assert said.getvalue().count("yes") == 1


@pytest.mark.parametrize(("level", "told"), [("info", False), ("debug", True)])
def test_traceback_of_a_library_is_for_who_debugs(
    said: io.StringIO, *, level: str, told: bool
) -> None:
    """Sixty lines for each check that a store is away would bury all else."""
    log.setup(level, "text", stream=said)
    try:
        raise ValueError("bad")
    except ValueError:
        logging.getLogger("botocore").warning("failed", exc_info=True)
    assert "failed" in said.getvalue()
    assert ("Traceback" in said.getvalue()) == told


def test_second_setup_replaces_the_first(said: io.StringIO) -> None:
    """Each event is said once, in the newest format."""
    log.setup("info", "json", stream=said)
    log.setup("info", "journal", stream=said)
    bound("api").info("once")
    logging.getLogger("boto3").warning("once too")
    assert said.getvalue() == "<6>[api] once\n<4>once too\n"


def test_secret_of_an_earlier_setup_stays_hidden(said: io.StringIO) -> None:
    """A reload that fails, or that drops a secret, does not bring an old one to light."""
    log.setup("info", "journal", secrets=["hunter2-hunter2"], stream=said)
    log.setup("info", "journal", secrets=["another"], stream=said)
    log.setup("info", "journal", stream=said)
    bound("api").info("hunter2-hunter2 and another")
    assert said.getvalue() == "<6>[api] … and …\n"
    assert log.hide("hunter2-hunter2") == "…"
    assert "hunter2" not in repr(log.Redactor.of(["hunter2-hunter2"]))


def test_control_characters_do_not_reach_the_terminal(said: io.StringIO) -> None:
    """An escape sequence or a line end in a message is shown, not obeyed."""
    log.setup("info", "journal", stream=said)
    bound("api").info("a\x1b[31m\r\nb\u2028c\x9bd")
    assert said.getvalue() == "<6>[api] a\\x1b[31m\\r\\nb\\u2028c\\x9bd\n"


@pytest.mark.parametrize("kind", ["text", "json", "journal"])
def test_secret_is_in_no_part_of_an_event(said: io.StringIO, kind: log.Format) -> None:
    """Message, arguments, fields and traceback, in every form a secret travels in."""
    log.setup("debug", kind, secrets=[SECRET], stream=said)
    forms = [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ]
    for form in forms:
        logger = bound(f"api {form}")
        try:
            raise ValueError(form)
        except ValueError:
            logger.exception("header %s", form, extra={"release": form})
        assert log.hide(f"hook says {form}") == "hook says …"
    for form in forms:
        assert form not in said.getvalue()
    assert "s3cr3t" not in said.getvalue()


@given(
    before=st.binary(max_size=10),
    # A secret that repeats itself is found a little further on, and leaves a digit more.
    secret=st.lists(st.sampled_from(PRINTABLE), min_size=8, max_size=40, unique=True).map("".join),
    after=st.binary(max_size=10),
)
def test_secret_inside_longer_base64_cannot_be_read_back(
    before: bytes, secret: str, after: bytes
) -> None:
    """``user:password`` in a header: whatever stands around it, the middle is hidden."""
    whole = base64.b64encode(before + secret.encode() + after).decode()
    hidden = Redactor.of([secret]).hide(f"Basic {whole}")
    # At most the edges are left, which also hold bits of the neighbours.
    assert "…" in hidden
    left = hidden.removeprefix("Basic ").split("…")
    assert len(left) == 2
    assert len(left[0]) <= -(-len(before) * 8 // 6)
    assert len(left[1].rstrip("=")) <= -(-len(after) * 8 // 6) + 1


@given(st.lists(st.text(min_size=4, max_size=12), max_size=5), st.text(max_size=20))
def test_no_secret_survives_hiding(secrets: list[str], text: str) -> None:
    """However secrets overlap or contain each other."""
    redactor = Redactor.of(secrets)
    around = text + "".join(secrets) + text
    hidden = redactor.hide(around)
    for secret in secrets:
        assert secret not in hidden or "…" in secret


def test_lines_of_a_long_secret_are_hidden_one_by_one() -> None:
    """A private key that a hook prints comes line by line."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
    redactor = Redactor.of([key])
    assert [redactor.hide(line) for line in key.splitlines()] == ["…"] * 4


@pytest.mark.parametrize(
    "shown",
    [repr, ascii, lambda text: repr(text.encode()), json.dumps,
     lambda text: quote(text, safe="!'()*"), lambda text: text.encode().decode("latin-1"),
     lambda text: text.encode("latin-1").decode(errors="replace")],
)  # fmt: skip
def test_secret_is_hidden_as_programs_show_text(shown: Callable[[str], str]) -> None:
    """Python's own errors quote it, JavaScript encodes it, HTTP takes it for Latin-1."""
    secret = "tä\"l's (k)ey\\!\t~"
    assert "ey" not in Redactor.of([secret]).hide(f"it is {shown(secret)}.")


def test_line_of_broken_base64_is_hidden() -> None:
    """``base64`` breaks lines at 76 characters, ``openssl base64`` at 64."""
    secret = "".join(chr(33 + number % 90) for number in range(150))
    coded = base64.b64encode(secret.encode()).decode()
    for width in (64, 76):
        lines = [coded[at : at + width] for at in range(0, len(coded), width)]
        assert {Redactor.of([secret]).hide(line) for line in lines} == {"…"}


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("at https://joe:pw@host/x", "at https://…@host/x"),
        ("at https://p:w@x@host:80?a@b", "at https://…@host:80?a@b"),
        ('["ftp://token@host"]', '["ftp://…@host"]'),
        ("https://host/a@b joe@host", "https://host/a@b joe@host"),
        ("https://…@host", "https://…@host"),
    ],
)
def test_login_of_any_url_is_hidden(text: str, hidden: str) -> None:
    """Whoever's it is: no configuration need know it."""
    assert Redactor().hide(text) == hidden
    assert not Redactor().finds(text)


def test_url_without_its_login_is_still_a_url() -> None:
    """For those that are told where, not who."""
    assert log.without_logins("http://joe:pw@host/ http://x/") == "http://host/ http://x/"


def test_fields_that_change_are_asked_for_at_every_event(said: io.StringIO) -> None:
    """Those of the event itself come on top, the service is always there."""
    log.setup("info", "json", stream=said)
    now = {"phase": "staging", "release": ""}
    logger = log.Telling(bound("api"), lambda: now)
    logger.info("one")
    now["phase"] = "after"
    logger.info("two")
    logger.info("three", extra={"phase": "done", "release": "r1"})
    events = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [(one["service"], one["phase"]) for one in events] == [
        ("api", "staging"), ("api", "after"), ("api", "done"),
    ]  # fmt: skip
    assert [one.get("release") for one in events] == [None, None, "r1"]


def test_short_secret_is_hidden_only_where_it_stands_alone() -> None:
    """A secret of one letter must not make every log unreadable."""
    assert Redactor.of(["x"]).hide("x=x, box x2") == "…=…, box x2"


@pytest.mark.parametrize("secret", ["not\udc80utf8", "lone\ud800surrogate"])
def test_secret_that_is_no_unicode_is_hidden_too(secret: str) -> None:
    """What an environment variable may hold, and what an escape in a string may make."""
    assert Redactor.of([secret]).hide(f"a {secret} b") == "a … b"


def test_nothing_to_hide_changes_nothing() -> None:
    """No secrets, or empty ones."""
    assert Redactor.of([]).hide("text") == "text"
    assert Redactor.of([""]).hide("text") == "text"


def test_closed_standard_error_does_no_harm(said: io.StringIO) -> None:
    """Whoever closes our standard error does not end us."""
    log.setup("info", "text", stream=said)
    said.close()
    bound("api").info("to nobody")
