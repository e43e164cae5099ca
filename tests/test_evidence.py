"""What rows say against another type, on each database: the same as the operation, with count and examples."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pwmig import Migrator
from pwmig.dialects import dialect_of
from pwmig.dialects.clashes import Clash, Coming
from pwmig.dialects.evidence import Example, Misfits
from pwmig.errors import PwmigError
from pwmig.fields import StoredField
from pwmig.schema import IndexPart, Table

HOSTILE = "a \"b\" 100%s \\ `c` 'd' ü"
LONG = "x" * 10_000_000


def kind_of(database: Any) -> str:
    return str(dialect_of(database).name)


def quoted(database: Any, name: str) -> str:
    mark = database.quote[0]
    return str(mark + name.replace(mark, mark * 2) + mark)


def run(database: Any, sql: str, *values: Any) -> list[Any]:
    """A statement as it stands: a percent sign is a letter where there are no values."""
    cursor = database.connection().cursor()
    if kind_of(database) == "sqlite":
        cursor.execute(sql, values)
    else:
        sql = sql.replace("%", "%%").replace("?", "%s") if values else sql
        cursor.execute(sql, values or None)
    return list(cursor.fetchall()) if cursor.description else []


def made(
    database: Any, old: str, *values: Any, table: str = "t", column: str = "v", key: str = "id INT PRIMARY KEY, "
) -> None:
    name = quoted(database, table)
    run(database, f"CREATE TABLE {name} ({key}{quoted(database, column)} {old})")
    for place, value in enumerate(values, 1):
        row = [place, value] if key else [value]
        run(database, f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", *row)
    commit(database)


def commit(database: Any) -> None:
    if kind_of(database) != "sqlite":
        database.connection().commit()


def spelled(database: Any, type_: str) -> str:
    """A type as the schema of the database writes it."""
    run(database, f"CREATE TABLE other (v {type_})")
    found = dialect_of(database).introspect(database, ["other"]).tables[0].columns[0].type
    run(database, "DROP TABLE other")
    commit(database)
    return str(found)


def table_of(database: Any, name: str = "t") -> Table:
    return next(one for one in dialect_of(database).introspect(database).tables if one.name == name)


def state(database: Any) -> str:
    """All that a test's database holds; of a file, each byte."""
    if kind_of(database) == "sqlite":
        return hashlib.sha256(Path(database.database).read_bytes()).hexdigest()
    return repr([(name, run(database, f"SELECT * FROM {quoted(database, name)}")) for name in database.get_tables()])


@contextlib.contextmanager
def looking(database: Any, table: str = "t") -> Iterator[tuple[Any, Table]]:
    """A connection for reading and the table, of a database that stays as it was."""
    before = state(database)
    commit(database)
    with dialect_of(database).reading(database) as reader:
        yield reader, table_of(reader, table)
    assert state(database) == before


def misfits(database: Any, wanted: str, *cast: str, table: str = "t", column: str = "v", **options: Any) -> Misfits:
    with looking(database, table) as (reader, seen):
        found = seen.column(column)
        assert found is not None
        return dialect_of(database).evidence.misfits(reader, seen, found, wanted, *cast, **options)


def passes(database: Any, wanted: str, *cast: str) -> bool:
    """Whether the operation itself goes through."""
    migrator = Migrator.from_database(database)
    try:
        migrator.migrate(migrator.alter_column_type("t", "v", StoredField(wanted, null=True), *cast))
    except (PwmigError, peewee.DatabaseError):
        if kind_of(database) == "postgresql":
            database.rollback()
        return False
    return True


