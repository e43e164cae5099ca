"""Sample rows: by key, those asked for first, the same every time, at a cost that the table's size does not change."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from strategies import HOSTILE_NAMES, quoted, scripts

from pwmig.dialects.sqlite.seeing import rows as rows_module
from pwmig.dialects.sqlite.seeing.cells import BLOB_LIMIT, TEXT_LIMIT
from pwmig.dialects.sqlite.seeing.introspect import introspect
from pwmig.dialects.sqlite.seeing.rows import CutBytes, CutText, keys_after, max_rowid, row_count, sample, touched_keys
from pwmig.schema import Rows, Table


class Data:
    """A database in memory with some statements run."""

    def __init__(self, *statements: str) -> None:
        self.connection = sqlite3.connect(":memory:")
        for statement in statements:
            self.connection.executescript(statement)

    def execute(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, params).fetchall()

    def table(self, name: str = "t") -> Table:
        found = introspect(self.execute).table(name)
        assert found is not None
        return found

    def sample(self, limit: int = 10, keys: tuple[tuple[Any, ...], ...] = (), name: str = "t") -> Rows:
        return sample(self.execute, self.table(name), limit=limit, keys=keys)


def numbers(count: int) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "


TEN = "CREATE TABLE t (id INTEGER PRIMARY KEY, a);" + "INSERT INTO t " + numbers(10) + "SELECT i, 'a' || i FROM n"


@pytest.mark.parametrize(
    ("limit", "keys", "ids"),
    [
        (3, (), [1, 2, 3]),
        (3, ((7,),), [7, 1, 2]),
        (3, ((2,), (1,)), [2, 1, 3]),
        (2, ((9,), (8,), (7,)), [9, 8]),
        (3, ((99,), (5,)), [5, 1, 2]),
        (3, ((5,), (5,)), [5, 1, 2]),
        (3, (("5",),), [5, 1, 2]),
        (3, ((5, 6), ()), [1, 2, 3]),
        (99, ((10,),), [10, *range(1, 10)]),
        (0, ((1,),), []),
        (-1, (), []),
    ],
)
def test_the_keys_asked_for_come_first_then_the_start(limit: int, keys: tuple[Any, ...], ids: list[int]) -> None:
    found = Data(TEN).sample(limit, keys)
    assert [row[0] for row in found.rows] == ids
    assert (found.columns, found.key, found.row_count, found.count_exact) == (("id", "a"), ("id",), 10, True)


def test_a_table_without_key_is_known_by_its_rowid() -> None:
    found = Data("CREATE TABLE t (a); INSERT INTO t VALUES ('x'), ('y')").sample(keys=((2,),))
    assert found == Rows("t", ("rowid", "a"), ("rowid",), ((2, "y"), (1, "x")), 2)


def test_columns_that_took_the_rowids_names_leave_it_another_or_none() -> None:
    found = Data("CREATE TABLE t (RowId, oid); INSERT INTO t VALUES ('x', 'y')").sample()
    assert (found.columns, found.rows) == (("_rowid_", "RowId", "oid"), ((1, "x", "y"),))
    data = Data("CREATE TABLE t (rowid, oid, _rowid_); INSERT INTO t VALUES (1, 2, 3), (1, 2, 3)")
    assert data.sample() == Rows("t", ("rowid", "oid", "_rowid_"), (), ((1, 2, 3), (1, 2, 3)), 2)
    assert max_rowid(data.execute, data.table()) is None


@pytest.mark.parametrize("options", ["", "WITHOUT ROWID"])
def test_a_composite_key_in_the_order_of_its_index(options: str) -> None:
    data = Data(
        f"CREATE TABLE t (a, b INT NOT NULL, c TEXT COLLATE NOCASE NOT NULL, PRIMARY KEY (c, b DESC)) {options}",
        "INSERT INTO t VALUES (1, 1, 'B'), (2, 2, 'b'), (3, 1, 'a')",
    )
    found = data.sample(keys=(("b", 1),))
    assert (found.key, [row[0] for row in found.rows]) == (("c", "b"), [1, 3, 2])
    plan = data.execute("EXPLAIN QUERY PLAN SELECT * FROM t ORDER BY c, b DESC LIMIT 1")
    assert "TEMP B-TREE" not in str(plan)


def test_a_key_that_may_be_null_is_found_all_the_same() -> None:
    data = Data("CREATE TABLE t (a TEXT PRIMARY KEY, b); INSERT INTO t VALUES (NULL, 1), ('x', 2)")
    assert data.sample(keys=((None,),)).rows[0] == (None, 1)


VALUES = [None, 0, -(2**63), 1.5, "", "text", "nul\0inside", "'quoted'", b"", b"\0\xff", "é" * 9_999, b"x" * BLOB_LIMIT]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_a_cell_is_what_was_stored(value: Any) -> None:
    data = Data("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
    data.execute("INSERT INTO t VALUES (1, ?)", (value,))
    ((_, found),) = data.sample().rows
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
@pytest.mark.parametrize(
    ("value", "kind"), [("a" * 10_000_000, CutText), ("é" * 20_001, CutText), (b"a" * (BLOB_LIMIT + 1), CutBytes)]
)
def test_a_long_cell_is_cut_and_says_so(value: Any, kind: type, encoding: str) -> None:
    data = Data(f"PRAGMA encoding = '{encoding}'; CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
    data.execute("INSERT INTO t VALUES (1, ?)", (value,))
    ((_, found),) = data.sample().rows
    assert type(found) is kind
    assert 0 < len(found) <= TEXT_LIMIT and value.startswith(found)
    assert type(pickle.loads(pickle.dumps(found))) is kind


def test_a_text_that_is_no_utf8_is_shown_with_its_bytes_escaped() -> None:
    data = Data("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES (1, CAST(x'ff41' AS TEXT), x'ff')")
    data.execute("INSERT INTO t VALUES (2, '', ?)", ("é" * 20_000,))
    assert data.sample().rows == ((1, "\\xffA", b"\xff"), (2, "", "é" * (TEXT_LIMIT // 2)))
    assert type(data.sample().rows[1][2]) is CutText


def test_declared_types_do_not_change_what_is_read() -> None:
    connection = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)
    connection.execute("CREATE TABLE t (day DATE PRIMARY KEY, at TIMESTAMP)")
    connection.execute("INSERT INTO t VALUES ('2026-11-22', 'not a time')")

    def execute(sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return connection.execute(sql, params).fetchall()

    table = introspect(execute).tables[0]
    assert sample(execute, table, limit=1).rows == (("2026-11-22", "not a time"),)
    assert touched_keys(execute, table, "DELETE FROM t", (), 5) == (("2026-11-22",),)
    assert keys_after(execute, table, 0, 5) == (("2026-11-22",),)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names(name: str) -> None:
    data = Data(
        f"CREATE TABLE {quoted(name)} ({quoted(name)} PRIMARY KEY, b); INSERT INTO {quoted(name)} VALUES (1, 2)"
    )
    assert data.sample(keys=((1,),), name=name).rows == ((1, 2),)
    assert touched_keys(data.execute, data.table(name), f"DELETE FROM {quoted(name)}", (), 5) == ((1,),)


@given(scripts())
def test_any_table_can_be_sampled(script: tuple[str, ...]) -> None:
    data = Data(*script)
    for table in introspect(data.execute).tables:
        found = sample(data.execute, table, limit=5)
        assert (found.rows, found.row_count, found.columns[-len(table.columns) :]) == ((), 0, table.column_names)


def test_a_virtual_table_can_be_sampled() -> None:
    try:
        data = Data("CREATE VIRTUAL TABLE t USING fts5(body); INSERT INTO t VALUES ('x'), ('y')")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no fts5")
    assert data.sample(1, ((2,),)).rows == ((2, "y"),)


# -- counting


def test_many_rows_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "COUNT_LIMIT", 5)
    data = Data(TEN)
    assert row_count(data.execute, data.table()) == (10, False), "the span of the rowids"
    data.execute("UPDATE t SET id = 1000 WHERE id = 10")
    assert row_count(data.execute, data.table()) == (1000, False), "gaps count as rows"
    data.execute("CREATE INDEX i ON t (a)")
    data.execute("ANALYZE")
    assert row_count(data.execute, data.table()) == (10, False), "what ANALYZE counted is nearer"
    data.execute("UPDATE sqlite_stat1 SET stat = 'nonsense'")
    assert row_count(data.execute, data.table()) == (1000, False)


@pytest.mark.parametrize(("rows", "found"), [(5, (5, True)), (6, (6, False))])
def test_up_to_the_limit_rows_are_counted(rows: int, found: tuple[int, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "COUNT_LIMIT", 5)
    data = Data("CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID; INSERT INTO t " + numbers(rows) + "SELECT i FROM n")
    assert row_count(data.execute, data.table()) == found


def steps_of(count: int, work: Callable[[Data], object]) -> int:
    """How many thousands of SQLite's own steps the work takes on a table with ``count`` rows."""
    data = Data("CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t " + numbers(count) + "SELECT i, i FROM n")
    steps = [0]

    def counted() -> int:
        steps[0] += 1
        return 0

    table = data.table()
    assert table.name == "t"
    data.connection.set_progress_handler(counted, 100)
    work(data)
    return steps[0]


