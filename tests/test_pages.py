"""A page of rows: sorted, filtered and cut by the database, typed by a person, stopped in time."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import CREATE_PLAYER, open_project, sql_migration
from strategies import HOSTILE_NAMES, names, quoted, scripts

from pwmig.dialects.sqlite.dialect import SqliteDialect
from pwmig.dialects.sqlite.seeing import pages
from pwmig.dialects.sqlite.seeing import rows as rows_module
from pwmig.dialects.sqlite.seeing.cells import CutText
from pwmig.dialects.sqlite.seeing.introspect import introspect
from pwmig.errors import PwmigError
from pwmig.project import Project
from pwmig.schema import OPERATORS, Condition, Page, Query, Table


class Data:
    """A database in memory with some statements run."""

    def __init__(self, *statements: str) -> None:
        self.connection = sqlite3.connect(":memory:")
        for statement in statements:
            self.connection.executescript(statement)

    def execute(self, sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, params).fetchall()

    def table(self, name: str = "t") -> Table:
        found = introspect(self.execute).table(name) or pages.view(self.connection, name)
        assert found is not None
        return found

    def page(self, name: str = "t", *, deadline_s: float = 60, **asked: Any) -> Page:
        return pages.page(self.connection, self.table(name), Query(**asked), deadline_s=deadline_s)

    def ids(self, *conditions: tuple[str, ...], **asked: Any) -> list[Any]:
        """The first cells of the page's rows."""
        where = tuple(Condition(*condition) for condition in conditions)
        return [row[0] for row in self.page(where=where, **asked).rows.rows]


def numbers(count: int) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "


def filled(count: int) -> str:
    """Rows 1 to ``count``: ``a`` counts down, ``b`` is 0, 1 or 2, and only ``a`` has an index."""
    return (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, name TEXT); CREATE INDEX t_a ON t (a); "
        f"INSERT INTO t {numbers(count)} SELECT i, -i, i % 3, 'name ' || i FROM n"
    )


# -- paging


@pytest.mark.parametrize(
    ("asked", "ids", "more"),
    [
        ({}, list(range(1, 21)), True),
        ({"page": 2, "size": 3}, [4, 5, 6], True),
        ({"page": 9, "size": 3}, [25], False),
        ({"page": 5, "size": 5}, [21, 22, 23, 24, 25], False),
        ({"descending": True, "size": 2}, [25, 24], True),
        ({"order_by": "a", "size": 2}, [25, 24], True),
        ({"order_by": "A", "descending": True, "size": 2}, [1, 2], True),
        ({"order_by": "b", "size": 9}, [3, 6, 9, 12, 15, 18, 21, 24, 1], True),
        ({"order_by": "b", "descending": True, "size": 2}, [23, 20], True),
        ({"size": 1_000}, list(range(1, 26)), False),
    ],
)
def test_a_page_is_a_part_of_the_order_and_says_whether_more_follows(
    asked: dict[str, Any], ids: list[int], more: bool
) -> None:
    page = Data(filled(25)).page(**asked)
    assert ([row[0] for row in page.rows.rows], page.more) == (ids, more)
    assert (page.query, page.matching, page.matching_exact) == (Query(**asked), 25, True)
    assert (page.rows.row_count, page.rows.count_exact, page.rows.key) == (25, True, ("id",))


TABLES = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)",
    "CREATE TABLE t (a, b)",
    "CREATE TABLE t (a TEXT, b, PRIMARY KEY (a))",
    "CREATE TABLE t (a TEXT COLLATE NOCASE, b INTEGER, PRIMARY KEY (b DESC, a)) WITHOUT ROWID",
    "CREATE TABLE t (rowid, a, b)",
    "CREATE TABLE t (rowid, oid, _rowid_, a, b)",
)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order_by", [None, "a", "b"])
@given(st.integers(1, 7), st.integers(1, 9))
def test_the_pages_together_are_the_table_each_row_once(
    table: str, descending: bool, order_by: str | None, size: int, count: int
) -> None:
    data = Data(table, f"INSERT INTO t (a, b) {numbers(count)} SELECT 'x' || i, i % 2 FROM n")
    seen: list[tuple[Any, ...]] = []
    for number in range(1, 99):
        page = data.page(page=number, size=size, order_by=order_by, descending=descending)
        seen += page.rows.rows
        if not page.more:
            break
    whole = data.page(size=1_000, order_by=order_by, descending=descending).rows
    assert tuple(seen) == whole.rows and len(seen) == count
    if order_by:
        values = [row[whole.columns.index(order_by)] for row in seen]
        assert values == sorted(values, reverse=descending)


