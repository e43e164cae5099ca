"""A way back that stops on MariaDB, where each change of the schema commits, loses no value."""

from __future__ import annotations

from collections.abc import Iterator
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
    assert "take back by hand what stays" in caught.value.way_out
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


@pytest.mark.parametrize("way", ["there", "back"])
def test_wherever_it_is_killed_the_next_run_gives_each_value_back_once(
    place: Place, tmp_path: Path, killing: list[int], way: str
) -> None:
    project = place.project(tmp_path, {"change": DROP_REQUIRED})
    for count in range(1, 60):
        place.run(f"CREATE TABLE player ({KEYED})")
        place.run("INSERT INTO player VALUES (1, 'a'), (2, 'b')")
        place.database.commit()
        if way == "back":
            project.apply()
        killing[0] = count
        with suppress(Exception):
            project.apply() if way == "there" else project.revert()
        ended, killing[0] = killing[0] < 10**8, 10**9
        try:
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
        except BaseException as error:
            error.add_note(f"killed at statement {count}")
            raise
        place.run("DROP TABLE player")
        if ended:
            break
    else:
        raise AssertionError("it never came to its end")
    assert count > 5


def columns_of(place: Place) -> set[str]:
    return {column.name for column in place.database.get_columns("player")}
