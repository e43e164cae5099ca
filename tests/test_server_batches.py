"""What holds around single operations on servers: batches, sequences, CASCADE, hostile names, what stays untouched."""

from __future__ import annotations

import subprocess
import sys

import peewee
import pytest
from peewee import AutoField, CharField, Check, Default, ForeignKeyField, IntegerField, Model, TextField
from strategies import HOSTILE_NAMES

from pwmig import Migrator
from pwmig.columns import constraint_name
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import OperationRefused


def _schema(database):
    return dialect_of(database).introspect(database)


@pytest.fixture
def migrator(server_database):
    migrator = Migrator.from_database(server_database)
    migrate(migrator.create_table("player", {"id": AutoField(), "name": CharField(null=True)}))
    return migrator


# -- batches


def test_on_postgres_a_batch_takes_effect_whole_or_not_at_all(postgres):
    migrator = Migrator.from_database(postgres)
    migrate(migrator.create_table("player", {"id": AutoField()}))
    before = _schema(postgres)
    for last in (migrator.sql("no SQL"), migrator.drop_column("player", "nothing")):
        with pytest.raises((peewee.ProgrammingError, OperationRefused)):
            migrate(migrator.add_column("player", "x", IntegerField(default=1)), last)
        assert _schema(postgres) == before
    assert not postgres.in_transaction()


def test_on_postgres_a_refusal_leaves_the_transaction_of_the_migration_usable(postgres):
    migrator = Migrator.from_database(postgres)
    migrate(migrator.create_table("player", {"id": AutoField(), "x": IntegerField(null=True)}))
    postgres.execute_sql("INSERT INTO player (x) VALUES (1), (1)")
    with postgres.atomic():
        for refused in (
            migrator.add_index("player", ("x",), True),
            migrator.add_constraint("player", "c", Check("x > 1")),
            migrator.add_unique("player", "x"),
            migrator.alter_column_type("player", "x", peewee.DateField()),
        ):
            with pytest.raises(OperationRefused):
                migrate(refused)
        migrate(migrator.add_column("player", "y", IntegerField(null=True)))
    assert _schema(postgres).table("player").column("y") is not None


def test_on_mariadb_each_operation_is_done_for_good_also_where_a_transaction_was_open(mariadb):
    """DDL commits what came before it, and takes every savepoint away."""
    migrator = Migrator.from_database(mariadb)
    migrate(migrator.create_table("player", {"id": AutoField(), "name": CharField(null=True)}))
    with mariadb.atomic():
        mariadb.execute_sql("INSERT INTO player (name) VALUES ('Cruijff')")
        migrate(
            migrator.add_column("player", "x", IntegerField(default=1)),
            migrator.sql("INSERT INTO player (name, x) VALUES ('Keizer', 2)"),
            migrator.add_index("player", ("x",)),
        )
    with pytest.raises(OperationRefused):  # Of the batch nothing has run yet.
        migrate(migrator.add_column("player", "z", IntegerField(null=True)), migrator.drop_column("player", "nothing"))
    with pytest.raises(peewee.ProgrammingError):
        migrate(migrator.add_column("player", "y", IntegerField(null=True)), migrator.sql("no SQL"))
    assert _schema(mariadb).table("player").column_names == ("id", "name", "x", "y")
    assert mariadb.execute_sql("SELECT count(*) FROM player").fetchone() == (2,)


def test_on_mariadb_a_table_whose_index_can_not_be_made_is_not_left_behind(mariadb):
    migrator = Migrator.from_database(mariadb)
    with pytest.raises(OperationRefused, match="syntax"):
        migrate(migrator.create_table("made", {"id": AutoField(), "x": IntegerField(index=True, index_type="no")}))
    assert _schema(mariadb).table_names == ()


def test_on_mariadb_a_column_whose_index_can_not_be_made_is_not_left_behind(mariadb):
    migrator = Migrator.from_database(mariadb)
    migrate(migrator.create_table("made", {"id": AutoField()}))
    mariadb.execute_sql("INSERT INTO made VALUES (), ()")
    with pytest.raises(OperationRefused, match="all rows get its default"):
        migrate(migrator.add_column("made", "x", CharField(default="", unique=True)))
    with pytest.raises(OperationRefused, match="Duplicate"):
        migrate(migrator.add_column("made", "x", CharField(unique=True, constraints=[Default("'a'")])))
    assert _schema(mariadb).table("made").column_names == ("id",)


# -- statements


def _statements(database):
    seen, run = [], database.execute_sql

    def recorded(sql, params=None):
        seen.append((sql, params))
        return run(sql, params)

    database.execute_sql = recorded
    return seen


