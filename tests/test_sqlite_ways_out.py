"""What a refusal on SQLite says to do first: all of it at once, in an order that works, and nothing is lost by it."""

from __future__ import annotations

import pytest
from peewee import ForeignKeyField, IntegerField, Model
from test_sqlite_readers import STAR, make, migrator, picture, refused, shown

from pwmig.dialects import migrate
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.edit import column_cut_out
from pwmig.dialects.sqlite.texts.unnamed import called

__all__ = ["migrator"]  # The fixture.

CHAIN = (
    "CREATE VIEW v1 AS SELECT id, a FROM t",
    "CREATE VIEW v2 AS SELECT a FROM v1",
    "CREATE TRIGGER o INSTEAD OF DELETE ON v2 BEGIN DELETE FROM u; END",
    "CREATE TRIGGER w AFTER INSERT ON u BEGIN DELETE FROM l WHERE id IN (SELECT a FROM v2); END",
    "CREATE TRIGGER p INSTEAD OF DELETE ON v1 BEGIN DELETE FROM u; END",
    "CREATE VIEW apart AS SELECT x AS v1 FROM u",
)
FOLLOWED = ["trigger o", "trigger w", "trigger p", "view v2", "view v1"]


def things(error):
    return error.why.split("; ")


# -- each dependant, in the order in which dropping works


@pytest.mark.parametrize("views", [CHAIN, (CHAIN[1], CHAIN[0], *CHAIN[2:])], ids=["made in order", "made out of order"])
@pytest.mark.parametrize(
    "ask", [lambda m: [m.drop_column("t", "a")], lambda m: [m.drop_table("t")]], ids=["a column", "a table"]
)
def test_what_stands_on_a_view_is_named_ahead_of_it(migrator, ask, views):
    make(migrator, *views)
    error = refused(migrator, ask)
    assert {*things(error)} == {*FOLLOWED} and things(error)[-2:] == FOLLOWED[-2:]
    migrate(*shown(migrator, error.way_out), *ask(migrator))
    assert "CREATE VIEW apart AS SELECT x AS v1 FROM u;" in picture(migrator)


def test_what_needs_the_column_without_naming_the_table_is_named_beside_what_names_it(migrator):
    make(migrator, STAR, "CREATE VIEW v2 AS SELECT a FROM v1", "CREATE INDEX i ON t (a, b)", "CREATE INDEX j ON t (b)")
    make(migrator, "CREATE TRIGGER w AFTER INSERT ON t BEGIN INSERT INTO u SELECT 1 FROM v1; END")
    make(migrator, "CREATE TRIGGER s AFTER INSERT ON u BEGIN INSERT INTO t VALUES (9, 1, 1, 1); END")
    error = refused(migrator, lambda m: [m.drop_column("t", "a")])
    assert things(error) == ["index i", "trigger s", "view v2"]
    migrate(*shown(migrator, error.way_out), migrator.drop_column("t", "a"))


def test_generated_columns_take_no_value_in_what_stands_in_for_the_table(migrator):
    make(
        migrator,
        "CREATE TABLE g (id INTEGER PRIMARY KEY, a INT, b INT AS (id + 1), c INT, UNIQUE (c))",
        "CREATE VIEW v1 AS SELECT a FROM g",
        "CREATE TRIGGER up AFTER INSERT ON u BEGIN INSERT INTO g (id, c) VALUES (1, 2) ON CONFLICT (c) DO NOTHING; END",
        "CREATE TRIGGER w AFTER INSERT ON u BEGIN INSERT INTO g VALUES (NEW.x, 1, 1); END",
    )
    error = refused(migrator, lambda m: [m.drop_column("g", "a")])
    assert {*things(error)} == {"trigger w", "view v1"}
    migrate(*shown(migrator, error.way_out), migrator.drop_column("g", "a"))


@pytest.mark.parametrize(
    "ask", [lambda m: m.rename_column("t", "a", "z"), lambda m: m.rename_table("t", "s")], ids=["column", "table"]
)
def test_all_at_which_a_rename_would_stop_is_named(migrator, ask):
    make(migrator, STAR, "CREATE VIEW v2 AS SELECT a FROM v1", "CREATE VIEW v3 AS SELECT a FROM v2")
    make(migrator, "CREATE VIEW lost AS SELECT * FROM nowhere", "CREATE VIEW lost_too AS SELECT * FROM lost")
    error = refused(migrator, lambda m: [ask(m)])
    hint = error.way_out.replace("these, in this order: ", ": ")
    assert 'DROP VIEW "lost_too"\'),' in hint and hint.index("lost_too") < hint.index('"lost"')
    migrate(*shown(migrator, hint), ask(migrator))


