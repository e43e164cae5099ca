"""Each operation of the form on each database, and back again by what undoes it: the schema is as it was."""

from __future__ import annotations

import pytest

from pwmig import Migrator
from pwmig.codegen import inverse, inverses, read_operations, source
from pwmig.columns import ColumnSpec, Expression
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import OperationRefused
from pwmig.operations import (
    OPERATIONS,
    AddCheck,
    AddColumn,
    AddColumnDefault,
    AddForeignKey,
    AddIndex,
    AddNotNull,
    AddUnique,
    AlterColumnType,
    Backfill,
    ChangeColumn,
    CreateTable,
    DropColumn,
    DropColumnDefault,
    DropConstraint,
    DropForeignKey,
    DropIndex,
    DropNotNull,
    DropTable,
    RenameColumn,
    RenameIndex,
    RenameTable,
    RunSQL,
    SetComment,
)

_LONG = "a_rather_long_name_of_a_column_" * 2

TABLES = (
    CreateTable("club", (ColumnSpec("id", "AutoField"), ColumnSpec("name", "CharField", unique=True))),
    CreateTable(
        "player",
        (
            ColumnSpec("id", "AutoField"),
            ColumnSpec("name", "CharField", max_length=40),
            ColumnSpec("level", "IntegerField", null=True, index=True),
            ColumnSpec("per%cent", "IntegerField", null=True),
            ColumnSpec(_LONG, "IntegerField", null=True, index=True),
            ColumnSpec("club_id", "IntegerField", null=True),
            ColumnSpec("born", "DateField"),
            ColumnSpec("since", "DateTimeField", null=True),
            ColumnSpec("at", "TimeField", null=True),
            ColumnSpec("on", "BooleanField", null=True),
            ColumnSpec("price", "DecimalField", null=True),
            ColumnSpec("picture", "BlobField", null=True),
            ColumnSpec("note", "TextField", null=True),
            ColumnSpec("share", "FloatField", null=True),
        ),
        indexes=((("name", "born"), True), (("born", "level"), False)),
    ),
    CreateTable("plain", (ColumnSpec("id", "AutoField"), ColumnSpec("x", "IntegerField", index=True))),
    AddForeignKey("player", "club_id", "club", "id", "CASCADE"),
    AddForeignKey("player", "level", "club", "id", constraint_name="level of club"),
    AddUnique("player", ("name", "level")),
    AddCheck("player", "name_set", "name <> '50%%%%' AND name <> '5%%'"),
    AddCheck("player", "odd", "level % 2 = 1"),
    AddColumnDefault("player", "name", Expression("'it''s 100%%'")),
    AddIndex("player", ("since",), name="by since"),
)

