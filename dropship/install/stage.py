"""Staging: an artifact is downloaded, verified and unpacked before anything is touched for it.

The only maker of a ``StagedRelease``: its bytes are as long as the store said and hash to what
was promised, the unpacker said done, the tree is synced and stands in ``releases/``. Until that
rename everything is in ``staging/``, and whatever fails leaves nothing there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from dropship.core.checksum import Checksum, Digester
from dropship.core.entry import Rules
from dropship.core.format import NAMES
from dropship.core.parts import PartsDigester
from dropship.core.values import Release, Share, Size
from dropship.core.watch import Watch
from dropship.errors import (
    ConfigError,
    IntegrityError,
    NoSpaceError,
    RefusedError,
    RepoError,
    StageError,
)
from dropship.install import adopt, owner, retention
from dropship.install import release as cards
from dropship.install.activate import StagedRelease
from dropship.install.artifact import Artifact
from dropship.install.durable import sync_folder
from dropship.install.fetch import Fetch, Fetched
from dropship.install.layout import Layout
from dropship.install.plan import TREE, Plan, Report, Word
from dropship.install.remove import remove
from dropship.install.shared import Shared
from dropship.install.unpacker import PID_SUFFIX, Unpacker, end_left_over
from dropship.linux import process
from dropship.repos import Body, Found
from dropship.repos.digests import digester

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_LOOK_SECONDS: Final = 0.2
_FILE_MODE: Final = 0o644
_SHORT_MD5: Final = 12
_OWN: Final = ("md5", "sha256")  # computed of every artifact


@dataclass(frozen=True, slots=True)
class StageRequest:
    """One staging.

    Attributes:
        layout: Where.
        artifact: What the operator configured.
        found: What the store says of the artifact.
        recipe: Fingerprint of the settings that shape the tree, for the card.
        min_free: What must stay free on the file system.
    """

    layout: Layout
    artifact: Artifact
    found: Found
    recipe: str
    min_free: Share


class Source(Protocol):
    """Where the bytes come from."""

    def open(self, found: Found, offset: int = 0) -> Body:
        """Open exactly what was found, from ``offset`` on; raises as ``repos.Repo.open``."""


def stage(
    request: StageRequest, source: Source, watch: Watch, clock: Callable[[], float]
) -> StagedRelease:
    """Download, verify and unpack an artifact into ``releases/``.

    Raises:
        MovedError: It changed meanwhile.
        RepoError: The store could not be read.
        IntegrityError: The bytes are not what was promised.
        RefusedError: The bytes are, and the archive is against the rules.
        NoSpaceError: It does not fit.
        StageError: Something else failed that may pass.
        ConfigError: The artifact's ``format`` or ``mode`` is none, its owner is not there, or what
            is to be shared cannot be.
    """
    attempt = _Attempt(request, watch)
    with _faults(request.layout), attempt.folder() as folder:
        plan = plan_of(request.artifact, request.found, folder)
        shared = Shared.of(request.layout, request.artifact.shared, plan.account)
        owner.give(folder, plan.account)
        if plan.account is None:
            plan = replace(plan, account=owner.of_folder(folder))
        with Unpacker(plan) as unpacker:
            others = _others(request.found)
            fetched = attempt.fetch(source, tuple(others.values())).into(unpacker)
            said = unpacker.result()
        _verify(request, fetched, others)
        _refuse(said, fetched)
        attempt.check_room()
        shared.link(folder / TREE, folder)
        return _keep(request, fetched, said, folder / TREE, clock())


def discard(layout: Layout, release: Release, watch: Watch | None = None) -> None:
    """Delete a staged release that will not be used.

    Raises:
        StageError: It could not be deleted; the sweep tries again.
    """
    with _faults(layout):
        retention.discard(layout, release.name, watch)


def sweep(layout: Layout, keep: Collection[str], watch: Watch | None = None) -> None:
    """Clear up after a driver that died: nothing is left but releases that are in ``keep``.

    Ends an unpacker that is still there, finishes an adoption that was cut in two, empties
    ``staging/``, and deletes releases not in ``keep``, but no adopted and not the current one.

    Raises:
        StageError: Something could not be deleted.
        ActivationError: The adoption could not be finished.
    """
    adopt.finish(layout)
    with _faults(layout):
        _end_left_over(layout)
        layout.new_link.unlink(missing_ok=True)
        for one in _listed(layout.staging):
            remove(one, *((watch.look,) if watch else ()))
        retention.prune(layout, keep, watch)
        retention.drop_orphans(layout)


def plan_of(artifact: Artifact, found: Found, folder: Path) -> Plan:
    """What the unpacker is told about an artifact.

    Raises:
        ConfigError: ``format`` or ``mode`` is none, or there is no such owner.
    """
    if artifact.format not in NAMES:
        raise ConfigError(
            f'"{artifact.format}" is no artifact format', cure="write one of " + ", ".join(NAMES)
        )
    umask = process.umask()
    return Plan(
        folder=folder,
        said=artifact.format,
        config_type=artifact.content_type,
        store_type=found.content_type,
        name=found.name,
        rules=Rules(
            strip=artifact.strip_components,
            symlinks_to=tuple(os.fsencode(prefix) for prefix in artifact.symlinks_to),
            keep_modes=artifact.keep_modes,
            max_size=artifact.max_size.bytes,
            max_entries=artifact.max_entries,
            max_ratio=artifact.max_ratio,
        ),
        file_mode=_mode(artifact.mode, umask),
        umask=umask,
        seconds=artifact.stage_timeout.seconds,
        account=owner.find(artifact.owner, artifact.group),
    )


class _Attempt:
    """The bounds of one staging: attention, time, room."""

    def __init__(self, request: StageRequest, watch: Watch) -> None:
        self._request = request
        self._watch = watch
        self._over = time.monotonic() + request.artifact.stage_timeout.seconds
        self._looked = 0.0

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A fresh folder in ``staging/``, gone afterwards whatever happens."""
        layout = self._request.layout
        layout.releases.mkdir(parents=True, exist_ok=True)
        layout.staging.mkdir(mode=0o700, exist_ok=True)
        self.check_room(self._request.found.size or 0)
        folder = layout.staging / f"stage-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            remove(folder)

    def fetch(self, source: Source, others: tuple[Digester, ...]) -> Fetch:
        """The download, which ``others`` are to see.

        Raises:
            RepoError: Nobody could tell whether it is complete.
        """
        request = self._request
        found, artifact = request.found, request.artifact
        digest = found.promised or artifact.md5 or artifact.sha256
        if found.size is None and not digest:
            raise RepoError(
                f"{found.source} comes without a length or a digest",
                cure="pin it with `sha256`, or have the store send Content-Length",
                permanent=True,
            )
        tries = getattr(artifact.repo.options, "retries", None)
        return Fetch(
            open=lambda offset: source.open(found, offset),
            total=found.size,
            watch=self._watch,
            check=self.check,
            others=others,
            **({"tries": tries} if isinstance(tries, int) else {}),
        )

    def check(self) -> None:
        """Be attentive, in time, and not too greedy; cheap if called often.

        Raises:
            StageError: ``stageTimeout`` is over.
            NoSpaceError: Less than ``minFree`` is left.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        self._watch.look()
        if now > self._over:
            raise StageError(
                f"staging took longer than {self._request.artifact.stage_timeout}",
                cure="raise `stageTimeout` if that is as it should be",
            )
        self.check_room()

    def check_room(self, more: int = 0) -> None:
        """See that ``more`` bytes fit without going below ``minFree``.

        Raises:
            NoSpaceError: They do not.
        """
        layout = self._request.layout
        disk = os.statvfs(layout.staging)
        free = disk.f_bavail * disk.f_frsize
        floor = self._request.min_free.of(disk.f_blocks * disk.f_frsize)
        if free - more < floor:
            left = f"would leave less than {Size(floor)} free below" if floor else "has no room in"
            needs = f"{Size(more)} are needed, and " if more else ""
            raise NoSpaceError(
                f"staging {left} {layout.root}: {needs}{Size(free)} are free now",
                cure="make room, keep fewer releases (`keepReleases`)"
                + (", or lower `minFree`" if floor else ""),
            )


def _others(found: Found) -> dict[Checksum, Digester]:
    """What computes the promises besides md5 and sha256, by promise; of parts, the joint one."""
    made = {one: digester(one.algorithm) for one in found.checksums if one.algorithm not in _OWN}
    others = {one: other for one, other in made.items() if other is not None}
    if found.parts is not None:
        others[Checksum("md5", found.parts.combined)] = PartsDigester(found.parts)
    return others


def _verify(request: StageRequest, fetched: Fetched, others: Mapping[Checksum, Digester]) -> None:
    found, artifact, digest = request.found, request.artifact, fetched.digest
    store, operator = f"{found.source} promises", "the configuration wants"
    promises: list[tuple[str, str, str | None, str]] = [
        ("md5", digest.md5, found.md5, store),
        ("sha256", digest.sha256, found.sha256, store),
        ("md5", digest.md5, artifact.md5.strip(), operator),
        ("sha256", digest.sha256, artifact.sha256.strip(), operator),
    ]
    promises += [
        (one.algorithm, getattr(digest, one.algorithm), one.value, _whose(one, store))
        for one in found.checksums
        if one.algorithm in _OWN
    ]
    for one, other in others.items():
        what = "md5 of the parts" if isinstance(other, PartsDigester) else one.algorithm
        promises.append((what, other.hexdigest(), one.value, _whose(one, store)))
    for name, real, promised, whose in promises:
        if promised and promised.lower() != real:
            raise IntegrityError(
                f"the {name} of what came from {found.source} is {real}, but {whose} {promised}",
                cure="it is downloaded again at the next check; if it stays so, publish it again",
            )


def _whose(one: Checksum, store: str) -> str:
    return f"{one.by} promises" if one.by else store


def _refuse(said: Report, fetched: Fetched) -> None:
    if said.word is not Word.DONE:
        raise RefusedError(said.message, cure=said.cure, md5=fetched.digest.md5)


def _keep(
    request: StageRequest, fetched: Fetched, said: Report, tree: Path, now: float
) -> StagedRelease:
    """Card first, then the tree: what stands in ``releases/`` is whole and known."""
    layout, found = request.layout, request.found
    wanted = f"{cards.stamp(now)}-{fetched.digest.md5[:_SHORT_MD5]}"
    release = Release(
        name=cards.free_name(layout, wanted),
        digest=fetched.digest,
        token=found.token,
        staged_at=now,
        bytes=fetched.bytes,
        entries=said.entries,
        version=found.version,
        recipe=request.recipe,
    )
    path = layout.release(release.name)
    try:
        cards.write(layout, release, found.source)
        tree.rename(path)
        sync_folder(layout.releases)
    except BaseException:
        with contextlib.suppress(OSError):
            retention.discard(layout, release.name)
        raise
    return StagedRelease(release=release, path=path)


@contextmanager
def _faults(layout: Layout) -> Iterator[None]:
    """What the system says, in the words of what happens next."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpaceError(
                f"the disk below {layout.root} is full: {error.strerror}",
                cure="make room, or keep fewer releases (`keepReleases`)",
            ) from error
        raise StageError(
            f"staging below {layout.root} failed: {error}",
            cure=f"let user {os.geteuid()} write there"
            if isinstance(error, PermissionError)
            else "",
        ) from error


def _end_left_over(layout: Layout) -> None:
    for note in _listed(layout.staging):
        if note.suffix == PID_SUFFIX and not end_left_over(note):
            raise StageError(
                f"an unpacker of a worker that died is still busy in {layout.staging}",
                cure="see what its disk is waiting for",
            )


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _mode(said: str, umask: int) -> int:
    """The permission bits of a single file."""
    if not said:
        return _FILE_MODE & ~umask
    try:
        mode = int(said, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise ConfigError(f'the mode "{said}" is none', cure='write one such as "0755"')
    return mode
