"""``before``, ``after``, ``failed`` and ``health`` blocks: what runs around an update."""

from __future__ import annotations

from typing import Any

from dropship.config.backends import lonely, of_type
from dropship.config.body import Block, Body
from dropship.config.fields import spellings
from dropship.config.model import FailureRule, HealthConfig, HookConfig, OnFailure
from dropship.config.reader import FAULTY, Reader
from dropship.config.sketch import Script
from dropship.hcl.ast import Span
from dropship.plugins import Kind


def hooks(
    reader: Reader, body: Body, kind: str, usual: OnFailure | None
) -> list[HookConfig | None]:
    """The hooks of a kind, in order; ``usual`` is the ``onFailure`` of ``defaults``."""
    return [
        _hook(reader, block, usual, body.header) for block in reader.blocks(body, kind, "a type")
    ]


def health(reader: Reader, body: Body) -> list[HealthConfig | None]:
    """The health checks, in order."""
    return [
        _health(reader, block, body.header) for block in reader.blocks(body, "health", "a type")
    ]


def legacy(reader: Reader, body: Body) -> None:
    """Note the commands that the Go tool had for hooks, for the rules about commands."""
    for key in ("precommand", "postcommand"):
        if body.named(key):
            reader.scripts.append(Script(body, body.header, key, kind="words"))


def _hook(reader: Reader, block: Block, usual: OnFailure | None, owner: Span) -> HookConfig | None:
    values, rule = reader.read(HookConfig, block.body), reader.read(FailureRule, block.body)
    cls, options = _backend(reader, Kind.HOOK, block, (HookConfig, FailureRule))
    if _label(block) == "script" and block.body.named("command"):
        known = options is not FAULTY
        user, environ = (options.user, options.env) if known else ("", {})
        reader.scripts.append(Script(block.body, owner, user=user, environ=environ))
    if cls is None or not rule.whole:
        return None
    written: OnFailure | None = rule.get("on_failure", usual)
    hook: HookConfig | None = values.make(
        HookConfig,
        type=_label(block),
        options=options,
        on_failure=written or ("continue" if cls.notifies else "abort"),
        abort_written=written == "abort",
    )
    return hook


def _health(reader: Reader, block: Block, owner: Span) -> HealthConfig | None:
    values = reader.read(HealthConfig, block.body)
    _, options = _backend(reader, Kind.HEALTH, block, (HealthConfig,))
    if _label(block) == "script" and block.body.named("command"):
        reader.scripts.append(Script(block.body, owner, kind="health"))
    check: HealthConfig | None = values.make(HealthConfig, type=_label(block), options=options)
    if check is not None:
        _in_time(reader, block.body, check)
        _long_enough(reader, block.body, check)
    return check


def _in_time(reader: Reader, body: Body, check: HealthConfig) -> None:
    """A check that cannot hold in its time would have every update taken back."""
    least = check.interval.nanoseconds * (check.successes - 1)
    if least > check.within.nanoseconds:
        reader.report.warning(
            "W248",
            f"{body.title} can never hold: {check.successes} successes, one every {check.interval}, "
            f"take longer than within ({check.within})",
            body.header,
            suggestion="raise within, or lower successes or interval",
        )


def _long_enough(reader: Reader, body: Body, check: HealthConfig) -> None:
    """A service is active from its start on; that it falls over shows later."""
    once = check.successes == 1 and not check.hold_for.nanoseconds
    if check.type == "systemd" and once and check.options.unit.is_service:
        reader.report.warning(
            "W251",
            f"{body.title} looks only once: also a service that falls over right after its start "
            "is active then",
            body.header,
            suggestion='add holdFor = "10s", or as long as it may take to fall over',
        )


def _backend(
    reader: Reader, kind: Kind, block: Block, common: tuple[type, ...]
) -> tuple[type[Any] | None, Any]:
    assert block.label is not None  # noqa: S101 - Reader.blocks leaves those out
    cls = of_type(reader, kind, block.label.text, block.label.span)
    if cls is None:
        for item in block.body.items:
            # Nobody knows which of these are secrets.
            reader.report.mask(item.value)
        return None, FAULTY
    reader.unknown(block.body, spellings(*common, cls.Options), hide=True)
    options = reader.make(cls.Options, block.body)
    lonely(reader, cls.Options, block.body)
    return cls, options


def _label(block: Block) -> str:
    return block.label.text if block.label else ""
