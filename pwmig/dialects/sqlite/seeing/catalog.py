"""SQLite's catalog, asked in a handful of queries: all tables at once, by pragmas as table-valued functions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import groupby
from operator import itemgetter
from typing import Any

from pwmig.dialects.sqlite.seeing.plain import plain_index
from pwmig.dialects.sqlite.texts.ddl import TableDef
from pwmig.dialects.sqlite.texts.tokens import fold
from pwmig.records import dataclass
from pwmig.schema import Index, Trigger, View

__all__ = [
    "VIRTUAL",
    "Execute",
    "Raw",
    "read_columns",
    "read_foreign_keys",
    "read_indexes",
    "read_master",
    "sorted_by_name",
    "without_shadows",
]

Execute = Callable[..., Sequence[tuple[Any, ...]]]
"""``execute(sql, params=())``: runs one statement and gives its rows, as a list of tuples."""

_SQL_NAMES_LIMIT = 500
"""More tables than this are picked in Python: a statement takes 999 parameters in old builds."""

_OWN = "substr({0}, 1, 7) COLLATE NOCASE <> 'sqlite_' AND substr({0}, 1, 6) COLLATE NOCASE <> 'pwmig_'"
# The test for the tables named stands first, since SQLite takes the tests in order: few rows are left for the others.
_MASTER = f"""
SELECT type, name, tbl_name, sql FROM main.sqlite_master m
WHERE {{tables_and}} {_OWN.format("m.tbl_name")} AND (m.type = 'index' AND m.sql IS NULL OR {_OWN.format("m.name")})
"""
_TABLES = f"""main.sqlite_master m JOIN {{pragma}}
WHERE {{{{tables_and}}}} m.type = 'table' AND {_OWN.format("m.name")} {{also}}"""
_COLUMNS = 'SELECT m.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden FROM ' + _TABLES.format(
    pragma="pragma_table_xinfo(m.name, 'main') x", also=""
)
_INDEXES = """SELECT m.name, l.name, l."unique", l.origin, x.cid, x.name, x."desc", x.coll FROM """ + _TABLES.format(
    pragma="pragma_index_list(m.name, 'main') l JOIN pragma_index_xinfo(l.name, 'main') x",
    also="AND x.key",
)
_FOREIGN_KEYS = """
SELECT m.name, f.id, f.seq, f."table", f."from", f."to", f.on_update, f.on_delete FROM """ + _TABLES.format(
    pragma="pragma_foreign_key_list(m.name, 'main') f", also="AND instr(upper(m.sql), 'REFERENCES')"
)
VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\s", re.IGNORECASE)


@dataclass(slots=True)
class Raw:
    """The catalog's answers about one table, as they came."""

    name: str
    sql: str
    columns: list[tuple[Any, ...]] = field(default_factory=list)
    indexes: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    index_sql: dict[str, str] = field(default_factory=dict)
    plain_indexes: list[Index] | None = None
    """Its indexes, where their texts tell all of them."""
    constrained: bool = False
    """Whether a constraint has an index, which has no text."""
    foreign_keys: dict[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    refers_to_keys: bool = False
    """Whether a foreign key names no columns, and so means the primary key of the table that it points at."""
    triggers: list[Trigger] = field(default_factory=list)
    definition: TableDef | None = None

    @property
    def words(self) -> Hashable:
        """The texts that define the table."""
        return self.name, self.sql, tuple(sorted(self.index_sql.items())), tuple(self.triggers)

    @property
    def speaks_for_itself(self) -> bool:
        """Whether its texts say all: what a virtual table is, its module says; an implicit reference, another table."""
        return not VIRTUAL.match(self.sql) and not self.refers_to_keys


def _ask(
    execute: Execute, sql: str, tables: Collection[str] | None, column: str = "m.name"
) -> Sequence[tuple[Any, ...]]:
    if tables is None or len(tables) > _SQL_NAMES_LIMIT:
        return execute(sql.format(tables_and=""), ())
    marks = ", ".join("?" * len(tables))
    return execute(sql.format(tables_and=f"{column} COLLATE NOCASE IN ({marks}) AND"), tuple(tables))


def read_master(execute: Execute, tables: Collection[str] | None) -> tuple[dict[str, Raw], tuple[View, ...]]:
    rows = _ask(execute, _MASTER, tables, "m.tbl_name")
    wanted = None if tables is None else {fold(name) for name in tables}
    raws: dict[str, Raw] = {}
    views: dict[str, str] = {}
    named: dict[str, Raw] = {}
    for kind, name, _, sql in rows:
        if kind == "table" and (wanted is None or fold(name) in wanted):
            named[name] = raws[fold(name)] = Raw(name, sql or "")
        elif kind == "view" and (wanted is None or fold(name) in wanted):
            views[name] = (sql or "").strip()
    triggers: dict[str, list[Trigger]] = defaultdict(list)
    for kind, name, owner, sql in rows:
        if kind == "trigger":
            triggers[owner].append(Trigger(name, (sql or "").strip()))
        elif kind == "index" and owner in named:
            if sql:
                named[owner].index_sql[name] = sql
            else:
                named[owner].constrained = True
    for owner, found in triggers.items():
        if owner in named:
            named[owner].triggers = found
    return raws, sorted_by_name(View(name, sql, sorted_by_name(triggers[name])) for name, sql in views.items())


def without_shadows(execute: Execute, raws: dict[str, Raw]) -> dict[str, Raw]:
    """The tables that are no shadow of a virtual one, as ``pragma_table_list`` (3.37 and later) says."""
    try:
        rows = execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'", ())
    except Exception:  # an old SQLite: the shadows are shown as the tables they are
        return raws
    shadows = {fold(row[0]) for row in rows}
    return {key: raw for key, raw in raws.items() if key not in shadows}


def read_columns(execute: Execute, raws: dict[str, Raw], tables: Collection[str] | None) -> None:
    try:
        rows = _ask(execute, _COLUMNS, tables)
    except Exception:  # a virtual table whose module is not loaded can't say what columns it has
        rows = _ask(execute, _COLUMNS + " AND m.sql NOT LIKE 'CREATE VIRTUAL%'", tables)
    for raw, own in _by_table(raws, rows):
        raw.columns = [row[1:] for row in own if row[6] != 1]  # 1: a hidden column of a virtual table


def read_indexes(execute: Execute, raws: dict[str, Raw], tables: Collection[str] | None) -> None:
    """Ask for the indexes of those tables whose texts don't tell them."""
    asked = {key: raw for key, raw in raws.items() if not _tells_indexes(raw)}
    if not asked:
        return
    if len(asked) < len(raws):
        tables = [raw.name for raw in asked.values()]
    for raw, own in _by_table(asked, _ask(execute, _INDEXES, tables)):
        for row in own:
            raw.indexes.setdefault(row[1], []).append(row[2:])


def _tells_indexes(raw: Raw) -> bool:
    if raw.constrained or "WITHOUT" in raw.sql.upper():  # whose key is an index, and has no row
        return False
    columns = {row[0] for row in raw.columns} if raw.index_sql else set()
    found = [plain_index(name, sql, columns) for name, sql in raw.index_sql.items()]
    if not all(found):
        return False
    raw.plain_indexes = [index for index in found if index is not None]
    return True


def read_foreign_keys(execute: Execute, raws: dict[str, Raw], tables: Collection[str] | None) -> None:
    implicit: set[str] = set()
    for raw, own in _by_table(raws, _ask(execute, _FOREIGN_KEYS, tables)):
        for row in own:
            raw.foreign_keys.setdefault(row[1], []).append(row[2:])
            if row[5] is None:
                raw.refers_to_keys = True
                implicit.add(fold(row[3]))
    if implicit:
        keys = _keys(execute, raws, implicit, whole=tables is None)
        for raw in raws.values():
            if raw.refers_to_keys:
                raw.foreign_keys = {
                    number: [_pointed(row, keys) for row in rows] for number, rows in raw.foreign_keys.items()
                }


def _pointed(row: tuple[Any, ...], keys: dict[tuple[str, int], str]) -> tuple[Any, ...]:
    """A row of a foreign key with the column that it means where it names none: that of the key, in its place."""
    seq, table, source, target, *actions = row
    return seq, table, source, target or keys.get((fold(table), seq + 1)), *actions


def _keys(
    execute: Execute, raws: dict[str, Raw], wanted: Collection[str], *, whole: bool
) -> dict[tuple[str, int], str]:
    """The columns of the primary keys of tables, by the table and their place in the key."""
    found = {(key, row[4]): row[0] for key in wanted if key in raws for row in raws[key].columns if row[4]}
    missing = [key for key in wanted if key not in raws]
    if missing and not whole:
        for name, column, _, _, _, place, _ in _ask(execute, _COLUMNS, missing):
            if place:
                found[fold(name), place] = column
    return found


def _by_table(raws: dict[str, Raw], rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Raw, Iterator[tuple[Any, ...]]]]:
    """The rows by the table that they begin with: its name as the catalog has it, and one table's rows together."""
    wanted = {raw.name: raw for raw in raws.values()}
    for name, own in groupby(rows, itemgetter(0)):
        if name in wanted:
            yield wanted[name], own


def sorted_by_name(things: Iterable[Any]) -> tuple[Any, ...]:
    found = tuple(things)
    return found if len(found) < 2 else tuple(sorted(found, key=_by_name))


def _by_name(thing: Any) -> tuple[str, str]:
    return fold(thing.name), thing.name
