"""How much the attic may take of one thing: beyond it nothing is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import sql_migration, state
from test_attic import CREATE, DROP_NAME, migration, own_tables, project_of

from pwmig.errors import MigrationFailed

FILL = migration("migrate(migrator.backfill('player', {'note': 'filled'}))", "pass")
DROP_TABLE = migration("migrate(migrator.drop_table('player'))", "migrate(migrator.create_table('player', {}))")
COPIED = {
    "a foreign key": sql_migration("CREATE TABLE player (id INTEGER PRIMARY KEY, of INTEGER REFERENCES player (id))"),
    "a virtual table": sql_migration("CREATE VIRTUAL TABLE player USING fts5 (id, of)"),
}


def limited(root: Path, limit: str) -> None:
    (root / "pyproject.toml").write_text(f'[tool.pwmig]\nattic_limit = "{limit}"\n')


@pytest.mark.parametrize("source", [DROP_NAME, FILL], ids=["a column", "a fill"])
@pytest.mark.parametrize("limit", ["0 rows", "0 MB", "0 b"])
def test_a_limit_of_nothing_is_one(tmp_path: Path, limit: str, source: str) -> None:
    limited(tmp_path, limit)
    project = project_of(tmp_path, source)
    before = state(tmp_path / "db" / "app.sqlite")
    with pytest.raises(MigrationFailed, match="the attic would have to keep"):
        project.apply()
    assert state(tmp_path / "db" / "app.sqlite") == before


def test_as_much_as_the_limit_is_kept(tmp_path: Path) -> None:
    limited(tmp_path, "3 rows")
    project = project_of(tmp_path, DROP_NAME)
    project.apply()
    assert own_tables(tmp_path) == ["pwmig_attic", "pwmig_attic_1"]


@pytest.mark.parametrize("limit", ["1 rows", "10 b"])
@pytest.mark.parametrize("what", COPIED)
def test_a_table_that_can_not_just_move_counts(tmp_path: Path, what: str, limit: str) -> None:
    limited(tmp_path, limit)
    project = project_of(tmp_path, DROP_TABLE, COPIED[what], [(1, 1), (2, 1)])
    before = state(tmp_path / "db" / "app.sqlite")
    with pytest.raises(
        MigrationFailed, match=r"the attic would have to keep (2 rows|about \d\d bytes) of table player"
    ):
        project.apply()
    assert state(tmp_path / "db" / "app.sqlite") == before


def test_a_table_that_moves_does_not_count(tmp_path: Path) -> None:
    limited(tmp_path, "1 rows")
    project = project_of(tmp_path, DROP_TABLE, CREATE)
    project.apply()
    assert own_tables(tmp_path) == ["pwmig_attic", "pwmig_attic_1"]
