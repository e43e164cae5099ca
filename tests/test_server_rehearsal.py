"""A rehearsal on a server runs on a scratch database, and leaves the real one, and no other trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import HEAD, open_project, run_cli, sql_migration, states
from server_projects import Place, place, place_on

from pwmig.errors import Cancelled, MigrationFailed, RehearsalRefused
from pwmig.plan import Event
from pwmig.worker import Worker

__all__ = ["place"]

FORWARD = HEAD + "def migrate_forward():\n"

WAYS = {
    "module-level database": "    database.execute_sql(\"INSERT INTO player (name) VALUES ('new')\")\n",
    "migrator": "    migrate(migrator.add_column('player', 'level', IntegerField(null=True)))\n",
    "raw cursor": "    database.connection().cursor().execute('DELETE FROM player')\n",
    "a database object of its own": (
        "    import copy\n    other = type(database)(database.database, **database.connect_params)\n"
        "    database.execute_sql(\"UPDATE player SET name = 'x'\")\n"
        "    assert other.execute_sql('SELECT count(*) FROM player').fetchone()[0] == 3\n    other.close()\n"
    ),
    "a nested transaction": (
        "    with database.atomic():\n        database.execute_sql(\"UPDATE player SET name = 'x'\")\n"
    ),
    "a table dropped": "    database.execute_sql('DROP TABLE player')\n",
    "another database object left open": (
        "    other = type(database)(database.database, **database.connect_params)\n"
        "    other.execute_sql(\"INSERT INTO player (name) VALUES ('other')\")\n"
    ),
}


@pytest.fixture(autouse=True)
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def three_players(place: Place, root: Path, migrations: dict[str, str]) -> object:
    project = place.project(root, {"create": place.create("player")} | migrations)
    project.apply(to="create")
    place.run("INSERT INTO player (name) VALUES ('Tal'), ('Polgár'), (NULL)")
    return project


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_migration_reaches_through_peewee_is_the_copy(place: Place, tmp_path: Path, way: str) -> None:
    project = three_players(place, tmp_path, {"touch": FORWARD + WAYS[way]})
    before, databases = place.state(), place.scratches()
    rehearsal = project.rehearse()
    assert [step.outcome for step in rehearsal.steps] == ["applied"]
    assert place.state() == before
    assert place.scratches() == databases
    assert states(project) == {"create": "applied", "touch": "pending"}
    assert project.database.is_closed()
    applied = project.apply(watch=True)
    assert applied.changes == rehearsal.changes
    if way != "another database object left open":  # There the rows are another transaction's.
        assert [rows.rows for rows in applied.after.rows] == [rows.rows for rows in rehearsal.after.rows]
        assert applied.row_changes == rehearsal.row_changes


def test_open_connections_and_pools_are_given_back(place: Place, tmp_path: Path) -> None:
    project = three_players(place, tmp_path, {"touch": FORWARD + WAYS["migrator"]})
    pooled = "playhouse.pool.Pooled" + ("PostgresqlDatabase" if place.transactional else "MySQLDatabase")
    module, name = pooled.rpartition(".")[::2]
    kind = getattr(__import__(module, fromlist=[name]), name)
    pool = kind(
        place.name, **place.database.connect_params, **({"prefer_psycopg3": True} if place.transactional else {})
    )
    with pool.connection_context():
        pool.execute_sql("SELECT 1")
    idle = [entry[2] for entry in pool._connections]
    project.database.connect()
    connection = project.database.connection()
    project.rehearse()
    assert project.database.connection() is connection
    assert [entry[2] for entry in pool._connections] == idle
    assert [column.name for column in project.database.get_columns("player")] == ["id", "name"]
    project.database.close()
    pool.close_all()


def test_what_a_rehearsal_takes_away_is_counted(place: Place, tmp_path: Path) -> None:
    lines = (
        "    database.execute_sql(\"DELETE FROM player WHERE name = 'Tal'\")\n"
        "    migrate(migrator.drop_column('player', 'name'))\n    database.execute_sql('DROP TABLE gone')\n"
    )
    project = three_players(place, tmp_path, {"touch": FORWARD + lines})
    place.run("CREATE TABLE gone (a INTEGER)")
    place.run("INSERT INTO gone VALUES (1), (2)")
    run = project.rehearse()
    assert {str(loss) for loss in run.losses} == {
        "1 row of player",
        "2 rows of gone",
        "the values of player.name in 2 rows",
    }


WRITES = {
    "a table made": "CREATE TABLE meanwhile (a INTEGER)",
    "rows added": "INSERT INTO player (name) VALUES ('Hou')",
    "rows altered": "UPDATE player SET name = 'Hou'",
    "rows deleted": "DELETE FROM player",
}


@pytest.mark.parametrize("sql", WRITES.values(), ids=WRITES)
def test_a_write_to_the_original_meanwhile_is_told(place: Place, tmp_path: Path, sql: str) -> None:
    project = three_players(place, tmp_path, {"touch": FORWARD + WAYS["migrator"]})
    original = place.database.connection()
    time.sleep(1.1)  # The server tells the second of a write.
    assert project.rehearse().original_changed is False

    def write(event: Event) -> None:
        if event.kind == "step-done":
            original.cursor().execute(sql)
            time.sleep(1.1)
            original.cursor().execute("SELECT 1")

    assert project.rehearse(listener=write).original_changed is True


DRIVERS = {
    "postgres": (
        "    driver = __import__(type(database.connection()).__module__.partition('.')[0])\n"
        "    driver.connect(dbname={name!r}, host={host!r}, user='postgres')\n"
    ),
    "mariadb": (
        "    from pymysql import connect\n"
        "    connect(database={name!r}, unix_socket={host!r}, user='root', ssl_disabled=True)\n"
    ),
}


def test_a_connection_past_peewee_is_refused(place: Place, tmp_path: Path) -> None:
    host = place.database.connect_params["host" if place.transactional else "unix_socket"]
    source = FORWARD + DRIVERS[place.kind].format(name=place.name, host=host)
    project = three_players(place, tmp_path, {"touch": source})
    with pytest.raises(MigrationFailed, match="the migration opened a connection by itself"):
        project.rehearse()
    assert [step.outcome for step in project.apply().steps] == ["applied"]


REFUSED = {
    "postgres": {
        "another database": (
            "    other = type(database)('postgres', **database.connect_params)\n    other.connect()\n",
            RehearsalRefused,
        ),
    },
    "mariadb": {
        "another database": (
            "    other = type(database)('mysql', **database.connect_params)\n    other.connect()\n",
            RehearsalRefused,
        ),
        "the live name": ("    database.execute_sql('DELETE FROM {name}.player')\n", MigrationFailed),
        "the live name, quoted": ("    database.execute_sql('DELETE FROM `{name}`.`player`')\n", MigrationFailed),
        "USE": ("    database.execute_sql('USE {name}')\n", MigrationFailed),
        "a raw cursor": ("    database.connection().cursor().execute('DELETE FROM {name}.player')\n", MigrationFailed),
    },
}

SERVER_WIDE = {
    "postgres": (
        *(
            "CREATE ROLE mend",
            "create /* a */ user mend",
            "CREATE GROUP mend",
            "ALTER ROLE postgres SET work_mem = '5MB'",
        ),
        *(
            "DROP ROLE IF EXISTS mend",
            "ALTER SYSTEM SET work_mem = '5MB'",
            "CREATE DATABASE mend",
            "DROP DATABASE {name}",
        ),
        *("ALTER DATABASE {name} SET work_mem = '5MB'", "ALTER DATABASE {name} RENAME TO mend", "DROP TABLESPACE mend"),
        *("GRANT pg_monitor TO pg_signal_backend", "REVOKE pg_monitor FROM pg_signal_backend"),
        *(
            "GRANT CONNECT ON DATABASE {name} TO PUBLIC",
            "COMMENT ON DATABASE {name} IS 'x'",
            "SELECT 1; DROP ROLE mend",
        ),
        *("COMMENT ON ROLE postgres IS 'x'", "DO $$ BEGIN IF true THEN CREATE ROLE mend; END IF; END $$"),
        *("DO $$ BEGIN EXECUTE 'CREATE ' || 'ROLE mend'; END $$", "SELECT made_role()", "DROP OWNED BY mend"),
    ),
    "mariadb": (
        *("CREATE USER mend", "create /* a */ or replace user mend", "ALTER USER root@localhost ACCOUNT UNLOCK"),
        *("DROP USER IF EXISTS mend", "CREATE ROLE mend", "RENAME USER mend TO mended", "SET PASSWORD = PASSWORD('x')"),
        *("CREATE DATABASE mend", "DROP SCHEMA IF EXISTS mend", "ALTER DATABASE mend CHARACTER SET utf8mb4"),
        *("GRANT SELECT ON player TO mend", "REVOKE SELECT ON player FROM mend", "SET GLOBAL max_connections = 99"),
        *("SET @a = 1, @@global.max_connections = 99", "FLUSH PRIVILEGES", "INSTALL SONAME 'x'", "UNINSTALL PLUGIN x"),
        *(
            "SHUTDOWN",
            "KILL 1",
            "CHANGE MASTER TO MASTER_HOST = 'x'",
            "SET STATEMENT max_statement_time = 1 FOR KILL 1",
        ),
        *("EXECUTE IMMEDIATE 'CREATE USER mend'", "EXECUTE IMMEDIATE CONCAT('SELECT', ' 1')", "PREPARE a FROM @text"),
        *("PREPARE a FROM 'DELETE FROM {name}.player'", "IF 1 THEN CREATE USER mend; END IF", "CALL dynamic()"),
        *("EXECUTE IMMEDIATE 'DELETE FROM `{name}`.player'", "UPDATE fires SET id = 2", "SELECT 1 INTO OUTFILE 'x'"),
    ),
}
REACHING_ROUTINES = {
    "postgres": (
        "CREATE FUNCTION made_role() RETURNS void LANGUAGE plpgsql "
        "AS $$ BEGIN EXECUTE 'CREATE ROLE ' || 'mend'; END $$",
    ),
    "mariadb": (
        "CREATE PROCEDURE dynamic() BEGIN EXECUTE IMMEDIATE CONCAT('SELECT ', '1'); END",
        "CREATE TABLE fires (id INTEGER)",
        "CREATE TRIGGER t AFTER UPDATE ON fires FOR EACH ROW INSERT INTO {name}.player (name) VALUES ('trigger')",
    ),
}
for _kind, _texts in SERVER_WIDE.items():
    REFUSED[_kind] |= {
        text: (f"    database.connection().cursor().execute({text!r})\n", MigrationFailed) for text in _texts
    }
CASES = [(kind, name) for kind, cases in REFUSED.items() for name in cases]


@pytest.mark.parametrize(
    ("kind", "name"), [pytest.param(kind, name, marks=getattr(pytest.mark, kind)) for kind, name in CASES]
)
def test_what_would_reach_past_the_copy_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, name: str
) -> None:
    from server_projects import place_on

    with place_on(request.getfixturevalue(f"{kind}_server")) as place:
        source, _ = REFUSED[kind][name]
        project = three_players(place, tmp_path, {"touch": FORWARD + source.format(name=place.name)})
        for sql in REACHING_ROUTINES[kind] if name in SERVER_WIDE[kind] else ():
            place.run(sql.format(name=place.name))
        before = place.state()
        with pytest.raises(MigrationFailed, match="the rehearsal would have reached "):
            project.rehearse()
        assert place.state() == before
        assert place.scratches() == set()


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """What is started meanwhile hears of SIGHUP, whether these tests run under nohup or not."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(os.name != "posix", reason="signals to a process are POSIX's")
@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("command", ["rehearse", "a worker"])
def test_who_is_asked_to_end_drops_the_scratch_database(
    place: Place, tmp_path: Path, command: str, ending: str
) -> None:
    running = tmp_path / "running"
    lines = f"    import time\n    open({str(running)!r}, 'w').close()\n    time.sleep(60)\n"
    project = three_players(place, tmp_path, {"touch": FORWARD + lines})
    worker = Worker(tmp_path, "rehearse").start() if command == "a worker" else None
    runner = None if worker else subprocess.Popen([sys.executable, "-m", "pwmig", command], env=with_this_pwmig())
    deadline = time.monotonic() + 30
    while not running.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert place.scratches()
    process_id = worker.process_id if worker else runner.pid
    for _ in range(2 if runner and ending == "SIGHUP" else 1):  # A shell sends one, and its terminal another one.
        os.kill(process_id, getattr(signal, ending))
    if worker:
        with pytest.raises(Cancelled):
            worker.wait(30)
    else:
        assert runner.wait(30) == 2
    assert place.scratches() == set()
    assert states(project) == {"create": "applied", "touch": "pending"}


