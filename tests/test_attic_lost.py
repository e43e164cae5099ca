"""What refers to rows that have gone since is left in the attic, and said; the rest is put back."""

from __future__ import annotations

from contextlib import closing

import pytest
from projects import HEAD, config_of, open_project

from pwmig.dialects import dialect_of
from pwmig.errors import MigrationFailed
from pwmig.plan import Restored

TEAM = "CREATE TABLE team (id INT NOT NULL PRIMARY KEY, name VARCHAR(9))"
MODEL = """
class Team(Model):
    id = IntegerField(primary_key=True)

    class Meta:
        database = database
        table_name = 'team'
"""


def _text(there, back):
    return f"{HEAD}{MODEL}\n\ndef migrate_forward():\n    {there}\n\n\ndef migrate_backward():\n    {back}\n"


class _Case:
    def __init__(self, root, database, there, back, *statements, checked=True):
        self.database = database
        for statement in (TEAM, "INSERT INTO team VALUES (1, 'a'), (2, 'b')", *statements):
            database.execute_sql(statement)
        config = config_of(database)
        if dialect_of(database).name == "sqlite" and checked:
            config = config.replace("**OPTIONS)", "**OPTIONS, pragmas={'foreign_keys': 1})")
        self.project = open_project(root / "p", {"one": _text(there, back)}, config=config)
        self.project.apply()

    def run(self, sql):
        with closing(self.database.execute_sql(sql)) as cursor:
            return list(map(tuple, cursor.fetchall())) if cursor.description else []

    def back(self, *statements):
        for statement in statements:
            self.database.execute_sql(statement)
        (told,) = self.project.revert().steps[0].restored
        return told


KEY = "CONSTRAINT of_team FOREIGN KEY (team_id) REFERENCES team (id)"
PLAYER = f"CREATE TABLE player (id INT NOT NULL{{}}, v INT, team_id INT, {KEY})"
PLAYERS = "INSERT INTO player VALUES (1, 10, 1), (2, 20, 2), (3, 30, NULL), (4, 40, 2), (5, 50, 1)"
DROP = "migrate(migrator.drop_column('player', 'team_id'))"
ADD = "migrate(migrator.add_column('player', 'team_id', ForeignKeyField(Team, null=True)))"


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["key", "no key"])
def test_values_of_a_column_that_refer_to_what_is_gone_are_left(tmp_path, any_database, key):
    case = _Case(tmp_path, any_database, DROP, ADD, PLAYER.format(key), PLAYERS)
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", "team_id", 3, lost=2)
    rows = case.run("SELECT id, team_id FROM player ORDER BY id")
    assert rows == [(1, 1), (2, None), (3, None), (4, None), (5, 1)]
    (left,) = case.project.attic()
    assert left.row_count == 2
    case.database.execute_sql("INSERT INTO team VALUES (2, 'again')")
    (told,) = case.project.restore("one")
    assert (told.restored, told.unmatched) == (2, 0)
    assert case.run("SELECT id, team_id FROM player ORDER BY id")[3] == (4, 2)


def test_it_is_told_in_words():
    told = Restored("player", "team_id", 3, lost=2)
    assert told.unmatched == 2
    assert str(told).endswith("3 rows put back; 2 left in the attic: what they refer to is gone")
    assert str(Restored("player", None, 3, lost=1)).endswith("1 left in the attic: what it refers to is gone")


TABLE = "{'id': IntegerField(primary_key=True), 'v': IntegerField(null=True), 'team_id': %s}"
AGAIN = {
    "with its foreign key": TABLE % "ForeignKeyField(Team, null=True, column_name='team_id')",
    "that gets it at the end": TABLE % "IntegerField(null=True)",
}


@pytest.mark.parametrize("made", AGAIN)
def test_rows_of_a_table_that_refer_to_what_is_gone_are_left(tmp_path, any_database, made):
    if dialect_of(any_database).name == "sqlite":
        made = "with its foreign key"  # There a table's text says it, or it has none.
    back = f"migrate(migrator.create_table('player', {AGAIN[made]}))"
    case = _Case(
        *(tmp_path, any_database, "migrate(migrator.drop_table('player'))", back),
        *(PLAYER.format(" PRIMARY KEY"), PLAYERS),
    )
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", None, 3, lost=2)
    assert case.run("SELECT id, team_id FROM player ORDER BY id") == [(1, 1), (3, None), (5, 1)]
    (left,) = case.project.attic()
    assert left.row_count == 2
    case.database.execute_sql("INSERT INTO team VALUES (2, 'again')")
    (told,) = case.project.restore("one")
    assert (told.restored, told.unmatched) == (2, 0)


def test_what_a_fill_of_it_took_is_left_too(tmp_path, any_database):
    case = _Case(
        *(tmp_path, any_database, "migrate(migrator.backfill('player', {'team_id': 1}, True))", "pass"),
        *(PLAYER.format(" PRIMARY KEY"), PLAYERS),
    )
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", "team_id", 1, lost=2)
    rows = case.run("SELECT id, team_id FROM player ORDER BY id")
    assert rows == [(1, 1), (2, 1), (3, None), (4, 1), (5, 1)]


