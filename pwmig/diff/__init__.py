"""The exact differences between two schemas, in an order that can be carried out.

``diff(before, after)`` compares everything that :mod:`pwmig.schema` knows, except the order of
columns. Names match without regard to letter case, exact matches first, unless the schemas say that
case tells names apart. Only what is told to be a rename is one; :func:`rename_candidates` lists what might be.
"""

from __future__ import annotations

from collections.abc import Mapping

from pwmig.diff.candidates import RenameCandidate, rename_candidates
from pwmig.diff.changes import (
    AddCheck,
    AddColumn,
    Added,
    AddForeignKey,
    AddIndex,
    AddTrigger,
    AddUnique,
    AlterCheck,
    AlterColumn,
    Altered,
    AlterForeignKey,
    AlterIndex,
    AlterOptions,
    AlterPrimaryKey,
    AlterTable,
    AlterTrigger,
    AlterUnique,
    AlterView,
    Change,
    CreateTable,
    CreateView,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    Dropped,
    DropTable,
    DropTrigger,
    DropUnique,
    DropView,
    Fact,
    RenameColumn,
    RenameTable,
)
from pwmig.diff.compare import Comparison
from pwmig.diff.order import in_order
from pwmig.diff.renames import Renames
from pwmig.schema import Schema

__all__ = [
    "AddCheck",
    "AddColumn",
    "AddForeignKey",
    "AddIndex",
    "AddTrigger",
    "AddUnique",
    "Added",
    "AlterCheck",
    "AlterColumn",
    "AlterForeignKey",
    "AlterIndex",
    "AlterOptions",
    "AlterPrimaryKey",
    "AlterTable",
    "AlterTrigger",
    "AlterUnique",
    "AlterView",
    "Altered",
    "Change",
    "CreateTable",
    "CreateView",
    "DropCheck",
    "DropColumn",
    "DropForeignKey",
    "DropIndex",
    "DropTable",
    "DropTrigger",
    "DropUnique",
    "DropView",
    "Dropped",
    "Fact",
    "RenameCandidate",
    "RenameColumn",
    "RenameTable",
    "diff",
    "rename_candidates",
]

_NO_TABLES: Mapping[str, str] = {}
_NO_COLUMNS: Mapping[tuple[str, str], str] = {}


def diff(
    before: Schema,
    after: Schema,
    *,
    renamed_tables: Mapping[str, str] = _NO_TABLES,
    renamed_columns: Mapping[tuple[str, str], str] = _NO_COLUMNS,
) -> tuple[Change, ...]:
    """What has to be done to ``before`` to make it ``after``.

    ``renamed_tables`` maps old names to new ones, ``renamed_columns`` (old table, old column) to
    the column's new name. Everything that names a renamed table or column follows it, so that the
    rename alone shows. A rename of what ``before`` does not have is left out of account.
    """
    renames = Renames(before, after, renamed_tables, renamed_columns)
    comparison = Comparison(before, after, renames)
    return in_order(comparison.changes(), comparison.same_views())