def test_the_cost_does_not_grow_with_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "COUNT_LIMIT", 100)

    def look(data: Data) -> None:
        data.sample(20, ((150,), (3,)))
        table = data.table()
        keys_after(data.execute, table, max_rowid(data.execute, table), 20)
        touched_keys(data.execute, table, "UPDATE t SET a = 1", (), 20)

    assert steps_of(20_000, look) <= steps_of(200, look) + 2


# -- keys about to be touched

PLAYERS = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);"
    + "INSERT INTO t "
    + numbers(10)
    + "SELECT i, 'a' || i, i % 2 FROM n;"
    "CREATE TABLE other (id, a); INSERT INTO other VALUES (1, 5), (2, 6)"
)
STATEMENTS: list[tuple[str, tuple[Any, ...]]] = [
    ("UPDATE t SET a = 'x' WHERE id = 3", ()),
    ('UPDATE "t" SET "a" = ? WHERE ("t"."id" IN (?, ?))', ("x", 4, 5)),
    ("UPDATE T SET a = (SELECT max(a) FROM other WHERE id > ?), b = ? WHERE id > ? AND b = ?", (0, "?", 3, 1)),
    ("update or replace main.t set a = '? where' where b = 0", ()),
    ("UPDATE t AS x SET a = 1 WHERE x.id < 4 AND EXISTS (SELECT 1 FROM other WHERE other.id = x.id)", ()),
    ("UPDATE t SET a = b IS NOT DISTINCT FROM 1 WHERE b IS DISTINCT FROM 1", ()),
    ("UPDATE [t] SET a = 1 /* WHERE id = 1 */ WHERE id = 2 -- end", ()),
    ("UPDATE t SET a = 1 WHERE id = 2 RETURNING id, (SELECT ?)", (1,)),
    ("DELETE FROM t WHERE a IN (SELECT 'a' || a FROM other)", ()),
    ("DELETE FROM `t` WHERE id BETWEEN ? AND ?;", (2, 4)),
    ("DELETE FROM t", ()),
    ("UPDATE t SET a = ?", (1,)),
    ("DELETE FROM t WHERE id = 99", ()),
]


