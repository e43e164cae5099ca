"""A column that one migration changes more than once is taken back change by change, the latest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.project import Project

COLUMNS = "id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80), level INTEGER"
ROWS = [(1, "a", None), (2, "b", 7), (3, "c", 5), (4, "d", None)]

FILL = "migrator.backfill('player', {'level': 5})"
DOUBLE = "migrator.backfill('player', {'level': SQL('level * 2')}, where='level < 7')"
CAST = "migrator.alter_column_type('player', 'level', CharField(20, null=True), cast=\"concat('x', level)\")"
CAST_TEXT = "migrator.alter_column_type('player', 'level', TextField(null=True), cast=\"concat('y', level)\")"
SAME = "migrator.alter_column_type('player', 'level', TextField(null=True), cast='AS TEXT')"
SOME = "migrator.backfill('player', {'level': 'z'}, where=\"level = '7'\")"
INT = "migrator.alter_column_type('player', 'level', IntegerField(null=True), cast='NULL')"
CHAR = "migrator.alter_column_type('player', 'level', CharField(20, null=True), cast='NULL')"

WAYS = {
    "filled twice": (f"{FILL}, {DOUBLE}", None),
    "in batches of their own": (f"{FILL}); migrate({DOUBLE}", None),
    "filled twice, required": (
        f"{FILL}, {DOUBLE}, migrator.add_not_null('player', 'level')", "migrator.drop_not_null('player', 'level')"
    ),
    "filled three times": (f"{FILL}, {DOUBLE}, migrator.backfill('player', {{'level': 1}}, where=True)", None),
    "filled, then a default": (
        f"{FILL}, migrator.apply_default('player', 'level', IntegerField(default=3))", None
    ),
    "filled, then dropped": (
        f"{FILL}, {DOUBLE}, migrator.drop_column('player', 'level')",
        "migrator.add_column('player', 'level', IntegerField(null=True))",
    ),
}  # fmt: skip
CASTS = {
    "filled, then cast": (f"{FILL}, {CAST}", INT),
    "cast, then filled": (f"{CAST}, migrator.backfill('player', {{'level': 'z'}}, where=\"level = 'x7'\")", INT),
    "cast twice": (f"{CAST}, {CAST_TEXT}", f"{CHAR}, {INT}"),
    "cast to the same, then some filled": (f"{SAME}, {SOME}", INT.replace("NULL", "AS INT")),
}


def in_words_of(database: Any, text: str) -> str:
    """SQLite has concat() since 3.44 only; PostgreSQL says of which type NULL is."""
    kind = type(database).__name__
    if "Sqlite" in kind:
        text = text.replace("concat('x', level)", "'x' || level").replace("concat('y', level)", "'y' || level")
    if "Postgres" in kind:
        text = text.replace("IntegerField(null=True), cast='NULL'", "IntegerField(null=True), cast='NULL::int'")
        text = text.replace("CharField(20, null=True), cast='NULL'", "CharField(20, null=True), cast='NULL::varchar'")
    text = text.replace("AS INT", f"CAST(nullif(level, \\'z\\') AS {'SIGNED' if 'MySQL' in kind else 'INTEGER'})")
    return text.replace("AS TEXT", "CAST(level AS CHAR)" if "MySQL" in kind else "CAST(level AS TEXT)")


def rows(database: Any) -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql("SELECT id, name, level FROM player ORDER BY 1").fetchall()))


def project_on(database: Any, root: Path, forward: str, backward: str | None, columns: str = COLUMNS) -> Project:
    database.execute_sql(f"CREATE TABLE player ({columns})")
    marks = ", ".join([database.param] * 3)
    for row in ROWS:
        database.execute_sql(f"INSERT INTO player VALUES ({marks})", row)
    back = "pass" if backward is None else f"migrate({backward})"
    source = in_words_of(database, migration(f"migrate({forward})", back))
    return open_project(root / "p", {"change": source}, config=config_of(database))


CASES = [pytest.param(COLUMNS, *ways, id=case) for case, ways in {**WAYS, **CASTS}.items()]
CASES += [pytest.param(COLUMNS.replace(" PRIMARY KEY", ""), *ways, id=f"{case}, no key") for case, ways in WAYS.items()]


@pytest.mark.parametrize(("columns", "forward", "backward"), CASES)
def test_all_of_it_is_taken_back(
    tmp_path: Path, any_database: Any, columns: str, forward: str, backward: str | None
) -> None:
    project = project_on(any_database, tmp_path, forward, backward, columns)
    for _ in range(2):
        kept = project.apply().steps[0].kept
        assert kept and ("drop_column" in forward or rows(any_database) != ROWS)
        told = project.revert().steps[0].restored
        assert rows(any_database) == ROWS
        assert sum(done.restored for done in told) == sum(one.row_count for one in kept)
        assert "forward" not in {entry.direction for entry in project.attic()}


@pytest.mark.parametrize("back", [None, "migrator.drop_not_null('player', 'level')"], ids=["alone", "behind another"])
def test_what_was_written_since_stays_and_nothing_older_is_written_over_it(
    tmp_path: Path, any_database: Any, back: str | None
) -> None:
    project = project_on(any_database, tmp_path, f"{FILL}, {DOUBLE}", back)
    project.apply()
    assert [row[2] for row in rows(any_database)] == [10, 7, 10, 10]
    any_database.execute_sql("UPDATE player SET level = 5 WHERE id = 1")  # What it was between the two.
    any_database.execute_sql("UPDATE player SET level = 9 WHERE id = 3")
    any_database.execute_sql("DELETE FROM player WHERE id = 2")
    told = project.revert().steps[0].restored
    assert [(done.restored, done.newer) for done in told] == [(1, 2), (1, 1)]
    assert [(row[0], row[2]) for row in rows(any_database)] == [(1, 5), (3, 9), (4, None)]
    assert [str(entry) for entry in project.attic()] == [
        "what player.level was, 1 row", "what player.level was, 2 rows"
    ][::-1]  # fmt: skip
