"""Plain mistakes in an operation: refused on each database, the thing named with a way out, and nothing touched."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peewee import AutoField, CharField, Check, DateField, ForeignKeyField, IntegerField, Model, SqliteDatabase

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.errors import OperationRefused

SCHEMA = (
    "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n VARCHAR(20), k INT)",
    "INSERT INTO t VALUES (1, 'one', 7), (2, 'three', 7), (3, NULL, -1)",
    "CREATE TABLE lone (a INT)",
    "INSERT INTO lone VALUES (1)",
    "CREATE TABLE par (id INTEGER NOT NULL PRIMARY KEY, code INT)",
    "CREATE TABLE pair (a INT NOT NULL, b INT NOT NULL, c INT, PRIMARY KEY (a, b))",
    "CREATE VIEW seen AS SELECT b FROM pair",
)


class Par(Model):
    code = IntegerField(unique=True)


class Nowhere(Model):
    pass


Ask = Callable[[Migrator], Any]
X = {"x": IntegerField()}
LONG = "x" * 70

# What is asked for; the table, the column and the thing that are named; words of the message.
CASES: dict[str, tuple[Ask, tuple[Any, Any, Any], str]] = {
    # -- a new table
    "columns as a list of fields": (lambda m: m.create_table("w", [IntegerField()]), ("w", None, None), "a mapping"),
    "columns as a list of pairs": (
        lambda m: m.create_table("w", [("x", IntegerField())]), ("w", None, None), "a mapping"
    ),
    "columns as a text": (lambda m: m.create_table("w", "x"), ("w", None, None), "a mapping"),
    "no columns": (lambda m: m.create_table("w", None), ("w", None, None), "a mapping"),
    "a constraint that is a number": (lambda m: m.create_table("w", X, [3]), ("w", None, None), "3 is no constraint"),
    "a check of an unknown column": (lambda m: m.create_table("w", X, [Check("nix > 0")]), ("w", None, None), "nix"),
    "an index of an unknown column": (
        lambda m: m.create_table("w", X, indexes=[(("nix",), True)]), ("w", "nix", None), "no column 'nix'"
    ),
    "an index as a text": (lambda m: m.create_table("w", X, indexes=["x"]), ("w", None, None), "'x' is no index"),
    "an index as its columns": (lambda m: m.create_table("w", X, indexes=[("x",)]), ("w", None, None), "is no index"),
    "one index without its list": (lambda m: m.create_table("w", X, indexes=(("x",), True)), ("w", None, None), "no"),
    "an index of nothing": (lambda m: m.create_table("w", X, indexes=[((), True)]), ("w", None, None), "is no index"),
    "an unknown column in the key": (lambda m: m.create_table("w", X, primary_key=["nix"]), ("w", "nix", None), "nix"),
    "a column twice in the key": (
        lambda m: m.create_table("w", X, primary_key=["x", "x"]), ("w", "x", None), "'x' is named twice"
    ),
    "two keys": (
        lambda m: m.create_table("w", {one: IntegerField(primary_key=True) for one in "xy"}),
        ("w", "y", None), "'x' and 'y' would be it",
    ),
    "a key and a field of it": (
        lambda m: m.create_table("w", {"x": AutoField(), "y": IntegerField()}, primary_key=["x", "y"]),
        ("w", "x", None), "primary_key=",
    ),
    "a foreign key to what is a text": (
        lambda m: m.create_table("w", {"x": ForeignKeyField("par")}), ("w", "x", None), "say which table"
    ),
    "a foreign key to no key": (
        lambda m: m.create_table("w", {"x": ForeignKeyField(Par, field="code")}), ("w", "x", None), "par.code.*no key"
    ),
    "an action that is none": (
        lambda m: m.create_table("w", {"x": ForeignKeyField(Par, on_delete="EXPLODE")}),
        ("w", None, None), "'EXPLODE' is no action",
    ),
    # -- constraints
    "a bare condition": (lambda m: m.add_constraint("t", "c", "k > 0"), ("t", None, "c"), r"write Check\('k > 0'\)"),
    "a constraint of nothing": (lambda m: m.add_constraint("t", "c", None), ("t", None, None), "no constraint"),
    "an unknown column": (lambda m: m.add_constraint("t", "c", Check("nix > 0")), ("t", None, "c"), "nix"),
    "half a condition": (lambda m: m.add_constraint("t", "c", Check("k >")), ("t", None, "c"), "syntax"),
    "a check that rows are against": (
        lambda m: m.add_constraint("t", "c", Check("k > 0")), ("t", None, "c"), "1 row does not.*id = 3"
    ),
    "the same in words": (
        lambda m: m.add_constraint("t", "c", "CHECK (k > 0)"), ("t", None, "c"), "1 row does not.*id = 3"
    ),
    "UNIQUE of nothing": (lambda m: m.add_unique("t"), ("t", None, None), "needs its columns"),
    "UNIQUE of a column twice": (lambda m: m.add_unique("t", "id", "id"), ("t", "id", None), "each once"),
    "a foreign key to a column that is no key": (
        lambda m: m.add_foreign_key_constraint("t", "k", "par", "code"), ("t", "k", None),
        r"t.k can't refer to par.code.*no key.*migrator.add_unique\('par', 'code'\)",
    ),
    "a foreign key to half a key": (
        lambda m: m.add_foreign_key_constraint("t", "k", "pair", "b"), ("t", "k", None), "pair.b"
    ),
    "a new column's foreign key to no key": (
        lambda m: m.add_column("t", "z", ForeignKeyField(Par, field="code", null=True)), ("t", "z", None), "par.code"
    ),
    "a new column's action that is none": (
        lambda m: m.add_column("t", "z", ForeignKeyField(Par, null=True, on_update="X")), ("t", "z", None), "no action"
    ),
    "a new column that refers to Peewee's own Model": (
        lambda m: m.add_column("t", "z", ForeignKeyField(Model, null=True)), ("t", "z", None), "Model has no table"
    ),
    "a new column that refers to no field": (
        lambda m: m.add_column("t", "z", ForeignKeyField(Par, field="cdoe", null=True)), ("t", "z", None),
        "no field of Par .*names like it: code",
    ),
    "a view's column": (
        lambda m: m.alter_column_type("seen", "b", CharField()), ("seen", None, None), "a view, not .* drop the view"
    ),
    # -- indexes
    "an index of what is not there": (lambda m: m.add_index("t", ("nix",)), ("t", "nix", None), "no column 'nix'"),
    "a unique index of what is there twice": (
        lambda m: m.add_index("t", ("k",), unique=True), ("t", "k", None), "1 value is there more .*as 7 in 2 rows"
    ),
    "a unique column with one default": (
        lambda m: m.add_column("t", "z", IntegerField(default=4, unique=True)), ("t", "z", None), "unique"
    ),
    # -- values
    "NULL where there must be none": (lambda m: m.add_not_null("t", "n"), ("t", "n", None), "1 row holds NULL.*id = 3"),
    "a text for a number": (lambda m: m.add_column_default("t", "k", "abc"), ("t", "k", None), "default|integer"),
    "a new column's text for a number": (
        lambda m: m.add_column("t", "z", IntegerField(default="abc")), ("t", "z", None), "default|integer"
    ),
    "a mapping for a default": (lambda m: m.add_column_default("t", "k", {"a": 1}), ("t", "k", None), "no value"),
    "an object for a default": (lambda m: m.add_column_default("t", "k", object()), ("t", "k", None), "no value"),
    "a column filled with an unknown one": (lambda m: m.backfill("t", {"nix": 1}, True), ("t", "nix", None), "nix"),
    "a condition of an unknown column": (lambda m: m.backfill("t", {"k": 1}, "nix = 3"), ("t", None, None), "nix"),
    "a cast by an unknown function": (
        lambda m: m.alter_column_type("t", "n", IntegerField(), cast="nix(n)"), ("t", "n", None), "nix"
    ),
    # -- names
    "a column that is there": (lambda m: m.add_column("t", "k", IntegerField(null=True)), ("t", "k", None), "already"),
    "a name that is taken": (lambda m: m.rename_column("t", "k", "n"), ("t", None, None), "'n' already"),
    "a table's name that is taken": (lambda m: m.rename_table("t", "par"), ("par", None, None), "'par' is taken"),
    "the column of the key": (lambda m: m.drop_column("t", "id"), ("t", "id", None), "of the primary key"),
    "a column of the key": (lambda m: m.drop_column("pair", "b"), ("pair", "b", None), "of the primary key"),
}  # fmt: skip

NAMED: dict[str, Callable[[Migrator, str], Any]] = {
    "a new table": lambda m, name: m.create_table(name, X),
    "a column of it": lambda m, name: m.create_table("w", {name: IntegerField()}),
    "a new column": lambda m, name: m.add_column("t", name, IntegerField(null=True)),
    "a column's new name": lambda m, name: m.rename_column("t", "k", name),
    "a table's new name": lambda m, name: m.rename_table("t", name),
    "an index": lambda m, name: m.add_index("t", ("k",), name=name),
    "a constraint": lambda m, name: m.add_constraint("t", name, Check("id > 0")),
}


@pytest.fixture
def database(any_database: Any) -> Any:
    for statement in SCHEMA:
        any_database.execute_sql(statement)
    return any_database


def _seen(database: Any) -> Any:
    schema = dialect_of(database).introspect(database)
    return schema, [sorted(map(repr, database.execute_sql(f"SELECT * FROM {t.name}"))) for t in schema.tables]


def _refused(database: Any, ask: Ask) -> OperationRefused:
    """What is refused, and why; nothing has changed, and the connection goes on."""
    before, migrator = _seen(database), Migrator.from_database(database)
    with pytest.raises(OperationRefused) as caught:
        migrate(ask(migrator))
    assert _seen(database) == before
    assert caught.value.what and caught.value.why + caught.value.way_out
    return caught.value


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_refused_by_name(database: Any, case: str) -> None:
    ask, (table, column, thing), words = CASES[case]
    error = _refused(database, ask)
    assert error.table == table
    assert column is None or error.column == column
    assert thing is None or error.object == thing
    told = str(error).replace("\n", " ")
    assert re.search(words, told), told


@pytest.mark.parametrize("name", ["", "x\0y", "x\ud800"], ids=["empty", "NUL", "half a letter"])
@pytest.mark.parametrize("what", NAMED)
def test_what_can_be_no_name_is_refused(database: Any, what: str, name: str) -> None:
    error = _refused(database, lambda migrator: NAMED[what](migrator, name))
    assert "can't be" in error.what and "name" in error.what + error.way_out
    str(error).encode()


@pytest.mark.parametrize("what", NAMED)
def test_a_name_that_a_server_would_cut_off_is_refused(server_database: Any, what: str) -> None:
    for statement in SCHEMA:
        server_database.execute_sql(statement)
    error = _refused(server_database, lambda migrator: NAMED[what](migrator, LONG))
    assert error.table is not None and ("63 bytes" in error.why or "64 letters" in error.why)


def test_letters_count_as_the_server_counts_them(server_database: Any) -> None:
    server_database.execute_sql(SCHEMA[0])
    migrator = Migrator.from_database(server_database)
    add = migrator.add_column("t", "ü" * 40, IntegerField(null=True))
    if dialect_of(server_database).title == "PostgreSQL":
        with pytest.raises(OperationRefused, match="this one has 80"):
            migrate(add)
    else:
        migrate(add)


def test_the_only_column_is_not_dropped(database: Any) -> None:
    """PostgreSQL has tables without columns, whose rows stay."""
    if dialect_of(database).title == "PostgreSQL":
        migrate(Migrator.from_database(database).drop_column("lone", "a"))
        assert database.execute_sql("SELECT count(*) FROM lone").fetchone() == (1,)
        return
    error = _refused(database, lambda m: m.drop_column("lone", "a"))
    assert error.way_out == "drop the table: migrator.drop_table('lone')"
    migrate(eval(error.way_out.partition(": ")[2], {"migrator": Migrator.from_database(database)}))


def test_values_that_are_too_long_are_counted_and_shown(server_database: Any) -> None:
    for statement in SCHEMA:
        server_database.execute_sql(statement)
    error = _refused(server_database, lambda m: m.alter_column_type("t", "n", CharField(3)))
    assert "1 row" in error.why and "'three'" in error.why and "cast=" in error.way_out
    cut = Migrator.from_database(server_database).alter_column_type("t", "n", CharField(3), cast="substr(n, 1, 3)")
    migrate(cut)
    assert server_database.execute_sql("SELECT n FROM t WHERE id = 2").fetchone() == ("thr",)


@pytest.mark.parametrize("field", [IntegerField(default="abc"), DateField(default="abc"), CharField(2, default="abc")])
def test_a_default_that_its_type_does_not_hold(server_database: Any, field: Any) -> None:
    server_database.execute_sql(SCHEMA[0])
    error = _refused(server_database, lambda m: m.add_column("t", "z", field))
    assert (error.table, error.column) == ("t", "z") and "value" in error.way_out


# -- what means only one thing is taken


def test_a_constraint_may_be_a_text(database: Any) -> None:
    migrator = Migrator.from_database(database)
    migrate(
        migrator.create_table("w", {"x": IntegerField(constraints=["CHECK (x < 9)"])}, constraints=["CHECK (x > 0)"]),
        migrator.create_table("v", {"x": IntegerField()}, constraints="CHECK (x > 0)"),
        migrator.add_constraint("t", "c", "CHECK (id > 0)"),
        migrator.add_column("t", "z", IntegerField(null=True, constraints=["CHECK (z > 5)"])),
    )
    against = (
        "INSERT INTO w VALUES (0)", "INSERT INTO w VALUES (10)", "INSERT INTO v VALUES (0)",
        "INSERT INTO t (id) VALUES (0)", "INSERT INTO t (id, z) VALUES (9, 5)",
    )  # fmt: skip
    for statement in against:
        with pytest.raises(Exception, match=r"(?i)check|constraint"), database.atomic():
            database.execute_sql(statement)


def test_one_name_needs_no_list(database: Any) -> None:
    migrator = Migrator.from_database(database)
    migrate(migrator.create_table("w", {"word": IntegerField()}, indexes=[("word", True)], primary_key="word"))
    table = dialect_of(database).introspect(database).table("w")
    assert table.primary_key == ("word",) and [index.columns for index in table.indexes if index.unique] == [("word",)]


@pytest.mark.parametrize("operation", ["add_foreign_key_constraint", "add_column", "create_table"])
def test_the_way_out_for_a_foreign_key_works(database: Any, operation: str) -> None:
    migrator = Migrator.from_database(database)

    def ask() -> Any:
        if operation == "add_column":
            return migrator.add_column("t", "z", ForeignKeyField(Par, field="code", null=True))
        if operation == "create_table":
            return migrator.create_table("w", {"z": ForeignKeyField(Par, field="code", null=True)})
        return migrator.add_foreign_key_constraint("lone", "a", "par", "code")

    database.execute_sql("INSERT INTO par VALUES (1, 1)")
    with pytest.raises(OperationRefused) as caught:
        migrate(ask())
    migrate(eval(caught.value.way_out.partition(": ")[2], {"migrator": migrator}), ask())


def test_a_table_may_refer_to_what_its_own_batch_makes_a_key(database: Any) -> None:
    migrator = Migrator.from_database(database)
    migrate(migrator.add_unique("par", "code"), migrator.add_foreign_key_constraint("par", "code", "par", "code"))


def test_sql_of_the_migration_s_own_is_told_as_it_is(database: Any) -> None:
    with pytest.raises(Exception, match=r"(?i)syntax") as caught:
        migrate(Migrator.from_database(database).sql("no SQL"))
    assert not isinstance(caught.value, OperationRefused)


def test_the_tables_that_are_told_are_the_user_s(tmp_path: Path) -> None:
    sqlite = SqliteDatabase(tmp_path / "app.db")
    for statement in (*SCHEMA, "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)"):
        sqlite.execute_sql(statement)
    sqlite.execute_sql("CREATE TABLE pwmig_history (a)")
    error = _refused(sqlite, lambda m: m.drop_table("zzzzzz"))
    assert error.why == "the tables are t, lone, par, pair, counted"


def test_a_cast_that_fails_asks_for_another_cast(mariadb: Any) -> None:
    for statement in SCHEMA:
        mariadb.execute_sql(statement)
    refused = {
        cast: _refused(mariadb, lambda m, cast=cast: m.alter_column_type("t", "n", DateField(), cast=cast))
        for cast in ("n", None)
    }
    assert refused["n"].way_out == "mend what is named there first, or give another cast"
    assert "say with cast=" in refused[None].way_out


def test_arguments_that_an_operation_does_not_take_are_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"add_column\(\) got other arguments than it takes: missing .*'column_name'"):
        Migrator.from_database(SqliteDatabase(tmp_path / "app.db")).add_column("t")  # type: ignore[call-arg]


def test_a_refusal_names_the_operation_of_a_batch(database: Any) -> None:
    migrator = Migrator.from_database(database)
    with pytest.raises(OperationRefused, match="nix") as caught:
        migrate(
            migrator.add_constraint("t", "c", Check("nix > 0")),
            migrator.add_column("lone", "z", IntegerField(null=True)),
        )
    assert (caught.value.table, caught.value.object) == ("t", "c")
    assert "add_constraint('t', 'c'" in caught.value.what