def test_no_statement_of_an_operation_has_bound_values_and_no_row_is_updated(migrator):
    """So what is shown is what runs, rows keep their ON UPDATE times, and adding a column costs nothing per row."""
    seen = _statements(migrator.database)
    migrate(
        migrator.add_column("player", "x", CharField(default="it's 5%", index=True)),
        migrator.add_column_default("player", "x", "50%"),
        migrator.add_not_null("player", "name"),
        migrator.add_constraint("player", "c", Check("x <> '%'")),
        migrator.drop_column_default("player", "x"),
        migrator.drop_column("player", "name"),
    )
    assert [sql for sql, params in seen if params] == []
    known = ("ALTER TABLE", "CREATE INDEX", "SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN")
    assert [sql for sql, _ in seen if not sql.startswith(known)] == []


def test_an_operation_asks_as_much_with_a_hundred_tables_as_with_one(migrator):
    database, asked = migrator.database, []
    connection = database.connection()
    place = "cursorclass" if hasattr(connection, "cursorclass") else "cursor_factory"
    usual = getattr(connection, place)

    class Counting(usual or type(connection.cursor())):
        def __init__(self, *args, **options):
            asked.append(1)
            super().__init__(*args, **options)

    def questions():
        asked.clear()
        setattr(connection, place, Counting)
        try:
            migrate(migrator.add_not_null("player", "name"), migrator.drop_not_null("player", "name"))
        finally:
            setattr(connection, place, usual)
        assert asked
        return len(asked)

    few = questions()
    for number in range(100):
        database.execute_sql(f"CREATE TABLE other_{number} (id int PRIMARY KEY)")
    assert questions() == few


# -- tables and their sequences


def test_a_renamed_table_counts_on_by_the_sequence_that_it_had(postgres):
    migrator = Migrator.from_database(postgres)
    migrate(migrator.create_table("player", {"id": AutoField(), "x": IntegerField(null=True)}))
    postgres.execute_sql("INSERT INTO player (x) VALUES (1), (2)")
    postgres.execute_sql("CREATE SEQUENCE taken_id_seq")
    for name, sequence in (("person", "person_id_seq"), ("taken", "person_id_seq"), ("person", "person_id_seq")):
        old = _schema(postgres).table_names[0]
        migrate(migrator.rename_table(old, name))
        table = _schema(postgres).table(name)
        assert table.column("id").sequence.name == sequence
        postgres.execute_sql(f"INSERT INTO {name} (x) VALUES (3)")
    assert postgres.execute_sql("SELECT max(id) FROM person").fetchone() == (5,)


def test_a_sequence_of_another_table_is_left_alone(postgres):
    migrator = Migrator.from_database(postgres)
    postgres.execute_sql("CREATE TABLE player (id int PRIMARY KEY)")
    postgres.execute_sql("CREATE SEQUENCE player_id_seq")
    migrate(migrator.rename_table("player", "person"))
    assert [sequence.name for sequence in _schema(postgres).sequences] == ["player_id_seq"]


def test_only_a_cascade_that_is_written_takes_along_what_needs_a_thing(postgres):
    migrator = Migrator.from_database(postgres)
    for statement in (
        "CREATE TABLE club (id int PRIMARY KEY, name text, town text)",
        "CREATE TABLE player (id int, club_id int REFERENCES club)",
        "CREATE VIEW names AS SELECT name FROM club",
    ):
        postgres.execute_sql(statement)
    for refused in (migrator.drop_column("club", "name"), migrator.drop_column("club", "name", False)):
        with pytest.raises(
            OperationRefused, match=r"(?s)view names.*way out: cascade=True, which takes them along; or"
        ):
            migrate(refused)
    migrate(migrator.drop_column("club", "name", cascade=True))
    assert _schema(postgres).views == ()
    with pytest.raises(OperationRefused, match=r"(?s)player.*way out: cascade=True"):
        migrate(migrator.drop_table("club"))
    migrate(migrator.drop_table("club", cascade=True))
    assert _schema(postgres).table("player").foreign_keys == ()


def test_a_partitioned_table_goes_with_its_partitions_only_where_that_is_written(postgres):
    postgres.execute_sql("CREATE TABLE t (id int) PARTITION BY LIST (id)")
    postgres.execute_sql("CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)")
    migrator = Migrator.from_database(postgres)
    with pytest.raises(OperationRefused, match="t1"):
        migrate(migrator.drop_table("t"))
    migrate(migrator.drop_table("t", cascade=True))
    assert _schema(postgres).table_names == ()