# Each operation, and whether its way back is known. None: on SQLite and PostgreSQL, not on MariaDB, where a table's
# engine and collation are the database's of the day.
CASES = {
    "AddColumn": (AddColumn("player", ColumnSpec("x%", "CharField", default="50%", unique=False)), True),
    "AddColumn indexed": (AddColumn("player", ColumnSpec(_LONG + "x", null=True, index=True)), True),
    "DropColumn": (DropColumn("player", "per%cent"), True),
    "DropColumn indexed": (DropColumn("player", _LONG), True),
    "DropColumn of a kind": (DropColumn("player", "picture"), True),
    "DropColumn of letters": (DropColumn("player", "note"), True),
    "DropColumn decimal": (DropColumn("player", "price"), True),
    "DropColumn float": (DropColumn("player", "share"), True),
    "DropColumn time": (DropColumn("player", "at"), True),
    "RenameColumn": (RenameColumn("player", "born", "born%"), True),
    "AlterColumnType": (AlterColumnType("player", "name", "CharField", 99), True),
    "AlterColumnType other": (AlterColumnType("player", "per%cent", "BigIntegerField"), True),
    "AlterColumnType text": (AlterColumnType("player", "per%cent", "TextField"), True),
    "AddNotNull": (AddNotNull("player", "since"), True),
    "DropNotNull": (DropNotNull("player", "born"), True),
    "AddColumnDefault": (AddColumnDefault("player", "level", 3), True),
    "AddColumnDefault anew": (AddColumnDefault("player", "name", "x"), True),
    "DropColumnDefault": (DropColumnDefault("player", "name"), True),
    "CreateTable": (CreateTable("made", (ColumnSpec("id", "AutoField"), ColumnSpec("x", index=True))), True),
    "DropTable": (DropTable("plain"), None),
    "RenameTable": (RenameTable("player", "per%son"), True),
    "AddIndex": (AddIndex("player", ("level", "since"), True), True),
    "AddIndex long": (AddIndex("player", (_LONG, "since")), True),
    "DropIndex": (DropIndex("player", "player_born_level"), True),
    "DropIndex unique": (DropIndex("player", "player_name_born"), True),
    "DropIndex named": (DropIndex("player", "by since"), True),
    "RenameIndex": (RenameIndex("player", "by since", "by%since"), True),
    "AddForeignKey": (AddForeignKey("player", "per%cent", "club", "id", "SET NULL", "CASCADE"), True),
    "AddForeignKey named": (AddForeignKey("player", "per%cent", "club", "id", constraint_name="%s"), True),
    "DropForeignKey": (DropForeignKey("player", "club_id"), True),
    "DropForeignKey named": (DropForeignKey("player", "level"), True),
    "AddCheck": (AddCheck("player", "share_%", "level <> 50 % 7"), True),
    "AddUnique": (AddUnique("player", ("born", "since")), True),
    "AddUnique long": (AddUnique("player", (_LONG, "since")), True),
    "DropConstraint check": (DropConstraint("player", "name_set"), True),
    "DropConstraint check %": (DropConstraint("player", "odd"), True),
    "DropConstraint unique": (DropConstraint("player", "uniq_name_level"), True),
    "DropConstraint key": (DropConstraint("player", "level of club"), True),
    "ChangeColumn": (ChangeColumn("player", "per%cent", "BigIntegerField", default=3, name="level%"), True),
    "ChangeColumn null": (ChangeColumn("player", "born", null=True), True),
    "SetComment": (SetComment("player", comment="it's 5%"), True),
    "SetComment of a column": (SetComment("player", "level", "it's 5%"), True),
    "Backfill": (Backfill("player", "per%cent", 5), False),
    "Backfill in batches": (Backfill("player", "per%cent", 5, "born IS NULL", 1, commit=True, attic=False), False),
    "DropColumn for good": (DropColumn("player", "per%cent", attic=False), True),
    "ChangeColumn for good": (ChangeColumn("player", "born", null=True, attic=False), True),
    "RunSQL": (RunSQL("UPDATE player SET name = 'a%'"), False),
}  # fmt: skip


@pytest.fixture
def database(any_database):
    migrator = Migrator.from_database(any_database)
    migrate(*(operation.on(migrator) for operation in TABLES))
    dates = {"name": "n", "born": "2020-01-01", "since": "2020-01-01 00:00:00"}
    rows = [{**dates, "name": f"n{number}", "born": f"2020-01-0{number}"} for number in (1, 2)]
    for row in rows:
        names, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
        any_database.execute_sql(f"INSERT INTO player ({names}) VALUES ({values})")
    return any_database


def test_every_operation_of_the_form_has_a_case():
    assert {type(operation).__name__ for operation, _ in CASES.values()} == set(OPERATIONS)


@pytest.mark.parametrize("case", CASES)
def test_forward_and_backward_gives_the_schema_back(database, case):
    operation, known = CASES[case]
    dialect, migrator = dialect_of(database), Migrator.from_database(database)
    before = dialect.introspect(database)
    if isinstance(operation, SetComment) and dialect.name == "sqlite":
        with pytest.raises(OperationRefused, match="can't be given a comment"):
            migrate(operation.on(migrator))
        return
    back = inverse(operation, before, dialect.kinds)
    if known is None:
        known = dialect.kinds.collation(before.table("plain")) is None
    assert (back is not None) == known
    migrate(operation.on(migrator))
    changed = dialect.introspect(database)
    if back is not None:
        assert diff(before, changed) != () or dialect.name == "sqlite"  # where two kinds of integers are one type
        (again,) = read_operations(source([back]))
        assert again == back
        migrate(again.on(migrator))
        left = diff(before, dialect.introspect(database))
        assert left == () or _is_key_without_a_name(dialect, left)


def _is_key_without_a_name(dialect, left):
    """SQLite's own tables hold keys without a name, and one that is added has one."""
    return dialect.name == "sqlite" and all(type(change).__name__.endswith("ForeignKey") for change in left)


def test_several_operations_are_undone_from_the_last_to_the_first(database):
    dialect, migrator = dialect_of(database), Migrator.from_database(database)
    before = dialect.introspect(database)
    wanted = [
        DropForeignKey("player", "club_id"),
        DropIndex("player", "player_born_level"),
        AddNotNull("player", "since"),
        DropColumn("player", "per%cent"),
        AddColumn("player", ColumnSpec("Level2", null=True)),
        AddIndex("player", ("Level2",), name="second"),
    ]
    back = inverses(wanted, before, kinds=dialect.kinds)
    assert back is not None
    migrate(*(operation.on(migrator) for operation in wanted))
    migrate(*(operation.on(migrator) for operation in back))
    assert diff(before, dialect.introspect(database)) == ()