def test_rows_that_have_null_for_a_key_are_told_apart_by_their_rowid() -> None:
    data = Data("CREATE TABLE t (a TEXT PRIMARY KEY, b); INSERT INTO t VALUES (NULL, 1), (NULL, 2), ('x', 3)")
    pairs = [data.page(page=number, size=1).rows.rows for number in (1, 2, 3)]
    assert pairs == [((None, 1),), ((None, 2),), (("x", 3),)]


def test_a_table_without_key_shows_its_rowid_and_is_sorted_and_filtered_by_it() -> None:
    data = Data("CREATE TABLE t (a); INSERT INTO t VALUES ('x'), ('y'), ('z')")
    page = data.page(order_by="rowid", descending=True, where=(Condition("rowid", "<", "3"),))
    assert (page.rows.columns, page.rows.rows) == (("rowid", "a"), ((2, "y"), (1, "x")))


def test_large_cells_are_cut_as_in_samples() -> None:
    data = Data("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
    data.execute("INSERT INTO t VALUES (1, ?)", ("x" * 1_000_000,))
    assert type(data.page(where=(Condition("a", "begins with", "x"),)).rows.rows[0][1]) is CutText


def test_a_text_that_is_no_utf8_is_shown_with_its_bytes_escaped() -> None:
    data = Data("CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, CAST(x'ff41' AS TEXT))")
    assert data.page().rows.rows == ((1, "\\xffA"),)


# -- conditions

VALUES: tuple[Any, ...] = (
    *(None, 0, 5, 10, -3, 2.5, 1e300, 2**62, "", "5", "10", "abc", "ABC", "Abcd", "a%c", "a_c", "a\\c", "é", "É"),
    *("2019-12-31", "2020-01-01", "nul\0inside", "'; DROP TABLE t; --", b"", b"abc", b"5", "\U0001f600", " 5 "),
)
TYPED = ("5", "05", "5.0", "abc", "%", "_", "\\", "", "2020", "2020-01-01", "é", "inside", "'", "-3", "1e300", " 5 ")


def stored(kind: str) -> list[Any]:
    """The values as a column of that declaration keeps them, NULL and all."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, a {kind})")
    connection.executemany("INSERT INTO t (a) VALUES (?)", [(value,) for value in VALUES])
    return [row[0] for row in connection.execute("SELECT a FROM t ORDER BY id")]


def ascii_lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def meets(cell: Any, operator: str, typed: str, kind: str) -> bool:
    """The law in Python: a number meets numbers, a text meets texts."""
    if operator in ("is NULL", "is not NULL"):
        return (cell is None) == (operator == "is NULL")
    if cell is None:
        return False
    if operator in ("contains", "begins with"):
        if isinstance(cell, bytes):
            return False
        text, part = ascii_lower(str(cell)), ascii_lower(typed)
        return part in text if operator == "contains" else text.startswith(part)
    try:
        number = float(typed) if kind != "TEXT" else None
    except ValueError:
        number = None
    if isinstance(cell, bytes):
        return operator == "<>"
    if isinstance(cell, str):
        other: Any = typed if number is None or kind in ("", "DATE") else None
    else:
        other = number
    if other is None:
        return operator == "<>"
    tests = {"=": cell == other, "<>": cell != other, "<": cell < other, "<=": cell <= other}
    return tests.get(operator, {">": cell > other, ">=": cell >= other}.get(operator, False))


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("kind", ["", "TEXT", "INTEGER", "REAL", "DATE"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_a_condition_finds_what_a_person_means(operator: str, kind: str, indexed: bool) -> None:
    data = Data(f"CREATE TABLE t (id INTEGER PRIMARY KEY, a {kind})", *(["CREATE INDEX i ON t (a)"] if indexed else []))
    data.connection.executemany("INSERT INTO t (a) VALUES (?)", [(value,) for value in VALUES])
    cells = stored(kind)
    for typed in TYPED:
        expected = [number for number, cell in enumerate(cells, 1) if meets(cell, operator, typed, kind)]
        assert data.ids(("a", operator, typed), size=100) == expected, typed
        page = data.page(where=(Condition("a", operator, typed),), size=1)
        assert (page.matching, page.matching_exact, page.more) == (len(expected), True, len(expected) > 1)


@given(st.text(max_size=5), st.text(max_size=5))
def test_a_typed_text_is_found_as_it_is_written(inside: str, around: str) -> None:
    data = Data("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")
    try:
        data.execute("INSERT INTO t (a) VALUES (?)", (around + inside + around,))
    except UnicodeEncodeError:  # half a letter can't be stored
        return
    assert data.ids(("a", "contains", inside)) == [1]
    assert data.ids(("a", "begins with", around + inside)) == [1]
    assert data.ids(("a", "=", around + inside + around)) == [1]


def test_all_conditions_hold() -> None:
    data = Data(filled(30))
    assert data.ids(("b", "=", "1"), ("id", ">", "10"), ("name", "contains", "2")) == [22, 25, 28]


@pytest.mark.parametrize("operator", OPERATORS)
@given(names(), st.text(max_size=9))
def test_names_and_values_are_never_sql(operator: str, name: str, typed: str) -> None:
    data = Data(f"CREATE TABLE {quoted(name)} ({quoted(name)})")
    data.execute(f"INSERT INTO {quoted(name)} VALUES (1)")
    try:
        data.page(name, where=(Condition(name, operator, typed),), order_by=name)
    except UnicodeEncodeError:  # half a letter
        return
    assert data.execute(f"SELECT count(*) FROM {quoted(name)}") == [(1,)]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_looked_at_like_others(name: str) -> None:
    data = Data(f"CREATE TABLE {quoted(name)} (a, {quoted(name)}); INSERT INTO {quoted(name)} VALUES (1, 2), (3, 4)")
    page = data.page(name, where=(Condition(name, ">", "3"),), order_by=name, descending=True)
    assert page.rows.rows == ((2, 3, 4),)


@given(scripts())
def test_any_table_has_a_first_page_by_any_column(script: tuple[str, ...]) -> None:
    data = Data(*script)
    for table in introspect(data.execute).tables:
        for column in (None, *table.column_names):
            page = pages.page(data.connection, table, Query(order_by=column), deadline_s=60)
            assert (page.rows.rows, page.matching, page.more) == ((), 0, False)


# -- what can't be asked


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"order_by": "nothing"}, "no column 'nothing' to sort by.*columns are id, a, b, name"),
        ({"where": (Condition("nothing", "="),)}, "no column 'nothing' to filter by.*columns are id, a, b, name"),
        ({"where": (Condition("a", "LIKE", "x"),)}, "'LIKE' is no condition.*contains"),
        ({"page": 0}, "no page 0.*count from 1"),
        ({"page": -1}, "no page -1"),
        ({"page": "2"}, "no page '2'"),
        ({"page": 10**18}, "no page 1000000000000000000"),
        ({"page": 3}, "no page 3 of 20 rows.*25 rows are there.*ask for page 2"),
        ({"size": 0}, "can't have 0 rows"),
        ({"size": 1_001}, "can't have 1001 rows.*no more than 1,000"),
    ],
)
def test_what_cannot_be_asked_is_said_with_a_way_out(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(PwmigError, match=f"(?s){says}") as caught:
        Data(filled(25)).page(**asked)
    assert caught.value.why and caught.value.way_out


# -- views


def test_a_view_is_looked_at_as_a_table_without_key() -> None:
    data = Data(filled(30), 'CREATE VIEW Even AS SELECT id, name AS "the name" FROM t WHERE id % 2 = 0')
    page = data.page("even", order_by="the name", size=2, where=(Condition("the name", "contains", "1"),))
    assert (page.rows.table, page.rows.columns, page.rows.key) == ("Even", ("id", "the name"), ())
    assert (page.rows.rows, page.rows.row_count, page.matching) == (((10, "name 10"), (12, "name 12")), 15, 5)


def test_a_view_of_what_is_gone_says_so() -> None:
    data = Data("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; DROP TABLE t")
    with pytest.raises(PwmigError, match=r"v can't be read\nwhy: SQLite says: .*no such table.*t"):
        data.page("v")


# -- cost


def steps_of(count: int, **asked: Any) -> int:
    """How many thousands of SQLite's own steps a page takes on a table with ``count`` rows."""
    data, steps = Data(filled(count)), [0]
    table = data.table()
    connection = _Counted(data.connection, steps)
    pages.page(connection, table, Query(**asked), deadline_s=60)  # type: ignore[arg-type]
    return steps[0]


class _Counted:
    """A connection whose progress handler is a counter of its own."""

    def __init__(self, connection: sqlite3.Connection, steps: list[int]) -> None:
        self._connection, self._steps = connection, steps
        connection.set_progress_handler(self._count, 100)

    def _count(self) -> int:
        self._steps[0] += 1
        return 0

    def set_progress_handler(self, *_: object) -> None:
        """The counter stays."""

    def execute(self, sql: str, params: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, params)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"descending": True},
        {"order_by": "a"},
        {"order_by": "a", "descending": True},
        {"where": (Condition("a", "<", "-5"),), "order_by": "a"},
        {"where": (Condition("a", "=", "-50"),)},
        {"where": (Condition("id", ">=", "7"),)},
    ],
)
def test_the_cost_of_a_first_page_by_key_or_index_does_not_grow(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "COUNT_LIMIT", 100)
    assert steps_of(20_000, **asked) <= steps_of(2_000, **asked) + 2


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ("", (20_000, False)),
        ("DELETE FROM t WHERE id % 2", (10_000, False)),
        ("UPDATE t SET id = 1000000000 WHERE id = 20000", (1_000_000_000, False)),
        ("DELETE FROM t WHERE id > 90; UPDATE t SET id = id * 1000000", (90, True)),
        ("DELETE FROM t WHERE id > 90; UPDATE t SET id = id + 1000000000 WHERE id > 50", (90, True)),
    ],
)
def test_of_a_large_table_the_rows_are_estimated_without_counting(
    change: str, count: tuple[int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "COUNT_LIMIT", 100)
    found = Data(filled(20_000), change).page().rows
    assert found.count_exact == count[1] and abs(found.row_count - count[0]) <= count[0] / 50


def test_matching_rows_are_counted_up_to_the_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "COUNT_LIMIT", 8)
    data = Data(filled(30))
    page = data.page(size=2, where=(Condition("b", "=", "1"),))
    assert (page.matching, page.matching_exact, page.rows.row_count, page.rows.count_exact) == (8, False, 30, False)
    page = data.page(size=2, page=5, where=(Condition("b", "=", "1"),))
    assert (page.matching, page.matching_exact, page.more) == (10, True, False)
    page = data.page(size=4, page=2, where=(Condition("b", "<>", "1"),))
    assert (page.matching, page.matching_exact) == (9, False), "no less than what was seen"


