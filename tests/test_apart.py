"""What commits by itself within a run: a stop leaves what it says, the next run goes on, and the way back is whole."""

from __future__ import annotations

from types import SimpleNamespace

import peewee
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import Check
from projects import HEAD, config_of, open_project, run_cli

from pwmig import Migrator
from pwmig.dialects import backfilling, dialect_of, migrate
from pwmig.dialects.server.operations import patience
from pwmig.errors import MigrationFailed

FILL = """
def migrate_forward():
    migrate(migrator.backfill("player", {"level": SQL("id * 10")}, batch_size=3, commit=True))
    migrate(migrator.add_not_null("player", "level"))


def migrate_backward():
    migrate(migrator.drop_not_null("player", "level"))
"""


class Stopped(BaseException):
    """As a KeyboardInterrupt: nothing that means errors catches it."""


def _stop_at(done):
    def stop(event):
        if event.kind == "rows" and event.done == done:
            raise Stopped

    return stop


def _run(database, *statements):
    for statement in statements:
        database.execute_sql(statement)


def _rows(database):
    return [tuple(row) for row in database.execute_sql("SELECT id, name, level FROM player ORDER BY id").fetchall()]


def _kept(database):
    """The attic, and its tables."""
    return sorted(name for name in database.get_tables() if name.startswith("pwmig_attic"))


def _filled(database):
    _run(
        database,
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT)",
        "INSERT INTO player VALUES " + ", ".join(f"({n}, 'p{n}', {n if n % 2 else 'NULL'})" for n in range(1, 21)),
    )
    return database


@pytest.fixture
def database(any_database):
    return _filled(any_database)


@pytest.fixture
def served(server_database):
    return _filled(server_database)


def _project(tmp_path, database, **migrations):
    texts = {name: HEAD + text for name, text in migrations.items()}
    return open_project(tmp_path / "project", texts, config=config_of(database))


FILLED = [(n, f"p{n}", n if n % 2 else n * 10) for n in range(1, 21)]


@pytest.mark.parametrize("done", [3, 6, 9])
def test_a_stop_leaves_whole_batches_and_the_next_run_goes_on(tmp_path, database, done):
    project, before = _project(tmp_path, database, fill=FILL), _rows(database)
    with pytest.raises(MigrationFailed) as failed:
        project.apply(listener=_stop_at(done))
    assert "goes on from there" in failed.value.way_out or done == 3
    filled = [row for row, old in zip(_rows(database), before, strict=True) if row != old]
    assert filled == [row for row in FILLED if row[0] % 2 == 0][: done - 3], "what had not been committed is taken back"
    assert [status.state.value for status in project.status()] == ["pending"]
    project.apply()
    assert _rows(database) == FILLED
    run = project.revert()
    assert _rows(database) == before
    assert _kept(database) == []
    assert [(one.restored, one.changed, one.newer, one.gone) for one in run.steps[-1].restored] == [(10, 0, 0, 0)]


def test_each_batch_is_for_all_to_see_and_the_pause_holds_no_lock(tmp_path, database, monkeypatch):
    project = _project(tmp_path, database, fill=FILL.replace("commit", "pause=0.2, commit"))
    options = {} if dialect_of(database).name == "sqlite" else database.connect_params
    seen = []

    def meanwhile(seconds):
        mine = type(database)(database.database, **options)
        with mine.connection_context():
            mine.execute_sql(f"UPDATE player SET name = 'other {len(seen)}' WHERE id = 1")
            count = "SELECT count(*) FROM player WHERE level = id * 10"
            seen.append((seconds, mine.execute_sql(count).fetchone()[0]))

    monkeypatch.setattr(backfilling, "time", SimpleNamespace(sleep=meanwhile))
    project.apply()
    assert seen == [(0.2, 3), (0.2, 6), (0.2, 9)]
    assert _rows(database) == [(1, "other 2", 1), *FILLED[1:]]


