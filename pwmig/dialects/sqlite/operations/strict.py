"""What types a STRICT table knows (https://www.sqlite.org/stricttables.html)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pwmig.dialects.sqlite.texts.kinds import affinity
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = ["require_number", "require_strict_type", "type_of"]

_TYPES = ("ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT")


def type_of(migrator: SqliteMigrator, field: peewee.Field) -> str:
    """The type that Peewee writes for a field."""
    context = migrator.make_context()
    return str(context.sql(field.ddl_datatype(context)).query()[0])


def require_number(table: str, column: str, type_: str, default: Any) -> None:
    """Refuse a text as the default of a number: SQLite would keep the text, in a table that is not STRICT."""
    if not isinstance(default, str) or affinity(type_) not in ("INTEGER", "REAL"):
        return
    try:
        float(default)
    except ValueError:
        raise OperationRefused(
            f"{default!r:.60} can't be the default of {table}.{column}",
            why=f"the column is {type_}, and that is no number",
            way_out="give a number, or SQL('...') for an expression",
            table=table,
            column=column,
        ) from None


def require_strict_type(migrator: SqliteMigrator, table: str, field: peewee.Field) -> None:
    """Refuse a field, bound to its column, whose type a STRICT table does not know."""
    type_ = type_of(migrator, field)
    if type_.upper() not in _TYPES:
        raise OperationRefused(
            f"{table}.{field.column_name} can't be of type {type_!r}",
            why="the table is STRICT, and such a table knows only " + ", ".join(_TYPES),
            way_out="choose a field of one of these types, as TextField() for CharField()",
            table=table,
            column=field.column_name,
        )
