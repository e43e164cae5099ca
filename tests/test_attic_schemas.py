"""The attic on PostgreSQL stands in the default schema, whatever that is called; a foreign table it lets alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from requirements import require_extension
from server_projects import Place, place_on
from test_attic import DROP_NAME, migration
from test_attic_servers import DROP_TABLE, player_project, read, reverted

from pwmig.errors import MigrationFailed

pytestmark = pytest.mark.postgres

FILL = migration("migrate(migrator.backfill('player', {'note': 'filled'}))", "pass")
TAKEN = {"a column": DROP_NAME, "a table": DROP_TABLE, "a fill": FILL}


@pytest.fixture
def place(postgres_server: Any) -> Iterator[Place]:
    with place_on(postgres_server) as found:
        yield found


@pytest.mark.parametrize("what", TAKEN)
@pytest.mark.parametrize("name", ["a?b", "a%b", "a%sb", 'A"b?', "a'b?"])
def test_a_default_schema_with_any_name(place: Place, tmp_path: Path, name: str, what: str) -> None:
    place.run(f"CREATE SCHEMA {place.quote(name)}")
    place.run(f"ALTER DATABASE {place.name} SET search_path = {place.quote(name)}")
    place.database.commit()
    place.database.close()
    project = player_project(place, tmp_path, TAKEN[what], "club_id INTEGER")
    before = read(place, "SELECT id, name, note FROM player ORDER BY id")
    project.apply()
    assert read(place, "SELECT count(*) FROM pwmig_attic") == [(1,)]
    reverted(project)
    assert read(place, "SELECT id, name, note FROM player ORDER BY id") == before and project.attic() == ()


FOREIGN = {
    "a column": "drop_column('player', 'note')",
    "a type": "alter_column_type('player', 'note', CharField(9), cast='left(note, 1)')",
    "a table": "drop_table('player')",
    "a fill": "backfill('player', {'note': 'filled'})",
    "a fill that commits": "backfill('player', {'note': 'filled'}, commit=True)",
    "a default": "apply_default('player', 'note', TextField(default='filled'))",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_table_is_refused_by_the_operation(place: Place, tmp_path: Path, what: str) -> None:
    """It can't be locked, and nobody tries to."""
    require_extension(place.database, "file_fdw")
    place.run("CREATE EXTENSION file_fdw")
    place.run("CREATE SERVER files FOREIGN DATA WRAPPER file_fdw")
    (tmp_path / "player.csv").write_text("1,one\n2,two\n")
    options = f"OPTIONS (filename '{tmp_path / 'player.csv'}', format 'csv')"
    place.run(f"CREATE FOREIGN TABLE player (id INTEGER, note TEXT) SERVER files {options}")
    place.database.commit()
    project = place.project(tmp_path, {"change": migration(f"migrate(migrator.{FOREIGN[what]})", "pass")})
    with pytest.raises(MigrationFailed, match=r"can't be changed by an operation|Use DROP FOREIGN TABLE"):
        project.apply()
