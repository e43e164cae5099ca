"""What an operation may be given: each form of an argument goes through a migration, and is told in its words."""

from __future__ import annotations

import peewee
import pytest
from peewee import SQL, CharField, ForeignKeyField, IntegerField, Model, Value, fn
from projects import HEAD, config_of, open_project

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.dialects.calling import require_done
from pwmig.errors import OperationRefused, PwmigError
from pwmig.operations import call_text

MODELS = """
class Club(Model):
    max_length = IntegerField()
    sql = CharField(9)
    send = IntegerField(null=True)

    class Meta:
        database = database

class Player(Model):
    name = CharField(20)
    level = IntegerField(null=True)
    club = ForeignKeyField(Club, null=True)

    class Meta:
        database = database

"""

# What is asked for, the columns to read afterwards, and what is in them.
FORMS = {
    "a function as a value": (
        "backfill('player', {'name': fn.UPPER(SQL('name'))}, True)", "name", [("AJAX",), ("PSV",)]
    ),
    "a function of a field": (
        "backfill('player', {Player.name: fn.UPPER(Player.name)}, True)", "name", [("AJAX",), ("PSV",)]
    ),
    "an expression of fields": ("backfill('player', {Player.level: Player.id * 2}, True)", "level", [(2,), (4,)]),
    "a case": (
        "backfill('player', {'name': Case(None, ((Player.id > 1, 'big'),), 'small')}, True)",
        "name", [("small",), ("big",)],
    ),
    "a value of Peewee's": ("backfill('player', {'level': Value(4)}, True)", "level", [(4,), (4,)]),
    "an entity": ("backfill('player', {'level': peewee.Entity('id')}, True)", "level", [(1,), (2,)]),
    "a column of a table of Peewee's": (
        "backfill('player', {'level': peewee.Table('player').c.id}, True)", "level", [(1,), (2,)]
    ),
    "a function of values": (
        "backfill('player', {'name': fn.LOWER('Xy')}, 'id = 2')", "name", [("Ajax",), ("xy",)]
    ),
    "a query": (
        "backfill('player', {'level': Club.select(fn.MAX(Club.max_length))}, True)", "level", [(7,), (7,)]
    ),
    "a function as a condition": (
        "backfill('player', {'name': 'long'}, fn.LENGTH(SQL('name')) > 3)", "name", [("long",), ("PSV",)]
    ),
    "a text as a condition": ("backfill('player', {'level': 1}, \"name LIKE 'A%'\")", "level", [(1,), (5,)]),
    "a list in a condition": (
        "backfill('player', {'level': 8}, Player.name.in_(['PSV', '%']))", "level", [(None,), (8,)]
    ),
    "a query in a condition": (
        "backfill('player', {'level': 9}, Player.club.in_(Club.select(Club.id)))", "level", [(9,), (5,)]
    ),
    "a function as a cast": (
        "alter_column_type('player', 'name', CharField(30), cast=fn.UPPER(SQL('name')))", "name", [("AJAX",), ("PSV",)]
    ),
    "a function as a column's default of the database": (
        "change_column('player', 'name', default=fn.LOWER(SQL(\"'A'\")))", "name", [("Ajax",), ("PSV",)]
    ),
    "a function as a default": (
        "add_column_default('player', 'name', fn.LOWER(SQL(\"'A'\")))", "level", [(None,), (5,)]
    ),
    "a function as a new field's default": (
        "add_column('player', 'code', CharField(default=fn.LOWER('X')))", "code", [("x",), ("x",)]
    ),
    "a function of Python as a new field's default": (
        "add_column('player', 'code', CharField(default=lambda: 'x'))", "code", [("x",), ("x",)]
    ),
    "a key to a model with generous names": (
        "add_column('player', 'other_id', ForeignKeyField(Club, null=True))", "other_id", [(None,), (None,)]
    ),
    "a check": ("add_constraint('player', 'named', Check('LENGTH(name) > 0'))", "level", [(None,), (5,)]),
}  # fmt: skip


