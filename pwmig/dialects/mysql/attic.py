"""MariaDB's and MySQL's shelf for the attic: filled under LOCK TABLES, since each change of the schema commits.

From before a column's values are read until the column is gone nobody else writes the table
(https://mariadb.com/kb/en/lock-tables/), and a table is moved by one RENAME TABLE, which is atomic: so whenever the
server or pwmig is killed, the values are in the table, in the attic, or in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.operations.migrator import MySQLMigrator
from pwmig.dialects.server.attic import ServerShelf
from pwmig.dialects.server.operations.texts import doubled
from pwmig.dialects.shelved import SAME, Counts, Place, data_table

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator
    from pwmig.dialects.server.operations.server import Server

__all__ = ["MySQLShelf"]


class MySQLShelf(ServerShelf):
    """A print is a checksum of the checksums of the row's other cells."""

    long_text = "LONGTEXT"
    transactional = False
    most_cells = 2
    drop_temporary = "DROP TEMPORARY TABLE"

    def has_state(self, number: int) -> bool:
        sql = "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? "
        return bool(self.ask(sql + "AND column_name = 's'", [data_table(number)]))

    def migrator(self) -> Migrator:
        return MySQLMigrator(self.database)

    def has(self, table: str) -> bool:
        sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        return bool(self.ask(sql, [table]))

    def as_text(self, cell: str) -> str:
        return f"COALESCE(HEX(CAST({cell} AS BINARY)), '-')"

    def same(self, one: str, other: str) -> str:
        return f"{one} <=> {other}"

    def unchanged(self, one: str, other: str) -> str:
        return f"CAST({one} AS BINARY) <=> CAST({other} AS BINARY)"

    def place_of(self, server: Server, found: Any) -> Place:
        rows = self.ask(
            "SELECT c.column_name AS a, c.extra AS b, c.column_default AS c, c.column_type AS d, "
            "k.ordinal_position AS e, "
            "c.character_set_name AS f, c.collation_name AS g FROM information_schema.columns c "
            "LEFT JOIN information_schema.key_column_usage k ON k.table_schema = c.table_schema AND "
            "k.table_name = c.table_name AND k.column_name = c.column_name AND k.constraint_name = 'PRIMARY' "
            "WHERE c.table_schema = ? AND c.table_name = ? ORDER BY c.ordinal_position",
            [found.schema, found.plain],
        )
        generated = frozenset(row[0] for row in rows if "GENERATED" in str(row[1]).upper().replace("DEFAULT_", ""))
        generated = frozenset(
            name for name in generated if not any(row[0] == name and "DEFAULT_GENERATED" in str(row[1]) for row in rows)
        )
        columns = tuple(row[0] for row in rows if row[0] not in generated)
        key = tuple(row[0] for row in sorted((row for row in rows if row[4]), key=lambda row: int(row[4])))
        defaults = {row[0]: str(row[2]) for row in rows if row[2] is not None and "(" not in str(row[2])}
        types = {
            row[0]: str(row[3]) + (f" CHARACTER SET {row[5]} COLLATE {row[6]}" if row[5] and row[6] else "")
            for row in rows
        }
        stamps = tuple(row[0] for row in rows if "on update" in str(row[1]).lower())
        sql = f"{self.quote(found.schema)}.{self.quote(found.plain)}"
        return Place(found.name, sql, columns, generated, key, True, self._said(defaults), 0, types, stamps)

    def _said(self, defaults: Mapping[str, str]) -> dict[str, str]:
        """Defaults as SQL: MariaDB quotes a text, MySQL does not."""
        maria = "mariadb" in str(self.ask("SELECT VERSION()")[0][0]).lower()
        return {
            name: text if maria else "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
            for name, text in defaults.items()
        }

    def type_of(self, place: Place, column: str) -> str:
        return f"{place.types[column]} NULL"

    def prints(self, place: Place, columns: Sequence[str], alias: str) -> list[str]:
        """As bytes, since not every type has room for another word, or for the alphabet of another cell."""
        if place.key:
            columns = columns[: self.most_cells]
        cells = [f"CAST({alias}.{self.quote(name)} AS BINARY)" for name in columns]
        if not place.key:
            whole = ", ',', ".join(f"COALESCE(HEX({cell}), '-')" for cell in cells) or "''"
            return [f"CONCAT({whole})"]
        told = ", ".join(f"COALESCE({cell}, '-')" for cell in cells)
        return [f"CRC32(CONCAT_WS('|', {told}))"] if cells else []

    def weigh(self, place: Place) -> int:
        schema, plain = self._parts(place)
        sql = "SELECT data_length FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        # What InnoDB says of a table's size may be old: only much less than the limit is sure to be less.
        return 2 * int((self.ask(sql, [schema, plain]) or [(0,)])[0][0] or 0) + 1_000_000

    def measure(self, place: Place, columns: Sequence[str]) -> int:
        sizes = " + ".join(f"COALESCE(LENGTH({self.quote(name)}), 0)" for name in (*place.key, *columns))
        return int(self.ask(f"SELECT COALESCE(SUM({sizes} + 24), 0) FROM {place.sql}")[0][0])

    def bytes_of(self, number: int, rows: int) -> int:
        sql = "SELECT data_length FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        return int((self.ask(sql, [data_table(number)]) or [(0,)])[0][0] or 0)

    def _parts(self, place: Place) -> tuple[str, str]:
        schema, plain = place.sql[1:-1].split("`.`", 1)
        return schema.replace("``", "`"), plain.replace("``", "`")

    def kept_columns(self) -> list[tuple[Any, ...]]:
        return self.ask(
            "SELECT NULL AS s, table_name AS t, column_name AS c, concat(column_type, CASE WHEN character_set_name IS "
            "NULL THEN '' ELSE concat(' CHARACTER SET ', character_set_name, ' COLLATE ', collation_name) END, "
            "' NULL') AS y "
            "FROM information_schema.columns WHERE table_schema = DATABASE() AND left(table_name, 11) = 'pwmig_attic' "
            "ORDER BY table_name, ordinal_position"
        )

    # -- keeping

    def former(self, place: Place, column: str) -> dict[str, Any]:
        rows = self.ask(
            "SELECT column_name AS n FROM information_schema.columns WHERE table_schema = ? AND table_name = ? "
            "ORDER BY ordinal_position",
            [*self._parts(place)],
        )
        names = [str(name) for (name,) in rows]
        return {"behind": names[: names.index(column)][::-1]}

    def make(self, number: int, place: Place, select: str) -> int:
        """The table first, then the lock, then its rows: the lock stays until the operation is done."""
        from pwmig.errors import OperationRefused

        own = self.own(number)
        self.ask(f"CREATE TABLE {own} AS {select} LIMIT 0")
        try:
            self.ask(f"LOCK TABLES {', '.join(f'{locked} WRITE' for locked in self._locked(place, own))}")
        except Exception as error:
            self.ask(f"DROP TABLE {own}")
            if "denied" not in str(error):
                raise
            raise OperationRefused(
                f"what {place.name!r} loses can't be kept",
                why=f"this account may not lock tables: {error}",
                way_out="GRANT LOCK TABLES ON the database TO the account, or give attic=False to the operation",
                table=place.name,
            ) from error
        self.holds_locks = True
        self.ask(f"INSERT INTO {own} {select}")
        return int(self.ask("SELECT ROW_COUNT()")[0][0])

    def _locked(self, place: Place, own: str) -> list[str]:
        """The tables to lock, by all names that statements give them; no name may stand there twice."""
        aliased = {"t": f"{place.sql} AS t", "x": f"{own} AS x", self._parts(place)[1].lower(): place.sql}
        return [*aliased.values(), own, self.quote("pwmig_attic")]

    def release(self) -> None:
        self.holds_locks = False
        self.ask("UNLOCK TABLES")

    def update(self, own: str, sets: Mapping[str, str], source: str, condition: str) -> None:
        written = ", ".join(f"x.{name} = {text}" for name, text in sets.items())
        self.ask(f"UPDATE {own} AS x JOIN {source} AS t ON {condition} SET {written}")

    def update_text(self, place: Place, columns: Sequence[str], own: str, condition: str) -> str:
        """A time-stamp that the server would move keeps its value."""
        sets = [f"t.{self.quote(name)} = x.v{n}" for n, name in enumerate(columns)]
        sets += [f"t.{self.quote(name)} = t.{self.quote(name)}" for name in place.stamps if name not in columns]
        return f"UPDATE {place.sql} AS t JOIN {own} AS x ON {condition} SET {', '.join(sets)}"

    # -- a whole table

    def definitions(self, place: Place) -> dict[str, Any]:
        schema, plain = self._parts(place)
        triggers = self.ask(
            "SELECT trigger_name AS n FROM information_schema.triggers WHERE event_object_schema = ? "
            "AND event_object_table = ? ORDER BY action_order",
            [schema, plain],
        )
        hanging = []
        for (name,) in triggers:
            row = self.ask(f"SHOW CREATE TRIGGER {self.quote(schema)}.{self.quote(name)}")[0]
            hanging.append({"kind": "trigger", "name": name, "sql": row[2]})
        keys = self.ask(
            "SELECT DISTINCT constraint_name AS n FROM information_schema.table_constraints WHERE table_schema = ? "
            "AND table_name = ? AND constraint_type = 'FOREIGN KEY'",
            [schema, plain],
        )
        made = str(self.ask(f"SHOW CREATE TABLE {place.sql}")[0][1])
        for (name,) in keys:
            start = f"CONSTRAINT {self.quote(name)} FOREIGN KEY"
            line = next((line.strip().rstrip(",") for line in made.splitlines() if line.strip().startswith(start)), "")
            hanging.append({"kind": "foreign key", "name": name, "sql": line})
        for line in made.splitlines():
            text = line.strip().rstrip(",")
            if text.startswith(("KEY `", "UNIQUE KEY `", "FULLTEXT KEY `", "SPATIAL KEY `")):
                hanging.append({"kind": "index", "name": text.split("`")[1], "sql": text})
        mark = self.ask(
            "SELECT auto_increment AS n FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
            [schema, plain],
        )
        return {"sql": made, "hanging": hanging, "mark": int(mark[0][0]) if mark and mark[0][0] else None}

    def move(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        own = self.own(number)
        self.ask(f"RENAME TABLE {place.sql} TO {own}")
        for one in definitions["hanging"]:
            if one["kind"] == "foreign key":  # What is in the attic refers to nothing.
                self.ask(f"ALTER TABLE {own} DROP FOREIGN KEY {self.quote(one['name'])}")
            elif one["kind"] == "trigger":  # Its name is to be free for a new one.
                self.ask(f"DROP TRIGGER {self.quote(one['name'])}")
        self.ask(f"CREATE TABLE {place.sql} (pwmig_passing INTEGER)")

    def after_rows(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        mark = definitions.get("mark")
        schema, plain = self._parts(place)
        sql = "SELECT 1 FROM information_schema.columns WHERE table_schema = ? AND table_name = ? AND extra LIKE ?"
        if mark and self.ask(sql, [schema, plain, "%auto_increment%"]):
            self.ask(f"ALTER TABLE {place.sql} AUTO_INCREMENT = {int(mark)}")

    def again(self, place: Place, definitions: Mapping[str, Any]) -> list[str]:
        there = {(one["kind"], one["name"]) for one in self.definitions(place)["hanging"]}
        texts = {one["sql"].partition("FOREIGN KEY")[2] for one in self.definitions(place)["hanging"]}
        made = []
        for one in definitions.get("hanging", ()):
            said = one["kind"] == "foreign key" and one["sql"].partition("FOREIGN KEY")[2] in texts
            if (one["kind"], one["name"]) in there or said:
                continue
            made.append(one["sql"] if one["kind"] == "trigger" else f"ALTER TABLE {place.sql} ADD {one['sql']}")
        return sorted(made, key=lambda sql: ("FOREIGN KEY" in sql, sql.startswith("CREATE")))

    # -- a table without key

    def sort(self, number: int, place: Place, others: Sequence[str | None], filled: str | None = None) -> None:
        if place.key:
            super().sort(number, place, others)
            return
        self._add_state(number)
        self._others = tuple(name for name in others if name)
        self._filled = filled if all(others) else None

    def _prints_now(self, place: Place, others: Sequence[str | None]) -> list[tuple[int, str]]:
        """It is one number: of all its columns, or of none."""
        names = [name for name in others[: self.most_cells] if name is not None]
        return list(enumerate(self.prints(place, names, "t"))) if all(others[: self.most_cells]) else []

    _others: tuple[str, ...] = ()
    _filled: str | None = None
    _only_null = False

    def leave_newer(self, number: int, place: Place, column: str, fresh: str) -> None:
        self._only_null = not place.key
        if place.key:
            super().leave_newer(number, place, column, fresh)

    def put(self, number: int, place: Place, columns: Sequence[str], *, doubtful: bool = False) -> Counts:
        """Rows that are alike in all other cells can't be told apart, and each gets one of the values."""
        if place.key:
            return super().put(number, place, columns, doubtful=doubtful)
        if self._filled is not None:
            return self._put_changes(number, place, columns[0])
        own, print_, column = self.own(number), self.prints(place, self._others, "t")[0], self.quote(columns[0])
        restored, empty = 0, self._empty(place, column)
        alike = "p0 = %s AND CAST(v0 AS BINARY) <=> %s"
        start, end = (
            doubled(f"UPDATE {place.sql} AS t SET {column} = "),
            doubled(f"{self._stamps(place, columns[0])} WHERE {print_}"),
        )
        left = f"CAST({doubled(column)} AS BINARY) <=> %s"
        for (print_of, value), count in Counter(self.ask(f"SELECT p0, CAST(v0 AS BINARY) AS b FROM {own}")).items():
            cursor = self.database.execute_sql(
                f"{start}(SELECT v0 FROM {own} WHERE {alike} LIMIT 1){end} = %s AND {left} LIMIT {count}",
                (print_of, value, print_of, empty),
            )
            found = int(cursor.rowcount) if value != empty else count
            restored += found
            self.ask(f"UPDATE {own} SET s = {SAME} WHERE {alike.replace('%s', '?')} LIMIT {found}", (print_of, value))
        return Counts(restored=restored, gone=self.count(number, "s IS NULL"))

    def _put_changes(self, number: int, place: Place, column: str) -> Counts:
        """Rows that hold in it what it became."""
        own, print_ = self.own(number), self.prints(place, self._others, "t")[0]
        cell, new, old = self.quote(column), self.as_text("n0"), self.as_text("v0")
        start, end = (
            doubled(f"UPDATE {place.sql} AS t SET {cell} = "),
            doubled(f"{self._stamps(place, column)} WHERE {print_}"),
        )
        restored, self._filled = 0, None
        kept = Counter(self.ask(f"SELECT p0, {new} AS n, {old} AS v FROM {own}"))
        for (told, became, value), count in kept.items():
            cursor = self.database.execute_sql(
                f"{start}(SELECT v0 FROM {own} WHERE p0 = %s AND {old} = %s LIMIT 1){end} = %s "
                f"AND {doubled(self.as_text(f't.{cell}'))} = %s LIMIT {count}",
                (told, value, told, became),
            )
            found = int(cursor.rowcount)
            restored += found
            which = f"p0 = ? AND {old} = ? AND {new} = ? AND s IS NULL"
            self.ask(f"UPDATE {own} SET s = {SAME} WHERE {which} LIMIT {found}", (told, value, became))
        return Counts(restored=restored, gone=self.count(number, "s IS NULL"))

    def _stamps(self, place: Place, column: str) -> str:
        """What keeps time-stamps from moving that the server would move."""
        return "".join(f", {self.quote(name)} = {self.quote(name)}" for name in place.stamps if name != column)

    def _empty(self, place: Place, column: str) -> Any:
        """What a row holds that got no value yet: where the column is new, all rows hold the same."""
        text = f"CAST({column} AS BINARY)"
        rows = [] if self._only_null else self.ask(f"SELECT DISTINCT {text} AS b FROM {place.sql} LIMIT 2")
        self._only_null = False
        return rows[0][0] if len(rows) == 1 else None