EVERYWHERE = {
    "text to a number": ("VARCHAR(20)", "INTEGER", ["1", "-20", None]),
    "text with zeros in front": ("VARCHAR(20)", "INTEGER", ["1", "007", "+5", " 6"]),
    "numbers to text": ("INTEGER", "VARCHAR(20)", [1, -20, None]),
    "a wider number": ("INTEGER", "BIGINT", [1, 2**31 - 1, None]),
    "a wider text": ("VARCHAR(5)", "VARCHAR(50)", ["abc", "", None]),
    "a text without end": ("VARCHAR(5)", "TEXT", ["abc", "", None]),
    "no rows": ("VARCHAR(5)", "INTEGER", []),
    "only NULL": ("VARCHAR(5)", "INTEGER", [None, None]),
}
SERVERS_ONLY = {
    "text that is no number": ("VARCHAR(20)", "INTEGER", ["1", "one", None, "2x"]),
    "a fraction cut": ("DECIMAL(6,2)", "INTEGER", ["1.50", "2.00"]),
    "no fraction": ("DECIMAL(6,2)", "INTEGER", ["1.00", "2.00", None]),
    "less behind the point": ("DECIMAL(6,3)", "DECIMAL(6,2)", ["1.500", "2.125"]),
    "less behind the point, all zeros": ("DECIMAL(6,3)", "DECIMAL(6,2)", ["1.500", "2.120"]),
    "less in front of the point": ("DECIMAL(6,2)", "DECIMAL(4,2)", ["1.50", "123.45"]),
    "more on both sides": ("DECIMAL(6,2)", "DECIMAL(9,4)", ["1.50", "1234.56"]),
    "a larger number": ("BIGINT", "INTEGER", [1, 2**31]),
    "a narrower text": ("VARCHAR(9)", "VARCHAR(3)", ["abc", "abcd"]),
    "a narrower text, blanks": ("VARCHAR(9)", "VARCHAR(3)", ["abc   ", "a"]),
    "a narrower text that is enough": ("VARCHAR(9)", "VARCHAR(3)", ["abc", None, ""]),
    "text to a date": ("VARCHAR(20)", "DATE", ["2024-02-29", "2023-02-29"]),
    "text that is a date": ("VARCHAR(20)", "DATE", ["2024-02-29", None]),
    "a moment to a date": ("TIMESTAMP NULL", "DATE", ["2024-02-29 00:00:00", "2024-02-29 10:00:00"]),
    "a midnight to a date": ("TIMESTAMP NULL", "DATE", ["2024-02-29 00:00:00", None]),
    "a moment to a time": ("TIMESTAMP NULL", "TIME", ["2024-02-29 10:00:00"]),
    "a date to a moment": ("DATE", "TIMESTAMP", ["2024-02-29"]),
    "one and zero to a truth": ("INTEGER", "BOOLEAN", [0, 1, None]),
    "a number to a truth": ("INTEGER", "BOOLEAN", [0, 1, 300]),
    "a double to a decimal": ("DOUBLE PRECISION", "DECIMAL(5,1)", [0.5, 0.25]),
    "a number to a date": ("INTEGER", "DATE", [7]),
}
POSTGRESQL = {
    "text to json": ("TEXT", "JSON", ["{}", "{"]),
    "text that is json": ("TEXT", "JSON", ["{}", None, "[1]"]),
    "json to jsonb": ("JSON", "JSONB", ['{"b":1,  "a":2}', None]),
    "jsonb to json": ("JSONB", "JSON", ['{"b":1,  "a":2}', None]),
    "json to a short text": ("JSON", "VARCHAR(5)", ['{"b":1}']),
    "a number to a date, no rows": ("INTEGER", "DATE", []),
    "not a number to an integer": ("DOUBLE PRECISION", "INTEGER", [float("nan"), 1.0]),
    "not a number to numeric": ("DOUBLE PRECISION", "NUMERIC", [float("nan"), 1.0]),
    "text to uuid": ("TEXT", "UUID", ["00000000-0000-0000-0000-000000000000", "x"]),
    "rounded to more digits": ("NUMERIC(4,1)", "INTEGER", ["999.9"]),
    "whole digits that a double lacks": ("NUMERIC(17,0)", "DOUBLE PRECISION", ["99999999999999999"]),
    "an interval to a short text": ("INTERVAL", "CHAR(5)", ["26:00:00"]),
    "bytes to text": ("BYTEA", "TEXT", [b"\0a"]),
    "an array to a text": ("INTEGER[]", "TEXT", [[1, 2]]),
    "an array of long texts": ("VARCHAR(20)[]", "VARCHAR(2)[]", [["abc"]]),
    "a moment to one with a zone": ("TIMESTAMP", "TIMESTAMPTZ", ["2024-02-29 10:00:00"]),
    "to a type that is not there": ("TEXT", "mood", ["x"]),
}
MYSQL = {
    "letters that latin1 lacks": ("VARCHAR(9) CHARACTER SET utf8mb4", "VARCHAR(2)", ["ü€", "日本"]),
    "text to json": ("TEXT", "JSON", ["{}", "{", None, "x"]),
    "text that is json": ("TEXT", "JSON", ["{}", None, "[1]"]),
    "a number to a uuid": ("INTEGER", "UUID", [1]),
    "a number to a uuid, no rows": ("INTEGER", "UUID", []),
    "text to an enum": ("VARCHAR(9)", "ENUM('a','b')", ["a", "c"]),
    "text of an enum": ("VARCHAR(9)", "ENUM('a','b')", ["a", "b", None]),
    "a negative number to an unsigned one": ("INTEGER", "INTEGER UNSIGNED", [1, -1]),
    "a number to an unsigned one": ("INTEGER", "INTEGER UNSIGNED", [1, 0, None]),
    "bytes to a text": ("VARBINARY(9)", "VARCHAR(9)", [b"abc", b"\xff"]),
    "a moment before 1970": ("DATETIME", "TIMESTAMP NULL", ["1960-01-01 00:00:00"]),
    "a text to bytes": ("VARCHAR(9)", "BLOB", ["abc\0"]),
    "a number to a year": ("INTEGER", "YEAR", [2024, 3000]),
    "a float to a double": ("FLOAT", "DOUBLE", [1.5, 1.1]),
}
SQLITE = {
    "text that is no number": ("TEXT", "INTEGER", ["1", "one", None]),
    "a huge number": ("TEXT", "INTEGER", ["9" * 30]),
    "a fraction": ("REAL", "TEXT", [0.1, 0.1 + 0.2]),
    "zeros behind the point": ("TEXT", "DECIMAL(5, 2)", ["1.50", "2.00"]),
    "an exponent": ("TEXT", "REAL", ["1e3"]),
    "bytes": ("BLOB", "INTEGER", [b"\0\1", b""]),
    "any type to none": ("TEXT", "", ["007"]),
}
AGREED = [
    *[pytest.param("sqlite", *case, id=f"sqlite: {name}") for name, case in (EVERYWHERE | SQLITE).items()],
    *[
        pytest.param("postgres", *case, id=f"postgres: {name}", marks=pytest.mark.postgres)
        for name, case in (EVERYWHERE | SERVERS_ONLY | POSTGRESQL).items()
    ],
    *[
        pytest.param("mariadb", *case, id=f"mariadb: {name}", marks=pytest.mark.mariadb)
        for name, case in (EVERYWHERE | SERVERS_ONLY | MYSQL).items()
    ],
]


