"""What hooks run: accounts that are not there, and commands that a symlinked destination fools."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from dropship.config.destinations import as_it_is
from dropship.config.owners import Accounts
from dropship.config.report import Report
from dropship.config.sketch import Script, Sketch
from dropship.hcl.ast import StringValue

if TYPE_CHECKING:
    from dropship.config.decode import Services
    from dropship.config.fooled import Fooled

# What $DROPSHIP_DESTINATION comes to in a hook of all services: no path has such a name.
_ANY = "/\0"
# The commands that ``fooled`` knows: most texts name none, and need not be read as a shell would.
_NAMED: Final = re.compile(r"\b(?:chcon|chgrp|chown|cp|du|find|mv|rm|rsync|tar)\b")


def running(services: Services, accounts: Accounts | None, report: Report) -> None:
    """Look at every command of every service, and of ``defaults``."""
    links = {
        str(place): sketch
        for sketch in services.sketches
        if sketch.destination is not None
        for place in as_it_is(sketch.destination)
    }
    owners = {one.header: one for one in services.sketches}
    for script in services.scripts:
        if accounts is not None:
            _user(script, accounts, report)
        own = owners.get(script.owner)
        _command(script, own, links, report, services.sketches)


def _user(script: Script, accounts: Accounts, report: Report) -> None:
    """Such a hook fails, and the update is taken back: that is no reason to stop all services."""
    item = next(iter(script.body.named("user")), None)
    if item is None or not script.user:
        return
    uid = accounts.user(script.user)
    if uid is None:
        message = f"there is no user {script.user} on this host"
        hint = "add it, or name another"
    elif accounts.euid not in (0, uid):
        message = "only root can run a hook as somebody else"
        hint = "run the agent as root, or leave user out"
    else:
        return
    report.warning("W245", message, item.value.span, suggestion=hint)


def _command(
    script: Script,
    own: Sketch | None,
    links: Mapping[str, Sketch],
    report: Report,
    all_of_them: Sequence[Sketch],
) -> None:
    value = script.body.named(script.key)[-1].value
    if not isinstance(value, StringValue) or not _NAMED.search(value.text):
        return  # a value of another kind comes from elsewhere
    from dropship.config.fooled import fooled, fooled_words  # noqa: PLC0415 - seldom needed
    from dropship.hcl.inside import inside  # noqa: PLC0415 - as above

    text = value.text
    if script.kind == "words":
        found = fooled_words(text, links)
    else:
        variables = dict(script.environ)
        if script.kind == "hook":
            mine = own.destination if own else None
            variables["DROPSHIP_DESTINATION"] = str(mine) if mine else _ANY
        found = fooled(text, variables, {*links, _ANY})
    for one in found:
        word = text[one.start : one.end]
        # $DROPSHIP_DESTINATION in defaults is that of every service.
        meant = [links[one.link]] if one.link in links else all_of_them
        report.warning(
            "W244",
            f"{one.command} {one.what} here: a destination is a symlink to the release that runs",
            inside(value, one.start, one.end),
            suggestion=_cure(one, word, folder=all(sketch.unpacked for sketch in meant)),
        )


def _cure(one: Fooled, word: str, *, folder: bool) -> str:
    """What to write instead."""
    if one.cure:
        return one.cure
    if not folder or not one.slash:
        return f"add {one.flag}"
    quote = word[-1:] if word[-1:] in "\"'" else ""
    return f"write {word.removesuffix(quote)}/{quote}"
