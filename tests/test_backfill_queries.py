"""Back-fills with queries in them that look at the row that is filled."""

from __future__ import annotations

import peewee
import pytest
from peewee import CharField, ForeignKeyField, IntegerField, Model, fn
from projects import HEAD, config_of, open_project

from pwmig import Migrator
from pwmig.dialects import migrate

SCHEMA = (
    "CREATE TABLE team (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), points INT)",
    "INSERT INTO team VALUES (1, 'Ajax', 10), (2, 'PSV', 20), (3, 'none', NULL)",
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), level INT, team_id INT, chief_id INT)",
    "INSERT INTO player VALUES (1, 'a', NULL, 1, NULL), (2, 'b', NULL, 2, 1), (3, 'c', 5, 1, 2), "
    "(4, 'd', NULL, NULL, 3), (5, 'e', NULL, 3, 3), (6, 'f', NULL, 2, NULL)",
)

MODELS = """
class Team(Model):
    name = CharField()
    points = IntegerField(null=True)

    class Meta:
        database = database

class Player(Model):
    name = CharField()
    level = IntegerField(null=True)
    team = ForeignKeyField(Team, null=True)
    chief = ForeignKeyField("self", null=True)

    class Meta:
        database = database

Chief = Player.alias()
TEAMS, PLAYERS = Table("team", ("id", "points")), Table("player", ("id", "team_id"))
"""

_POINTS = [(1, 10), (2, 20), (3, 5), (4, None), (5, None), (6, 20)]

# The values and the condition, and (id, level) afterwards.
QUERIES = {
    "a parent's cell": ("{Player.level: Team.select(Team.points).where(Team.id == Player.team)}", _POINTS),
    "a parent's cell, by the column's name": (
        "{'level': Team.select(Team.points).where(Team.id == Player.team)}", _POINTS
    ),
    "tables without models": (
        "{'level': TEAMS.select(TEAMS.points).where(TEAMS.id == PLAYERS.team_id)}", _POINTS
    ),
    "by an alias of the parent": (
        "(lambda T: {'level': T.select(T.points).where(T.id == Player.team)})(Team.alias('x'))", _POINTS
    ),
    "within a call": (
        "{'level': fn.COALESCE(Team.select(Team.points).where(Team.id == Player.team), -1)}",
        [(1, 10), (2, 20), (3, 5), (4, -1), (5, -1), (6, 20)],
    ),
    "beside a column": (
        "{'level': Player.id + Team.select(Team.points).where(Team.id == Player.team)}",
        [(1, 11), (2, 22), (3, 5), (4, None), (5, None), (6, 26)],
    ),
    "a query within a query": (
        "{'level': Team.select(fn.COUNT(Team.id)).where(fn.EXISTS("
        "Chief.select().where((Chief.team == Team.id) & (Chief.id < Player.id))))}",
        [(1, 0), (2, 1), (3, 5), (4, 2), (5, 2), (6, 3)],
    ),
    "two queries in one": (
        "{'level': Team.select(fn.MIN(Team.id)).where(Team.id == Player.team).union("
        "Team.select(fn.MIN(Team.id)).where(Team.id == Player.team))}",
        [(1, 1), (2, 2), (3, 5), (4, None), (5, 3), (6, 2)],
    ),
    "several columns": (
        "{'level': Team.select(Team.points).where(Team.id == Player.team), "
        "'name': Team.select(Team.name).where(Team.id == Player.team)}, True",
        [(1, 10), (2, 20), (3, 10), (4, None), (5, None), (6, 20)],
    ),
    "a condition": (
        "{'level': 7}, fn.EXISTS(Team.select().where((Team.id == Player.team) & (Team.points > 10)))",
        [(1, None), (2, 7), (3, 5), (4, None), (5, None), (6, 7)],
    ),
    "a condition on the table itself": (
        "{'level': 8}, fn.EXISTS(Chief.select().where(Chief.chief == Player.id))",
        [(1, 8), (2, 8), (3, 8), (4, None), (5, None), (6, None)],
    ),
    "the table itself, by an alias": (
        "{'level': Chief.select(Chief.id * 100).where(Chief.id == Player.chief)}",
        [(1, None), (2, 100), (3, 5), (4, 300), (5, 300), (6, None)],
    ),
    "the table itself as a whole": (
        "{'name': Player.select(fn.MAX(Player.id)).where(Player.team == 2)}, Player.id == 1",
        [(1, None), (2, None), (3, 5), (4, None), (5, None), (6, None)],
    ),
}  # fmt: skip