def database_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> Any:
    if kind != "sqlite":
        return request.getfixturevalue(kind)
    database = peewee.SqliteDatabase(folder / "app.sqlite")
    database.connect()
    request.addfinalizer(database.close)
    return database


@pytest.mark.parametrize(("kind", "old", "new", "values"), AGREED)
def test_rows_say_what_the_operation_does(kind, old, new, values, request, tmp_path):
    database = database_of(kind, request, tmp_path)
    made(database, old.replace(" NULL", "") if kind == "postgres" else old, *values)
    new = new.replace(" NULL", "") if kind == "postgres" else new
    # On MariaDB, JSON is a text with a check.
    wanted = new if new in ("mood", "") or (kind, new) == ("mariadb", "JSON") else spelled(database, new)
    found = misfits(database, wanted)
    assert bool(found) == (not passes(database, new)), found
    assert len(found.examples) == min(found.count, 3)


TEXTS = ["1", "007", "abc", "", " 5", "5 ", "1.5", "1.50", "1e3", "2024-02-29", "2023-02-29", "10:11:12", "é", "a  "]
MOMENTS = ["2024-02-29 00:00:00", "2024-02-29 10:11:12", "1999-12-31 23:59:59"]
NUMBERS = [0, 1, -1, 7, 300, 70_000]
DRAWN: dict[str, list[Any]] = {
    "TEXT": TEXTS, "VARCHAR(9)": [text[:9] for text in TEXTS], "CHAR(5)": [text[:5] for text in TEXTS],
    "SMALLINT": NUMBERS[:5], "INTEGER": NUMBERS, "BIGINT": [*NUMBERS, 2**31, 2**53 + 1, 2**62],
    "DECIMAL(6,2)": ["1.50", "2.00", "-0.01", "999.95"], "DECIMAL(4,1)": ["1.5", "999.9"],
    "DOUBLE PRECISION": [0.5, 0.1, 2.5, 1e20, 0.1 + 0.2], "BOOLEAN": [False, True],
    "DATE": ["2024-02-29"], "TIME": ["10:11:12", "00:00:00"], "TIMESTAMP NULL": MOMENTS,
}  # fmt: skip
"""Types that each database has, with values of theirs."""


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_the_types_and_the_values_are_the_operation_does_what_rows_say(any_database, data):
    old, new = (data.draw(st.sampled_from(sorted(DRAWN))) for _ in range(2))
    values = data.draw(st.lists(st.sampled_from([None, *DRAWN[old]]), max_size=3))
    if hasattr(any_database.connection(), "prepare_threshold"):
        any_database.connection().prepare_threshold = None  # The plan of another table of that name.
    run(any_database, "DROP TABLE IF EXISTS t")
    if kind_of(any_database) != "mysql":
        old, new = old.replace(" NULL", ""), new.replace(" NULL", "")
    made(any_database, old, *values)
    found = misfits(any_database, spelled(any_database, new))
    assert bool(found) == (not passes(any_database, new)), found
    commit(any_database)