def test_what_others_do_between_the_batches_and_after_a_stop_is_not_overwritten(tmp_path, database):
    project, before = _project(tmp_path, database, fill=FILL), _rows(database)
    with pytest.raises(MigrationFailed):
        project.apply(listener=_stop_at(6))
    _run(
        database,
        "UPDATE player SET level = 7 WHERE id = 2",  # It was filled.
        "UPDATE player SET level = 8 WHERE id = 20",  # It was to be.
        "INSERT INTO player VALUES (21, 'new', NULL)",
        "DELETE FROM player WHERE id IN (4, 18)",
    )
    project.apply()
    _run(database, "UPDATE player SET level = 9 WHERE id = 6")
    project.revert()
    expected = {row[0]: row for row in before if row[0] not in (4, 18)}
    expected |= {2: (2, "p2", 7), 6: (6, "p6", 9), 20: (20, "p20", 8), 21: (21, "new", None)}
    assert _rows(database) == sorted(expected.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_however_often_it_is_stopped_it_ends_as_if_it_had_not_been_and_can_be_taken_back(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("stops")
    cells = data.draw(st.lists(st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)), max_size=12))
    size, stops = data.draw(st.integers(1, 5)), data.draw(st.lists(st.integers(1, 4), max_size=3))
    database = peewee.SqliteDatabase(root / "any.sqlite")
    with database.connection_context():
        _run(database, "CREATE TABLE player (id INTEGER PRIMARY KEY, name INT, level INT)")
        for n, (name, level) in enumerate(cells):
            database.execute_sql("INSERT INTO player VALUES (?, ?, ?)", (n, name, level))
        fill = f'migrator.backfill("player", {{"level": 5, "name": SQL("id")}}, batch_size={size}, commit=True)'
        text = f"\n\ndef migrate_forward():\n    migrate({fill})\n\n\ndef migrate_backward():\n    pass\n"
        project, before = _project(root, database, fill=text), _rows(database)
        for at in stops:
            heard = []

            def stop(event, heard=heard, at=at):
                heard += [event] if event.kind == "rows" else []
                if len(heard) == at:
                    raise Stopped

            try:
                project.apply(listener=stop)
                break
            except MigrationFailed:
                pass
        project.apply()
        assert _rows(database) == [
            (n, n if name is None else name, 5 if level is None else level) for n, (name, level) in enumerate(cells)
        ]
        project.revert()
        assert _rows(database) == before
        assert _kept(database) == []


def test_a_rehearsal_of_it_leaves_the_database_as_it_was(tmp_path, database):
    project, before = _project(tmp_path, database, fill=FILL), _rows(database)
    run = project.rehearse()
    assert _rows(database) == before
    assert [(rows.table, rows.altered) for rows in run.row_changes] == [("player", 10)]
    assert _kept(database) == []


LATE = """
def migrate_forward():
    migrate(migrator.add_column("player", "rank", IntegerField(null=True)))
    migrate(%s)
"""
ALONE = {
    "behind another operation": LATE % 'migrator.backfill("player", {"rank": 1}, commit=True)',
    "behind a statement": LATE.replace("migrate(migrator.add_column", "database.execute_sql('DELETE FROM player') #")
    % 'migrator.backfill("player", {"level": 1}, commit=True)',
}


@pytest.mark.parametrize("case", ALONE)
def test_nothing_may_stand_before_it_that_would_be_committed_with_it(tmp_path, database, case):
    project, before = _project(tmp_path, database, late=ALONE[case]), _rows(database)
    with pytest.raises(MigrationFailed, match="can't come behind other statements") as failed:
        project.apply()
    assert "the first thing of its migration" in failed.value.way_out
    assert _rows(database) == before
    assert _kept(database) == []


def test_a_transaction_around_it_is_refused(tmp_path, database):
    text = """
def migrate_forward():
    with database.atomic():
        migrate(migrator.backfill("player", {"level": 1}, commit=True))
"""
    project, before = _project(tmp_path, database, around=text), _rows(database)
    with pytest.raises(MigrationFailed, match="commits as a whole") as failed:
        project.apply()
    assert "atomic" in failed.value.way_out
    assert _rows(database) == before


CALLED = """
def work(database):
    migrate(migrator.backfill("player", {"level": 5}, commit=True))


def migrate_forward():
    migrate(migrator.run_python(work))


def migrate_backward():
    pass
"""


def test_nothing_commits_by_itself_within_a_function_of_a_batch(tmp_path, database):
    project, before = _project(tmp_path, database, called=CALLED), _rows(database)
    with pytest.raises(MigrationFailed, match="commits as a whole"):
        project.apply()
    assert _rows(database) == before


