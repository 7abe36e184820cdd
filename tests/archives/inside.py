"""Unpacking without a process or a sandbox: the readers, the judge and the tree alone.

They have to hold by themselves; the sandbox is for what nobody thought of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dropship.archives import Archive
from dropship.archives.codecs import CODECS
from dropship.archives.inflate import Inflater, first_bytes
from dropship.archives.plain import PlainFile
from dropship.archives.tar import TarReader
from dropship.archives.zip import ZipReader
from dropship.core.entry import Entry, Kind, Rules
from dropship.core.format import AUTO, HEAD_BYTES, Claims, Format, choose
from dropship.core.judge import Judge
from dropship.install.tree import Tree
from tests.archives.tars import sliced

STEP = 64 << 10


def unpack(content: bytes, name: str, folder: Path, rules: Rules | None = None) -> Judge:
    """Unpack into ``folder``, which is there and empty.

    Raises:
        RefusedError: The archive is against the rules.
    """
    rules = rules or Rules()
    form = choose(
        Claims(AUTO, "", "", name),
        content[:HEAD_BYTES],
        lambda form, head, count: first_bytes(head, CODECS[form], count),
    )
    judge = Judge(rules)
    before = os.umask(0)
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    tree = Tree(root, 0o022, lambda _count: None)
    try:
        archive = _archive(content, form, judge, rules)
        for entry in archive.entries():
            if form is Format.ZIP:
                judge.inflated(len(content), judge.bytes + entry.size)
            place = judge.admit(entry)
            if place is not None:
                tree.put(entry, place, archive.body())
        judge.finish()
        tree.finish()
    finally:
        tree.close()
        os.close(root)
        os.umask(before)
    return judge


def _archive(content: bytes, form: Format, judge: Judge, rules: Rules) -> Archive:
    if form is Format.ZIP:
        return ZipReader(
            lambda count, at: content[at : at + count], len(content), rules.max_entries
        )
    stream = sliced(content, STEP)
    if form in CODECS:
        stream = _weighed(Inflater(stream, CODECS[form]), judge)
    if form in (Format.FILE, Format.GZ):
        entry = Entry(b"file", Kind.FILE)
        return PlainFile(_grown(stream, entry, judge), entry)
    return TarReader(stream, rules.max_entries)


def _weighed(inflater: Inflater, judge: Judge) -> Iterator[bytes]:
    unpacked = 0
    for piece in inflater:
        unpacked += len(piece)
        judge.inflated(inflater.packed, unpacked)
        yield piece


def _grown(stream: Iterator[bytes], entry: Entry, judge: Judge) -> Iterator[bytes]:
    for piece in stream:
        judge.grew(entry, len(piece))
        yield piece
