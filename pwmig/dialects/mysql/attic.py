"""MariaDB's and MySQL's shelf for the attic: tables of the same database, each change of whose schema commits.

A table is moved by one RENAME TABLE, which is atomic, or one ALTER TABLE where it has foreign keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.comparing import are_floats, as_then, told
from pwmig.dialects.mysql.holding import Holding
from pwmig.dialects.mysql.keyless import Keyless
from pwmig.dialects.mysql.operations.casting import is_helper
from pwmig.dialects.mysql.operations.migrator import MySQLMigrator
from pwmig.dialects.mysql.rekeyed import Rekeyed
from pwmig.dialects.mysql.touched import shown
from pwmig.dialects.server.errors import driver_error
from pwmig.dialects.shelved import LOST, Counts, Place, Reference, Unique, data_table
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator
    from pwmig.dialects.server.operations.server import Server

__all__ = ["MySQLShelf"]

_LETTERS = re.compile(r" CHARACTER SET (\w+) COLLATE (\w+)$")

_DUPLICATE = 1062
_AGAINST = ((4025,), (3819,), (1644,), (1292,), (1364,), (1411,))
_KEY = re.compile(r"^\s*CONSTRAINT (`(?:[^`]|``)*`) FOREIGN KEY", re.MULTILINE)


class MySQLShelf(Holding):
    """A print is a checksum of the checksums of the row's other cells."""

    long_text = "LONGTEXT"
    most_cells = 2
    drop_temporary = "DROP TEMPORARY TABLE"

    def has_state(self, number: int) -> bool:
        return self.has_column(number, "s")

    def has_column(self, number: int, name: str) -> bool:
        sql = "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? "
        return bool(self.ask(sql + "AND column_name = ?", [data_table(number), name]))

    def migrator(self) -> Migrator:
        return MySQLMigrator(self.database)

    def has(self, table: str) -> bool:
        sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        return bool(self.ask(sql, [table]))

    def as_text(self, cell: str) -> str:
        return f"COALESCE(HEX(CAST({cell} AS BINARY)), '-')"

    def same(self, one: str, other: str) -> str:
        """What is no text has the collation of bytes; a text in another alphabet has other bytes."""
        texts = f"COLLATION({one}) <> 'binary' OR COLLATION({other}) <> 'binary'"
        alike = " <=> ".join(f"CAST(CONVERT({cell} USING utf8mb4) AS BINARY)" for cell in (one, other))
        return f"IF({texts}, {alike}, {one} <=> {other})"

    def unchanged(self, one: str, other: str) -> str:
        return f"CAST({one} AS BINARY) <=> CAST({other} AS BINARY)"

    def retyped(self, number: int, place: Place, columns: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        kept = self.kept_place(number).types
        types = {name: (kept[other], place.types[name]) for name, other in columns.items()}
        return {name: pair for name, pair in types.items() if pair[0] != pair[1]}

    def alike(self, one: str, other: str, types: tuple[str, str]) -> tuple[str, str]:
        texts = (told(one, types[0], types[1]), told(other, types[1], types[0]))
        return self.as_text(texts[0]), self.as_text(texts[1])

    def as_then(self, cell: str, now: str, then: str) -> str:
        return as_then(cell, now, then)

    def as_precise(self, one: str, other: str, types: tuple[str, str]) -> tuple[str, str]:
        return (f"({one} + 0e0)", f"({other} + 0e0)") if are_floats(types) else (one, other)

    def _is_there(self, number: int, place: Place, columns: Mapping[str, str]) -> str:
        """Without a key by all cells at once, as no cell has an index."""
        if place.key:
            return super()._is_there(number, place, columns)
        types, pairs = self.retyped(number, place, columns), []
        for name, kept in columns.items():
            cells = f"{self.own(number)}.{self.quote(kept)}", f"t.{self.quote(name)}"
            pairs.append(self.alike(*cells, types[name]) if name in types else tuple(map(self.as_text, cells)))
        texts = [f"MD5(CONCAT_WS(',', {', '.join(cells)}))" for cells in zip(*pairs)]
        return f"{texts[0]} IN (SELECT {texts[1]} FROM {place.sql} AS t)"

    def place_of(self, server: Server, found: Any) -> Place:
        of_key, of_table = (self._exactly(f"{letter}.table_name", found.plain) for letter in "kc")
        rows = self.ask(
            "SELECT c.column_name AS a, c.extra AS b, c.column_default AS c, c.column_type AS d, "
            "k.ordinal_position AS e, "
            "c.character_set_name AS f, c.collation_name AS g, c.column_comment AS h FROM information_schema.columns c "
            "LEFT JOIN information_schema.key_column_usage k ON k.table_schema = c.table_schema AND "
            "k.table_name = c.table_name AND k.column_name = c.column_name AND k.constraint_name = 'PRIMARY'"
            f"{of_key} WHERE c.table_schema = ? AND c.table_name = ?{of_table} ORDER BY c.ordinal_position",
            [found.schema, found.plain],
        )
        rows = [row for row in rows if not is_helper(str(row[0]), str(row[7]))]
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

    def kept_place(self, number: int) -> Place:
        schema, plain = str(self.ask("SELECT DATABASE()")[0][0]), data_table(number)
        return self.place_of(self.migrator()._server(), SimpleNamespace(schema=schema, plain=plain, name=plain))

    def _said(self, defaults: Mapping[str, str]) -> dict[str, str]:
        """Defaults as SQL: MariaDB quotes a text, MySQL does not."""
        maria = "mariadb" in str(self.ask("SELECT VERSION()")[0][0]).lower()
        return {
            name: text if maria else "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
            for name, text in defaults.items()
        }

    def type_of(self, place: Place, column: str) -> str:
        return f"{place.types[column]} NULL"

    def references(self, place: Place) -> list[Reference]:
        found: dict[str, list[Sequence[str]]] = {}
        sql = (
            "SELECT constraint_name AS n, column_name AS c, referenced_table_schema AS s, referenced_table_name AS t, "
            "referenced_column_name AS r FROM information_schema.key_column_usage WHERE table_schema = ? "
            "AND table_name = ? AND referenced_table_name IS NOT NULL ORDER BY constraint_name, ordinal_position"
        )
        for name, *row in self.ask(sql, [*self._parts(place)]):
            found.setdefault(name, []).append(row)
        return [
            Reference(
                tuple(column for column, *_ in rows),
                f"{self.quote(rows[0][1])}.{self.quote(rows[0][2])}",
                tuple(to for *_, to in rows),
            )
            for rows in found.values()
        ]

    def uniques(self, place: Place) -> list[Unique]:
        schema, plain = self._parts(place)
        sql = (
            "SELECT index_name AS i, column_name AS c, sub_part AS p FROM information_schema.statistics "
            "WHERE table_schema = ? AND table_name = ? AND non_unique = 0 AND index_name <> 'PRIMARY'"
            f"{self._exactly('table_name', plain)} ORDER BY index_name, seq_in_index"
        )
        found: dict[str, list[str | None]] = {}
        for index, column, part in self.ask(sql, [schema, plain]):
            found.setdefault(index, []).append(place.column(column) if column and not part else None)
        made = [tuple(name for name in columns if name in place.columns) for columns in found.values()]
        return [Unique(columns) for columns, every in zip(made, found.values()) if len(columns) == len(every)]

    def checks(self, place: Place) -> list[str]:
        sql = (
            "SELECT check_clause AS c FROM information_schema.check_constraints WHERE constraint_schema = ? "
            "AND table_name = ?"
        )
        return [str(check) for (check,) in self.ask(sql, [*self._parts(place)])]

    def value_of(self, own: str, number: int, place: Place, column: str) -> str:
        """A text in the alphabet of now, as those of two are not compared."""
        found = _LETTERS.search(place.types.get(column, ""))
        value = super().value_of(own, number, place, column)
        return f"CONVERT({value} USING {found[1]}) COLLATE {found[2]}" if found else value

    def insert(self, place: Place, sql: str) -> None:
        """InnoDB looks at each row as it comes, so that of rows which refer to each other none could be the first
        (https://mariadb.com/kb/en/foreign-keys/): they are looked at when all are there."""
        keys = self.references(place)
        within = any(key.table == place.sql for key in keys)
        if not within or not int(self.ask("SELECT @@SESSION.foreign_key_checks AS c")[0][0]):
            self.send(sql)
            return
        self.ask("SET SESSION foreign_key_checks = 0")
        try:
            self.send(sql)
        except BaseException:
            with suppress(Exception):  # Where the connection is lost there is nothing to be set.
                self.ask("SET SESSION foreign_key_checks = 1")
            raise
        self.ask("SET SESSION foreign_key_checks = 1")
        for key in keys:
            self._require_all(place, key)

    def _require_all(self, place: Place, key: Reference) -> None:
        """Refuse rows that refer to nothing, as InnoDB would have; from now on nobody else takes away what they refer
        to."""
        cells = [f"t.{self.quote(name)}" for name in key.columns]
        alike = " AND ".join(f"p.{self.quote(name)} = {cell}" for name, cell in zip(key.to, cells))
        refers = " AND ".join(f"{cell} IS NOT NULL" for cell in cells)
        found = self.ask(
            f"SELECT {cells[0]} AS c FROM {place.sql} AS t LEFT JOIN {key.table} AS p ON {alike} "
            f"WHERE {refers} AND p.{self.quote(key.to[0])} IS NULL LIMIT 1 LOCK IN SHARE MODE"
        )
        if found:
            raise OperationRefused(
                f"rows of {place.name!r} can't be put back",
                why=f"by {', '.join(key.columns)} they refer to what is not in {key.table}: {found[0][0]!r}",
                way_out=f"put back what they refer to, or make {place.name!r} again behind {key.table}, without the "
                "foreign key until then",
                table=place.name,
                column=key.columns[0],
            )

    def is_against(self, error: BaseException) -> bool:
        """Where the driver does not say so: a check, a trigger that refuses, a text that is no time or number."""
        return super().is_against(error) or driver_error(error).args[:1] in _AGAINST

    def is_there_already(self, error: BaseException) -> bool:
        return driver_error(error).args[:1] == (_DUPLICATE,)

    def is_table(self, sql: str) -> bool:
        schema, _, plain = sql[1:-1].partition("`.`")
        return bool(
            self.ask(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
                [schema.replace("``", "`"), plain.replace("``", "`")],
            )
        )

    def prints(self, place: Place, columns: Sequence[str], alias: str) -> list[str]:
        """As bytes, since not every type has room for another word, or for the alphabet of another cell."""
        if place.key:
            columns = columns[: self.most_cells]
        cells = [f"CAST({self.told_cell(place, name, alias)} AS BINARY)" for name in columns]
        if not place.key:
            whole = ", ',', ".join(f"COALESCE(HEX({cell}), '-')" for cell in cells) or "''"
            return [f"CONCAT({whole})"]
        told = ", ".join(f"COALESCE({cell}, '-')" for cell in cells)
        return [f"CRC32(CONCAT_WS('|', {told}))"] if cells else []

    def weigh(self, place: Place) -> int:
        schema, plain = self._parts(place)
        sql = "SELECT data_length FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        # What InnoDB says of a table's size may be old: only much less than the limit is sure to be less.
        sql += self._exactly("table_name", plain)
        return 2 * int((self.ask(sql, [schema, plain]) or [(0,)])[0][0] or 0) + 1_000_000

    def measure(self, place: Place, columns: Sequence[str]) -> int:
        sizes = " + ".join(f"COALESCE(LENGTH({self.quote(name)}), 0)" for name in (*place.key, *columns))
        return int(self.ask(f"SELECT COALESCE(SUM({sizes} + 24), 0) FROM {place.sql}")[0][0])

    def bytes_of(self, number: int, rows: int) -> int:
        sql = "SELECT data_length FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        return int((self.ask(sql, [data_table(number)]) or [(0,)])[0][0] or 0)

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
        schema, plain = self._parts(place)
        rows = self.ask(
            "SELECT column_name AS n FROM information_schema.columns WHERE table_schema = ? AND table_name = ?"
            f"{self._exactly('table_name', plain)} ORDER BY ordinal_position",
            [schema, plain],
        )
        names = [str(name) for (name,) in rows]
        return {"behind": names[: names.index(column)][::-1]}

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
            f"AND event_object_table = ?{self._exactly('event_object_table', plain)} ORDER BY action_order",
            [schema, plain],
        )
        hanging = []
        for (name,) in triggers:
            row = shown(self.ask, f"TRIGGER {self.quote(schema)}.{self.quote(name)}")
            hanging.append({"kind": "trigger", "name": name, "sql": row[2]})
        keys = self.ask(
            "SELECT DISTINCT constraint_name AS n FROM information_schema.table_constraints WHERE table_schema = ? "
            f"AND table_name = ? AND constraint_type = 'FOREIGN KEY'{self._exactly('table_name', plain)}",
            [schema, plain],
        )
        made = str(shown(self.ask, f"TABLE {place.sql}")[1])
        for (name,) in keys:
            start = f"CONSTRAINT {self.quote(name)} FOREIGN KEY"
            line = next((line.strip().rstrip(",") for line in made.splitlines() if line.strip().startswith(start)), "")
            hanging.append({"kind": "foreign key", "name": name, "sql": line})
        for line in made.splitlines():
            text = line.strip().rstrip(",")
            if text.startswith(("KEY `", "UNIQUE KEY `", "FULLTEXT KEY `", "SPATIAL KEY `")):
                hanging.append({"kind": "index", "name": text.split("`")[1], "sql": text})
        mark = self.ask(
            "SELECT auto_increment AS n FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
            + self._exactly("table_name", plain),
            [schema, plain],
        )
        references = [[key.columns, key.table, key.to] for key in self.references(place)]
        counted = int(mark[0][0]) if mark and mark[0][0] else None
        return {"sql": made, "hanging": hanging, "mark": counted, "references": references}

    def move(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        own = self.own(number)
        keys = _KEY.findall(str(shown(self.ask, f"TABLE {place.sql}")[1]))
        if keys:
            # What is in the attic refers to nothing. Renamed first, MariaDB 10.11 may crash as the keys are dropped.
            drops = ", ".join(f"DROP FOREIGN KEY {key}" for key in keys)
            self._patiently(f"ALTER TABLE {place.sql} {drops}, RENAME TO {own}")
        else:
            self._patiently(f"RENAME TABLE {place.sql} TO {own}")
        for one in definitions["hanging"]:
            if one["kind"] == "trigger":  # Its name is to be free for a new one.
                self.ask(f"DROP TRIGGER {self.quote(one['name'])}")
        self.ask(f"CREATE TABLE {place.sql} (pwmig_passing INTEGER)")

    def after_rows(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        mark = definitions.get("mark")
        schema, plain = self._parts(place)
        sql = "SELECT 1 FROM information_schema.columns WHERE table_schema = ? AND table_name = ? AND extra LIKE ?"
        sql += self._exactly("table_name", plain)
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

    def leave_newer(self, number: int, place: Place, column: str, fresh: str, later: Sequence[int] = ()) -> None:
        self._only_null = not place.key
        if place.key:
            super().leave_newer(number, place, column, fresh, later)

    def kept_rows(self, number: int) -> str:
        """As rows that are written down first, which gives them an index: MariaDB joins by nothing else
        (https://mariadb.com/kb/en/derived-table-with-key-optimization/)."""
        return f"(SELECT * FROM {self.own(number)} LIMIT {2**63 - 1})"

    def put(
        self, number: int, place: Place, columns: Sequence[str], *, doubtful: bool = False, older: Sequence[int] = ()
    ) -> Counts:
        """Rows that are alike in all other cells can't be told apart, and each gets one of the values."""
        if place.key:
            return super().put(number, place, columns, doubtful=doubtful, older=older)
        self._leave_lost(number, place, columns[0])
        if self._filled is not None and columns[0] in place.unique:
            self._filled = None
            return Rekeyed(self, number, place, columns[0], self._others).put()
        rows = Keyless(self, number, place, columns[0], self._others)
        if self._filled is not None:
            self._filled = None
            return rows.put_changes()
        return rows.put_where(self._empty(place, self.quote(columns[0])))

    def _leave_lost(self, number: int, place: Place, column: str) -> None:
        """Without a key nobody knows the other cells of a foreign key of several columns."""
        for key in self.keys_of(place):
            if key.columns == (column,) and key.table not in self.awaited:
                self.ask(f"UPDATE {self.own(number)} AS x SET x.s = {LOST} WHERE {self._is_lost(['x.v0'], key)}")

    def _empty(self, place: Place, column: str) -> Any:
        """What a row holds that got no value yet: where the column is new, all rows hold the same."""
        text = f"CAST({column} AS BINARY)"
        rows = [] if self._only_null else self.ask(f"SELECT DISTINCT {text} AS b FROM {place.sql} LIMIT 2")
        self._only_null = False
        return rows[0][0] if len(rows) == 1 else None
