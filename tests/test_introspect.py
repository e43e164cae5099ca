"""What introspection sees of SQLite: everything, the same however it was written, at a fixed number of queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import given
from strategies import HOSTILE_NAMES, quoted, scripts

from pwmig.dialects.sqlite.seeing.introspect import introspect
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Table, Trigger, Unique, View

Rows = list[tuple[Any, ...]]


def asking(connection: sqlite3.Connection) -> Callable[..., Rows]:
    return lambda sql, params=(): connection.execute(sql, params).fetchall()


def schema_of(*statements: str, tables: Sequence[str] | None = None) -> Schema:
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.executescript(statement)
    return introspect(asking(connection), tables)


def only_table(*statements: str) -> Table:
    (table,) = schema_of(*statements).tables
    return table


EVERYTHING = """
CREATE TABLE parent (a INT, b TEXT COLLATE NOCASE, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;
CREATE TABLE child (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- a comment, with a CHECK (1)
    n text NOT NULL ON CONFLICT REPLACE DEFAULT 'a, (b) NOT NULL',
    g INT GENERATED ALWAYS AS (id + 1) STORED,
    h AS (n || ')'),
    u VARCHAR( 40 ) UNIQUE ON CONFLICT IGNORE,
    pa int REFERENCES child DEFERRABLE INITIALLY DEFERRED,
    [pb] TEXT COLLATE "NoCase" CONSTRAINT cc CHECK (pb <> 'it''s'),
    CONSTRAINT fk FOREIGN KEY (pa, pb) REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL,
    UNIQUE (n, u DESC), CONSTRAINT un UNIQUE (pb, pa), CHECK (pa > 0)
);
CREATE INDEX child_n ON child (n COLLATE NOCASE DESC, lower(u)) WHERE n IS NOT NULL;
CREATE UNIQUE INDEX child_pb ON child (pb);
CREATE VIEW seen AS SELECT n FROM child;
CREATE TRIGGER child_added AFTER INSERT ON child BEGIN SELECT 1; END;
CREATE TRIGGER seen_added INSTEAD OF INSERT ON seen BEGIN SELECT 1; END;
"""


def test_a_schema_that_holds_every_fact_is_seen_whole() -> None:
    child = Table(
        name="child",
        columns=(
            Column("id", "INTEGER", nullable=False, autoincrement=True),
            Column("n", "TEXT", nullable=False, default="'a, (b) NOT NULL'", on_conflict="REPLACE"),
            Column("g", "INT", generated="id + 1", generated_kind="stored"),
            Column("h", "", generated="n || ')'", generated_kind="virtual"),
            Column("u", "VARCHAR( 40 )"),
            Column("pa", "INT"),
            Column("pb", "TEXT", collation="NOCASE"),
        ),
        primary_key=("id",),
        indexes=(
            Index(
                "child_n",
                (IndexPart("n", descending=True, collation="NOCASE"), IndexPart(None, "lower(u)")),
                predicate="n IS NOT NULL",
            ),
            Index("child_pb", (IndexPart("pb"),), unique=True),
        ),
        uniques=(
            Unique(("n", "u"), parts=(IndexPart("n"), IndexPart("u", descending=True))),
            Unique(("pb", "pa"), "un"),
            Unique(("u",), on_conflict="IGNORE"),
        ),
        foreign_keys=(
            ForeignKey(("pa",), "child", ("id",), deferrable="DEFERRABLE INITIALLY DEFERRED"),
            ForeignKey(("pa", "pb"), "parent", ("a", "b"), "CASCADE", "SET NULL", name="fk"),
        ),
        checks=(Check("pa > 0"), Check("pb <> 'it''s'", "cc")),
        triggers=(Trigger("child_added", "CREATE TRIGGER child_added AFTER INSERT ON child BEGIN SELECT 1; END"),),
    )
    parent = Table(
        name="parent",
        columns=(Column("a", "INT", nullable=False), Column("b", "TEXT", nullable=False, collation="NOCASE")),
        primary_key=("a", "b"),
        options=("STRICT", "WITHOUT ROWID"),
    )
    added = Trigger("seen_added", "CREATE TRIGGER seen_added INSTEAD OF INSERT ON seen BEGIN SELECT 1; END")
    view = View("seen", "CREATE VIEW seen AS SELECT n FROM child", (added,))
    assert schema_of(EVERYTHING) == Schema((child, parent), (view,))


SAME = [
    ("id INTEGER PRIMARY KEY", '"id" INTEGER NOT NULL PRIMARY KEY', "NOT NULL says nothing of a row's id"),
    ("id INTEGER PRIMARY KEY, a INT", "id INTEGER, a INT, PRIMARY KEY (id)", "a key of the column or of the table"),
    ("a INT REFERENCES t (a)", "a INT, FOREIGN KEY (a) REFERENCES t (a)", "inline and table-level foreign key"),
    ("a INT PRIMARY KEY, b REFERENCES t", "a INT PRIMARY KEY, b REFERENCES t (a)", "the key that a reference means"),
    ("a INT REFERENCES t (a)", "a INT REFERENCES t (a) ON DELETE NO ACTION", "what holds anyway"),
    ("a INT REFERENCES t (a)", "a INT REFERENCES t (a) DEFERRABLE INITIALLY IMMEDIATE", "immediate either way"),
    ("a INT CHECK (a > 0)", "a INT, CHECK (a > 0)", "inline and table-level check"),
    ("a INT UNIQUE", "a INT, UNIQUE (a)", "inline and table-level UNIQUE"),
    ("a TEXT COLLATE BINARY", "a TEXT", "the collation that holds anyway"),
    ("a INT NOT NULL ON CONFLICT ABORT", "a INT NOT NULL", "the conflict clause that holds anyway"),
    ("a  INT   DEFAULT 1", "a INT\nDEFAULT 1 /* one */", "white space and comments"),
    ("a INT CHECK (a>0) CHECK (a<9)", "a INT CHECK (a<9) CHECK (a>0)", "the order of checks"),
    ("a UNIQUE, b UNIQUE", "a, b, UNIQUE (b), UNIQUE (a)", "the order of constraints"),
    ("a UNIQUE, UNIQUE (a DESC) ON CONFLICT FAIL", "a UNIQUE ON CONFLICT FAIL", "one index, and what it does"),
    ("a PRIMARY KEY, UNIQUE (a) ON CONFLICT FAIL", "a PRIMARY KEY ON CONFLICT FAIL", "one index, and what it does"),
    (
        "a, UNIQUE (a), CONSTRAINT c UNIQUE (a COLLATE NOCASE)",
        "a, CONSTRAINT c UNIQUE (a COLLATE NOCASE), UNIQUE (a)",
        "two constraints of one column, each with its own name",
    ),
]


@pytest.mark.parametrize(("one", "other", "why"), SAME)
def test_the_same_table_written_otherwise_is_the_same(one: str, other: str, why: str) -> None:
    assert only_table(f"CREATE TABLE t ({one})") == only_table(f"CREATE TABLE t ({other})"), why


DIFFERENT = [
    ("id INTEGER PRIMARY KEY", "id INT PRIMARY KEY", "only INTEGER is another name of the row's id"),
    ("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY DESC", "a quirk: no row's id, and NULL may stand in it"),
    ("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY AUTOINCREMENT", "ids are never used again"),
    ("a TEXT UNIQUE", "a TEXT COLLATE NOCASE UNIQUE", "the collation decides what is the same"),
    ("a TEXT, UNIQUE (a)", "a TEXT, UNIQUE (a COLLATE NOCASE)", "the constraint's own collation"),
    ("a INT REFERENCES t (a)", "a INT REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED", "checked at COMMIT"),
    ("a INT AS (1)", "a INT AS (1) STORED", "computed when written"),
    ("a DEFAULT 'x'", "a DEFAULT 'X'", "letter case in a literal"),
]


@pytest.mark.parametrize(("one", "other", "why"), DIFFERENT)
def test_another_table_is_not_the_same(one: str, other: str, why: str) -> None:
    assert only_table(f"CREATE TABLE t (z, {one})") != only_table(f"CREATE TABLE t (z, {other})"), why


def test_a_unique_index_and_a_unique_constraint_are_two_things() -> None:
    constraint = only_table("CREATE TABLE t (a UNIQUE)")
    index = only_table("CREATE TABLE t (a)", "CREATE UNIQUE INDEX i ON t (a)")
    assert (constraint.uniques, constraint.indexes) == ((Unique(("a",)),), ())
    assert (index.uniques, index.indexes) == ((), (Index("i", (IndexPart("a"),), unique=True),))


def test_a_table_altered_by_steps_is_the_one_that_peewee_creates_whole() -> None:
    database = peewee.SqliteDatabase(":memory:")

    class Person(peewee.Model):
        name = peewee.CharField(40, default="x")
        boss = peewee.ForeignKeyField("self", null=True, on_delete="CASCADE")

        class Meta:
            database = peewee.SqliteDatabase(None)

    with database.bind_ctx([Person]):
        database.create_tables([Person])
    by_steps = only_table(
        "CREATE TABLE human (id INTEGER PRIMARY KEY, title VARCHAR(40) NOT NULL)",
        "ALTER TABLE human RENAME TO person",
        "ALTER TABLE person RENAME COLUMN title TO name",
        "ALTER TABLE person ADD COLUMN boss_id INTEGER REFERENCES person (id) ON DELETE CASCADE",
        "CREATE INDEX person_boss_id ON person (boss_id)",
    )
    assert introspect(asking(database.connection())).tables == (by_steps,)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_given_back_to_the_letter(name: str) -> None:
    q = quoted(name)
    table = only_table(
        f"CREATE TABLE {q} ({q} INT CONSTRAINT {q} CHECK ({q} > 0) REFERENCES {q} ({q}), b TEXT COLLATE nocase)",
        f"CREATE INDEX {quoted(name + ' i')} ON {q} ({q} DESC, lower({q})) WHERE {q} > 1",
        f"CREATE TRIGGER {q} AFTER INSERT ON {q} BEGIN SELECT {q} FROM {q}; END",
    )
    assert (table.name, table.column_names) == (name, (name, "b"))
    assert table.checks == (Check(f"{q} > 0", name),)
    assert table.foreign_keys == (ForeignKey((name,), name, (name,)),)
    assert table.indexes[0].parts == (IndexPart(name, descending=True), IndexPart(None, f"lower({q})"))
    assert table.indexes[0].predicate == f"{q} > 1"
    assert [trigger.name for trigger in table.triggers] == [name]


@pytest.mark.parametrize("wanted", [None, ("t1", "T2")])
def test_the_number_of_queries_does_not_grow_with_the_tables(wanted: tuple[str, ...] | None) -> None:
    counts = []
    for tables in (5, 50):
        connection = sqlite3.connect(":memory:")
        for number in range(tables):
            connection.execute(f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, a UNIQUE CHECK (a > 0) REFERENCES t0)")
            connection.execute(f"CREATE INDEX i{number} ON t{number} (a DESC)")
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        found = introspect(asking(connection), wanted)
        assert len(found.tables) == (tables if wanted is None else 2)
        counts.append(len([sql for sql in asked if not sql.startswith("--")]))
    assert counts[0] == counts[1] <= 5


def test_only_the_tables_named_are_read_and_letter_case_does_not_count() -> None:
    found = schema_of(
        "CREATE TABLE One (a); CREATE TABLE two (a REFERENCES one); CREATE VIEW v AS SELECT 1", tables=["ONE"]
    )
    assert (found.table_names, found.views) == (("One",), ())
    many = [f"nothing{number}" for number in range(3000)]
    assert schema_of("CREATE TABLE One (a); CREATE TABLE two (a)", tables=[*many, "two"]).table_names == ("two",)


def test_what_is_sqlites_or_pwmigs_own_is_not_seen() -> None:
    found = schema_of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); ANALYZE",
        "CREATE TABLE pwmig_history (a); CREATE INDEX h ON pwmig_history (a); CREATE TABLE Pwmig_attic (a)",
        "CREATE TABLE pwmigrant (a)",
    )
    assert found.table_names == ("pwmigrant", "t")


def test_a_virtual_table_is_seen_without_its_shadows() -> None:
    try:
        found = schema_of("CREATE VIRTUAL TABLE notes USING fts5(title, body); CREATE TABLE t (a)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no fts5")
    notes = Table("notes", (Column("title", ""), Column("body", "")), options=("VIRTUAL", "fts5(title, body)"))
    assert found.tables == (notes, Table("t", (Column("a", ""),)))


def test_a_broken_view_and_a_reference_to_nothing_are_seen_as_they_are() -> None:
    found = schema_of("CREATE TABLE t (a REFERENCES nowhere)", "CREATE VIEW v AS SELECT * FROM gone")
    assert found.tables[0].foreign_keys == (ForeignKey(("a",), "nowhere", ("a",)),)
    assert [view.name for view in found.views] == ["v"]


@given(scripts())
def test_every_column_index_and_key_that_sqlite_lists_is_seen(script: tuple[str, ...]) -> None:
    connection = sqlite3.connect(":memory:")
    for statement in script:
        connection.execute(statement)
    for table in introspect(asking(connection)).tables:
        listed = connection.execute("SELECT name, type, hidden FROM pragma_table_xinfo(?)", (table.name,)).fetchall()
        assert table.column_names == tuple(name for name, _, _ in listed)
        assert [column.generated is not None for column in table.columns] == [hidden > 1 for _, _, hidden in listed]
        indexes = connection.execute("SELECT name, origin FROM pragma_index_list(?)", (table.name,)).fetchall()
        assert {index.name for index in table.indexes} == {name for name, origin in indexes if origin == "c"}
        assert len(table.uniques) == len([origin for _, origin in indexes if origin == "u"])
        keys = connection.execute("SELECT DISTINCT id FROM pragma_foreign_key_list(?)", (table.name,)).fetchall()
        assert len(table.foreign_keys) == len(keys)
        sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table.name,)).fetchone()[0]
        assert len(table.checks) == sql.count("CHECK (" + '"') == sql.count("'no, (never) NOT NULL'")


@given(scripts())
def test_the_same_statements_make_the_same_schema(script: tuple[str, ...]) -> None:
    assert schema_of(*script) == schema_of(*script)


@pytest.mark.parametrize(
    ("file", "tables", "indexes", "foreign_keys"), [("chinook.sqlite", 11, 11, 11), ("footballers_cc0.sqlite", 2, 2, 1)]
)
def test_real_files(real_data: Callable[[str], Path], file: str, tables: int, indexes: int, foreign_keys: int) -> None:
    connection = sqlite3.connect(f"{real_data(file).as_uri()}?mode=ro", uri=True)
    found = introspect(asking(connection))
    counts = (
        len(found.tables),
        sum(len(table.indexes) for table in found.tables),
        sum(len(table.foreign_keys) for table in found.tables),
    )
    assert counts == (tables, indexes, foreign_keys)
    assert all(table.primary_key for table in found.tables)
