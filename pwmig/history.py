"""The history table: which migrations took effect in this database, and which were taken back.

A row is one application of one migration. ``reverted`` is 0 while its effect is in the database,
and the row's own id once it was taken back, so that ``UNIQUE (name, reverted)`` lets a migration
be applied at most once at a time and keeps every earlier application. For people::

    SELECT name, applied_at, applied_by FROM pwmig_history WHERE reverted = 0 ORDER BY id;
"""

from __future__ import annotations

import os
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pwmig import __version__
from pwmig.errors import DatabaseUnavailable, HistoryError
from pwmig.states import Applied

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.base import Dialect
    from pwmig.plan import Step

__all__ = ["COLUMNS", "DEFAULT_TABLE", "FORMAT", "History"]

DEFAULT_TABLE = "pwmig_history"
FORMAT = 1
"""The form of the table that this pwmig writes; a row with a higher one is from a newer pwmig."""

COLUMNS = (
    *("id", "name", "checksum", "applied_at", "applied_by", "elapsed_s", "how", "pwmig_version", "format"),
    *("reverted", "reverted_at", "reverted_by"),
    *("reverted_elapsed_s", "reverted_how", "reverted_version"),
)
"""The columns of the table."""
_LATER = COLUMNS[-3:]
"""Those that a table of an earlier pwmig lacks: it goes on without, since to alter it takes more than to write it."""

_COLUMNS = "name, checksum, applied_at, applied_by, elapsed_s, how"


