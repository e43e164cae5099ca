"""What a SQLite database holds, read in a handful of catalog queries.

Four queries, however many tables there are (five where a virtual table is among them): the texts
of ``sqlite_master``, and the columns, indexes and foreign keys of all tables at once, by the
pragmas as table-valued functions (https://www.sqlite.org/pragma.html#pragfunc). What the pragmas
don't say (checks, collations, names and conflict clauses of constraints, deferrability, generated
expressions, AUTOINCREMENT, an index's expressions and predicate) is read from the texts, of those
tables only whose text has such a word.

Made canonical, so that equality means sameness: a column of a primary key that can't hold NULL is
not nullable, written or not; inline and table-level constraints are the same; a foreign key
without columns names the primary key it points at; any deferrability but ``DEFERRABLE INITIALLY
DEFERRED`` is none (https://www.sqlite.org/foreignkeys.html#fk_deferred); a collation is kept where
it is not the one that would hold anyway. MATCH is left out: SQLite ignores it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from pwmig.dialects.sqlite.texts.ddl import (
    ColumnDef,
    ConstraintDef,
    DDLError,
    TableDef,
    parse_create_index,
    parse_create_table,
)
from pwmig.dialects.sqlite.texts.excerpt import excerpt
from pwmig.dialects.sqlite.texts.tokens import fold, significant
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Table, Trigger, Unique, View

__all__ = ["Execute", "introspect"]

Execute = Callable[..., Sequence[tuple[Any, ...]]]
"""``execute(sql, params=())``: runs one statement and gives its rows, as a list of tuples."""

_SQL_NAMES_LIMIT = 500
"""More tables than this are picked in Python: a statement takes 999 parameters in old builds."""

_OWN = "substr({0}, 1, 7) COLLATE NOCASE <> 'sqlite_' AND substr({0}, 1, 6) COLLATE NOCASE <> 'pwmig_'"
# The test for the tables named stands first, since SQLite takes the tests in order: few rows are left for the others.
_MASTER = f"""
SELECT type, name, tbl_name, sql FROM main.sqlite_master m
WHERE {{tables_and}} {_OWN.format("m.tbl_name")} AND {_OWN.format("m.name")}
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
# A foreign key without columns means the primary key of the table it points at.
_FOREIGN_KEYS = """
SELECT m.name, f.id, f.seq, f."table", f."from", coalesce(f."to", p.name), f.on_update, f.on_delete, f."to" IS NULL
FROM main.sqlite_master m JOIN pragma_foreign_key_list(m.name, 'main') f
LEFT JOIN pragma_table_xinfo(f."table", 'main') p ON f."to" IS NULL AND p.pk = f.seq + 1
""" + _TABLES.format(pragma="", also="AND instr(upper(m.sql), 'REFERENCES')").partition("JOIN ")[2]
_TELLING_WORDS = (
    *("COLLATE", "CHECK", "CONSTRAINT", "AUTOINCREMENT", "AS", "DEFERRED"),
    *("CONFLICT", "STRICT", "WITHOUT", "DESC"),
)
# Each begins with its letters, which are found much faster than an edge of a word.
_WORDS = {word: re.compile(rf"{word}(?<!\w{word})\b") for word in _TELLING_WORDS}
_DISTINGUISHING = frozenset(("CONSTRAINT", "DEFERRED", "CONFLICT", "COLLATE", "DESC"))
"""Where one of these tells a UNIQUE or REFERENCES from the others, all are read: their places tell which is which."""
_WHERE = re.compile(r"\bWHERE\b", re.IGNORECASE)
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\s", re.IGNORECASE)


