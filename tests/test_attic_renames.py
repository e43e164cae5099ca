"""What a migration takes under a name that it gives or takes away itself is found again under the name of then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from server_projects import Place, place
from test_attic import migration

from pwmig.plan import Restored
from pwmig.project import Project

__all__ = ["place"]

COLUMNS = "id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80), level INTEGER"
KEYLESS = "id INTEGER NOT NULL, name VARCHAR(80), level INTEGER"
ROWS = [(1, "a", None), (2, "b", 7), (3, None, 5)]

FILL = "migrator.backfill('player', {'level': 5})"
CAST = "migrator.alter_column_type('player', 'rank', TextField(null=True), cast=\"concat('x', rank)\")"
BACK = "migrator.alter_column_type('player', 'rank', IntegerField(null=True), cast='NULL')"
RENAME = "migrator.rename_column('player', 'level', 'rank')"
UNRENAME = "migrator.rename_column('player', 'rank', 'level')"
FILL_RANK = "migrator.backfill('player', {'rank': 5})"
NAME = "migrator.add_column('player', 'name', CharField(80, null=True))"

WAYS = {
    "a column, then filled": (f"{RENAME}, {FILL_RANK}", UNRENAME),
    "filled, then the column": (f"{FILL}, {RENAME}", UNRENAME),
    "in batches of their own": (f"{RENAME}); migrate({FILL_RANK}", UNRENAME),
    "there and back": (f"{RENAME}, {FILL_RANK}, {UNRENAME}", None),
    "twice": (
        f"{RENAME}, {FILL_RANK}, migrator.rename_column('player', 'rank', 'grade')",
        f"migrator.rename_column('player', 'grade', 'rank'), {UNRENAME}",
    ),
    "a table, then filled": (
        "migrator.rename_table('player', 'master'), migrator.backfill('master', {'level': 5})",
        "migrator.rename_table('master', 'player')",
    ),
    "a table there and back": (
        "migrator.rename_table('player', 'master'), migrator.backfill('master', {'level': 5}), "
        "migrator.rename_table('master', 'player')",
        None,
    ),
    "the key, then filled": (
        f"migrator.rename_column('player', 'id', 'pk'), {FILL}", "migrator.rename_column('player', 'pk', 'id')"
    ),
    "filled, then the key": (
        f"{FILL}, migrator.rename_column('player', 'id', 'pk')", "migrator.rename_column('player', 'pk', 'id')"
    ),
    "another column": (
        "migrator.rename_column('player', 'level', 'rank'), migrator.drop_column('player', 'name')",
        f"{NAME}, {UNRENAME}",
    ),
    "to the name of one that went": (
        "migrator.drop_column('player', 'name'), migrator.rename_column('player', 'level', 'name')",
        f"migrator.rename_column('player', 'name', 'level'), {NAME}",
    ),
    "of two that went": (
        "migrator.drop_column('player', 'level'), migrator.drop_column('player', 'name'), "
        "migrator.add_column('player', 'more', IntegerField(default=3)), "
        "migrator.rename_column('player', 'more', 'name')",
        "migrator.rename_column('player', 'name', 'more'), migrator.drop_column('player', 'more'), "
        f"{NAME}, migrator.add_column('player', 'level', IntegerField(null=True))",
    ),
    "a table, with one that went": (
        "migrator.drop_column('player', 'name'), migrator.rename_table('player', 'master')",
        f"{NAME.replace('player', 'master')}, migrator.rename_table('master', 'player')",
    ),
}  # fmt: skip
KEYED = {
    "a column, then cast": (f"{RENAME}, {CAST}", f"{BACK}, {UNRENAME}"),
    "a column, then cast; back first": (
        f"{RENAME}, {CAST}",
        f"{UNRENAME}, migrator.alter_column_type('player', 'level', IntegerField(null=True), cast='NULL')",
    ),
    "all at once": (
        "migrator.change_column('player', 'level', TextField(null=True), cast=\"concat('x', level)\", name='rank')",
        "migrator.change_column('player', 'rank', IntegerField(null=True), cast='NULL', name='level')",
    ),
}


def in_words_of(database: Any, text: str) -> str:
    """SQLite has concat() since 3.44 only; PostgreSQL says of which type NULL is."""
    kind = type(database).__name__
    for column in ("rank", "level"):
        if "Sqlite" in kind:
            text = text.replace(f"concat('x', {column})", f"'x' || {column}")
        if "Postgres" in kind:
            text = text.replace("cast='NULL'", "cast='NULL::int'")
        if "MySQL" in kind:
            text = text.replace(f"concat('x', {column})", f"concat('x', `{column}`)")
    return text


def rows(database: Any, columns: str = "id, name, level", table: str = "player") -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()))


def project_on(database: Any, root: Path, forward: str, backward: str | None, columns: str = COLUMNS) -> Project:
    database.execute_sql(f"CREATE TABLE player ({columns})")
    marks = ", ".join([database.param] * 3)
    for row in ROWS:
        database.execute_sql(f"INSERT INTO player VALUES ({marks})", row)
    back = "pass" if backward is None else f"migrate({backward})"
    source = in_words_of(database, migration(f"migrate({forward})", back))
    return open_project(root / "p", {"change": source}, config=config_of(database))


CASES = [pytest.param(COLUMNS, *ways, id=case) for case, ways in {**WAYS, **KEYED}.items()]
CASES += [pytest.param(KEYLESS, *ways, id=f"{case}, no key") for case, ways in WAYS.items()]


@pytest.mark.parametrize(("columns", "forward", "backward"), CASES)
def test_what_was_renamed_has_its_values_back(
    tmp_path: Path, any_database: Any, columns: str, forward: str, backward: str | None
) -> None:
    project = project_on(any_database, tmp_path, forward, backward, columns)
    for _ in range(2):
        kept = project.apply().steps[0].kept
        told = project.revert().steps[0].restored
        assert rows(any_database) == ROWS
        assert sum(done.restored for done in told) == sum(one.row_count for one in kept) > 0
        assert "forward" not in {entry.direction for entry in project.attic()}


def test_what_is_left_is_put_back_by_hand_by_the_name_of_now(tmp_path: Path, any_database: Any) -> None:
    project = project_on(any_database, tmp_path, f"{RENAME}, {FILL_RANK}", UNRENAME)
    project.apply()
    any_database.execute_sql("UPDATE player SET rank = 9 WHERE id = 1".replace("rank", quoted(any_database, "rank")))
    assert [(done.restored, done.newer) for done in project.revert().steps[0].restored] == [(0, 1)]
    assert [str(entry) for entry in project.attic()] == ["what player.level was, 1 row"]
    any_database.execute_sql("UPDATE player SET level = 5 WHERE id = 1")
    assert [done.restored for done in project.restore("change")] == [1]
    assert rows(any_database) == ROWS and project.attic() == ()


def test_rows_of_a_table_that_is_made_and_changed_come_back_by_the_names_of_then(
    tmp_path: Path, any_database: Any
) -> None:
    """Going forward again they wait for the end of the migration."""
    forward = "migrator.create_table('made', {'id': IntegerField(primary_key=True), 'x': IntegerField(null=True)}), "
    forward += "migrator.rename_column('made', 'x', 'y'), migrator.rename_table('made', 'built')"
    backward = "migrator.rename_table('built', 'made'), migrator.rename_column('made', 'y', 'x'), "
    project = project_on(any_database, tmp_path, forward, backward + "migrator.drop_table('made')")
    project.apply()
    any_database.execute_sql("INSERT INTO built (id, y) VALUES (1, 10), (2, NULL)")
    project.revert()
    assert project.apply().steps[0].restored == (Restored("built", None, 2),)
    assert rows(any_database, "id, y", "built") == [(1, 10), (2, None)] and project.attic() == ()


def quoted(database: Any, name: str) -> str:
    left, right = database.quote
    return f"{left}{name}{right}"


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_table_of_another_schema_has_its_rows_as_soon_as_it_is_there(place: Place, tmp_path: Path) -> None:
    source = migration(
        "audit.migrate(audit.drop_table('log'), audit.drop_column('old', 'name'), audit.rename_table('old', 'new'))",
        "audit.migrate(audit.create_table('log', {'id': IntegerField(primary_key=True), 'name': CharField(9)}))\n"
        "assert len(list(database.execute_sql('SELECT * FROM audit.log'))) == 1\n"
        "audit.migrate(audit.add_column('new', 'name', CharField(9)), audit.rename_table('new', 'old'))",
        above="from pwmig import Migrator\n\naudit = Migrator.from_database(database, 'audit')\n",
    )
    place.run("CREATE SCHEMA audit")
    for table in ("log", "old"):
        place.run(f"CREATE TABLE audit.{table} (id INTEGER PRIMARY KEY, name VARCHAR(9) NOT NULL)")
        place.run(f"INSERT INTO audit.{table} VALUES (1, 'a')")
    place.database.commit()
    project = place.project(tmp_path, {"change": source})
    project.apply()
    assert [str(entry) for entry in project.attic()] == ["audit.new.name, 1 row", "table audit.log, 1 row"]
    told = project.revert().steps[0].restored
    assert set(told) == {Restored("audit.log", None, 1), Restored("audit.new", "name", 1)}
    assert place.run("SELECT * FROM audit.log NATURAL JOIN audit.old") == [(1, "a")]
    place.database.commit()
    assert project.attic() == ()