class History:
    """Reads and writes the history table of one database; never creates it unless told."""

    def __init__(self, dialect: Dialect, database: peewee.Database, table: str = DEFAULT_TABLE) -> None:
        self.dialect = dialect
        self.database = database
        self.table = table
        left, right = database.quote
        # Peewee's servers read a doubled percent sign as one, SQLite as two.
        percent = "%%" if database.param == "%s" else "%"
        self._quoted = left + table.replace(right, right * 2).replace("%", percent) + right
        self._param = database.param

    def exists(self) -> bool:
        """Whether the table is there; a database that is not there has none."""
        return self.dialect.exists(self.database) and self._present()

    def _present(self) -> bool:
        return self.dialect.table_exists(self.database, self.table)

    def applied(self) -> tuple[Applied, ...]:
        """The migrations whose effect is in the database, the first applied first.

        Raises HistoryError where a newer pwmig wrote the table.
        """
        if not self._present():
            return ()
        rows = self._rows(f"SELECT {_COLUMNS} FROM {self._quoted} WHERE reverted = 0 ORDER BY id")
        # Rows that were taken back count too: what a newer form means by `reverted` is not known here.
        newest = self._rows(f"SELECT max(format) FROM {self._quoted}")[0][0]
        if newest is not None and not (isinstance(newest, int) and newest <= FORMAT):
            raise self._too_new(f"it holds rows of form {newest}, and this pwmig knows form {FORMAT}")
        return tuple(Applied(*row) for row in rows)

    def _rows(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        import peewee

        try:
            return list(self.database.execute_sql(sql, params).fetchall())
        except (peewee.OperationalError, peewee.ProgrammingError) as error:
            if "denied" in str(error).lower():
                raise DatabaseUnavailable(
                    f"the history table {self.table} can't be read by this account",
                    why=f"{self.dialect.title} says: {' '.join(str(error).split())}",
                    way_out=f"GRANT SELECT ON {self._quoted} TO the account; to migrate, INSERT and UPDATE too",
                ) from error
            if "column" not in str(error).lower():
                raise
            raise self._too_new(f"its columns are not those of form {FORMAT}: {error}") from error

    def _too_new(self, why: str) -> HistoryError:
        return HistoryError(
            f"the history table {self.table} was written by a newer pwmig, or by another program",
            why=why,
            way_out="update pwmig, or name another history table in [tool.pwmig]; nothing was run",
        )

    def is_applied(self, name: str) -> bool:
        """Whether the migration's effect is in the database now; one look by the unique index."""
        return self.standing(name)[0]

    def standing(self, name: str) -> tuple[bool, int]:
        """Whether the migration's effect is in the database now, and how often it was applied; one look by the
        index."""
        rows = self._rows(f"SELECT reverted FROM {self._quoted} WHERE name = {self._param}", (name,))
        return any(reverted == 0 for (reverted,) in rows), len(rows)

    def create(self) -> None:
        """Make the table where it is not there yet.

        It is looked for first: IF NOT EXISTS asks for the right to make one even where it is there (PostgreSQL).
        """
        if self._present():
            return
        import peewee

        try:
            self.database.execute_sql(self._definition())
        except (peewee.OperationalError, peewee.ProgrammingError, peewee.InternalError) as error:
            if not any(words in str(error).lower() for words in ("denied", "read-only", "read only", "insufficient")):
                raise
            raise DatabaseUnavailable(
                f"the history table {self.table} can't be made",
                why=f"{self.dialect.title} says: {' '.join(str(error).split())}",
                way_out="give this account the right to create tables here, or look whether the server only reads; "
                "nothing was changed",
            ) from error

    def _definition(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {self._quoted} ("
            f"id {self.dialect.counted}, name VARCHAR(255) NOT NULL, checksum VARCHAR(64) NOT NULL, "
            "applied_at VARCHAR(32) NOT NULL, applied_by VARCHAR(255) NOT NULL, elapsed_s DOUBLE PRECISION NOT NULL, "
            "how VARCHAR(16) NOT NULL, pwmig_version VARCHAR(32) NOT NULL, format INTEGER NOT NULL, "
            "reverted INTEGER NOT NULL DEFAULT 0, reverted_at VARCHAR(32), reverted_by VARCHAR(255), "
            "reverted_elapsed_s DOUBLE PRECISION, reverted_how VARCHAR(16), reverted_version VARCHAR(32), "
            f"UNIQUE (name, reverted)){self.dialect.table_options}"
        )

    def record(self, step: Step, elapsed_s: float, how: str) -> None:
        """Write that the step's migration took effect."""
        marks = ", ".join([self._param] * 8)
        values = (step.name, step.checksum, _now(), self.person, round(elapsed_s, 6), how, __version__, FORMAT)
        self._write(
            f"INSERT INTO {self._quoted} "
            "(name, checksum, applied_at, applied_by, elapsed_s, how, pwmig_version, format) "
            f"VALUES ({marks})",
            values,
        )

    def unrecord(self, step: Step, elapsed_s: float = 0.0, how: str = "run") -> None:
        """Write that the step's migration was taken back."""
        values: dict[str, Any] = {"reverted_at": _now(), "reverted_by": self.person}
        later: dict[str, Any] = dict(zip(_LATER, (round(elapsed_s, 6), how, __version__), strict=True))
        values |= {name: value for name, value in later.items() if name in self.columns()}
        written = ", ".join(f"{name} = {self._param}" for name in values)
        self._write(
            f"UPDATE {self._quoted} SET reverted = id, {written} WHERE name = {self._param} AND reverted = 0",
            (*values.values(), step.name),
        )

    def _write(self, sql: str, values: tuple[Any, ...]) -> None:
        import peewee

        try:
            self.database.execute_sql(sql, values)
        except (peewee.OperationalError, peewee.ProgrammingError) as error:
            if "denied" not in str(error).lower():
                raise
            raise DatabaseUnavailable(
                f"the history table {self.table} can't be written by this account",
                why=f"{self.dialect.title} says: {' '.join(str(error).split())}",
                way_out=f"GRANT SELECT, INSERT, UPDATE ON {self._quoted} TO the account, then run this again",
            ) from error

    def columns(self) -> tuple[str, ...]:
        """The columns of :data:`COLUMNS` that the table has; one of an earlier pwmig lacks the latest."""
        described = self.database.execute_sql(f"SELECT * FROM {self._quoted} WHERE 1 = 0").description
        there = {str(column[0]) for column in described}
        return tuple(name for name in COLUMNS if name in there)

    def undone(self, step: Step, elapsed_s: float) -> None:
        """Write that what had taken effect of a half-applied migration was taken back.

        Of one that was on its way forward that is an application of its own, taken back; one on its way back is applied
        as it was before.
        """
        if step.direction.value == "backward":
            self.record(step, elapsed_s, "undo")
            self.unrecord(step, elapsed_s, "undo")

    @cached_property
    def person(self) -> str:
        """Who runs this, as user@host."""
        user = os.environ.get("USER") or os.environ.get("LOGNAME") or os.environ.get("USERNAME") or _account()
        host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
        return f"{user}@{host}"


def _now() -> str:
    """To the microsecond: there and back again take less than a second, and the log is ordered by it."""
    seconds, rest_ns = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest_ns // 1_000:06}Z"


def _account() -> str:
    """The account's name where the environment does not tell it, as in a container."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return "somebody"
