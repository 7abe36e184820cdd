"""What is kept on disk of one service, in one folder: state, journal, running hook, history.

Writers hold the service's lock. Everything is whole at any time, and nothing that cannot be read
is written over.
"""

from __future__ import annotations

from pathlib import Path

from dropship.core.saved import HistoryEntry, Journal, Saved
from dropship.state.document import Document
from dropship.state.history import History
from dropship.state.hook_mark import HookMark
from dropship.state.scratch import Scratch


class Store:
    """A service's folder: ``<state_path>/services/<name>``.

    Every method may raise ``StateError`` with the file and the cure.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = Document(folder / "state.json", Saved)
        self._journal = Document(folder / "journal.json", Journal)
        self._hook = Scratch(folder / "hook.json", HookMark)
        self._history = History(folder / "history.jsonl", HistoryEntry)

    @classmethod
    def of(cls, state_path: Path, service: str) -> Store:
        """The store of a service under the agent's ``state_path``."""
        return cls(services(state_path) / service)

    def load(self) -> Saved | None:
        """The state; None if there is none yet."""
        return self._state.load()

    def prepare(self, saved: Saved) -> None:
        """Write the next state out in full, uncommitted."""
        self._state.prepare(saved)

    def commit(self) -> None:
        """Make what was prepared the state: one rename."""
        self._state.commit()

    def save(self, saved: Saved) -> None:
        """Write the state."""
        self._state.save(saved)

    def journal_write(self, journal: Journal) -> None:
        """Write down the step that is about to begin."""
        self._journal.save(journal)

    def journal_prepare(self, journal: Journal) -> None:
        """Write the next journal out in full, uncommitted."""
        self._journal.prepare(journal)

    def journal_commit(self) -> None:
        """Make what was prepared the journal: one rename."""
        self._journal.commit()

    def journal_read(self) -> Journal | None:
        """The step that was in flight; None if none was."""
        return self._journal.load()

    def journal_remove(self) -> None:
        """No step is in flight any more."""
        self._journal.remove()

    def hook_write(self, mark: HookMark) -> None:
        """A hook is about to begin."""
        self._hook.save(mark)

    def hook_read(self) -> HookMark | None:
        """The hook that was running; None if none was, or its mark was cut short."""
        return self._hook.load()

    def hook_remove(self) -> None:
        """No hook is running any more."""
        self._hook.remove()

    def history_append(self, entry: HistoryEntry) -> None:
        """Add a past update."""
        self._history.append(entry)

    def history(self, limit: int | None = None) -> tuple[HistoryEntry, ...]:
        """Past updates, newest first."""
        return self._history.newest(limit)


def services(state_path: Path) -> Path:
    """Where the folders of services are."""
    return state_path / "services"
