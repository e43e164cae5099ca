"""Rows of servers: sampled by key, paged and filtered by the database, counted before and after."""

from __future__ import annotations

import os
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from projects import HEAD, sql_migration
from server_projects import Place, place, place_on

from pwmig.dialects import dialect_of
from pwmig.dialects.cells import BLOB_LIMIT, TEXT_LIMIT, CutBytes, CutText
from pwmig.dialects.server.foresight import Foresight
from pwmig.dialects.server.tokens import MYSQL, POSTGRESQL
from pwmig.dialects.server.turn import ends_transaction
from pwmig.errors import PwmigError
from pwmig.project import Project
from pwmig.schema import Condition, Query, Table

__all__ = ["place"]


def open_project(place: Place, root: Path) -> Project:
    return Project(database=place.server.database(place.name), migrations=root)


def fill(place: Place, count: int = 30) -> None:
    place.run(
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(40), rating NUMERIC(8,2), born DATE, "
        f"photo {'BYTEA' if place.transactional else 'BLOB'})"
    )
    rows = (f"({n}, 'Player {n % 7}', {n}.5, '2000-01-{n % 28 + 1:02}', NULL)" for n in range(1, count + 1))
    place.run(f"INSERT INTO player VALUES {', '.join(rows)}")
    place.run("INSERT INTO player VALUES (1000, NULL, NULL, NULL, NULL), (1001, '50%_x\\\\', 0, '1999-12-31', NULL)")


def table_of(place: Place, name: str) -> Table:
    found = dialect_of(place.database).introspect(place.database, [name]).table(name)
    assert found is not None
    return found


def ids(rows: Any) -> list[Any]:
    return [row[0] for row in rows.rows]


def test_a_sample_has_the_keys_asked_for_then_the_first_rows(place: Place) -> None:
    fill(place)
    dialect, table = dialect_of(place.database), table_of(place, "player")
    rows = dialect.sample(place.database, table, limit=5, keys=[(1000,), (7,), (99,), (7,)])
    assert ids(rows) == [1000, 7, 1, 2, 3]
    assert (rows.key, rows.row_count, rows.count_exact) == (("id",), 32, True)
    assert rows.row_keys()[1] == (7,)
    assert dialect.sample(place.database, table, limit=5, keys=[(1000,), (7,), (99,), (7,)]) == rows
    assert ids(dialect.sample(place.database, table, limit=0)) == []


def test_a_row_is_known_by_a_key_of_several_columns_or_by_what_is_unique(place: Place) -> None:
    place.run("CREATE TABLE a (x INTEGER, y VARCHAR(9), z INTEGER, PRIMARY KEY (y, x))")
    place.run("CREATE TABLE b (x INTEGER NOT NULL, y INTEGER, UNIQUE (x))")
    place.run("CREATE TABLE c (x INTEGER, y INTEGER, UNIQUE (x))")
    for table in "abc":
        place.run(f"INSERT INTO {table} (x, y) VALUES (2, '1'), (1, '2')")
    dialect = dialect_of(place.database)
    keys = {name: dialect.sample(place.database, table_of(place, name), limit=5).key for name in "abc"}
    assert keys == {"a": ("y", "x"), "b": ("x",), "c": ()}
    found = dialect.sample(place.database, table_of(place, "a"), limit=1, keys=[("2", 1)])
    assert found.rows == ((1, "2", None),)


FILTERS = (
    (Condition("rating", ">", "29"), [29, 30]),
    (Condition("rating", "=", " 3.5 "), [3]),
    (Condition("rating", "=", "three"), []),
    (Condition("rating", "<", "three"), []),
    (Condition("id", ">=", "1000.5"), [1001]),
    (Condition("ID", "=", "7"), [7]),
    (Condition("name", "contains", "ER 3"), [3, 10, 17, 24]),
    (Condition("name", "contains", "%_"), [1001]),
    (Condition("name", "begins with", "50%"), [1001]),
    (Condition("name", "begins with", "layer"), []),
    (Condition("name", "is NULL"), [1000]),
    (Condition("born", "<", "2000-01-01"), [1001]),
    (Condition("born", "contains", "-28"), [27]),
    (Condition("photo", "contains", "x"), []),
    (Condition("photo", "is not NULL"), []),
)


