"""The source that is written runs, says what was asked, and is set as ruff sets it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import peewee
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from operation_strategies import operations

from pwmig import Migrator
from pwmig.codegen import inverse, inverses, literal, read_operations, source
from pwmig.columns import ColumnSpec, Standard
from pwmig.dialects.sqlite.dialect import SqliteDialect
from pwmig.errors import OperationRefused
from pwmig.files import template
from pwmig.operations import (
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
    Expression,
    RenameColumn,
    RenameIndex,
    RenameTable,
    RunSQL,
    SetComment,
)
from pwmig.schema import Column, Schema, Table

LEVEL = ColumnSpec("level", default=1)
HOSTILE = "pl\"a'y\\er\n{x}"


def test_the_seeds_example_comes_out_in_its_shape():
    assert source([AddColumn("player", LEVEL)]) == (
        "from playhouse.migrate import *\n"
        "from db.migrations_config import migrator\n"
        "from peewee import IntegerField\n"
        "\n\n"
        "def migrate_forward():\n"
        "    migrate(\n"
        '        migrator.add_column("player", "level", IntegerField(default=1)),\n'
        "    )\n"
        "\n\n"
        "def migrate_backward():\n"
        "    migrate(\n"
        '        migrator.drop_column("player", "level"),\n'
        "    )\n"
    )


def test_imports_stand_in_the_order_that_tools_keep():
    """Python's own library first and apart; of one module what looks like a constant, then classes."""
    columns = (
        ColumnSpec("id", "AutoField", primary_key=True),
        ColumnSpec("made", "DateTimeField", default=Standard("datetime", "datetime.now")),
        ColumnSpec("key", "UUIDField", default=Standard("uuid", "uuid4")),
        ColumnSpec("mood", "StoredField", storage="mood", constraints=(Expression("DEFAULT 'fine'"),)),
        ColumnSpec("size", constraints=(Expression("size > 0", "Check"),)),
    )
    assert source([CreateTable("player", columns)]).partition("\n\n\n")[0] == (
        "from datetime import datetime\n"
        "from uuid import uuid4\n"
        "\n"
        "from playhouse.migrate import *\n"
        "from db.migrations_config import migrator\n"
        "from peewee import SQL, AutoField, Check, DateTimeField, IntegerField, UUIDField\n"
        "from pwmig import StoredField"
    )


def test_what_has_no_way_back_gets_none():
    assert "migrate_backward" not in source([DropColumn("player", "level")])
    assert "migrate_backward" not in source([RunSQL("DELETE FROM player")])


def test_the_way_back_goes_in_reverse():
    text = source([AddColumn("player", LEVEL), AddIndex("player", ("level",))])
    back = text[text.index("migrate_backward") :]
    assert back.index("drop_index") < back.index("drop_column")


