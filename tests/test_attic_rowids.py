"""Rows without a key on SQLite are told apart by their rowid, by whichever of its names no column has taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_attic import migration, own_tables, project_of, restored, run_on

from pwmig.errors import MigrationFailed

TAKEN = [("rowid",), ("RowId", "_rowid_"), ("oid", "rowid")]
CHANGES = {
    "a column": (
        "migrate(migrator.drop_column('player', 'name'))",
        "migrate(migrator.add_column('player', 'name', TextField(null=True)))",
    ),
    "a fill": ("migrate(migrator.backfill('player', {'name': 'filled'}, True))", "pass"),
    "a fill that commits": (
        "migrate(migrator.backfill('player', {'name': 'filled'}, \"name <> 'filled'\", commit=True))",
        "pass",
    ),
    "a default": ("migrate(migrator.apply_default('player', 'name', TextField(default='filled')))", "pass"),
    "a cast": (
        "migrate(migrator.alter_column_type('player', 'name', BlobField(null=True), cast='upper(name)'))",
        "migrate(migrator.alter_column_type('player', 'name', TextField(null=True)))",
    ),
}


def table_of(names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}" INT' for name in names)
    return migration(f"database.execute_sql('CREATE TABLE player ({columns}, name TEXT)')", "pass")


@pytest.mark.parametrize("generated", [False, True])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("names", TAKEN, ids=" ".join)
def test_each_row_gets_its_value(tmp_path: Path, names: tuple[str, ...], change: str, generated: bool) -> None:
    create = table_of(names)
    if generated:
        create = create.replace(f'"{names[0]}" INT', f'a INT, "{names[0]}" INT AS (a)')
    values = [(*[1] * len(names), "a"), (*[1] * len(names), "b"), (*[2] * len(names), "c")]
    project = project_of(tmp_path, migration(*CHANGES[change]), create, values)
    before = run_on(tmp_path, "SELECT * FROM player")
    project.apply()
    assert run_on(tmp_path, "SELECT * FROM player") != before
    assert [done.restored for done in restored(project)] == [3]
    assert run_on(tmp_path, "SELECT * FROM player") == before and own_tables(tmp_path) == []


@pytest.mark.parametrize("change", CHANGES)
def test_rows_that_nothing_tells_apart_are_not_taken(tmp_path: Path, change: str) -> None:
    project = project_of(tmp_path, migration(*CHANGES[change]), table_of(("rowid", "_rowid_", "oid")), [(1, 1, 1, "a")])
    with pytest.raises(MigrationFailed, match="all names of its rowid"):
        project.apply()
    assert run_on(tmp_path, "SELECT * FROM player") == [(1, 1, 1, "a")] and own_tables(tmp_path) == []