@pytest.mark.parametrize(("condition", "wanted"), FILTERS, ids=lambda value: str(value)[:60])
def test_rows_are_filtered_by_the_database(
    place: Place, tmp_path: Path, condition: Condition, wanted: list[int]
) -> None:
    fill(place)
    page = open_project(place, tmp_path).page("player", Query((condition,)))
    assert ids(page.rows) == wanted
    assert (page.matching, page.matching_exact, page.more) == (len(wanted), True, False)
    assert page.rows.row_count == 32


def test_pages_are_sorted_and_cut_by_the_database(place: Place, tmp_path: Path) -> None:
    fill(place)
    project = open_project(place, tmp_path)
    first = project.page("player", Query(order_by="rating", descending=True, size=3))
    assert [row for row in ids(first.rows) if row <= 30] == [30, 29, 28][: len([r for r in ids(first.rows) if r <= 30])]
    every: list[int] = []
    for number in range(1, 5):
        page = project.page("player", Query(order_by="name", size=10, page=number))
        every += ids(page.rows)
        assert page.more is (number < 4)
    assert len(every) == 32 == len(set(every))
    with pytest.raises(PwmigError, match="has no page 5 of 10 rows"):
        project.page("player", Query(order_by="name", size=10, page=5))
    for query, words in (
        (Query(order_by="nope"), "there is no column 'nope' to sort by"),
        (Query((Condition("nope", "=", "1"),)), "there is no column 'nope' to filter by"),
        (Query((Condition("id", "like", "1"),)), "'like' is no condition"),
        (Query(page=0), "there is no page 0"),
        (Query(size=1001), "can't have 1001 rows"),
    ):
        with pytest.raises(PwmigError, match=words):
            project.page("player", query)


def test_a_view_is_paged_and_a_table_that_is_not_there_is_said(place: Place, tmp_path: Path) -> None:
    fill(place)
    place.run("CREATE VIEW strong AS SELECT id, rating FROM player WHERE rating > 25")
    project = open_project(place, tmp_path)
    page = project.page("strong", Query(order_by="id", size=2))
    assert ids(page.rows) == [25, 26] and page.rows.key == () and page.matching == 6
    with pytest.raises(PwmigError, match="there is no table or view 'nope'"):
        project.page("nope")


def test_a_page_that_takes_too_long_is_stopped_and_the_reason_said(place: Place, tmp_path: Path) -> None:
    sleep = "pg_sleep(20)::text" if place.transactional else "SLEEP(20)"
    place.run(f"CREATE VIEW slow AS SELECT 1 AS a, {sleep} AS b")
    started = time.monotonic()
    with pytest.raises(PwmigError, match=r"this page of slow takes more than 0.5 s, and was stopped"):
        open_project(place, tmp_path).page("slow", Query((Condition("b", "<>", "x"),)), deadline_s=0.5)
    assert time.monotonic() - started < 5


def test_what_the_database_does_not_compare_is_said_in_words(place: Place, tmp_path: Path) -> None:
    fill(place)
    project = open_project(place, tmp_path)
    if place.transactional:
        with pytest.raises(PwmigError, match="player can't be read in this way"):
            project.page("player", Query((Condition("born", "<", "yesterday-ish"),)))
    else:
        assert ids(project.page("player", Query((Condition("born", "=", "yesterday-ish"),))).rows) == []
    assert project.page("player").rows.row_count == 32, "the connection is fine afterwards"