SPECS = (ColumnSpec("id", "AutoField"), ColumnSpec("name", "CharField", max_length=40, unique=True))
ALL = [
    AddColumn("player", LEVEL),
    AddColumn("p" * 40, ColumnSpec("c" * 30, "CharField", max_length=40, default="x" * 20, index=True)),
    AddColumn(HOSTILE, ColumnSpec(HOSTILE, "TextField", default=HOSTILE)),
    AddColumn("player", ColumnSpec("paid", "DecimalField", default="1.50")),
    DropColumn("player", "level"),
    RenameColumn("player", "position", "role"),
    RenameColumn("p" * 30, "a" * 40, "b" * 40),
    AddIndex("player", ("birth_date",)),
    AddIndex("player", ("a", "b"), unique=True, name="by_a"),
    CreateTable("club", SPECS),
    CreateTable("club", SPECS, indexes=((("id", "name"), True),)),
    CreateTable("in_club", (ColumnSpec("a"), ColumnSpec("b")), indexes=((("b", "a"), False),), primary_key=("a", "b")),
    DropTable("club"),
    RenameTable("club", "team"),
    DropIndex("club", "club_name"),
    AddNotNull("club", "name"),
    DropNotNull("club", "name"),
    AddForeignKey("player", "club_id", "club", on_delete="CASCADE"),
    DropForeignKey("player", "club_id"),
    RunSQL("UPDATE player SET level = 2\nWHERE level = 1"),
    AlterColumnType("player", "level", "CharField", 40, cast="'level ' || level"),
    AlterColumnType("player", "level", "TextField"),
    AddColumnDefault("player", "level", 3),
    AddColumnDefault("player", "born", Expression("CURRENT_TIMESTAMP")),
    DropColumnDefault("player", "level"),
    RenameIndex("player", "player_level", "by_level"),
    AddCheck("player", "level_counts", "level > 0 AND name <> 'no (never)' AND level < 100"),
    AddUnique("player", ("name", "level")),
    DropConstraint("player", "uniq_name_level"),
    ChangeColumn("player", "level", "CharField", 40, "'level ' || level", True, "it's", name="rank"),
    ChangeColumn("player", "level", null=False, drop_default=True),
    ChangeColumn("player", "born", default=Expression("CURRENT_TIMESTAMP")),
    SetComment("player", comment="who plays"),
    SetComment("player", "level", "from 1\nto 9"),
    SetComment("player", "level"),
    Backfill("player", "level", 1),
    Backfill("p" * 40, "level", Expression("born % 100"), "level IS NULL OR level < 0", 500, True),
    Backfill("player", "level", 1, "level IS NULL", commit=True),
    Backfill("player", "level", 1, "level IS NULL", triggers=True, commit=True, attic=False),
    DropColumn("player", "level", attic=False),
    DropTable("club", attic=False),
    AddNotNull("club", "name", attic=False),
    AlterColumnType("player", "level", "TextField", attic=False),
    AlterColumnType("player", "level", "CharField", 9, cast="'x'", attic=False),
    ChangeColumn("player", "level", null=False, attic=False),
]


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: type(operation).__name__)
def test_ruff_would_set_it_the_same(operation, tmp_path):
    ruff = shutil.which("ruff", path=str(_scripts())) or shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    path = tmp_path / "migration.py"
    path.write_text(source([operation]))
    subprocess.run([ruff, "format", "--isolated", "--quiet", str(path)], check=True)
    assert path.read_text() == source([operation])


def _scripts():
    from pathlib import Path

    return Path(sys.executable).parent


def _facts(value):
    """A value comparable by equality: a field by what it says."""
    if isinstance(value, peewee.Field):
        names = ("null", "default", "unique", "index", "primary_key", "max_length")
        return type(value).__name__, [getattr(value, name, None) for name in names]
    if isinstance(value, peewee.SQL):
        return value.sql
    if isinstance(value, dict):
        return {name: _facts(inner) for name, inner in value.items()}
    return value


MIGRATOR = Migrator.from_database(peewee.SqliteDatabase(":memory:"))


def _told(operations):
    return [(step.name, [_facts(arg) for arg in step.args], _facts(step.kwargs)) for step in operations]


def _calls(text, function):
    """What a migration's source asks of its migrator, run with the Peewee fields that it imports."""
    ours = ("from playhouse.", "from db.migrations_config ")
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(ours))
    asked = []
    names = {"migrator": MIGRATOR, "migrate": lambda *operations: asked.extend(operations)}
    exec(compile(body, "migration.py", "exec"), names)
    names[function]()
    return _told(asked)


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: type(operation).__name__)
def test_the_source_asks_for_just_the_operation(operation):
    assert _calls(source([operation]), "migrate_forward") == _told([operation.on(MIGRATOR)])


NAMES = st.text(
    alphabet=st.characters(blacklist_characters="\0.", blacklist_categories=("Cs",)), min_size=1, max_size=30
)
NAMES = NAMES.filter(lambda name: name.strip())


@settings(deadline=None)
@given(NAMES, NAMES, NAMES)
@example("0", "migrations_config", "playhouse")
def test_no_name_can_leave_its_literal(table, old, new):
    text = source([RenameColumn(table, old, new)])
    assert _calls(text, "migrate_forward") == [("rename_column", [table, old, new], {})]
    assert _calls(text, "migrate_backward") == [("rename_column", [table, new, old], {})]


