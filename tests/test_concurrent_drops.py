"""An index that is dropped concurrently is gone before the history says so: a run behind a kill knows of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from kill_grounds import Ground, write_case
from killing import program
from projects import HEAD, config_of, open_project, run_cli
from server_projects import account, place_on

from pwmig.errors import MigrationFailed, PlanError, PwmigError
from pwmig.project import Project

pytestmark = pytest.mark.postgres

NAME = "20250101_000000_change"
DROP = 'migrate(migrator.drop_index("player", "by%level", concurrently=True))'
MAKE = 'migrate(migrator.add_index("player", ("level",), concurrently=True, name="by%level"))'
ROW = "database.execute_sql('INSERT INTO player (id) VALUES (100)')"
RAISE = "raise ZeroDivisionError('once')"
STATEMENT = 'CREATE INDEX "by%level" ON public.player USING btree (level)'
NOTED = (NAME, "forward", '"public"."by%level"', STATEMENT)


@pytest.fixture
def players(postgres: Any) -> Any:
    postgres.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT)")
    postgres.execute_sql('CREATE INDEX "by%%level" ON player (level)')
    return postgres


def change(*forward: str, backward: str = MAKE) -> str:
    there, back = (f"def migrate_{way}():\n" for way in ("forward", "backward"))
    return f"{HEAD}{there}" + "".join(f"    {line}\n" for line in forward) + f"\n\n{back}    {backward}\n"


def project_of(root: Path, database: Any, *forward: str, backward: str = MAKE, **more: str) -> Project:
    texts = {"change": change(*forward, backward=backward), **more}
    return open_project(root / "project", texts, config=config_of(database))


def stopped(root: Path, database: Any, *forward: str) -> Project:
    """A project whose first run has stopped behind its drop."""
    project = project_of(root, database, *(forward or (DROP, ROW, RAISE)))
    with pytest.raises(MigrationFailed) as failed:
        project.apply()
    assert "goes on from there" in failed.value.way_out
    assert (indexes(database), rows(database), notes(database)) == ([], [], [NOTED])
    return project


def indexes(database: Any) -> list[str]:
    sql = "SELECT indexname FROM pg_indexes WHERE tablename = 'player' AND indexname <> 'player_pkey' ORDER BY 1"
    return [name for (name,) in database.execute_sql(sql).fetchall()]


def rows(database: Any) -> list[Any]:
    return list(database.execute_sql("SELECT id FROM player ORDER BY 1").fetchall())


def notes(database: Any) -> list[Any]:
    if not is_noting(database):
        return []
    sql = "SELECT migration, direction, object, statement FROM pwmig_journal ORDER BY id"
    return list(database.execute_sql(sql).fetchall())


def is_noting(database: Any) -> bool:
    return bool(database.execute_sql("SELECT to_regclass('pwmig_journal')").fetchone()[0])


def make_again(database: Any) -> None:
    database.execute_sql(STATEMENT.replace("%", "%%"))


def test_a_run_behind_one_that_stopped_takes_the_index_as_dropped(tmp_path: Path, players: Any) -> None:
    stopped(tmp_path, players)
    project = project_of(tmp_path, players, DROP, ROW)  # It was mended, as it has to be.
    run = project.apply()
    assert (indexes(players), rows(players), notes(players)) == ([], [(100,)], [])
    assert not any("DROP INDEX" in statement.sql for statement in run.steps[0].statements)
    project.revert()
    assert (indexes(players), notes(players)) == (["by%level"], [])


def test_the_same_on_the_way_back_and_several_of_them(tmp_path: Path, players: Any) -> None:
    more = 'migrate(migrator.drop_index("player", "by_name", concurrently=True))'
    project = project_of(tmp_path, players, ROW, backward=f"{DROP}\n    {more}\n    {RAISE}")
    players.execute_sql("CREATE INDEX by_name ON player (name)")
    project.apply()
    with pytest.raises(MigrationFailed):
        project.revert()
    assert [(way, name) for _, way, name, _ in notes(players)] == [
        ("backward", '"public"."by%level"'), ("backward", '"public"."by_name"'),
    ]  # fmt: skip
    project = project_of(tmp_path, players, ROW, backward=f"{DROP}\n    {more}")
    project.revert(allow=["changed"])
    assert (indexes(players), notes(players), project.applied()) == ([], [], ())


def test_an_index_that_was_begun_to_be_dropped_is_dropped_by_the_next_run(tmp_path: Path, players: Any) -> None:
    """As PostgreSQL leaves it: https://www.postgresql.org/docs/current/sql-dropindex.html"""
    stopped(tmp_path, players)
    make_again(players)
    states = "indisvalid = false, indisready = false, indislive = false"
    players.execute_sql(f"UPDATE pg_index SET {states} WHERE indexrelid = '\"by%%level\"'::regclass")
    project_of(tmp_path, players, DROP, ROW).apply()
    assert (indexes(players), rows(players), notes(players)) == ([], [(100,)], [])


