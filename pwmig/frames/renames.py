"""What was renamed between two moments, as far as the changes of a run say."""

from __future__ import annotations

from collections.abc import Mapping

from pwmig.diff import AlterCheck, Altered, AlterForeignKey, AlterIndex, AlterUnique, RenameColumn, RenameTable
from pwmig.diff.case import Case
from pwmig.diff.renames import Renames
from pwmig.plan import Run
from pwmig.schema import Schema, Table

__all__ = ["RunRenames", "renames_of"]

_GONE = "\0"
"""Behind the name of a column that was dropped and whose name another one took: it pairs with nothing."""


_Place = tuple[str, str, str]


class RunRenames(Renames):
    """The renames of one run, in both directions.

    ``objects`` maps (table afterwards, kind, old name), each folded, to the new name of an index or a constraint.
    """

    def __init__(
        self,
        before: Schema,
        after: Schema,
        tables: Mapping[str, str],
        columns: Mapping[tuple[str, str], str],
        objects: Mapping[_Place, str],
    ) -> None:
        super().__init__(before, after, tables, columns)
        self._objects = dict(objects)
        self._old_tables = {self.case.table(new): old for old, new in tables.items()}
        self._taken = {self._place(table, new) for (table, _), new in columns.items()}

    def old_table(self, new: str) -> str:
        """The name that a table had before; its own where it was not renamed."""
        return self._old_tables.get(self.case.table(new), new)

    def column(self, old_table: str, old: str) -> str:
        place = self._place(old_table, old)
        new = self._columns.get(place)
        if new is None:
            return old + _GONE if place in self._taken else old
        return new

    def object(self, old_table: str, kind: str, old: str) -> str | None:
        """The new name of an index or a constraint, None where it was not renamed."""
        return self._objects.get((self.case.table(self.table(old_table)), kind, self.case.table(old)))

    def renamed(self, table: Table) -> Table:
        """The table with its new names: in columns, keys and indexes, not in texts of SQL."""
        return self._translated_table(table) if self else table


def renames_of(run: Run) -> RunRenames:
    """The renames among the changes of a run."""
    before = run.before.schema if run.before else Schema()
    after = run.after.schema if run.after else Schema()
    case = Case.of(before, after)
    tables = {change.old_name: change.table for change in run.changes if isinstance(change, RenameTable)}
    old = {case.table(new): was for was, new in tables.items()}
    columns = {
        (old.get(case.table(change.table), change.table), change.old_name): change.name
        for change in run.changes
        if isinstance(change, RenameColumn)
    }
    return RunRenames(before, after, tables, columns, _objects(run, case))


def _objects(run: Run, case: Case) -> dict[_Place, str]:
    return {
        (case.table(change.table), _NAMED[type(change)], case.table(change.before.name)): change.after.name
        for change in run.changes
        if isinstance(change, Altered) and type(change) in _NAMED
        if change.before.name and change.after.name and change.before.name != change.after.name
    }


_NAMED: dict[type[Altered], str] = {
    AlterIndex: "index",
    AlterUnique: "unique",
    AlterForeignKey: "foreign key",
    AlterCheck: "check",
}
