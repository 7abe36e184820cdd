"""What is kept on disk of one service."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from dropship.core.phase import Phase
from dropship.core.saved import Attempt, HistoryEntry, Journal, Saved
from dropship.errors import StateError
from dropship.exec.run import ProcessGroup
from dropship.state.hook_mark import HookMark
from dropship.state.store import Store

ONE = Saved(destination="/srv/one")
TWO = Saved(destination="/srv/two")
ENTRY = HistoryEntry("u1", 1.0, 2.0, "updated")
MARK = HookMark(
    "u1", "before", rollback=False, index=0, group=ProcessGroup(123, 456), since=1.0, timeout=300.0
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store whose folder is not there yet."""
    return Store.of(tmp_path / "state", "api")


def again(store: Store) -> Store:
    """As the next process sees it."""
    return Store(store.folder)


def test_new_service_has_nothing(store: Store) -> None:
    """No state, no journal, no hook, no history; and reading makes no folder."""
    assert (store.load(), store.journal_read(), store.hook_read()) == (None, None, None)
    assert store.history() == ()
    assert not store.folder.exists()


def test_saved_state_is_read_by_the_next_process(store: Store) -> None:
    """Save, then load elsewhere."""
    store.save(ONE)
    assert again(store).load() == ONE


def test_prepared_state_counts_only_once_committed(store: Store) -> None:
    """Until the commit the old state stands, also for the next process."""
    store.save(ONE)
    store.prepare(TWO)
    assert again(store).load() == ONE
    store.commit()
    assert again(store).load() == TWO


def test_commit_needs_no_space(store: Store) -> None:
    """Committing is a rename: the file that was prepared becomes the state itself."""
    store.save(ONE)
    store.prepare(TWO)
    prepared = (store.folder / "state.json.next").stat().st_ino
    store.commit()
    assert (store.folder / "state.json").stat().st_ino == prepared


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"destination": 1}', "\xff", "[" * 100_000],
)
def test_damaged_state_is_neither_read_nor_written_over(store: Store, text: str) -> None:
    """Load, save and commit refuse with the file and the cure, and the file stays as it is."""
    store.folder.mkdir(parents=True)
    file = store.folder / "state.json"
    file.write_text(text, encoding="latin-1")
    for attempt in (store.load, lambda: store.save(ONE), lambda: again(store).commit()):
        with pytest.raises(StateError, match=f"^{file}") as caught:
            attempt()
        assert caught.value.cure
    assert file.read_text(encoding="latin-1") == text


def test_state_of_a_newer_program_is_refused(store: Store) -> None:
    """``minReader`` above ours means: not for us, whatever else we could read."""
    store.save(ONE)
    file = store.folder / "state.json"
    data = json.loads(file.read_text())
    assert data["minReader"] == 1
    file.write_text(json.dumps({**data, "minReader": 2}))
    with pytest.raises(StateError, match="written by a newer version of dropship"):
        again(store).load()


def test_half_written_next_state_does_no_harm(store: Store) -> None:
    """What a crash left beside the state is passed over and written anew."""
    store.save(ONE)
    (store.folder / "state.json.next").write_text('{"dest')
    later = again(store)
    assert later.load() == ONE
    later.save(TWO)
    assert again(store).load() == TWO


def test_full_disk_leaves_the_old_state_and_no_litter(store: Store) -> None:
    """A state that cannot be written out is an error before anything was touched."""
    store.save(ONE)
    before = sorted(store.folder.iterdir())
    # A write past the limit on file sizes fails like one on a full disk.
    child = os.fork()
    if child == 0:
        os._exit(_save_without_room(store))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert again(store).load() == ONE
    assert sorted(store.folder.iterdir()) == before


def _save_without_room(store: Store) -> int:
    import resource  # noqa: PLC0415 - only in the child
    import signal  # noqa: PLC0415 - only in the child

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
    try:
        store.save(TWO)
    except StateError:
        return 0
    return 1


def test_journal_is_there_until_removed(store: Store) -> None:
    """Write, read elsewhere, write over, remove; removing twice is fine."""
    journal = Journal(Phase.BEFORE, Attempt("u1", 1.0))
    store.journal_write(journal)
    assert again(store).journal_read() == journal
    store.journal_write(Journal(Phase.AFTER, Attempt("u1", 1.0), hook=2))
    assert again(store).journal_read() == Journal(Phase.AFTER, Attempt("u1", 1.0), hook=2)
    store.journal_remove()
    store.journal_remove()
    assert again(store).journal_read() is None


def test_prepared_journal_counts_once_committed_and_goes_with_the_other(store: Store) -> None:
    """As with the state; nothing of it is left when no step is in flight."""
    one, two = Journal(Phase.BEFORE, Attempt("u1", 1.0)), Journal(Phase.AFTER, Attempt("u1", 1.0))
    store.journal_write(one)
    store.journal_prepare(two)
    assert again(store).journal_read() == one
    store.journal_commit()
    assert again(store).journal_read() == two
    store.journal_prepare(one)
    store.journal_remove()
    assert list(store.folder.iterdir()) == []
    store.journal_prepare(one)
    store.journal_remove()
    assert list(store.folder.iterdir()) == []


def test_mark_of_a_running_hook_is_there_until_removed(store: Store) -> None:
    """The process group survives the worker that started it; a cut mark counts as none."""
    store.hook_write(MARK)
    assert again(store).hook_read() == MARK
    (store.folder / "hook.json").write_text("{")
    assert again(store).hook_read() is None
    store.hook_write(MARK)
    store.hook_remove()
    assert again(store).hook_read() is None


def test_mark_of_a_hook_is_written_over_in_place(store: Store) -> None:
    """No rename that waits for others' writes; a shorter one is read whole over a longer one."""
    store.hook_write(MARK)
    before = (store.folder / "hook.json").stat()
    store.hook_write(replace(MARK, group=None))
    after = (store.folder / "hook.json").stat()
    assert again(store).hook_read() == replace(MARK, group=None)
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


def test_history_is_read_newest_first(store: Store) -> None:
    """Entries of several writers, newest first, as many as are asked for."""
    for number in range(5):
        again(store).history_append(HistoryEntry(f"u{number}", 1.0, 2.0, "updated"))
    assert [one.id for one in store.history()] == ["u4", "u3", "u2", "u1", "u0"]
    assert [one.id for one in store.history(2)] == ["u4", "u3"]


def test_cut_line_of_history_costs_only_itself(store: Store) -> None:
    """A line that a full disk cut short is passed over, and the next one does not stick to it."""
    store.history_append(ENTRY)
    file = store.folder / "history.jsonl"
    file.write_bytes(file.read_bytes() + b'{"id": "cu')
    store.history_append(HistoryEntry("u2", 1.0, 2.0, "failed"))
    assert [one.id for one in store.history()] == ["u2", "u1"]


def test_file_that_cannot_be_written_is_named(store: Store) -> None:
    """The error names the file, the reason, and what to do."""
    (store.folder / "state.json.next").mkdir(parents=True)
    with pytest.raises(StateError, match=r"cannot write .*state\.json\.next: Is a directory; make"):
        store.save(ONE)
