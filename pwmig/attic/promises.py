"""What operations are about to hold columns to, foreign keys foremost: what is put back before must not be against
it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pwmig.dialects.shelved import Reference, Unique
from pwmig.errors import OperationRefused
from pwmig.records import dataclass
from pwmig.taken import rows_text

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.shelf import Shelf
    from pwmig.dialects.shelved import Place

__all__ = ["Promise", "Tightening"]

_NAMES = (
    *("table", "column_name", "rel", "rel_column", "on_delete", "on_update", "constraint_name", "rel_schema"),
    "not_valid",
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A foreign key of one column, as an ``add_foreign_key_constraint`` names it."""

    migrator: Migrator
    table: str
    column: str
    rel: str
    rel_column: str

    @classmethod
    def of(cls, wanted: Operation) -> Promise | None:
        """None for a key that rows may be against."""
        said = {**dict(zip(_NAMES, wanted.args)), **wanted.kwargs}
        if said.get("not_valid"):
            return None
        schema = said.get("rel_schema")
        rel = f"{schema}.{said['rel']}" if schema else said["rel"]
        return cls(wanted.migrator, said["table"], said["column_name"], rel, said["rel_column"])

    def found(self, shelf: Shelf) -> tuple[Place, Reference] | None:
        """The table, and its key to be; None as long as something of both is not there."""
        place, rel = shelf.look(self.table, self.migrator), shelf.look(self.rel, self.migrator)
        column = place.column(self.column) if place is not None else None
        to = rel.column(self.rel_column) if rel is not None else None
        if place is None or rel is None or to is None:
            return None
        return place, Reference((column or self.column,), rel.sql, (to,))

    def require_kept(self, shelf: Shelf, place: Place, key: Reference, made: str) -> None:
        """Refuse the key where rows that were put back by now, or got a value, refer to nothing; ``made`` is the
        operation that has made what they are in."""
        count = shelf.count_lost(place, key)
        if count:
            raise OperationRefused(
                f"{self.table}.{self.column} can't refer to {self.rel}.{self.rel_column}",
                why=f"{rows_text(count)} {'refers' if count == 1 else 'refer'} to what is not there: so the attic has "
                "put back what was taken, as nobody had said until then that there will be a key",
                way_out=("" if shelf.transactional else "take back by hand what stays, and ")
                + f"give {made} and this to one migrate(...): then what refers to nothing stays in the attic",
                table=self.table,
                column=self.column,
            )


@dataclass(frozen=True, slots=True)
class Tightening:
    """An operation that holds ``columns`` of a table (None: any of them) to more than until now; ``unique``: so that no
    two rows have the same in them; ``retypes``: to another type."""

    migrator: Migrator
    table: str
    columns: tuple[str, ...] | None
    unique: bool = False
    retypes: bool = False

    @classmethod
    def of(cls, wanted: Operation) -> Tightening | None:
        """None for an operation that does not."""
        name, (table, *args) = wanted.name, map(_plain, wanted.args or ("",))
        if name == "alter_column_type":
            return cls(wanted.migrator, str(table), (str(args[0]),), retypes=True)
        if name in ("add_not_null", "add_foreign_key_constraint"):
            return cls(wanted.migrator, str(table), (str(args[0]),))
        if name == "add_constraint":
            return cls(wanted.migrator, str(table), None)
        if name == "add_unique":
            return cls(wanted.migrator, str(table), tuple(map(str, args)), True)
        if name == "add_index" and (args[1] if len(args) > 1 else wanted.kwargs.get("unique")):
            some = (args[3] if len(args) > 3 else wanted.kwargs.get("where")) is not None
            columns = tuple(args[0]) if all(isinstance(one, str) for one in args[0]) else None
            return cls(wanted.migrator, str(table), columns, columns is not None and not some)
        return None

    def is_about(self, place: Place, column: str) -> bool:
        return self.columns is None or column in {place.column(name) for name in self.columns}

    def uniques(self, place: Place) -> dict[str, list[Unique]]:
        """What will have to be unique, by :attr:`Place.sql`."""
        columns = tuple(name for one in self.columns or () if (name := place.column(one)) in place.columns)
        return {place.sql: [Unique(columns)]} if self.unique and len(columns) == len(self.columns or ()) else {}


def _plain(argument: Any) -> Any:
    return list(argument) if isinstance(argument, (list, tuple)) else argument
