"""What SQLite has its own way with, refused or taken in words of pwmig's: NULLs, STRICT, values, temporary tables."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from peewee import SQL, CharField, IntegerField, TextField, Value, fn
from test_sqlite_readers import make, migrator, picture, refused, shown

from pwmig.dialects import migrate

__all__ = ["migrator"]  # The fixture.


def test_two_nulls_are_never_the_same(migrator):
    error = refused(migrator, lambda m: [m.add_index("t", ("a",), True, nulls_distinct=False)])
    assert error.what == "SQLite has no unique index in which two NULLs are the same" and error.table == "t"
    migrate(migrator.add_index("t", ("a",), True, nulls_distinct=True))
    make(migrator, "INSERT INTO t VALUES (2, NULL, 1, 1), (3, NULL, 1, 1)")


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.add_column("exact", "x", CharField(null=True)),
        lambda m: m.add_column("exact", "x", CharField(default="")),
        lambda m: m.alter_column_type("exact", "was", CharField(9), cast="was"),
        lambda m: m.create_table("more", {"id": IntegerField(primary_key=True), "x": CharField()}, strict_tables=True),
    ],
    ids=["a column", "a filled column", "another type", "a table"],
)
def test_a_strict_table_says_which_types_it_knows(migrator, ask):
    make(migrator, "CREATE TABLE exact (id INTEGER PRIMARY KEY, was TEXT) STRICT")
    error = refused(migrator, lambda m: [ask(m)])
    assert error.what.partition(" can't be of type ")[0] == f"{error.table}.{error.column}"
    assert "pwmig_new" not in str(error) and "TEXT" in error.why
    migrate(
        migrator.create_table("more", {"id": IntegerField(primary_key=True), "y": TextField()}, strict_tables=True),
        migrator.add_column("exact", "y", TextField(null=True)),
    )


VALUES = {
    "a text": (Value("v"), "v"),
    "a text with a quote": (Value("it's"), "it's"),
    "a text like SQL": (Value("lower('X')"), "lower('X')"),
    "a number": (Value(3), 3),
    "bytes": (Value(b"ab"), b"ab"),
    "a day": (Value(date(2020, 1, 2)), "2020-01-02"),
    "a UUID": (Value(UUID(int=5)), str(UUID(int=5))),
    "what a converter makes": (Value(3, converter=lambda value: value + 1), 4),
    "a call of a text": (fn.lower("It's"), "it's"),
    "a call of a number": (fn.abs(-2), 2),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_is_a_default_as_it_is(migrator, case):
    given, read = VALUES[case]
    make(migrator, "CREATE TABLE p (id INTEGER PRIMARY KEY, x)")
    migrate(migrator.add_column_default("p", "x", given))
    make(migrator, "INSERT INTO p (id) VALUES (1)")
    assert migrator.database.execute_sql("SELECT x FROM p").fetchall() == [(read,)]


def test_no_value_is_no_default_and_bytes_in_a_call_are_refused(migrator):
    assert "says nothing" in refused(migrator, lambda m: [m.add_column_default("t", "a", Value(None))]).what
    assert "bound values" in refused(migrator, lambda m: [m.add_column_default("t", "a", fn.hex(b"x"))]).what


HIDDEN = {
    "backfill": lambda m: m.backfill("t", {"a": 9}, True),
    "add_column": lambda m: m.add_column("t", "n", IntegerField(null=True)),
    "a rebuild": lambda m: m.alter_column_type("T", "a", CharField(9)),
    "rename_table": lambda m: m.rename_table("t", "s"),
    "drop_table": lambda m: m.drop_table("t"),
    "add_index": lambda m: m.add_index("t", ("a",)),
    "create_table": lambda m: m.create_table("passing", {"id": IntegerField()}),
}


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
@pytest.mark.parametrize("case", HIDDEN)
def test_a_table_behind_a_temporary_one_is_not_mistaken_for_it(migrator, case, kind):
    name = "passing" if case == "create_table" else "t"
    make(migrator, f"CREATE TEMP {kind} {name} AS SELECT 1 AS id, 2 AS a, 3 AS n")
    error = refused(migrator, lambda m: [HIDDEN[case](m)])
    assert "hidden by a temporary" in error.what and error.table.lower() == name
    assert migrator.database.execute_sql(f"SELECT * FROM temp.{name}").fetchall() == [(1, 2, 3)]
    before = picture(migrator)
    migrate(*shown(migrator, error.way_out), HIDDEN[case](migrator))
    assert picture(migrator) != before


def test_a_temporary_table_of_another_name_is_in_nobodys_way(migrator):
    make(migrator, "CREATE TEMP TABLE passing AS SELECT 1 AS id")
    migrate(migrator.backfill("t", {"a": SQL("(SELECT id + 6 FROM passing)")}, True))
    assert migrator.database.execute_sql("SELECT a FROM t").fetchall() == [(7,)]