def test_another_run_that_came_first_between_two_transactions_is_found(tmp_path, monkeypatch):
    """On SQLite, where the lock of a run is that of its transaction; on a server the other waits."""
    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    with database.connection_context():
        _run(database, "CREATE TABLE player (id INTEGER PRIMARY KEY, name INT, level INT)")
        _run(database, "INSERT INTO player (name) VALUES (1), (2), (3), (4)")
        project = _project(tmp_path, database, fill=FILL.replace("commit", "pause=1, commit"))
        others = []

        def meanwhile(seconds):
            others.append(run_cli(project.root, "migrate", "--fake"))

        monkeypatch.setattr(backfilling, "time", SimpleNamespace(sleep=meanwhile))
        run = project.apply()
        assert [other.returncode for other in others] == [0]
        assert [step.outcome for step in run.steps] == ["skipped"]
        assert [status.state.value for status in project.status()] == ["applied"]
        assert _rows(database) == [(1, 1, 10), (2, 2, 20), (3, 3, 30), (4, 4, None)], "its first batch, and no more"


# -- patience

PATIENT = FILL.replace("migrate(migrator.back", "migrate(migrator.lock_timeout(0.2, retries=2), migrator.back")


class _Other:
    """Another connection that holds the rows from a number on, until it lets go."""

    def __init__(self, database, first):
        self.database = type(database)(database.database, **database.connect_params)
        self.database.connect()
        self.database.begin()
        self.database.execute_sql(f"SELECT * FROM player WHERE id >= {first} FOR UPDATE").fetchall()

    def let_go(self):
        if not self.database.is_closed():
            self.database.rollback()
            self.database.close()


def test_a_fill_that_waits_for_rows_tries_again_and_goes_on_from_its_last_batch(tmp_path, served, monkeypatch):
    other, pauses, limits = _Other(served, 10), [], _limits(served)

    def pause(seconds):
        pauses.append((seconds, [row for row in _rows(served) if row[2] == row[0] * 10][-1][0]))
        other.let_go()

    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=pause))
    project = _project(tmp_path, served, fill=PATIENT)
    try:
        run = project.apply()
    finally:
        other.let_go()
    assert pauses == [(1, 6)]
    assert (_rows(served), _limits(served)) == (FILLED, limits)
    assert [operation[:8] for operation in run.steps[0].operations] == ["backfill", "add_not_"], "each once"
    (undone,) = project.revert().steps[-1].restored
    assert (undone.restored, undone.changed, undone.newer, undone.gone) == (10, 0, 0, 0)


def test_a_fill_that_never_gets_its_rows_says_who_has_them(tmp_path, served, monkeypatch):
    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=lambda seconds: None))
    other, before = _Other(served, 10), _rows(served)
    project = _project(tmp_path, served, fill=PATIENT)
    try:
        with pytest.raises(MigrationFailed, match=r"not got within 0\.2 s, in 3 tries") as failed:
            project.apply()
    finally:
        other.let_go()
    assert "process" in failed.value.why or "connection" in failed.value.why
    filled = [row[0] for row, old in zip(_rows(served), before, strict=True) if row != old]
    assert filled == [2, 4, 6], "the first batch"
    project.apply()
    assert _rows(served) == FILLED


def _limits(database):
    if dialect_of(database).name == "postgresql":
        return database.execute_sql("SELECT current_setting('lock_timeout')").fetchone()
    return database.execute_sql("SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout").fetchone()


# -- what is caught, and what others do meanwhile

CAUGHT = """
def migrate_forward():
    try:
        migrate(migrator.backfill("player", {"level": SQL("id * 10")}, %s, batch_size=4, commit=True))
    except Exception as error:
        print("caught", type(error).__name__)
    database.execute_sql("INSERT INTO player VALUES (99, 'later', 1)")


def migrate_backward():
    pass
"""
NOTING = {
    "sqlite": ("CREATE TRIGGER noting AFTER UPDATE ON player BEGIN INSERT INTO note VALUES (new.id); END",),
    "postgresql": (
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO note VALUES (NEW.id); RETURN NEW; END$$",
        "CREATE TRIGGER noting AFTER UPDATE ON player FOR EACH ROW EXECUTE FUNCTION noted()",
    ),
    "mysql": (),
}


