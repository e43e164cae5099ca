"""A foreign key that the way back makes behind a column, or a table, says too which of its values refer to nothing."""

from __future__ import annotations

import pytest
from test_attic_lost import DROP, PLAYER, PLAYERS, _Case

from pwmig.dialects import dialect_of
from pwmig.errors import MigrationFailed
from pwmig.plan import Restored

PLAIN = "migrator.add_column('player', 'team_id', IntegerField(null=True))"
KEY = "migrator.add_foreign_key_constraint('player', 'team_id', 'team', 'id')"
INDEX = "migrator.add_index('player', ['v'])"
BATCHES = {
    "behind it": f"migrate({PLAIN}, {KEY})",
    "behind something else": f"migrate({PLAIN}, {INDEX}, {KEY})",
    "in a function": f"migrator.run_python(lambda _: migrate({PLAIN}, {KEY})).run()",
}
ROWS = "SELECT id, team_id FROM player ORDER BY id"


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["key", "no key"])
@pytest.mark.parametrize("back", BATCHES)
def test_values_that_refer_to_what_is_gone_are_left(tmp_path, any_database, back, key):
    case = _Case(tmp_path, any_database, DROP, BATCHES[back], PLAYER.format(key), PLAYERS)
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", "team_id", 3, lost=2)
    assert case.run(ROWS) == [(1, 1), (2, None), (3, None), (4, None), (5, 1)]
    assert [made.column for made in case.database.get_foreign_keys("player")] == ["team_id"]
    (left,) = case.project.attic()
    assert left.row_count == 2
    case.database.execute_sql("INSERT INTO team VALUES (2, 'again')")
    (told,) = case.project.restore("one")
    assert (told.restored, told.unmatched) == (2, 0)
    assert case.run(ROWS)[3] == (4, 2)


def test_what_is_all_there_comes_back(tmp_path, any_database):
    case = _Case(tmp_path, any_database, DROP, BATCHES["behind it"], PLAYER.format(" PRIMARY KEY"), PLAYERS)
    assert case.back() == Restored("player", "team_id", 5)
    assert case.project.attic() == ()


def test_a_column_that_must_not_be_null_says_what_to_write_and_gets_it(tmp_path, any_database):
    required = BATCHES["behind it"].replace("null=True", "")
    players = PLAYERS.replace("NULL", "1")
    case = _Case(tmp_path, any_database, DROP, required, PLAYER.format(" PRIMARY KEY"), players)
    columns = [column.name for column in any_database.get_columns("player")]
    with pytest.raises(MigrationFailed, match="2 rows have no value") as caught:
        case.back("DELETE FROM team WHERE id = 2")
    assert "default in the field" in caught.value.way_out
    assert [column.name for column in any_database.get_columns("player")] == columns
    _rewrite(case, "IntegerField()", "IntegerField(default=1)")
    (told,) = case.project.revert(allow=("changed",)).steps[0].restored
    assert (told.restored, told.lost) == (3, 2)
    assert case.run(ROWS) == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]


def test_a_key_of_another_batch_says_to_put_both_into_one_and_that_works(tmp_path, any_database):
    apart = f"migrate({PLAIN})\n    migrate({KEY})"
    case = _Case(tmp_path, any_database, DROP, apart, PLAYER.format(" PRIMARY KEY"), PLAYERS)
    with pytest.raises(MigrationFailed, match=r"player\.team_id can't refer to team\.id") as caught:
        case.back("DELETE FROM team WHERE id = 2")
    assert "2 rows" in caught.value.why
    assert "to one migrate(...)" in caught.value.way_out
    if dialect_of(any_database).name == "mysql":
        assert "take back by hand what stays" in caught.value.way_out
        any_database.execute_sql("ALTER TABLE player DROP COLUMN team_id")
    _rewrite(case, apart, BATCHES["behind it"])
    (told,) = case.project.revert(allow=("changed",)).steps[0].restored
    assert told == Restored("player", "team_id", 3, lost=2)


TABLE = "migrator.create_table('player', {'id': IntegerField(primary_key=True), 'v': IntegerField(null=True), %s})"
TABLE %= "'team_id': IntegerField(null=True)"


def test_rows_of_a_table_are_left_likewise(tmp_path, any_database):
    back = f"migrate({TABLE}, {KEY})"
    drop = "migrate(migrator.drop_table('player'))"
    case = _Case(tmp_path, any_database, drop, back, PLAYER.format(" PRIMARY KEY"), PLAYERS)
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", None, 3, lost=2)
    assert case.run(ROWS) == [(1, 1), (3, None), (5, 1)]


def test_a_table_and_the_one_that_a_later_key_refers_to_come_back_together(tmp_path, any_database):
    there = "migrate(migrator.drop_table('player'), migrator.drop_table('team'))"
    team = "migrator.create_table('team', {'id': IntegerField(primary_key=True), 'name': CharField(9, null=True)})"
    back = f"migrate({TABLE}, {team}, {KEY})"
    case = _Case(tmp_path, any_database, there, back, PLAYER.format(" PRIMARY KEY"), PLAYERS)
    told = case.project.revert().steps[0].restored
    assert sorted((done.table, done.restored, done.unmatched) for done in told) == [("player", 5, 0), ("team", 2, 0)]


@pytest.mark.postgres
def test_a_key_that_rows_may_be_against_leaves_nothing(tmp_path, request):
    back = f"migrate({PLAIN}, {KEY[:-1]}, not_valid=True))"
    case = _Case(tmp_path, request.getfixturevalue("postgres"), DROP, back, PLAYER.format(" PRIMARY KEY"), PLAYERS)
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", "team_id", 5)


@pytest.mark.parametrize(
    "any_database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_batch_that_fails_and_is_caught_says_nothing_of_the_next_one(tmp_path, any_database):
    """Its column comes back in the next batch, which makes no key."""
    fails = f"migrate({PLAIN}, {KEY}, migrator.drop_table('none'))"
    back = f"try:\n        {fails}\n    except Exception:\n        migrate({PLAIN})"
    case = _Case(tmp_path, any_database, DROP, back, PLAYER.format(" PRIMARY KEY"), PLAYERS)
    assert case.back("DELETE FROM team WHERE id = 2") == Restored("player", "team_id", 5)


def _rewrite(case, before, after):
    (path,) = case.project.migrations_folder.glob("*_one.py")
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