# -- what no way back would give the same


UNTOLD = {
    "postgres": (
        'CREATE TABLE u (id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY, c text COLLATE "C", d date[], '
        "g int GENERATED ALWAYS AS (1) STORED, b bigserial, k varchar(9) DEFAULT 'x')",
        "CREATE INDEX u_hash ON u USING hash (k)",
        "CREATE INDEX u_include ON u (k) INCLUDE (id)",
        "CREATE INDEX u_pattern ON u (k text_pattern_ops)",
    ),
    "mariadb": (
        "CREATE TABLE u (id int AUTO_INCREMENT PRIMARY KEY, i int COMMENT 'c', c text COLLATE utf8mb4_bin, d year, "
        "g int GENERATED ALWAYS AS (1) STORED, b int unsigned, k varchar(9) DEFAULT 'x', h int INVISIBLE, "
        "t timestamp NULL ON UPDATE current_timestamp(), s text)",
        "CREATE INDEX u_prefix ON u (k(3))",
        "CREATE FULLTEXT INDEX u_full ON u (s)",
    ),
}


def test_what_no_field_writes_has_no_way_back(server_database):
    kind = "postgres" if "postgresql" in type(server_database).__name__.lower() else "mariadb"
    for statement in UNTOLD[kind]:
        server_database.execute_sql(statement)
    dialect = dialect_of(server_database)
    schema = dialect.introspect(server_database)
    table = schema.table("u")
    columns = [column.name for column in table.columns if column.name not in ("id", "s")]
    assert {name: inverse(DropColumn("u", name), schema, dialect.kinds) for name in columns} == dict.fromkeys(columns)
    names = [index.name for index in table.indexes]
    assert {name: inverse(DropIndex("u", name), schema, dialect.kinds) for name in names} == dict.fromkeys(names)
    assert inverse(DropTable("u"), schema, dialect.kinds) is None


# -- other schemas


def test_a_table_of_another_schema_is_meant_by_its_address(postgres):
    for statement in ("CREATE SCHEMA audit", "CREATE TABLE log (id int)", "CREATE TABLE audit.log (id int, x int)"):
        postgres.execute_sql(statement)
    migrator, dialect = Migrator.from_database(postgres), dialect_of(postgres)
    before = dialect.introspect(postgres)
    wanted = [
        AddIndex("audit.log", ("x",)),
        AddColumn("audit.log", ColumnSpec("y", null=True, index=True)),
        CreateTable("audit.other", (ColumnSpec("id", "AutoField"), ColumnSpec("x", unique=True))),
        AddForeignKey("audit.log", "x", "audit.other", "id"),
        RenameTable("audit.log", "journal"),
    ]
    for operation in wanted:
        back = inverse(operation, dialect.introspect(postgres), dialect.kinds)
        was = dialect.introspect(postgres)
        migrate(operation.on(migrator))
        after = dialect.introspect(postgres)
        migrate(back.on(migrator))
        assert diff(was, dialect.introspect(postgres)) == ()
        migrate(operation.on(migrator))
        assert diff(after, dialect.introspect(postgres)) == ()
    assert dialect.introspect(postgres).table_names == ("audit.journal", "audit.other", "log")
    assert before.table("log") == dialect.introspect(postgres).table("log")


def test_a_migrator_with_a_schema_means_tables_of_it(postgres):
    for statement in ("CREATE SCHEMA audit", "CREATE TABLE log (id int)", "CREATE TABLE audit.log (id int, x int)"):
        postgres.execute_sql(statement)
    migrator = dialect_of(postgres).migrator(postgres, "audit")
    migrate(
        migrator.add_index("log", ("x",), True),
        migrator.create_table("made", {"id": ColumnSpec("id", "AutoField").field()}),
        migrator.rename_table("log", "journal"),
        migrator.add_foreign_key_constraint("journal", "x", "made", "id"),
    )
    schema = dialect_of(postgres).introspect(postgres)
    assert schema.table_names == ("audit.journal", "audit.made", "log")
    assert schema.table("audit.journal").foreign_keys[0].ref_table == "audit.made"


def test_the_search_path_is_set_where_there_is_one(postgres):
    postgres.execute_sql('CREATE SCHEMA "au dit"')
    migrator = Migrator.from_database(postgres)
    migrate(migrator.set_search_path("au dit"), migrator.sql("CREATE TABLE found (id int)"))
    assert postgres.execute_sql("SELECT current_schema()").fetchone() == ("au dit",)
    assert postgres.execute_sql("SELECT schemaname FROM pg_tables WHERE tablename = 'found'").fetchone() == ("au dit",)