def _run(database, *statements):
    for statement in statements:
        database.execute_sql(statement)


@pytest.fixture
def database(any_database):
    _run(
        any_database,
        "CREATE TABLE club (id INTEGER NOT NULL PRIMARY KEY, max_length INT, send INT)",
        "INSERT INTO club VALUES (1, 7, NULL)",
        "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), level INT, club_id INT)",
        "INSERT INTO player VALUES (1, 'Ajax', NULL, 1), (2, 'PSV', 5, NULL)",
    )
    return any_database


@pytest.mark.parametrize("form", FORMS)
def test_a_migration_may_give_it(form, database, tmp_path):
    call, columns, wanted = FORMS[form]
    source = f"{HEAD}import peewee\n{MODELS}\ndef migrate_forward():\n    migrate(migrator.{call})\n"
    project = open_project(tmp_path / "p", {"change": source}, config=config_of(database))
    run = project.apply()
    (told,) = run.steps[0].operations
    assert told.startswith(call.partition("(")[0])
    assert " object at " not in told
    rows = list(map(tuple, database.execute_sql(f"SELECT {columns} FROM player ORDER BY id").fetchall()))
    assert rows == wanted


# -- in words


class Club(Model):
    max_length = IntegerField()
    default = CharField()
    collation = CharField()


WORDS = {
    "a function": (fn.UPPER(SQL("a")), "fn.UPPER(SQL('a'))"),
    "one of values": (fn.LOWER("A", 2), "fn.LOWER('A', 2)"),
    "one without arguments": (fn.now(), "fn.now()"),
    "a field with one": (CharField(default=fn.LOWER("X")), "CharField(default=fn.LOWER('X'))"),
    "a key to a model with generous names": (ForeignKeyField(Club, null=True), "ForeignKeyField(Club, null=True)"),
    "a key to a model that is not known yet": (
        ForeignKeyField("self", null=True),
        "ForeignKeyField('self', null=True)",
    ),
    "an entity": (peewee.Entity("a"), "<Entity>"),
    "a column": (peewee.Table("t").c.a, "<Column>"),
    "a field of an alias": (Club.alias().max_length, "<FieldAlias>"),
    "an expression": (Club.max_length + 1, "<Expression>"),
    "a value": (Value(1), "<Value>"),
    "a mapping by field": ({Club.max_length: fn.now()}, "{'max_length': fn.now()}"),
}


@pytest.mark.parametrize("thing", WORDS)
def test_what_peewee_makes_is_told_as_what_it_is(thing):
    value, words = WORDS[thing]
    assert (
        call_text("do", (value,), {"where": value}).replace("_FieldAlias", "FieldAlias")
        == f"do({words}, where={words})"
    )


def test_what_is_no_operation_is_refused_whatever_it_answers_to():
    for wanted in (fn.now(), peewee.Entity("t"), Club.alias(), Club):
        with pytest.raises(PwmigError, match="which is no operation"):
            migrate(wanted)


def test_what_a_migration_returns_may_answer_to_every_name():
    require_done("migrate_forward()", [], fn.now())
    require_done("migrate_forward()", [], peewee.Entity("t"))


def test_an_index_may_be_of_a_column_called_as_a_part_of_peewee_s_table(any_database):
    any_database.execute_sql("CREATE TABLE tree (id INTEGER NOT NULL PRIMARY KEY, node INT)")
    migrator = Migrator.from_database(any_database)
    migrate(migrator.add_index("tree", ("node",), name="by_node"))
    (made,) = dialect_of(any_database).introspect(any_database).table("tree").indexes
    assert [part.column for part in made.parts] == ["node"]


# -- names


class Team(Model):
    name = CharField()
    size = IntegerField(column_name="how_many")

    class Meta:
        table_name = "team"