def test_on_mariadb_no_cascade_takes_anything_along(mariadb):
    migrator = Migrator.from_database(mariadb)
    mariadb.execute_sql("CREATE TABLE club (id int PRIMARY KEY, name varchar(9))")
    mariadb.execute_sql("CREATE VIEW names AS SELECT name FROM club")
    for refused in (migrator.drop_column("club", "name", True), migrator.drop_table("club", cascade=True)):
        with pytest.raises(OperationRefused, match=r"(?s)view names.*way out: MariaDB has no CASCADE; before it"):
            migrate(refused)


# -- views and triggers are texts to MariaDB


@pytest.mark.parametrize("ask", [
    lambda m: m.rename_column("t", "a", "b"),
    lambda m: m.rename_table("t", "u"),
], ids=["rename_column", "rename_table"])  # fmt: skip
@pytest.mark.parametrize("reader", [
    "CREATE VIEW v AS SELECT a FROM t", "CREATE TRIGGER v AFTER DELETE ON other FOR EACH ROW DELETE FROM t WHERE a = 1",
])  # fmt: skip
def test_on_mariadb_what_a_view_or_a_trigger_names_is_not_renamed_under_it(mariadb, ask, reader):
    for statement in ("CREATE TABLE t (id int, a int)", "CREATE TABLE other (id int)", reader):
        mariadb.execute_sql(statement)
    with pytest.raises(OperationRefused, match=r"view v|trigger v"):
        migrate(ask(Migrator.from_database(mariadb)))


def test_on_mariadb_a_check_that_is_a_part_of_a_column_is_dropped_with_the_rest_kept(mariadb):
    mariadb.execute_sql("CREATE TABLE t (id int, a int NOT NULL DEFAULT 3 COMMENT 'a' CHECK (a > 0), CHECK (id > 0))")
    before = _schema(mariadb)
    migrator = Migrator.from_database(mariadb)
    migrate(migrator.drop_constraint("t", "a"))
    (change,) = diff(before, _schema(mariadb))
    assert (type(change).__name__, change.check.column) == ("DropCheck", "a")


def test_on_mariadb_a_key_takes_along_only_the_index_that_it_brought(mariadb):
    migrator = Migrator.from_database(mariadb)
    for statement in (
        "CREATE TABLE club (id int PRIMARY KEY)",
        "CREATE TABLE player (a int, b int, KEY own (b), CONSTRAINT k FOREIGN KEY (a) REFERENCES club (id), "
        "CONSTRAINT own FOREIGN KEY (b) REFERENCES club (id))",
        "CREATE INDEX more ON player (a, b)",
    ):
        mariadb.execute_sql(statement)
    migrate(migrator.drop_foreign_key_constraint("player", "a"))
    assert [index.name for index in _schema(mariadb).table("player").indexes] == ["more", "own"]


# -- names


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, "l" * 63, "é" * 30, "dotted.column", "%s", "%(x)s"])
def test_any_name_goes_through_all_operations(server_database, name):
    """As a column's, an index's and a constraint's; as a table's where there is no dot in it."""
    migrator = Migrator.from_database(server_database)
    table = name if "." not in name else "table"
    before = _schema(server_database)
    migrate(
        migrator.create_table("club", {"id": AutoField()}),
        migrator.create_table(table, {"id": AutoField(), name: IntegerField(null=True, index=True)}),
        migrator.add_index(table, (name,), name="i" + name[:50]),
        migrator.rename_index(table, "i" + name[:50], "j" + name[:50]),
        migrator.rename_column(table, name, "x"),
        migrator.rename_column(table, "x", name),
        migrator.add_not_null(table, name),
        migrator.drop_not_null(table, name),
        migrator.add_column_default(table, name, 7),
        migrator.drop_column_default(table, name),
        migrator.alter_column_type(table, name, peewee.BigIntegerField()),
        migrator.alter_column_type(table, name, IntegerField()),
        migrator.add_constraint(table, name, Check("1 < 2")),
        migrator.drop_constraint(table, name),
        migrator.add_unique(table, name),
        migrator.drop_constraint(table, constraint_name("uniq_" + name)),
        migrator.add_foreign_key_constraint(table, name, "club", "id", constraint_name="k" + name[:50]),
        migrator.drop_foreign_key_constraint(table, name),
        migrator.drop_index(table, "j" + name[:50]),
        migrator.add_column(table, "new" + name[:30], TextField(default=name)),
        migrator.rename_table(table, "other"),
        migrator.rename_table("other", table),
        migrator.drop_column(table, name),
    )
    columns = _schema(server_database).table(table).column_names
    assert columns == ("id", "new" + name[:30])
    migrate(migrator.drop_table(table), migrator.drop_table("club"))
    assert _schema(server_database) == before