def test_a_foreign_key_in_the_way_of_a_table_is_dropped_by_an_operation(migrator):
    make(
        migrator,
        "CREATE UNIQUE INDEX pair ON t (a, b)",
        "CREATE TABLE c1 (x INT REFERENCES t, y INT, FOREIGN KEY (y, x) REFERENCES t (a, b) ON DELETE CASCADE)",
        "CREATE TABLE c2 (x INT, y INT, CONSTRAINT two FOREIGN KEY (x, y) REFERENCES t (a, b))",
        "CREATE VIEW v AS SELECT t.id FROM t JOIN c1 ON x = id",
    )
    error = refused(migrator, lambda m: [m.drop_table("t")])
    assert things(error)[:3] == [
        "the foreign key of c1.x", "the foreign key of c1.y, x", "the foreign key of c2.x, y",
    ]  # fmt: skip
    migrate(*shown(migrator, error.way_out), migrator.drop_table("t"))
    assert [column.name for column in migrator.database.get_columns("c1")] == ["x", "y"]


def test_a_column_is_cut_out_with_all_that_names_it():
    text = (
        "CREATE TABLE t (a INT, b INT CHECK (b > a) NOT NULL, g AS (a + 1), c INT, "
        "CHECK (c > a), UNIQUE (a, c), UNIQUE (c))"
    )
    table = parse_create_table(text)
    assert column_cut_out(table, table.columns[0]) == "CREATE TABLE t (b INT NOT NULL, c INT, UNIQUE (c))"
    assert column_cut_out(table, table.columns[1]) == text.replace(" b INT CHECK (b > a) NOT NULL,", "")


@pytest.mark.parametrize("key", ["", "UNIQUE (a, b)", "CHECK (a)"])
def test_what_is_no_key_is_not_referred_to(migrator, key):
    """Each write of either table would be a mismatch."""
    make(
        migrator, f"CREATE TABLE p (a INT, b INT{', ' * bool(key)}{key})", "CREATE UNIQUE INDEX i ON p (a) WHERE a > 9"
    )
    make(migrator, "INSERT INTO p VALUES (1, 2)", "INSERT INTO u VALUES (1)")
    error = refused(migrator, lambda m: [m.add_foreign_key_constraint("u", "x", "p", "a")])
    assert (error.table, error.column) == ("u", "x")
    migrate(*shown(migrator, error.way_out), migrator.add_foreign_key_constraint("u", "x", "p", "a"))
    make(migrator, "INSERT INTO u VALUES (1)")


def test_a_new_column_does_not_refer_to_what_is_no_key_either(migrator):
    class P(Model):
        id = IntegerField(primary_key=True)
        a = IntegerField(unique=True)

        class Meta:
            table_name = "p"

    make(migrator, "CREATE TABLE p (id INTEGER PRIMARY KEY, a INT)", "INSERT INTO p VALUES (1, 2)")
    error = refused(migrator, lambda m: [m.add_column("u", "p_a", ForeignKeyField(P, field=P.a, null=True))])
    assert (error.table, error.column) == ("u", "p_a")
    migrate(
        *shown(migrator, error.way_out),
        migrator.add_column("u", "p_a", ForeignKeyField(P, field=P.a, null=True)),
        migrator.add_column("u", "p_id", ForeignKeyField(P, null=True)),
    )
    make(migrator, "DELETE FROM p")


@pytest.mark.parametrize("key", ["a INT UNIQUE", "a INT PRIMARY KEY", "a INT, UNIQUE (A)", "a INT, PRIMARY KEY (a)"])
def test_each_kind_of_key_is_one(migrator, key):
    make(migrator, f"CREATE TABLE p ({key})", "CREATE TABLE r (a INT)", "CREATE UNIQUE INDEX i ON r (a)")
    for table in ("p", "r"):
        migrate(migrator.add_foreign_key_constraint("u", "x", table, "a"))
    make(migrator, "INSERT INTO p VALUES (1)", "INSERT INTO r VALUES (1)", "INSERT INTO u VALUES (1)")


# -- constraints without a name


TABLE = (
    "CREATE TABLE k (id INTEGER PRIMARY KEY, a INT, b INT CHECK (b > a), c INT UNIQUE, d TEXT CHECK (d <> 'A''b'), "
    '"e f" INT UNIQUE ON CONFLICT IGNORE, CHECK (a < 100 -- so\n), UNIQUE (a, b), '
    "unique([a] , c) on conflict replace)"
)
ROW = "INSERT INTO k VALUES (1, 1, 2, 3, 'x', 4)"


