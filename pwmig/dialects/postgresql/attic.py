"""PostgreSQL's shelf for the attic: tables in the migration's transaction; a dropped one moves to a schema of its own.

What an operation takes is read under the lock that it takes anyway: else others could write between.

https://www.postgresql.org/docs/current/sql-altertable.html: SET SCHEMA takes a table's indexes, constraints and
sequences along, so that their names are free for those of a new table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.postgresql.comparing import SEQUENCES, Comparing, converted, is_text
from pwmig.dialects.postgresql.holding import (
    TriggersOff,
    heirs,
    is_foreign,
    lock,
    require_fresh,
    require_visible,
    state_of,
)
from pwmig.dialects.postgresql.operations.migrator import PostgresqlMigrator
from pwmig.dialects.server.asking import MARK, ask, on, own_statements
from pwmig.dialects.shelved import DOUBTFUL, FILLS, MOST_CELLS, SAME, Counts, Place, Quiet, Reference, data_table
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.server.operations.server import Server

__all__ = ["PostgresqlShelf"]

_LONGEST = 64
"""So many letters of a cell, where its type says nothing of how long it may be."""

_LONGEST_SIZED = 255
_SHORT = ("smallint", "integer", "bigint", "real", "double precision", "boolean", "uuid", "date")
_UNIQUE_VIOLATION = "23505"

_COLUMNS = """
SELECT a.attname, a.attgenerated <> '', pg_get_expr(d.adbin, d.adrelid), i.place, format_type(a.atttypid, a.atttypmod),
  (SELECT relkind::text FROM pg_class WHERE oid = {oid} AND EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = {oid})),
  (SELECT typnamespace <> 'pg_catalog'::regnamespace FROM pg_type WHERE oid = a.atttypid)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN (SELECT k.attnum, k.place FROM pg_index x, unnest(x.indkey) WITH ORDINALITY AS k (attnum, place)
           WHERE x.indrelid = {oid} AND x.indisprimary) i ON i.attnum = a.attnum
WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""

_HANGING = """
SELECT 'index' AS kind, c.relname AS name, pg_get_indexdef(x.indexrelid) AS sql FROM pg_index x
  JOIN pg_class c ON c.oid = x.indexrelid
  WHERE x.indrelid = {oid} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid
    AND k.conrelid = x.indrelid)
UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE conrelid = {oid} AND contype IN ('c', 'u', 'x', 'f') AND conislocal
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = {oid} AND NOT tgisinternal"""

_REFERENCES = """
SELECT (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY AS k (num, n)
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
  n.nspname, p.relname,
  (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY AS k (num, n)
          JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num)
FROM pg_constraint c JOIN pg_class p ON p.oid = c.confrelid JOIN pg_namespace n ON n.oid = p.relnamespace
WHERE c.conrelid = {oid} AND c.contype = 'f' ORDER BY c.oid"""

_MOST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
"""The greatest whole number of each type."""

_HEIRS, _PARTITIONS = "r", "p"
"""What kind a table is whose rows stand in others too (https://www.postgresql.org/docs/current/ddl-inherit.html): a key
holds over all partitions, and a row may move from one to another; heirs have keys of their own, or none."""

_TIED = """
SELECT 1 FROM pg_class c WHERE c.oid = {oid} AND (c.relkind <> 'r' OR c.relispartition)
UNION ALL SELECT 1 FROM pg_inherits WHERE inhrelid = {oid} OR inhparent = {oid}
UNION ALL SELECT 1 FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  WHERE d.refobjid = {oid} AND r.ev_class <> {oid}
UNION ALL SELECT 1 FROM pg_constraint WHERE confrelid = {oid} AND conrelid <> {oid} AND contype = 'f'
UNION ALL SELECT 1 FROM pg_type y JOIN pg_attribute a ON a.atttypid IN (y.oid, y.typarray)
  WHERE y.typrelid = {oid} AND NOT a.attisdropped"""
"""What makes a table one that can't simply move: it is or has parts, or others need it, and go with it by CASCADE."""


_TYPES = """
SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = '{own}'::regclass AND attname = ?
UNION ALL SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = {place} AND attname = ?"""
"""The types of a column of the attic and of one of the project's, of any length."""


