"""What is kept on PostgreSQL is what is lost, also where others write meanwhile."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from projects import write_project
from server_projects import Place, account, place
from test_attic import DROP_NAME, migration
from test_attic_servers import DROP_TABLE, player_project, read, reverted

from pwmig.errors import MigrationFailed
from pwmig.project import Project

__all__ = ["place"]

pytestmark = pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)

WAITS = "SELECT query_start FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def writer(place: Place, *statements: str, times: int = 1) -> Iterator[None]:
    """Another session, whose statements are done and committed as soon as somebody waits for it, or so many times one
    after the other, or at the end."""
    other, watch = (place.server.database(place.name).connection() for _ in range(2))
    watch.autocommit = True
    cursor, over = other.cursor(), threading.Event()
    cursor.execute("BEGIN")
    for sql in statements:
        cursor.execute(sql)

    def commit() -> None:
        waiters: set[Any] = set()
        looking = watch.cursor()
        while len(waiters) < times and not over.wait(0.01):
            looking.execute(WAITS)
            waiters |= set(looking.fetchall())
        cursor.execute("COMMIT")

    thread = threading.Thread(target=commit)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        other.close()
        watch.close()


NARROW = migration(
    "migrate(migrator.alter_column_type('player', 'name', CharField(1, null=True), cast='left(name, 1)'))",
    "migrate(migrator.alter_column_type('player', 'name', CharField(80, null=True)))",
)
FILL = migration("migrate(migrator.backfill('player', {'note': 'filled'}))", "pass")
FILL_ALL = migration("migrate(migrator.apply_default('player', 'note', CharField(80, default='filled')))", "pass")
CASCADE = DROP_TABLE.replace("drop_table('player')", "drop_table('player', cascade=True)")

TAKEN = {
    "a column": DROP_NAME,
    "a type": NARROW,
    "a table, moved": DROP_TABLE,
    "a table, copied": CASCADE,
    "what is empty, filled": FILL,
    "everything, filled": FILL_ALL,
}
WRITTEN = (
    "UPDATE player SET name = 'new1', note = 'b' WHERE id = 2",
    "INSERT INTO player (id, name, note) VALUES (9, 'nine', 'i')",
    "DELETE FROM player WHERE id = 3",
)
ALL = "SELECT id, name, note FROM player ORDER BY id"


def project_of(place: Place, root: Path, source: str, **options: Any) -> Project:
    project = player_project(place, root, source, "club_id INTEGER", **options)
    place.run("CREATE VIEW seen AS SELECT id FROM player") if "cascade" in source else None
    place.database.commit()
    return project


@pytest.mark.parametrize("what", TAKEN)
def test_what_another_session_commits_while_a_run_waits_for_it_comes_back(
    place: Place, tmp_path: Path, what: str
) -> None:
    project = project_of(place, tmp_path, TAKEN[what])
    with writer(place, *WRITTEN):
        project.apply()
    project.revert()
    assert read(place, ALL) == [(1, "one", "a"), (2, "new1", "b"), (9, "nine", "i")]


@pytest.mark.parametrize("what", TAKEN)
def test_a_table_that_another_session_fills_for_the_first_time(place: Place, tmp_path: Path, what: str) -> None:
    project = project_of(place, tmp_path, TAKEN[what], rows="SELECT 1")
    with writer(place, WRITTEN[1]):
        project.apply()
    project.revert()
    assert read(place, ALL) == [(9, "nine", "i")]


LEVELS = ("repeatable read", "serializable")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("written", WRITTEN, ids=["changed", "new", "gone"])
def test_a_transaction_that_reads_rows_as_they_were_keeps_none_that_are_others_by_now(
    place: Place, tmp_path: Path, written: str, level: str
) -> None:
    project = project_of(place, tmp_path, DROP_NAME)
    place.run(f"ALTER DATABASE {place.name} SET default_transaction_isolation = '{level}'")
    place.database.commit()
    with writer(place, written), pytest.raises(MigrationFailed, match="have changed since the migration began"):
        project.apply()
    before = read(place, ALL)
    project.database.close()
    project.apply()
    project.revert()
    assert read(place, ALL) == before


@pytest.mark.parametrize("what", TAKEN)
def test_who_writes_is_named_where_a_run_does_not_wait_for_it(place: Place, tmp_path: Path, what: str) -> None:
    patient = TAKEN[what].replace("migrate(migrator.", "migrate(migrator.lock_timeout(0.1, 2, 0.01), migrator.", 1)
    project = project_of(place, tmp_path, patient)
    other = place.server.database(place.name).connection()
    other.cursor().execute("BEGIN")
    other.cursor().execute(WRITTEN[0])
    with pytest.raises(MigrationFailed, match=r"not got within 0\.1 s, in 3 tries(.|\n)*RowExclusiveLock on player"):
        project.apply()
    other.cursor().execute("COMMIT")
    other.close()
    project.apply()
    project.revert()
    assert (2, "new1", "b") in read(place, ALL)


@pytest.mark.parametrize("by_hand", [False, True], ids=["by a run", "by hand"])
def test_what_another_session_writes_while_values_are_put_back_stays(
    place: Place, tmp_path: Path, by_hand: bool
) -> None:
    project = project_of(place, tmp_path, FILL_ALL)
    project.apply()
    with writer(place, "UPDATE player SET note = 'newer' WHERE id = 2"):
        project.restore("change") if by_hand else project.revert()
    assert read(place, ALL) == [(1, "one", "a"), (2, "two", "newer"), (3, "", "c")]


PATIENT = "migrator.lock_timeout(0.2, 50, 0.01), "


@pytest.mark.parametrize("before", [True, False], ids=["what is before", "what is behind"])
def test_operations_that_are_tried_again_keep_each_thing_once(place: Place, tmp_path: Path, before: bool) -> None:
    """What was kept by a try that failed went with it, and what the batch kept before its first try stays."""
    goal = (
        "migrator.drop_column('goal', 'note'), "
        "migrator.apply_default('goal', 'minute', IntegerField(default=0)), "
        "migrator.drop_table('gone'), "
    )
    patient = goal + PATIENT if before else PATIENT + goal
    source = migration(
        f"migrate({patient}migrator.drop_column('player', 'name'))",
        f"migrate({PATIENT}migrator.add_column('goal', 'note', CharField(9)), migrator.create_table('gone', "
        "{'id': IntegerField(primary_key=True)}), migrator.add_column('player', 'name', CharField(9)))",
    )
    project = project_of(place, tmp_path, source)
    place.run("CREATE TABLE goal (id INTEGER PRIMARY KEY, minute INTEGER, note VARCHAR(9))")
    place.run("INSERT INTO goal VALUES (1, 9, 'a')")
    place.run("CREATE TABLE gone AS SELECT 7 AS id")
    place.database.commit()
    with writer(place, WRITTEN[0], times=2):
        run = project.apply()
    wanted = {("goal", "note", 1), ("goal", "minute", 1), ("gone", None, 1), ("player", "name", 3)}
    assert {(kept.table, kept.column, kept.row_count) for kept in run.steps[0].kept} == wanted
    assert len(run.steps[0].kept) == len(project.attic()) == 4
    with writer(place, "SELECT 1 FROM player", times=2):
        assert sorted(done.table for done in reverted(project)) == ["goal", "goal", "gone", "player"]
    assert read(place, "SELECT id, minute, note FROM goal") == [(1, 9, "a")]
    assert read(place, "SELECT id, name FROM player ORDER BY id") == [(1, "one"), (2, "new1"), (3, "")]
    assert read(place, "SELECT id FROM gone") == [(7,)] and project.attic() == ()


def test_who_may_not_lock_is_told_what_would_let_it(place: Place, tmp_path: Path) -> None:
    project_of(place, tmp_path, FILL)
    rights = ("ALL ON SCHEMA public", "SELECT ON player", "UPDATE (note) ON player", "ALL ON pwmig_history")
    with account(place, *(f"GRANT {right} TO $user" for right in rights)) as database:
        place.database.commit()
        user = database.connect_params["user"]
        config = place.config.replace('{"database"', f'{{"user": {user!r}, "database"')
        write_project(tmp_path / "poor", {}, config=config)
        shutil.copytree(tmp_path / "db" / "migrations", tmp_path / "poor" / "db" / "migrations", dirs_exist_ok=True)
        with pytest.raises(MigrationFailed, match="GRANT UPDATE ON player"):
            Project.open(tmp_path / "poor").apply()
