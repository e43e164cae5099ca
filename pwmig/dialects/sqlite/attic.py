"""SQLite's shelf for the attic: tables of the same file, made and emptied in the migration's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pwmig.dialects.shelf import Shelf
from pwmig.dialects.shelved import MOST_CELLS, Place, Quiet, Reference, Unique, data_table
from pwmig.dialects.sqlite.operations.catalog import ask, read_catalog
from pwmig.dialects.sqlite.operations.schema_text import write_text
from pwmig.dialects.sqlite.orphans import CHECKED
from pwmig.dialects.sqlite.texts.ddl import DDLError, parse_create_table
from pwmig.dialects.sqlite.texts.edit import unqualified
from pwmig.dialects.sqlite.texts.kinds import affinity, shown_key
from pwmig.dialects.sqlite.texts.letters import says_the_same
from pwmig.dialects.sqlite.texts.tokens import fold, quote
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator, Operation
    from pwmig.dialects.sqlite.operations.catalog import Catalog
    from pwmig.dialects.sqlite.texts.parts import TableDef

__all__ = ["SqliteShelf"]

_LONGEST = 64
"""So many letters of a cell, where its type says nothing of how long it may be."""

_LONGEST_SIZED = 255

_LONGEST_OF_REST, _MOST_OF_REST = 32, 100
"""So many letters of each cell are in the text of the last ones, and so many cells: SQLite takes no deeper text."""

_THERE_ALREADY = ("SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_ROWID")
_ROWIDS = ("rowid", "_rowid_", "oid")
"""https://www.sqlite.org/lang_createtable.html#rowid"""

_COLLATIONS = (
    "SELECT c.name, c.coll FROM pragma_index_list(?) AS i JOIN pragma_index_xinfo(i.name) AS c "
    "WHERE i.origin = 'pk' AND c.key"
)
_UNIQUES = (
    "SELECT i.name, c.name, c.coll FROM pragma_index_list(?) AS i JOIN pragma_index_xinfo(i.name) AS c "
    """WHERE i."unique" AND i.origin <> 'pk' AND NOT i.partial AND c.key ORDER BY i.seq, c.seqno"""
)