@pytest.fixture
def database(any_database):
    for statement in SCHEMA:
        any_database.execute_sql(statement)
    return any_database


def _rows(database, columns, table="player"):
    return list(map(tuple, database.execute_sql(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_reaches_the_row_that_is_filled(query, database, tmp_path):
    given, wanted = QUERIES[query]
    source = f"{HEAD}{MODELS}\ndef migrate_forward():\n    migrate(migrator.backfill('player', {given}"
    source += f"{'' if '}, ' in given else ', None'}, batch_size=2))\n\ndef migrate_backward():\n    pass\n"
    before = _rows(database, "id, level, name")
    project = open_project(tmp_path / "p", {"fill": source}, config=config_of(database))
    project.apply()
    assert _rows(database, "id, level") == wanted
    project.revert()
    assert _rows(database, "id, level, name") == before


@pytest.mark.parametrize("name", ["t1", "T2", "Player"])
def test_whatever_the_table_is_called(name, any_database):
    """Peewee calls the tables of a query t1, t2 and so on."""
    quoted = any_database.quote[0] + name + any_database.quote[0]
    any_database.execute_sql(f"CREATE TABLE {quoted} (id INTEGER NOT NULL PRIMARY KEY, level INT, team INT)")
    any_database.execute_sql(f"INSERT INTO {quoted} VALUES (1, NULL, 3), (2, NULL, 3), (3, NULL, 1)")
    One = type("One", (Model,), {
        "level": IntegerField(), "team": IntegerField(), "Meta": type("Meta", (), {"table_name": name})
    })  # fmt: skip
    first, second = One.alias(), One.alias()
    inner = second.select(fn.MAX(second.id)).where(second.team == One.team)
    query = first.select(first.id * 10).where(first.id == inner)
    migrate(Migrator.from_database(any_database).backfill(name, {One.level: query}, batch_size=2))
    assert _rows(any_database, "id, level", quoted) == [(1, 20), (2, 20), (3, 30)]


def test_batches_that_commit_go_by_such_a_condition(database):
    class Team(Model):
        points = IntegerField()

    class Player(Model):
        name = CharField()
        level = IntegerField()
        team = ForeignKeyField(Team)

    Player.bind(database)
    meant = fn.EXISTS(Team.select().where((Team.id == Player.team) & (Team.points > 1))) & Player.level.is_null()
    query = Team.select(Team.points).where(Team.id == Player.team)
    told = []
    migrator = Migrator.from_database(database)
    migrator.on_progress = lambda progress: told.append((progress.done, progress.total))
    migrate(migrator.backfill("player", {Player.level: query}, meant, batch_size=1, commit=True))
    assert _rows(database, "id, level") == _POINTS
    assert told == [(1, 3), (2, 3), (3, 3)] or told == [(1, 3), (2, 3), (3, 3), (3, 3)]


def test_a_table_of_another_schema_is_another(postgres):
    """Also where it has the name of the one that is filled."""
    for statement in ("CREATE SCHEMA old", *SCHEMA):
        postgres.execute_sql(statement)
    postgres.execute_sql("CREATE TABLE old.player AS SELECT id, id * 10 AS level FROM player")
    player, old = peewee.Table("player", ("id",)), peewee.Table("player", ("id", "level"), schema="old")
    for own in (player, peewee.Table("player", ("id",), schema="public")):
        query = old.select(old.level).where(old.id == own.id)
        migrate(Migrator.from_database(postgres).backfill("player", {"level": query}, True))
        assert _rows(postgres, "id, level") == [(number, number * 10) for number in range(1, 7)]
        postgres.execute_sql("UPDATE player SET level = NULL")
