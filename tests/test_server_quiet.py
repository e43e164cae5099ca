"""What no operation does unless asked: CASCADE, values bound in DDL, triggers and times that a back-fill moves."""

from __future__ import annotations

import pytest
from peewee import SQL, AutoField, CharField, Check, ForeignKeyField, IntegerField, Model, TextField

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import OperationRefused

POSTGRES = (
    "CREATE TABLE club (id int PRIMARY KEY)",
    "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, x int, moved timestamptz DEFAULT '2020-01-01')",
    "CREATE TABLE audit (what text)",
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN INSERT INTO audit VALUES (TG_NAME); IF TG_LEVEL = 'ROW' THEN NEW.moved := now(); RETURN NEW; END IF; "
    "RETURN NULL; END$$",
    'CREATE TRIGGER "be\'fore%" BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()',
    "CREATE TRIGGER whole AFTER UPDATE ON t EXECUTE FUNCTION note()",
    "CREATE TRIGGER always BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()",
    "CREATE TRIGGER off BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()",
    "CREATE TRIGGER replica BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()",
    "ALTER TABLE t ENABLE ALWAYS TRIGGER always, DISABLE TRIGGER off, ENABLE REPLICA TRIGGER replica",
    "CREATE RULE said AS ON UPDATE TO t DO ALSO INSERT INTO audit VALUES ('rule')",
)
MARIADB = (
    "CREATE TABLE club (id int PRIMARY KEY)",
    "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) NOT NULL COMMENT 'a''s', x int DEFAULT 7, "
    "moved timestamp NOT NULL DEFAULT '2020-01-01' ON UPDATE current_timestamp(), "
    "moved2 datetime DEFAULT '2020-01-01' ON UPDATE current_timestamp())",
    "CREATE TABLE audit (what varchar(20))",
)
MARIADB_TRIGGERS = (
    "CREATE TRIGGER `aft%er` AFTER UPDATE ON t FOR EACH ROW INSERT INTO audit VALUES ('after')",
    "CREATE TRIGGER befor BEFORE UPDATE ON t FOR EACH ROW SET NEW.moved = '2021-01-01'",
)
ROWS = "INSERT INTO t (id, a, x) VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', NULL)"


def _run(database, statements):
    for statement in statements:
        database.execute_sql(statement.replace("%", "%%"))


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres),
                        pytest.param("mariadb", marks=pytest.mark.mariadb),
                        pytest.param("mariadb with triggers", marks=pytest.mark.mariadb)])  # fmt: skip
def listened(request):
    """A database in which triggers, rules and times of ON UPDATE tell of each row that is written."""
    database = request.getfixturevalue(request.param.split()[0])
    _run(database, POSTGRES if request.param == "postgres" else MARIADB)
    _run(database, [ROWS])
    if request.param.endswith("triggers"):
        _run(database, MARIADB_TRIGGERS)
    _run(database, ["DELETE FROM audit"])
    return database


def _schema(database):
    return dialect_of(database).introspect(database)


def _times(database):
    columns = "moved" if dialect_of(database).name == "postgresql" else "moved, moved2"
    return list(database.execute_sql(f"SELECT id, {columns} FROM t ORDER BY id"))


def _values(database, column):
    return [value for (value,) in database.execute_sql(f"SELECT {column} FROM t ORDER BY id")]


BACK_FILLS = {
    "a column of Python's default": (
        lambda m: m.add_column("t", "y", CharField(default="it's 5%")), "y", ["it's 5%"] * 3
    ),
    "a column of the database's default": (
        lambda m: m.add_column("t", "y", IntegerField(constraints=[SQL("DEFAULT 3")])), "y", [3] * 3
    ),
    "an indexed column": (lambda m: m.add_column("t", "y", IntegerField(default=3, index=True)), "y", [3] * 3),
    "apply_default": (lambda m: m.apply_default("t", "x", IntegerField(default=5)), "x", [5] * 3),
    "apply_default of a text": (lambda m: m.apply_default("t", "a", TextField(default="it's\\ 5%")), "a",
                                ["it's\\ 5%"] * 3),
    "apply_default of nothing": (lambda m: m.apply_default("t", "x", IntegerField()), "x", [None] * 3),
    "apply_default after a column": (lambda m: [
        m.add_column("t", "y", IntegerField(null=True)), m.apply_default("t", "y", IntegerField(default=4)),
        m.add_not_null("t", "y"),
    ], "y", [4] * 3),
}  # fmt: skip


