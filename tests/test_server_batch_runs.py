"""Batches within migrations that the engine runs: what is recorded, watched, refused, and what is left after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import HEAD, states
from server_projects import Place, place

from pwmig.errors import MigrationFailed

__all__ = ["place"]


@pytest.fixture(autouse=True)
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def batch(*operations: str) -> str:
    """A migration of one batch, without a way back."""
    return f"{HEAD}def migrate_forward():\n    migrate({', '.join(operations)})\n"


CREATE = batch("""migrator.create_table("player", {
        "id": AutoField(), "a": IntegerField(null=True), "b": CharField(null=True), "c": IntegerField(null=True)})""")
ROWS = batch("""migrator.sql("INSERT INTO player (a, b, c) VALUES (1, 'x', 7), (2, 'y', 8)")""")
FIVE = batch(
    """migrator.add_column("player", "x", IntegerField(default=1))""",
    """migrator.alter_column_type("player", "a", BigIntegerField())""",
    """migrator.rename_column("player", "b", "name")""",
    """migrator.add_not_null("player", "a")""",
    """migrator.drop_column("player", "c", attic=False)""",  # What is kept is read when all before it is done.
)


def test_a_run_tells_of_the_operations_and_of_the_statements_that_did_them(place: Place, tmp_path: Path) -> None:
    project = place.project(tmp_path, {"create": CREATE, "rows": ROWS, "five": FIVE})
    *_, step = project.apply().steps
    assert [text.partition("(")[0] for text in step.operations] == [
        "add_column", "alter_column_type", "rename_column", "add_not_null", "drop_column"
    ]  # fmt: skip
    alters = [statement.sql for statement in step.statements]
    # One takes the default away again, and PostgreSQL renames by one of its own.
    assert len(alters) == (3 if place.kind == "postgres" else 2), alters
    assert [sql for sql in alters if not sql.startswith("ALTER TABLE")] == []
    assert sum("RENAME" in sql for sql in alters) == 1
    assert any("ADD COLUMN" in sql and "BIGINT" in sql.upper() for sql in alters)


def test_a_rehearsal_counts_the_rows_of_a_batch_with_a_rename_in_it(place: Place, tmp_path: Path) -> None:
    """The rename is heard of before the statement that does it and more."""
    five = batch(
        """migrator.alter_column_type("player", "a", BigIntegerField())""",
        """migrator.rename_column("player", "b", "name")""",
        """migrator.add_column("player", "x", IntegerField(null=True))""",
        """migrator.sql("UPDATE player SET name = 'z' WHERE a = 1")""",
    )
    project = place.project(tmp_path, {"create": CREATE, "rows": ROWS})
    project.apply()
    project = place.project(tmp_path, {"create": CREATE, "rows": ROWS, "five": five})
    run = project.rehearse()
    (count,) = [count for count in run.row_changes if count.table == "player"]
    assert (count.added, count.removed, count.altered) == (0, 0, 1)
    after = run.after.rows[0] if run.after.rows[0].table == "player" else run.after.rows[1]
    assert "name" in after.columns


def test_a_migration_waits_for_locks_no_longer_than_it_says(place: Place, tmp_path: Path) -> None:
    """And leaves the connection as it was; what was done before it in the migration is done again the next time."""
    late = batch(
        "migrator.lock_timeout(0.1, retries=1, pause=0.01)",
        """migrator.add_column("player", "x", IntegerField(default=1))""",
    )
    project = place.project(tmp_path, {"create": CREATE, "rows": ROWS})
    project.apply()
    place.database.begin()
    try:
        place.database.execute_sql("SELECT * FROM player").fetchall()
        project = place.project(tmp_path, {"create": CREATE, "rows": ROWS, "late": late})
        with pytest.raises(MigrationFailed, match=r"was not got within 0\.1 s, in 2 tries"):
            project.apply()
    finally:
        place.database.rollback()
    project = place.project(tmp_path, {"create": CREATE, "rows": ROWS, "late": late})
    project.apply()
    assert states(project)["late"] == "applied"
