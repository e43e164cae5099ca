"""How the form's kinds of column stand in each database, so that what is there can be asked for again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.schema import Column, Table

__all__ = ["MYSQL", "POSTGRESQL", "SQLITE", "Kinds"]


@dataclass(frozen=True, slots=True)
class Kinds:
    """One kind of database. ``fields`` are Peewee's by the type that each writes, letter for letter, in lower case.

    ``letters`` stands in front of a CharField's length. ``is_counted`` says whether a key is what AutoField makes,
    ``collation`` what a column of a table has by itself. ``keeps_collation``: whatever the type becomes.
    ``interpolates``: a driver reads ``%%`` in SQL as one percent sign.
    """

    fields: Mapping[str, str]
    letters: str
    is_counted: Callable[[Table, Column], bool]
    collation: Callable[[Table], str | None] = lambda table: None
    keeps_collation: bool = False
    interpolates: bool = True

    def field(self, type_: str) -> tuple[str, int | None] | None:
        """The field that writes a type, and its length; None where none does."""
        text = type_.lower()
        length = text.removeprefix(self.letters).removesuffix(")").strip()
        if text.startswith(self.letters) and length.isdigit():
            return "CharField", int(length) if int(length) != 255 else None
        return (self.fields[text], None) if text in self.fields else None

    def written(self, sql: str) -> str:
        """A piece of SQL of the catalog as a migration has to write it, so that it is read as it is here."""
        if not self.interpolates or "%%" not in sql or "%" in sql.replace("%%", ""):
            return sql
        return sql.replace("%", "%%")


def _serial(table: Table, column: Column) -> bool:
    """Whether it is what SERIAL makes: https://www.postgresql.org/docs/current/datatype-numeric.html."""
    counts = column.sequence is not None and column.identity is None and column.type == "integer"
    name = f"{table.plain_name}_{column.name}_seq"
    return counts and column.sequence is not None and column.sequence.plain_name == name


def _table_collation(table: Table) -> str | None:
    words = (option.partition("=") for option in table.options)
    return next((value for name, _, value in words if name == "COLLATE"), None)


SQLITE = Kinds(
    {
        "integer": "IntegerField",
        "bigint": "BigIntegerField",
        "text": "TextField",
        "real": "FloatField",
        "date": "DateField",
        "datetime": "DateTimeField",
        "time": "TimeField",
        "blob": "BlobField",
        "decimal(10, 5)": "DecimalField",
    },
    "varchar(",
    lambda table, column: column.type.upper() == "INTEGER",
    keeps_collation=True,
    interpolates=False,
)

POSTGRESQL = Kinds(
    {
        "integer": "IntegerField",
        "bigint": "BigIntegerField",
        "text": "TextField",
        "boolean": "BooleanField",
        "real": "FloatField",
        "numeric(10,5)": "DecimalField",
        "date": "DateField",
        "timestamp without time zone": "DateTimeField",
        "time without time zone": "TimeField",
        "uuid": "UUIDField",
        "bytea": "BlobField",
    },
    "character varying(",
    _serial,
)

MYSQL = Kinds(
    {
        "int(11)": "IntegerField",
        "int": "IntegerField",  # MySQL 8 has no widths.
        "bigint(20)": "BigIntegerField",
        "bigint": "BigIntegerField",
        "text": "TextField",
        "tinyint(1)": "BooleanField",
        "float": "FloatField",
        "decimal(10,5)": "DecimalField",
        "date": "DateField",
        "datetime": "DateTimeField",
        "time": "TimeField",
        "blob": "BlobField",
    },
    "varchar(",
    lambda table, column: column.autoincrement and column.type in ("int", "int(11)"),
    _table_collation,
)