BY_MODEL = {
    "add_index": lambda m: m.add_index(Team, (Team.size, "name")),
    "add_unique": lambda m: m.add_unique(Team, Team.size, Team.name),
    "drop_column": lambda m: m.drop_column(Team, Team.size),
    "rename_column": lambda m: m.rename_column(Team, Team.size, "n"),
    "rename_table": lambda m: m.rename_table(Team, "club_of"),
    "drop_table": lambda m: m.drop_table(Team),
    "add_not_null": lambda m: m.add_not_null(Team, Team.size),
    "backfill": lambda m: m.backfill(Team, {Team.size: 3}, True),
    "add_foreign_key_constraint": lambda m: m.add_foreign_key_constraint("player", "club_id", Team, Team.id),
    "create_table": lambda m: m.create_table(Club, {"id": IntegerField(), "a": IntegerField()}, primary_key=[Team.id]),
}

BY_NAME = {
    "add_index": lambda m: m.add_index("team", ("how_many", "name")),
    "add_unique": lambda m: m.add_unique("team", "how_many", "name"),
    "drop_column": lambda m: m.drop_column("team", "how_many"),
    "rename_column": lambda m: m.rename_column("team", "how_many", "n"),
    "rename_table": lambda m: m.rename_table("team", "club_of"),
    "drop_table": lambda m: m.drop_table("team"),
    "add_not_null": lambda m: m.add_not_null("team", "how_many"),
    "backfill": lambda m: m.backfill("team", {"how_many": 3}, True),
    "add_foreign_key_constraint": lambda m: m.add_foreign_key_constraint("player", "club_id", "team", "id"),
    "create_table": lambda m: m.create_table("club", {"id": IntegerField(), "a": IntegerField()}, primary_key=["id"]),
}


@pytest.mark.parametrize("operation", BY_MODEL)
def test_a_model_names_its_table_and_a_field_its_column(any_database, operation):
    any_database.execute_sql("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, club_id INTEGER)")
    any_database.execute_sql("CREATE TABLE team (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(9), how_many INTEGER)")
    any_database.execute_sql("INSERT INTO team VALUES (1, 'a', 1)")
    migrator = Migrator.from_database(any_database)
    made = BY_MODEL[operation](migrator)
    assert made.describe() == BY_NAME[operation](migrator).describe()
    migrate(made)


UNNAMED = {
    "a function": (lambda m: m.add_index("team", (fn.lower(SQL("name")),)), r"fn\.lower\(SQL\('name'\)\)"),
    "a piece of SQL": (lambda m: m.drop_column("team", SQL("name")), r"SQL\('name'\)"),
    "an ordering": (lambda m: m.add_index("team", (Team.name.desc(),)), "<Ordering>"),
    "a field of no model": (lambda m: m.drop_column("team", CharField()), r"CharField\(\)"),
    "a number": (lambda m: m.add_unique("team", 3), "3"),
    "nothing": (lambda m: m.drop_table(None), "None"),
    "several tables": (lambda m: m.drop_table(["team"]), r"\['team'\]"),
    "a field as a table": (lambda m: m.drop_table(Team.name), r"CharField\(\)"),
    "a model as a column": (lambda m: m.drop_column("team", Team), "Team"),
    "a list": (lambda m: m.add_unique("team", ("name", "size")), r"\('name', 'size'\)"),
}


@pytest.mark.parametrize("thing", UNNAMED)
def test_what_names_nothing_is_refused(any_database, thing):
    """Of a piece of SQL, ``==`` makes another one, which is true: it would mean whichever column comes first."""
    any_database.execute_sql("CREATE TABLE team (id INTEGER, name VARCHAR(9), how_many INTEGER)")
    migrator = Migrator.from_database(any_database)
    given, words = UNNAMED[thing]
    with pytest.raises(OperationRefused, match=f"^{words} can't name a (table|column)"):
        migrate(given(migrator))
    assert dialect_of(any_database).introspect(any_database).table("team").column_names == ("id", "name", "how_many")
