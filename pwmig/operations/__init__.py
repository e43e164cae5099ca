"""What a migration can ask for, as data: forms are made from it, and code.

Each operation is a frozen dataclass whose fields say, in their metadata, how a form shows them
(``label``, ``help``) and what they hold (``kind``, see :data:`KINDS`). An operation checks itself
when it is made (OperationRefused), knows its call (:meth:`Operation.call`), is known by it again
(:meth:`Operation.of_call`) and can be done (:meth:`Operation.on`). A new operation is one class
with ``@registered`` in the module of its kind.
"""

from __future__ import annotations

from pwmig.columns import COLUMN_TYPES, ColumnSpec, Expression, Standard
from pwmig.operations.calls import Called, call_text, value_text
from pwmig.operations.root import KINDS, OPERATIONS, Operation, asked, registered

# The order of the modules is that of the operations in a form.
# isort: off
from pwmig.operations.columns import (
    AddColumn,
    AddColumnDefault,
    AddNotNull,
    AlterColumnType,
    DropColumn,
    DropColumnDefault,
    DropNotNull,
    RenameColumn,
)
from pwmig.operations.changing import ChangeColumn, SetComment
from pwmig.operations.tables import (
    AddIndex,
    CreateTable,
    DropIndex,
    DropTable,
    RedefineTable,
    RenameIndex,
    RenameTable,
)
from pwmig.operations.constraints import (
    AddCheck,
    AddConstraint,
    AddForeignKey,
    AddUnique,
    DropConstraint,
    DropForeignKey,
)
from pwmig.operations.rows import Backfill
from pwmig.operations.statements import RunSQL

# isort: on

__all__ = [
    "COLUMN_TYPES",
    "KINDS",
    "OPERATIONS",
    "AddCheck",
    "AddColumn",
    "AddColumnDefault",
    "AddConstraint",
    "AddForeignKey",
    "AddIndex",
    "AddNotNull",
    "AddUnique",
    "AlterColumnType",
    "Backfill",
    "Called",
    "ChangeColumn",
    "ColumnSpec",
    "CreateTable",
    "DropColumn",
    "DropColumnDefault",
    "DropConstraint",
    "DropForeignKey",
    "DropIndex",
    "DropNotNull",
    "DropTable",
    "Expression",
    "Operation",
    "RedefineTable",
    "RenameColumn",
    "RenameIndex",
    "RenameTable",
    "RunSQL",
    "SetComment",
    "Standard",
    "asked",
    "call_text",
    "registered",
    "value_text",
]
