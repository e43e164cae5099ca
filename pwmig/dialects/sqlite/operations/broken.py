"""Views and triggers that can't be read, of any table: SQLite reads all of them to rename or drop something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry
from pwmig.errors import OperationRefused

__all__ = ["broken_named"]


@contextmanager
def broken_named(catalog: Catalog, what: str, table: str) -> Iterator[None]:
    """Where an ALTER TABLE stops at another object, raise OperationRefused with the object's name.

    SQLite's message is ``error in view NAME: ...`` for what was broken before, and
    ``error in view NAME after rename: ...`` for what the statement would break.
    """
    try:
        yield
    except peewee.OperationalError as error:
        message = str(error)
        found = _culprit(catalog, message)
        if found is None:
            raise
        before = message.startswith(f"{_head(found)}:")
        raise OperationRefused(
            f"{what}: {found.kind} {found.name!r} {'is' if before else 'would be'} broken",
            why=f"SQLite says: {message}",
            way_out=f"before it, drop or mend that {found.kind}, as by {found.drop_hint}",
            table=table,
            object=found.name,
        ) from error


def _culprit(catalog: Catalog, message: str) -> Entry | None:
    """The object that a message speaks of. A name may hold anything, so it is looked for, the longest first."""
    named = [
        entry
        for entry in catalog.entries
        if entry.kind in ("view", "trigger", "index")
        and message.startswith((f"{_head(entry)}:", f"{_head(entry)} after "))
    ]
    return max(named, key=lambda entry: len(entry.name), default=None)


def _head(entry: Entry) -> str:
    return f"error in {entry.kind} {entry.name}"
