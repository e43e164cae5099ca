"""A name for a migration that was given none: what it does, in letters that a file's name may have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from pwmig import operations as o
from pwmig.columns import plain_name

__all__ = ["suggested_name"]

_LONGEST = 60
_ASIDE = (o.Backfill, o.SetComment, o.RunSQL)
"""What is done beside something else, as a rule."""


def suggested_name(operations: Sequence[o.Operation]) -> str:
    """``add_player_level`` for a column; of several things the first two, or the table that all are about."""
    told = list(dict.fromkeys(map(_told, [one for one in operations if not isinstance(one, _ASIDE)] or operations)))
    if len(told) == 1:
        return _slug(told[0])
    both = _slug("_and_".join(told))
    if len(told) == 2 and len(both) <= _LONGEST:
        return both
    tables = set(map(_table, operations))
    return _slug(f"change_{tables.pop()}" if len(tables) == 1 else f"{told[0]}_and_{len(told) - 1}_more")


def _table(operation: o.Operation) -> str:
    names = (getattr(operation, "table", None), getattr(operation, "old_name", None), getattr(operation, "name", None))
    return plain_name(next((name for name in names if name), ""))


def _told(operation: o.Operation) -> str:
    table = _table(operation)
    match operation:
        case o.CreateTable():
            return f"create_{table}"
        case o.DropTable():
            return f"drop_{table}"
        case o.RenameTable():
            return f"rename_{table}_to_{plain_name(operation.new_name)}"
        case o.RenameColumn():
            return f"rename_{table}_{operation.old_name}_to_{operation.new_name}"
        case o.AddColumn():
            return f"add_{table}_{operation.column.name}"
        case o.DropColumn():
            return f"drop_{table}_{operation.column}"
        case o.AddIndex():
            return f"index_{table}_{'_'.join(map(str, operation.columns))}"
        case o.AddForeignKey():
            return f"link_{table}_{operation.column}_to_{plain_name(operation.rel)}"
        case o.DropIndex():
            return f"drop_index_{operation.name}"
        case o.RenameIndex():
            return f"rename_index_{operation.old_name}_to_{operation.new_name}"
        case o.AddUnique():
            return f"unique_{table}_{'_'.join(operation.columns)}"
        case o.AddCheck():
            return f"check_{operation.name}" if table in operation.name else f"check_{table}_{operation.name}"
        case o.DropForeignKey():
            return f"unlink_{table}_{operation.column}"
        case o.AddConstraint() | o.DropConstraint():
            return f"constrain_{table}" if isinstance(operation, o.AddConstraint) else f"unconstrain_{table}"
        case o.AddNotNull():
            return f"require_{table}_{operation.column}"
    column = getattr(operation, "column", None)
    return f"change_{table}_{column}" if isinstance(column, str) else f"change_{table}"


def _slug(text: str) -> str:
    """The text in the letters that a migration's name may have, of which one is there at least."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name, longest = "", _LONGEST
    for word in re.findall(r"[a-z0-9]+", plain):
        if name and len(name) + len(word) >= longest:
            break
        name = f"{name}_{word}" if name else word[:longest]
    return name or "change"