class PostgresqlShelf(Comparing):
    """A print is some of the row's other cells as they are: a hash of them costs twice what it costs to keep them.

    Of a row in an heir, ``o`` says in which one.
    """

    row_id = "ctid"

    def migrator(self) -> Migrator:
        return PostgresqlMigrator(self.database)

    def has(self, table: str) -> bool:
        return bool(ask(on(self.database), f"SELECT to_regclass({MARK})", [self.own_name(table)])[0][0])

    def as_text(self, cell: str) -> str:
        return f"ROW({cell})::text"

    def put(
        self, number: int, place: Place, columns: Sequence[str], *, doubtful: bool = False, older: Sequence[int] = ()
    ) -> Counts:
        self._type_keys(number, place)
        return super().put(number, place, columns, doubtful=doubtful, older=older)

    @cached_property
    def home(self) -> str:
        """The schema of the attic: that of the history, wherever a migration has let the search path lead."""
        setting = "nullif(pg_catalog.current_setting('pwmig.home', true), '')"
        return self.quote(str(self.ask(f"SELECT coalesce({setting}, current_schema()::text, 'public')")[0][0]))

    def own_name(self, table: str) -> str:
        return f"{self.home}.{self.quote(table)}"

    def own(self, number: int) -> str:
        """A table that was dropped is in a schema of its own; asked each time, since a savepoint may take that back."""
        name, table = data_table(number), self.quote(data_table(number))
        moved = self._has_schema(name) and not self.has(name)
        return f"{table}.{table}" if moved else self.own_name(name)

    def _has_schema(self, name: str) -> bool:
        return bool(ask(on(self.database), f"SELECT 1 FROM pg_namespace WHERE nspname = {MARK}", [name]))

    def is_free(self, number: int) -> bool:
        """Schemas are the whole database's, in which there may be several projects."""
        return super().is_free(number) and not self._has_schema(data_table(number))

    def has_state(self, number: int) -> bool:
        sql = f"SELECT 1 FROM pg_attribute WHERE attrelid = {MARK}::regclass AND attname = 's' AND NOT attisdropped"
        return bool(ask(on(self.database), sql, [self.own(number)]))

    def name_of(self, found: Any) -> str:
        return str(found.plain) if self.quote(found.schema) == self.home else f"{found.schema}.{found.plain}"

    def place_of(self, server: Server, found: Any) -> Place:
        rows = self.ask(_COLUMNS.format(oid=found.oid))
        columns = tuple(row[0] for row in rows if not row[1])
        key = tuple(row[0] for row in sorted((row for row in rows if row[3]), key=lambda row: int(row[3])))
        defaults = {row[0]: row[2] for row in rows if row[2] and not row[1] and "(" not in row[2]}
        generated = frozenset(row[0] for row in rows if row[1])
        types = {row[0]: row[4] for row in rows}
        self._spread[found.oid] = rows[0][5] if rows else None
        self._made[found.oid] = frozenset(row[0] for row in rows if row[6])
        sql = f"{self.quote(found.schema)}.{self.quote(found.plain)}"
        name = self.name_of(found)
        return Place(
            name, sql, columns, generated, key, True, defaults, found.oid, types, row_id=self.row_id, exact=True
        )

    def same_table(self, one: str, other: str) -> bool:
        return one == other

    def same_column(self, one: str, other: str) -> bool:
        return one == other

    def kept_place(self, number: int) -> Place:
        sql = "SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        oid, schema, plain = self.ask(f"{sql} WHERE c.oid = ?::regclass", [self.own(number)])[0]
        return self.place_of(self.migrator()._server(), SimpleNamespace(oid=oid, schema=schema, plain=plain))

    def type_of(self, place: Place, column: str) -> str:
        return "text" if column in self._made.get(place.oid, ()) else place.types[column]

    # -- types that the database was given, kept as text: the attic is to be in nobody's way who drops one

    def value(self, place: Place, column: str) -> str:
        return f"t.{self.quote(column)}" + ("::text" if column in self._made.get(place.oid, ()) else "")

    def make(self, number: int, place: Place, select: str) -> int:
        """The server says how many rows it made a table of."""
        cursor = self.database.connection().cursor()
        try:
            with own_statements():
                cursor.execute(f"CREATE TABLE {self.own(number)} AS {select}")
            return int(cursor.rowcount) if cursor.rowcount >= 0 else self.count(number)
        finally:
            cursor.close()

    def prints(self, place: Place, columns: Sequence[str], alias: str) -> list[str]:
        cells = [self.told_cell(place, name, alias) for name in columns]
        if not place.key:
            row, heir = f"ROW({', '.join(cells)})::text", f"{alias}.tableoid"
            if self._spread.get(place.oid) != _HEIRS:
                return [row]
            return [f"CASE {heir} WHEN {place.oid}::oid THEN {row} ELSE {heir}::regclass::text || {row} END"]
        types = [place.types[name] for name in columns]
        told = [cell if _is_short(type_) else f"left({cell}::text, {_LONGEST})" for cell, type_ in zip(cells, types)]
        return told[:MOST_CELLS]

    def weigh(self, place: Place) -> int:
        return int(self.ask(f"SELECT pg_table_size({place.oid})")[0][0])

    def measure(self, place: Place, columns: Sequence[str]) -> int:
        sizes = " + ".join(f"coalesce(pg_column_size({self.quote(name)}), 0)" for name in (*place.key, *columns))
        return int(self.ask(f"SELECT coalesce(sum({sizes} + 36), 0)::bigint FROM {place.sql}")[0][0])

    def bytes_of(self, number: int, rows: int) -> int:
        name = self.own(number).replace("'", "''")
        return int(self.ask(f"SELECT pg_total_relation_size('{name}'::regclass)")[0][0])

    def kept_columns(self) -> list[tuple[Any, ...]]:
        return self.ask(
            "SELECT nullif(n.nspname, current_schema()), c.relname, a.attname, format_type(a.atttypid, a.atttypmod) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relkind = 'r' AND c.relname ~ '^pwmig_attic' AND a.attnum > 0 AND NOT a.attisdropped "
            "AND (n.nspname = current_schema() OR n.nspname = c.relname) ORDER BY c.oid, a.attnum"
        )

    def protect(self, table: str) -> None:
        """Default privileges may give others a right to each new table
        (https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html)."""
        self._revoke(self.own_name(table))

    def protect_data(self, number: int) -> None:
        self._revoke(self.own(number))

    def _revoke(self, table: str) -> None:
        rows = self.ask(
            "SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END "
            "FROM pg_class c, aclexplode(c.relacl) AS g "
            f"WHERE c.oid = '{table.replace(chr(39), chr(39) * 2)}'::regclass AND g.grantee <> c.relowner"
        )
        for (grantee,) in rows:
            self.ask(f"REVOKE ALL ON {table} FROM {grantee}")

    def references(self, place: Place) -> list[Reference]:
        rows = self.ask(_REFERENCES.format(oid=place.oid))
        return [
            Reference(tuple(own), f"{self.quote(schema)}.{self.quote(plain)}", tuple(to))
            for own, schema, plain, to in rows
        ]

    def is_there_already(self, error: BaseException) -> bool:
        return state_of(error) == _UNIQUE_VIOLATION

    def is_table(self, sql: str) -> bool:
        return bool(ask(on(self.database), f"SELECT to_regclass({MARK})", [sql])[0][0])

    # -- others, who write meanwhile

    def hold(self, name: str, wanted: Operation) -> Place | None:
        """Lock it, and look again; batches that are committed by themselves let others write between.

        A back-fill lets others read (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES).
        """
        place, fills = self.look(name, wanted.migrator), wanted.name in FILLS
        if place is None or is_foreign(self, place):
            return None
        if _lets_write(place, wanted):
            return place
        lock(self, place, "SHARE ROW EXCLUSIVE" if fills else "ACCESS EXCLUSIVE")
        require_visible(self, place)
        if not fills:
            require_fresh(self, place)
        return self.look(name, wanted.migrator)

    def has_rows(self, place: Place, wanted: Operation) -> bool:
        """Others may bring rows where it is not locked."""
        return _lets_write(place, wanted) or super().has_rows(place, wanted)

    def put_aside(self, batch: int, place: Place) -> str:
        """Each statement sees what was committed before it began, and row locks forbid no new row."""
        return f"EXISTS (SELECT 1 FROM {self.batch}_{batch} AS x WHERE {self._keys('x', place.sql, place)})"

    # -- rows that stand in several tables

    def _kept_parts(self, place: Place, columns: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
        owner = _owner(place) if self._spread.get(place.oid) == _HEIRS else "NULL::regclass"
        return [*super()._kept_parts(place, columns, others), (owner, "o")]

    def _unlisted(self, place: Place) -> list[str]:
        return [*super()._unlisted(place), *(["tableoid"] if self._spread.get(place.oid) == _HEIRS else [])]

    def _keys(self, own: str, other: str, place: Place) -> str:
        keys, spread = super()._keys(own, other, place), self._spread.get(place.oid)
        if spread == _PARTITIONS and place.key:
            return keys
        if not spread:
            return f"{keys} AND {own}.o IS NULL"
        return f"{keys} AND {other}.tableoid = coalesce({own}.o::oid, {place.oid}::oid)"

    def _both(self, place: Place) -> str:
        return f"{super()._both(place)} AND x.o IS NOT DISTINCT FROM t.o"

    def _pair(self, number: int, place: Place, others: Sequence[str], filled: str | None) -> None:
        """A row's place in its file tells it from others of the same table, and of no other one."""
        if not self._spread.get(place.oid):
            super()._pair(number, place, others, filled)
            return
        own, (kept, there) = self.own(number), self._alike(number, place, others, filled)
        pairs = (
            "(SELECT a.r AS a, b.r AS b, b.o AS o FROM "
            "(SELECT r, p, row_number() OVER (PARTITION BY p ORDER BY k) AS n FROM "
            f"(SELECT ctid AS r, {kept} AS p, k0 AS k FROM {own}) AS c) AS a JOIN "
            "(SELECT r, o, p, row_number() OVER (PARTITION BY p ORDER BY o, r) AS n FROM "
            f"(SELECT t.ctid AS r, {_owner(place)} AS o, {there} AS p FROM {place.sql} AS t) AS c) AS b "
            "ON a.p = b.p AND a.n = b.n)"
        )
        self.update(own, {"k0": "t.b", "o": "t.o", "s": str(SAME)}, pairs, "x.ctid = t.a")

    def _twins(self, place: Place) -> str:
        """The rows of heirs that have the key of another row of the same table: an heir needs no key."""
        names = ", ".join([*map(self.quote, place.key), "tableoid"])
        return f"(SELECT {names} FROM {place.sql} GROUP BY {names} HAVING count(*) > 1)"

    def keep(self, number: int, place: Place, columns: Sequence[str], others: Sequence[str]) -> int:
        self._require_no_twins(place)
        return super().keep(number, place, columns, others)

    def open(self, number: int, place: Place, column: str, others: Sequence[str]) -> None:
        self._require_no_twins(place)
        super().open(number, place, column, others)

    def _require_no_twins(self, place: Place) -> None:
        if self._spread.get(place.oid) != _HEIRS or not place.key:
            return
        found = self.ask(f"SELECT tableoid::regclass::text FROM {self._twins(place)} AS t LIMIT 1")
        if found:
            raise OperationRefused(
                f"what {place.name!r} loses can't be kept",
                why=f"rows of {found[0][0]} have the same key, so that they could not be told apart",
                way_out=f"give {found[0][0]} a primary key ({', '.join(place.key)}), or attic=False to the operation",
                table=place.name,
            )

    def sort(self, number: int, place: Place, others: Sequence[str | None], filled: str | None = None) -> None:
        """From now on nobody else writes the rows: what is newer is left as it is."""
        lock(self, place, "SHARE ROW EXCLUSIVE")
        require_visible(self, place)
        self._type_keys(number, place)
        super().sort(number, place, others, filled)
        if self._spread.get(place.oid) == _HEIRS and place.key:
            self.update(self.own(number), {"s": str(DOUBTFUL)}, self._twins(place), self._keys("x", "t", place))

    def are_numbers(self, number: int, place: Place, column: str) -> bool:
        rows = self.ask(_TYPES.format(own=self.own(number).replace("'", "''"), place=place.oid), ["v0", column])
        return {str(type_) for (type_,) in rows} <= set(_MOST)

    def move_down(self, number: int, place: Place, column: str, by: int, states: str) -> None:
        """A row that is written stands elsewhere."""
        own, cell = self.own(number), self.quote(column)
        found = f"{self._keys('x', 't', place)} AND x.s IN {states}"
        moved = f"UPDATE {place.sql} AS t SET {cell} = t.{cell} - {by} FROM {own} AS x WHERE {found} "
        moved += "RETURNING x.ctid AS kept, t.ctid AS now_there"
        self.send(
            f"WITH moved AS ({moved}) UPDATE {own} AS x SET k0 = m.now_there FROM moved AS m WHERE x.ctid = m.kept"
        )

    def renumber(self, number: int, place: Place, column: str) -> None:
        cell = self.quote(column)
        if not self.are_numbers(number, place, column):
            return
        both = f"SELECT {cell} AS n FROM {place.sql} UNION ALL SELECT v0 FROM {self.own(number)}"
        (low, high), *_ = self.ask(f"SELECT (SELECT min({cell}) FROM {place.sql}), (SELECT max(n) FROM ({both}) AS b)")
        if low is not None and 2 * int(high) - int(low) < _MOST.get(place.types[column], 0):
            quiet = self.quiet(place)
            quiet.begin()
            self.send(f"UPDATE {place.sql} SET {cell} = {cell} + {int(high) - int(low) + 1}")
            quiet.end()

    def after_values(self, place: Place, column: str) -> None:
        for name, sequence in self.ask(SEQUENCES.format(oid=place.oid)):
            if name == column:
                text = str(sequence).replace("'", "''")
                last = f"(SELECT max({self.quote(column)}) FROM {place.sql})"
                self.ask(f"SELECT setval('{text}', {last}) FROM {sequence} WHERE last_value < {last}")

    def _type_keys(self, number: int, place: Place) -> None:
        """A key that was cast since is compared as what it is by now."""
        own = self.own(number)
        for n, name in enumerate(place.key):
            rows = self.ask(_TYPES.format(own=own.replace("'", "''"), place=place.oid), [f"k{n}", name])
            kept, now = (str(type_) for (type_,) in rows)
            if kept != now:
                self.ask(f"ALTER TABLE {own} ALTER k{n} TYPE {now} USING k{n}::text::{now}")

    # -- a whole table

    def moves_at_once(self, place: Place) -> bool:
        may = self.ask("SELECT has_database_privilege(current_database(), 'CREATE')")[0][0]
        return bool(may) and not self.ask(_TIED.format(oid=place.oid))

    def definitions(self, place: Place) -> dict[str, Any]:
        hanging = [
            {"kind": kind, "name": name, "sql": sql} for kind, name, sql in self.ask(_HANGING.format(oid=place.oid))
        ]
        marks = {}
        for column, sequence in self.ask(SEQUENCES.format(oid=place.oid)):
            marks[column] = list(self.ask(f"SELECT last_value, is_called FROM {sequence}")[0])
        references = [[key.columns, key.table, key.to] for key in self.references(place)]
        return {"hanging": hanging, "marks": marks, "references": references}

    def move(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        name = self.quote(data_table(number))
        if not self.moves_at_once(place):
            self._require_no_heirs(place)
            self.ask(f"CREATE TABLE {self.own_name(data_table(number))} AS SELECT * FROM {place.sql}")
            return
        schema, plain = place.sql.rsplit(".", 1) if place.sql.count(".") == 1 else self._parts(place)
        self.ask(f"CREATE SCHEMA {name}")
        for other in definitions["hanging"]:
            if str(other["sql"]).startswith("FOREIGN KEY"):  # What is in the attic refers to nothing.
                self.ask(f"ALTER TABLE {place.sql} DROP CONSTRAINT {self.quote(str(other['name']))}")
        self.ask(f"ALTER TABLE {place.sql} SET SCHEMA {name}")
        if plain != name:
            self.ask(f"ALTER TABLE {name}.{plain} RENAME TO {name}")
        self.ask(f"CREATE TABLE {schema}.{plain} ()")

    def _require_no_heirs(self, place: Place) -> None:
        if self._spread.get(place.oid) != _HEIRS:
            return
        raise OperationRefused(
            f"{place.name!r} can't be kept together with its heirs: {', '.join(heirs(self, place))}",
            why="they would go with it, and once in one table nobody could tell whose a row was",
            way_out="drop them before, each by a drop_table(...) of its own, or give attic=False to the operation",
            table=place.name,
        )

    def _parts(self, place: Place) -> tuple[str, str]:
        sql = "SELECT quote_ident(n.nspname), quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n "
        schema, plain = self.ask(f"{sql} ON n.oid = c.relnamespace WHERE c.oid = {place.oid}")[0]
        return str(schema), str(plain)

    def value_of(self, own: str, number: int, place: Place, column: str) -> str:
        """One of another type is of a column that was cast more than once: where the first time did not change what it
        says, the same text is the value of before. Its length is for the assignment to check."""
        rows = self.ask(_TYPES.format(own=own.replace("'", "''"), place=place.oid), [f"v{number}", column])
        kept, now = (str(type_) for (type_,) in rows)
        value = super().value_of(own, number, place, column)
        if column in self._made.get(place.oid, ()):
            return f"{value}::{place.types[column]}"
        return value if kept == now else converted(value, kept, now)

    def discard(self, number: int) -> None:
        own, name = self.own(number), self.quote(data_table(number))
        self.ask(f"DROP TABLE {own}")
        if own == f"{name}.{name}":
            self.ask(f"DROP SCHEMA {name}")

    def insert_text(self, place: Place, names: str, own: str, missing: str, columns: Mapping[str, str]) -> str:
        sql = "SELECT attname, format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = ?::regclass"
        types, chosen = dict(self.ask(sql, [own])), []
        for name, kept in columns.items():
            cell, was, now = f"x.{self.quote(kept)}", types[kept], place.types[name]
            chosen.append(converted(cell, was, now) if is_text(was) and not is_text(now) else cell)
        rows = f"SELECT {', '.join(chosen)} FROM {own} AS x{missing}"
        return f"INSERT INTO {place.sql} ({names}) OVERRIDING SYSTEM VALUE {rows}"

    def after_rows(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        sequences = dict(self.ask(SEQUENCES.format(oid=place.oid)))
        for column, (last, called) in definitions.get("marks", {}).items():
            if column in sequences:
                sequence = str(sequences[column]).replace("'", "''")
                self.ask(
                    f"SELECT setval('{sequence}', {int(last)}, {str(bool(called)).lower()}) "
                    f"FROM {sequences[column]} WHERE last_value <= {int(last)}"
                )

    def again(self, place: Place, definitions: Mapping[str, Any]) -> list[str]:
        there = {(kind, name) for kind, name, _ in self.ask(_HANGING.format(oid=place.oid))}
        names = {name for _, name in there}
        made = []
        for one in definitions.get("hanging", ()):
            if one["name"] in names or self._is_said(place, one):
                continue
            if one["kind"] == "constraint":
                made.append(f"ALTER TABLE {place.sql} ADD CONSTRAINT {self.quote(one['name'])} {one['sql']}")
            else:
                made.append(one["sql"])
        order = {"U": 0, "C": 1, "F": 2}
        return sorted(made, key=lambda sql: order.get(sql[:1], 1) + 2 * ("FOREIGN KEY" in sql))

    def _is_said(self, place: Place, one: Mapping[str, Any]) -> bool:
        """Whether the same stands there under another name."""
        return any(
            sql == one["sql"] and kind == "constraint" for kind, _, sql in self.ask(_HANGING.format(oid=place.oid))
        )

    def quiet(self, place: Place) -> Quiet:
        return TriggersOff(self, place)


def _lets_write(place: Place, wanted: Operation) -> bool:
    """Whether an operation holds the rows of its batches alone."""
    return wanted.name in FILLS and bool(wanted.kwargs.get("commit")) and bool(place.key)


def _owner(place: Place) -> str:
    """The heir or the partition that a row stands in; NULL where it stands in the table itself."""
    return f"nullif(t.tableoid, {place.oid}::oid)::regclass"


def _is_short(type_: str) -> bool:
    """Whether a cell of that type is kept as it is."""
    if type_ in _SHORT or type_.startswith("timestamp"):
        return True
    word, _, rest = type_.partition("(")
    sized = word in ("character varying", "character") and rest.endswith(")")
    return sized and rest[:-1].isdigit() and int(rest[:-1]) <= _LONGEST_SIZED
