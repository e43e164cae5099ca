"""What a column's text makes of its values: affinity, and whether the column is the rowid."""

from __future__ import annotations

from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold

__all__ = ["affinity", "holds_numbers", "is_generated", "same_kind", "shown_key"]

_AFFINITIES = (
    ("INTEGER", ("INT",)),
    ("TEXT", ("CHAR", "CLOB", "TEXT")),
    ("BLOB", ("BLOB",)),
    ("REAL", ("REAL", "FLOA", "DOUB")),
)


def affinity(type_: str) -> str:
    """https://www.sqlite.org/datatype3.html#determination_of_column_affinity, the first rule that fits."""
    upper = type_.upper()
    if not upper:
        return "BLOB"
    return next((kind for kind, words in _AFFINITIES if any(word in upper for word in words)), "NUMERIC")


def holds_numbers(type_: str) -> bool:
    """Whether a type means numbers and nothing else; SQLite keeps a text in such a column all the same."""
    kind = affinity(type_)
    return kind in ("INTEGER", "REAL") or (kind == "NUMERIC" and any(word in type_.upper() for word in ("DEC", "NUM")))


def same_kind(one: ColumnDef, other: ColumnDef, strict: bool) -> bool:
    """Whether values are stored, read and compared under the one type as under the other.

    In a STRICT table the type says what is stored at all: https://www.sqlite.org/stricttables.html
    """
    if strict:
        return fold(one.type) == fold(other.type)
    return affinity(one.type) == affinity(other.type)


def is_generated(column: ColumnDef) -> bool:
    return bool(column.all("generated"))


def shown_key(table: TableDef) -> ColumnDef | None:
    """The column that is the rowid by another name, or None (https://www.sqlite.org/lang_createtable.html#rowid)."""
    if "WITHOUT ROWID" in table.options:
        return None
    keys = [constraint.columns for constraint in table.constraints if constraint.kind == "primary key"]
    for column in table.columns:
        if fold(column.type.strip("\"'`[]")) != "integer":
            continue
        if any(not key.descending for key in column.all("primary key")):
            return column
        if any(len(columns) == 1 and fold(columns[0]) == fold(column.name) for columns in keys):
            return column
    return None
