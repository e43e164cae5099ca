"""A table of PostgreSQL held for the attic: others write it no more, its rows are those that are read, and its triggers
are silent; all that with its partitions and heirs.

https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.server.errors import driver_error
from pwmig.dialects.shelved import Quiet
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.shelf import Shelf
    from pwmig.dialects.shelved import Place

__all__ = ["TriggersOff", "heirs", "is_foreign", "lock", "require_fresh", "require_visible", "state_of"]

_TREE = """
WITH RECURSIVE tree (oid) AS (
  SELECT {oid}::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON tree.oid = i.inhparent)"""
"""The table with its partitions and the tables that inherit from it."""

_TRIGGERS = f"""{_TREE}
SELECT tree.oid::regclass::text, quote_ident(g.tgname), g.tgenabled::text FROM tree
JOIN pg_trigger g ON g.tgrelid = tree.oid WHERE NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') ORDER BY 1, 2"""

_FORBIDDEN, _NOT_SERIAL = "42501", "40001"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""


def lock(shelf: Shelf, place: Place, mode: str) -> None:
    """Its partitions and heirs too, as an operation does."""
    try:
        shelf.ask(f"LOCK TABLE {place.sql} IN {mode} MODE")
    except Exception as error:
        if state_of(error) != _FORBIDDEN:
            raise
        raise OperationRefused(
            f"{place.name!r} can't be locked for the attic",
            why=f"others could write it while values are kept or put back, and this role may not stop them: {error}",
            way_out=f"GRANT UPDATE ON {place.name} TO the role, or keep nothing: attic=False in the operation",
            table=place.name,
        ) from error


def is_foreign(shelf: Shelf, place: Place) -> bool:
    """Whether its rows are another server's: it can't be locked, and operations refuse it."""
    return bool(shelf.ask(f"SELECT 1 FROM pg_class WHERE oid = {place.oid} AND relkind = 'f'"))


def require_visible(shelf: Shelf, place: Place) -> None:
    """https://www.postgresql.org/docs/current/ddl-rowsecurity.html: an owner is held to it too where it is FORCED."""
    if shelf.ask(f"SELECT row_security_active({place.oid}::oid)")[0][0]:
        raise OperationRefused(
            f"rows of {place.name!r} can't be kept or put back",
            why="row security hides some of them from this role, and what goes would go from all",
            way_out="migrate as a role with BYPASSRLS; or, as the owner, ALTER TABLE ... NO FORCE ROW LEVEL SECURITY "
            "in the migration; or keep nothing: attic=False in the operation",
            table=place.name,
        )


def require_fresh(shelf: Shelf, place: Place) -> None:
    """REPEATABLE READ reads rows as they were when the transaction began, and an operation takes them as they are.

    https://www.postgresql.org/docs/current/transaction-iso.html#XACT-REPEATABLE-READ: a row that was changed or
    deleted since can't be locked. One that is new is seen by who checks a constraint.
    """
    level = str(shelf.ask("SHOW transaction_isolation")[0][0])
    if level.startswith("read "):
        return
    cause: Exception | None = None
    try:
        seen = shelf.ask(f"SELECT count(*) FROM (SELECT 1 FROM {place.sql} FOR UPDATE) AS t")[0][0]
    except Exception as error:
        if state_of(error) != _NOT_SERIAL:
            raise
        cause = error
    if cause is not None or int(seen) != _count_there(shelf, place):
        raise OperationRefused(
            f"rows of {place.name!r} have changed since the migration began, and can't be kept",
            why=f"its transaction is {level.upper()}, and reads them as they were at its begin",
            way_out="run it again; or let the migration run in READ COMMITTED",
            table=place.name,
        ) from cause


def heirs(shelf: Shelf, place: Place) -> list[str]:
    """The tables that inherit from it, or from one that does."""
    rows = shelf.ask(
        f"{_TREE} SELECT oid::regclass::text FROM tree WHERE oid <> {{oid}} ORDER BY 1".format(oid=place.oid)
    )
    return [str(name) for (name,) in rows]


class TriggersOff(Quiet):
    """The tables' own triggers are disabled for a moment; those of foreign keys are not."""

    def __init__(self, shelf: Shelf, place: Place) -> None:
        self.shelf, self.place = shelf, place
        self.found: list[tuple[str, str, str]] = []

    def begin(self) -> None:
        rows = self.shelf.ask(_TRIGGERS.format(oid=self.place.oid))
        self.found = [(str(table), str(name), "ALWAYS " if how == "A" else "") for table, name, how in rows]
        for table, name, _ in self.found:
            self.shelf.ask(f"ALTER TABLE ONLY {table} DISABLE TRIGGER {name}")

    def end(self) -> None:
        for table, name, always in self.found:
            self.shelf.ask(f"ALTER TABLE ONLY {table} ENABLE {always}TRIGGER {name}")


def _count_there(shelf: Shelf, place: Place) -> int:
    """How many rows a table has, whatever the transaction sees."""
    rows = "pg_temp.pwmig_attic_rows"
    shelf.ask("CREATE TEMPORARY SEQUENCE pwmig_attic_rows MINVALUE 0")
    shelf.ask(f"ALTER TABLE {place.sql} ADD CONSTRAINT pwmig_attic_rows CHECK (nextval('{rows}') >= 0)")
    count = int(shelf.ask(f"SELECT nextval('{rows}')")[0][0])
    shelf.ask(f"ALTER TABLE {place.sql} DROP CONSTRAINT pwmig_attic_rows")
    shelf.ask(f"DROP SEQUENCE {rows}")
    return count


def state_of(error: BaseException) -> str | None:
    """The code of a server's error."""
    cause = driver_error(error)
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
