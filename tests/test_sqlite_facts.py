"""Seen whole: two SQLite schemas that differ in one fact alone differ in ``diff`` by exactly that."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from test_sqlite_writing import EVERY_FACT, seen

from pwmig import schema as records
from pwmig.dialects.sqlite.seeing.unseen import UNSEEN
from pwmig.diff import Change, diff

Facts = dict[str, Any]
"""A fact's name -> its values before and after, or ... where they are too long to be told."""

# The columns and constraints of a table t before and after, the kind of the one change, and what differs in it.
TABLES: list[tuple[str, str, str, Facts]] = [
    ("z", "z, a INT", "AddColumn", {}),
    ("z, a INT", "z, a TEXT", "AlterColumn", {"type": ("INT", "TEXT")}),
    ("z, a DECIMAL(10, 2)", "z, a DECIMAL(10, 3)", "AlterColumn", {"type": ("DECIMAL(10, 2)", "DECIMAL(10, 3)")}),
    ("z, a", "z, a BLOB", "AlterColumn", {"type": ("", "BLOB")}),
    ("z, a INT", "z, a INT NOT NULL", "AlterColumn", {"nullable": (True, False)}),
    ("z, a NOT NULL", "z, a NOT NULL ON CONFLICT FAIL", "AlterColumn", {"on_conflict": (None, "FAIL")}),
    ("z, a INT", "z, a INT DEFAULT 1", "AlterColumn", {"default": (None, "1")}),
    ("z, a DEFAULT 'x'", "z, a DEFAULT 'X'", "AlterColumn", {"default": ("'x'", "'X'")}),
    ("z, a DEFAULT 'a  b'", "z, a DEFAULT 'a b'", "AlterColumn", {"default": ("'a  b'", "'a b'")}),
    ("z, a DEFAULT (1 + 2)", "z, a DEFAULT (1 + 3)", "AlterColumn", {"default": ("1 + 2", "1 + 3")}),
    ("z, a TEXT", "z, a TEXT COLLATE NOCASE", "AlterColumn", {"collation": (None, "NOCASE")}),
    ("z, a AS (z)", "z, a AS (z + 1)", "AlterColumn", {"generated": ("z", "z + 1")}),
    ("z, a AS (z)", "z, a AS (z) STORED", "AlterColumn", {"generated_kind": ("virtual", "stored")}),
    (
        "a INTEGER PRIMARY KEY",
        "a INTEGER PRIMARY KEY AUTOINCREMENT",
        "AlterColumn",
        {"autoincrement": (False, True)},
    ),
    ("a INT NOT NULL, b", "a INT NOT NULL PRIMARY KEY, b", "AlterPrimaryKey", {"primary_key": ((), ("a",))}),
    (
        "a, b, PRIMARY KEY (a, b)",
        "a, b, PRIMARY KEY (b, a)",
        "AlterPrimaryKey",
        {"primary_key": (("a", "b"), ("b", "a"))},
    ),
    (
        "a INT PRIMARY KEY",
        "a INT CONSTRAINT c PRIMARY KEY",
        "AlterPrimaryKey",
        {"primary_key_name": (None, "c")},
    ),
    (
        "a INT PRIMARY KEY",
        "a INT PRIMARY KEY ON CONFLICT IGNORE",
        "AlterPrimaryKey",
        {"primary_key_conflict": (None, "IGNORE")},
    ),
    ("a, b, PRIMARY KEY (a, b)", "a, b, PRIMARY KEY (a, b DESC)", "AlterPrimaryKey", {"primary_key_parts": ...}),
    ("a TEXT PRIMARY KEY", "a TEXT, PRIMARY KEY (a COLLATE RTRIM)", "AlterPrimaryKey", {"primary_key_parts": ...}),
    ("a, b", "a, b, UNIQUE (a, b)", "AddUnique", {}),
    ("a, UNIQUE (a)", "a, CONSTRAINT u UNIQUE (a)", "AlterUnique", {"name": (None, "u")}),
    ("a, UNIQUE (a)", "a, UNIQUE (a) ON CONFLICT REPLACE", "AlterUnique", {"on_conflict": (None, "REPLACE")}),
    ("a, UNIQUE (a)", "a, UNIQUE (a DESC)", "AlterUnique", {"parts": ...}),
    ("a, UNIQUE (a)", "a, UNIQUE (a COLLATE NOCASE)", "AlterUnique", {"parts": ...}),
    (
        "a, b, CONSTRAINT u UNIQUE (a)",
        "a, b, CONSTRAINT u UNIQUE (a, b)",
        "AlterUnique",
        {"columns": (("a",), ("a", "b"))},
    ),
    ("a", "a REFERENCES p (x)", "AddForeignKey", {}),
    ("a, b", "a, b, FOREIGN KEY (a, b) REFERENCES p (x, y)", "AddForeignKey", {}),
    ("a REFERENCES p (x)", "a REFERENCES q (x)", "AlterForeignKey", {"ref_table": ("p", "q")}),
    ("a REFERENCES p (x)", "a REFERENCES p (y)", "AlterForeignKey", {"ref_columns": (("x",), ("y",))}),
    (
        "a REFERENCES p (x)",
        "a REFERENCES p (x) ON DELETE RESTRICT",
        "AlterForeignKey",
        {"on_delete": ("NO ACTION", "RESTRICT")},
    ),
    (
        "a REFERENCES p (x) ON DELETE CASCADE",
        "a REFERENCES p (x) ON DELETE CASCADE ON UPDATE SET NULL",
        "AlterForeignKey",
        {"on_update": ("NO ACTION", "SET NULL")},
    ),
    (
        "a REFERENCES p (x)",
        "a REFERENCES p (x) DEFERRABLE INITIALLY DEFERRED",
        "AlterForeignKey",
        {"deferrable": (None, "DEFERRABLE INITIALLY DEFERRED")},
    ),
    ("a REFERENCES p (x)", "a CONSTRAINT f REFERENCES p (x)", "AlterForeignKey", {"name": (None, "f")}),
    (
        "a, b, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x)",
        "a, b, CONSTRAINT f FOREIGN KEY (b) REFERENCES p (x)",
        "AlterForeignKey",
        {"columns": (("a",), ("b",))},
    ),
    ("a", "a CHECK (a > 0)", "AddCheck", {}),
    ("a CHECK (a > 0)", "a CONSTRAINT c CHECK (a > 0)", "AlterCheck", {"name": (None, "c")}),
    (
        "a CONSTRAINT c CHECK (a <> 'x')",
        "a CONSTRAINT c CHECK (a <> 'X')",
        "AlterCheck",
        {"expression": ("a <> 'x'", "a <> 'X'")},
    ),
]

