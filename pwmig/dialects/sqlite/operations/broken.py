"""Views and triggers that can't be read, of any table: SQLite reads all of them to rename or drop something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry, ask, errors, read_catalog
from pwmig.dialects.sqlite.operations.readers import in_drop_order, tried
from pwmig.dialects.sqlite.texts.tokens import quote
from pwmig.errors import OperationRefused

__all__ = ["Execute", "breaks_another", "named_if_broken"]

Execute = Callable[[str], Any]


def named_if_broken(
    database: peewee.Database, catalog: Catalog, what: str, table: str, run: Callable[[Execute], None]
) -> None:
    """Run ALTER TABLE; where it stops at another object, raise OperationRefused with all at which it would stop.

    SQLite's message is ``error in view NAME: ...`` for what was broken before, and
    ``error in view NAME after rename: ...`` for what the statement would break.
    """
    try:
        run(database.execute_sql)
    except peewee.OperationalError as error:
        message = str(error)
        found = _culprit(catalog, message)
        if found is None:
            raise
        entries = in_drop_order(_stopping(database, found, run))
        hints = ", ".join(entry.drop_hint for entry in entries)
        those = f"that {found.kind}, as by" if len(entries) == 1 else "these, in this order:"
        others = [f"{entry.kind} {entry.name}" for entry in entries if entry != found]
        raise OperationRefused(
            f"{what}: {found.kind} {found.name!r} {'is' if _is_broken_before(found, message) else 'would be'} broken",
            why=f"SQLite says: {message}" + (f"; {', '.join(others)} would stop it next" if others else ""),
            way_out=f"before it, drop or mend {those} {hints}",
            table=table,
            object=found.name,
        ) from error


def _stopping(database: peewee.Database, first: Entry, run: Callable[[Execute], None]) -> list[Entry]:
    """All at which it stops, one after the other, those included that need one of them."""
    found = [first]
    with tried(database):
        while True:
            ask(database, f"DROP {found[-1].kind.upper()} main.{quote(found[-1].name)}")
            catalog = read_catalog(database)
            try:
                run(lambda sql: ask(database, sql))
            except errors(database) as error:
                culprit = _culprit(catalog, str(error))
                if culprit is None:
                    return found
                found.append(culprit)
            else:
                return found


def _is_broken_before(entry: Entry, message: str) -> bool:
    return message.startswith(f"{_head(entry)}:")


def breaks_another(catalog: Catalog, message: str) -> bool:
    """Whether the message says that the statement would break an object which is sound."""
    found = _culprit(catalog, message)
    return found is not None and not _is_broken_before(found, message)


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