@pytest.mark.parametrize("where", ['"level IS NULL OR level > 0"', '"level IS NULL"'], ids=["refused", "a check"])
def test_a_batch_that_fails_and_is_caught_leaves_nothing_of_itself(tmp_path, database, where, capsys):
    _run(database, "DELETE FROM player WHERE id > 12", "CREATE TABLE note (id INT)")
    _run(database, *NOTING[dialect_of(database).name])
    if "OR" not in where:
        migrator = Migrator.from_database(database)
        migrate(migrator.add_constraint("player", "small", Check("level < 100")))
    schema, before = dialect_of(database).introspect(database).table("player"), _rows(database)
    project = _project(tmp_path, database, caught=CAUGHT % where)
    project.apply()
    assert "caught" in capsys.readouterr().out
    assert dialect_of(database).introspect(database).table("player") == schema
    filled = {2: 20, 4: 40, 6: 60, 8: 80} if "OR" not in where else {}
    later = (99, "later", 1)
    assert _rows(database) == [*((i, name, filled.get(i, level)) for i, name, level in before), later]
    project.revert()
    assert _rows(database) == [*before, later], "the first batch was committed, and what it took was kept"
    assert _kept(database) == []


ALONE_FILLED = """
def migrate_forward():
    migrate(migrator.backfill("player", {"level": %s}, %s))


def migrate_backward():
    pass
"""


def test_a_condition_may_name_the_table(tmp_path, database):
    """Also where the attic keeps what the rows hold that it means."""
    _run(database, "CREATE TABLE score (pid INT, points INT)", "INSERT INTO score VALUES (2, 5), (4, 6)")
    where = '"player.level IS NULL AND EXISTS (SELECT 1 FROM score WHERE score.pid = player.id)", commit=True'
    project, before = _project(tmp_path, database, fill=ALONE_FILLED % ("5", where)), _rows(database)
    project.apply()
    assert [row for row, old in zip(_rows(database), before, strict=True) if row != old] == [(2, "p2", 5), (4, "p4", 5)]
    project.revert()
    assert _rows(database) == before


def _three(database, check=""):
    _run(
        database,
        f"CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT {check})",
        "INSERT INTO player VALUES (1, 'p1', NULL), (2, 'p2', NULL), (3, 'p3', NULL)",
    )


def _levels(database):
    return [level for _, _, level in _rows(database)]


@pytest.mark.parametrize("commit", [True, False])
def test_nobody_changes_a_row_between_its_keeping_and_its_filling(tmp_path, server_database, monkeypatch, commit):
    database = server_database
    is_postgres = dialect_of(database).name == "postgresql"
    _three(database)
    project = _project(tmp_path, database, fill=ALONE_FILLED % ('SQL("id")', f"commit={commit}"))
    blocked, update = [], backfilling.Filler.update

    def meanwhile(filler, after, upto):
        other = type(database)(database.database, **database.connect_params)
        with other.connection_context():
            patience = "lock_timeout = '200ms'" if is_postgres else "SESSION innodb_lock_wait_timeout = 1"
            other.execute_sql(f"SET {patience}")
            try:
                other.execute_sql("UPDATE player SET level = 7 WHERE id = 3")
            except peewee.DatabaseError:
                blocked.append(3)
        update(filler, after, upto)

    monkeypatch.setattr(backfilling.Filler, "update", meanwhile)
    project.apply()
    assert blocked == [3]
    project.revert()
    assert _levels(database) == [None, None, None]


@pytest.mark.postgres
def test_rows_that_come_behind_a_filled_batch_are_not_taken_for_rows_that_stay_meant(tmp_path, postgres, monkeypatch):
    """On MariaDB the gap behind the last row is held."""
    _three(postgres)
    project = _project(tmp_path, postgres, fill=ALONE_FILLED % ('SQL("id")', "commit=True"))
    update = backfilling.Filler.update

    def meanwhile(filler, after, upto):
        update(filler, after, upto)
        other = type(postgres)(postgres.database, **postgres.connect_params)
        with other.connection_context():
            other.execute_sql("INSERT INTO player VALUES (10, 'new', NULL)")

    monkeypatch.setattr(backfilling.Filler, "update", meanwhile)
    project.apply()
    assert _levels(postgres) == [1, 2, 3, None]


