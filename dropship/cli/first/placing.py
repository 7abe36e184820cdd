"""Where the answers go: which files are made, which get a block more, and what they hold then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dropship.cli.first import text
from dropship.cli.first.answers import Answers
from dropship.cli.first.present import Present
from dropship.cli.first.putting import Changed, NewFile, NewFolder, Step, folders
from dropship.cli.first.question import Around
from dropship.errors import ConfigError

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Placed:
    """What is to be done, and how it is told.

    Attributes:
        steps: The changes, in an order in which each leaves something that works.
        told: A line for each file.
        written: The files of the configuration that are new or changed.
    """

    steps: tuple[Step, ...]
    told: tuple[str, ...]
    written: frozenset[Path]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where things go, before it is known what they are.

    Attributes:
        anew: The main file is written anew, although it is there.
        force: A service's file may be replaced; the old one is kept beside it.
    """

    present: Present
    force: bool
    anew: bool

    @property
    def fresh(self) -> bool:
        """Whether there is no main file to be left alone."""
        return self.present.text is None or self.anew

    def file_of(self, service: str) -> Path:
        """The file of a service that has one of its own."""
        return self.present.services / f"{service}.hcl"

    def taken(self, service: str) -> str:
        """Why a service cannot have a name; empty if it can."""
        if self.anew:
            return ""
        file, own = self.present.places.get(service), self.file_of(service)
        if file is not None and (file != own or not self.force):
            renewable = file == own or service in self.present.renewable
            hint = "edit it, replace it with --force," if renewable else "edit it there,"
            return f'the service "{service}" is in {file} already: {hint} or name another'
        others = [name for name, one in self.present.places.items() if one == own]
        if set(others) - {service}:
            return f"{own} holds {', '.join(others)}: edit it there, or name another"
        if own.exists() and not self.force:
            return f"{own} is there already: edit it, replace it with --force, or name another"
        return ""

    def secret(self, name: str) -> Path:
        """A file for a secret that is not there yet."""
        folder = self.present.main.parent / "secrets"
        names = (name, *(f"{name}-{number}" for number in range(2, 1000)))
        return next(folder / one for one in names if not (folder / one).exists())

    def placed(self, answers: Answers, around: Around) -> Placed:
        """The changes that put the answers into effect.

        Raises:
            ConfigError: A block cannot be added to the main file.
        """
        secret = self.secret(answers.repo or answers.store) if answers.secret else None
        whole = self.fresh and (self.anew or not self.present.services.is_dir())
        parts = [
            _Part.secret(self, answers, secret),
            self._main(answers, around, secret, whole=whole),
        ]
        parts += [] if whole else [self._service(answers, around)]
        found = [one for one in parts if one is not None]
        return Placed(
            # Files of one folder have it made once.
            tuple(dict.fromkeys(step for one in found for step in one.steps)),
            tuple(one.told for one in found),
            frozenset(one.path for one in found),
        )

    def _main(
        self, answers: Answers, around: Around, secret: Path | None, *, whole: bool
    ) -> _Part | None:
        main = self.present.main
        if self.fresh:
            content = text.main_file(answers, around, secret, whole=whole)
            return _written(main, content, self.present.text, like=None)
        blocks = text.stores_and_locks(answers, around, secret)
        if not blocks:
            return None
        if not self.present.appendable:
            raise ConfigError(
                f"{main} is written as JSON, so nothing can be added at its end",
                cure="add a repo or lock block to it by hand, and run this again",
            )
        old = self.present.text or ""
        new = old + ("" if old.endswith("\n") or not old else "\n") + ("\n" if old else "") + blocks
        return _Part(
            main,
            (Changed(main, old.encode(), new.encode()),),
            f"added to {main}: " + _heads(blocks),
        )

    def _service(self, answers: Answers, around: Around) -> _Part:
        path = self.file_of(answers.service)
        main = self.present.main if not self.fresh else None
        old = path.read_text(encoding="utf-8") if path.exists() else None
        return _written(path, text.service_file(answers, around), old, like=main)


@dataclass(frozen=True, slots=True)
class _Part:
    """A file: how it comes to be, and how that is told."""

    path: Path
    steps: tuple[Step, ...]
    told: str

    @classmethod
    def secret(cls, plan: Plan, answers: Answers, path: Path | None) -> _Part | None:
        """The file of a secret that was typed."""
        if path is None:
            return None
        main = plan.present.main if plan.present.text is not None else None
        steps: list[Step] = folders(path.parent.parent)
        if not path.parent.exists():
            steps.append(NewFolder(path.parent, main, _PRIVATE_FOLDER))
        content = f"{answers.secret.reveal()}\n".encode()
        steps.append(NewFile(path, content, main, _PRIVATE_FILE))
        return cls(path, tuple(steps), f"wrote {path} (mode 0600): the secret")


def _written(path: Path, content: str, old: str | None, *, like: Path | None) -> _Part:
    """A file with this content, whatever was there: that is kept."""
    made = folders(path.parent, like.parent if like else None)
    if old is None:
        return _Part(path, (*made, NewFile(path, content.encode(), like)), f"wrote {path}")
    kept = _free(path)
    steps = (NewFile(kept, old.encode(), path), Changed(path, old.encode(), content.encode()))
    return _Part(path, steps, f"wrote {path}; what stood there is in {kept}")


def _free(path: Path) -> Path:
    """A name beside a file that is not in use, and that nothing reads."""
    names = (".old", *(f".old.{number}" for number in range(2, 1000)))
    return next(kept for one in names if not (kept := path.with_name(path.name + one)).exists())


def _heads(blocks: str) -> str:
    """The headers of blocks in canonical form."""
    heads = (line for line in blocks.splitlines() if line and line[0] not in " }#")
    return ", ".join(head.removesuffix(" {}").removesuffix(" {") for head in heads)