def test_cells_come_as_python_has_them_and_long_ones_cut(place: Place, tmp_path: Path) -> None:
    if place.transactional:
        place.run(
            "CREATE TABLE t (id integer PRIMARY KEY, a numeric, b timestamp, c date, d bytea, e text, f jsonb, "
            "g integer[], h timestamptz, i interval, j double precision, k boolean, l uuid, m date)"
        )
        place.run(
            "INSERT INTO t VALUES (1, 1.50, '2024-02-29 12:00:00.5', '2024-02-29', '\\x00ff', 'x', '{\"a\": [1]}', "
            "'{1,2}', '2024-01-01 00:00:00+00', '1 mon', 0.1, true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'infinity')"
        )
        place.run(
            f"INSERT INTO t (id, d, e) VALUES (2, decode(repeat('00', {BLOB_LIMIT + 5}), 'hex'), repeat('ä', 99999))"
        )
    else:
        place.run(
            "CREATE TABLE t (id integer PRIMARY KEY, a numeric(9,2), b datetime(1), c date, d blob, e longtext, "
            "f json, g bit(9), h year, i time, j double, k bool, l float, m date) CHARACTER SET utf8mb4"
        )
        place.run("SET SESSION sql_mode = ''")
        place.run(
            "INSERT INTO t VALUES (1, 1.50, '2024-02-29 12:00:00.5', '2024-02-29', x'00ff', 'x', '{\"a\": [1]}', "
            "b'101', 2024, '-30:00:00', 0.1, true, 0.1, '0000-00-00')"
        )
        place.run(f"INSERT INTO t (id, d, e) VALUES (2, REPEAT(x'00', {BLOB_LIMIT + 5}), REPEAT('ä', 99999))")
    one, two = open_project(place, tmp_path).page("t").rows.rows
    assert one[1:7] == (
        Decimal("1.50"),
        datetime(2024, 2, 29, 12, 0, 0, 500000),
        date(2024, 2, 29),
        b"\x00\xff",
        "x",
        '{"a": [1]}',
    )
    assert one[13] in ("infinity", "0000-00-00")
    assert isinstance(two[4], CutBytes) and len(two[4]) == BLOB_LIMIT
    assert isinstance(two[5], CutText) and len(two[5]) == TEXT_LIMIT


HITS = (
    ("UPDATE player SET name = 'x' WHERE id IN (3, 5)", (), [3, 5]),
    ("UPDATE player SET name = %s WHERE id = %s", ("x", 4), [4]),
    ("UPDATE player AS p SET name = 'a, b WHERE' WHERE p.id < 3;", (), [1, 2]),
    ("DELETE FROM player WHERE name LIKE '50%%'", (), [1001]),
    ("DELETE FROM player WHERE id IN (SELECT id FROM player WHERE id = %s)", (9,), [9]),
    ("delete from player -- all of them", (), [1, 2, 3, 4, 5]),
    ("INSERT INTO player (id) VALUES (1)", (), []),
    ("WITH x AS (SELECT 1) UPDATE player SET name = 'x'", (), []),
    ("UPDATE other SET name = 'x'", (), []),
    ("UPDATE player SET", (), [1, 2, 3, 4, 5]),
    ("UPDATE player SET name = 'x' WHERE nope = 1", (), []),
    ("nonsense", (), []),
)


@pytest.mark.parametrize(("sql", "params", "wanted"), HITS, ids=[case[0] for case in HITS])
def test_the_rows_that_a_statement_will_hit_are_told_before(
    place: Place, sql: str, params: tuple[Any, ...], wanted: list[int]
) -> None:
    fill(place)
    dialect, table = dialect_of(place.database), table_of(place, "player")
    with place.database.atomic():
        keys = dialect.touched_keys(place.database, table, sql, params, 5)
        assert sorted(key[0] for key in keys) == wanted
        place.run("SELECT 1")  # Nothing has failed for whoever goes on.


