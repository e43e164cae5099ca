"""Several facts of one column at once: the operations that they are made of, in an order in which each can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pwmig.dialects.asked import require_field
from pwmig.dialects.migrator import UNSAID
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.migrator import Operation

__all__ = ["parts"]


def parts(
    migrator: Any,
    table: str,
    column: str,
    field: peewee.Field | None,
    null: bool | None,
    default: Any,
    cast: Any,
    comment: Any,
    name: str | None,
) -> list[Operation]:
    """What has to be run, the rename last.

    The default goes before the type changes, since the old one may be none of the new type; NULL is let in before
    that and shut out after it, since a cast may make NULLs, and fill them. OperationRefused where nothing is asked.
    """
    if field is not None:
        require_field(table, column, field)
        null = True if null is None and field.null else null
    elif cast is not None:
        raise OperationRefused(
            f"a cast of {table}.{column} needs a type to cast to",
            why="cast= says how values become those of another type",
            way_out="give a field too, as IntegerField(); or fill the column: migrator.backfill(...)",
            table=table,
            column=column,
        )
    has_default = default is not UNSAID and default is not None
    made: list[Operation] = []
    if default is None or (has_default and field is not None):
        made.append(migrator.drop_column_default(table, column))
    if null is True:
        made.append(migrator.drop_not_null(table, column))
    if field is not None:
        made.append(migrator.alter_column_type(table, column, field, cast))
    if has_default:
        made.append(migrator.add_column_default(table, column, default))
    if null is False:
        made.append(migrator.add_not_null(table, column))
    if comment is not UNSAID:
        made.append(migrator.set_comment(table, comment, column))
    if name is not None:
        made.append(migrator.rename_column(table, column, name))
    if not made:
        raise OperationRefused(
            f"nothing of {table}.{column} is asked to be changed",
            why="change_column(...) was given no fact",
            way_out="give a field, null=, default=, comment= or name=",
            table=table,
            column=column,
        )
    return made