@pytest.mark.parametrize("case", BACK_FILLS)
def test_nobody_hears_of_a_back_fill(listened, case):
    ask, column, expected = BACK_FILLS[case]
    before, times = _schema(listened), _times(listened)
    migrator = Migrator.from_database(listened)
    made = ask(migrator)
    migrate(*(made if isinstance(made, list) else [made]))
    assert _values(listened, column) == expected
    assert list(listened.execute_sql("SELECT what FROM audit")) == []
    assert _times(listened) == times
    after = _schema(listened)
    assert after.table("t").triggers == before.table("t").triggers
    assert after.table("t").rules == before.table("t").rules
    if case.startswith("apply_default") and "after" not in case:
        assert diff(before, after) == ()


def test_an_update_that_is_asked_for_is_heard(listened):
    """So the tests above can fail."""
    times = _times(listened)
    migrate(Migrator.from_database(listened).sql("UPDATE t SET x = 9"))
    assert list(listened.execute_sql("SELECT what FROM audit")) or _times(listened) != times


@pytest.mark.postgres
def test_a_back_fill_that_fails_leaves_every_trigger_as_it_was(postgres):
    _run(postgres, [*POSTGRES, ROWS, "ALTER TABLE t ADD CONSTRAINT small CHECK (x < 5)", "DELETE FROM audit"])
    before = _schema(postgres)
    with pytest.raises(OperationRefused, match="small"):
        migrate(Migrator.from_database(postgres).apply_default("t", "x", IntegerField(default=5)))
    assert _schema(postgres) == before
    migrate(Migrator.from_database(postgres).sql("UPDATE t SET x = 1"))
    assert {what for (what,) in postgres.execute_sql("SELECT what FROM audit")} == {
        "be'fore%", "whole", "always", "rule"
    }  # fmt: skip


@pytest.mark.postgres
def test_triggers_of_partitions_do_not_hear_of_it_either(postgres):
    _run(
        postgres,
        [
            "CREATE TABLE audit (what text)",
            "CREATE TABLE t (id int, x int) PARTITION BY LIST (id)",
            "CREATE TABLE a PARTITION OF t FOR VALUES IN (1)",
            "CREATE TABLE z PARTITION OF t FOR VALUES IN (2)",
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN INSERT INTO audit VALUES (TG_NAME); RETURN NEW; END$$",
            "CREATE TRIGGER of_all AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()",
            "CREATE TRIGGER of_one AFTER UPDATE ON z FOR EACH ROW EXECUTE FUNCTION note()",
            "ALTER TABLE a DISABLE TRIGGER of_all",
            "INSERT INTO t VALUES (1, 1), (2, 2)",
        ],
    )
    before = _schema(postgres)
    migrate(Migrator.from_database(postgres).apply_default("t", "x", IntegerField(default=5)))
    assert list(postgres.execute_sql("SELECT * FROM audit")) == []
    assert list(postgres.execute_sql("SELECT id, x FROM t ORDER BY id")) == [(1, 5), (2, 5)]
    assert _schema(postgres) == before


# -- CASCADE and bound values

Club = type("Club", (Model,), {"Meta": type("Meta", (), {"table_name": "club"})})
HOSTILE = 'it\'s %s 100% {0} "so" `a` \\'

