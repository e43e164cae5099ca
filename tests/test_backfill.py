"""Back-fills: every row that is meant gets its value, and no other row, cell or object is another afterwards."""

from __future__ import annotations

import decimal
import uuid
from datetime import date, datetime

import peewee
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import SQL, CharField, IntegerField, Model, fn
from projects import CREATE_PLAYER, HEAD, config_of, open_project

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.errors import MigrationFailed, OperationRefused

HOSTILE = "le\"v`el %s ' [x] ü"


def _quoted(database, name):
    mark = database.quote[0]
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def _run(database, *statements):
    for statement in statements:
        database.execute_sql(statement.replace("%", "%%") if database.param == "%s" else statement)


def _rows(database, table, columns="*", order="1"):
    sql = f"SELECT {columns} FROM {_quoted(database, table)} ORDER BY {order}"
    cursor = database.execute_sql(sql.replace("%", "%%") if database.param == "%s" else sql)
    return list(map(tuple, cursor.fetchall()))


def _schema(database):
    return dialect_of(database).introspect(database)


@pytest.fixture
def database(any_database):
    _run(
        any_database,
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, level INT, worth INT)",
        "INSERT INTO player VALUES "
        + ", ".join(f"({n * 3}, 'p{n}', {'NULL' if n % 2 else n}, {'NULL' if n % 3 else n})" for n in range(1, 31)),
    )
    return any_database


@pytest.fixture
def migrator(database):
    return Migrator.from_database(database)


class Player(Model):
    name = CharField()
    level = IntegerField()
    worth = IntegerField(column_name="worth")

    class Meta:
        table_name = "player"


# -- what is meant

# What is asked for, and what a row (id, name, level, worth) is to be afterwards.
MEANT = {
    "what is NULL": (
        lambda m: m.backfill("player", {"level": 7}), lambda i, n, lv, w: (i, n, 7 if lv is None else lv, w)
    ),
    "what is NULL, cell by cell": (
        lambda m: m.backfill("player", {"level": SQL("id + 1"), "worth": 8}),
        lambda i, n, lv, w: (i, n, i + 1 if lv is None else lv, 8 if w is None else w),
    ),
    "a condition as SQL": (
        lambda m: m.backfill("player", {"worth": 0}, "level > 10 OR level IS NULL"),
        lambda i, n, lv, w: (i, n, lv, 0 if lv is None or lv > 10 else w),
    ),
    "a condition with a percent sign": (
        lambda m: m.backfill("player", {"worth": 5}, "name LIKE '%1' -- and no more"),
        lambda i, n, lv, w: (i, n, lv, 5 if n.endswith("1") else w),
    ),
    "an expression": (
        lambda m: m.backfill("player", {Player.worth: Player.level * 2}, Player.level.is_null(False)),
        lambda i, n, lv, w: (i, n, lv, w if lv is None else lv * 2),
    ),
    "a query": (
        lambda m: m.backfill(
            "player", {"name": fn.UPPER(SQL("name"))}, Player.id.in_((3, 6)) | (Player.name == "p4")
        ),
        lambda i, n, lv, w: (i, n.upper() if n in ("p1", "p2", "p4") else n, lv, w),
    ),
    "every row": (
        lambda m: m.backfill("player", {"level": SQL("worth"), "worth": SQL("level")}, True),
        lambda i, n, lv, w: (i, n, w, lv),
    ),
    "NULL again": (
        lambda m: m.backfill("player", {"level": None}, "level < 10"),
        lambda i, n, lv, w: (i, n, None if lv is not None and lv < 10 else lv, w),
    ),
    "no row": (lambda m: m.backfill("player", {"level": 9}, "id < 0"), lambda *row: row),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 7, 10, 1000])
@pytest.mark.parametrize("case", MEANT)
def test_the_rows_that_are_meant_get_their_values_and_no_other_cell_changes(database, migrator, case, size):
    made, expected = MEANT[case]
    before, schema = _rows(database, "player"), _schema(database)
    wanted = made(migrator)
    wanted.kwargs["batch_size"] = size
    migrate(wanted)
    assert _rows(database, "player") == [expected(*row) for row in before]
    assert _schema(database) == schema


