"""Which columns of a batch are kept before others of it run: then its tables are written once, not once a drop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.shelved import Place

__all__ = ["early", "together", "untold"]

_LEAVE_CELLS = frozenset(
    (
        *("add_column", "add_not_null", "drop_not_null", "add_column_default", "drop_column_default", "set_comment"),
        *("add_index", "drop_index", "rename_index", "add_unique", "add_constraint", "drop_constraint"),
        *("add_foreign_key_constraint", "drop_foreign_key_constraint", "validate_constraint", "add_enum_value"),
    )
)
"""Operations behind which every cell is what it was, under the name that it had."""


def early(
    operations: Sequence[Operation], look: Callable[[Operation], Place | None]
) -> Iterator[tuple[Operation, frozenset[str]]]:
    """The drops of columns, each with the columns of its table that the batch changes before it.

    It ends before a column that the batch makes or changes itself first, one of a table whose key it changes first, and
    all else of which something is kept at its turn, since what comes later is to be kept later too; before an operation
    that may do anything; and before one that changes a table without key, as that may be all that tells its rows.
    """
    changed: dict[str, set[str]] = {}
    made: set[tuple[str, str]] = set()
    for wanted in operations:
        if wanted.name == "add_column":
            made.add((str(wanted.args[0]), str(wanted.args[1])))
        if wanted.name in _LEAVE_CELLS:
            continue
        names = _changed_by(wanted)
        place = look(wanted) if names else None
        if place is None:
            return
        known = changed.setdefault(place.sql, set())
        columns = {column for name in names if (column := place.column(name)) is not None}
        if wanted.name == "drop_column" and columns and known.isdisjoint({*columns, *place.key}):
            yield wanted, frozenset(known)
        elif _keeps(wanted, made) or (columns and not place.key):
            return
        known |= columns


def together(wanted: Operation, batch: Sequence[Operation], called: Callable[[Operation], str]) -> list[Operation]:
    """A drop of a column, and those of other columns of its table that stand behind it in its batch, one behind the
    other; ``called`` says what the table of an operation is called."""
    found, table, names = [wanted], called(wanted), {str(wanted.args[1]).lower()}
    for other in batch[batch.index(wanted) + 1 :] if wanted in batch else ():
        name = str(other.args[1]).lower() if other.name == "drop_column" else ""
        if not name or name in names or called(other) != table:
            break
        names.add(name)
        found.append(other)
    return found


def untold(waits: Sequence[Operation], place: Place, names: Sequence[str]) -> frozenset[str] | None:
    """Which columns of a table tell no row of it, where columns of it are kept that have these names, and operations
    wait for the same statement as their drops; None where those have to run first."""
    dropped = {place.column(name) for name in names}
    if None in dropped:
        return None
    found: set[str] = set()
    for wanted in waits:
        if wanted.name in _LEAVE_CELLS - {"add_enum_value"}:
            continue
        column = place.column(str(wanted.args[1])) if wanted.name in ("drop_column", "alter_column_type") else None
        if column is None or column in dropped or column in place.key:
            return None
        if wanted.name == "alter_column_type" and not place.key:
            return None  # It may be all that tells some of the rows.
        found.add(column)
    return frozenset(found)


def _keeps(wanted: Operation, made: Collection[tuple[str, str]]) -> bool:
    """Whether something of an operation may be kept at its turn; ``made`` are columns that its batch has made."""
    if wanted.attic is False or wanted.name == "rename_column":
        return False
    cast = wanted.args[3] if len(wanted.args) > 3 else wanted.kwargs.get("cast")
    if wanted.name == "alter_column_type" and cast is None:
        return False
    new = all((str(wanted.args[0]), name) in made for name in _changed_by(wanted))
    return wanted.name == "drop_column" or not new


def _changed_by(wanted: Operation) -> list[str]:
    """The columns that an operation changes, drops or renames; none for one that may do anything."""
    if wanted.name == "backfill":
        given = wanted.args[1] if len(wanted.args) > 1 else wanted.kwargs.get("set", {})
        return [str(getattr(name, "column_name", name)) for name in given]
    if wanted.name in ("drop_column", "rename_column", "alter_column_type", "apply_default"):
        return [str(wanted.args[1])]
    return []
