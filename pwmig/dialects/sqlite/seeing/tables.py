"""A table's record, put together from the catalog's answers and from what of its text says more than those."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pwmig.dialects.sqlite.seeing.catalog import VIRTUAL, Raw, sorted_by_name
from pwmig.dialects.sqlite.seeing.plain import index_part
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
from pwmig.records import dataclass
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Table, Unique

__all__ = ["table_of"]

_TELLING_WORDS = (
    *("COLLATE", "CHECK", "CONSTRAINT", "AUTOINCREMENT", "AS", "DEFERRED"),
    *("CONFLICT", "STRICT", "WITHOUT", "DESC"),
)
# Each begins with its letters, which are found much faster than an edge of a word.
_WORDS = {word: re.compile(rf"{word}(?<!\w{word})\b") for word in _TELLING_WORDS}
_DISTINGUISHING = frozenset(("CONSTRAINT", "DEFERRED", "CONFLICT", "COLLATE", "DESC"))
"""Where one of these tells a UNIQUE or REFERENCES from the others, all are read: their places tell which is which."""
_WHERE = re.compile(r"\bWHERE\b", re.IGNORECASE)


def table_of(raw: Raw) -> Table:
    if VIRTUAL.match(raw.sql):
        return _virtual_table(raw)
    raw.definition = _definition(raw)
    if raw.definition is None and raw.plain_indexes is not None:
        return _plain_table(raw, raw.plain_indexes)
    key = _Key.of(raw)
    said = {fold(column.name): column for column in raw.definition.columns[1:]} if raw.definition else {}
    columns = tuple([_column(raw, key, row, said.get(fold(row[0])) if said else None) for row in raw.columns])
    collations = {fold(column.name): column.collation for column in columns if column.collation}
    return Table(
        name=raw.name,
        columns=columns,
        primary_key=key.columns,
        indexes=sorted_by_name(_indexes(raw, collations)),
        uniques=_uniques(raw, collations),
        foreign_keys=_foreign_keys(raw),
        checks=_checks(raw),
        triggers=sorted_by_name(raw.triggers),
        options=tuple(sorted(raw.definition.options)) if raw.definition else (),
        primary_key_name=key.name,
        primary_key_conflict=_key_conflict(raw, key, collations),
        primary_key_parts=_own_parts(key.parts, collations),
    )


def _plain_table(raw: Raw, indexes: list[Index]) -> Table:
    """A table whose constraints have no index and whose text says no more than the pragmas do, as most are."""
    key = [(row[4], row[0]) for row in raw.columns if row[4]]
    columns = [
        _plain_column(name, declared_type, not (not_null or place), default)
        for name, declared_type, not_null, default, place, _ in raw.columns
    ]
    return Table(
        raw.name,
        tuple(columns),
        tuple([name for _, name in sorted(key)] if len(key) > 1 else [name for _, name in key]),
        sorted_by_name(indexes),
        foreign_keys=_foreign_keys(raw),
        triggers=sorted_by_name(raw.triggers),
    )


def _definition(raw: Raw) -> TableDef | None:
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


def _virtual_table(raw: Raw) -> Table:
    tokens = significant(raw.sql)
    place = next((at for at, token in enumerate(tokens) if token.is_word("USING")), None)
    module = raw.sql[tokens[place].end :].strip() if place is not None else ""
    columns = tuple(
        Column(name, kind or "", not notnull, default) for name, kind, notnull, default, _, _ in raw.columns
    )
    return Table(raw.name, columns, triggers=sorted_by_name(raw.triggers), options=("VIRTUAL", module))


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
    def of(cls, raw: Raw) -> _Key:
        ordered = [(row[4], row[0]) for row in raw.columns if row[4]]
        if not ordered:
            return _NO_KEY
        columns = tuple([name for _, name in sorted(ordered)])
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


_NO_KEY = _Key()


def _column(raw: Raw, key: _Key, row: tuple[Any, ...], made: ColumnDef | None) -> Column:
    """``made`` is the column in the table's text, where that says more than the pragmas."""
    name, declared_type, not_null, default, place, _ = row
    options = raw.definition.options if raw.definition else ()
    never_null = bool(place) and (key.rowid or "WITHOUT ROWID" in options or "STRICT" in options)
    nullable = not (not_null or never_null)
    if made is None and not (key.autoincrement and place):
        return _plain_column(name, declared_type, nullable, default)
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
def _plain_column(name: str, declared_type: str | None, nullable: bool, default: str | None) -> Column:
    """A column of which the pragmas say all; the tables of a database have many alike, and a record never changes."""
    return Column(name, _column_type(declared_type or "", False), nullable, default)


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
    return tuple(index_part(name, desc, coll) for _, _, _, name, desc, coll in rows)


