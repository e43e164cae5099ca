"""A cast on MariaDB that is killed at any statement: one command ends it, once, and its way back gives what was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic import migration
from test_attic_stopped import Killed, killing

from pwmig.project import Project

__all__ = ["killing"]

pytestmark = pytest.mark.mariadb

EVERY = bool(os.environ.get("PWMIG_KILLS"))
"""Kill at each statement; else at some of them, for each case others."""

KEYED = "id INT NOT NULL PRIMARY KEY, v INT NULL"
TIMES = "migrate(migrator.alter_column_type('t', 'v', BigIntegerField(null=True), cast='v * 10'))"
BACK = "migrate(migrator.alter_column_type('t', 'v', IntegerField(null=True)))"

# Columns, what the migration does, and what its way back does; doing the cast twice gives other values.
CASES = {
    "a number": (KEYED, TIMES, BACK),
    "not NULL": (
        "id INT NOT NULL PRIMARY KEY, v INT NOT NULL",
        TIMES.replace("null=True", ""), BACK.replace("null=True", ""),
    ),
    "of the same type": (
        KEYED, TIMES.replace("BigInteger", "Integer"), "pass",
    ),
    "one cast behind another": (
        KEYED, f"{TIMES}\n{TIMES.replace('* 10', '+ 7')}", BACK,
    ),
    "in a batch": (
        KEYED, f"{TIMES[:-1]}, migrator.add_column('t', 'w', IntegerField(default=3)))",
        f"{BACK[:-1]}, migrator.drop_column('t', 'w'))",
    ),
    "no key": ("id INT NOT NULL, v INT NULL", TIMES, BACK),
    "the key": (
        "v INT NOT NULL PRIMARY KEY, id INT NOT NULL",
        "migrate(migrator.alter_column_type('t', 'v', BigIntegerField(), cast='v * 10'))",
        "migrate(migrator.alter_column_type('t', 'v', IntegerField()))",
    ),
    "a default that a trigger would hear of": (
        KEYED, "migrate(migrator.apply_default('t', 'v', IntegerField(default=5)))", "pass",
    ),
}  # fmt: skip


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


@pytest.fixture
def killing_behind(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Behind the statement that has this text in it, the connection is ended."""
    from pymysql.connections import Connection

    send, wanted = Connection.query, [""]

    def query(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
        sent = send(self, sql, *args, **kwargs)
        if wanted[0] and text.startswith("ALTER TABLE `t`") and wanted[0] in text:
            wanted[0] = ""
            self._force_close()
            raise Killed
        return sent

    monkeypatch.setattr(Connection, "query", query)
    return wanted


def ready(place: Place, root: Path, case: str) -> Project:
    columns, forward, backward = CASES[case]
    place.run("SET foreign_key_checks = 0")
    for name in place.database.get_tables():
        place.run(f"DROP TABLE IF EXISTS {name}")
    place.run(f"CREATE TABLE t ({columns})")
    place.run("INSERT INTO t (id, v) VALUES (1, 4), (2, 40), (3, 0), (4, 5)")
    if "trigger" in case:
        place.run("CREATE TRIGGER heard BEFORE UPDATE ON t FOR EACH ROW SET NEW.v = -1")
    place.database.commit()
    return place.project(root, {"change": migration(forward, backward)})


def seen(place: Place) -> tuple[str, list[tuple[Any, ...]]]:
    made = str(place.run("SHOW CREATE TABLE t")[0][1])
    rows = sorted(place.run("SELECT * FROM t"))
    place.database.commit()
    return made, rows


def kept(project: Project) -> list[str]:
    return [str(entry) for entry in project.attic()]


def finish(project: Project) -> None:
    """What status names."""
    if project.halves():
        project.resolve("change")
    else:
        project.apply()


@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_statement_it_is_done_once_and_comes_back(
    place: Place, tmp_path: Path, killing: list[int], case: str
) -> None:
    project = ready(place, tmp_path, case)
    project.apply()
    end = seen(place)
    project.revert()
    back, halves = (seen(place), kept(project)), 0
    for count in range(1, 200) if EVERY else range(6 + list(CASES).index(case) % 4, 200, 4):
        project = ready(place, tmp_path, case)
        killing[0] = count
        with suppress(Exception):
            project.apply()
        ended, killing[0] = killing[0] < 10**8, 10**9
        project.database.close()
        if ended:
            break
        halves += bool(project.halves())
        finish(project)
        assert seen(place) == end, f"killed at statement {count}"
        project.revert()
        assert (seen(place), kept(project)) == back, f"killed at statement {count}"
    assert ended and halves


@pytest.mark.parametrize("at", ["GENERATED ALWAYS AS (`pwmig_1`)", "DROP COLUMN `pwmig_1`"])
def test_what_others_write_before_it_is_ended_is_theirs(
    place: Place, tmp_path: Path, killing_behind: list[str], at: str
) -> None:
    """Half-way nobody can write the column; other rows may come."""
    project = ready(place, tmp_path, "a number")
    killing_behind[0] = at
    with suppress(Exception):
        project.apply()
    project.database.close()
    half_way = at.startswith("GENERATED")
    place.run("INSERT INTO t (id) VALUES (9)" if half_way else "UPDATE t SET v = 77 WHERE id = 2")
    place.database.commit()
    project.resolve("change", how="undo")
    rows = {1: 4, 2: 40, 3: 0, 4: 5} | ({9: None} if half_way else {2: 77})
    assert dict(seen(place)[1]) == rows
    project.apply()
    assert dict(seen(place)[1]) == {key: value and value * 10 for key, value in rows.items()}