KEYS = {
    "a text": ("k VARCHAR(20) PRIMARY KEY", [f"'{letter}{n} %'" for letter in "aBö" for n in range(7)]),
    "a date": ("k DATE PRIMARY KEY", [f"'2024-01-{n:02}'" for n in range(1, 20)]),
    "a fraction": ("k DECIMAL(9, 3) PRIMARY KEY", [f"{n}.{n:03}" for n in range(-9, 10)]),
    "a real": ("k REAL PRIMARY KEY", [f"{n}.1" for n in range(1, 20)]),
    "a moment": ("k TIMESTAMP PRIMARY KEY", [f"'2024-01-01 00:00:00.{n:06}'" for n in range(1)]),
    "two columns": ("k INT NOT NULL, j VARCHAR(5) NOT NULL, PRIMARY KEY (k, j)",
                    [f"{n % 4}, '{n}'" for n in range(20)]),
    "three columns": ("k INT, j INT, i INT, PRIMARY KEY (j, i, k)",
                      [f"{n % 2}, {n // 2 % 3}, {n}" for n in range(20)]),
    "none": ("k INT", [f"{n % 3}" for n in range(20)]),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 50])
@pytest.mark.parametrize("case", KEYS)
def test_whatever_the_key_each_row_is_filled_once(any_database, case, size):
    columns, keys = KEYS[case]
    table, database = 't"able', any_database
    quoted, column = _quoted(database, table), _quoted(database, HOSTILE)
    _run(
        database,
        f"CREATE TABLE {quoted} (n INT, {column} INT, {columns})",
        f"INSERT INTO {quoted} VALUES " + ", ".join(f"({n}, {n % 2 or 'NULL'}, {key})" for n, key in enumerate(keys)),
    )
    migrator = Migrator.from_database(database)
    migrate(migrator.backfill(table, {HOSTILE: SQL("100 + n")}, batch_size=size))
    expected = [(n, 1 if n % 2 else 100 + n) for n in range(len(keys))]
    assert _rows(database, table, f"n, {column}") == expected
    migrate(migrator.backfill(table, {"n": SQL("n + 1000")}, True, size))
    assert _rows(database, table, f"n, {column}") == [(n + 1000, filled) for n, filled in expected]


SQLITE_TABLES = {
    "WITHOUT ROWID": "CREATE TABLE t (k ANY PRIMARY KEY, v) WITHOUT ROWID",
    "all letters alike": "CREATE TABLE t (k COLLATE NOCASE, v, PRIMARY KEY (k COLLATE BINARY)) WITHOUT ROWID",
    "a rowid that is hidden": "CREATE TABLE t (rowid, _rowid_ TEXT, k PRIMARY KEY, v)",
    "all names of it taken": "CREATE TABLE t (rowid, _rowid_, oid, k PRIMARY KEY, v)",
    "taken by the key": "CREATE TABLE t (rowid, _rowid_, oid INTEGER PRIMARY KEY, k, v)",
    "STRICT": "CREATE TABLE t (k ANY PRIMARY KEY, v ANY) STRICT",
}


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("case", SQLITE_TABLES)
def test_every_kind_of_table_of_sqlite_is_filled(tmp_path, case, size):
    database = peewee.SqliteDatabase(tmp_path / "data.db")
    _run(
        database,
        SQLITE_TABLES[case],
        "INSERT INTO t (k, v) VALUES (1, 'x'), ('a', NULL), ('A', NULL), ('b', NULL), (2.5, NULL), (x'00ff', NULL)",
    )
    before = _rows(database, "t", "k, v", "typeof(k), k")
    migrate(Migrator.from_database(database).backfill("t", {"v": SQL("quote(k)")}, batch_size=size))
    after = _rows(database, "t", "k, v", "typeof(k), k")
    assert [key for key, _ in after] == [key for key, _ in before]
    assert dict(after) == {1: "x", "a": "'a'", "A": "'A'", "b": "'b'", 2.5: "2.5", b"\0\xff": "X'00FF'"}