class SqliteShelf(Shelf):
    """A print is some of the row's other cells, as they are.

    SQLite has no hash, and to call one of Python for each row costs five times what it costs to keep them.
    """

    row_id = "rowid"
    is_strict = False
    keeps_places = True

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return ask(self.database, sql, values)

    def send(self, sql: str) -> None:
        self.database.execute_sql(sql)

    def quote(self, name: str) -> str:
        return quote(name)

    def same(self, one: str, other: str) -> str:
        return f"{one} IS {other} COLLATE BINARY"

    def as_text(self, cell: str) -> str:
        """A number that is whole is the same as an INTEGER and as a REAL."""
        whole = f"CAST({cell} AS INTEGER)"
        is_whole = f"typeof({cell}) = 'real' AND {cell} = {whole}"
        return f"CASE WHEN {is_whole} THEN quote({whole}) ELSE quote({cell}) END"

    def tells_rows(self, place: Place) -> bool:
        """A row without key has its rowid, unless columns have taken all its names."""
        return bool(place.key or place.row_id)

    def has_rows(self, place: Place, wanted: Operation) -> bool:
        found = super().has_rows(place, wanted)
        if found and not self.tells_rows(place) and wanted.name != "drop_table":
            raise OperationRefused(
                f"what {place.name!r} loses can't be kept",
                why=f"columns have taken all names of its rowid ({', '.join(_ROWIDS)}), or it is WITHOUT ROWID, and no "
                "key tells its rows apart that stays",
                way_out="give it a primary key, where it has none, or attic=False to the operation",
                table=place.name,
            )
        return found

    def unchanged(self, one: str, other: str) -> str:
        return f"{one} IS {other} COLLATE BINARY AND typeof({one}) = typeof({other})"

    def retyped(self, number: int, place: Place, columns: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Of another affinity, which makes another value of one (https://www.sqlite.org/datatype3.html)."""
        kept = dict(self.ask("SELECT name, type FROM pragma_table_xinfo(?)", [data_table(number)]))
        types = {name: (affinity(kept[other]), affinity(place.types[name])) for name, other in columns.items()}
        return {name: pair for name, pair in types.items() if pair[0] != pair[1]}

    def says(self, now: str, kept: str, types: tuple[str, str]) -> str:
        """A number is the text that it is written as, if it is that number again."""
        texts = f"CAST({now} AS TEXT) IS CAST({kept} AS TEXT) COLLATE BINARY"
        again = f"{texts} AND (typeof({kept}) <> 'real' OR CAST({now} AS REAL) = {kept})"
        return f"({self.as_text(now)} IS {self.as_text(kept)} OR {again})"

    def _called(self, place: Place, columns: Mapping[str, str], own: str) -> list[str]:
        """By the key, which may hold NULL, or else by the rowid that came back with the row."""
        if place.key and place.null_key:
            return []
        rowid = None if place.key else self._rowid(place)
        return [f"t.{rowid} = {own}.{rowid}"] if rowid else super()._called(place, columns, own)

    def has_state(self, number: int) -> bool:
        return bool(self.ask("SELECT 1 FROM pragma_table_info(?) WHERE name = 's'", [data_table(number)]))

    def has(self, table: str) -> bool:
        return bool(self.ask("SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?", [table]))

    def look(self, name: str, migrator: Migrator | None = None) -> Place | None:
        found = self.ask(
            "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", [name]
        )
        if not found or fold(found[0][0]).startswith(("sqlite_", "pwmig_")):
            return None
        return self._place(*found[0])

    def kept_place(self, number: int) -> Place:
        found = self.ask("SELECT name, sql FROM main.sqlite_master WHERE name = ?", [data_table(number)])
        return self._place(*found[0])

    def _place(self, called: str, sql: str) -> Place:
        info = self.ask('SELECT name, pk, hidden, dflt_value, type, "notnull" FROM pragma_table_xinfo(?)', [called])
        columns = tuple(row[0] for row in info if row[2] == 0)
        key = tuple(row[0] for row in sorted(info, key=lambda row: int(row[1])) if row[1])
        defaults = {row[0]: row[3] for row in info if row[3] is not None}
        generated = frozenset(row[0] for row in info if row[2] in (2, 3))
        types = {row[0]: row[4] for row in info}
        collations = dict(self.ask(_COLLATIONS, [called])) if key else {}
        free = next((rowid for rowid in _ROWIDS if rowid not in {fold(row[0]) for row in info}), None)
        null_key = free if collations and not all(row[5] for row in info if row[1]) else None
        counts = self._counts(sql, key)
        if key and self._has_no_rowid(sql):
            free = quote(key[0]) if len(key) == 1 else None
        return Place(
            *(called, quote(called), columns, generated, key, counts, defaults),
            types=types,
            collations=collations,
            null_key=null_key,
            row_id=free or "",
        )

    def _has_no_rowid(self, sql: str) -> bool:
        try:
            return "WITHOUT ROWID" in parse_create_table(sql).options
        except DDLError:
            return False

    def _counts(self, sql: str, key: Sequence[str]) -> bool:
        """Whether no key is given twice: by AUTOINCREMENT, or since a key that is no rowid says which row is meant."""
        try:
            table = parse_create_table(sql)
        except DDLError:
            return False  # A virtual table, or a text that only writable_schema can make.
        if "AUTOINCREMENT" in sql.upper() and any(made.autoincrement for made in table.all("primary key")):
            return True
        return bool(key) and shown_key(table) is None

    def is_there_already(self, error: BaseException) -> bool:
        cause = error.__cause__ or error.__context__ or error
        return getattr(cause, "sqlite_errorname", "") in _THERE_ALREADY

    def references(self, place: Place) -> list[Reference]:
        """Of a table that is not there the end of the session speaks."""
        found: dict[int, list[Sequence[Any]]] = {}
        sql = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
        for row in self.ask(sql, [place.name]) if CHECKED.get() else ():
            found.setdefault(row[0], []).append(row[1:])
        made = []
        for parts in found.values():
            to = self.look(parts[0][0])
            if to is not None:
                columns = [place.column(name) or name for _, name, _ in parts]
                key = to.key if parts[0][2] is None else tuple(name for *_, name in parts)
                made.append(Reference(tuple(columns), to.sql, key))
        return made

    def prints(self, place: Place, columns: Sequence[str], alias: str) -> list[str]:
        cells = [self.told_cell(place, name, alias) for name in columns]
        if not place.key:
            return [" || ',' || ".join(f"quote({cell})" for cell in cells) or "''"]
        short = (_is_short(place.types.get(name, "")) for name in columns)
        told = [cell if is_short else f"substr({cell}, 1, {_LONGEST})" for cell, is_short in zip(cells, short)]
        rest = [] if place.counts else [_rest(cells[MOST_CELLS:], told[MOST_CELLS:])]
        return told[:MOST_CELLS] + (rest if len(cells) > MOST_CELLS else [])

    def _prints_now(self, place: Place, others: Sequence[str | None]) -> list[tuple[int, str]]:
        """Where a key can be given again, all of a row's other cells tell whose it is; the last of them as one text."""
        told, rest = super()._prints_now(place, others), others[MOST_CELLS:]
        if rest and None not in rest and self._has_rest:
            cells = [f"t.{quote(str(name))}" for name in rest]
            told.append((MOST_CELLS, _rest(cells, self.prints(place, [str(rest[0])], "t"))))
        return told

    _has_rest = False

    def former(self, place: Place, column: str) -> dict[str, Any]:
        table = self._definition(place.name)
        if table is None:
            return {}
        names = [fold(name) for name in table.column_names]
        return {"sql": table.sql, "behind": table.column_names[: names.index(fold(column))][::-1]}

    def letters(self, place: Place, texts: Sequence[str]) -> None:
        made = self._definition(place.name)
        found = next((text for text in texts if made is not None and says_the_same(text, made.sql)), None)
        if made is not None and found is not None and found != made.sql:
            write_text(self.database, place.name, found)

    def make(self, number: int, place: Place, select: str) -> int:
        """A new table has its rows' numbers from 1 on."""
        self.ask(f"CREATE TABLE {self.own(number)} AS {select}")
        return int(self.ask(f"SELECT coalesce(max(rowid), 0) FROM {self.own(number)}")[0][0])

    def weigh(self, place: Place) -> int:
        pages, size = (int(self.ask(f"PRAGMA {name}")[0][0]) for name in ("page_count", "page_size"))
        return pages * size

    def measure(self, place: Place, columns: Sequence[str]) -> int:
        lengths = " + ".join(f"coalesce(length(CAST({quote(name)} AS BLOB)), 0)" for name in (*place.key, *columns))
        return int(self.ask(f"SELECT coalesce(sum({lengths} + 16), 0) FROM {place.sql}")[0][0])

    def bytes_of(self, number: int, rows: int) -> int:
        """By what some of its rows take: to count all pages takes as long as to write them."""
        own, names = (
            self.own(number),
            [row[0] for row in self.ask("SELECT name FROM pragma_table_info(?)", [data_table(number)])],
        )
        lengths = " + ".join(f"coalesce(length(CAST({quote(name)} AS BLOB)), 0)" for name in names) or "0"
        some = f"SELECT {lengths} + 8 AS size FROM {own} LIMIT 1000"
        return int(float(self.ask(f"SELECT coalesce(avg(size), 0) FROM ({some})")[0][0]) * rows)

    # -- rows whose key holds NULL, which most keys may: https://www.sqlite.org/lang_createtable.html#the_primary_key

    def _key(self, name: str, alias: str, place: Place) -> str:
        collation = place.collations.get(name)
        return super()._key(name, alias, place) + (f" COLLATE {quote(collation)}" if collation else "")

    def _keys(self, own: str, other: str, place: Place) -> str:
        keys = super()._keys(own, other, place)
        return f"({keys} OR {other}.{place.null_key} = {own}.r)" if place.null_key else keys

    def _both(self, place: Place) -> str:
        keys = super()._both(place)
        return f"({keys} OR x.r = t.r)" if place.null_key else keys

    def _kept_parts(self, place: Place, columns: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
        parts = super()._kept_parts(place, columns, others)
        if place.null_key:
            parts.append((f"CASE WHEN {self._has_null(place, 't')} THEN t.{place.null_key} END", "r"))
        return parts

    def _has_null(self, place: Place, alias: str) -> str:
        return "(" + " OR ".join(f"{alias}.{quote(name)} IS NULL" for name in place.key) + ")"

    def note_new(self, number: int, place: Place, column: str, others: Sequence[str]) -> int:
        self._add_rowids(number, place)
        return super().note_new(number, place, column, others)

    def sort(self, number: int, place: Place, others: Sequence[str | None], filled: str | None = None) -> None:
        """Rows whose key holds NULL are found by their other cells too, each of them once: a rowid may be another's."""
        names = {name for (name,) in self.ask("SELECT name FROM pragma_table_info(?)", [data_table(number)])}
        self._has_rest = f"p{MOST_CELLS}" in names
        self._add_rowids(number, place)
        if place.null_key:
            self._pair_null(number, place, self._prints_now(place, others))
        super().sort(number, place, others, filled)

    def is_written(self, own: str, place: Place, states: str, alias: str = "t") -> str:
        """SQLite makes an index of such a list, and of no EXISTS."""
        if place.key and place.null_key:
            return super().is_written(own, place, states, alias)
        cells = [self._key(name, alias, place) for name in place.key] or [f"{alias}.{place.row_id}"]
        kept = ", ".join(f"y.k{n}" for n in range(len(cells)))
        return f"({', '.join(cells)}) IN (SELECT {kept} FROM {own} AS y WHERE y.s IN {states})"

    def uniques(self, place: Place) -> list[Unique]:
        found: dict[str, list[tuple[str | None, str | None]]] = {}
        for index, column, collation in self.ask(_UNIQUES, [place.name]):
            found.setdefault(index, []).append((place.column(column) if column else None, collation))
        made = [tuple(zip(*parts)) for parts in found.values()]
        every = set(place.columns)
        return [Unique(columns, collations) for columns, collations in made if every.issuperset(columns)]

    def checks(self, place: Place) -> list[str]:
        made = self._definition(place.name)
        return [] if made is None else [check.expression for check in made.all("check") if check.expression]

    def compared(self, place: Place, column: str, cell: str, collation: str | None = None) -> str:
        return f"{cell} COLLATE {quote(collation)}" if collation else cell

    def are_numbers(self, number: int, place: Place, column: str) -> bool:
        cells = f"SELECT {quote(column)} AS n FROM {place.sql} UNION ALL SELECT v0 FROM {self.own(number)}"
        return not self.ask(f"SELECT 1 FROM ({cells}) WHERE n IS NOT NULL AND typeof(n) <> 'integer' LIMIT 1")

    def move_down(self, number: int, place: Place, column: str, by: int, states: str) -> None:
        """An INTEGER PRIMARY KEY is the rowid, and moves with it."""
        own, cell, rows = self.own(number), quote(column), f"SELECT k0 FROM {self.own(number)} WHERE s IN {states}"
        self.send(f"UPDATE {place.sql} SET {cell} = {cell} - {by} WHERE {place.row_id} IN ({rows})")
        if not self.ask(f"SELECT 1 FROM {place.sql} WHERE {place.row_id} IN ({rows}) LIMIT 1"):
            self.ask(f"UPDATE {own} SET k0 = k0 - {by} WHERE s IN {states}")

    def as_then(self, cell: str, now: str, then: str) -> str:
        return cell if affinity(now) == affinity(then) else _stored(cell, then)

    def is_still(self, number: int, place: Place, column: str) -> str:
        return self.same(f"t.{quote(column)}", _stored("x.n0", place.types.get(column, "")))

    def became(self, number: int, place: Place, column: str, kept: str = "n0") -> tuple[str, str]:
        became = _stored(kept, place.types.get(column, ""))
        return self.as_text(became), self.as_text(f"t.{quote(column)}")

    def _add_rowids(self, number: int, place: Place) -> None:
        """Where the key could hold no NULL when it was kept, no row needs one."""
        known = "SELECT 1 FROM pragma_table_info(?) WHERE name = 'r'"
        if place.null_key and not self.ask(known, [data_table(number)]):
            self.ask(f"ALTER TABLE {self.own(number)} ADD COLUMN r")

    def _pair_null(self, number: int, place: Place, prints: Sequence[tuple[int, str]]) -> None:
        own, rowid = self.own(number), place.null_key
        cells = [(f"k{n}", f"t.{quote(name)}") for n, name in enumerate(place.key)]
        cells += [(f"p{n}", text) for n, text in prints]
        names = ", ".join(name for name, _ in cells)
        alike = " AND ".join(f"a.{name} IS b.{name}" for name, _ in cells)
        now_there = ", ".join(f"{text} COLLATE BINARY AS {name}" for name, text in cells)
        nth = f"row_number() OVER (PARTITION BY {names} ORDER BY r) AS n"
        pairs = (
            f"(SELECT a.i, b.r FROM (SELECT rowid AS i, {names}, {nth} FROM {own} WHERE r IS NOT NULL) AS a "
            f"LEFT JOIN (SELECT *, {nth} FROM (SELECT t.{rowid} AS r, {now_there} FROM {place.sql} AS t "
            f"WHERE {self._has_null(place, 't')})) AS b ON {alike} AND a.n = b.n)"
        )
        self.update(own, {"r": "t.r"}, pairs, "x.rowid = t.i")

    # -- a whole table

    def definitions(self, place: Place) -> dict[str, Any]:
        catalog = read_catalog(self.database)
        entry = catalog.entry(place.name)
        hanging = [
            {"kind": other.kind, "name": other.name, "sql": other.sql}
            for other in catalog.of_table(place.name, "index", "trigger")
        ]
        return {"sql": entry.sql, "hanging": hanging, "mark": self._mark(catalog, place.name)}

    def moves_at_once(self, place: Place) -> bool:
        """What is in the attic refers to nothing, or rows that it refers to could not go any more."""
        made = self._definition(place.name)
        virtual = read_catalog(self.database).entry(place.name).is_virtual
        return not (virtual or made is None or made.all("references", "foreign key"))

    def move(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        """The table gets a name of pwmig's own, which costs nothing, and one like it stands in its place, empty.

        A virtual one, and one whose text has foreign keys, is copied.
        """
        entry = read_catalog(self.database).entry(place.name)
        if not self.moves_at_once(place):
            rowid = self._rowid(place) if self._definition(place.name) is not None else None
            self.ask(f"CREATE TABLE {self.own(number)} AS SELECT {f'{rowid}, ' if rowid else ''}* FROM {place.sql}")
            return
        for other in definitions["hanging"]:
            self.ask(f"DROP {str(other['kind']).upper()} {quote(str(other['name']))}")
        made = self._definition(place.name)
        if made is not None and unqualified(made) != made.sql:
            write_text(self.database, place.name, unqualified(made))
        legacy = self.ask("PRAGMA legacy_alter_table")[0][0]
        self.ask("PRAGMA legacy_alter_table = ON")
        try:
            self.ask(f"ALTER TABLE {place.sql} RENAME TO {self.own(number)}")
        finally:
            self.ask(f"PRAGMA legacy_alter_table = {'ON' if legacy else 'OFF'}")
        self.ask(entry.sql or "")

    def _mark(self, catalog: Catalog, table: str) -> int | None:
        if catalog.get("sqlite_sequence") is None:
            return None
        found = self.ask("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
        return int(found[0][0]) if found and found[0][0] is not None else None

    def insert_text(self, place: Place, names: str, own: str, missing: str, columns: Mapping[str, str]) -> str:
        """With the rowid that no column shows, where both tables have one."""
        rowid = self._rowid(place) if self._definition(place.name) is not None else None
        if rowid is not None:
            chosen = ", ".join(f"x.{quote(kept)}" for kept in columns.values())
            return f"INSERT INTO {place.sql} ({rowid}, {names}) SELECT x.{rowid}, {chosen} FROM {own} AS x{missing}"
        return super().insert_text(place, names, own, missing, columns)

    def _rowid(self, place: Place) -> str | None:
        """A name of the rowid of a table without key, which no column has taken."""
        return None if place.key else place.row_id or None

    def _definition(self, table: str) -> TableDef | None:
        found = self.ask("SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?", [table])
        try:
            return parse_create_table(found[0][0]) if found else None
        except DDLError:
            return None

    def after_rows(self, number: int, place: Place, definitions: Mapping[str, Any]) -> None:
        mark = definitions.get("mark")
        made = self._definition(place.name)
        if mark is None or made is None or not any(key.autoincrement for key in made.all("primary key")):
            return
        found = self.ask("SELECT seq FROM sqlite_sequence WHERE name = ?", [place.name])
        if not found:
            self.ask("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [place.name, mark])
        elif int(found[0][0] or 0) < mark:
            self.ask("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", [mark, place.name])

    def again(self, place: Place, definitions: Mapping[str, Any]) -> list[str]:
        catalog = read_catalog(self.database)
        missing = [one for one in definitions.get("hanging", ()) if catalog.get(one["name"]) is None]
        return [one["sql"] for one in missing]

    def quiet(self, place: Place) -> Quiet:
        return _NoTriggers(self, place)


class _NoTriggers(Quiet):
    """The table's triggers are dropped for a moment, and made again in their letters and their order."""

    def __init__(self, shelf: SqliteShelf, place: Place) -> None:
        self.shelf, self.place = shelf, place
        self.texts: list[tuple[str, str]] = []
        self.temporary: list[tuple[str, str]] = []

    def begin(self) -> None:
        named = "SELECT name, sql FROM {} WHERE type = 'trigger' AND lower(tbl_name) = lower(?) ORDER BY rowid"
        self.texts = self.shelf.ask(named.format("main.sqlite_master"), [self.place.name])
        self.temporary = self.shelf.ask(named.format("sqlite_temp_master"), [self.place.name])
        for name, _ in self.texts:
            self.shelf.ask(f"DROP TRIGGER main.{quote(name)}")
        for name, _ in self.temporary:
            self.shelf.ask(f"DROP TRIGGER temp.{quote(name)}")

    def end(self) -> None:
        for _, sql in self.texts:
            self.shelf.ask(sql)
        for _, sql in self.temporary:
            self.shelf.ask("CREATE TEMP" + sql.removeprefix("CREATE"))


def _rest(cells: Sequence[str], told: Sequence[str]) -> str:
    """One text of several cells; a single one as it is ``told``. Literals, as SQLite calls a function for each row."""
    if len(cells) == 1:
        return told[0]
    return " || '|' || ".join(f"ifnull(substr({cell}, 1, {_LONGEST_OF_REST}), '~')" for cell in cells[:_MOST_OF_REST])


def _stored(cell: str, type_: str) -> str:
    """A cell as a column of this type would store it (https://www.sqlite.org/datatype3.html#type_affinity)."""
    number, kind = f"CAST({cell} AS NUMERIC)", affinity(type_)
    if kind == "TEXT":
        return f"CASE WHEN typeof({cell}) IN ('integer', 'real') THEN CAST({cell} AS TEXT) ELSE {cell} END"
    if kind == "BLOB":
        return cell
    told = f"CASE WHEN typeof({cell}) = 'text' AND CAST({number} AS TEXT) = {cell} THEN {number} ELSE {cell} END"
    if kind == "REAL":
        return f"CASE typeof({told}) WHEN 'integer' THEN CAST({told} AS REAL) ELSE {told} END"
    whole = f"CAST({told} AS INTEGER)"
    return f"CASE WHEN typeof({told}) = 'real' AND {whole} = {told} THEN {whole} ELSE {told} END"


def _is_short(type_: str) -> bool:
    """Whether a cell of that type is kept as it is: a number, or a text with a length that is not large."""
    words = type_.upper()
    if "INT" in words or (words and not any(word in words for word in ("CHAR", "CLOB", "TEXT", "BLOB"))):
        return True
    digits = "".join(letter for letter in words if letter.isdigit())
    return bool(digits) and int(digits) <= _LONGEST_SIZED