@dataclass(slots=True)
class _Raw:
    """The catalog's answers about one table, as they came."""

    name: str
    sql: str
    columns: list[tuple[Any, ...]] = field(default_factory=list)
    indexes: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    index_sql: dict[str, str] = field(default_factory=dict)
    foreign_keys: dict[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    triggers: list[Trigger] = field(default_factory=list)
    definition: TableDef | None = None

    @property
    def words(self) -> Hashable:
        """The texts that define the table."""
        return self.name, self.sql, tuple(sorted(self.index_sql.items())), tuple(self.triggers)

    @property
    def speaks_for_itself(self) -> bool:
        """Whether its texts say all: what a virtual table is, its module says; an implicit reference, another table."""
        return not _VIRTUAL.match(self.sql) and not any(row[-1] for rows in self.foreign_keys.values() for row in rows)


def introspect(
    execute: Execute, tables: Collection[str] | None = None, known: dict[Any, Table] | None = None
) -> Schema:
    """The schema of the main database; with ``tables`` only the tables and views of these names.

    Leaves out SQLite's own tables, pwmig's (``pwmig_*``) and, unless named, the shadow tables of virtual ones.
    Reads only. A virtual table whose module is not there has no columns. ``known`` is a memory for several looks: a
    table that it holds by the same texts is taken from there, others are added, and those gone are forgotten.
    """
    raws, views = _read_master(execute, tables)
    if any(_VIRTUAL.match(raw.sql) for raw in raws.values()) and tables is None:
        raws = _without_shadows(execute, raws)
    if known is None:
        return Schema(_sorted_by_name(_read(execute, raws, tables)), views)
    words = {key: raw.words for key, raw in raws.items()}
    old = {key: table for key, text in words.items() if (table := known.get(text)) is not None}
    fresh = {key: raw for key, raw in raws.items() if key not in old}
    read = _read(execute, fresh, tables if not old else [raw.name for raw in fresh.values()])
    telling = {words[key]: table for (key, raw), table in zip(fresh.items(), read) if raw.speaks_for_itself}
    known.update(telling)
    if tables is None:
        for gone in set(known) - {*telling, *(words[key] for key in old)}:
            known.pop(gone, None)
    return Schema(_sorted_by_name([*old.values(), *read]), views)


def _read(execute: Execute, raws: dict[str, _Raw], tables: Collection[str] | None) -> list[Table]:
    if not raws:
        return []
    _read_columns(execute, raws, tables)
    _read_indexes(execute, raws, tables)
    _read_foreign_keys(execute, raws, tables)
    return [_table(raw) for raw in raws.values()]


# -- asking


def _ask(
    execute: Execute, sql: str, tables: Collection[str] | None, column: str = "m.name"
) -> Sequence[tuple[Any, ...]]:
    if tables is None or len(tables) > _SQL_NAMES_LIMIT:
        return execute(sql.format(tables_and=""), ())
    marks = ", ".join("?" * len(tables))
    return execute(sql.format(tables_and=f"{column} COLLATE NOCASE IN ({marks}) AND"), tuple(tables))


def _read_master(execute: Execute, tables: Collection[str] | None) -> tuple[dict[str, _Raw], tuple[View, ...]]:
    rows = _ask(execute, _MASTER, tables, "m.tbl_name")
    wanted = None if tables is None else {fold(name) for name in tables}
    raws: dict[str, _Raw] = {}
    views: dict[str, str] = {}
    for kind, name, _, sql in rows:
        if kind == "table" and (wanted is None or fold(name) in wanted):
            raws[fold(name)] = _Raw(name, sql or "")
        elif kind == "view" and (wanted is None or fold(name) in wanted):
            views[fold(name)] = sql or ""
    triggers: dict[str, list[Trigger]] = defaultdict(list)
    for kind, name, owner, sql in rows:
        if kind == "trigger":
            triggers[fold(owner)].append(Trigger(name, (sql or "").strip()))
        elif kind == "index" and sql and fold(owner) in raws:
            raws[fold(owner)].index_sql[fold(name)] = sql
    for owner, found in triggers.items():
        if owner in raws:
            raws[owner].triggers = found
    names = {fold(name): name for kind, name, _, _ in rows if kind == "view"}
    return raws, _sorted_by_name(
        View(names[key], sql.strip(), _sorted_by_name(triggers[key])) for key, sql in views.items()
    )


def _without_shadows(execute: Execute, raws: dict[str, _Raw]) -> dict[str, _Raw]:
    """The tables that are no shadow of a virtual one, as ``pragma_table_list`` (3.37 and later) says."""
    try:
        rows = execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'", ())
    except Exception:  # an old SQLite: the shadows are shown as the tables they are
        return raws
    shadows = {fold(row[0]) for row in rows}
    return {key: raw for key, raw in raws.items() if key not in shadows}


def _read_columns(execute: Execute, raws: dict[str, _Raw], tables: Collection[str] | None) -> None:
    try:
        rows = _ask(execute, _COLUMNS, tables)
    except Exception:  # a virtual table whose module is not loaded can't say what columns it has
        rows = _ask(execute, _COLUMNS + " AND m.sql NOT LIKE 'CREATE VIRTUAL%'", tables)
    for raw, own in _by_table(raws, rows):
        raw.columns = [row[1:] for row in own if row[6] != 1]  # 1: a hidden column of a virtual table


def _read_indexes(execute: Execute, raws: dict[str, _Raw], tables: Collection[str] | None) -> None:
    for raw, own in _by_table(raws, _ask(execute, _INDEXES, tables)):
        for row in own:
            raw.indexes.setdefault(row[1], []).append(row[2:])


def _read_foreign_keys(execute: Execute, raws: dict[str, _Raw], tables: Collection[str] | None) -> None:
    for raw, own in _by_table(raws, _ask(execute, _FOREIGN_KEYS, tables)):
        for row in own:
            raw.foreign_keys.setdefault(row[1], []).append(row[2:])


def _by_table(
    raws: dict[str, _Raw], rows: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[_Raw, Iterator[tuple[Any, ...]]]]:
    """The rows by the table that they begin with: its name as the catalog has it, and one table's rows together."""
    wanted = {raw.name: raw for raw in raws.values()}
    for name, own in groupby(rows, itemgetter(0)):
        if name in wanted:
            yield wanted[name], own


# -- putting together


def _table(raw: _Raw) -> Table:
    if _VIRTUAL.match(raw.sql):
        return _virtual_table(raw)
    raw.definition = _definition(raw)
    key = _Key.of(raw)
    said = {fold(column.name): column for column in raw.definition.columns[1:]} if raw.definition else {}
    columns = tuple([_column(raw, key, row, said.get(fold(row[0])) if said else None) for row in raw.columns])
    collations = {fold(column.name): column.collation for column in columns if column.collation}
    return Table(
        name=raw.name,
        columns=columns,
        primary_key=key.columns,
        indexes=_sorted_by_name(_indexes(raw, collations)),
        uniques=_uniques(raw, collations),
        foreign_keys=_foreign_keys(raw),
        checks=_checks(raw),
        triggers=_sorted_by_name(raw.triggers),
        options=tuple(sorted(raw.definition.options)) if raw.definition else (),
        primary_key_name=key.name,
        primary_key_conflict=key.conflict,
        primary_key_parts=_own_parts(key.parts, collations),
    )


def _definition(raw: _Raw) -> TableDef | None:
    """The table's text in parts, or None where it says no more than the pragmas do."""
    text = raw.sql.upper()
    words = {word for word in _TELLING_WORDS if word in text and _WORDS[word].search(text)}
    if not words:
        return None
    if not words.isdisjoint(_DISTINGUISHING):
        words |= {"REFERENCES", "UNIQUE"}
    try:
        return parse_create_table(excerpt(raw.sql, words))
    except DDLError:  # a text that only writable_schema can make: the pragmas still tell the rest
        return None


def _virtual_table(raw: _Raw) -> Table:
    tokens = significant(raw.sql)
    place = next((at for at, token in enumerate(tokens) if token.is_word("USING")), None)
    module = raw.sql[tokens[place].end :].strip() if place is not None else ""
    columns = tuple(
        Column(name, kind or "", not notnull, default) for name, kind, notnull, default, _, _ in raw.columns
    )
    return Table(raw.name, columns, triggers=_sorted_by_name(raw.triggers), options=("VIRTUAL", module))


@dataclass(frozen=True, slots=True)
class _Key:
    """A table's primary key; ``rowid`` says that it is another name of the row's id."""

    columns: tuple[str, ...] = ()
    rowid: bool = False
    autoincrement: bool = False
    name: str | None = None
    conflict: str | None = None
    parts: tuple[IndexPart, ...] = ()

    @classmethod
    def of(cls, raw: _Raw) -> _Key:
        ordered = sorted((row[4], row[0]) for row in raw.columns if row[4])
        columns = tuple(name for _, name in ordered)
        if not columns:
            return cls()
        index = next((rows for rows in raw.indexes.values() if rows[0][1] == "pk"), None)
        made = (raw.definition.all("primary key") or (None,))[0] if raw.definition else None
        return cls(
            columns,
            rowid=index is None,
            autoincrement=made is not None and made.autoincrement,
            name=made.name if made else None,
            conflict=_conflict(made),
            parts=_parts(index) if index else (),
        )


def _column(raw: _Raw, key: _Key, row: tuple[Any, ...], made: ColumnDef | None) -> Column:
    """``made`` is the column in the table's text, where that says more than the pragmas."""
    name, declared_type, not_null, default, place, _ = row
    options = raw.definition.options if raw.definition else ()
    never_null = bool(place) and (key.rowid or "WITHOUT ROWID" in options or "STRICT" in options)
    nullable = not (not_null or never_null)
    if made is None and not (key.autoincrement and place):
        return _plain_column(name, declared_type or "", nullable, default)
    facts = {constraint.kind: constraint for constraint in made.constraints} if made else {}
    collation = facts["collate"].expression if "collate" in facts else None
    generated = facts.get("generated")
    return Column(
        name=name,
        type=_column_type(declared_type or "", generated is not None),
        nullable=nullable,
        default=default,
        collation=collation.upper() if collation and fold(collation) != "binary" else None,
        generated=(generated.expression or "").strip() if generated else None,
        generated_kind=("stored" if generated.stored else "virtual") if generated else None,
        autoincrement=key.autoincrement and bool(place),
        on_conflict=None if never_null and key.rowid else _conflict(facts.get("not null")),
    )


@lru_cache(2000)
def _plain_column(name: str, declared_type: str, nullable: bool, default: str | None) -> Column:
    """A column of which the pragmas say all; the tables of a database have many alike, and a record never changes."""
    return Column(name, _column_type(declared_type, False), nullable, default)


def _column_type(text: str, generated: bool) -> str:
    """The declared type; SQLite takes the words GENERATED ALWAYS in front of AS into it."""
    text = " ".join(text.split())
    if generated and text.upper().endswith("GENERATED ALWAYS"):
        text = text[: -len("GENERATED ALWAYS")].rstrip()
    return text


def _conflict(constraint: ConstraintDef | None) -> str | None:
    clause = constraint.on_conflict if constraint else None
    return clause if clause != "ABORT" else None


def _parts(rows: Iterable[tuple[Any, ...]]) -> tuple[IndexPart, ...]:
    return tuple(_part(name, desc, coll) for _, _, _, name, desc, coll in rows)


@lru_cache(2000)
def _part(name: str | None, descending: int, collation: str | None) -> IndexPart:
    return IndexPart(name, descending=bool(descending), collation=collation)


def _own_parts(parts: tuple[IndexPart, ...], collations: dict[str, str]) -> tuple[IndexPart, ...]:
    """The parts without collations that hold anyway; none at all where nothing is left to say."""
    plain = tuple(_inherited(part, collations) for part in parts)
    return plain if any(part.descending or part.collation for part in plain) else ()


def _inherited(part: IndexPart, collations: dict[str, str]) -> IndexPart:
    own = (part.collation or "BINARY").upper()
    holds_anyway = own == (collations.get(fold(part.column or ""), "BINARY") if collations else "BINARY")
    return _part(part.column, part.descending, None if holds_anyway else own)


def _indexes(raw: _Raw, collations: dict[str, str]) -> Iterable[Index]:
    for name, rows in raw.indexes.items():
        unique, origin = rows[0][0], rows[0][1]
        if origin != "c":
            continue
        parts = list(_parts(rows))
        predicate = None
        sql = raw.index_sql.get(fold(name), "")
        if any(part.column is None for part in parts) or _WHERE.search(sql):
            made = parse_create_index(sql)
            predicate = made.predicate
            for at, part in enumerate(made.parts):
                if parts[at].column is None:
                    parts[at] = IndexPart(None, part.text, parts[at].descending)
        plain = tuple(_inherited(part, collations) if part.column else part for part in parts)
        yield Index(name, plain, bool(unique), predicate)


def _uniques(raw: _Raw, collations: dict[str, str]) -> tuple[Unique, ...]:
    found = []
    for rows in raw.indexes.values():
        if rows[0][1] == "u":
            parts = _parts(rows)
            columns = tuple(part.column or "" for part in parts)
            made = _unique_text(raw, columns)
            name = made.name if made else None
            found.append(Unique(columns, name, _conflict(made), _own_parts(parts, collations)))
    return tuple(sorted(found, key=lambda unique: ([fold(name) for name in unique.columns], str(unique.parts))))


def _unique_text(raw: _Raw, columns: tuple[str, ...]) -> ConstraintDef | None:
    """The constraint behind a unique index, found by its columns; of equal ones SQLite keeps the first."""
    if raw.definition is None:
        return None
    wanted = [fold(name) for name in columns]
    for column in raw.definition.columns:
        if [fold(column.name)] == wanted and column.all("unique"):
            return column.all("unique")[0]
    for constraint in raw.definition.constraints:
        if constraint.kind == "unique" and [fold(name) for name in constraint.columns] == wanted:
            return constraint
    return None


def _foreign_keys(raw: _Raw) -> tuple[ForeignKey, ...]:
    texts = raw.definition.all("references", "foreign key") if raw.definition else ()
    # SQLite counts foreign keys from the last one written; only whole sets can be matched by place.
    whole = len(texts) == len(raw.foreign_keys)
    found = []
    for number, rows in raw.foreign_keys.items():
        text = texts[len(texts) - 1 - number] if whole else None
        columns = tuple(row[2] for row in sorted(rows))
        target = tuple(row[3] or row[2] for row in sorted(rows))
        _, ref_table, _, _, on_update, on_delete, _ = rows[0]
        deferred = text is not None and text.deferrable == "DEFERRABLE INITIALLY DEFERRED"
        found.append(
            ForeignKey(
                columns,
                ref_table,
                target,
                on_delete,
                on_update,
                "DEFERRABLE INITIALLY DEFERRED" if deferred else None,
                text.name if text else None,
            )
        )
    return tuple(sorted(found, key=lambda key: ([fold(name) for name in key.columns], fold(key.ref_table), str(key))))


def _checks(raw: _Raw) -> tuple[Check, ...]:
    texts = raw.definition.all("check") if raw.definition else ()
    found = (Check((text.expression or "").strip(), text.name) for text in texts)
    return tuple(sorted(found, key=lambda check: (fold(check.name or ""), check.expression)))


def _sorted_by_name(things: Iterable[Any]) -> tuple[Any, ...]:
    found = tuple(things)
    return found if len(found) < 2 else tuple(sorted(found, key=lambda thing: (fold(thing.name), thing.name)))