def test_one_column_of_a_foreign_key_of_two_is_judged_by_both(tmp_path, any_database):
    both = "CONSTRAINT of_both FOREIGN KEY (a, b) REFERENCES seat (a, b)"
    case = _Case(
        *(tmp_path, any_database, "migrate(migrator.backfill('sitting', {'b': 1}, True))", "pass"),
        "CREATE TABLE seat (a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b))",
        "INSERT INTO seat VALUES (1, 1), (1, 2), (2, 1), (2, 2)",
        f"CREATE TABLE sitting (id INT NOT NULL PRIMARY KEY, a INT, b INT, {both})",
        "INSERT INTO sitting VALUES (1, 1, 2), (2, 2, 2), (3, NULL, 2)",
    )
    assert case.back("DELETE FROM seat WHERE a = 2 AND b = 2") == Restored("sitting", "b", 2, lost=1)
    assert case.run("SELECT id, b FROM sitting ORDER BY id") == [(1, 2), (2, 1), (3, 2)]


def test_rows_of_a_table_that_refer_to_each_other_come_back_together(tmp_path, any_database):
    tree = "CREATE TABLE player (id INT NOT NULL PRIMARY KEY, above INT, CONSTRAINT of_tree FOREIGN KEY (above) "
    tree += "REFERENCES player (id))"
    back = f"database.execute_sql({tree!r})"
    case = _Case(
        *(tmp_path, any_database, "migrate(migrator.drop_table('player'))", back, tree),
        *("INSERT INTO player VALUES (1, NULL)", "INSERT INTO player VALUES (2, 1), (3, 1)"),
    )
    assert case.back() == Restored("player", None, 3)
    assert case.run("SELECT id, above FROM player ORDER BY id") == [(1, None), (2, 1), (3, 1)]


def test_rows_that_refer_to_one_that_is_left_are_left_with_it(tmp_path, any_database):
    tree = "CREATE TABLE player (id INT NOT NULL PRIMARY KEY, above INT, team_id INT, CONSTRAINT of_tree FOREIGN KEY "
    tree += f"(above) REFERENCES player (id), {KEY})"
    case = _Case(
        *(tmp_path, any_database, "migrate(migrator.drop_table('player'))", f"database.execute_sql({tree!r})", tree),
        *("INSERT INTO player VALUES (1, NULL, 1), (2, NULL, 2)", "INSERT INTO player VALUES (3, 1, 1), (4, 2, 1)"),
        "INSERT INTO player VALUES (5, 4, NULL), (6, 3, NULL)",
    )
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", None, 3, lost=3)
    assert case.run("SELECT id FROM player ORDER BY id") == [(1,), (3,), (6,)]


def test_a_table_and_the_one_that_it_refers_to_come_back_together(tmp_path, any_database):
    there = "migrate(migrator.drop_table('player'), migrator.drop_table('team'))"
    team = "migrator.create_table('team', {'id': IntegerField(primary_key=True), 'name': CharField(9, null=True)})"
    back = f"migrate({team}, migrator.create_table('player', {AGAIN['with its foreign key']}))"
    case = _Case(tmp_path, any_database, there, back, PLAYER.format(" PRIMARY KEY"), PLAYERS)
    told = case.project.revert().steps[0].restored
    assert sorted((done.table, done.restored, done.unmatched) for done in told) == [("player", 5, 0), ("team", 2, 0)]


@pytest.mark.parametrize("kind", [pytest.param(k, marks=getattr(pytest.mark, k)) for k in ("postgres", "mariadb")])
def test_a_table_that_went_before_those_that_referred_to_it_comes_back_before_them(tmp_path, request, kind):
    there = "migrate(migrator.drop_constraint('player', 'of_team'), migrator.drop_table('team'))\n"
    there += "    migrate(migrator.drop_table('player'))"
    team = "migrator.create_table('team', {'id': IntegerField(primary_key=True), 'name': CharField(9, null=True)})"
    back = f"migrate({team}, migrator.create_table('player', {AGAIN['with its foreign key']}))"
    case = _Case(tmp_path, request.getfixturevalue(kind), there, back, PLAYER.format(" PRIMARY KEY"), PLAYERS)
    told = case.project.revert().steps[0].restored
    assert sorted((done.table, done.restored, done.unmatched) for done in told) == [("player", 5, 0), ("team", 2, 0)]


@pytest.mark.parametrize("kind", [pytest.param(k, marks=getattr(pytest.mark, k)) for k in ("postgres", "mariadb")])
def test_a_column_that_must_not_be_null_stops_it_before_anything_is_done(tmp_path, request, kind):
    database = request.getfixturevalue(kind)
    players = PLAYERS.replace("NULL", "1")
    case = _Case(tmp_path, database, DROP, ADD.replace(", null=True", ""), PLAYER.format(" PRIMARY KEY"), players)
    database.execute_sql("DELETE FROM team WHERE id = 2")
    with pytest.raises(MigrationFailed, match="2 rows have no value"):
        case.project.revert()
    assert [column.name for column in database.get_columns("player")] == ["id", "v"]
    assert case.project.attic()[0].row_count == 5


def test_where_foreign_keys_are_off_on_sqlite_all_comes_back(tmp_path):
    import peewee

    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    with database.connection_context():
        case = _Case(tmp_path, database, DROP, ADD, PLAYER.format(" PRIMARY KEY"), PLAYERS, checked=False)
        assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", "team_id", 5)