def test_names_that_differ_in_letter_case_only_are_told_apart_where_the_database_does(postgres):
    postgres.execute_sql('CREATE TABLE "T" (a int, "A" int)')
    postgres.execute_sql("CREATE TABLE t (a int)")
    migrator = Migrator.from_database(postgres)
    migrate(migrator.add_not_null("T", "A"), migrator.rename_column("t", "a", "A"), migrator.drop_column("T", "a"))
    schema = _schema(postgres)
    assert [(column.name, column.nullable) for column in schema.table("T").columns] == [("A", False)]
    assert schema.table("t").column_names == ("A",)
    with pytest.raises(OperationRefused, match="no column 'a'"):
        migrate(migrator.drop_column("T", "a"))


def test_a_long_name_is_cut_as_the_database_cuts_it(server_database):
    """Peewee cuts the name of an index to 64 letters, PostgreSQL what it is given to 63 bytes."""
    migrator = Migrator.from_database(server_database)
    long = "a_rather_long_name_of_a_column_that_is_known_"
    columns = {f"{long}{number}": IntegerField(null=True) for number in (1, 2)}
    migrate(migrator.create_table("club", {"id": AutoField()}), migrator.create_table("player", columns))
    before = _schema(server_database)
    migrate(
        migrator.add_index("player", tuple(columns)),
        migrator.add_unique("player", *columns),
        migrator.add_foreign_key_constraint("player", f"{long}1", "club", "id", constraint_name="k" * 70),
    )
    table = _schema(server_database).table("player")
    names = {thing.name for thing in (*table.indexes, *table.uniques, *table.foreign_keys)}
    limit = 63 if dialect_of(server_database).name == "postgresql" else 64
    assert {len(name) for name in names} == {limit}
    migrate(migrator.drop_foreign_key_constraint("player", f"{long}1"))
    for name in sorted(names):
        if name.startswith("uniq"):
            migrate(migrator.drop_constraint("player", name))
        elif name.startswith("player"):
            migrate(migrator.drop_index("player", name))
    assert diff(before, _schema(server_database)) == ()


def test_a_field_that_refers_to_a_table_of_another_schema_finds_it(postgres):
    postgres.execute_sql("CREATE SCHEMA audit")
    postgres.execute_sql("CREATE TABLE audit.log (id int PRIMARY KEY)")

    class Log(Model):
        class Meta:
            database = postgres
            schema = "audit"
            table_name = "log"

    migrator = Migrator.from_database(postgres)
    migrate(
        migrator.create_table("player", {"id": AutoField()}),
        migrator.add_column("player", "log_id", ForeignKeyField(Log, null=True)),
    )
    (key,) = _schema(postgres).table("player").foreign_keys
    assert (key.ref_table, key.ref_schema) == ("audit.log", "audit")


# -- cost


@pytest.mark.parametrize("room", ["postgresql", "mysql"])
def test_a_migrator_is_made_without_what_its_operations_need(room):
    """A project's config makes one each time that anything runs."""
    code = (
        f"import sys, pwmig.dialects.{room}.operations.migrator; "
        "print([m for m in sys.modules if m.startswith('pwmig.') and any(w in m for w in "
        "('columns', 'seeing', 'writing', 'work', 'schema', 'texts', 'server.operations.server'))])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


KEYED = {
    "of its own": ("child", "up", "other"),
    "of others": ("parent", "id", "number"),
}


@pytest.mark.parametrize("keyed", KEYED)
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_a_column_of_a_foreign_key_is_renamed_apart_from_what_copies_the_table(mariadb, keyed, first):
    """MariaDB renames it in place or not at all (error 1846)."""
    table, old, new = KEYED[keyed]
    for statement in (
        "CREATE TABLE parent (id int PRIMARY KEY, n int NOT NULL)",
        "CREATE TABLE child (id int PRIMARY KEY, up int REFERENCES parent (id), n int NOT NULL)",
        "INSERT INTO parent VALUES (1, 5)",
        "INSERT INTO child VALUES (1, 1, 7)",
    ):
        mariadb.execute_sql(statement)
    migrator = Migrator.from_database(mariadb)
    batch = [migrator.rename_column(table, old, new), migrator.alter_column_type(table, "n", CharField(40))]
    migrate(*(batch if first else batch[::-1]))
    seen = _schema(mariadb).table(table)
    assert new in seen.column_names and seen.column("n").type == "varchar(40)"
    assert len(_schema(mariadb).table("child").foreign_keys) == 1
