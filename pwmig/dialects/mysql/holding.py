"""What the attic keeps on MariaDB and MySQL is what is lost: others write a table no more from before it is read.

A change of the schema commits. So until a column is gone or has its new type LOCK TABLES stands
(https://mariadb.com/kb/en/lock-tables/). A back-fill may need other tables: it holds its rows instead, and stands in
one transaction with what is kept of it. Whenever the server or pwmig is killed, the values are in the table, in the
attic, or in both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.operations.locks import is_about_lock, is_timeout
from pwmig.dialects.mysql.session import commits
from pwmig.dialects.server.attic import ServerShelf
from pwmig.dialects.shelved import FILLS
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation
    from pwmig.dialects.server.operations.patience import Patience
    from pwmig.dialects.shelved import Place

__all__ = ["Holding"]


_JOURNAL = "pwmig_journal"


class Holding(ServerShelf):
    """The statements that keep, behind locks."""

    transactional = False
    _level = ""
    """The isolation that the connection had, where it has a stricter one."""

    def __init__(self, database: Any) -> None:
        super().__init__(database)
        self._new_types: dict[int, str] = {}

    _patience: Patience | None = None

    def hold(self, name: str, wanted: Operation) -> Place | None:
        self._patience = getattr(wanted.migrator, "patience", None)
        return super().hold(name, wanted)

    def _patiently(self, sql: str) -> None:
        """A statement that waits for a lock, as long and as often as those of the operation."""
        if self._patience is None:
            self.ask(sql)
            return
        may_try = is_about_lock if commits(sql) else is_timeout
        error = self._patience.tried(lambda: self._ask(sql), may_try)
        if error is not None:
            raise error

    def _ask(self, sql: str) -> None:
        self.ask(sql)

    def keep_all(self, things: Sequence[tuple[int, Place, str, Sequence[str]]]) -> list[int]:
        """The tables first, as under a lock none is made; then one lock over all, then their rows: the lock stays until
        the operations are done."""
        texts = [(number, self._kept_text(place, [column], others)) for number, place, column, others in things]
        for number, select in texts:
            self.ask(f"CREATE TABLE {self.own(number)} AS {select} LIMIT 0")
        self._lock_with(things[0][1], *(number for number, _ in texts))
        counts = []
        for number, select in texts:
            self.ask(f"INSERT INTO {self.own(number)} {select}")
            counts.append(int(self.ask("SELECT ROW_COUNT()")[0][0]))
        return counts

    def open(self, number: int, place: Place, column: str, others: Sequence[str]) -> None:
        self._new_types.pop(number, None)  # What had the number before is gone.
        super().open(number, place, column, others)

    def keep_changes(
        self, things: Sequence[tuple[int, str]], place: Place, others: Sequence[str], wanted: Operation
    ) -> None:
        """Under a lock where it is done by ALTER TABLE, which commits, as a default is that a trigger would hear of.

        A back-fill may need other tables: it stands with what is kept in a transaction, which holds the rows.
        """
        for number, column in things:
            self.open(number, place, column, others)
        if wanted.name == "backfill":
            self.steady()
        for number, column in things:
            if wanted.name != "backfill":
                self._lock_with(place, number)
            parts = self._kept_parts(place, [column], others)
            text = f"SELECT {self._told(parts)} FROM {place.sql} AS t{self.lock_words}"
            self._patiently(f"INSERT INTO {self.own(number)} ({', '.join(name for _, name in parts)}) {text}")
            if not self._has_transactions(place):
                self.ask("COMMIT")  # Before it is changed, which is for good at once; locks stay.

    def _add_new(self, number: int, place: Place, column: str) -> None:
        """It is there from the begin: so a run that is killed leaves nothing that has no such column, and where the
        type is the same nothing is committed."""
        type_ = self.type_of(place, column)
        if number not in self._new_types and not self.has_column(number, "n0"):
            super()._add_new(number, place, column)
        elif self._new_types.get(number) != type_:
            self.ask(f"ALTER TABLE {self.own(number)} MODIFY COLUMN n0 {type_}")
        self._new_types[number] = type_

    @abstractmethod
    def has_column(self, number: int, name: str) -> bool:
        """Whether the rows of a thing have something of that name."""

    def _lock_with(self, place: Place, *numbers: int) -> None:
        """A table of the project's, and some of the attic, which go where that may not be."""
        try:
            self._lock(*self._locked(place, *numbers))
        except Exception as error:
            for number in numbers:
                self.ask(f"DROP TABLE {self.own(number)}")
            if not _is_denied(error):
                raise
            raise OperationRefused(
                f"what {place.name!r} loses can't be kept",
                why=f"this account may not lock tables: {error}",
                way_out="GRANT LOCK TABLES ON the database TO the account, or give attic=False to the operation",
                table=place.name,
            ) from error

    def hold_again(self, number: int, place: Place) -> None:
        self._lock(*self._locked(place, number))

    def _lock(self, *tables: str) -> None:
        own = [self.quote(_JOURNAL)] if self._has_journal else []
        self._patiently(f"LOCK TABLES {', '.join(f'{table} WRITE' for table in (*tables, *own))}")
        self.holds_locks = True

    @cached_property
    def _has_journal(self) -> bool:
        """Whether there is a journal, in which the statement that follows is told."""
        return self.has(_JOURNAL)

    def has_rows(self, place: Place, wanted: Operation) -> bool:
        """What is read without a lock may be the table as it was when the transaction began.

        An empty one stays locked until the operation is done, and has others wait that long. A fill takes what rows
        there are when it comes to them.
        """
        if wanted.name == "backfill":
            self._require_transactions(place)
        if wanted.name in FILLS or self.is_filled(place):
            return True
        try:
            self._lock(*self._names_of(place).values())
        except Exception as error:
            if not _is_denied(error):
                raise
            return True  # To keep of it what there may be takes the same right, or none.
        if not self.is_filled(place):
            return False
        self.release()
        return True

    def _locked(self, place: Place, *numbers: int) -> list[str]:
        """The tables to lock, by all names that statements give them; no name may stand there twice."""
        own = [self.own(number) for number in numbers]
        # Of several none is called so: what they hold is not written again.
        aliased = {"x": f"{own[0]} AS x"} if len(own) == 1 else {}
        return [*(aliased | self._names_of(place)).values(), *own, self.quote("pwmig_attic")]

    def _names_of(self, place: Place) -> dict[str, str]:
        """A table by each name that statements give it."""
        plain = self._parts(place)[1]
        if int(self.ask("SELECT @@lower_case_table_names")[0][0]):  # Then aliases are the same in any letters too.
            plain = plain.lower()
        return {"t": f"{place.sql} AS t", plain: place.sql}

    def release(self) -> None:
        if self.holds_locks:
            self.holds_locks = False
            self.ask("UNLOCK TABLES")
        if self._level:
            self.ask(f"SET SESSION TRANSACTION ISOLATION LEVEL {self._level}")
            self._level = ""

    def steady(self) -> None:
        """Below REPEATABLE READ the rows that are meant are locked, but others may come
        (https://mariadb.com/kb/en/set-transaction/)."""
        names = "('tx_isolation', 'transaction_isolation')"
        level = str(self.ask(f"SHOW SESSION VARIABLES WHERE Variable_name IN {names}")[0][1]).replace("-", " ")
        if level.startswith("READ "):
            self.ask("COMMIT")
            self.ask("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._level = level

    def same_table(self, one: str, other: str) -> bool:
        return one == other or (self._folds and super().same_table(one, other))

    @cached_property
    def _folds(self) -> bool:
        """Whether names of tables in other letters are the same
        (https://mariadb.com/kb/en/identifier-case-sensitivity/)."""
        return bool(int(self.ask("SELECT @@lower_case_table_names")[0][0]))

    def _exactly(self, column: str, name: str) -> str:
        """A condition more for a table's name in the catalog, which takes it for another one in other letters, also
        where the server does not."""
        return "" if self._folds else f" AND CAST({column} AS BINARY) = X'{name.encode().hex()}'"

    def _has_transactions(self, place: Place) -> bool:
        schema, plain = self._parts(place)
        sql = (
            "SELECT e.transactions AS n FROM information_schema.tables t JOIN information_schema.engines e "
            "ON e.engine = t.engine WHERE t.table_schema = ? AND t.table_name = ?"
        )
        return self.ask(sql + self._exactly("t.table_name", plain), [schema, plain]) == [("YES",)]

    def _require_transactions(self, place: Place) -> None:
        if not self._has_transactions(place):
            raise OperationRefused(
                f"what a back-fill of {place.name!r} takes can't be kept",
                why="its engine has no transactions, in which what is kept and what is filled could stand together",
                way_out=f"ALTER TABLE {place.sql} ENGINE = InnoDB, or give attic=False to the operation",
                table=place.name,
            )

    def _parts(self, place: Place) -> tuple[str, str]:
        schema, plain = place.sql[1:-1].split("`.`", 1)
        return schema.replace("``", "`"), plain.replace("``", "`")


def _is_denied(error: Exception) -> bool:
    """Whether the account has no right to what it asked for."""
    return "denied" in str(error)