FORESEEN = (
    ("INSERT INTO a VALUES (1)", {"a"}, {"a"}),
    ("INSERT INTO log SELECT * FROM a", {"a", "b", "log"}, {"log"}),
    ("UPDATE b SET x = 1 WHERE x IN (SELECT x FROM log)", {"b", "log"}, {"b"}),
    ("DELETE FROM a", {"a", "b"}, {"a", "b"}),
    ("UPDATE shown SET x = 2", {"a", "b", "shown"}, {"a", "b", "shown"}),
    ("CREATE TABLE fresh (x INTEGER)", {"fresh"}, set()),
    ("CREATE TABLE IF NOT EXISTS fresh AS SELECT * FROM log", {"fresh", "log"}, {"fresh"}),
    ("CREATE INDEX i ON log (x)", {"log"}, set()),
    ("ALTER TABLE log ADD COLUMN y INTEGER", {"log"}, set()),
    ("ALTER TABLE log DROP COLUMN x", {"log"}, {"log"}),
    ("DROP TABLE log", {"log"}, {"log"}),
    ("SELECT * FROM log", {"log"}, set()),
    ("WITH gone AS (SELECT 1) DELETE FROM log", {"log"}, {"log"}),
    ("COMMENT ON TABLE log IS 'a'", {"a", "b", "log"} - {"a", "b"}, set()),
    ("INSERT INTO noted VALUES (1)", {"noted", "log"}, {"noted", "log"}),
)


@pytest.mark.parametrize(("sql", "touched", "written"), FORESEEN, ids=[case[0] for case in FORESEEN])
def test_the_tables_of_a_statement_are_foreseen(place: Place, sql: str, touched: set[str], written: set[str]) -> None:
    place.run("CREATE TABLE a (x INTEGER PRIMARY KEY)")
    place.run("CREATE TABLE b (x INTEGER, FOREIGN KEY (x) REFERENCES a (x) ON DELETE CASCADE)")
    place.run("CREATE TABLE log (x INTEGER)")
    place.run("CREATE TABLE noted (x INTEGER)")
    place.run("CREATE VIEW shown AS SELECT x FROM a")
    if place.transactional:
        place.run(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "$body$ BEGIN INSERT INTO log VALUES (new.x); RETURN new; END $body$"
        )
        place.run("CREATE TRIGGER t AFTER INSERT ON noted FOR EACH ROW EXECUTE FUNCTION note()")
        from pwmig.dialects.postgresql.known import known
    else:
        place.run("CREATE TRIGGER t AFTER INSERT ON noted FOR EACH ROW INSERT INTO log VALUES (new.x)")
        from pwmig.dialects.mysql.known import known
    from pwmig.dialects.server.asking import on

    lexer = POSTGRESQL if place.transactional else MYSQL
    found = Foresight(lexer, lambda: known(on(place.database))).of(sql)
    assert touched <= found.touched and written <= found.written, "an estimate may be too high, never too low"
    assert found.written - {"b", "shown"} <= written | ({"a"} if "shown" in sql else set())
    if "INSERT INTO log" not in sql:
        assert found.touched - {"b"} <= touched


ENDS = (
    ("COMMIT", "COMMIT"),
    ("  /* x */ commit;", "COMMIT"),
    ("ROLLBACK TO SAVEPOINT x", None),
    ("ROLLBACK TO x", None),
    ("rollback", "ROLLBACK"),
    ("INSERT INTO t VALUES ('; COMMIT')", None),
    ("SELECT 'BEGIN'", None),
    ("SAVEPOINT begin_here", None),
    ("UPDATE t SET commit = 1", None),
    ("START TRANSACTION", "START TRANSACTION"),
    ("CREATE PROCEDURE p() BEGIN COMMIT; END", None),
)


@pytest.mark.parametrize(("sql", "tried"), ENDS)
def test_what_would_end_a_transaction_is_told_by_its_words(sql: str, tried: str | None) -> None:
    assert ends_transaction(POSTGRESQL, sql, several=True) == tried
    assert ends_transaction(MYSQL, sql, several=False) == tried
    assert ends_transaction(POSTGRESQL, "SELECT 1; " + sql, several=True) == tried