def _own_parts(parts: tuple[IndexPart, ...], collations: dict[str, str]) -> tuple[IndexPart, ...]:
    """The parts without collations that hold anyway; none at all where nothing is left to say."""
    plain = tuple(_inherited(part, collations) for part in parts)
    return plain if any(part.descending or part.collation for part in plain) else ()


def _inherited(part: IndexPart, collations: dict[str, str]) -> IndexPart:
    own = (part.collation or "BINARY").upper()
    holds_anyway = own == (collations.get(fold(part.column or ""), "BINARY") if collations else "BINARY")
    return index_part(part.column, part.descending, None if holds_anyway else own)


def _indexes(raw: Raw, collations: dict[str, str]) -> Iterable[Index]:
    if raw.plain_indexes is not None:
        yield from raw.plain_indexes
        return
    for name, rows in raw.indexes.items():
        unique, origin = rows[0][0], rows[0][1]
        if origin != "c":
            continue
        parts = list(_parts(rows))
        predicate = None
        sql = raw.index_sql.get(name, "")
        if any(part.column is None for part in parts) or _WHERE.search(sql):
            made = parse_create_index(sql)
            predicate = made.predicate
            for at, part in enumerate(made.parts):
                if parts[at].column is None:
                    parts[at] = IndexPart(None, part.text, parts[at].descending)
        plain = tuple(_inherited(part, collations) if part.column else part for part in parts)
        yield Index(name, plain, bool(unique), predicate)


def _uniques(raw: Raw, collations: dict[str, str]) -> tuple[Unique, ...]:
    if not raw.indexes:
        return ()
    found = []
    for rows in raw.indexes.values():
        if rows[0][1] == "u":
            parts = _parts(rows)
            columns = tuple(part.column or "" for part in parts)
            made = _said_by(raw, parts, collations, "unique")
            name = made[0].name if made else None
            found.append(Unique(columns, name, _merged_conflict(made), _own_parts(parts, collations)))
    return tuple(sorted(found, key=lambda unique: ([fold(name) for name in unique.columns], str(unique.parts))))


def _key_conflict(raw: Raw, key: _Key, collations: dict[str, str]) -> str | None:
    """The conflict clause of the key, or of a UNIQUE that says the same: SQLite keeps one index for both."""
    if not key.parts:
        return key.conflict
    return _merged_conflict(_said_by(raw, key.parts, collations, "primary key", "unique"))


def _merged_conflict(constraints: Iterable[ConstraintDef]) -> str | None:
    return next((clause for one in constraints if (clause := _conflict(one)) is not None), None)


def _said_by(raw: Raw, parts: Iterable[IndexPart], collations: dict[str, str], *kinds: str) -> list[ConstraintDef]:
    """The constraints behind an index: those of its columns and collations; their order doesn't count to SQLite."""
    if raw.definition is None:
        return []
    wanted = [(fold(part.column or ""), (part.collation or "BINARY").upper()) for part in parts]
    usual = {name: collations.get(name, "BINARY") for name, _ in wanted}
    found: list[ConstraintDef] = []
    for column in raw.definition.columns:
        if [(fold(column.name), usual.get(fold(column.name)))] == wanted:
            found += column.all(*kinds)
    for one in raw.definition.constraints:
        said = [(fold(part.name or part.text), part.collation) for part in one.parts]
        if one.kind in kinds and [(name, (own or usual.get(name, "")).upper()) for name, own in said] == wanted:
            found.append(one)
    return found


def _foreign_keys(raw: Raw) -> tuple[ForeignKey, ...]:
    if not raw.foreign_keys:
        return ()
    texts = raw.definition.all("references", "foreign key") if raw.definition else ()
    # SQLite counts foreign keys from the last one written; only whole sets can be matched by place.
    whole = len(texts) == len(raw.foreign_keys)
    found = []
    for number, rows in raw.foreign_keys.items():
        text = texts[len(texts) - 1 - number] if whole else None
        if len(rows) > 1:
            rows.sort()
        columns = tuple([row[2] for row in rows])
        target = tuple([row[3] or row[2] for row in rows])
        _, ref_table, _, _, on_update, on_delete = rows[0]
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
    if len(found) > 1:
        found.sort(key=lambda key: ([fold(name) for name in key.columns], fold(key.ref_table), str(key)))
    return tuple(found)


def _checks(raw: Raw) -> tuple[Check, ...]:
    if raw.definition is None:
        return ()
    texts = raw.definition.all("check")
    found = (Check((text.expression or "").strip(), text.name) for text in texts)
    return tuple(sorted(found, key=lambda check: (fold(check.name or ""), check.expression)))
