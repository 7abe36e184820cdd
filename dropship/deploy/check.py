"""What a check would find: the store is asked, nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dropship.core import guards
from dropship.core.events import TokenSeen
from dropship.core.saved import Attempt, Saved
from dropship.core.situation import State, installed, meaning
from dropship.core.values import Md5, Token
from dropship.deploy import ground, proof
from dropship.deploy.rig import Rig
from dropship.errors import RepoError, StateError
from dropship.log import hide

Verdict = Literal["current", "outdated", "quarantined", "error"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One service, as ``check --format json`` has it.

    For people: ``why`` and ``doubt``; what the store has, its ``source`` and ``size`` in bytes; and
    the ``cure``, with which ``error`` ends.
    """

    service: str
    state: Verdict
    installed: Md5 | None
    token: Token | None = None
    error: str | None = None
    why: str = ""
    doubt: str = ""
    source: str = ""
    size: int | None = None
    cure: str = ""

    @property
    def words(self) -> str:
        """One line for people."""
        if self.error is not None:
            return f"cannot be asked: {self.error}"
        installed = (
            f", installed {self.installed[:12]}" if self.installed else ", nothing installed"
        )
        why = f" ({self.why})" if self.why else ""
        return f"{self.state}{installed}{why}" + (f"; {self.doubt}" if self.doubt else "")


def check(rig: Rig) -> Checked:
    """Ask the store of one service.

    State that cannot be read is an error of this service only.
    """
    try:
        saved = rig.store.load() or Saved()
    except StateError as error:
        return Checked(
            rig.service.name, "error", None, error=hide(str(error)), cure=hide(error.cure)
        )
    if saved.destination not in ("", str(rig.layout.destination)):
        saved = Saved(quarantine=saved.quarantine, tokens=saved.tokens, pinned=saved.pinned)
    seen = ground.look(rig.layout, saved)
    state = State(rig.facts, saved=saved, attempt=Attempt(id="", started=0.0))
    current = installed(state, seen)
    there = current.md5 if current else rig.service.hash
    try:
        found = rig.source.find(saved.pinned)
    except RepoError as error:
        return Checked(
            rig.service.name, "error", there, error=hide(str(error)), cure=hide(error.cure)
        )
    answer = replace(seen, token=found.token, md5=found.md5, version=found.version)
    verdict, why = _judge(state, answer)
    doubt = hide(proof.doubt(rig, found))
    return Checked(
        rig.service.name,
        verdict,
        there,
        found.token,
        why=why,
        doubt=doubt,
        source=hide(found.source),
        size=found.size,
    )


def _judge(state: State, answer: TokenSeen) -> tuple[Verdict, str]:
    """As the table would, with the same guards."""
    if guards.unwanted(state, answer):
        bad = state.saved.quarantined(meaning(state, answer))
        return "quarantined", bad.reason if bad else ""
    if guards.unchanged(state, answer):
        return "current", "the link is gone" if guards.link_gone(state, answer) else ""
    if guards.older(state, answer):
        return "current", f"version {answer.version} in the store is older"
    current = installed(state, answer)
    restaged = current is not None and current.md5 == meaning(state, answer)
    if restaged:
        return "outdated", "settings of the artifact have changed"
    return "outdated", f"version {answer.version} is in the store" if answer.version else ""
