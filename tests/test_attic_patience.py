"""With lock_timeout what the attic waits for on MariaDB is tried as often as what the operation waits for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic_between import KEYS, TAKEN, rows
from test_attic_servers import own

from pwmig.errors import MigrationFailed
from pwmig.project import Project

pytestmark = pytest.mark.mariadb


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are sent."""
    from pymysql.connections import Connection

    send, found = Connection.query, []

    def query(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        found.append(sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace"))
        return send(self, sql, *args, **kwargs)

    monkeypatch.setattr(Connection, "query", query)
    return found


def patient(place: Place, root: Path, source: str, key: str) -> Project:
    wait = "migrate(migrator.lock_timeout(1, retries=1, pause=0), migrator."
    project = place.project(root, {"change": source.replace("migrate(migrator.", wait, 1)})
    place.run(f"CREATE TABLE player ({KEYS[key]})")
    place.run("INSERT INTO player (id, name) VALUES (1, 'one'), (2, NULL)")
    place.database.commit()
    return project


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("what", TAKEN)
def test_who_holds_what_is_to_be_kept_is_waited_for_twice(
    place: Place, tmp_path: Path, sent: list[str], what: str, key: str
) -> None:
    project = patient(place, tmp_path, TAKEN[what], key)
    other = place.server.database(place.name).connection()
    other.cursor().execute("BEGIN")
    other.cursor().execute("SELECT * FROM player FOR UPDATE")
    sent.clear()
    with pytest.raises(MigrationFailed, match=r"not got within 1 s, in 2 tries"):
        project.apply()
    waits = [sql for sql in sent if "FOR UPDATE" in sql or sql.startswith(("LOCK TABLES", "RENAME TABLE"))]
    assert len([sql for sql in waits if sql == waits[-1]]) == 2
    other.cursor().execute("ROLLBACK")
    other.close()
    assert rows(place) == [(1, "one"), (2, None)]
    project.apply()
    project.revert()
    assert rows(place) == [(1, "one"), (2, None)] and own(place) == []


@pytest.mark.parametrize("what", ["filled", "all filled"])
@pytest.mark.parametrize("key", KEYS)
def test_after_a_deadlock_nothing_is_filled_of_which_nothing_is_kept(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, what: str
) -> None:
    """The server takes the whole transaction back, with what is kept."""
    import pymysql
    from pymysql.connections import Connection

    project = patient(place, tmp_path, TAKEN[what], key)
    send, left = Connection.query, [1]

    def query(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
        if left[0] and text.startswith("UPDATE") and "'filled'" in text:
            left[0] = 0
            send(self, "ROLLBACK")
            raise pymysql.err.OperationalError(1213, "Deadlock found when trying to get lock; try restarting")
        return send(self, sql, *args, **kwargs)

    monkeypatch.setattr(Connection, "query", query)
    with pytest.raises(MigrationFailed):
        project.apply()
    assert left == [0] and rows(place) == [(1, "one"), (2, None)]
    project.apply()
    project.revert()
    assert rows(place) == [(1, "one"), (2, None)]
