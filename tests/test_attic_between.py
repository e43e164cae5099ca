"""What is kept on MariaDB is what is lost, also where others write, or it is killed, between any two statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from projects import write_project
from server_projects import Place, place_on
from test_attic import DROP_NAME, migration
from test_attic_servers import DROP_TABLE, own, read
from test_attic_stopped import killing

from pwmig.errors import MigrationFailed
from pwmig.project import Project

__all__ = ["killing"]

pytestmark = pytest.mark.mariadb

NARROW = migration(
    "migrate(migrator.alter_column_type('player', 'name', CharField(40, null=True), cast='left(name, 1)'))",
    "migrate(migrator.alter_column_type('player', 'name', CharField(80, null=True)))",
)
FILL = migration("migrate(migrator.backfill('player', {'name': 'filled'}, \"name LIKE '%'\"))", "pass")
FILL_ALL = migration("migrate(migrator.apply_default('player', 'name', CharField(80, default='filled')))", "pass")
TAKEN = {"a column": DROP_NAME, "a table": DROP_TABLE, "a type": NARROW, "filled": FILL, "all filled": FILL_ALL}

COLUMNS = "name VARCHAR(80), note VARCHAR(80), club_id INTEGER"
KEYS = {"key": f"id INTEGER PRIMARY KEY, {COLUMNS}", "no key": f"id INTEGER, {COLUMNS}"}


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


@pytest.fixture
def between(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[Any, int], None]]]:
    """What another session, which waits for nothing, does before each statement of others while it stands here."""
    from pymysql.connections import Connection

    send, doing, count = Connection.query, [], [0]
    connection = place.server.database(place.name).connection()
    connection.cursor().execute("SET SESSION lock_wait_timeout = 0, innodb_lock_wait_timeout = 0")

    def query(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self is not connection and doing:
            count[0] += 1
            doing[0](connection.cursor(), count[0])
        return send(self, *args, **kwargs)

    monkeypatch.setattr(Connection, "query", query)
    yield doing
    doing.clear()
    connection.close()


def rows(place: Place) -> list[tuple[Any, ...]]:
    return read(place, "SELECT id, name FROM player ORDER BY id")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("what", TAKEN)
def test_a_table_that_was_empty_when_the_migration_began(place: Place, tmp_path: Path, what: str, key: str) -> None:
    late = (
        "def late(database):\n    mine = type(database)(database.database, **database.connect_params)\n"
        "    with mine.connection_context():\n"
        "        mine.execute_sql(\"INSERT INTO player (id, name, note) VALUES (1, 'late', 'a')\")\n\n\n"
    )
    source = TAKEN[what].replace("migrate(migrator.", "migrate(migrator.run_python(late), migrator.", 1)
    project = place.project(tmp_path, {"change": source.replace("def migrate_forward", f"{late}def migrate_forward")})
    place.run(f"CREATE TABLE player ({KEYS[key]})")
    place.database.commit()
    project.apply()
    project.revert()
    assert rows(place) == [(1, "late")] and own(place) == []


@pytest.mark.parametrize("level", ["REPEATABLE READ", "READ COMMITTED"])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("what", TAKEN)
def test_whatever_is_written_between_two_statements_is_there_after_the_way_back(
    place: Place, tmp_path: Path, between: Any, what: str, key: str, level: str
) -> None:
    """At each place another row is written, and another one comes, where a lock does not forbid it."""
    first = f"SET SESSION TRANSACTION ISOLATION LEVEL {level}"
    config = place.config.replace('{"database"', f'{{"init_command": {first!r}, "database"')
    project = Project.open(write_project(tmp_path, {"change": TAKEN[what]}, config=config))
    place.run(f"CREATE TABLE player ({KEYS[key]})")
    place.run("INSERT INTO player (id, name) SELECT seq, 'old' FROM seq_1_to_300")
    place.database.commit()
    wanted = dict(rows(place))
    points = []

    def write(cursor: Any, point: int) -> None:
        points.append(point)
        for sql, number, name in (
            (f"UPDATE player SET name = 'changed {point}' WHERE id = {point}", point, f"changed {point}"),
            (f"INSERT INTO player (id, name) VALUES ({1000 + point}, 'new {point}')", 1000 + point, f"new {point}"),
        ):
            with suppress(Exception):  # Locked, or not there.
                cursor.execute(sql)
                cursor.execute("COMMIT")
                wanted[number] = name

    between.append(write)
    project.apply()
    between.clear()
    assert 5 < len(points) < 300
    project.revert()
    assert dict(rows(place)) == wanted


def test_columns_of_a_table_without_a_key_that_are_filled_together(place: Place, tmp_path: Path, between: Any) -> None:
    source = migration("migrate(migrator.backfill('player', {'name': 'filled', 'note': 'filled'}, True))", "pass")
    project = place.project(tmp_path, {"change": source})
    place.run(f"CREATE TABLE player ({KEYS['no key']})")
    place.run("INSERT INTO player (id, name, note) SELECT seq, 'old', 'old' FROM seq_1_to_300")
    place.database.commit()
    wanted = dict.fromkeys(range(1, 301), ("old", "old"))

    def write(cursor: Any, point: int) -> None:
        with suppress(Exception):
            cursor.execute(f"UPDATE player SET name = 'a {point}', note = 'b {point}' WHERE id = {point}")
            cursor.execute("COMMIT")
            wanted[point] = (f"a {point}", f"b {point}")

    between.append(write)
    project.apply()
    between.clear()
    assert len(set(wanted.values())) > 5
    project.revert()
    assert {number: told for number, *told in read(place, "SELECT id, name, note FROM player")} == {
        number: list(told) for number, told in wanted.items()
    }


def test_a_default_that_is_given_by_alter_table_since_a_trigger_would_hear(place: Place, tmp_path: Path) -> None:
    project = place.project(tmp_path, {"change": FILL_ALL})
    place.run(f"CREATE TABLE player ({KEYS['key']})")
    place.run("INSERT INTO player (id, name) VALUES (1, 'one'), (2, NULL)")
    place.run("CREATE TRIGGER heard BEFORE UPDATE ON player FOR EACH ROW SET NEW.note = 'heard'")
    place.database.commit()
    project.apply()
    assert rows(place) == [(1, "filled"), (2, "filled")]
    place.run("DROP TRIGGER heard")
    project.revert()
    assert rows(place) == [(1, "one"), (2, None)]


@pytest.mark.parametrize("key", KEYS)
def test_a_table_whose_engine_has_no_transactions(place: Place, tmp_path: Path, between: Any, key: str) -> None:
    project = place.project(tmp_path, {"fill": FILL, "fill_all": FILL_ALL})
    place.run(f"CREATE TABLE player ({KEYS[key]}) ENGINE = MyISAM")
    place.run("INSERT INTO player (id, name) VALUES (1, 'one'), (2, NULL)")
    before = rows(place)
    with pytest.raises(MigrationFailed, match="ENGINE = InnoDB"):
        project.apply(steps=1)
    assert rows(place) == before and own(place) == []
    project.apply(steps=1, fake=True)
    late = []

    def write(cursor: Any, point: int) -> None:
        with suppress(Exception):
            cursor.execute(f"INSERT INTO player (id, name) VALUES ({1000 + point}, 'new')")
            late.append((1000 + point, "new"))

    between.append(write)
    project.apply()
    between.clear()
    project.revert()
    assert rows(place) == [*before, *late]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("what", ["a type", "filled", "all filled"])
def test_wherever_it_is_killed_each_value_is_in_the_table_or_in_the_attic(
    place: Place, tmp_path: Path, killing: list[int], what: str, key: str
) -> None:
    """Of a fill what is kept and what is filled stand together; a cast is marked as done, and reverted."""
    project = place.project(tmp_path, {"change": TAKEN[what]})
    for count in range(1, 60):
        for table in place.tables():
            place.run(f"DROP TABLE {table}")
        place.run(f"CREATE TABLE player ({KEYS[key]})")
        place.run("INSERT INTO player (id, name) VALUES (1, 'one'), (2, 'two'), (3, NULL)")
        place.database.commit()
        before = rows(place)
        killing[0] = count
        with suppress(Exception):
            project.apply()
        ended, killing[0] = killing[0] < 10**8, 10**9
        place.forget()
        if not project.applied():
            project.apply(fake=True)
        project.revert()
        found = [name for _, name in rows(place)]
        for table in set(own(place)) - {"pwmig_attic"}:
            found += [name for (name,) in read(place, f"SELECT v0 FROM {table}")]
        assert {"one", "two", None} <= set(found), f"killed at statement {count}"
        assert what == "a type" or rows(place) == before, f"killed at statement {count}"
        if ended:
            break
    else:
        raise AssertionError("it never came to its end")
    assert count > 5
