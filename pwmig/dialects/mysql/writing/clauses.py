"""The parts of CREATE TABLE, which ALTER TABLE takes too: columns, indexes, keys and checks.

https://mariadb.com/kb/en/create-table/, https://dev.mysql.com/doc/refman/8.0/en/create-table.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pwmig.dialects.mysql.quoting import literal, quote, quoted_list, referred
from pwmig.dialects.mysql.seeing.periods import OVERLAPS
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Table

__all__ = [
    "check_clause",
    "column_check",
    "column_definition",
    "foreign_key_clause",
    "index_clause",
    "primary_key_clause",
]

_BEHIND_TYPE = ("COMPRESSED", "REF_SYSTEM_ID")
_ROW_BOUNDS = ("ROW START", "ROW END")
_HASHES_BY_DEFAULT = ("MEMORY",)


def column_definition(
    column: Column, check: Check | None = None, *, collation: str | None = None, autoincrement: bool = True
) -> str:
    """The whole definition, name first: what stands in CREATE TABLE and behind ADD, MODIFY and CHANGE (an old name).

    MODIFY and CHANGE drop whatever is not written again, so ``check`` has to be the column's own check, as
    :func:`column_check` finds it. ``collation`` is the table's default, which needs no words; without it, as behind
    MODIFY, the column's is written out. Without ``autoincrement`` that word is left out: it needs a key.
    """
    words = [quote(column.name), column.type]
    words += [option for option in column.options if option.startswith(_BEHIND_TYPE)]
    if column.charset is not None and column.collation is None:
        words.append(f"CHARACTER SET {column.charset}")
    if column.collation is not None and column.collation != collation:
        words.append(f"COLLATE {column.collation}")
    words += _generated(column) if column.generated is not None else _value(column, autoincrement)
    if column.invisible:
        words.append("INVISIBLE")
    words += [option for option in column.options if not option.startswith(_BEHIND_TYPE)]
    if column.comment is not None:
        words.append(f"COMMENT {literal(column.comment)}")
    if check is not None:
        words.append(check_clause(check))
    return " ".join(words)


def _generated(column: Column) -> list[str]:
    if column.generated in _ROW_BOUNDS:
        return [f"GENERATED ALWAYS AS {column.generated}"]
    words = [f"GENERATED ALWAYS AS ({column.generated})", (column.generated_kind or "virtual").upper()]
    return words if column.nullable else [*words, "NOT NULL"]


def _value(column: Column, autoincrement: bool) -> list[str]:
    words = [] if column.nullable else ["NOT NULL"]
    # Of all types this one is NOT NULL by itself where explicit_defaults_for_timestamp is off.
    if column.nullable and column.type.lower().startswith("timestamp"):
        words.append("NULL")
    if column.default is not None:
        words.append(f"DEFAULT {column.default}")
    if column.on_update is not None:
        words.append(f"ON UPDATE {column.on_update}")
    if column.autoincrement and autoincrement:
        words.append("AUTO_INCREMENT")
    return words


def column_check(table: Table, column: str) -> Check | None:
    """The check that is a part of a column's definition, or None; one of the table names no column."""
    return next((check for check in table.checks if (check.column or "").lower() == column.lower()), None)


def check_clause(check: Check) -> str:
    """A check of a table, with its name, or of a column, which is called as its column is and takes no name."""
    named = check.column is None and check.name is not None
    name = f"CONSTRAINT {quote(check.name or '')} " if named else ""
    return f"{name}CHECK ({check.expression}){'' if check.enforced else ' NOT ENFORCED'}"


def index_clause(index: Index, engine: str = "") -> str:
    """An index, as CREATE TABLE has it and ALTER TABLE behind ADD. ``engine`` is the table's: some hash by default."""
    kind = f"{index.method} " if index.method in ("FULLTEXT", "SPATIAL") else "UNIQUE " if index.unique else ""
    words = [f"{kind}KEY {quote(index.name)} ({_parts(index.parts, index.options)})"]
    words += _method(index.method, engine)
    if index.comment is not None:
        words.append(f"COMMENT {literal(index.comment)}")
    if index.invisible:  # each server takes the other's word for a comment
        words.append("/*M!100600 IGNORED *//*!80000 INVISIBLE */")
    return " ".join(words)


def primary_key_clause(table: Table, engine: str = "") -> str:
    """The table's primary key, with orders and prefixes where it has them."""
    parts = table.primary_key_parts or tuple(IndexPart(name) for name in table.primary_key)
    method = next((option[6:] for option in table.primary_key_options if option.startswith("USING ")), None)
    words = [f"PRIMARY KEY ({_parts(parts, table.primary_key_options)})", *_method(method, engine)]
    if table.primary_key_comment is not None:
        words.append(f"COMMENT {literal(table.primary_key_comment)}")
    return " ".join(words)


def _method(method: str | None, engine: str) -> list[str]:
    if method in ("FULLTEXT", "SPATIAL"):
        return []
    if method is None:
        return ["USING BTREE"] if engine.upper() in _HASHES_BY_DEFAULT else []
    return [f"USING {method}"]


def _parts(parts: Sequence[IndexPart], options: Iterable[str]) -> str:
    """The parts; of a key without overlaps, a period stands for the last two."""
    apart = [option for option in options if option.endswith(OVERLAPS)]
    return ", ".join([_part(part) for part in (parts[:-2] if apart else parts)] + apart)


def _part(part: IndexPart) -> str:
    name = f"({part.expression})" if part.column is None else quote(part.column)
    length = f"({part.length})" if part.length else ""
    return f"{name}{length}{' DESC' if part.descending else ''}"


def foreign_key_clause(key: ForeignKey) -> str:
    """A foreign key with its name; RESTRICT, which is what holds without a word, is not written."""
    name = f"CONSTRAINT {quote(key.name)} " if key.name is not None else ""
    columns, target = quoted_list(key.columns), quoted_list(key.ref_columns)
    text = f"{name}FOREIGN KEY ({columns}) REFERENCES {referred(key)} ({target})"
    if key.on_delete != "RESTRICT":
        text += f" ON DELETE {key.on_delete}"
    if key.on_update != "RESTRICT":
        text += f" ON UPDATE {key.on_update}"
    return text