@pytest.mark.parametrize(("sql", "params"), STATEMENTS)
def test_the_keys_foretold_are_those_that_the_statement_hits(sql: str, params: tuple[Any, ...]) -> None:
    data = Data(PLAYERS)
    foretold = touched_keys(data.execute, data.table(), sql, params, 100)
    data.execute("CREATE TEMP TABLE hit (id)")
    for event, row in (("UPDATE", "NEW"), ("DELETE", "OLD")):
        data.execute(f"CREATE TEMP TRIGGER hit_{event} AFTER {event} ON t BEGIN INSERT INTO hit VALUES ({row}.id); END")
    data.execute(sql, params)
    assert sorted(foretold) == sorted(data.execute("SELECT id FROM hit"))
    assert len(touched_keys(data.execute, data.table(), sql, params, 1)) <= 1


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("UPDATE t SET a = o.a FROM other AS o WHERE o.id = t.id", ()),
        ("WITH x AS (SELECT 1) DELETE FROM t", ()),
        ("DELETE FROM t WHERE id = ?1", (1,)),
        ("DELETE FROM t WHERE id = :id", (1,)),
        ("DELETE FROM t WHERE id = ?", ()),
        ("DELETE FROM t WHERE nothing()", ()),
        ("DELETE FROM other", ()),
        ("DELETE FROM temp.t", ()),
        ("INSERT INTO t VALUES (1)", ()),
        ("SELECT * FROM t", ()),
        ("DELETE", ()),
        ("UPDATE", ()),
        ("", ()),
        ("'", ()),
        ("DELETE FROM t WHERE (", ()),
    ],
)
def test_what_cannot_be_told_is_no_error(sql: str, params: tuple[Any, ...]) -> None:
    data = Data(PLAYERS)
    assert touched_keys(data.execute, data.table(), sql, params, 10) == ()


def test_rows_inserted_since_are_found_by_their_rowid() -> None:
    data = Data(TEN, "CREATE TABLE r (name TEXT PRIMARY KEY); INSERT INTO r VALUES ('a')")
    table, other = data.table(), data.table("r")
    before, other_before = max_rowid(data.execute, table), max_rowid(data.execute, other)
    data.connection.executescript("INSERT INTO t VALUES (20, 'x'), (19, 'y'), (30, 'z'); INSERT INTO r VALUES ('b')")
    assert (before, other_before) == (10, 1)
    assert keys_after(data.execute, table, before, 2) == ((19,), (20,))
    assert keys_after(data.execute, other, other_before, 5) == (("b",),)
    assert keys_after(data.execute, table, None, 5) == ()


def test_an_empty_table_begins_at_zero_and_one_without_rowid_nowhere() -> None:
    data = Data("CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE w (a PRIMARY KEY) WITHOUT ROWID")
    assert (max_rowid(data.execute, data.table()), max_rowid(data.execute, data.table("w"))) == (0, None)
    assert keys_after(data.execute, data.table("w"), 0, 5) == ()


@pytest.mark.parametrize(("file", "name"), [("footballers_cc0.sqlite", "player"), ("chinook.sqlite", "Track")])
def test_real_rows(real_data: Callable[[str], Path], file: str, name: str) -> None:
    connection = sqlite3.connect(f"{real_data(file).as_uri()}?mode=ro", uri=True)

    def execute(sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return connection.execute(sql, params).fetchall()

    table = introspect(execute, [name]).tables[0]
    found = sample(execute, table, limit=7, keys=((100,),))
    assert found.row_keys()[0] == (100,) and len(set(found.row_keys())) == 7
    assert (found.row_count, found.count_exact) == (execute(f"SELECT count(*) FROM {quoted(name)}")[0][0], True)
    assert set(found.rows) <= set(execute(f"SELECT * FROM {quoted(name)}"))