def test_a_constraint_without_a_name_in_the_way_of_a_column_is_dropped_by_what_it_says(migrator):
    make(migrator, TABLE, ROW)
    error = refused(migrator, lambda m: [m.drop_column("k", "a")])
    assert "drop_column" not in error.way_out
    migrate(*shown(migrator, error.way_out), migrator.drop_column("k", "a"))
    text = "".join(line for line in picture(migrator) if " k " in line)
    assert "b INT, c INT UNIQUE, d TEXT CHECK (d <> 'A''b')" in text and "UNIQUE (a" not in text
    assert migrator.database.execute_sql("SELECT * FROM k").fetchall() == [(1, 2, 3, "x", 4)]


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("CHECK (b > a)", " CHECK (b > a)"),
        ("check( B>\"a\")", " CHECK (b > a)"),
        ("UNIQUE (c)", "c INT UNIQUE"),
        ("UNIQUE (\"e f\")", " UNIQUE ON CONFLICT IGNORE"),
        ("CHECK (a < 100)", "CHECK (a < 100"),
        ("UNIQUE (a, b)", ", UNIQUE (a, b)"),
        ("UNIQUE (a, c) ON CONFLICT REPLACE", "on conflict replace"),
    ],
)  # fmt: skip
def test_a_constraint_is_called_by_what_it_says(migrator, said, gone):
    make(migrator, TABLE, ROW)
    assert gone in "\n".join(picture(migrator))
    migrate(migrator.drop_constraint("k", said))
    after = "\n".join(picture(migrator))
    assert gone not in after
    assert len(parse_create_table(TABLE).all("check", "unique")) == 1 + len(
        parse_create_table(
            migrator.database.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'k'").fetchone()[0]
        ).all("check", "unique")
    )


@pytest.mark.parametrize("said", ["CHECK (d <> 'a''b')", "UNIQUE (a)", "UNIQUE", "NOT NULL", "PRIMARY KEY", "nothing"])
def test_what_says_something_else_is_refused_with_what_there_is(migrator, said):
    make(migrator, TABLE)
    error = refused(migrator, lambda m: [m.drop_constraint("k", said)])
    assert "has no constraint" in error.what and ("CHECK" in error.why or "UNIQUE" in error.why)


def test_a_name_comes_first():
    table = parse_create_table('CREATE TABLE t (a, CONSTRAINT "CHECK (a)" UNIQUE (a), CHECK (a))')
    assert [made.kind for made in called(table, "check (a)")] == ["unique"]


def test_what_a_foreign_key_refers_to_is_not_dropped_without_a_name_either(migrator):
    make(migrator, "CREATE TABLE p (a INT UNIQUE, b INT, UNIQUE (b), UNIQUE (a, b))")
    make(migrator, "CREATE TABLE c (x INT REFERENCES p (b), y INT, FOREIGN KEY (x, y) REFERENCES p (a, b))")
    for said, culprit in (("UNIQUE (b)", "c.x"), ("UNIQUE (a, b)", "c.x, y")):
        error = refused(migrator, lambda m, said=said: [m.drop_constraint("p", said)])
        assert things(error) == [f"the foreign key of {culprit}"]
        assert shown(migrator, error.way_out)
    migrate(migrator.drop_constraint("p", "UNIQUE (a)"))
    migrate(migrator.add_index("p", ("b",), True), migrator.drop_constraint("p", "UNIQUE (b)"))
    migrate(*shown(migrator, error.way_out), migrator.drop_constraint("p", "UNIQUE (a, b)"))


# -- what no operation before it makes possible


def test_a_column_of_the_key_and_the_only_one_are_told_what_else_to_do(migrator):
    make(migrator, "CREATE TABLE one (a)", "CREATE TABLE two (a INT, b INT, CONSTRAINT pair PRIMARY KEY (a, b))")
    for table, column, why, way_out in (
        ("t", "id", "primary key", "create a table"),
        ("two", "b", "primary key", "create a table"),
        ("one", "a", "only column", "migrator.drop_table('one')"),
    ):
        error = refused(migrator, lambda m, table=table, column=column: [m.drop_column(table, column)])
        assert why in error.why and way_out in error.way_out and "before it" not in error.way_out
    migrate(migrator.add_column("one", "b", IntegerField(null=True)), migrator.drop_column("one", "a"))