# What stands beside the table t (a, b), before and after.
INDEXES: list[tuple[str, str, str, Facts]] = [
    ("", "CREATE INDEX i ON t (a)", "AddIndex", {}),
    ("CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)", "AlterIndex", {"unique": (False, True)}),
    ("CREATE INDEX i ON t (a)", "CREATE INDEX j ON t (a)", "AlterIndex", {"name": ("i", "j")}),
    ("CREATE INDEX i ON t (a, b)", "CREATE INDEX i ON t (b, a)", "AlterIndex", {"parts": ...}),
    ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a DESC)", "AlterIndex", {"parts": ...}),
    ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a COLLATE NOCASE)", "AlterIndex", {"parts": ...}),
    ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (lower(a))", "AlterIndex", {"parts": ...}),
    ("CREATE INDEX i ON t (lower(a))", "CREATE INDEX i ON t (lower(a) DESC)", "AlterIndex", {"parts": ...}),
    ("CREATE INDEX i ON t (lower(a))", "CREATE INDEX i ON t (upper(a))", "AlterIndex", {"parts": ...}),
    (
        "CREATE INDEX i ON t (a)",
        "CREATE INDEX i ON t (a) WHERE a > 'x'",
        "AlterIndex",
        {"predicate": (None, "a > 'x'")},
    ),
]