def test_no_other_migration_and_no_other_direction_finds_it(tmp_path: Path, players: Any) -> None:
    stopped(tmp_path, players)
    other = open_project(tmp_path / "other", {"other": change(DROP)}, config=config_of(players))
    with pytest.raises(MigrationFailed, match="has no index 'by%level'"):
        other.apply()
    players.execute_sql("UPDATE pwmig_journal SET direction = 'backward'")
    project = project_of(tmp_path, players, DROP, ROW)
    with pytest.raises(MigrationFailed, match="has no index 'by%level'"):
        project.apply()
    players.execute_sql("UPDATE pwmig_journal SET direction = 'forward', history = 'another'")
    with pytest.raises(MigrationFailed, match="has no index 'by%level'"):
        project.apply()
    assert len(notes(players)) == 1, "what is noted of others is theirs"


def test_an_index_is_dropped_once(tmp_path: Path, players: Any) -> None:
    for more in ("", "the run that goes on says so too"):
        with pytest.raises(MigrationFailed, match="has no index 'by%level'"):
            project_of(tmp_path, players, DROP, DROP).apply()
        assert notes(players) == [NOTED], more


def test_nobody_sees_the_notes_and_no_run_that_needs_none_makes_them(tmp_path: Path, players: Any) -> None:
    config = config_of(players)
    make = 'migrate(migrator.add_index("player", ("name",), name="by_name"))'
    open_project(tmp_path / "first", {"first": change(make, ROW, backward="pass")}, config=config).apply()
    assert not is_noting(players)
    players.execute_sql("TRUNCATE player; DROP INDEX by_name; DROP TABLE pwmig_history")
    project = project_of(tmp_path, players, DROP, ROW)
    before = project.schema()
    project.rehearse()
    assert not is_noting(players), "a rehearsal's are in its copy"
    project.apply()
    assert is_noting(players)
    project.revert()
    assert project.schema() == before


def test_a_rehearsal_goes_on_from_there_too(tmp_path: Path, players: Any) -> None:
    stopped(tmp_path, players)
    project = project_of(tmp_path, players, DROP, ROW)
    run = project.rehearse()
    assert run.row_changes and notes(players) == [NOTED]


@pytest.mark.parametrize("how", ["fake", "applied"])
def test_what_is_recorded_needs_no_notes(tmp_path: Path, players: Any, how: str) -> None:
    project = stopped(tmp_path, players)
    run = project.apply(fake=True) if how == "fake" else project.resolve(NAME, how=how)
    assert [step.outcome for step in run.steps] == ["faked"]
    assert (len(project.applied()), notes(players)) == (1, [])


def test_a_drop_that_was_taken_back_by_hand_is_recorded_where_it_was(tmp_path: Path, players: Any) -> None:
    project = stopped(tmp_path, players)
    with pytest.raises(PlanError, match="is not reverted as far as the database tells") as refused:
        project.resolve(NAME, how="reverted")
    assert STATEMENT in refused.value.why
    for how in ("resume", "undo"):
        with pytest.raises(PlanError, match=f"--{how} is not how") as refused:
            project.resolve(NAME, how=how)
        assert "pwmig migrate goes on from there" in refused.value.way_out
    make_again(players)
    project.resolve(NAME, how="reverted")
    assert (project.applied(), notes(players)) == ((), [])
    with pytest.raises(PlanError, match="is reverted already"):
        project.resolve(NAME, how="reverted")


def test_one_whose_file_is_gone_is_ended_too(tmp_path: Path, players: Any) -> None:
    project = stopped(tmp_path, players)
    Path(project.migrations_folder, f"{NAME}.py").unlink()
    with pytest.raises(PlanError, match="is not reverted"):
        project.resolve(NAME, how="reverted")
    make_again(players)
    project.resolve(NAME, how="reverted")
    assert (project.applied(), notes(players)) == ((), [])


