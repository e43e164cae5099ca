"""Each CREATE TABLE that SQLite takes is read as SQLite reads it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pwmig.dialects.sqlite.texts.ddl import DDLError, parse_create_index, parse_create_table
from pwmig.dialects.sqlite.texts.tokens import fold, unquote

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

NAMES = ["a", '"b"', "[c d]", "`e``f`", "'g'", '"h,(i"', "größe", '"NOT NULL"', "key", '"--x"', "[/*y]"]
TYPES = ["", "INTEGER", "varchar(10)", "DECIMAL(10, 2)", '"my type"', "double precision", "numeric (5,-1)"]
CONSTRAINTS = [
    "NOT NULL",
    "not  null ON CONFLICT IGNORE",
    "NULL",
    "UNIQUE",
    "DEFAULT 'a, (b) NOT NULL'",
    "DEFAULT -1.5",
    "DEFAULT (1 + (2 * 3))",
    "DEFAULT /* c */ CURRENT_TIMESTAMP",
    'DEFAULT "text"',
    "DEFAULT true",
    "COLLATE NOCASE",
    "CHECK (1 <> 2 AND ')' <> '(')",
    "CONSTRAINT [named one] CHECK (1)",
    "REFERENCES other",
    "REFERENCES [other](id) ON DELETE CASCADE ON UPDATE SET NULL",
    "REFERENCES other(id) NOT NULL DEFERRABLE INITIALLY DEFERRED",
    "-- a comment, with ( and '\n",
    "CONSTRAINT dangling",
]
ENDS = [
    "",
    ",",
    "UNIQUE ({0})",
    "CHECK ('a,b' <> ')')",
    "CONSTRAINT fk FOREIGN KEY ({0}) REFERENCES other(id) ON DELETE SET DEFAULT",
]
BETWEEN = [" ", "\n\t", " /* , ) */ ", " -- ) ,\n "]


@st.composite
def create_tables(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    between = st.sampled_from(BETWEEN)
    columns = []
    for name in names:
        constraints = draw(st.lists(st.sampled_from(CONSTRAINTS), max_size=4))
        columns.append(draw(between).join([name, draw(st.sampled_from(TYPES)), *constraints]))
    if draw(st.booleans()):
        columns.append(
            f"total GENERATED ALWAYS AS ({names[0]} || ')') {draw(st.sampled_from(['', 'STORED', 'VIRTUAL']))}"
        )
    ends = [end.format(names[0]) for end in draw(st.lists(st.sampled_from(ENDS[2:]), max_size=3))]
    if draw(st.booleans()):
        ends.insert(0, f"PRIMARY KEY ({names[0]} COLLATE NOCASE DESC)")
    separator = draw(st.sampled_from([", ", "\n", " , -- x\n"]))
    tail = f",{draw(between)}" + separator.join(ends) if ends else ""
    options = draw(st.sampled_from(["", " WITHOUT ROWID"]))
    return f"CREATE TABLE {draw(st.sampled_from(['t', '[t t]', 'main.t']))}({', '.join(columns)}{tail}){options}"


def _made(sql):
    """A connection to a database with the table, its name and its text as SQLite keeps it."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE other(id INTEGER PRIMARY KEY)")
    connection.execute(sql)
    name, text = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type='table' AND name<>'other'"
    ).fetchone()
    return connection, name, text


def assert_read_as_sqlite_reads(connection, name, text):
    table = parse_create_table(text)
    assert table.name == name
    facts = connection.execute("SELECT * FROM pragma_table_xinfo(?)", [name]).fetchall()
    assert [column.name for column in table.columns] == [fact[1] for fact in facts]
    for column, (_, _, type_, not_null, default, key, hidden) in zip(table.columns, facts, strict=True):
        assert unquote(column.type).lower() == type_.lower()
        if "WITHOUT ROWID" not in table.options:
            assert bool(column.all("not null")) == bool(not_null)
        defaults = column.all("default")
        assert (defaults[-1].expression if defaults else None) == default or f"({default})" == defaults[-1].expression
        assert bool(column.all("generated")) == (hidden in (2, 3))
        assert any(constraint.stored for constraint in column.all("generated")) == (hidden == 3)
        in_key = [c for c in table.constraints if c.kind == "primary key" and fold(column.name) in map(fold, c.columns)]
        assert bool(column.all("primary key") or in_key) == bool(key)
    assert _foreign_keys(table) == sorted(
        (fact[2], fact[3], fact[4] or "", fact[5], fact[6])
        for fact in connection.execute("SELECT * FROM pragma_foreign_key_list(?)", [name])
    ) or any(len(constraint.columns) > 1 for constraint in table.all("foreign key"))


def _foreign_keys(table):
    found = []
    for column in table.columns:
        found += [(c, (column.name,)) for c in column.all("references")]
    found += [(c, c.columns) for c in table.constraints if c.kind == "foreign key"]
    return sorted(
        (c.ref_table, names[0], (c.ref_columns or ("",))[0], c.on_update or "NO ACTION", c.on_delete or "NO ACTION")
        for c, names in found
    )