@pytest.mark.parametrize(
    ("kind", "keys", "values", "wanted"),
    [
        ("strict", "id INT PRIMARY KEY, ", ["1", "one", "2.5"], "INTEGER"),
        ("strict", "id INT PRIMARY KEY, ", ["1", "-2"], "INTEGER"),
        ("strict", "id INT PRIMARY KEY, ", ["1", "one", "007"], "ANY"),
        ("key", "", ["1", "one"], "INTEGER"),
        ("key", "", ["1", None], "INTEGER"),
        ("key", "", ["1", "20"], "INTEGER"),
    ],
)
def test_rows_say_what_the_operation_does_where_sqlite_takes_one_kind_of_value(kind, keys, values, wanted, tmp_path):
    database = peewee.SqliteDatabase(tmp_path / "app.sqlite")
    with database.connection_context():
        run(database, f"CREATE TABLE t ({keys}v TEXT {'PRIMARY KEY) ' if kind == 'key' else ') STRICT'}")
        for place, value in enumerate(values):
            row = [place, value] if keys else [value]
            run(database, f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", *row)
        assert bool(misfits(database, wanted)) == (not passes(database, wanted))


def test_the_count_and_the_first_rows_by_key_are_told(server_database):
    made(server_database, "VARCHAR(20)", "one", "2", "two", None, "3x", "007", "four")
    found = misfits(server_database, spelled(server_database, "INTEGER"))
    assert found.count == 5
    assert [(one.key, one.before, one.after) for one in found.examples] == [
        ((1,), "one", None), ((3,), "two", None), ((5,), "3x", None),
    ]  # fmt: skip
    assert all(one.reason for one in found.examples)
    assert "integer" in found.examples[0].reason and "one" in found.examples[0].reason


def test_what_only_becomes_another_value_is_told_with_that(any_database):
    made(any_database, "VARCHAR(20)", "1", "007")
    found = misfits(any_database, spelled(any_database, "INTEGER"))
    assert found == Misfits(1, (Example((2,), "007", "7"),))


WIDER = [
    ("INTEGER", "BIGINT"), ("VARCHAR(5)", "VARCHAR(50)"), ("VARCHAR(5)", "TEXT"), ("DECIMAL(6,2)", "DECIMAL(9,4)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), WIDER)
def test_no_row_is_read_where_every_value_has_its_place(any_database, monkeypatch, old, new):
    made(any_database, old, "1")
    wanted = spelled(any_database, new)
    dialect, seen = dialect_of(any_database), table_of(any_database)
    column = seen.column("v")
    assert column is not None
    with watched(any_database, dialect, monkeypatch) as asked:
        assert not dialect.evidence.misfits(any_database, seen, column, wanted)
    # SQLite's catalog has to be asked for the table's text.
    assert [sql for sql in asked if "sqlite_master" not in sql] == []


@contextlib.contextmanager
def watched(database: Any, dialect: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """While entered, the statements that are sent."""
    asked: list[str] = []
    if dialect.name == "sqlite":
        database.connection().set_trace_callback(asked.append)
        yield asked
        database.connection().set_trace_callback(None)
        return
    cursor = type(database.connection().cursor())
    execute = cursor.execute

    def noted(self: Any, sql: Any, *rest: Any, **options: Any) -> Any:
        asked.append(str(sql))
        return execute(self, sql, *rest, **options)

    with monkeypatch.context() as patched:
        patched.setattr(cursor, "execute", noted)
        yield asked


# -- casts


CASTS = {
    "for all rows": ("sqlite postgres mariadb", "VARCHAR(9)", "INTEGER", ["a", "bb"], "length(v)", 0),
    "by the table's name": ("sqlite postgres", "VARCHAR(9)", "INTEGER", ["a", "bb"], "length(t.v)", 0),
    "of another column": ("sqlite postgres mariadb", "VARCHAR(9)", "INTEGER", ["a", "bb"], "id * 2", 0),
    "another value is what is asked": ("sqlite postgres mariadb", "INTEGER", "INTEGER", [1, 2], "v + 1", 0),
    "some fail": ("postgres", "VARCHAR(9)", "INTEGER", ["1", "x", "7", "y"], "v::integer + 1", 2),
    "some do not fit": ("postgres", "VARCHAR(9)", "VARCHAR(3)", ["a", "abc"], "v || v", 1),
    "blanks are cut": ("postgres", "VARCHAR(9)", "VARCHAR(3)", ["a", "abc"], "v || '   '", 0),
    "some divide by zero": ("postgres", "INTEGER", "INTEGER", [1, 0, 2], "4 / v", 1),
    "some are no number": ("mariadb", "VARCHAR(9)", "INTEGER", ["1", "x", "7", "y"], "concat(v, '1')", 2),
    "some are too long": ("mariadb", "VARCHAR(9)", "VARCHAR(3)", ["a", "abc"], "concat(v, v)", 1),
    "some divide by zero there": ("mariadb", "INTEGER", "INTEGER", [1, 0, 2], "4 / v", 1),
    "some are no json": ("sqlite", "TEXT", "INTEGER", ["1", "2", "3", "{", "[", "{}", "4", "x"], "json_type(v)", 3),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "old", "new", "values", "cast", "count"),
    [
        pytest.param(kind, *case, id=f"{kind}: {name}", marks=[] if kind == "sqlite" else getattr(pytest.mark, kind))
        for name, (kinds, *case) in CASTS.items()
        for kind in kinds.split()
    ],
)
def test_a_conversion_is_counted_as_the_operation_takes_it(kind, old, new, values, cast, count, request, tmp_path):
    database = database_of(kind, request, tmp_path)
    made(database, old, *values)
    found = misfits(database, spelled(database, new), cast)
    assert (found.count, len(found.examples)) == (count, min(count, 3))
    assert all(one.after is None and one.reason for one in found.examples)
    assert passes(database, new, cast) == (count == 0)


@pytest.mark.parametrize(
    ("create", "key"),
    [
        ("CREATE TABLE t (a TEXT, b INT, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID", ("k4", 4)),
        ("CREATE TABLE t (a TEXT, b INT, v TEXT)", ()),
        ("CREATE TABLE t (rowid TEXT, _rowid_ INT, oid TEXT, v TEXT, PRIMARY KEY (rowid, _rowid_))", None),
    ],
)
def test_the_rows_for_which_sqlite_fails_are_told_apart_by_their_place(create, key, tmp_path):
    database = peewee.SqliteDatabase(tmp_path / "app.sqlite")
    with database.connection_context():
        run(database, create)
        for place, value in enumerate(["1", "2", "3", "4", "{", "5", "[", "6"]):
            extra = ["x"] if "oid" in create and key is None else []
            row = [f"k{place}", place, *extra, value]
            run(database, f"INSERT INTO t VALUES ({', '.join('?' * len(row))})", *row)
        found = misfits(database, "INTEGER", "json_type(v)")
    assert (found.count, [one.before for one in found.examples]) == (2, ["{", "["])
    assert key in (None, found.examples[0].key)


def test_null_made_of_a_value_counts_where_the_column_is_required(any_database):
    made(any_database, "VARCHAR(9)", "a", "bb", None)
    wanted = spelled(any_database, "INTEGER")
    cast = "nullif(length(v), 2)"
    assert misfits(any_database, wanted, cast).count == 0
    found = misfits(any_database, wanted, cast, required=True)
    assert (found.count, [one.key for one in found.examples]) == (1, [(2,)])
    assert "NULL" in found.examples[0].reason.upper()


@pytest.mark.parametrize("cast", ["nosuch(v)", "missing", "v) + (1", "1; DROP TABLE t", "(v", "", "max(v)", "v -- so"])
def test_what_is_no_expression_is_refused_with_the_reason(any_database, cast):
    made(any_database, "INTEGER", 1)
    wanted = spelled(any_database, "INTEGER")
    with pytest.raises(PwmigError, match=r"no conversion of t\.v") as caught, looking(any_database) as (reader, seen):
        dialect_of(any_database).evidence.misfits(reader, seen, seen.columns[1], wanted, cast)
    assert caught.value.why and caught.value.way_out
    assert run(any_database, "SELECT count(*) FROM t")[0][0] == 1


# -- names, places, sizes


def test_names_with_every_letter_are_names(any_database):
    made(any_database, "VARCHAR(20)", "1", "007", None, table=HOSTILE, column=HOSTILE)
    wanted = spelled(any_database, "INTEGER")
    found = misfits(any_database, wanted, table=HOSTILE, column=HOSTILE)
    assert found == Misfits(1, (Example((2,), "007", "7"),))
    cast = f"nullif({quoted(any_database, HOSTILE)}, '1')"
    if kind_of(any_database) == "postgresql":
        cast += "::integer"
    found = misfits(any_database, wanted, cast, table=HOSTILE, column=HOSTILE, required=True)
    assert (found.count, found.examples[0].before) == (1, "1")
    with looking(any_database, HOSTILE) as (reader, seen):
        evidence = dialect_of(any_database).evidence
        assert (evidence.row_count(reader, seen), evidence.row_count(reader, seen, 2)) == (3, 2)
        assert evidence.null_count(reader, seen, HOSTILE) == 1


def test_a_table_without_a_key_has_examples_too(any_database):
    made(any_database, "VARCHAR(20)", "02", "1", "01", "03", "00", key="")
    found = misfits(any_database, spelled(any_database, "INTEGER"))
    # SQLite has them in the order in which they are stored, the others in that of the values.
    first = "02" if kind_of(any_database) == "sqlite" else "00"
    assert (found.count, found.examples[0].key, found.examples[0].before) == (4, (), first)


def test_a_long_value_is_cut_by_the_database(server_database):
    made(server_database, "TEXT" if kind_of(server_database) == "postgresql" else "LONGTEXT", LONG, "1")
    found = misfits(server_database, spelled(server_database, "INTEGER"))
    assert (found.count, len(found.examples[0].before)) == (1, 60)
    assert len(found.examples[0].reason) <= 300


def test_a_copy_is_asked_as_well(any_database):
    made(any_database, "VARCHAR(20)", "one", "02")
    wanted, dialect = spelled(any_database, "INTEGER"), dialect_of(any_database)
    with dialect.copy(any_database):
        any_database.connect(reuse_if_open=True)
        run(any_database, "INSERT INTO t VALUES (3, '03')")
        seen = table_of(any_database)
        found = dialect.evidence.misfits(any_database, seen, seen.columns[1], wanted)
        assert [one.key for one in found.examples][-2:] == [(2,), (3,)]
        assert dialect.evidence.misfits(any_database, seen, seen.columns[1], wanted, "length(v)") == Misfits()
    assert run(any_database, "SELECT count(*) FROM t")[0][0] == 2


def test_a_database_in_memory_is_asked_where_it_is():
    database = peewee.SqliteDatabase(":memory:")
    with database.connection_context():
        made(database, "TEXT", "one", "02")
        with dialect_of(database).reading(database) as reader:
            seen = table_of(reader)
            assert dialect_of(database).evidence.misfits(reader, seen, seen.columns[1], "INTEGER").count == 1
        assert run(database, "SELECT count(*) FROM sqlite_temp_master") == [(0,)]


@pytest.mark.mariadb
def test_a_table_of_another_database_is_asked(mariadb, mariadb_server):
    with mariadb_server.fresh() as other:
        made(other, "VARCHAR(20)", "one", "2")
        table = replace(table_of(other), name=f"{other.database}.t", schema=other.database)
        with dialect_of(mariadb).reading(mariadb) as reader:
            evidence = dialect_of(mariadb).evidence
            assert evidence.misfits(reader, table, table.columns[1], "int(11)").count == 1
            assert evidence.misfits(reader, table, table.columns[1], "int(11)", "length(v)") == Misfits()
            assert evidence.misfits(reader, table, table.columns[1], "int(11)", "concat(v, 1)").count == 1


@pytest.mark.postgres
def test_a_table_in_a_schema_its_parts_and_its_heirs_are_looked_at(postgres):
    run(postgres, 'CREATE SCHEMA "o%ne"')
    run(postgres, 'CREATE TABLE "o%ne".t (id int, v text) PARTITION BY LIST (id)')
    run(postgres, 'CREATE TABLE "o%ne".p PARTITION OF "o%ne".t FOR VALUES IN (1, 2)')
    run(postgres, 'CREATE TABLE "o%ne".q PARTITION OF "o%ne".t DEFAULT')
    run(postgres, "INSERT INTO \"o%ne\".t VALUES (1, 'x'), (2, '2'), (3, 'y')")
    postgres.commit()
    found = misfits(postgres, "integer", table="o%ne.t")
    assert (found.count, [one.before for one in found.examples]) == (2, ["x", "y"])
    assert misfits(postgres, "integer", "t.v::integer", table="o%ne.t").count == 2


def test_a_transaction_of_the_caller_goes_on(server_database):
    made(server_database, "VARCHAR(20)", "one", "2")
    wanted, dialect = spelled(server_database, "INTEGER"), dialect_of(server_database)
    seen = table_of(server_database)
    with server_database.atomic():
        run(server_database, "INSERT INTO t VALUES (7, 'seven')")
        assert dialect.evidence.misfits(server_database, seen, seen.columns[1], wanted).count == 2
        run(server_database, "INSERT INTO t VALUES (8, 'eight')")
    assert run(server_database, "SELECT count(*) FROM t")[0][0] == 4


def test_the_connection_only_reads_afterwards(any_database):
    made(any_database, "VARCHAR(20)", "one", "02")
    wanted = spelled(any_database, "INTEGER")
    with looking(any_database) as (reader, seen):
        assert dialect_of(any_database).evidence.misfits(reader, seen, seen.columns[1], wanted)
        with pytest.raises(Exception, match=r"(?i)read.?only"):
            run(reader, "INSERT INTO t VALUES (9, '9')")
        if kind_of(any_database) == "postgresql":
            reader.rollback()


# What a constraint would refuse


def sides(any_database: Any) -> tuple[str, str]:
    """A parent and a child with hostile names and rows; the names of both tables."""
    parent, child = f"p {HOSTILE}", f"c {HOSTILE}"
    made(any_database, "VARCHAR(40)", "x", "y", table=parent, column=HOSTILE)
    values = ["x", HOSTILE[:30], HOSTILE[:30], None, "x"]
    made(any_database, "VARCHAR(40)", *values, table=child, column=HOSTILE)
    return parent, child


def coming(database: Any, name: str) -> Coming:
    table = table_of(database, name)
    return Coming(table, table)


def test_duplicates_orphans_and_violations_by_one_question_each(any_database, monkeypatch):
    """Of hostile names and values, on a connection that only reads."""
    parent, child = sides(any_database)
    commit(any_database)
    evidence = dialect_of(any_database).evidence
    asked: list[str] = []
    tried = type(evidence)._tried
    monkeypatch.setattr(type(evidence), "_tried", lambda self, base, sql: asked.append(sql) or tried(self, base, sql))
    with looking(any_database, child) as (reader, _):
        rows, others = coming(reader, child), coming(reader, parent)
        twice = evidence.duplicates(reader, rows, [IndexPart(HOSTILE)])
        lost = evidence.orphans(reader, rows, [HOSTILE], others, [HOSTILE])
        alone = evidence.orphans(reader, rows, [HOSTILE], None, ["id"])
        against = evidence.violations(reader, rows, "id < 4")
    shown = repr(HOSTILE[:30])
    assert twice == Clash(2, ((HOSTILE, twice.example[0][1]),), 2) and twice.example[0][1] in (shown, "'x'")
    assert lost == Clash(2, ((HOSTILE, shown),), 2)
    assert (alone.count, alone.rows) == (4, 2)
    assert against == Clash(2, (("id", "4"),), 1)
    assert len(asked) == 4


def test_what_can_not_be_told_is_no_clash(any_database):
    """A column that nobody knows ahead, a condition that the database can't read, values that can't be compared."""
    made(any_database, "VARCHAR(40)", "x", "x")
    evidence = dialect_of(any_database).evidence
    with looking(any_database) as (reader, table):
        unknown = Coming(table, table, unknown=frozenset({"v"}))
        assert not evidence.duplicates(reader, unknown, [IndexPart("v")])
        assert not evidence.violations(reader, unknown, "v <> 'x'")
        assert not evidence.violations(reader, Coming(table, table), "nothing_of_that_name(v)")
        assert evidence.duplicates(reader, Coming(table, table), [IndexPart("v")]), "the connection is as it was"


def test_a_predicate_and_what_tells_values_apart(any_database):
    made(any_database, "VARCHAR(40)", "a", "a", "b", "A", None, None)
    evidence = dialect_of(any_database).evidence
    with looking(any_database) as (reader, table):
        rows = Coming(table, table)
        folded = evidence.duplicates(reader, rows, [IndexPart("v")])
        assert (folded.count, folded.rows) == (1, 3 if kind_of(any_database) == "mysql" else 2)
        assert not evidence.duplicates(reader, rows, [IndexPart("v")], "id > 4")
        lower = evidence.duplicates(reader, rows, [IndexPart(None, "lower(v)")])
        assert lower == Clash(1, (("lower(v)", "'a'"),), 3)
        nulls = evidence.duplicates(reader, rows, [IndexPart("v")], "v IS NULL", nulls_distinct=False)
        assert nulls == Clash(1, (("v", "NULL"),), 2)
