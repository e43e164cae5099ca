"""Views and triggers that lead to a table: what of them prepared before a batch has to prepare after it.

A view is prepared by a query, a trigger by the statement that fires it, with EXPLAIN, which runs nothing. Only what can
reach the table by its text is asked, by way of other views and triggers too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import peewee

from pwmig.dialects.sqlite.operations.catalog import Catalog, Entry, ask, errors, read_catalog, refusal_of
from pwmig.dialects.sqlite.operations.schema_text import text_of, write_text
from pwmig.dialects.sqlite.texts.ddl import DDLError, parse_create_table
from pwmig.dialects.sqlite.texts.edit import column_cut_out, unqualified
from pwmig.dialects.sqlite.texts.loose import strict_statements
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote, significant
from pwmig.dialects.sqlite.turn import unheard
from pwmig.errors import OperationRefused
from pwmig.records import dataclass

__all__ = ["Readers", "dropped_first", "in_drop_order", "reaching", "tried", "with_what_needs_them", "without_column"]


def reaching(catalog: Catalog, tables: Iterable[str]) -> tuple[Entry, ...]:
    """The views and triggers whose texts lead to one of the tables, those that name it first."""
    left = [entry for entry in catalog.entries if entry.kind in ("view", "trigger")]
    found: list[Entry] = []
    read, fired = set(map(fold, tables)), set[str]()
    while left and (read or fired):
        hits = [entry for entry in left if _leads(entry, read, fired)]
        left = [entry for entry in left if entry not in hits]
        found += hits
        read = {fold(entry.name) for entry in hits if entry.kind == "view"}
        fired = {fold(entry.table) for entry in hits if entry.kind == "trigger"}
    return tuple(found)


def _leads(entry: Entry, read: set[str], fired: set[str]) -> bool:
    names = read | fired if entry.kind == "trigger" else read
    return any(entry.names(name) for name in names)


def in_drop_order(entries: Iterable[Entry]) -> list[Entry]:
    """Each once, and what names another ahead of it: a view takes the triggers that hang on it along."""
    left = list({(entry.kind, fold(entry.name)): entry for entry in entries}.values())
    found: list[Entry] = []
    while left:
        free = [one for one in left if not any(_names(other, one) for other in left if other is not one)]
        found += free or left
        left = [entry for entry in left if entry not in found]
    return found


def _names(entry: Entry, other: Entry) -> bool:
    return other.kind == "view" and entry.names(other.name)


def dropped_first(hints: Iterable[str]) -> str:
    """The way out that is the operations which do away with what stands in the way."""
    return "before it, in the same migration: " + ", ".join(dict.fromkeys(hints))


# -- preparing


def _prepared(database: peewee.Database, entry: Entry, columns: Collection[str] = ()) -> tuple[str | None, ...]:
    """What SQLite says of each statement by which the entry is prepared, None where it takes it.

    A name in double quotes is a text where there is no such column, so the statements in the entry's text are asked
    again with those of ``columns`` that stand so as names.
    """
    return (_error(database, entry), *(_said(database, sql) for sql in strict_statements(entry.sql or "", columns)))


def _error(database: peewee.Database, entry: Entry) -> str | None:
    name = f"main.{quote(entry.name if entry.kind == 'view' else entry.table)}"
    if entry.kind == "view":
        return _said(database, f"SELECT * FROM {name}")
    event, column = _event(entry.sql or "")
    if event == "INSERT":
        return _said(database, f"INSERT INTO {name} DEFAULT VALUES")
    if event == "DELETE":
        return _said(database, f"DELETE FROM {name}")
    if column is None:
        try:
            column = str(ask(database, "SELECT name FROM pragma_table_info(?) LIMIT 1", [entry.table])[0][0])
        except errors(database) as error:
            return str(error)  # A view that can't be read.
    return _said(database, f"UPDATE {name} SET {quote(column)} = NULL")


def _event(sql: str) -> tuple[str, str | None]:
    """What fires a trigger, and the first of the columns that it is an UPDATE OF."""
    tokens = significant(sql)
    place = next(place for place, token in enumerate(tokens) if token.is_word("DELETE", "INSERT", "UPDATE"))
    column = tokens[place + 2].name if tokens[place + 1].is_word("OF") else None
    return tokens[place].text.upper(), column


def _said(database: peewee.Database, statement: str) -> str | None:
    with unheard(database.connection()):
        return refusal_of(database, statement)


@contextmanager
def tried(database: peewee.Database) -> Iterator[None]:
    """What is done meanwhile is taken back, and nobody hears of it."""
    with unheard(database.connection()):
        ask(database, "SAVEPOINT pwmig_trial")
        try:
            yield
        finally:
            ask(database, "ROLLBACK TO pwmig_trial")
            ask(database, "RELEASE pwmig_trial")


def _drop(database: peewee.Database, entries: Iterable[Entry]) -> None:
    for entry in in_drop_order(entries):
        ask(database, f"DROP {entry.kind.upper()} main.{quote(entry.name)}")


def _guilty(database: peewee.Database, broken: Sequence[Entry]) -> list[Entry]:
    """Those of the broken that are so by themselves, not because their statement fires a trigger that is."""
    triggers = [entry for entry in broken if entry.kind == "trigger"]
    if len(triggers) < 2:
        return list(broken)
    alone = []
    with tried(database):
        _drop(database, triggers)
        for entry in triggers:
            ask(database, entry.sql or "")
            if any(_prepared(database, entry)):
                alone.append(entry)
            _drop(database, [entry])
    return [entry for entry in broken if entry.kind != "trigger" or entry in alone or not alone]


# -- a batch


@dataclass(frozen=True, slots=True)
class _Reader:
    entry: Entry
    said: tuple[str | None, ...]


class Readers:
    """What led to a batch's tables when it began, and whether it prepared."""

    def __init__(self, database: peewee.Database, catalog: Catalog, tables: Sequence[str]) -> None:
        self.tables = tables
        self.columns: frozenset[str] = frozenset()
        found = reaching(catalog, tables)
        if any('"' in (entry.sql or "") for entry in found):
            self.columns = _columns(catalog, tables)
        self.before = {_key(entry): _Reader(entry, _prepared(database, entry, self.columns)) for entry in found}

    def check(self, database: peewee.Database) -> None:
        """Raise OperationRefused, naming each that prepared before and doesn't now; what is gone doesn't count."""
        if not self.before:
            return
        catalog = read_catalog(database)
        broken: dict[tuple[str, str], tuple[Entry, str]] = {}
        for entry in catalog.entries:
            was = self.before.get(_key(entry))
            if was is not None and (why := _worse(was.said, _prepared(database, entry, self.columns))):
                broken[_key(entry)] = entry, why
        if broken:
            raise self._refused(database, catalog, broken)

    def _refused(
        self, database: peewee.Database, catalog: Catalog, broken: dict[tuple[str, str], tuple[Entry, str]]
    ) -> OperationRefused:
        entries = in_drop_order(_guilty(database, [entry for entry, _ in broken.values()]))
        first = self.before[_key(entries[0])].entry
        table = next((name for name in self.tables if first in reaching(catalog, [name])), self.tables[0])
        return OperationRefused(
            f"table {table!r} can't be changed while other things need what it was",
            why="; ".join(f"{one.kind} {one.name} would be broken ({broken[_key(one)][1]})" for one in entries),
            way_out=dropped_first(one.drop_hint for one in entries),
            table=table,
            object=f"{first.kind} {first.name}",
        )