@given(st.text(max_size=30))
def test_a_literal_means_its_text(text):
    assert eval(literal(text)) == text


# -- the way back, on a real database


@pytest.fixture
def database(tmp_path):
    database = peewee.SqliteDatabase(tmp_path / "data.db", pragmas={"foreign_keys": 1})
    migrator = Migrator.from_database(database)
    migrator.migrate(
        CreateTable("club", SPECS).on(migrator),
        CreateTable("player", (*SPECS, ColumnSpec("club_id", null=True, index=True), LEVEL)).on(migrator),
        AddForeignKey("player", "club_id", "club", on_delete="CASCADE").on(migrator),
        AddIndex("player", ("level", "name")).on(migrator),
    )
    database.execute_sql("INSERT INTO club (name) VALUES ('Ajax')")
    database.execute_sql("INSERT INTO player (name, club_id, level) VALUES ('a', 1, 5), ('b', NULL, 6)")
    yield database
    database.close()


BACK_AND_FORTH = [
    AddColumn("player", ColumnSpec("born", null=True)),
    AddColumn("player", ColumnSpec("born", default=3, index=True)),
    RenameColumn("player", "level", "rank"),
    RenameTable("player", "pl ayer"),
    AddIndex("player", ("level",)),
    CreateTable("match", SPECS),
    DropNotNull("player", "name"),
    DropForeignKey("player", "club_id"),
    DropIndex("player", "player_level_name"),
    AddForeignKey("club", "id", "player", "id"),
    AlterColumnType("player", "level", "TextField"),
    AddColumnDefault("player", "level", 7),
    AddColumnDefault("player", "name", Expression("'it''s'")),
    RenameIndex("player", "player_level_name", "by level"),
    AddCheck("player", "counts", "level > 0"),
    AddUnique("player", ("name", "level")),
    AddNotNull("player", "level"),
    DropNotNull("player", "club_id"),
    ChangeColumn("player", "level", "BigIntegerField", null=True, default=7),
    ChangeColumn("player", "name", "TextField", drop_default=True, name="full name"),
    ChangeColumn("player", "level", name="LEVEL"),
    ChangeColumn("player", "club_id", "TextField", default="1"),
]


@pytest.mark.parametrize("operation", BACK_AND_FORTH, ids=lambda operation: operation.describe())
def test_an_operation_and_its_inverse_give_back_schema_and_rows(database, operation):
    dialect, migrator = SqliteDialect(), Migrator.from_database(database)
    before, rows = dialect.introspect(database), _rows(database)
    back = inverse(operation, before)
    migrator.migrate(operation.on(migrator))
    assert dialect.introspect(database) != before or back == operation
    migrator.migrate(back.on(migrator))
    after = dialect.introspect(database)
    assert _nameless(after) == _nameless(before)
    assert _rows(database) == rows