EVERYTHING = {
    "add_column": lambda m: m.add_column("t", "n%s", CharField(default=HOSTILE, max_length=99, index=True)),
    "add_column key": lambda m: m.add_column("t", "of", ForeignKeyField(Club, null=True)),
    "add_column check": lambda m: m.add_column("t", "n", IntegerField(default=3, constraints=[Check("n % 5 < 5")])),
    "drop_column": lambda m: m.drop_column("t", "x"),
    "rename_column": lambda m: m.rename_column("t", "x", "x%s"),
    "add_not_null": lambda m: [m.sql("DELETE FROM t WHERE x IS NULL"), m.add_not_null("t", "x")],
    "drop_not_null": lambda m: m.drop_not_null("t", "a"),
    "add_column_default": lambda m: m.add_column_default("t", "a", HOSTILE[:19]),
    "drop_column_default": lambda m: m.drop_column_default("t", "x"),
    "alter_column_type": lambda m: m.alter_column_type("t", "a", CharField(max_length=99)),
    "apply_default": lambda m: m.apply_default("t", "a", TextField(default=HOSTILE[:19])),
    "create_table": lambda m: m.create_table(
        "made%s", {"id": AutoField(), "n": CharField(index=True, constraints=[SQL("DEFAULT '%s'")])},
        constraints=[Check("n <> 'a%'")],
    ),
    "drop_table": lambda m: m.drop_table("club"),
    "rename_table": lambda m: m.rename_table("club", "team%s"),
    "add_index": lambda m: m.add_index("t", ("x",), True, name="by%s"),
    "add_constraint": lambda m: m.add_constraint("t", "c%s", SQL("CHECK (a <> %s)", [HOSTILE])),
    "add_unique": lambda m: m.add_unique("t", "a", "x"),
    "add_foreign_key_constraint": lambda m: m.add_foreign_key_constraint("club", "id", "t", "id", "NO ACTION"),
    "drop_constraint": lambda m: [m.add_unique("t", "a"), m.drop_constraint("t", "uniq_a")],
    "drop_index": lambda m: [m.add_index("t", ("x",)), m.drop_index("t", "t_x")],
}  # fmt: skip


@pytest.mark.parametrize("case", EVERYTHING)
def test_no_statement_has_bound_values_or_a_cascade(server_database, case):
    is_postgres = dialect_of(server_database).name == "postgresql"
    _run(server_database, [*(POSTGRES if is_postgres else MARIADB), ROWS])
    migrator = Migrator.from_database(server_database)
    made, seen, run = EVERYTHING[case](migrator), [], server_database.execute_sql

    def recorded(sql, params=None):
        seen.append((sql, params))
        return run(sql, params)

    server_database.execute_sql = recorded
    migrate(*(made if isinstance(made, list) else [made]))
    del server_database.execute_sql
    assert seen or case == "drop_column_default"
    assert [sql for sql, params in seen if params or "CASCADE" in sql.upper()] == []
    assert [sql for sql, _ in seen if sql.startswith("UPDATE")] == [] or case == "apply_default"


@pytest.mark.postgres
@pytest.mark.parametrize(("ask", "word"), [
    (lambda m, **asked: m.drop_column("t", "a", **asked), "view seen"),
    (lambda m, **asked: m.drop_table("t", **asked), "view seen"),
])  # fmt: skip
def test_a_cascade_is_written_where_it_is_asked_for_and_else_what_would_go_is_named(postgres, ask, word):
    _run(postgres, [*POSTGRES, "CREATE VIEW seen AS SELECT a FROM t"])
    migrator, before = Migrator.from_database(postgres), _schema(postgres)
    for asked in ({}, {"cascade": False}):
        with pytest.raises(OperationRefused, match=word):
            migrate(migrator.add_column("t", "y", IntegerField(default=1)), ask(migrator, **asked))
        assert _schema(postgres) == before
    migrate(migrator.add_column("t", "y", IntegerField(default=1)), ask(migrator, cascade=True))
    assert _schema(postgres).views == ()