TEXTS = (
    (POSTGRESQL, """SELECT "a""b", 'it''s', E'\\'x', $$b$$, $t$a$$b$t$ -- end\n/* a /* b */ c */ FROM x"""),
    (MYSQL, """SELECT `a``b`, 'it\\'s', "x""y" # end\n-- z\nFROM x /*! STRAIGHT_JOIN */ /* gone */ y"""),
)


@pytest.mark.parametrize(("lexer", "sql"), TEXTS, ids=["postgresql", "mysql"])
def test_texts_are_cut_where_the_database_cuts_them(lexer: Any, sql: str) -> None:
    tokens = lexer.tokens(sql)
    assert [token.name for token in tokens if token.is_name][:2] == [tokens[0].name, 'a"b' if '"a' in sql else "a`b"]
    assert tokens[-1].name in ("x", "y")
    assert not [token for token in tokens if token.kind == "illegal"]
    assert all(sql[token.start : token.end] == token.text for token in tokens)


def test_rows_are_shown_as_they_were_before_and_counted(place: Place, tmp_path: Path) -> None:
    os.chdir(tmp_path)
    lines = (
        "    database.execute_sql(\"UPDATE player SET name = 'new' WHERE id = 29\")\n"
        '    database.execute_sql("DELETE FROM player WHERE id = 28")\n'
        "    database.execute_sql(\"INSERT INTO player (id, name) VALUES (2000, 'fresh')\")\n"
        "    migrate(migrator.rename_column('player', 'name', 'called'))\n"
        "    database.execute_sql(\"UPDATE player SET called = 'later' WHERE id = 27\")\n"
    )
    project = place.project(tmp_path, {"a": HEAD + "def migrate_forward():\n" + lines})
    fill(place)
    run = project.apply(watch=True)
    assert [(one.added, one.removed, one.altered) for one in run.row_changes] == [(1, 1, 2)]
    before = run.before.table_rows("player")
    shown = {row[0]: row[1] for row in before.rows}
    assert (shown[29], shown[28], shown[27]) == ("Player 1", "Player 0", "Player 6")
    after = {row[0]: row[1] for row in run.after.table_rows("player").rows}
    assert (after[29], after[27], after[2000]) == ("new", "later", "fresh") and 28 not in after
    assert run.written == ("player",)


def test_what_a_trigger_writes_and_what_a_raw_cursor_writes_is_known(place: Place, tmp_path: Path) -> None:
    os.chdir(tmp_path)
    line = '    database.connection().cursor().execute("DELETE FROM player WHERE id < 3")\n'
    project = place.project(tmp_path, {"a": HEAD + "def migrate_forward():\n" + line})
    fill(place)
    assert project.apply(watch=True).written == ("player",)


def test_a_changed_type_of_the_same_value_counts_as_altered_where_its_kind_changes(
    place: Place, tmp_path: Path
) -> None:
    os.chdir(tmp_path)
    word = {"postgres": "ALTER COLUMN {0} TYPE {1} USING {0}::{1}", "mariadb": "MODIFY {0} {1}"}[place.kind]
    source = {
        "wide": sql_migration("ALTER TABLE t " + word.format("n", "bigint")),
        "text": sql_migration("ALTER TABLE t " + word.format("n", "varchar(20)")),
    }
    project = place.project(tmp_path, source)
    place.run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")
    place.run("INSERT INTO t VALUES (1, 5), (2, NULL)")
    counts = [project.apply(steps=1, watch=True).row_changes[0].altered for _ in range(2)]
    assert counts == [0, 1]


@pytest.mark.postgres
def test_an_estimate_stands_where_a_table_is_large(postgres_server: Any, tmp_path: Path) -> None:
    with place_on(postgres_server) as place:
        place.run("CREATE TABLE big (id integer PRIMARY KEY)")
        place.run("INSERT INTO big SELECT generate_series(1, 450000)")
        place.run("ANALYZE big")
        page = open_project(place, tmp_path).page("big", Query(order_by="id", descending=True, size=2))
        assert ids(page.rows) == [450000, 449999]
        assert not page.rows.count_exact and 400_000 < page.rows.row_count < 500_000
