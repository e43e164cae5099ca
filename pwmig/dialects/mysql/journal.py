"""The journal: what a migration that runs has committed so far, where each change of the schema commits.

A row stands ahead of each statement that commits, put in by the transaction that this statement commits before it takes
effect (https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/): so it costs no commit of its own. Rows
that were written since the last such statement are told by the same insert. With the history's row the migration's
rows go. So what stands in the journal took effect, but for the last statement: of that the tables tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.began import began, progress_of
from pwmig.dialects.mysql.knowing import known_of, lacking
from pwmig.dialects.mysql.noting import COLUMNS, ROWS, Noted, Writer
from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.replaying import outcomes, plainly
from pwmig.dialects.mysql.touched import Definition, definitions, is_view, unlike
from pwmig.dialects.mysql.turns import is_anothers
from pwmig.dialects.server.asking import MARK, Execute, ask, marks, on
from pwmig.states import Half

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.mysql.replaying import Scratch
    from pwmig.dialects.started import Start
    from pwmig.dialects.units import Progress, Units
    from pwmig.plan import Step

__all__ = ["TABLE", "MySQLJournal"]

TABLE = "pwmig_journal"


class MySQLJournal:
    """Reads and writes the journal of one database for one history table; creates it only when told."""

    def __init__(self, database: peewee.Database, history: str) -> None:
        self.database, self.history = database, history

    @property
    def execute(self) -> Execute:
        return on(self.database)

    def exists(self) -> bool:
        sql = f"SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{TABLE}'"
        return bool(self.execute(sql))

    def create(self) -> bool:
        """Make the table where it is not there yet; whether it is there by then."""
        if self.exists():
            return True
        try:
            self.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
                "history VARCHAR(255) NOT NULL, migration VARCHAR(255) NOT NULL, direction VARCHAR(16) NOT NULL, "
                "way VARCHAR(16) NOT NULL, position INTEGER NOT NULL, kind VARCHAR(16) NOT NULL, "
                "statement LONGTEXT NOT NULL, tables LONGTEXT NOT NULL, state VARCHAR(16) NOT NULL, "
                "row_count BIGINT NOT NULL, noted_at VARCHAR(32) NOT NULL, noted_by VARCHAR(255) NOT NULL, "
                "unit INTEGER NOT NULL, call_text LONGTEXT NOT NULL, results LONGTEXT NOT NULL, "
                "attic BIGINT NOT NULL, format INTEGER NOT NULL, total INTEGER NULL) ENGINE=InnoDB "
                "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
            )
        except Exception as error:
            if "denied" not in str(error) and "read-only" not in str(error).lower():
                raise
            return False  # An account that may make no table changes no schema either.
        return True

    def noted(self, migration: str | None = None) -> list[Noted]:
        """What stands in it, of all migrations of the history or of one, in its order."""
        sql = (
            "SELECT id, migration, direction, way, position, kind, statement, tables, state, row_count, noted_at, "
            f"noted_by, unit, call_text, results, attic, total FROM {TABLE} WHERE history = {MARK}"
        )
        values = [self.history]
        if migration is not None:
            sql += f" AND migration = {MARK}"
            values.append(migration)
        rows = ask(self.execute, sql + " ORDER BY id", values)
        return [_noted(list(row)) for row in rows]

    def halves(self) -> tuple[Half, ...]:
        """The migrations of which a part took effect and stays; what is under way is none of them."""
        if not self.exists():
            return ()
        try:
            if not self._by_migration() or is_anothers(self.execute):
                return ()
            found = self._by_migration()  # Without what has ended meanwhile.
        except Exception as error:
            if "denied" not in str(error):
                raise
            return ()  # An account that may read the history alone is told what that says.
        return tuple(half for rows in found.values() if (half := self.half(rows)) is not None)

    def _by_migration(self) -> dict[str, list[Noted]]:
        found: dict[str, list[Noted]] = {}
        for row in self.noted():
            found.setdefault(row.migration, []).append(row)
        return found

    def swept(self) -> tuple[Half, ...]:
        """The same, and what is told of others goes: nothing took effect of them, or it was taken back by hand."""
        found = []
        for name, rows in self._by_migration().items():
            half = self.half(rows)
            if half is None:
                self.clear(name)
            else:
                found.append(half)
        return tuple(found)

    def half(self, rows: Sequence[Noted]) -> Half | None:
        """What the rows of a migration say; None where nothing took effect, or all is as it was before it."""
        effects = self.took_effect(rows)
        if not any(effects) or self._is_back(rows, effects):
            return None
        ran = [place for place, row in enumerate(rows) if row.way == "run"]
        first, last = rows[0], rows[ran[-1] if ran else -1]
        # Of one that writes rows the journal is told ahead of it too, and no table tells.
        took_effect = bool(ran) and last.kind not in (*ROWS, "failed") and effects[ran[-1]]
        undoable = not began(rows, effects).lost
        facts = last.position, last.statement, last.at, last.by, last.total
        return Half(first.migration, first.direction, *facts, took_effect=took_effect, undoable=undoable)

    def left(self, migration: str) -> tuple[bool, Half | None]:
        rows = self.noted(migration) if self.exists() else []
        return any(self.took_effect(rows)), self.half(rows) if rows else None

    def _is_back(self, rows: Sequence[Noted], effects: Sequence[bool]) -> bool:
        """Whether somebody has taken back by hand what took effect: no row was written, and each table is as it was.

        A column that was cast may be defined as before, and holds other values."""
        from pwmig.dialects.mysql.operations.casting import gives_values

        start = began(rows, effects)
        if start.lost or any(row.kind in ("rows", "own", "more", "beyond") for row in rows):
            return False
        if any(gives_values(row.statement) for row, took_effect in zip(rows, effects, strict=True) if took_effect):
            return False
        now = definitions(self.execute, {**start.definitions, **dict.fromkeys(start.made)})
        made = any(now.get(name) is not None for name in start.made)
        return not made and all(now.get(name) == text for name, text in start.definitions.items())

    def took_effect(self, rows: Sequence[Noted]) -> list[bool]:
        """Of each row whether what it tells took effect. Of the last one of a run that was killed, the tables tell."""
        known: list[bool] = []
        for place, row in enumerate(rows):
            if row.state == "begun" and place == len(rows) - 1:
                known.append(bool(unlike(row.tables, definitions(self.execute, row.tables))))
            else:
                known.append(row.state != "failed")
        return known

    def writer(
        self,
        step: Step,
        by: str,
        text: Callable[[], str | None],
        speaker: Callable[[], str],
        units: Units,
        *,
        undoes: bool = False,
        unit: int | None = None,
    ) -> Writer:
        direction = step.direction.value
        made = Writer(self, step.name, direction, by, text, speaker, units, "undo" if undoes else "run", unit)
        rows = self.noted(step.name) if undoes or units.progress is not None else []
        if undoes:  # What it does is written in words of the catalog's.
            plainly(self.execute)
        if rows:
            made.wrote = made.goes_on = True
            made.direction, made.position = rows[0].direction, max(row.position for row in rows)
            effects = self.took_effect(rows)
            self.settle(step.name, [rows[-1].position] if not effects[-1] else [])
        return made

    def clear(self, migration: str) -> None:
        """Let go of the rows of a migration, in the transaction of its history row."""
        ask(
            self.execute,
            f"DELETE FROM {TABLE} WHERE history = {MARK} AND migration = {MARK}",
            (self.history, migration),
        )

    def start(self, migration: str, unit: int | None = None) -> Start:
        rows = self.noted(migration)
        pairs = zip(rows, self.took_effect(rows), strict=True)
        chosen = [(row, took_effect) for row, took_effect in pairs if unit is None or row.unit == unit]
        start = began([row for row, _ in chosen], [took_effect for _, took_effect in chosen])
        return _views_apart(start, definitions(self.execute, {**start.definitions, **dict.fromkeys(start.made)}))

    def forget(self, migration: str, unit: int) -> None:
        where = f"history = {MARK} AND migration = {MARK} AND unit >= {MARK}"
        ask(self.execute, f"DELETE FROM {TABLE} WHERE {where}", (self.history, migration, unit))

    def progress(self, migration: str) -> Progress:
        rows = self.noted(migration)
        return progress_of(rows, self.took_effect(rows))

    def rebuild(self, scratch: peewee.Database, start: Start) -> None:
        """Foreign keys may lead to what is not there (https://mariadb.com/kb/en/server-system-variables/)."""
        execute = on(scratch)
        execute("SET SESSION foreign_key_checks = 0")
        plainly(execute)
        tables = [text.split("\n;\n") for text in start.definitions.values()]
        for made, *_ in tables:
            execute(made)
        for _, *triggers in tables:
            for trigger in triggers:
                execute(trigger)
        execute("SET SESSION foreign_key_checks = 1")

    def tidy(self, start: Start) -> None:
        """A table is moved into the attic by a rename; what stands in its place until it is dropped is empty, and its
        triggers and foreign keys are noted. A column that a cast has left half-way gets its definition."""
        execute = self.execute
        self._end_casts(start)
        for name in start.anew:
            text = definitions(execute, [name]).get(name)
            if text is not None and "`pwmig_passing`" in text:
                execute(f"DROP TABLE {quote(name)}")
        tables = (
            "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() "
            "AND LEFT(EVENT_OBJECT_TABLE, 11) = 'pwmig_attic'"
        )
        for (trigger,) in execute(tables):
            execute(f"DROP TRIGGER {quote(trigger)}")
        keys = (
            "SELECT TABLE_NAME, CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = "
            "DATABASE() AND CONSTRAINT_TYPE = 'FOREIGN KEY' AND LEFT(TABLE_NAME, 11) = 'pwmig_attic'"
        )
        for table, key in execute(keys):
            execute(f"ALTER TABLE {quote(table)} DROP FOREIGN KEY {quote(key)}")

    def _end_casts(self, start: Start) -> None:
        found = self.execute(
            "SELECT DISTINCT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
            "AND LEFT(COLUMN_NAME, 6) = 'pwmig_' AND LEFT(COLUMN_COMMENT, 11) = 'pwmig casts'"
        )
        names = start.names.intersection(name for (name,) in found)
        if not names:
            return
        from pwmig.dialects.mysql.operations.casting import finish
        from pwmig.dialects.mysql.operations.migrator import MySQLMigrator
        from pwmig.dialects.server.operations.work import Work

        server = MySQLMigrator(self.database)._server()
        for name in sorted(names):
            finish(server, Work(server, name))

    def strays(self, migration: str, scratch: Scratch) -> tuple[str, ...]:
        """What the last statement that changed a table has made of it, nobody noted: a replay tells, where it can."""
        rows = self.noted(migration)
        known = known_of(rows, self.took_effect(rows))
        now = definitions(self.execute, known.names)
        return known.strange(now, lambda row: outcomes(row, self.execute, scratch))

    def lacking(self, migration: str, direction: str, scratch: Scratch) -> dict[str, str]:
        """Where a way out was killed too, it is the run itself that counts."""
        if not self.exists():
            return {}
        rows = [row for row in self.noted(migration) if row.way == "run" and row.direction == direction]
        look = lambda names: definitions(self.execute, names)  # noqa: E731
        return lacking(rows, look, lambda row: outcomes(row, self.execute, scratch))

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        texts = ", ".join([f"({marks(len(COLUMNS))})"] * len(rows))
        values = [value for row in rows for value in row]
        ask(self.execute, f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES {texts}", values)

    def settle(self, migration: str, failed: Sequence[int]) -> None:
        """Write down of what a run has told that it is done, but for what failed."""
        where = f"WHERE history = {MARK} AND migration = {MARK} AND state = 'begun'"
        values = [self.history, migration]
        if failed:
            ask(
                self.execute,
                f"UPDATE {TABLE} SET state = 'failed' {where} AND position IN ({marks(len(failed))})",
                (*values, *failed),
            )
        ask(self.execute, f"UPDATE {TABLE} SET state = 'done' {where}", values)


def _noted(row: list[Any]) -> Noted:
    row[7], row[14] = json.loads(row[7]), json.loads(row[14])
    return Noted(*row)


def _views_apart(start: Start, now: Mapping[str, Definition]) -> Start:
    """A view can't be made again where what it shows was not touched: it is told by its text."""
    views = {name: text for name, text in start.definitions.items() if is_view(text)}
    made = {name for name in start.made if is_view(now.get(name) or "")}
    return replace(
        start,
        definitions={name: text for name, text in start.definitions.items() if name not in views},
        made=start.made - made,
        views=views,
        views_now={name: now.get(name) for name in sorted({*views, *made})},
    )