def test_a_migration_that_no_longer_drops_it_says_what_is_gone(tmp_path: Path, players: Any) -> None:
    stopped(tmp_path, players)
    root = project_of(tmp_path, players, ROW).root
    told = run_cli(root, "migrate")
    assert told.returncode == 0
    assert "note: 20250101_000000_change: not by this run" in told.stderr + told.stdout
    assert STATEMENT in told.stderr + told.stdout
    assert notes(players) == []


@pytest.mark.parametrize(
    ("lock", "left"),
    [
        ("LOCK TABLE player IN SHARE UPDATE EXCLUSIVE MODE", []),
        ("INSERT INTO player (id) VALUES (1)", [NOTED]),
    ],
    ids=["before it has begun", "in its midst"],
)
def test_a_drop_that_fails_leaves_no_note_but_of_what_stays(
    tmp_path: Path, players: Any, lock: str, left: list[Any]
) -> None:
    project = project_of(tmp_path, players, DROP.replace("migrate(", "migrate(migrator.lock_timeout(0.1, retries=0), "))
    other = type(players)(players.database, **players.connect_params)
    with other.connection_context(), other.atomic():
        other.execute_sql(lock)
        with pytest.raises(MigrationFailed, match="not got within"):
            project.apply()
        assert (indexes(players), notes(players), is_valid(players)) == (["by%level"], left, not left)
    project.apply()
    assert (indexes(players), notes(players)) == ([], [])


def test_an_account_that_may_make_no_table_goes_on_without(tmp_path: Path, postgres_server: Any) -> None:
    with place_on(postgres_server) as place:
        place.run("CREATE TABLE player (id INTEGER PRIMARY KEY, level INT)")
        place.run('CREATE INDEX "by%level" ON player (level)')
        project_of(tmp_path / "first", place.database, "pass").apply(fake=True)
        place.run("DELETE FROM pwmig_history; REVOKE CREATE ON SCHEMA public FROM public")
        place.database.close()
        rights = (
            "GRANT SELECT, INSERT, UPDATE ON pwmig_history TO $user",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO $user",
            "ALTER TABLE player OWNER TO $user",
        )
        with account(place, *rights) as theirs:
            project_of(tmp_path, theirs, DROP).apply()
            with theirs.connection_context():
                assert (indexes(theirs), is_noting(theirs)) == ([], False)


# Killed for real, in its midst


CASE = change(DROP, "database.execute_sql('UPDATE player SET level = level + 1')")


@pytest.mark.parametrize("whose", ["program", "server"])
def test_killed_while_it_waits_for_a_writer(indexed_ground: Ground, tmp_path: Path, whose: str) -> None:
    root = write_case(indexed_ground, tmp_path / "project", {"change": CASE})
    run = lambda: program("postgres", root, ("migrate",), **indexed_ground.environment("base"))  # noqa: E731
    database, writer = indexed_ground.database("base"), indexed_ground.database("base")
    with database.connection_context():
        writer.connect()
        writer.execute_sql("BEGIN; UPDATE player SET name = 'b'")
        going = run()
        until = time.monotonic() + 30
        while is_valid(database):
            assert time.monotonic() < until and not going.ended, going.said
            time.sleep(0.01)
        if whose == "program":
            going.kill()
            assert going.wait().killed
            writer.execute_sql("COMMIT")
    if whose == "server":
        indexed_ground.kill()
        assert going.wait().code == 2
        indexed_ground.start()
        database, writer = indexed_ground.database("base"), indexed_ground.database("base")
    else:
        writer.close()
    with database.connection_context():
        assert [name for _, _, name, _ in notes(database)] == ['"public"."by%level"']
        ended = run().wait()
        assert ended.code == 0, ended.said
        levels = database.execute_sql("SELECT level FROM player").fetchall()
        assert (indexes(database), notes(database), levels) == ([], [], [(2,)])


def is_valid(database: Any) -> bool:
    sql = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('\"by%%level\"')"
    return database.execute_sql(sql).fetchone() == (True,)


def test_an_index_that_was_left_half_made_beside_it_is_made_anew(tmp_path: Path, players: Any) -> None:
    make = 'migrate(migrator.add_index("player", ("name",), True, concurrently=True, name="by_name"))'
    stopped_at = project_of(tmp_path, players, DROP, make, RAISE)
    with pytest.raises(PwmigError):
        stopped_at.apply()
    (working,) = indexes(players)
    players.execute_sql(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{working}'::regclass")
    project_of(tmp_path, players, DROP, make, ROW).apply()
    assert (indexes(players), rows(players), notes(players)) == (["by_name"], [(100,)], [])
