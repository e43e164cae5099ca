"""A back-fill that commits batch by batch on PostgreSQL keeps what it fills over, whatever others write between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic import migration
from test_attic_servers import read

from pwmig.dialects.server.attic import ServerShelf
from pwmig.dialects.server.operations.backfilling import ServerFiller

pytestmark = pytest.mark.postgres

TABLES = {
    "key": "id INTEGER PRIMARY KEY, name VARCHAR(80), note VARCHAR(80)",
    "no key": "id INTEGER, name VARCHAR(80), note VARCHAR(80)",
    "partitions": "id INTEGER PRIMARY KEY, name VARCHAR(80), note VARCHAR(80)) PARTITION BY RANGE (id",
}
SET = ["{'note': 'filled'}", "{'note': 'filled', 'name': 'filled'}"]


@pytest.fixture
def place(postgres_server: Any) -> Iterator[Place]:
    with place_on(postgres_server) as found:
        yield found


@pytest.fixture
def between(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[Any, int], None]]]:
    """What another session, which waits for nothing, does before each statement while it stands here."""
    doing: list[Callable[[Any, int], None]] = []
    count = [0]
    connection = place.server.database(place.name).connection()
    connection.autocommit = True
    connection.cursor().execute("SET lock_timeout = 1")

    def heard(kind: Any, name: str) -> None:
        send = getattr(kind, name)

        def ask(self: Any, *args: Any, **kwargs: Any) -> Any:
            if doing:
                count[0] += 1
                doing[0](connection.cursor(), count[0])
            return send(self, *args, **kwargs)

        monkeypatch.setattr(kind, name, ask)

    for kind, name in ((ServerShelf, "ask"), (ServerFiller, "ask"), (ServerFiller, "run")):
        heard(kind, name)
    yield doing
    doing.clear()
    connection.close()


def filled(values: str) -> str:
    meant = "note IS DISTINCT FROM 'filled'"
    fill = f"backfill('player', {values}, {meant!r}, batch_size=50, commit=True)"
    return migration(f"migrate(migrator.{fill})", "pass")


@pytest.mark.parametrize("values", SET, ids=["a column", "columns"])
@pytest.mark.parametrize("table", TABLES)
def test_rows_that_come_meanwhile(place: Place, tmp_path: Path, between: Any, table: str, values: str) -> None:
    project = place.project(tmp_path, {"change": filled(values)})
    place.run(f"CREATE TABLE player ({TABLES[table]})")
    if table == "partitions":
        place.run("CREATE TABLE few PARTITION OF player FOR VALUES FROM (0) TO (20)")
        place.run("CREATE TABLE others PARTITION OF player DEFAULT")
    place.run("INSERT INTO player (id, name) SELECT n * 10, NULL FROM generate_series(1, 300) AS n")
    place.database.commit()
    wanted: dict[int, Any] = {number * 10: (None, None) for number in range(1, 301)}

    def write(cursor: Any, point: int) -> None:
        for sql, number, told in (
            (f"UPDATE player SET note = 'changed' WHERE id = {point * 10}", point * 10, (None, "changed")),
            (f"INSERT INTO player (id) VALUES ({point * 10 + 1})", point * 10 + 1, (None, None)),
            (f"INSERT INTO player (id) VALUES ({9000 + point})", 9000 + point, (None, None)),
            (f"UPDATE player SET note = 'again' WHERE id = {8999 + point}", 8999 + point, (None, "again")),
        ):
            with suppress(Exception):  # Locked.
                cursor.execute(sql)
                if cursor.rowcount:
                    wanted[number] = told

    between.append(write)
    project.apply()
    between.clear()
    assert len(wanted) > 300
    project.revert()
    found = {number: tuple(told) for number, *told in read(place, "SELECT id, name, note FROM player")}
    assert found == wanted


@pytest.mark.parametrize("table", ["key", "no key"])
def test_a_table_that_is_empty_until_another_session_fills_it(
    place: Place, tmp_path: Path, between: Any, table: str
) -> None:
    project = place.project(tmp_path, {"change": filled(SET[0])})
    place.run(f"CREATE TABLE player ({TABLES[table]})")
    place.database.commit()
    for wanted in range(1, 100):
        points: list[int] = []

        def write(cursor: Any, _: int, wanted: int = wanted, points: list[int] = points) -> None:
            points.append(1)
            if len(points) == wanted:
                with suppress(Exception):  # Locked.
                    cursor.execute("INSERT INTO player VALUES (1, 'late', 'late')")

        between.append(write)
        project.apply()
        between.clear()
        came = read(place, "SELECT count(*) FROM player")[0][0]
        project.revert()
        assert read(place, "SELECT * FROM player") == [(1, "late", "late")] * came, f"written at statement {wanted}"
        place.run("TRUNCATE player")
        place.database.commit()
        if len(points) < wanted:
            break
    assert 5 < wanted < 99