@pytest.mark.mariadb
def test_a_batch_that_failed_can_be_tried_again_on_the_same_connection(tmp_path, mariadb):
    _three(mariadb, "CHECK (level < 25)")
    with pytest.raises(MigrationFailed):
        _project(tmp_path, mariadb, fill=ALONE_FILLED % ('SQL("id * 10")', "commit=True")).apply()
    project = _project(tmp_path, mariadb, fill=ALONE_FILLED % ('SQL("id")', "commit=True"))
    project.apply()
    assert _levels(mariadb) == [1, 2, 3]
    project.revert()
    assert _levels(mariadb) == [None, None, None]
    assert _kept(mariadb) == []


@pytest.mark.parametrize("operation", ["backfill", "drop_column"])
def test_the_attic_forgets_what_a_batch_kept_that_failed_and_was_caught(tmp_path, operation):
    """On a database that takes it back."""
    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    asked = {
        "backfill": 'migrator.backfill("player", {"level": 200})',
        "drop_column": 'migrator.drop_column("player", "level"), migrator.drop_column("player", "nothing")',
    }[operation]
    text = f"""
def migrate_forward():
    try:
        migrate({asked})
    except Exception:
        pass
    migrate(migrator.drop_column("player", "name"))


def migrate_backward():
    migrate(migrator.add_column("player", "name", IntegerField(null=True)))
"""
    with database.connection_context():
        _run(database, "CREATE TABLE player (id INTEGER PRIMARY KEY, name INT, level INT CHECK (level < 100))")
        _run(database, "INSERT INTO player VALUES (1, 1, NULL), (2, 2, 3)")
        project, before = _project(tmp_path, database, caught=text), _rows(database)
        run = project.apply()
        assert [(one.table, one.column) for one in run.steps[0].kept] == [("player", "name")]
        project.revert()
        assert _rows(database) == before
        assert _kept(database) == []


OTHER = """
from peewee import SqliteDatabase
from pwmig import Migrator

other = SqliteDatabase(%r)


def migrate_forward():
    migrate(Migrator.from_database(other).drop_column("player", "level"))


def migrate_backward():
    migrate(Migrator.from_database(other).add_column("player", "level", IntegerField(null=True)))
"""


def test_the_attic_hears_of_its_own_database_only(tmp_path, database):
    """A table of the same name elsewhere is not the project's."""
    other = peewee.SqliteDatabase(tmp_path / "other.sqlite")
    with other.connection_context():
        _run(other, "CREATE TABLE player (id INTEGER PRIMARY KEY, level INT)", "INSERT INTO player VALUES (1, 5)")
    project, before = _project(tmp_path, database, other=OTHER % str(other.database)), _rows(database)
    run = project.apply()
    assert run.steps[0].kept == ()
    assert _kept(database) == []
    _run(database, "UPDATE player SET level = NULL")
    project.revert()
    assert _levels(database) == [None] * len(before)


@pytest.mark.postgres
@pytest.mark.parametrize("operation", ['drop_column("player", "level")', 'backfill("player", {"level": 5})'])
def test_the_attic_has_its_place_wherever_a_search_path_leads(tmp_path, postgres, operation):
    _run(
        postgres,
        "CREATE SCHEMA aside",
        "CREATE TABLE aside.player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT)",
        "INSERT INTO aside.player VALUES (1, 'p1', NULL), (2, 'p2', 7)",
    )
    back = 'migrate(migrator.add_column("player", "level", IntegerField(null=True)))' if "drop" in operation else "pass"
    text = f"""
def migrate_forward():
    migrate(migrator.set_search_path("aside"))
    migrate(migrator.{operation})
    database.execute_sql("SET search_path TO public")


def migrate_backward():
    migrate(migrator.set_search_path("aside"))
    {back}
    database.execute_sql("SET search_path TO public")
"""
    project = _project(tmp_path, postgres, path=text)
    project.apply()
    assert [entry.table for entry in project.attic()] == ["aside.player"]
    project.revert()
    rows = postgres.execute_sql("SELECT id, level FROM aside.player ORDER BY id").fetchall()
    assert rows == [(1, None), (2, 7)]
    assert postgres.get_tables(schema="aside") == ["player"]