def _key(entry: Entry) -> tuple[str, str]:
    return entry.kind, fold(entry.name)


def _columns(catalog: Catalog, tables: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in tables:
        entry = catalog.get(name)
        try:
            found.update(map(fold, parse_create_table((entry and entry.sql) or "").column_names))
        except DDLError:
            continue  # A virtual table, or one that the batch will make.
    return frozenset(found)


def _worse(before: tuple[str | None, ...], after: tuple[str | None, ...]) -> str | None:
    """What SQLite says now of the first statement that it took before."""
    return next((now for was, now in zip(before, after) if was is None and now is not None), None)


# -- ahead of a refusal


def with_what_needs_them(database: peewee.Database, catalog: Catalog, entries: Sequence[Entry]) -> list[Entry]:
    """The entries and what can't be prepared once they are dropped, in the order in which dropping works."""
    known = set(map(_key, entries))
    others = [entry for entry in reaching(catalog, [entry.name for entry in entries]) if _key(entry) not in known]
    sound = [entry for entry in others if _error(database, entry) is None]
    if not sound:
        return in_drop_order(entries)
    with tried(database):
        _drop(database, entries)
        gone = [entry for entry in sound if read_catalog(database).get(entry.name) is None]  # Hung on a view.
        broken = [entry for entry in sound if entry not in gone and _error(database, entry) is not None]
        found = [*entries, *gone, *_guilty(database, broken)]
    return in_drop_order(found)


def without_column(database: peewee.Database, catalog: Catalog, table: TableDef, gone: ColumnDef) -> list[Entry]:
    """What leads to the table and can't be prepared without the column, seen with an empty table in its place.

    None where that can't be seen: then the batch's end shows it.
    """
    names = frozenset({fold(gone.name)})
    sound = [entry for entry in reaching(catalog, [table.name]) if not any(_prepared(database, entry))]
    if not sound:
        return []
    try:
        with _in_place(database, catalog, table, table.sql):  # Without its indexes, which some may need.
            whole = [_prepared(database, entry, names) for entry in sound]
        with _in_place(database, catalog, table, column_cut_out(table, gone)):
            less = [_prepared(database, entry, names) for entry in sound]
            return _guilty(database, [entry for entry, was, now in zip(sound, whole, less) if _worse(was, now)])
    except errors(database):
        return []


@contextmanager
def _in_place(database: peewee.Database, catalog: Catalog, table: TableDef, sql: str) -> Iterator[None]:
    """Meanwhile an empty table stands in the table's place, its triggers on it."""
    legacy = ask(database, "PRAGMA legacy_alter_table")[0][0]
    with tried(database):
        own = catalog.of_table(table.name, "trigger")
        _drop(database, own)
        text = text_of(database, table.name)
        if (plain := unqualified(parse_create_table(text))) != text:
            write_text(database, table.name, plain)
        ask(database, "PRAGMA legacy_alter_table = ON")
        try:
            ask(database, f"ALTER TABLE main.{quote(table.name)} RENAME TO pwmig_trial")
        finally:
            ask(database, f"PRAGMA legacy_alter_table = {'ON' if legacy else 'OFF'}")
        ask(database, sql)
        for entry in own:
            ask(database, entry.sql or "")
        yield
