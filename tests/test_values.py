"""A change of type changes no value without a word, in whichever kind of table the column stands."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import BlobField, BooleanField, CharField, DecimalField, FloatField, IntegerField, TextField

from pwmig import Migrator
from pwmig.dialects.sqlite.operations import values
from pwmig.errors import OperationRefused


@pytest.fixture
def database(tmp_path):
    database = peewee.SqliteDatabase(tmp_path / "data.db", pragmas={"foreign_keys": 1})
    yield database
    database.close()


TABLES = {
    "an integer key": ("CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT)", "n"),
    "a text key": ("CREATE TABLE p (id TEXT PRIMARY KEY, n TEXT)", "n"),
    "no key": ("CREATE TABLE p (n TEXT)", "n"),
    "without rowid": ("CREATE TABLE p (id TEXT PRIMARY KEY, n TEXT) WITHOUT ROWID", "n"),
    "a column called rowid": ("CREATE TABLE p (rowid TEXT, n TEXT)", "n"),
    "all names of the rowid taken": ("CREATE TABLE p (rowid TEXT, _rowid_ TEXT, oid TEXT, n TEXT)", "n"),
    "the key itself": ("CREATE TABLE p (n TEXT PRIMARY KEY, x INT)", "n"),
    "the key itself, without rowid": ("CREATE TABLE p (n TEXT PRIMARY KEY, x INT) WITHOUT ROWID", "n"),
    "one of two keys": ("CREATE TABLE p (n TEXT, x TEXT, PRIMARY KEY (n, x)) WITHOUT ROWID", "n"),
    "a collation": ("CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT COLLATE NOCASE)", "n"),
    "strict": ("CREATE TABLE p (id TEXT PRIMARY KEY, n TEXT) STRICT", "n"),
    "a hostile name": ('CREATE TABLE p (id TEXT PRIMARY KEY, "o""l, d" TEXT)', 'o"l, d'),
}


def _fill(database, create, column, *values):
    database.execute_sql(create)
    for number, value in enumerate(values):
        name = column.replace('"', '""')
        key = ", id" if "(id TEXT" in create else ", x" if "x TEXT" in create else ""
        marks = ", ?" if key else ""
        database.execute_sql(
            f'INSERT INTO p ("{name}"{key}) VALUES (?{marks})', (value, f"k{9 - number}") if key else (value,)
        )


def _texts_and_rows(database):
    texts = database.execute_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    return texts, database.execute_sql("SELECT * FROM p").fetchall()


@pytest.mark.parametrize("table", TABLES)
def test_a_type_that_would_change_a_value_is_refused_in_every_kind_of_table(database, table):
    create, column = TABLES[table]
    _fill(database, create, column, "1", "007", "3")
    before = _texts_and_rows(database)
    migrator = Migrator.from_database(database)
    with pytest.raises(OperationRefused, match="changing values") as caught:
        migrator.migrate(migrator.alter_column_type("p", column, IntegerField()))
    assert "'007' would become 7" in caught.value.why and "1 value " in caught.value.why
    assert (caught.value.table, caught.value.column) == ("p", column)
    assert _texts_and_rows(database) == before


@pytest.mark.parametrize("table", TABLES)
def test_a_type_that_changes_no_value_is_given_in_every_kind_of_table(database, table):
    create, column = TABLES[table]
    _fill(database, create, column, "1", "-20", "3")
    migrator = Migrator.from_database(database)
    migrator.migrate(migrator.alter_column_type("p", column, IntegerField()))
    name = column.replace('"', '""')
    rows = database.execute_sql(f'SELECT "{name}", typeof("{name}") FROM p ORDER BY 1').fetchall()
    assert rows == [(-20, "integer"), (1, "integer"), (3, "integer")]
    assert database.execute_sql("SELECT name FROM sqlite_temp_master").fetchall() == []


TOO_LONG = "0.1234567890123456789"
CHANGES = [
    # type before, value, field, whether it stays the same value
    ("TEXT", "7", IntegerField(), True),
    ("TEXT", "007", IntegerField(), False),
    ("TEXT", "+7", IntegerField(), False),
    ("TEXT", " 7", IntegerField(), False),
    ("TEXT", "7.0", IntegerField(), False),
    ("TEXT", "1.50", IntegerField(), False),
    ("TEXT", "1e3", IntegerField(), False),
    ("TEXT", "many", IntegerField(), True),  # SQLite keeps a text that is no number as it is.
    ("TEXT", None, IntegerField(null=True), True),
    ("TEXT", "9223372036854775807", IntegerField(), True),
    ("TEXT", "9223372036854775808", IntegerField(), False),
    ("TEXT", "\t7", IntegerField(), False),
    ("TEXT", "7\n", IntegerField(), False),
    ("TEXT", "-0", IntegerField(), False),
    ("TEXT", "7 up", IntegerField(), True),
    ("TEXT COLLATE RTRIM", "7 ", IntegerField(), False),
    ("TEXT COLLATE NOCASE", "1.0E+20", IntegerField(), False),
    ("TEXT", "1", BooleanField(), True),
    ("TEXT", "01", BooleanField(), False),
    ("TEXT", "1.50", DecimalField(), True),
    ("TEXT", "1.50", FloatField(), True),
    ("TEXT", "10", FloatField(), True),
    ("TEXT", "100", DecimalField(), True),
    ("TEXT", "0.0", DecimalField(), True),
    ("TEXT", "01.50", DecimalField(), False),
    ("TEXT", "1.5e10", DecimalField(), False),
    ("TEXT", TOO_LONG, DecimalField(), False),
    ("TEXT", TOO_LONG, FloatField(), False),
    ("TEXT", str(2**53 + 1), FloatField(), False),
    ("TEXT", "999999999999999", FloatField(), True),
    ("INT", 7, TextField(), True),
    ("INT", 7, FloatField(), True),
    ("INT", 2**53 + 1, FloatField(), False),
    ("REAL", 1.5, CharField(), True),
    ("REAL", 0.1 + 0.2, CharField(), False),
    ("REAL", 1.5, IntegerField(), True),
    ("REAL", 2.0, IntegerField(), True),
    ("REAL", float("inf"), TextField(), False),
    ("BLOB", b"\x00\xff", IntegerField(), True),
    ("TEXT", "it's", BlobField(), True),
]


@pytest.mark.parametrize(("type_", "value", "field", "same"), CHANGES, ids=str)
def test_a_value_stays_what_it_says_or_the_change_is_refused(database, type_, value, field, same):
    database.execute_sql(f"CREATE TABLE p (id TEXT PRIMARY KEY, n {type_})")
    database.execute_sql("INSERT INTO p VALUES ('a', ?)", (value,))
    before = _texts_and_rows(database)
    migrator = Migrator.from_database(database)
    wanted = migrator.alter_column_type("p", "n", field)
    if same:
        migrator.migrate(wanted)
        assert _texts_and_rows(database)[0] != before[0]
    else:
        with pytest.raises(OperationRefused, match="changing values"):
            migrator.migrate(wanted)
        assert _texts_and_rows(database) == before


def test_a_key_without_a_value_is_not_given_a_number(database):
    """A text key may be NULL in SQLite; an integer key would count it."""
    _fill(database, "CREATE TABLE p (id TEXT PRIMARY KEY, n TEXT)", "n", "1")
    database.execute_sql("INSERT INTO p VALUES (NULL, '2')")
    database.execute_sql("DELETE FROM p WHERE id IS NOT NULL")
    before = _texts_and_rows(database)
    migrator = Migrator.from_database(database)
    with pytest.raises(OperationRefused, match="changing values") as caught:
        migrator.migrate(migrator.alter_column_type("p", "id", IntegerField()))
    assert "NULL" in caught.value.why
    assert _texts_and_rows(database) == before


def test_a_value_that_a_strict_table_does_not_take_is_refused_in_words(database):
    _fill(database, "CREATE TABLE p (id TEXT PRIMARY KEY, n TEXT) STRICT", "n", "many")
    migrator = Migrator.from_database(database)
    with pytest.raises(OperationRefused, match="does not fit"):
        migrator.migrate(migrator.alter_column_type("p", "n", IntegerField()))


NUMERALS = st.from_regex(r"[ \t]?[-+]?[0-9]{0,20}\.?[0-9]{0,20}([eE][-+]?[0-9]{1,3})?[ \n]?", fullmatch=True)
FLOATS = st.floats(allow_nan=False)
TEXTS = st.one_of(
    NUMERALS,
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8),
    st.integers().map(str),
    FLOATS.map(repr),
)
VALUES = st.one_of(TEXTS, FLOATS, st.integers(-(2**63), 2**63 - 1), st.none(), st.binary(max_size=4))
OLD_TYPES = ["", "TEXT", "INT", "REAL", "NUMERIC", "TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM"]
NEW_TYPES = ["INTEGER", "TEXT", "REAL", "DECIMAL(5, 2)", "BLOB", "DATETIME"]


@given(VALUES, st.sampled_from(OLD_TYPES), st.sampled_from(NEW_TYPES))
def test_no_value_that_would_change_is_left_out_of_the_look(value, old, new):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (n {old})")
        connection.execute("INSERT INTO t VALUES (?)", (value,))
        connection.execute(f"CREATE TABLE p (old, new {new})")
        connection.execute("INSERT INTO p SELECT n, n FROM t")
        changed = connection.execute(f"SELECT old, new FROM p WHERE {values.differing(new)}").fetchall()
        looked_at = values.changing(new, "n")
        assert not changed or connection.execute(f"SELECT 1 FROM t WHERE {looked_at}").fetchall(), changed
