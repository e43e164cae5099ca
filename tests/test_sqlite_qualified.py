"""Columns that a table's own text calls by the table's name too, as ``CHECK (t.a > 0)``: nothing stops at them."""

from __future__ import annotations

import pytest
from peewee import CharField, Check
from test_sqlite_readers import make, migrator, picture, refused, shown

from pwmig.dialects import migrate
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.edit import name_replaced, unqualified

__all__ = ["migrator"]  # The fixture.

NAMES = ["q.a", "main.q.a", '"q" . [a]', "Q.a", "'q'.a", "`q`./* so */a"]
ASKED = {
    "a rebuild": lambda m: m.alter_column_type("q", "o", CharField(9)),
    "another default": lambda m: m.add_column_default("q", "z", 3),
    "the text alone": lambda m: m.drop_not_null("q", "o"),
    "a check more": lambda m: m.add_constraint("q", "c", Check("q.o > 0")),
    "a column less": lambda m: m.drop_column("q", "z"),
}


def of(name: str) -> str:
    return (
        f"CREATE TABLE q (id INTEGER PRIMARY KEY, a INT, o INT NOT NULL, z INT CHECK ({name} <> 4.5), "
        f"g AS (a + 1), CHECK ({name} > 0))"
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ASKED)
def test_a_table_is_changed_and_its_text_stays(migrator, case, name):
    make(migrator, of(name), "CREATE INDEX i ON q (a) WHERE q.a > 1", "INSERT INTO q VALUES (1, 5, 6, 7)")
    migrate(ASKED[case](migrator))
    rows = migrator.database.execute_sql("SELECT id, a, o, g FROM q").fetchall()
    assert [tuple(map(int, row)) for row in rows] == [(1, 5, 6, 6)]
    text = next(row for row in picture(migrator) if row.startswith("CREATE TABLE q"))
    assert text.count(name) == (1 if case == "a column less" else 2)
    with pytest.raises(Exception, match="CHECK"):
        migrator.database.execute_sql("INSERT INTO q (a, o) VALUES (0, 1)")


def test_what_needs_a_column_of_such_a_table_is_seen(migrator):
    make(migrator, of("q.o"), "CREATE VIEW v1 AS SELECT * FROM q", "CREATE VIEW v2 AS SELECT a FROM v1")
    make(migrator, "CREATE INDEX i ON q (a, o)")
    error = refused(migrator, lambda m: [m.drop_column("q", "a")])
    assert error.why == "the generated of column g; index i; view v2"
    migrate(*shown(migrator, error.way_out), migrator.drop_column("q", "a"))


@pytest.mark.parametrize("name", NAMES)
def test_a_text_for_another_name_calls_columns_by_their_own(name):
    table = parse_create_table(of(name))
    assert "q" not in unqualified(table).replace("TABLE q", "").casefold()
    assert name_replaced(table, "r") == unqualified(table).replace("TABLE q", 'TABLE "r"')
    assert "." in unqualified(table)  # The number's.