@pytest.mark.skipif(os.name != "posix", reason="signals to a process are POSIX's")
def test_a_command_under_nohup_goes_on_where_its_terminal_is_closed(tmp_path: Path) -> None:
    running, go_on = tmp_path / "running", tmp_path / "go_on"
    source = f"""import time
from pathlib import Path

def migrate_forward():
    Path({str(running)!r}).touch()
    while not Path({str(go_on)!r}).exists():
        time.sleep(0.05)
"""
    project = open_project(tmp_path, {"wait": source})
    command = ["nohup", sys.executable, "-m", "pwmig", "migrate"]
    runner = subprocess.Popen(command, cwd=tmp_path, env=with_this_pwmig(), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not running.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(runner.pid, signal.SIGHUP)
    go_on.touch()
    assert runner.wait(30) == 0
    assert states(project) == {"wait": "applied"}


def with_this_pwmig() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


HARMLESS = {
    "postgres": (
        *("GRANT SELECT ON player TO PUBLIC", "COMMENT ON TABLE player IS 'role'", "DO $$ BEGIN PERFORM 1; END $$"),
        *("ALTER TABLE player ADD COLUMN role INTEGER", "UPDATE player SET name = 'DROP ROLE mend; CREATE USER x'"),
        *("SET ROLE NONE", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"),
    ),
    "mariadb": (
        *("ALTER DATABASE CHARACTER SET utf8mb4", "EXECUTE IMMEDIATE 'UPDATE player SET name = ''x'''"),
        *(
            "PREPARE a FROM 'SELECT ?'",
            "CREATE PROCEDURE p() EXECUTE IMMEDIATE @text",
            "SET @a = 1",
            "SELECT id FROM fires",
        ),
        *("UPDATE player SET name = 'DROP USER mend; FLUSH'", "CREATE TABLE `grant` (`kill` INTEGER)"),
    ),
}


@pytest.mark.parametrize(
    ("kind", "sql"),
    [pytest.param(kind, sql, marks=getattr(pytest.mark, kind)) for kind, some in HARMLESS.items() for sql in some],
)
def test_what_stays_in_the_copy_is_rehearsed(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, sql: str
) -> None:
    from server_projects import place_on

    with place_on(request.getfixturevalue(f"{kind}_server")) as place:
        project = three_players(place, tmp_path, {"touch": sql_migration(sql)})
        for routine in REACHING_ROUTINES[kind]:
            place.run(routine.format(name=place.name))
        before = place.state()
        assert [step.outcome for step in project.rehearse().steps] == ["applied"]
        assert place.state() == before


def test_what_reaches_the_whole_server_is_refused_in_a_replay_and_applied_in_earnest(
    place: Place, tmp_path: Path
) -> None:
    user = f"mend3_{os.getpid()}"
    drop = f"DROP {'ROLE' if place.transactional else 'USER'} {user}"
    project = place.project(tmp_path, {"user": sql_migration(f"CREATE USER {user}", drop)})
    with pytest.raises(MigrationFailed, match="the whole server by CREATE USER"):
        project.diff("zero", "user")
    assert [step.outcome for step in project.apply().steps] == ["applied"]
    assert [step.outcome for step in project.revert().steps] == ["reverted"]


def test_a_rehearsal_that_fails_leaves_no_trace(place: Place, tmp_path: Path) -> None:
    project = three_players(place, tmp_path, {"touch": FORWARD + "    1 / 0\n"})
    before = place.state()
    with pytest.raises(MigrationFailed, match="It ran on a copy: the database itself was not touched"):
        project.rehearse()
    assert place.state() == before and place.scratches() == set()


def test_triggers_do_not_fire_while_a_copy_is_filled_and_do_afterwards(place: Place, tmp_path: Path) -> None:
    project = place.project(
        tmp_path,
        {"create": place.create("player"), "more": sql_migration("INSERT INTO player (name) VALUES ('fired')")},
    )
    project.apply(to="create")
    place.run("CREATE TABLE log (id INTEGER PRIMARY KEY)")
    if place.transactional:
        place.run(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO log VALUES (new.id); RETURN new; END $$"
        )
        place.run("CREATE TRIGGER noted AFTER INSERT ON player FOR EACH ROW EXECUTE FUNCTION note()")
    else:
        place.run("CREATE TRIGGER noted AFTER INSERT ON player FOR EACH ROW INSERT INTO log VALUES (new.id)")
    place.run("INSERT INTO player (name) VALUES ('one')")
    run = project.rehearse()
    assert {change.table: (change.added, change.removed, change.altered) for change in run.row_changes} == {
        "log": (1, 0, 0),
        "player": (1, 0, 0),
    }
    assert sorted(run.after.table_rows("log").rows) == [(1,), (2,)], "ids go on as they would on the original"


def test_names_that_differ_in_letter_case_are_kept_apart(place: Place, tmp_path: Path) -> None:
    if place.kind == "mariadb" and place.run("SELECT @@lower_case_table_names")[0][0]:
        pytest.skip("this server folds names")
    for table in ("User", "user"):
        place.run(f"CREATE TABLE {place.quote(table)} (id INTEGER PRIMARY KEY, a INTEGER)")
        place.run(f"INSERT INTO {place.quote(table)} VALUES (1, 1), (2, 2)")
    sql = f"UPDATE {place.quote('User')} SET a = 5 WHERE id = 2"
    project = place.project(tmp_path, {"touch": sql_migration(sql)})
    run = project.rehearse()
    counts = {change.table: (change.added, change.removed, change.altered) for change in run.row_changes}
    assert counts == {"User": (0, 0, 1)}
    assert run.before.table_rows("User").rows[0] == (2, 2)
    assert place.run(f"SELECT max(a) FROM {place.quote('User')}") == [(2,)]


def test_a_table_whose_name_means_harm(place: Place, tmp_path: Path) -> None:
    for number, name in enumerate(("a\"b`c'd; DROP TABLE x --", "100%s %(x)s %", "select", "ünïcödé ☃")):
        place.run(f"CREATE TABLE {place.quote(name)} (id INTEGER PRIMARY KEY, {place.quote(name + '_')} INTEGER)")
        place.run(f"INSERT INTO {place.quote(name)} VALUES ({number}, 7)")
    names = sorted(place.tables())
    sql = f"UPDATE {place.quote(names[0])} SET id = id + 1".replace("%", "%%")
    project = place.project(tmp_path, {"touch": sql_migration(sql)})
    assert sorted(project.schema().table_names) == names
    for name in names:
        assert project.page(name).rows.row_count == 1
    run = project.rehearse()
    assert [(change.table, change.added + change.removed + change.altered > 0) for change in run.row_changes] == [
        (names[0], True)
    ]
    assert os.path.exists("db")


def test_a_preview_and_a_comparison_work_on_a_copy_too(place: Place, tmp_path: Path) -> None:
    more = sql_migration("ALTER TABLE player ADD COLUMN level INTEGER", "ALTER TABLE player DROP COLUMN level")
    project = three_players(place, tmp_path, {"more": more})
    before = place.state()
    run = project.compare("zero", "more")
    assert [change.kind for change in run.changes] == ["CreateTable"]
    assert run.before.schema.tables == ()
    draft = project.preview(FORWARD + "    database.execute_sql('DELETE FROM player')\n")
    assert [str(loss) for loss in draft.losses] == ["3 rows of player"]
    assert place.state() == before and place.scratches() == set()
    assert isinstance(project.database, peewee.Database)


@pytest.mark.mariadb
def test_what_is_told_of_a_rehearsal_names_no_scratch_database(mariadb_server: Any, tmp_path: Path) -> None:
    """What the attic gives back is asked for by whole names; and the server tells its errors by them."""
    gone = (
        f"{HEAD}def migrate_forward():\n    migrate(migrator.drop_column('player', 'name'))\n\n"
        "def migrate_backward():\n    migrate(migrator.add_column('player', 'name', CharField(null=True)))\n"
    )
    with place_on(mariadb_server) as place:
        rows = sql_migration("INSERT INTO player (name) VALUES ('Tal')", "DELETE FROM player")
        project = place.project(tmp_path, {"player": place.create("player"), "rows": rows, "gone": gone})
        project.apply()
        told = run_cli(tmp_path, "sql", "gone", "--backward").stdout
        assert "UPDATE `player` AS t JOIN `pwmig_attic_1` AS x" in told and "pwmig_scratch" not in told
        (project.migrations_folder / "20250202_000000_fails.py").write_text(sql_migration("DELETE FROM nowhere"))
        done = run_cli(tmp_path, "rehearse")
        assert done.returncode == 2 and "Table 'nowhere' doesn't exist" in done.stderr, done.stderr
        assert "pwmig_scratch" not in done.stdout + done.stderr