def test_counting_ends_after_so_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_COUNT_STEPS", 20_000)
    data = Data(filled(30_000))
    page = data.page(size=2, where=(Condition("name", "contains", "99"),))
    assert (page.matching, page.matching_exact, page.more) == (3, False, True), "two are shown, and one follows"


def test_at_the_deadline_the_database_is_stopped() -> None:
    data = Data(filled(20_000))
    with pytest.raises(PwmigError, match="more than 0 s, and was stopped") as caught:
        data.page(order_by="name", where=(Condition("b", ">", "7"), Condition("a", "<", "0")), deadline_s=0)
    assert "no index leads to name, b, so" in caught.value.why and "index" in caught.value.way_out
    assert data.page().rows.row_count == 20_000, "the connection is as it was"


# -- through a project

FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Euwe'), ('Spassky')")
VIEW = sql_migration("CREATE VIEW champion AS SELECT name FROM player WHERE id < 3")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fill": FILL, "view": VIEW})
    made.apply()
    return made


def test_a_project_gives_pages_of_its_tables_and_views(project: Project) -> None:
    page = project.page("PLAYER", Query(order_by="name", size=2))
    assert page.rows.rows == ((2, "Euwe"), (3, "Spassky")) and page.more
    assert project.page("champion").rows.rows == (("Tal",), ("Euwe",))


def test_a_project_says_what_it_has_where_there_is_no_such_table(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PwmigError, match=r"no table or view 'coach'.*\nwhy: it has the tables player"):
        project.page("coach")
    with pytest.raises(PwmigError, match="no table or view 'player'"):
        open_project(tmp_path / "empty").page("player")
    assert not (tmp_path / "empty" / "db" / "app.sqlite").exists(), "looking makes no file"


def test_a_page_is_read_while_another_program_writes(project: Project, tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "db" / "app.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM player")
    assert project.page("player").rows.row_count == 3
    writer.execute("ROLLBACK")
    writer.close()


def test_a_page_of_a_database_in_memory() -> None:
    database = peewee.SqliteDatabase(":memory:")
    database.execute_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    database.execute_sql("INSERT INTO t VALUES (1)")
    room = SqliteDialect()
    table = room.introspect(database).tables[0]
    assert room.page(database, table, Query(), deadline_s=60).rows.rows == ((1,),)
    database.close()
