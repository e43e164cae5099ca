"""SQLite's DDL writer: a schema that is written and seen again is equal, whatever it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from strategies import HOSTILE_NAMES, quoted, scripts

from pwmig.dialects.sqlite.seeing.introspect import introspect
from pwmig.dialects.sqlite.writing import write
from pwmig.schema import Schema

Rows = list[tuple[Any, ...]]


def asking(connection: sqlite3.Connection) -> Callable[..., Rows]:
    return lambda sql, params=(): connection.execute(sql, params).fetchall()


def made_by(statements: Sequence[str]) -> sqlite3.Connection:
    """An empty database in which the statements were run, one by one."""
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.execute(statement)
    return connection


def seen(*statements: str) -> Schema:
    return introspect(asking(made_by(statements)))


def assert_written(schema: Schema) -> tuple[str, ...]:
    """The statements that make ``schema``, which they do."""
    statements = write(schema)
    assert seen(*statements) == schema
    return statements


EVERY_FACT = (
    """CREATE TABLE parent (
        a INT NOT NULL, b TEXT COLLATE NOCASE, c TEXT,
        CONSTRAINT "the key" PRIMARY KEY (a, b COLLATE RTRIM DESC) ON CONFLICT REPLACE,
        UNIQUE (a, b)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE child (
        id INTEGER CONSTRAINT counted PRIMARY KEY ON CONFLICT IGNORE AUTOINCREMENT, -- a comment, with a CHECK (1)
        n text NOT NULL ON CONFLICT REPLACE DEFAULT 'a, (b) NOT NULL',
        g INT GENERATED ALWAYS AS (id + 1) STORED,
        h AS (n || ')'),
        u VARCHAR( 40 ) UNIQUE ON CONFLICT IGNORE,
        d DECIMAL(10, 2) DEFAULT (1 + 2) CHECK (d > 0 -- nothing
        ),
        pa int REFERENCES child DEFERRABLE INITIALLY DEFERRED,
        [pb] TEXT COLLATE "NoCase" CONSTRAINT cc CHECK (pb <> 'it''s'),
        CONSTRAINT fk FOREIGN KEY (pa, pb) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL,
        UNIQUE (n, u DESC), CONSTRAINT un UNIQUE (pb, pa), UNIQUE (pb COLLATE RTRIM), CHECK (pa > 0)
    )""",
    "CREATE TABLE plain (a, b REAL REFERENCES child ON UPDATE RESTRICT)",
    "CREATE TABLE quirk (id INTEGER PRIMARY KEY DESC)",
    "CREATE INDEX child_n ON child (n COLLATE NOCASE DESC, lower(u) DESC) WHERE n IS NOT NULL",
    "CREATE UNIQUE INDEX child_pb ON child (pb)",
    "CREATE VIEW seen AS SELECT n FROM child",
    "CREATE VIEW a_first AS SELECT n FROM seen",
    "CREATE TRIGGER child_added AFTER INSERT ON child BEGIN SELECT 1; UPDATE plain SET a = 1; END",
    "CREATE TRIGGER seen_added INSTEAD OF INSERT ON seen BEGIN SELECT 1; END",
)
"""A schema that holds every fact of SQLite's at once."""


def test_a_schema_that_holds_every_fact_is_made_again() -> None:
    assert_written(seen(*EVERY_FACT))


def test_what_is_written_is_written_again_to_the_letter() -> None:
    statements = write(seen(*EVERY_FACT))
    assert write(seen(*statements)) == statements


def test_the_statements_are_what_a_person_would_write() -> None:
    schema = seen(
        "CREATE TABLE team (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE DEFAULT 'x')",
        "CREATE TABLE player (id INTEGER PRIMARY KEY, team_id INT REFERENCES team ON DELETE CASCADE, CHECK (id > 0))",
        "CREATE INDEX player_team_id ON player (team_id DESC) WHERE team_id > 1",
    )
    assert assert_written(schema) == (
        'CREATE TABLE "player" (\n'
        '    "id" INTEGER NOT NULL PRIMARY KEY,\n'
        '    "team_id" INT,\n'
        '    FOREIGN KEY ("team_id") REFERENCES "team" ("id") ON DELETE CASCADE,\n'
        "    CHECK (id > 0)\n"
        ")",
        'CREATE INDEX "player_team_id" ON "player" ("team_id" DESC) WHERE team_id > 1',
        'CREATE TABLE "team" (\n'
        '    "id" INTEGER NOT NULL PRIMARY KEY,\n'
        "    \"name\" VARCHAR(40) NOT NULL DEFAULT 'x',\n"
        '    UNIQUE ("name")\n'
        ")",
    )


COLUMNS = [
    ("a", "no type"),
    ("a unsigned big int", "a type of several words"),
    ("a DECIMAL(+10, -2.5)", "numbers with a sign"),
    ('a "check me, (please) NOT NULL"', "a type that only quotes keep together"),
    ("a 'VARCHAR(MAX)'", "a type that only quotes let in"),
    ('a "say ""x"""', "a type with quotes in it"),
    ("a DECIMAL /* x */ (10)", "a comment that SQLite takes into the type"),
    ("a DECIMAL -- x\n (10)", "a comment that would take the rest of the line along"),
    ("a DEFAULT -1.5", "a number with its sign"),
    ("a DEFAULT - 0x1F", "a sign apart"),
    ("a DEFAULT (- -1)", "two signs"),
    ("a DEFAULT hello", "a bare word, which is a text"),
    ('a DEFAULT "it\'s"', "a quoted word, which is a text too"),
    ("a DEFAULT 'it''s -- (x) '", "a text with all that could be mistaken"),
    ("a DEFAULT x'00ff'", "a blob"),
    ("a DEFAULT (1 -- one\n)", "a comment at the end"),
    ("a DEFAULT (datetime('now') || ')')", "an expression"),
    ("a DEFAULT CURRENT_TIMESTAMP", "a word with a meaning"),
    ("a DEFAULT TRUE", "a boolean"),
    ("a DEFAULT NULL", "said, though it holds anyway"),
    ("a AS (1 -- one\n) STORED", "a comment in an expression"),
    ("a CHECK (a > 0 -- one\n)", "a comment in a check"),
    ("a INT NOT NULL ON CONFLICT ROLLBACK", "a conflict clause"),
    ("a INTEGER PRIMARY KEY DESC", "no row's id"),
    ("a INTEGER, PRIMARY KEY (a DESC)", "a row's id"),
    ("a INT PRIMARY KEY, UNIQUE (a COLLATE NOCASE)", "a key, and the same under another collation"),
    ("a TEXT, PRIMARY KEY (a COLLATE NOCASE DESC)", "a key's own collation and order"),
    ("a INT PRIMARY KEY NOT NULL ON CONFLICT IGNORE", "a key with its own NOT NULL"),
    ("a INTEGER PRIMARY KEY UNIQUE", "a key said twice"),
    ("a, CONSTRAINT one UNIQUE (a), CONSTRAINT two UNIQUE (a DESC)", "two constraints of one column"),
    ("a REFERENCES nowhere", "a reference to nothing"),
    ("a REFERENCES nowhere (x) REFERENCES t (a)", "two references of one column"),
    ("a, b, FOREIGN KEY (a, b) REFERENCES t", "a reference to a key of another length"),
    ('a CONSTRAINT "it\'s" CHECK (a) CHECK (a)', "the same twice, one with a name"),
]


@pytest.mark.parametrize(("text", "why"), COLUMNS, ids=[why for _, why in COLUMNS])
def test_a_column_is_made_again_however_it_was_written(text: str, why: str) -> None:
    assert_written(seen(f"CREATE TABLE t (z, {text})"))
    if "PRIMARY KEY" in text:
        assert_written(seen(f"CREATE TABLE t (z, {text}) WITHOUT ROWID"))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_written_to_the_letter(name: str) -> None:
    q = quoted(name)
    assert_written(
        seen(
            f"CREATE TABLE {q} ({q} INT CONSTRAINT {q} CHECK ({q} > 0) REFERENCES {q} ({q}), b TEXT COLLATE nocase,"
            f" CONSTRAINT {q} PRIMARY KEY ({q}, b), CONSTRAINT {q} UNIQUE (b))",
            f"CREATE INDEX {quoted(name + ' i')} ON {q} ({q} DESC, lower({q})) WHERE {q} > 1",
            f"CREATE VIEW {quoted(name + ' v')} AS SELECT {q} FROM {q}",
            f"CREATE TRIGGER {q} AFTER INSERT ON {q} BEGIN SELECT {q} FROM {q}; END",
        )
    )


def test_a_virtual_table_is_made_again_with_its_shadows_and_triggers() -> None:
    statements = (
        "CREATE VIRTUAL TABLE notes USING fts5(title, body UNINDEXED, content='zettel', tokenize=\"porter\")",
        "CREATE TABLE zettel (title, body)",
        "CREATE TRIGGER kept AFTER INSERT ON zettel BEGIN INSERT INTO notes VALUES (NEW.title, NEW.body); END",
    )
    try:
        schema = seen(*statements)
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no fts5")
    connection = made_by(assert_written(schema))
    connection.execute("INSERT INTO zettel VALUES ('swimming', 'far')")
    assert connection.execute("SELECT count(*) FROM notes WHERE notes MATCH 'swim'").fetchone() == (1,)


@given(scripts())
def test_a_schema_written_and_seen_again_is_equal(script: tuple[str, ...]) -> None:
    assert_written(seen(*script))


@pytest.mark.parametrize("file", ["chinook.sqlite", "footballers_cc0.sqlite"])
def test_real_files_are_made_again(real_data: Callable[[str], Path], file: str) -> None:
    connection = sqlite3.connect(f"{real_data(file).as_uri()}?mode=ro", uri=True)
    assert_written(introspect(asking(connection)))