DELETE = "CREATE TRIGGER g AFTER DELETE ON t BEGIN DELETE FROM t; END"
INSERT = "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END"
VIEW = "CREATE VIEW v AS SELECT a FROM t"
INSTEAD = "CREATE TRIGGER w INSTEAD OF DELETE ON v BEGIN SELECT 1; END"
NOTHING: tuple[str, ...] = ()

# Whole schemas before and after, beside the table t (a, b).
THINGS: list[tuple[tuple[str, ...], tuple[str, ...], str, Facts]] = [
    (NOTHING, (DELETE,), "AddTrigger", {}),
    ((DELETE,), (INSERT,), "AlterTrigger", {"sql": (DELETE, INSERT)}),
    (NOTHING, (VIEW,), "CreateView", {}),
    ((VIEW,), (VIEW + " AS x",), "AlterView", {"sql": (VIEW, VIEW + " AS x")}),
    ((VIEW,), (VIEW, INSTEAD), "AddTrigger", {}),
    ((VIEW, INSTEAD), (VIEW, INSTEAD.replace("1", "2")), "AlterTrigger", {"sql": ...}),
    (NOTHING, ("CREATE TABLE u (a)",), "CreateTable", {}),
    (("CREATE TABLE u (a INT NOT NULL)",), ("CREATE TABLE u (a INT NOT NULL) STRICT",), "AlterOptions", {}),
    (
        ("CREATE TABLE u (a INT NOT NULL PRIMARY KEY)",),
        ("CREATE TABLE u (a INT NOT NULL PRIMARY KEY) WITHOUT ROWID",),
        "AlterOptions",
        {},
    ),
]

CASES: list[tuple[tuple[str, ...], tuple[str, ...], str, Facts]] = [
    *(((f"CREATE TABLE t ({a})",), (f"CREATE TABLE t ({b})",), kind, facts) for a, b, kind, facts in TABLES),
    *((("CREATE TABLE t (a, b)", a), ("CREATE TABLE t (a, b)", b), kind, facts) for a, b, kind, facts in INDEXES),
    *((("CREATE TABLE t (a, b)", *a), ("CREATE TABLE t (a, b)", *b), kind, facts) for a, b, kind, facts in THINGS),
]

OPPOSITE = {"Add": "Drop", "Create": "Drop", "Alter": "Alter"}


def facts_of(change: Change) -> Facts:
    return {fact.name: (fact.before, fact.after) for fact in getattr(change, "facts", ())}


def assert_says(change: Change, facts: Facts, *, backward: bool = False) -> None:
    found = facts_of(change)
    assert list(found) == list(facts)
    for name, pair in facts.items():
        assert pair is ... or found[name] == (pair[::-1] if backward else pair)


@pytest.mark.parametrize(("one", "other", "kind", "facts"), CASES, ids=[" | ".join(case[1]) for case in CASES])
def test_a_fact_alone_is_the_only_change(one: tuple[str, ...], other: tuple[str, ...], kind: str, facts: Facts) -> None:
    before, after = seen(*one), seen(*other)
    (change,) = diff(before, after)
    assert change.kind == kind
    assert_says(change, facts)
    (back,) = diff(after, before)
    assert back.kind == next(word + kind.removeprefix(verb) for verb, word in OPPOSITE.items() if verb in kind)
    assert_says(back, facts, backward=True)


def test_the_module_of_a_virtual_table_is_one_of_its_facts() -> None:
    try:
        before, after = (seen(f"CREATE VIRTUAL TABLE n USING fts5({text})") for text in ("a", "a, prefix=2"))
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no fts5")
    (change,) = diff(before, after)
    assert change.kind == "AlterOptions"


# -- the table of cases is complete