VALUES = {
    "a number": ("INT", 5),
    "a text": ("VARCHAR(60)", 'it\'s 100% \\ "so" `or` -- not'),
    "bytes": ("BYTEA", b"\0\xff'%"),
    "a fraction": ("DECIMAL(9, 2)", decimal.Decimal("-1.50")),
    "a date": ("DATE", date(2024, 2, 29)),
    "a moment": ("TIMESTAMP", datetime(2024, 2, 29, 12, 30)),
    "a truth": ("BOOLEAN", True),
    "a uuid": ("UUID", uuid.UUID(int=7)),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_comes_out_as_it_went_in(any_database, case):
    kind, value = VALUES[case]
    if dialect_of(any_database).name != "postgresql":
        kind = {"BYTEA": "BLOB", "TIMESTAMP": "DATETIME", "UUID": "VARCHAR(40)"}.get(kind, kind)
    _run(any_database, f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {kind})", "INSERT INTO t (id) VALUES (1), (2)")
    field = {
        "a uuid": peewee.UUIDField,
        "a truth": peewee.BooleanField,
        "a date": peewee.DateField,
        "a moment": peewee.DateTimeField,
        "a fraction": peewee.DecimalField,
    }.get(case, peewee.BareField)
    meta = type("Meta", (), {"database": any_database, "table_name": "t"})
    table = type("T", (Model,), {"v": field(), "Meta": meta})
    migrate(Migrator.from_database(any_database).backfill("t", {"v": value}))
    found = [row.v for row in table.select()]
    assert [bytes(one) if isinstance(one, memoryview) else one for one in found] == [value, value]


@st.composite
def fills(draw):
    """Rows by key, and a fill: (rows, columns to fill, size of a batch, at which batch it is stopped)."""
    keys = draw(st.lists(st.integers(-(2**31), 2**31 - 1), unique=True, max_size=12))
    cell = st.one_of(st.none(), st.integers(0, 3))
    rows = [(key, draw(cell), draw(cell)) for key in keys]
    columns = draw(st.sampled_from([{"a": 9}, {"b": 8}, {"a": 9, "b": 8}]))
    return rows, columns, draw(st.integers(1, 14)), draw(st.integers(1, 4))


class Stopped(BaseException):
    """As a KeyboardInterrupt: nothing that means errors catches it."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fills())
def test_stopped_in_the_middle_and_begun_again_it_ends_as_if_it_had_not_been(any_database, drawn):
    rows, columns, size, at = drawn
    database = any_database
    _run(database, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)")
    for row in rows:
        database.execute_sql(f"INSERT INTO t VALUES ({', '.join('NULL' if x is None else str(x) for x in row)})")
    expected = sorted(
        (key, 9 if a is None and "a" in columns else a, 8 if b is None and "b" in columns else b) for key, a, b in rows
    )
    for commit in (False, True):
        migrator, heard = Migrator.from_database(database), []

        def stop(progress, heard=heard):
            heard.append(progress)
            if len(heard) == at:
                raise Stopped

        migrator.on_progress = stop
        before = _rows(database, "t")
        try:
            migrate(migrator.backfill("t", columns, batch_size=size, commit=commit))
        except Stopped:
            left = _rows(database, "t")
            if commit:
                assert sum(row != old for row, old in zip(left, before, strict=True)) == heard[-1].done
            else:
                assert left == before
        migrator.on_progress = None
        migrate(migrator.backfill("t", columns, batch_size=size, commit=commit))
        assert _rows(database, "t") == expected
        if not commit:
            for key, a, b in rows:
                told = ", ".join(f"{name} = {'NULL' if x is None else x}" for name, x in (("a", a), ("b", b)))
                database.execute_sql(f"UPDATE t SET {told} WHERE id = {key}")


WHERES = {
    "a IS NULL": lambda j, k, a, b: a is None,
    "a > 1 OR b IS NULL": lambda j, k, a, b: (a is not None and a > 1) or b is None,
    "j = 1": lambda j, k, a, b: j == 1,
    "b <> a": lambda j, k, a, b: None not in (a, b) and a != b,
    "1 = 0": lambda j, k, a, b: False,
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(-3, 9), *[st.one_of(st.none(), st.integers(0, 3))] * 2
        ),
        unique_by=lambda row: row[:2],
        max_size=14,
    ),
    st.sampled_from(list(WHERES)),
    st.integers(1, 16),
)  # fmt: skip
def test_every_row_that_where_means_is_filled_and_no_other_cell_changes(any_database, rows, where, size):
    database = any_database
    _run(
        database,
        "DROP TABLE IF EXISTS t",
        "CREATE TABLE t (j INT NOT NULL, k INT NOT NULL, a INT, b INT, PRIMARY KEY (j, k))",
    )
    for row in rows:
        database.execute_sql(f"INSERT INTO t VALUES ({', '.join('NULL' if x is None else str(x) for x in row)})")
    migrator, meant = Migrator.from_database(database), WHERES[where]
    migrate(migrator.backfill("t", {"a": SQL("j * 100 + k"), "b": 7}, where, size))
    filled = [(j, k, j * 100 + k, 7) if meant(j, k, a, b) else (j, k, a, b) for j, k, a, b in rows]
    assert _rows(database, "t", order="j, k") == sorted(filled, key=lambda row: row[:2])


def test_it_is_told_with_its_columns_and_values(migrator):
    wanted = migrator.backfill("player", {Player.level: SQL("id + 1"), "worth": 8}, "level < 0", pause=0.5)
    assert wanted.describe() == ("backfill('player', {'level': SQL('id + 1'), 'worth': 8}, 'level < 0', pause=0.5)")
    assert wanted.table == "player"


def test_progress_counts_up_to_what_there_was_to_fill(database, migrator):
    heard = []
    migrator.on_progress = lambda progress: heard.append((progress.done, progress.total))
    migrate(migrator.backfill("player", {"level": 1}, batch_size=4, pause=0.001))
    assert heard == [(4, 15), (8, 15), (12, 15), (15, 15)]


def test_a_batch_on_postgresql_does_not_read_the_whole_table(postgres):
    """Of a column that is new the server has no statistics, and would think that few rows hold NULL in it."""
    rows, size = 20_000, 500
    _run(
        postgres,
        "CREATE TABLE t (id INT PRIMARY KEY, note TEXT)",
        f"INSERT INTO t SELECT n, repeat('x', 50) FROM generate_series(1, {rows}) n",
        "ANALYZE t",
    )
    migrator = Migrator.from_database(postgres)
    with postgres.atomic():
        migrate(
            migrator.add_column("t", "v", IntegerField(null=True)),
            migrator.backfill("t", {"v": SQL("id")}, batch_size=size),
        )
        (read,) = postgres.execute_sql(
            "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 't'"
        ).fetchone()
    assert read <= 3 * rows
    assert _rows(postgres, "t", "count(*), sum(v - id)") == [(rows, 0)]


# -- triggers and timestamps

NOTING = {
    "sqlite": (
        'CREATE TRIGGER "no\'te" AFTER UPDATE OF level ON player '
        "BEGIN INSERT INTO note VALUES (new.id, 'UPDATE'); END",
        "CREATE TRIGGER other AFTER INSERT ON player BEGIN INSERT INTO note VALUES (new.id, 'insert'); END",
        "CREATE TEMP TRIGGER passing AFTER UPDATE ON player BEGIN INSERT INTO note VALUES (new.id, 'temp'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO note VALUES (NEW.id, TG_NAME); RETURN NEW; END$$",
        'CREATE TRIGGER "no\'te" AFTER UPDATE ON player FOR EACH ROW EXECUTE FUNCTION noted()',
        "CREATE TRIGGER always AFTER UPDATE ON player FOR EACH ROW EXECUTE FUNCTION noted()",
        "ALTER TABLE player ENABLE ALWAYS TRIGGER always",
        "CREATE TRIGGER never AFTER UPDATE ON player FOR EACH ROW EXECUTE FUNCTION noted()",
        "ALTER TABLE player DISABLE TRIGGER never",
        "CREATE TRIGGER replica AFTER UPDATE ON player FOR EACH ROW EXECUTE FUNCTION noted()",
        "ALTER TABLE player ENABLE REPLICA TRIGGER replica",
        "CREATE RULE also AS ON UPDATE TO player DO ALSO INSERT INTO note VALUES (NEW.id, 'rule')",
        "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON player DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION noted()",
        "ALTER TABLE player ADD CONSTRAINT self FOREIGN KEY (worth) REFERENCES player (id) "
        "DEFERRABLE INITIALLY DEFERRED",
    ),
    "mysql": (
        "CREATE TRIGGER `no'te` AFTER UPDATE ON player FOR EACH ROW INSERT INTO note VALUES (NEW.id, 'UPDATE')",
        "CREATE TRIGGER other AFTER INSERT ON player FOR EACH ROW INSERT INTO note VALUES (NEW.id, 'INSERT')",
    ),
}


@pytest.fixture
def noting(database):
    _run(database, "UPDATE player SET worth = 3", "CREATE TABLE note (id INT, what VARCHAR(20))")
    _run(database, *NOTING[dialect_of(database).name])
    return database


def test_no_trigger_fires_and_each_is_as_it_was(noting):
    if dialect_of(noting).name == "mysql":
        _run(noting, "DROP TRIGGER `no'te`")  # It can't disable one: see below.
    before = _schema(noting)
    fill = Migrator.from_database(noting).backfill("player", {"level": 3, "worth": SQL("id")}, "id < 30", 4)
    with noting.atomic():
        _run(noting, "INSERT INTO player VALUES (1, 'late', 1, 3)")  # What is deferred of it waits for the commit.
        noted = _rows(noting, "note")
        migrate(fill)
    assert [row for row in _rows(noting, "note") if row[1] != "late"] == noted
    _run(noting, "DELETE FROM note")
    assert _schema(noting) == before
    _run(noting, "UPDATE player SET level = 4 WHERE id = 3")
    assert len(_rows(noting, "note")) == {"sqlite": 2, "postgresql": 4, "mysql": 0}[dialect_of(noting).name]


def test_peewees_way_to_give_every_row_the_default_fires_none_either(noting):
    migrator = Migrator.from_database(noting)
    migrate(migrator.apply_default("player", "level", IntegerField(default=lambda: 41 + 1)))
    assert _rows(noting, "player", "DISTINCT level") == [(42,)]
    assert _rows(noting, "note") == []
    migrate(migrator.apply_default("player", "level", IntegerField(null=True)))
    assert _rows(noting, "player", "DISTINCT level") == [(None,)]


def test_triggers_fire_where_that_is_asked_for(noting):
    migrate(Migrator.from_database(noting).backfill("player", {"level": 3}, "id = 3", triggers=True))
    assert len(_rows(noting, "note")) == {"sqlite": 2, "postgresql": 4, "mysql": 1}[dialect_of(noting).name]


def test_mariadb_refuses_to_fire_a_trigger_and_names_it(mariadb):
    _run(mariadb, "CREATE TABLE player (id INT PRIMARY KEY, level INT)", "CREATE TABLE note (id INT, what VARCHAR(20))")
    _run(mariadb, *NOTING["mysql"], "INSERT INTO player VALUES (1, NULL)")
    with pytest.raises(OperationRefused, match="no'te") as refused:
        migrate(Migrator.from_database(mariadb).backfill("player", {"level": 3}))
    assert "triggers=True" in refused.value.way_out
    assert _rows(mariadb, "player") == [(1, None)]


def test_a_timestamp_of_mariadb_does_not_move_unless_asked(mariadb):
    _run(
        mariadb,
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT, at TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, "
        "seen DATETIME(3) DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP(3))",
        "INSERT INTO t (id, v, at) VALUES (1, NULL, '2020-02-02'), (2, 1, NULL), (3, NULL, NULL)",
    )
    migrator, before = Migrator.from_database(mariadb), _rows(mariadb, "t", "id, at, seen")
    migrate(
        migrator.backfill("t", {"v": 5}, batch_size=1), migrator.backfill("t", {"v": SQL("w"), "w": SQL("v")}, True)
    )
    assert _rows(mariadb, "t", "id, at, seen") == before
    assert _rows(mariadb, "t", "v, w", "id") == [(None, 5), (None, 1), (None, 5)]
    assert "SIMULTANEOUS" not in mariadb.execute_sql("SELECT @@sql_mode").fetchone()[0]
    migrate(migrator.backfill("t", {"v": 5}, triggers=True))
    assert all(at is not None for (at,) in _rows(mariadb, "t", "at"))


def test_partitions_and_heirs_are_filled_and_their_triggers_silent(postgres):
    _run(
        postgres,
        "CREATE TABLE t (id INT, v INT, PRIMARY KEY (id, v)) PARTITION BY RANGE (id)",
        "DROP TABLE t",
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id)",
        "CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE high PARTITION OF t FOR VALUES FROM (10) TO (99)",
        "CREATE TABLE note (id INT, what VARCHAR(20))",
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO note VALUES (NEW.id, TG_NAME); RETURN NEW; END$$",
        "CREATE TRIGGER whole AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION noted()",
        "CREATE TRIGGER part AFTER UPDATE ON high FOR EACH ROW EXECUTE FUNCTION noted()",
        "ALTER TABLE ONLY low DISABLE TRIGGER whole",
        "INSERT INTO t SELECT n, NULL FROM generate_series(1, 30) n",
    )
    before = _schema(postgres)
    migrate(Migrator.from_database(postgres).backfill("t", {"v": SQL("id")}, batch_size=7))
    assert _rows(postgres, "t") == [(n, n) for n in range(1, 31)]
    assert _rows(postgres, "note") == []
    assert _schema(postgres) == before


def test_who_may_not_disable_a_trigger_is_told(postgres):
    _run(
        postgres,
        "CREATE TABLE t (id INT PRIMARY KEY, v INT)",
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
        "CREATE TRIGGER noting AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION noted()",
        "INSERT INTO t VALUES (1, NULL)",
        "DROP ROLE IF EXISTS pwmig_filler",
        "CREATE ROLE pwmig_filler",
        "GRANT ALL ON t TO pwmig_filler",
        "SET ROLE pwmig_filler",
    )
    try:
        migrator = Migrator.from_database(postgres)
        with pytest.raises(OperationRefused, match="only the table's owner") as refused:
            migrate(migrator.backfill("t", {"v": 1}))
        assert "triggers=True" in refused.value.way_out
        migrate(migrator.backfill("t", {"v": 1}, triggers=True))
        assert _rows(postgres, "t") == [(1, 1)]
    finally:
        _run(postgres, "RESET ROLE", "DROP OWNED BY pwmig_filler", "DROP ROLE pwmig_filler")


def test_rows_that_are_hidden_are_not_passed_over_in_silence(postgres):
    _run(
        postgres,
        "CREATE TABLE t (id INT PRIMARY KEY, v INT)",
        "INSERT INTO t VALUES (1, NULL), (2, NULL)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY visible ON t USING (id = 1)",
        "DROP ROLE IF EXISTS pwmig_filler",
        "CREATE ROLE pwmig_filler",
        "GRANT ALL ON t TO pwmig_filler",
        "SET ROLE pwmig_filler",
    )
    try:
        with pytest.raises(OperationRefused, match="row security"):
            migrate(Migrator.from_database(postgres).backfill("t", {"v": 1}))
    finally:
        _run(postgres, "RESET ROLE", "DROP OWNED BY pwmig_filler", "DROP ROLE pwmig_filler")


def test_sqlite_deletes_no_row_that_a_value_is_in_conflict_with(tmp_path):
    database = peewee.SqliteDatabase(tmp_path / "data.db")
    _run(
        database,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v INT UNIQUE ON CONFLICT REPLACE)",
        "INSERT INTO t VALUES (1, 5), (2, NULL), (3, NULL)",
    )
    with pytest.raises(OperationRefused, match="UNIQUE constraint failed"):
        migrate(Migrator.from_database(database).backfill("t", {"v": 5}))
    assert _rows(database, "t") == [(1, 5), (2, None), (3, None)]


# -- refused

REFUSED = {
    "no column": (lambda m: m.backfill("player", {}), "needs columns"),
    "no mapping": (lambda m: m.backfill("player", "level"), "needs columns"),
    "a column's name": (lambda m: m.backfill("player", {"levl": 1}), "levl"),
    "a table's name": (lambda m: m.backfill("playr", {"level": 1}), "playr"),
    "the key": (lambda m: m.backfill("player", {"id": 1}, True), "of the primary key"),
    "a function": (lambda m: m.backfill("player", {"level": lambda: 1}), "run_python"),
    "nothing is NULL": (lambda m: m.backfill("player", {"name": "x"}), "there is nothing to fill"),
    "no condition": (lambda m: m.backfill("player", {"level": 1}, 7), "no condition"),
    "an empty condition": (lambda m: m.backfill("player", {"level": 1}, " "), "no condition"),
    "no batch": (lambda m: m.backfill("player", {"level": 1}, batch_size=0), "batch_size of 1"),
    "a pause back": (lambda m: m.backfill("player", {"level": 1}, pause=-1), "pause of 0"),
    "a commit, and rows still meant": (
        lambda m: m.backfill("player", {"level": SQL("level + 1")}, "level > 0", commit=True), "filled again"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_t_be_filled_is_refused_and_nothing_was_filled(database, migrator, case):
    made, word = REFUSED[case]
    before = _rows(database, "player")
    with pytest.raises(OperationRefused) as refused:
        migrate(made(migrator))
    assert word in str(refused.value)
    assert refused.value.way_out
    assert _rows(database, "player") == before


def test_a_generated_column_is_not_filled(any_database):
    made = "CREATE TABLE t (id INTEGER PRIMARY KEY, v INT, w INT GENERATED ALWAYS AS (v + 1) STORED)"
    _run(any_database, made)
    with pytest.raises(OperationRefused, match="generated"):
        migrate(Migrator.from_database(any_database).backfill("t", {"w": 1}))


def test_a_back_fill_that_commits_is_refused_in_a_transaction_and_beside_others(database, migrator):
    before = _rows(database, "player")
    with database.atomic(), pytest.raises(OperationRefused, match="commits as a whole"):
        migrate(migrator.backfill("player", {"level": 1}, commit=True))
    with pytest.raises(OperationRefused, match="other operations"):
        migrate(migrator.drop_not_null("player", "name"), migrator.backfill("player", {"level": 1}, commit=True))
    assert _rows(database, "player") == before


# -- in a batch and in a run


def test_in_a_batch_it_comes_after_what_makes_its_column_and_before_what_needs_it(database, migrator):
    migrate(
        migrator.add_column("player", "rank", IntegerField(null=True)),
        migrator.backfill("player", {"rank": SQL("id * 2")}, batch_size=4),
        migrator.add_not_null("player", "rank"),
        migrator.rename_column("player", "rank", "place"),
    )
    assert _rows(database, "player", "id, place") == [(n * 3, n * 6) for n in range(1, 31)]


FILL = """
def migrate_forward():
    for number in range(10):
        database.execute_sql(f"INSERT INTO player (name) VALUES ('p{number}')")
    migrate(
        migrator.add_column("player", "level", IntegerField(null=True)),
        migrator.backfill("player", {"level": SQL("id")}, batch_size=3%s),
    )
"""


def test_a_run_tells_of_its_rows(tmp_path):
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fill": HEAD + FILL % ""})
    events = []
    run = project.apply(listener=events.append)
    told = [(event.text, event.done, event.total) for event in events if event.kind == "rows"]
    assert told == [(f"filling player: {done} of 10 rows", done, 10) for done in (3, 6, 9, 10)]
    assert run.steps[-1].operations[-1] == "backfill('player', {'level': SQL('id')}, batch_size=3)"


FILL_TWO = """
def migrate_forward():
    migrate(
        migrator.add_column("t", "w", IntegerField(null=True)),
        migrator.backfill("t", {"v": SQL("id"), "w": SQL("v")}, True, batch_size=3),
    )
"""


def test_on_a_server_it_runs_in_the_migration_s_transaction_and_on_its_copy(tmp_path, server_database):
    _run(
        server_database,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v INT)",
        "INSERT INTO t VALUES " + ", ".join(f"({n}, {100 + n})" for n in range(10)),
    )
    project = open_project(tmp_path, {"fill": HEAD + FILL_TWO}, config=config_of(server_database))
    before = _rows(server_database, "t")
    run = project.rehearse()
    assert _rows(server_database, "t") == before
    assert [(rows.table, rows.altered) for rows in run.row_changes] == [("t", 10)]
    project.apply()
    assert _rows(server_database, "t") == [(n, n, 100 + n) for n in range(10)]


def test_a_run_that_is_stopped_takes_back_what_was_filled(tmp_path):
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fill": HEAD + FILL % ""})
    project.apply(steps=1)

    def stop(event):
        if event.kind == "rows" and event.done == 6:
            raise Stopped

    with pytest.raises((Stopped, MigrationFailed)):
        project.apply(listener=stop)
    assert [status.state.value for status in project.status()] == ["applied", "pending"]
    project.apply()
    rows = peewee.SqliteDatabase(tmp_path / "db" / "app.sqlite").execute_sql("SELECT id, level FROM player").fetchall()
    assert rows == [(n, n) for n in range(1, 11)]
