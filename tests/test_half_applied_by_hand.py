"""A person changes a table behind the statement at which a migration was killed: that is told, and nothing goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic import migration
from test_attic_stopped import killing, mend
from test_half_applied import journal, ready, seen

from pwmig.dialects.mysql.noting import Noted
from pwmig.dialects.mysql.replaying import outcomes
from pwmig.errors import PlanError
from pwmig.project import Project
from pwmig.states import State

__all__ = ["killing"]

pytestmark = pytest.mark.mariadb

DIES = "database.connection()._force_close()\nraise RuntimeError('killed')"


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


def sql(text: str) -> str:
    return f"database.execute_sql({text!r})"


ADDED = "ALTER TABLE player ADD COLUMN by_hand INT"

# The one statement of a migration, ahead of its end; and what is done by hand behind it.
CASES = {
    "a column by SQL": (sql("ALTER TABLE player ADD COLUMN extra INT NULL"), ADDED),
    "a column": ("migrate(migrator.add_column('player', 'extra', IntegerField(null=True)))", ADDED),
    "another type": ("migrate(migrator.alter_column_type('player', 'note', CharField(30)))", ADDED),
    "an index that is gone": ("migrate(migrator.drop_index('player', 'player_level'))", ADDED),
    "a foreign key": ("migrate(migrator.add_foreign_key_constraint('player', 'club_id', 'club', 'id'))", ADDED),
    "a table": (sql("CREATE TABLE team (id INT PRIMARY KEY)"), "ALTER TABLE team ADD COLUMN by_hand INT"),
    "a table like one": (sql("CREATE TABLE team LIKE player"), "ALTER TABLE team ADD COLUMN by_hand INT"),
    "a table of rows": (
        sql("CREATE TABLE team AS SELECT id, name FROM player"), "ALTER TABLE team ADD COLUMN by_hand INT"),
    "a table by another name": (sql("RENAME TABLE club TO team"), "ALTER TABLE team ADD COLUMN by_hand INT"),
    "a column by another name": ("migrate(migrator.rename_column('player', 'note', 'remark'))", ADDED),
    "a table that is gone": ("migrate(migrator.drop_table('club'))", "CREATE TABLE club (by_hand INT)"),
    "a view": (sql("CREATE VIEW seen AS SELECT id FROM player"),
               "CREATE OR REPLACE VIEW seen AS SELECT id, name FROM player"),
    "a trigger": (sql("CREATE TRIGGER later BEFORE UPDATE ON player FOR EACH ROW SET NEW.note = 'u'"), ADDED),
    "a trigger that is gone": (sql("DROP TRIGGER player_note"), ADDED),
    "a text": (sql("ALTER TABLE player ADD COLUMN p VARCHAR(9) DEFAULT 'a\\\\b' COMMENT '100 %%'"), ADDED),
    "a name with its database": (sql("ALTER TABLE `{here}`.player ADD COLUMN extra INT NULL"), ADDED),
    "its settings in front": (sql("SET STATEMENT sql_mode = '' FOR ALTER TABLE player ADD COLUMN extra INT"), ADDED),
}  # fmt: skip
HOWS = ("resume", "undo")


def behind(place: Place, root: Path, lines: str, way: str) -> Project:
    """A project whose one statement took effect, and which was killed behind it."""
    lines = lines.replace("{here}", place.name)
    dying = f"{lines}\n{DIES}"
    project = ready(place, root, migration(dying, "pass") if way == "there" else migration("pass", dying))
    if way == "back":
        project.apply()
    with suppress(Exception):
        project.apply() if way == "there" else project.revert()
    project.database.close()
    mend(root, migration(lines, "pass") if way == "there" else migration("pass", lines))
    until = time.monotonic() + 10
    while project.status()[0].state is not State.FAILED and time.monotonic() < until:
        time.sleep(0.01)  # The server takes a moment to see that the connection is gone, and its turn.
    assert project.status()[0].state is State.FAILED
    assert journal(place)[-1][2] == "begun"
    return project


def by_hand(place: Place, statement: str) -> None:
    place.run(statement)
    place.database.commit()


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("case", CASES)
def test_what_was_added_by_hand_is_told_and_stays(place: Place, tmp_path: Path, case: str, way: str) -> None:
    lines, statement = CASES[case]
    project = behind(place, tmp_path, lines, way)
    by_hand(place, statement)
    before, told = seen(place), journal(place)
    for how in HOWS:
        with pytest.raises(PlanError, match="is neither as it was before") as caught:
            project.resolve("change", how=how)
        assert "changed that since by hand" in caught.value.why and "--applied" in caught.value.way_out
        assert (seen(place), journal(place)) == (before, told)
    assert not place.scratches()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("case", CASES)
def test_where_nobody_did_anything_it_is_resolved(place: Place, tmp_path: Path, case: str, way: str, how: str) -> None:
    lines, _ = CASES[case]
    project = ready(place, tmp_path / "as it is", migration("pass", "pass"))
    start = seen(place)
    project = behind(place, tmp_path, lines, way)
    end = seen(place)
    project.resolve("change", how=how)
    assert seen(place) == (end if how == "resume" else start)
    assert journal(place) == []


def test_a_change_by_hand_is_not_taken_for_a_statement_that_was_never_sent(
    place: Place, tmp_path: Path, killing: list[int]
) -> None:
    """The row of the journal is there, as it was committed by itself; the statement is not."""
    index = "migrate(migrator.add_index('player', ['note']))"
    project = behind(place, tmp_path, sql("ALTER TABLE player ADD COLUMN extra INT NULL"), "there")
    by_hand(place, "ALTER TABLE player DROP COLUMN extra")
    by_hand(place, ADDED)
    before = seen(place)
    for how in HOWS:
        with pytest.raises(PlanError, match="player is neither as it was before"):
            project.resolve("change", how=how)
    mend(tmp_path, migration(index, "pass"))
    assert seen(place) == before


@pytest.mark.parametrize("how", HOWS)
def test_what_is_changed_by_hand_once_a_way_out_was_killed_too(
    place: Place, tmp_path: Path, killing: list[int], how: str
) -> None:
    """What the last statement of the run has made, none of the way out has seen: that is about another table first."""
    lines = f"{sql('ALTER TABLE club ADD COLUMN extra INT NULL')}\n{sql('ALTER TABLE player ADD COLUMN extra INT')}"
    refused = 0
    for count in range(1, 150, 2):
        project = behind(place, tmp_path / str(count), lines, "there")
        killing[0] = count
        with suppress(Exception):
            project.resolve("change", how=how)
        ended, killing[0] = killing[0] < 10**8, 10**9
        project.database.close()
        if ended:
            break
        if project.status()[0].state is State.FAILED:
            by_hand(place, ADDED)
            before = seen(place)
            try:  # Of what was taken back, or runs anew, a change by hand is no part.
                project.resolve("change", how=how)
                assert "by_hand" in seen(place)["player"][0], f"killed at statement {count}"
            except PlanError as error:
                assert "player is neither as it was before" in str(error) and seen(place) == before
                refused += 1
    assert ended and refused > 5


@pytest.mark.parametrize("how", HOWS)
def test_a_foreign_key_follows_what_it_leads_to(place: Place, tmp_path: Path, how: str) -> None:
    lines = (
        "migrate(migrator.add_foreign_key_constraint('player', 'club_id', 'club', 'id'))",
        sql("ALTER TABLE club COMMENT 'c'"),
        sql("RENAME TABLE club TO team"),
        sql("ALTER TABLE team RENAME COLUMN id TO number"),
        sql("CREATE TABLE more (id INT)"),
    )
    for count in range(3, len(lines) + 1):
        root = tmp_path / str(count)
        ready(place, root, migration("pass", "pass"))
        start = seen(place)
        project = behind(place, root, "\n".join(lines[:count]), "there")
        end = seen(place)
        project.resolve("change", how=how)
        assert seen(place) == (end if how == "resume" else start)


def test_what_has_a_foreign_key_to_what_is_called_otherwise_is_compared_too(place: Place, tmp_path: Path) -> None:
    key = "migrate(migrator.add_foreign_key_constraint('player', 'club_id', 'club', 'id'))"
    lines = (key, sql("ALTER TABLE club RENAME COLUMN id TO number"), sql("RENAME TABLE club TO team"))
    project = behind(place, tmp_path, "\n".join(lines), "there")
    by_hand(place, ADDED)
    for how in HOWS:
        with pytest.raises(PlanError, match="player is neither as it was before"):
            project.resolve("change", how=how)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("mode", ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", ""])
def test_a_mode_that_the_migration_sets_itself_is_no_change_by_hand(
    place: Place, tmp_path: Path, how: str, mode: str
) -> None:
    quoted = '"player"' if "ANSI" in mode else "player"
    alter = f"ALTER TABLE {quoted} ADD COLUMN p VARCHAR(9) DEFAULT 'x\\\\y', ADD COLUMN q CHAR(1) DEFAULT 'z'"
    project = behind(place, tmp_path, f"{sql(f'SET SESSION sql_mode = {mode!r}')}\n{sql(alter)}", "there")
    project.resolve("change", how=how)
    assert journal(place) == []


# What may not be sent again, as it would reach another database, or the server.
BEYOND = (
    "ALTER TABLE `{other}`.t ADD COLUMN x INT",
    "ALTER TABLE {other}.t ADD COLUMN x INT",
    'ALTER TABLE "{other}"."t" ADD COLUMN x INT',
    "ALTER TABLE {other} . t ADD COLUMN x INT",
    "ALTER TABLE {other}/* of theirs */.t ADD COLUMN x INT",
    "ALTER TABLE t RENAME TO `{other}`.x",
    "RENAME TABLE t TO {other}.x",
    "CREATE TABLE {other}.x (id INT)",
    "CREATE TABLE x LIKE {other}.t",
    "CREATE TABLE x AS SELECT * FROM {other}.t",
    "DROP TABLE t, {other}.t",
    "DROP DATABASE {other}",
    "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO INSERT INTO {other}.t VALUES (1)",
    "ALTER TABLE t ADD COLUMN p CHAR(9) DEFAULT 'x\\', ADD COLUMN q CHAR(9); DROP TABLE {other}.t; SELECT '",
)


@pytest.mark.parametrize("mode", ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"])
def test_a_replay_reaches_nothing_but_its_own_database(place: Place, mariadb_server: Any, mode: str) -> None:
    from pwmig.dialects.mysql.dialect import MySQLDialect
    from pwmig.dialects.server.asking import on

    with place_on(mariadb_server) as other:
        for one in (place, other):
            one.run("CREATE TABLE t (id INT)")
        place.database.connect_params["sql_mode"] = mode
        before = other.state(), place.state()
        for text in BEYOND:
            row = noted(text.format(other=other.name), "t", place)
            assert list(outcomes(row, on(place.database), lambda: MySQLDialect().scratch(place.database))) == [], text
        row = noted(f"ALTER TABLE `{place.name}`.t ADD COLUMN x INT", "t", place)
        (made, *_) = outcomes(row, on(place.database), lambda: MySQLDialect().scratch(place.database))
        assert "`x` int(11)" in str(made["t"])
        other.database.commit()
        place.database.commit()
        assert (other.state(), place.state()) == before
    assert not place.scratches()


def noted(text: str, table: str, place: Place) -> Noted:
    tables = {table: str(place.run(f"SHOW CREATE TABLE {table}")[0][1])}
    return Noted(1, "m", "forward", "run", 1, "raw", text, tables, "begun", 1, "", "", 1, "", [], 0, None)
