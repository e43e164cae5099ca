"""PostgreSQL's shelf for the attic: tables in the migration's transaction; a dropped one moves to a schema of its own.

What an operation takes is read under the lock that it takes anyway: else others could write between.

https://www.postgresql.org/docs/current/sql-altertable.html: SET SCHEMA takes a table's indexes, constraints and
sequences along, so that their names are free for those of a new table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pwmig.dialects.postgresql.holding import TriggersOff, heirs, lock, require_fresh
from pwmig.dialects.postgresql.operations.migrator import PostgresqlMigrator
from pwmig.dialects.server.asking import MARK, ask, on, own_statements
from pwmig.dialects.server.attic import ServerShelf
from pwmig.dialects.shelved import DOUBTFUL, MOST_CELLS, SAME, Place, Quiet, data_table
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.server.operations.server import Server

__all__ = ["PostgresqlShelf"]

_LONGEST = 64
"""So many letters of a cell, where its type says nothing of how long it may be."""

_LONGEST_SIZED = 255
_SHORT = ("smallint", "integer", "bigint", "real", "double precision", "boolean", "uuid", "date")

_FILLS = ("apply_default", "backfill")
"""Operations that write rows, and change no table."""

_COLUMNS = """
SELECT a.attname, a.attgenerated <> '', pg_get_expr(d.adbin, d.adrelid), i.place, format_type(a.atttypid, a.atttypmod),
  (SELECT relkind::text FROM pg_class WHERE oid = {oid} AND EXISTS (SELECT 1 FROM pg_inherits WHERE inhparent = {oid}))
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

_SEQUENCES = """
SELECT a.attname, s.oid::regclass::text FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = {oid}
AND d.deptype IN ('a', 'i')"""

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


class PostgresqlShelf(ServerShelf):
    """A print is some of the row's other cells as they are: a hash of them costs twice what it costs to keep them.

    Of a row in an heir, ``o`` says in which one.
    """

    row_id = "ctid"

    def __init__(self, database: Any) -> None:
        super().__init__(database)
        self._homes: dict[int, str] = {}
        self._spread: dict[int, str | None] = {}

    def migrator(self) -> Migrator:
        return PostgresqlMigrator(self.database)

    def has(self, table: str) -> bool:
        return bool(ask(on(self.database), f"SELECT to_regclass({MARK})", [self.own_name(table)])[0][0])

    def as_text(self, cell: str) -> str:
        return f"ROW({cell})::text"

    def same(self, one: str, other: str) -> str:
        return f"({one})::text IS NOT DISTINCT FROM ({other})::text"

    @cached_property
    def home(self) -> str:
        """The schema of the attic: that of the history, wherever a migration has let the search path lead."""
        setting = "nullif(pg_catalog.current_setting('pwmig.home', true), '')"
        return self.quote(str(self.ask(f"SELECT coalesce({setting}, current_schema()::text, 'public')")[0][0]))

    def own_name(self, table: str) -> str:
        return f"{self.home}.{self.quote(table)}"

    def own(self, number: int) -> str:
        """A table that was dropped is in a schema of its own."""
        if number not in self._homes:
            name = self.quote(data_table(number))
            sql = f"SELECT 1 FROM pg_namespace WHERE nspname = {MARK}"
            moved = ask(on(self.database), sql, [data_table(number)])
            self._homes[number] = f"{name}.{name}" if moved else self.own_name(data_table(number))
        return self._homes[number]

    def place_of(self, server: Server, found: Any) -> Place:
        rows = self.ask(_COLUMNS.format(oid=found.oid))
        columns = tuple(row[0] for row in rows if not row[1])
        key = tuple(row[0] for row in sorted((row for row in rows if row[3]), key=lambda row: int(row[3])))
        defaults = {row[0]: row[2] for row in rows if row[2] and not row[1] and "(" not in row[2]}
        generated = frozenset(row[0] for row in rows if row[1])
        types = {row[0]: row[4] for row in rows}
        self._spread[found.oid] = rows[0][5] if rows else None
        sql = f"{self.quote(found.schema)}.{self.quote(found.plain)}"
        name = found.plain if self.quote(found.schema) == self.home else f"{found.schema}.{found.plain}"
        return Place(name, sql, columns, generated, key, True, defaults, found.oid, types)

    def type_of(self, place: Place, column: str) -> str:
        return place.types[column]

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
        cells = [f"{alias}.{self.quote(name)}" for name in columns]
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
        return int(self.ask(f"SELECT pg_total_relation_size('{self.own(number)}'::regclass)")[0][0])

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

    # -- others, who write meanwhile

    def hold(self, name: str, wanted: Operation) -> Place | None:
        """Lock it, and look again; batches that are committed by themselves let others write between.

        A back-fill lets others read (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES).
        """
        place, fills = self.look(name, wanted.migrator), wanted.name in _FILLS
        if place is None or (fills and wanted.kwargs.get("commit") and place.key):
            return place
        lock(self, place, "SHARE ROW EXCLUSIVE" if fills else "ACCESS EXCLUSIVE")
        if not fills:
            require_fresh(self, place)
        return self.look(name, wanted.migrator)

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

    def _pair(self, number: int, place: Place, others: Sequence[str], filled: str | None) -> None:
        """A row's place in its file tells it from others of the same table, and of no other one."""
        if not self._spread.get(place.oid):
            super()._pair(number, place, others, filled)
            return
        own, (kept, there) = self.own(number), self._alike(place, others, filled)
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
        super().sort(number, place, others, filled)
        if self._spread.get(place.oid) == _HEIRS and place.key:
            self.update(self.own(number), {"s": str(DOUBTFUL)}, self._twins(place), self._keys("x", "t", place))

    # -- a whole table

    def moves_at_once(self, place: Place) -> bool:
        may = self.ask("SELECT has_database_privilege(current_database(), 'CREATE')")[0][0]
        return bool(may) and not self.ask(_TIED.format(oid=place.oid))

    def definitions(self, place: Place) -> dict[str, Any]:
        hanging = [
            {"kind": kind, "name": name, "sql": sql} for kind, name, sql in self.ask(_HANGING.format(oid=place.oid))
        ]
        marks = {}
        for column, sequence in self.ask(_SEQUENCES.format(oid=place.oid)):
            marks[column] = list(self.ask(f"SELECT last_value, is_called FROM {sequence}")[0])
        return {"hanging": hanging, "marks": marks}

    def move(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        name = self.quote(data_table(number))
        if not self.moves_at_once(place):
            self._require_no_heirs(place)
            self._homes[number] = self.own_name(data_table(number))
            self.ask(f"CREATE TABLE {self._homes[number]} AS SELECT * FROM {place.sql}")
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
        self._homes[number] = f"{name}.{name}"

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

    def discard(self, number: int) -> None:
        own, name = self.own(number), self.quote(data_table(number))
        self.ask(f"DROP TABLE {own}")
        if own == f"{name}.{name}":
            self.ask(f"DROP SCHEMA {name}")
        self._homes.pop(number, None)

    def insert_text(self, place: Place, names: str, own: str, missing: str, columns: Sequence[str]) -> str:
        chosen = ", ".join(f"x.{self.quote(name)}" for name in columns)
        return f"INSERT INTO {place.sql} ({names}) OVERRIDING SYSTEM VALUE SELECT {chosen} FROM {own} AS x{missing}"

    def after_rows(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        sequences = dict(self.ask(_SEQUENCES.format(oid=place.oid)))
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
