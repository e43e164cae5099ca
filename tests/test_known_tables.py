"""A second look at a schema reads only what has changed since the first, and sees the same as a first one would."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwmig.dialects.sqlite.seeing.introspect import introspect
from pwmig.schema import Table

START = """
CREATE TABLE parent (a INTEGER, b INTEGER, PRIMARY KEY (a));
CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES parent, q REFERENCES parent (a));
CREATE TABLE other (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, CHECK (id > 0));
CREATE INDEX by_name ON other (name);
CREATE VIEW v AS SELECT * FROM other;
CREATE VIRTUAL TABLE words USING fts5 (text);
"""
STEPS = (
    "ALTER TABLE other ADD COLUMN level INTEGER DEFAULT 1",
    "ALTER TABLE other RENAME COLUMN name TO title",
    "ALTER TABLE other RENAME TO another",
    "ALTER TABLE parent RENAME TO mother",
    "ALTER TABLE parent RENAME COLUMN a TO z",
    "DROP TABLE parent",
    "CREATE TABLE parent (x TEXT, y TEXT, PRIMARY KEY (y))",
    "DROP TABLE other",
    "CREATE TABLE Other (id INTEGER PRIMARY KEY)",
    "DROP INDEX by_name",
    "CREATE INDEX by_name ON other (name DESC) WHERE name > 'a'",
    "CREATE UNIQUE INDEX unique_name ON other (lower(name))",
    "CREATE TRIGGER t AFTER INSERT ON other BEGIN DELETE FROM child; END",
    "DROP TRIGGER t",
    "DROP VIEW v",
    "CREATE VIEW v AS SELECT 1 AS x",
    "DROP TABLE words",
    "CREATE VIRTUAL TABLE words USING fts5 (title, text)",
    "CREATE TABLE more (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT",
)
POSSIBLE = tuple(step for step in STEPS if not step.startswith(("CREATE TABLE", "CREATE V", "CREATE INDEX", "DROP TR")))
"""Those that are possible from the start."""


class Database:
    """An in-memory database, and the questions that it was asked."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.connection.executescript(START)
        self.asked: list[str] = []

    def __call__(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        self.asked.append(sql)
        return self.connection.execute(sql, params).fetchall()

    def change(self, sql: str) -> None:
        """Take a step; one that the steps before it have made impossible changes nothing."""
        with contextlib.suppress(sqlite3.OperationalError):
            self.connection.execute(sql)


@settings(max_examples=80, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=8))
def test_with_a_memory_all_is_seen_as_without(steps: list[str]) -> None:
    database, known = Database(), dict[Any, Table]()
    for step in ("SELECT 1", *steps):
        database.change(step)
        assert introspect(database, None, known) == introspect(database)
        assert introspect(database, ["child", "OTHER"], known) == introspect(database, ["child", "OTHER"])
    database.connection.close()


@pytest.mark.parametrize("step", STEPS)
def test_one_change_is_seen(step: str) -> None:
    database, known = Database(), dict[Any, Table]()
    before = introspect(database, None, known)
    database.change(step)
    assert step not in POSSIBLE or introspect(database) != before
    assert introspect(database, None, known) == introspect(database)
    database.connection.close()


def test_what_is_known_is_not_asked_for_and_what_is_gone_is_forgotten() -> None:
    database, known = Database(), dict[Any, Table]()
    database.connection.executescript("DROP TABLE child; DROP TABLE words")
    first = introspect(database, None, known)
    database.asked.clear()
    assert introspect(database, None, known) == first
    assert len(database.asked) == 1 and {table.name for table in known.values()} == {"other", "parent"}
    database.change("DROP TABLE parent")
    introspect(database, None, known)
    assert {table.name for table in known.values()} == {"other"}
    database.connection.close()