def facts_held(thing: Any) -> Iterator[str]:
    """``Record.field`` of each fact below ``thing`` that is not what holds anyway; a name says itself."""
    if isinstance(thing, tuple):
        for one in thing:
            yield from facts_held(one)
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            value = getattr(thing, field.name)
            if value != field.default:
                yield f"{type(thing).__name__}.{field.name}"
                yield from facts_held(value)


SQLITES_RECORDS = (
    "Schema",
    "Table",
    "Column",
    "Index",
    "IndexPart",
    "Unique",
    "ForeignKey",
    "Check",
    "Trigger",
    "View",
)
"""What SQLite's schemas are made of."""

OTHERS = {
    "Schema": "sequences types routines events extensions namespaces exact_tables exact_columns",
    "Table": "primary_key_deferrable primary_key_options primary_key_comment exclusions rules policies partitioning"
    " partition_of partition_bound inherits comment grants schema",
    "Column": "charset on_update invisible identity sequence options comment grants",
    "Index": "method include nulls_distinct invisible valid options comment",
    "IndexPart": "operator_class length nulls_first",
    "Unique": "include nulls_distinct deferrable options comment",
    "ForeignKey": "match validated enforced ref_schema comment",
    "Check": "column validated enforced inherited comment",
    "Trigger": "enabled comment",
    "View": "materialized indexes options comment grants schema",
}
"""Facts that other databases have, and SQLite has not."""


def sqlites_facts() -> set[str]:
    return {
        f"{kind}.{field.name}"
        for kind in SQLITES_RECORDS
        for field in dataclasses.fields(getattr(records, kind))
        if field.name not in OTHERS[kind].split()
    }


def test_the_fixture_holds_every_fact_that_sqlite_has() -> None:
    assert set(facts_held(seen(*EVERY_FACT))) == sqlites_facts()


def test_the_cases_name_every_fact_that_sqlite_has() -> None:
    named = {"Schema.tables", "Table.name", "Table.columns", "Column.name"}  # what a new table shows
    for one, other, kind, facts in CASES:
        before, after = seen(*one), seen(*other)
        named |= set(facts_held(before)) ^ set(facts_held(after))
        named |= {f"{kind.removeprefix('Alter')}.{name}".replace("PrimaryKey.", "Table.") for name in facts}
    assert named == sqlites_facts()


def test_what_is_not_looked_at_is_named_with_its_reason() -> None:
    assert all(what and len(why) > 20 for what, why in UNSEEN.items())


UNSEEN_PAIRS = [
    ("CREATE TABLE t (a INT)", "create table [t] (/* one */ 'a' int)", "the layout of a definition"),
    ("CREATE TABLE t (a NOT NULL)", "CREATE TABLE t (a CONSTRAINT c NOT NULL)", "names of NOT NULL"),
    ("CREATE TABLE t (a REFERENCES t (a))", "CREATE TABLE t (a REFERENCES t (a) MATCH FULL)", "MATCH"),
    ("CREATE TABLE t (a REFERENCES t (a))", "CREATE TABLE t (a REFERENCES t (a) DEFERRABLE)", "DEFERRABLE"),
    ("CREATE TABLE t (a, CHECK (a))", "CREATE TABLE t (a, CHECK (a) ON CONFLICT IGNORE)", "ON CONFLICT of a check"),
    ("CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a UNIQUE, UNIQUE (a))", "a constraint that says again"),
    ("CREATE TABLE t (a)", "CREATE TABLE t (a); PRAGMA user_version = 3", "user_version"),
    ("CREATE TABLE t (a)", "CREATE TABLE t (a); CREATE TEMP TABLE s (a)", "temporary objects"),
]


@pytest.mark.parametrize(("one", "other", "what"), UNSEEN_PAIRS, ids=[what for *_, what in UNSEEN_PAIRS])
def test_what_is_named_as_unseen_makes_no_difference(one: str, other: str, what: str) -> None:
    assert any(name.startswith(what) for name in UNSEEN)
    assert seen(*one.split(";")) == seen(*other.split(";"))