@settings(suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(create_tables())
def test_a_table_is_read_as_sqlite_reads_it(sql):
    try:
        connection, name, text = _made(sql)
    except sqlite3.Error:
        assume(False)
    try:
        assert_read_as_sqlite_reads(connection, name, text)
        assert parse_create_table(sql).column_names == parse_create_table(text).column_names
    finally:
        connection.close()


def test_the_generator_makes_tables_that_sqlite_takes():
    """Guards the property above: with every refusal assumed away, it must still see real tables."""
    connection, name, text = _made(
        "CREATE TABLE t(a INTEGER NOT NULL, [c d] varchar(10) DEFAULT 'a, (b) NOT NULL' REFERENCES other(id), "
        "PRIMARY KEY (a COLLATE NOCASE DESC)\nUNIQUE (a) CONSTRAINT fk FOREIGN KEY (a) REFERENCES other(id))"
    )
    assert_read_as_sqlite_reads(connection, name, text)
    table = parse_create_table(text)
    assert [constraint.kind for constraint in table.constraints] == ["primary key", "unique", "foreign key"]
    assert table.constraints[0].parts[0].descending
    assert table.constraints[0].parts[0].collation == "NOCASE"


@pytest.mark.parametrize("file_name", ["chinook.sqlite", "footballers_cc0.sqlite"])
def test_real_tables_and_indexes_are_read(file_name):
    path = DATA / file_name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for kind, name, text in connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        ).fetchall():
            if kind == "table":
                assert_read_as_sqlite_reads(connection, name, text)
            else:
                parts = connection.execute("SELECT name FROM pragma_index_info(?)", [name]).fetchall()
                assert [part.name for part in parse_create_index(text).parts] == [part[0] for part in parts]
    finally:
        connection.close()


CONSTRAINT_CASES = [
    ("x int CONSTRAINT q NOT NULL ON CONFLICT IGNORE", "not null", {"name": "q", "on_conflict": "IGNORE"}),
    ("x DEFAULT (a, 'b)')", "default", {"expression": "(a, 'b)')"}),
    ("x DEFAULT - 5", "default", {"expression": "- 5"}),
    ("x CHECK ( x > 0 )", "check", {"expression": " x > 0 "}),
    ("x INTEGER PRIMARY KEY AUTOINCREMENT", "primary key", {"autoincrement": True, "descending": False}),
    ("x PRIMARY KEY DESC ON CONFLICT FAIL", "primary key", {"descending": True, "on_conflict": "FAIL"}),
    ("x REFERENCES p(q) NOT DEFERRABLE", "references", {"deferrable": "NOT DEFERRABLE", "ref_columns": ("q",)}),
    ("x REFERENCES p DEFERRABLE INITIALLY DEFERRED", "references", {"deferrable": "DEFERRABLE INITIALLY DEFERRED"}),
    ("x REFERENCES p MATCH FULL ON DELETE NO ACTION", "references", {"on_delete": "NO ACTION", "ref_table": "p"}),
    ("x REFERENCES p NOT NULL DEFERRABLE", "references", {"deferrable": "DEFERRABLE"}),
    ("x COLLATE \"my coll\"", "collate", {"expression": "my coll"}),
    ("x AS (1) STORED", "generated", {"expression": "1", "stored": True}),
]  # fmt: skip


@pytest.mark.parametrize(("column", "kind", "facts"), CONSTRAINT_CASES)
def test_each_fact_of_a_constraint_is_told(column, kind, facts):
    (found,) = parse_create_table(f"CREATE TABLE t({column})").columns[0].all(kind)
    assert {fact: getattr(found, fact) for fact in facts} == facts


@pytest.mark.parametrize(
    ("sql", "parts", "predicate"),
    [
        ("CREATE INDEX i ON t(a, b DESC)", [("a", None, False), ("b", None, True)], None),
        ("create unique index if not exists main.i on t([a b] collate nocase desc)", [("a b", "nocase", True)], None),
        (
            "CREATE INDEX i ON t(lower(a), a+1 DESC) WHERE a > ')' ;",
            [(None, None, False), (None, None, True)],
            "a > ')'",
        ),
    ],
)
def test_each_fact_of_an_index_is_told(sql, parts, predicate):
    index = parse_create_index(sql)
    assert [(part.name, part.collation, part.descending) for part in index.parts] == parts
    assert (index.name, index.table, index.predicate) == ("i", "t", predicate)
    assert index.unique == ("unique" in sql)


def test_spans_cut_the_text_where_the_parts_stand():
    text = "CREATE TABLE [t t] ( -- c\n a  int NOT NULL , b /*x*/ text DEFAULT 'q', CHECK (a>0) ) STRICT"
    table = parse_create_table(text)
    cut = lambda span: text[slice(*span)]  # noqa: E731
    assert cut(table.name_span) == "[t t]"
    assert [cut(column.span) for column in table.columns] == ["a  int NOT NULL", "b /*x*/ text DEFAULT 'q'"]
    assert [cut(column.type_span) for column in table.columns] == ["int", "text"]
    assert cut(table.columns[0].constraints[0].span) == "NOT NULL"
    assert cut(table.constraints[0].span) == "CHECK (a>0)"
    assert cut(table.body_span).endswith("CHECK (a>0) ")
    assert table.options == ("STRICT",)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "CREATE TABLE t",
        "CREATE TABLE t(a",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "CREATE TABLE t(a b c, )",
    ],
)
def test_anything_else_is_an_error_that_names_the_place(sql):
    with pytest.raises(DDLError) as caught:
        parse_create_table(sql)
    assert caught.value.why