SEQUENCES = {
    "what a table's new column brings along": [
        AddColumn("player", ColumnSpec("born", default=3)),
        AddColumnDefault("player", "born", 4),
        AddNotNull("player", "born"),
        AddIndex("player", ("born", "name")),
        DropNotNull("player", "born"),
    ],
    "an index, then its name": [
        AddIndex("player", ("name",), name="by_name"),
        RenameIndex("player", "by_name", "n"),
        DropIndex("player", "n"),
    ],
    "the index of a column, then the column": [
        DropIndex("player", "player_level_name"),
        DropNotNull("player", "level"),
    ],
    "a key from and to": [DropForeignKey("player", "club_id"), AddForeignKey("player", "club_id", "club")],
    "a check and its end": [AddCheck("player", "c", "level > 0"), DropConstraint("player", "c")],
    "unique and its end": [AddUnique("player", ("level",)), DropConstraint("player", "uniq_level")],
    "a default and its end": [AddColumnDefault("player", "level", 1), DropNotNull("player", "level")],
    "an index and its end": [AddIndex("player", ("level",), True), DropIndex("player", "player_level")],
    "a column renamed, another added": [
        RenameColumn("player", "level", "rank"),
        AddColumn("player", ColumnSpec("level", default=1)),
    ],
    "a column, its values and what they allow": [
        AddColumn("player", ColumnSpec("born", null=True)),
        Backfill("player", "born", Expression("id + 1900")),
        AddNotNull("player", "born"),
    ],
    "a table, filled": [CreateTable("team", SPECS), Backfill("team", "name", "x", "1 = 1")],
    "a table made and used": [
        CreateTable("team", SPECS),
        AddColumn("player", ColumnSpec("team_id", null=True, index=True)),
        AddForeignKey("player", "team_id", "team"),
    ],
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_several_operations_and_their_way_back_give_back_schema_and_rows(database, case):
    operations = SEQUENCES[case]
    dialect, migrator = SqliteDialect(), Migrator.from_database(database)
    before, rows = dialect.introspect(database), _rows(database)
    back = inverses(operations, before)
    migrator.migrate(*(step.on(migrator) for step in operations))
    migrator.migrate(*(step.on(migrator) for step in back))
    assert _nameless(dialect.introspect(database)) == _nameless(before)
    assert _rows(database) == rows


UNTOLD = {
    "a column of the name that another had": [
        RenameColumn("player", "level", "rank"),
        RenameColumn("player", "name", "level"),
        DropColumn("player", "level"),
    ],
    "a table of the name that another had": [RenameTable("club", "old"), DropTable("club")],
    "a column that was just added": [AddColumn("club", LEVEL), DropColumn("club", "level")],
    "a table with a column that was just added": [AddColumn("club", LEVEL), DropTable("club")],
    "a key to a table renamed meanwhile": [RenameTable("club", "team"), DropForeignKey("player", "club_id")],
    "after a statement": [RunSQL("SELECT 1"), DropColumn("player", "level")],
    "values that are filled over others": [Backfill("player", "club_id", 1)],
    "values that are cast": [ChangeColumn("player", "level", "TextField", cast="'x'")],
    "a column of another kind": [ChangeColumn("player", "level", null=True), DropColumn("player", "level")],
    "a default that was just given another": [AlterColumnType("player", "level", "TextField"), DropTable("player")],
}


@pytest.mark.parametrize("case", UNTOLD)
def test_what_earlier_operations_make_uncertain_has_no_way_back(database, case):
    assert inverses(UNTOLD[case], SqliteDialect().introspect(database)) is None


def test_a_dropped_default_and_a_dropped_check_come_back_as_they_were(database):
    migrator = Migrator.from_database(database)
    migrator.migrate(
        AddColumnDefault("player", "name", Expression("'it''s'")).on(migrator),
        AddCheck("player", "some level", "level > 0 OR name <> '(x'").on(migrator),
    )
    before = SqliteDialect().introspect(database)
    drops = [DropColumnDefault("player", "name"), DropConstraint("player", "some level")]
    back = inverses(drops, before)
    migrator.migrate(*(step.on(migrator) for step in drops))
    assert SqliteDialect().introspect(database) != before
    migrator.migrate(*(step.on(migrator) for step in back))
    assert SqliteDialect().introspect(database) == before


def test_a_comment_s_way_back_is_the_one_before():
    table = Table("player", (Column("id", "integer"), Column("level", "integer", comment="was")), comment="were")
    schema = Schema((table,))
    assert inverse(SetComment("player", "level", "is"), schema) == SetComment("player", "level", "was")
    assert inverse(SetComment("player", comment="are"), schema) == SetComment("player", comment="were")
    assert inverse(SetComment("player", "id", "is"), schema) == SetComment("player", "id")
    assert inverse(SetComment("player", "nobody", "is"), schema) is None
    twice = [SetComment("player", comment="are"), SetComment("player"), SetComment("player", "level", "is")]
    assert inverses([*twice, SetComment("player", "level")], schema) == (
        SetComment("player", "level", "is"),
        SetComment("player", "level", "was"),
        SetComment("player", comment="are"),
        SetComment("player", comment="were"),
    )


CONTRADICTIONS = [
    (lambda: ChangeColumn("player", "level"), "nothing of column"),
    (lambda: ChangeColumn("player", "level", cast="1"), "no new kind"),
    (lambda: ChangeColumn("player", "level", max_length=9), "no new kind"),
    (lambda: ChangeColumn("player", "level", "AutoField"), "counted"),
    (lambda: ChangeColumn("player", "level", default=1, drop_default=True), "have none"),
    (lambda: Backfill("player", "level", None), "needs a value"),
    (lambda: Backfill("player", "level", 1, batch_size=0), "0 rows"),
]


@pytest.mark.parametrize(("made", "words"), CONTRADICTIONS, ids=[words for _, words in CONTRADICTIONS])
def test_what_contradicts_itself_is_refused_as_it_is_made(made, words):
    with pytest.raises(OperationRefused, match=words) as refused:
        made()
    assert refused.value.way_out


def test_a_way_back_that_a_person_chose_is_kept():
    wanted = [AddColumn("player", LEVEL), RunSQL("DELETE FROM player")]
    chosen = RunSQL("SELECT 1")
    assert inverses(wanted) is None
    assert inverses(wanted, known=[(wanted[1], chosen)]) == (chosen, DropColumn("player", "level"))


UNFOLLOWED = {
    "a kind": AlterColumnType("player", "name", "TextField"),
    "a default": AddColumnDefault("player", "name", "x"),
    "a name": RenameColumn("player", "name", "called"),
    "a table": RenameTable("player", "person"),
    "several facts": ChangeColumn("player", "note", null=False, name="remark"),
}


@pytest.mark.parametrize("case", UNFOLLOWED)
def test_what_may_be_null_is_known_behind_an_operation_whose_rest_is_not(case: str) -> None:
    """Else the way back would make required what was not, which rows may not hold to."""
    schema = Schema((Table("player", (Column("name", "TEXT", nullable=False), Column("note", "TEXT"))),))
    table = "person" if case == "a table" else "player"
    note, name = ("remark" if case == "several facts" else "note"), ("called" if case == "a name" else "name")
    is_null = case != "several facts"
    first, second = DropNotNull(table, note), AddNotNull(table, name)
    back = inverses([UNFOLLOWED[case], first, second], schema)
    assert back is not None and back[:2] == (second, first if is_null else AddNotNull(table, note))


def _rows(database):
    return [database.execute_sql(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in ("club", "player")]


def _nameless(schema):
    """The schema as text, the names of foreign keys aside: one dropped comes back under its usual name."""
    import dataclasses

    tables = [
        dataclasses.replace(table, foreign_keys=tuple(dataclasses.replace(k, name=None) for k in table.foreign_keys))
        for table in schema.tables
    ]
    return dataclasses.replace(schema, tables=tuple(tables))


def test_a_dropped_column_comes_back_with_its_index_and_a_neutral_value(database):
    migrator = Migrator.from_database(database)
    migrator.migrate(migrator.drop_index("player", "player_level_name"))
    before = SqliteDialect().introspect(database)
    drop = DropColumn("player", "level")
    back = inverse(drop, before)
    migrator.migrate(drop.on(migrator), back.on(migrator))
    assert SqliteDialect().introspect(database) == before
    assert database.execute_sql("SELECT level FROM player").fetchall() == [(0,), (0,)]


def test_a_dropped_table_comes_back_empty(database):
    migrator = Migrator.from_database(database)
    before = SqliteDialect().introspect(database)
    back = inverse(DropTable("club"), before)
    migrator.migrate(migrator.drop_foreign_key_constraint("player", "club_id"), migrator.drop_table("club"))
    migrator.migrate(back.on(migrator))
    assert SqliteDialect().introspect(database).table("club") == before.table("club")


@pytest.mark.parametrize(
    "operation",
    [DropColumn("player", "id"), DropColumn("player", "nobody"), DropTable("player"), RunSQL("SELECT 1")],
    ids=lambda operation: operation.describe(),
)
def test_what_can_not_be_told_has_no_inverse(database, operation):
    assert inverse(operation, SqliteDialect().introspect(database)) is None


# -- back from the source


@given(st.lists(operations(), max_size=3), st.booleans())
def test_what_is_written_is_read_back(wanted, with_way_back):
    text = source(wanted, [] if with_way_back else None)
    assert read_operations(text) == tuple(wanted)


@given(operations())
def test_the_repr_of_an_operation_makes_it_again(operation):
    names = {}
    exec("from pwmig.operations import *", names)
    assert eval(repr(operation), names) == operation


def test_a_formatter_of_other_habits_does_not_matter():
    text = source([AddColumn("player", LEVEL), RunSQL("-- '\"")])
    other = text.replace('"player", "level"', "'player',\n            'level'")
    assert other != text and read_operations(other) == read_operations(text)


SEED = source([AddColumn("player", LEVEL)])
OTHER_TEXTS = {
    "empty": "",
    "no Python": "def f(:",
    "a zero byte": "\0",
    "the template": template(),
    "a comment": SEED.replace("    migrate(", "    # why\n    migrate(", 1),
    "a docstring": SEED.replace("    migrate(", '    """Why."""\n    migrate(', 1),
    "another statement": SEED.replace("    migrate(", "    print()\n    migrate(", 1),
    "a statement outside": SEED + "\n\nprint()\n",
    "another function": SEED + "\n\ndef help():\n    pass\n",
    "another import": SEED.replace("from peewee", "import os\nfrom peewee"),
    "another name imported": SEED.replace("import IntegerField", "import IntegerField, TextField"),
    "another migrator": SEED.replace("migrator.add_column", "other.add_column"),
    "another function called": SEED.replace("    migrate(", "    print(", 1),
    "a method that is no operation": SEED.replace("add_column", "make_context"),
    "a condition that is no text": source([Backfill("player", "level", 1, "x")]).replace('"x"', 'SQL("x")'),
    "two columns filled": source([Backfill("player", "level", 1)]).replace('"level": 1', '"level": 1, "born": 2'),
    "no attic where nothing is kept": SEED.replace("default=1)", "default=1), attic=False"),
    "an attic that is said": source([DropTable("club", attic=False)]).replace("False", "True"),
    "an attic that is no truth": source([DropTable("club", attic=False)]).replace("False", "0"),
    "no commit said": source([Backfill("player", "level", 1, "x", commit=True)]).replace("True", "False"),
    "a comment in a change": source([ChangeColumn("player", "x", null=True)]).replace("null=", "comment='x', null="),
    "a value that is computed": SEED.replace("default=1", "default=1 + 1"),
    "a name for a value": SEED.replace("default=1", "default=ONE"),
    "an argument that no operation has": SEED.replace("default=1", "default=1, help_text='x'"),
    "arguments unpacked": SEED.replace('"player", "level"', '*("player", "level")'),
    "an argument by name": SEED.replace('"player"', 'table="player"').replace(', "level"', ', column_name="level"'),
    "a field that is none": SEED.replace("IntegerField(default=1)", "list(default=1)"),
    "a table without a name": SEED.replace('"player"', '""'),
    "a number for a name": SEED.replace('"player"', "7"),
    "a decorator": SEED.replace("def migrate_forward", "@staticmethod\ndef migrate_forward"),
    "an argument of the function": SEED.replace("migrate_forward()", "migrate_forward(x=1)"),
    "twice": SEED + SEED,
    "nested without end": "-" * 100_000 + "1",
}


@pytest.mark.parametrize("text", OTHER_TEXTS.values(), ids=OTHER_TEXTS)
def test_any_other_source_is_read_as_no_operations(text):
    assert read_operations(text) is None


def test_reading_runs_nothing(tmp_path):
    trace = tmp_path / "ran"
    assert read_operations(SEED + f"\n\nopen({str(trace)!r}, 'w')\n") is None
    assert not trace.exists()
