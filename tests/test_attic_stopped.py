"""A way back that stops on MariaDB, where each change of the schema commits, loses no value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic import DROP_REQUIRED, migration

from pwmig.errors import MigrationFailed
from pwmig.plan import Restored
from pwmig.project import Project

pytestmark = pytest.mark.mariadb
KEYED = "id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL"
KEYLESS = "id INTEGER NOT NULL, name VARCHAR(80) NOT NULL"
ADD = "migrate(migrator.add_column('player', 'name', CharField(80)))"


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


def dropped(place: Place, root: Path, source: str, columns: str = KEYED) -> Project:
    """A project that has dropped a column with two values."""
    place.run(f"CREATE TABLE player ({columns})")
    place.run("INSERT INTO player (id, name) VALUES (1, 'a'), (2, 'b')")
    place.database.commit()
    project = place.project(root, {"change": source})
    project.apply()
    return project


def rows(place: Place, table: str = "player", columns: str = "id, name") -> list[tuple[Any, ...]]:
    found = place.run(f"SELECT {columns} FROM {table} ORDER BY 1")
    place.database.commit()
    return found


def mend(root: Path, source: str) -> None:
    (path,) = (root / "db" / "migrations").glob("*_change.py")
    path.write_text(source)


@pytest.mark.parametrize("columns", [KEYED, KEYLESS], ids=["key", "no key"])
def test_a_row_without_a_value_stops_it_before_anything_is_done(place: Place, tmp_path: Path, columns: str) -> None:
    project = dropped(place, tmp_path, DROP_REQUIRED, columns)
    place.run("INSERT INTO player (id) VALUES (3)")
    place.database.commit()
    before = place.state()
    with pytest.raises(MigrationFailed, match="1 row has no value") as caught:
        project.revert()
    assert "default in the field" in caught.value.way_out and "holds nothing of it" in caught.value.way_out
    assert place.state() == before
    mend(tmp_path, DROP_REQUIRED.replace("CharField(80)", "CharField(80, default='fill')"))
    assert project.revert(allow=("changed",)).steps[0].restored == (Restored("player", "name", 2, lacking=1),)
    assert rows(place) == [(1, "a"), (2, "b"), (3, "fill")]


def test_a_row_that_had_no_value_stops_it_before_anything_is_done(place: Place, tmp_path: Path) -> None:
    project = dropped(place, tmp_path, DROP_REQUIRED, KEYED.replace("NOT NULL", "NULL").replace("NULL PRI", "PRI"))
    place.run("DELETE FROM player WHERE id = 1")
    place.run("INSERT INTO player (id) VALUES (8), (9)")
    place.database.commit()
    before = place.state()
    with pytest.raises(MigrationFailed, match="2 rows have no value"):
        project.revert()
    assert place.state() == before


def test_without_a_key_a_row_that_lacks_a_value_may_show_late_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    project = dropped(place, tmp_path, DROP_REQUIRED, KEYLESS)
    place.run("UPDATE player SET id = 3 WHERE id = 2")
    place.database.commit()
    with pytest.raises(MigrationFailed, match="1 row has no value") as caught:
        project.revert()
    assert "ADD COLUMN" in caught.value.way_out
    place.run("ALTER TABLE player DROP COLUMN name")
    place.run("UPDATE player SET id = 2 WHERE id = 3")
    place.database.commit()
    assert project.revert().steps[0].restored == (Restored("player", "name", 2),)
    assert rows(place) == [(1, "a"), (2, "b")]


FAILS = "raise RuntimeError('later')"


@pytest.mark.parametrize("columns", [KEYED, KEYLESS], ids=["key", "no key"])
def test_what_was_put_back_before_it_stopped_is_kept_till_it_has_come_to_its_end(
    place: Place, tmp_path: Path, columns: str
) -> None:
    """Its column has to go before it can run again, and with it what was put back."""
    source = migration("migrate(migrator.drop_column('player', 'name'))", f"{ADD}\n{FAILS}")
    project = dropped(place, tmp_path, source, columns)
    with pytest.raises(MigrationFailed, match="later") as caught:
        project.revert()
    assert "--resume ends it; or --undo takes back what stays" in caught.value.way_out
    assert rows(place) == [(1, "a"), (2, "b")]
    place.run("ALTER TABLE player DROP COLUMN name")
    place.run("DELETE FROM player WHERE id = 2")
    place.database.commit()
    mend(tmp_path, source.replace(FAILS, "pass"))
    assert project.revert(allow=("changed",)).steps[0].restored == (Restored("player", "name", 1, gone=1),)
    assert rows(place) == [(1, "a")]
    assert [str(entry) for entry in project.attic()] == ["player.name, 1 row"]


def test_a_way_back_that_is_gone_on_with_lets_go_of_what_is_there_again(place: Place, tmp_path: Path) -> None:
    """Where the column is left where it is, as what stopped it is mended and what was done is taken out."""
    source = migration("migrate(migrator.drop_column('player', 'name'))", f"{ADD}\n{FAILS}")
    project = dropped(place, tmp_path, source)
    with pytest.raises(MigrationFailed, match="later"):
        project.revert()
    place.run("UPDATE player SET name = 'newer' WHERE id = 2")
    place.database.commit()
    place.forget()
    mend(tmp_path, source.replace(ADD, "pass").replace(FAILS, "pass"))
    assert project.revert(allow=("changed",)).steps[0].restored == (Restored("player", "name", 1, newer=1),)
    assert rows(place) == [(1, "a"), (2, "newer")]
    assert [str(entry) for entry in project.attic()] == ["player.name, 1 row"]


def test_rows_that_were_put_back_before_it_stopped_are_kept_till_it_has_come_to_its_end(
    place: Place, tmp_path: Path
) -> None:
    make = "migrate(migrator.create_table('player', {'id': IntegerField(primary_key=True), 'name': CharField(80)}))"
    index = "migrate(migrator.add_index('player', ['name']))"
    source = migration("migrate(migrator.drop_table('player'))", f"{make}\n{index}\n{FAILS}")
    project = dropped(place, tmp_path, source)
    with pytest.raises(MigrationFailed, match="later"):
        project.revert()
    assert rows(place) == [(1, "a"), (2, "b")]
    place.run("DROP TABLE player")
    place.database.commit()
    mend(tmp_path, source.replace(FAILS, "pass"))
    assert project.revert(allow=("changed",)).steps[0].restored == (Restored("player", None, 2),)
    assert rows(place) == [(1, "a"), (2, "b")] and project.attic() == ()


class Killed(Exception):
    """The server ended the connection."""


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After so many statements that write, the connection that sends the next is ended."""
    from pymysql.connections import Connection

    send, left = Connection.query, [10**9]

    def query(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
        if not text.lstrip().startswith(("SELECT", "SHOW", "SET")):
            left[0] -= 1
            if left[0] == 0:
                left[0] = 10**9
                self._force_close()
                raise Killed
        return send(self, sql, *args, **kwargs)

    monkeypatch.setattr(Connection, "query", query)
    return left


def wherever_it_is_killed(
    place: Place,
    killing: list[int],
    ready: Callable[[], Project],
    run: Callable[[Project], Any],
    see: Callable[[Project], None],
) -> None:
    """Kill what runs at each of its statements in turn, until it comes to its end; and see each time what is there.

    The attic gets no help of the journal's.
    """
    for count in range(1, 60):
        project = ready()
        killing[0] = count
        with suppress(Exception):
            run(project)
        ended, killing[0] = killing[0] < 10**8, 10**9
        project.database.close()
        place.forget()
        try:
            see(project)
        except BaseException as error:
            error.add_note(f"killed at statement {count}")
            raise
        if ended:
            assert count > 5
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("way", ["there", "back"])
def test_wherever_it_is_killed_the_next_run_gives_each_value_back_once(
    place: Place, tmp_path: Path, killing: list[int], way: str
) -> None:
    project = place.project(tmp_path, {"change": DROP_REQUIRED})

    def ready() -> Project:
        place.run("DROP TABLE IF EXISTS player")
        place.run(f"CREATE TABLE player ({KEYED})")
        place.run("INSERT INTO player VALUES (1, 'a'), (2, 'b')")
        place.database.commit()
        if way == "back":
            project.apply()
        return project

    def see(project: Project) -> None:
        if way == "there" and not project.applied():
            project.apply(fake="name" not in columns_of(place))
        if project.applied():
            if way == "back" and "name" in columns_of(place):
                place.run("ALTER TABLE player DROP COLUMN name")
                place.database.commit()
            assert project.revert().steps[0].restored == (Restored("player", "name", 2),)
        assert rows(place) == [(1, "a"), (2, "b")] and project.attic() == ()
        project.apply()
        assert project.revert().steps[0].restored == (Restored("player", "name", 2),)
        assert place.tables() == {"player", "pwmig_history"}

    wherever_it_is_killed(place, killing, ready, Project.apply if way == "there" else Project.revert, see)


def test_a_way_back_that_is_killed_while_it_lets_go_leaves_nothing_for_the_next(
    place: Place, tmp_path: Path, killing: list[int]
) -> None:
    """By then the history has it: what is still in the attic is in the table already."""
    source = migration(
        "migrate(migrator.drop_column('player', 'name'), migrator.drop_column('player', 'level'))",
        "migrate(migrator.add_column('player', 'level', IntegerField(null=True)), "
        "migrator.add_column('player', 'name', CharField(80, null=True)))",
    )
    project = place.project(tmp_path, {"change": source})

    def ready() -> Project:
        if project.applied():  # It was killed before: nothing is to be left of that.
            project.purge(None)
            place.run("DELETE FROM pwmig_history")
        place.run("DROP TABLE IF EXISTS player")
        place.run("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80), level INTEGER)")
        place.run("INSERT INTO player VALUES (1, 'a', 1), (2, 'b', 2)")
        place.database.commit()
        project.apply()
        return project

    def see(project: Project) -> None:
        if project.applied():
            return
        assert rows(place, columns="id, name, level") == [(1, "a", 1), (2, "b", 2)]
        place.run("UPDATE player SET name = NULL, level = NULL WHERE id = 1")
        place.database.commit()
        project.apply()
        project.revert()
        assert rows(place, columns="id, name, level") == [(1, None, None), (2, "b", 2)]
        assert project.attic() == ()

    wherever_it_is_killed(place, killing, ready, Project.revert, see)


def columns_of(place: Place) -> set[str]:
    return {column.name for column in place.database.get_columns("player")}


def _cast(column: str, there: str, back: str, cast: str) -> str:
    return migration(
        f"migrate(migrator.alter_column_type('player', '{column}', {there}, cast={cast!r}))",
        f"migrate(migrator.alter_column_type('player', '{column}', {back}))" if back else "pass",
    )


CHANGES = {
    "cast": _cast("name", "CharField(1, null=True)", "CharField(80, null=True)", "left(name, 1)"),
    "cast that adds": _cast("name", "CharField(80, null=True)", "", "concat(name, 'x')"),
    "cast of the key": _cast("id", "BigIntegerField()", "IntegerField()", "id * 10"),
    "default": migration(
        "migrate(migrator.apply_default('player', 'name', CharField(default='f')), "
        "migrator.add_not_null('player', 'name'))",
        "migrate(migrator.drop_not_null('player', 'name'))",
    ),
}
HELD = [(1, "one"), (2, None), (3, "three")]
LONG = "it''s " * 150


def changing(place: Place, root: Path, way: str, comment: str = "") -> Project:
    place.run("DROP TABLE IF EXISTS player")
    place.run(f"CREATE TABLE player (id INTEGER NOT NULL DEFAULT 7 PRIMARY KEY, name VARCHAR(80) COMMENT '{comment}')")
    place.run("INSERT INTO player VALUES (1, 'one'), (2, NULL), (3, 'three')")
    place.database.commit()
    return place.project(root, {"change": CHANGES[way]})


@pytest.mark.parametrize("attic", [True, False], ids=["attic", "no attic"])
@pytest.mark.parametrize("way", CHANGES)
def test_wherever_a_change_is_killed_and_run_again_it_is_made_and_the_way_back_has_the_values(
    place: Place, tmp_path: Path, killing: list[int], way: str, attic: bool
) -> None:
    """Also where the column was half-way: generated, by the working column."""
    project, half = changing(place, tmp_path, way, LONG), []
    if not attic:
        mend(tmp_path, CHANGES[way] + "\nattic = False\n")
    project.apply()
    made = str(place.run("SHOW CREATE TABLE player"))
    place.database.commit()
    place.run("DELETE FROM pwmig_history")
    place.database.commit()
    project.purge(None)

    def ready() -> Project:
        made = changing(place, tmp_path, way, LONG)
        if not attic:
            mend(tmp_path, CHANGES[way] + "\nattic = False\n")
        place.run("DELETE FROM pwmig_history")
        place.database.commit()
        made.purge(None)
        return made

    def see(project: Project) -> None:
        half.append("GENERATED ALWAYS AS (`pwmig_1`)" in str(place.run("SHOW CREATE TABLE player")))
        place.database.commit()
        if not project.applied():
            project.apply()
        assert str(place.run("SHOW CREATE TABLE player")) == made
        place.database.commit()
        if attic:
            project.revert()
            assert rows(place) == HELD
            assert project.attic() == ()

    wherever_it_is_killed(place, killing, ready, Project.apply, see)
    assert any(half) is way.startswith("cast")


def test_what_nobody_noted_the_end_of_is_put_back_by_hand_where_rows_may_have_changed(
    place: Place, tmp_path: Path, killing: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = changing(place, tmp_path, "cast")
    with monkeypatch.context() as patch, suppress(Exception):
        patch.setattr("pwmig.dialects.mysql.attic.MySQLShelf.note_new", killed)
        project.apply()
    assert rows(place) == [(1, "o"), (2, None), (3, "t")]
    ((note,),) = place.run(
        "SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
        "AND COLUMN_NAME = 'pwmig_1' AND TABLE_NAME = 'player'"
    )
    definition = note.partition("`name`: ")[2].removesuffix(";")
    place.run(f"ALTER TABLE player {definition}, DROP COLUMN pwmig_1")  # By hand, what was left to be done.
    project.resolve("change", how="applied")
    (told,) = project.revert().steps[0].restored
    assert (told.restored, told.doubtful) == (0, 3)
    (told,) = project.restore("change", doubtful=True)
    assert (told.restored, told.unmatched) == (3, 0)
    assert rows(place) == HELD and project.attic() == ()


def killed(*_: Any) -> int:
    raise Killed


def test_a_row_that_came_while_a_column_was_half_way_is_told_and_without_it_the_next_run_goes_on(
    place: Place, tmp_path: Path, killing: list[int]
) -> None:
    for count in range(5, 60):
        project = changing(place, tmp_path, "cast of the key")
        project.purge(None)
        killing[0] = count
        with suppress(Exception):
            project.apply()
        if "GENERATED ALWAYS AS (`pwmig_1`)" in str(place.run("SHOW CREATE TABLE player")):
            break
        place.database.commit()
    killing[0] = 10**9
    assert not project.applied()
    project.database.close()
    place.forget()
    place.run("INSERT INTO player (name) VALUES ('new')")
    place.database.commit()
    with pytest.raises(MigrationFailed, match=r"the cast of player\.id has stopped half-way") as caught:
        project.apply()
    assert "MODIFY COLUMN `id` BIGINT NOT NULL DEFAULT 7, ADD PRIMARY KEY (`id`), DROP" in caught.value.way_out
    place.run("DELETE FROM player WHERE name = 'new'")
    place.database.commit()
    project.apply()
    assert rows(place) == [(10, "one"), (20, None), (30, "three")]
    project.revert()
    assert rows(place) == HELD and project.attic() == ()
