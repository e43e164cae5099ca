"""Faults and abuse, a row each, on each database: what is told, what is left, and that the next run goes on.

Elsewhere: a runner and a server killed at each statement, runners that race, what a rehearsal does with each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from anywhere import Anywhere, SqlitePlace, anywhere, forward, interrupted, send, start_cli, wait_until
from projects import run_cli, sql_migration, states
from server_projects import account

from pwmig.errors import (
    Cancelled,
    DatabaseUnavailable,
    HistoryError,
    MigrationFailed,
    MigrationFileError,
    PwmigError,
)
from pwmig.files import create
from pwmig.project import Project
from pwmig.waits import Waits

__all__ = ["anywhere"]

BRIEF = Waits(turn_s=0.2, lock_s=0.2, lock_retries=0)


def stopped(project: Project, waits: Waits | None = None) -> PwmigError:
    """The refusal of a run, which says what, why, and the way out."""
    with pytest.raises((MigrationFailed, Cancelled, DatabaseUnavailable, MigrationFileError, HistoryError)) as caught:
        project.apply(waits=waits)
    error = caught.value
    assert error.what and error.why and error.way_out
    assert isinstance(error, PwmigError)
    return error


def count(place: Anywhere, table: str) -> int:
    return int(place.run(f"SELECT count(*) FROM {table}")[0][0])


def goes_on(place: Anywhere, project: Project, name: str) -> None:
    """The next run has its migration pending, and once the file is mended, applies it."""
    assert states(project)[name] == "pending"
    (path,) = project.migrations_folder.glob(f"*_{name}.py")
    path.write_text(forward("pass"))
    assert [step.outcome for step in project.apply().steps] == ["applied"]


# The database


FULL = {
    "sqlite": ("PRAGMA max_page_count = 1", "UPDATE player SET name = hex(zeroblob(100000))"),
    "postgres": (
        "SELECT 1",
        "DO $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$",
    ),
    "mariadb": ("SET max_heap_table_size = 16384", "INSERT INTO small SELECT REPEAT('x', 200) FROM seq_1_to_1000"),
}
"""A limit for the connection, and a statement that has no room then. PostgreSQL, without one, is made to say so."""


def test_a_full_disk(anywhere: Anywhere, tmp_path: Path) -> None:
    limit, grows = FULL[anywhere.kind]
    made = {"player": anywhere.create("player"), "row": sql_migration("INSERT INTO player (name) VALUES ('Tal')")}
    lines = [send(limit), send("UPDATE player SET name = 'lost'"), send(grows)]
    if anywhere.kind == "mariadb":
        made["small"] = sql_migration("CREATE TABLE small (a VARCHAR(250)) ENGINE = MEMORY MAX_ROWS = 9")
    project = anywhere.project(tmp_path, made | {"grows": forward(*lines)})
    project.apply(steps=len(made))
    error = stopped(project)
    assert re.search(r"has no room left (on its disk|for a table)", error.what) and "make room" in error.way_out
    assert anywhere.run("SELECT name FROM player") == [("Tal",)]
    goes_on(anywhere, project, "grows")


@contextmanager
def only_read(place: Anywhere, root: Path) -> Iterator[Project]:
    """The project where the database can't be written."""
    folder = root / "db" / "migrations"
    if isinstance(place, SqlitePlace):
        import peewee

        database = peewee.SqliteDatabase(f"file:{place.file}?mode=ro", uri=True)
        yield Project(database=database, migrations=folder, root=root)
        return
    rights = {
        "postgres": "GRANT SELECT ON ALL TABLES IN SCHEMA public TO $user",
        "mariadb": f"GRANT SELECT ON {place.quote(place.name)}.* TO $user",
    }[place.kind]
    with account(place, rights) as poor:
        yield Project(database=poor, migrations=folder, root=root)


def test_a_database_that_may_only_be_read(anywhere: Anywhere, tmp_path: Path) -> None:
    """To look takes no right to write, and neither does a plan; a run says what it lacks."""
    project = anywhere.project(tmp_path, {"player": anywhere.create("player")})
    project.apply()
    (project.migrations_folder / "20250202_000000_next.py").write_text("def migrate_forward():\n    pass\n")
    with only_read(anywhere, tmp_path) as poor:
        assert states(poor) == {"player": "applied", "next": "pending"} and len(poor.plan()) == 1
        error = stopped(poor)
    assert "can't be written" in error.what
    wanted = "permissions" if anywhere.kind == "sqlite" else "GRANT SELECT, INSERT, UPDATE"
    assert wanted in error.way_out and "rolled back" in error.way_out
    assert [step.outcome for step in project.apply().steps] == ["applied"]


def test_a_url_that_asks_to_only_read(tmp_path: Path) -> None:
    """Peewee hands what stands behind the question mark to ``sqlite3.connect()``, which knows no such word."""
    from pwmig.scaffold import init_project

    init_project(tmp_path)
    assert run_cli(tmp_path, "migrate", DATABASE_URL="sqlite:///a.sqlite").returncode == 0
    (tmp_path / "db" / "migrations" / "29990101_000000_next.py").write_text("def migrate_forward():\n    pass\n")
    for url in ("sqlite:///a.sqlite?mode=ro", "sqlite:///file:a.sqlite?mode=ro&uri=true"):
        assert run_cli(tmp_path, "status", DATABASE_URL=url).returncode == 1
        done = run_cli(tmp_path, "migrate", DATABASE_URL=url)
        assert done.returncode == 2 and "a.sqlite can't be opened" in done.stderr, done.stderr
        assert "'mode'" in done.stderr and "way out: leave" in done.stderr and "Traceback" not in done.stderr


LOST = {"postgres": "SELECT pg_terminate_backend(pg_backend_pid())", "mariadb": "KILL CONNECTION_ID()"}


def test_a_connection_that_is_lost(anywhere: Anywhere, tmp_path: Path) -> None:
    lost = send(LOST[anywhere.kind]) if anywhere.kind in LOST else "database.connection().close()"
    write = send("INSERT INTO player (name) VALUES ('lost')")
    made = {"player": anywhere.create("player"), "loses": forward(write, lost, write)}
    project = anywhere.project(tmp_path, made)
    project.apply(steps=1)
    error = stopped(project)
    assert "connection" in error.what and "rolled back" in error.way_out
    assert count(anywhere, "player") == 0
    goes_on(anywhere, project, "loses")


def test_a_file_that_is_taken_away_meanwhile(tmp_path: Path) -> None:
    """What SQLite wrote to a file without a name would be gone, history and all: it refuses."""
    place = SqlitePlace(tmp_path / "app.sqlite")
    aside = tmp_path / "aside.sqlite"
    lines = (send("UPDATE player SET name = 'lost'"), f"import os; os.rename({str(place.file)!r}, {str(aside)!r})")
    project = place.project(tmp_path, {"player": place.create("player"), "moves": forward(*lines)})
    project.apply(steps=1)
    assert "can't be written" in stopped(project).what
    aside.rename(place.file)
    goes_on(place, project, "moves")


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in LOST])
def test_a_server_that_is_restarted_meanwhile(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server_projects import place_on

    monkeypatch.chdir(tmp_path)
    server = request.getfixturevalue(f"{kind}_server")
    if server.process is None:
        pytest.skip("a server that was given is not for a test to stop")
    with place_on(server) as place:
        write = send("INSERT INTO player (name) VALUES ('lost')")
        made = {"player": place.create("player"), "writes": forward(write, write)}
        project = place.project(tmp_path, made)
        project.apply(steps=1)
        place.database.close()
        seen: list[str] = []

        def listen(event: Any) -> None:
            if event.kind == "statement":
                seen.append(event.text)
                if len(seen) == 2:
                    server.restart()

        with pytest.raises(MigrationFailed) as caught:
            project.apply(listener=listen)
        assert "connection" in caught.value.what and "pwmig status" in caught.value.way_out
        assert "rolled back" in caught.value.way_out
        place.database.connect(reuse_if_open=True)
        assert count(place, "player") == 0
        assert [step.outcome for step in project.apply().steps] == ["applied"]
        project.database.close()


@contextmanager
def held(place: Anywhere) -> Iterator[None]:
    """While entered, somebody else writes to the table and has not ended that."""
    import peewee

    if isinstance(place, SqlitePlace):
        other: Any = peewee.SqliteDatabase(place.file)
    else:
        other = place.server.database(place.name)
    other.connect()
    other.begin()
    other.execute_sql("INSERT INTO player (name) VALUES ('theirs')")
    try:
        yield
    finally:
        other.rollback()
        other.close()


def test_a_lock_that_somebody_else_holds(anywhere: Anywhere, tmp_path: Path) -> None:
    made = {"player": anywhere.create("player"), "alters": forward(send("ALTER TABLE player ADD COLUMN b INTEGER"))}
    project = anywhere.project(tmp_path, made)
    project.apply(steps=1)
    with held(anywhere):
        error = stopped(project, BRIEF)
        assert states(project)["alters"] == "pending", "who only looks waits for nobody"
    assert re.search(r"a lock was not got within|is locked by another", error.what)
    assert "wait for" in error.way_out
    assert [step.outcome for step in project.apply().steps] == ["applied"]
    assert count(anywhere, "player") == 0


@pytest.mark.parametrize("mode", ["DELETE", "TRUNCATE", "WAL"])
def test_a_journal_that_a_killed_runner_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Half of the pages are in the file, or in its write-ahead log, by then: whoever comes next rolls them back."""
    monkeypatch.chdir(tmp_path)
    place = SqlitePlace(tmp_path / "app.sqlite")
    lines = (
        *(send("PRAGMA cache_size = 10"), send("PRAGMA cache_spill = 1")),
        "for _ in range(300): " + send("INSERT INTO player (name) VALUES (hex(zeroblob(1000)))"),
        *("from pathlib import Path", "import time", "Path('running').touch()", "time.sleep(600)"),
    )
    project = place.project(tmp_path, {"player": place.create("player"), "writes": forward(*lines)})
    project.apply(steps=1)
    project.database.close()
    place.run(f"PRAGMA journal_mode = {mode}")
    runner = start_cli(tmp_path, "migrate")
    wait_until((tmp_path / "running").exists, runner)
    runner.kill()
    runner.communicate()
    left = tmp_path / f"app.sqlite-{'wal' if mode == 'WAL' else 'journal'}"
    written = left if mode == "WAL" else place.file
    assert left.stat().st_size and written.stat().st_size > 100_000, "it was killed in the midst of writing"
    assert states(project)["writes"] == "pending" and count(place, "player") == 0
    goes_on(place, project, "writes")
    assert place.run("PRAGMA integrity_check") == [("ok",)]
    assert place.run("PRAGMA journal_mode") == [(mode.lower() if mode == "WAL" else "delete",)]


# A migration


STOPS: dict[str, tuple[tuple[str, ...], str]] = {
    "raises half-way": (("raise ValueError('half-way')",), "ValueError: half-way"),
    "fails in a statement": ((send("INSERT INTO nowhere VALUES (1)"),), "nowhere"),
    "calls sys.exit()": (("import sys", "sys.exit(0)"), "sys.exit"),
    "hears Ctrl-C": (("raise KeyboardInterrupt",), "interrupted"),
    "closes the database": (("database.close()",), "closes the database|closed its database connection"),
    "closes the connection": (("database.connection().close()",), "closed its database connection|connection"),
    "leaves a transaction open": ((send("BEGIN"),), "BEGIN"),
    "asks Peewee to begin one": (("database.begin()",), "BEGIN"),
    "commits by itself": ((send("COMMIT"),), "COMMIT by itself"),
    "catches that it may not": (("try:", "    " + send("COMMIT"), "except Exception:", "    pass"), "COMMIT by itself"),
    "spawns a thread with the database": (
        (
            "import threading",
            "write = lambda: database.execute_sql(\"INSERT INTO player (name) VALUES ('lost')\")",
            "thread = threading.Thread(target=write)",
            "thread.start()",
            "thread.join()",
        ),
        "from a thread of its own",
    ),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("how", STOPS)
def test_a_migration_that(anywhere: Anywhere, tmp_path: Path, how: str) -> None:
    """Each stops half-way: nothing of its rows stays, and the next run goes on."""
    lines, words = STOPS[how]
    source = forward(send("INSERT INTO player (name) VALUES ('lost')"), *lines)
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "stops": source})
    project.apply(steps=1)
    error = stopped(project)
    assert "20250101_000001_stops" in error.what
    assert re.search(words, f"{error.what} {error.why}"), error
    assert "rolled back" in error.way_out
    assert count(anywhere, "player") == 0
    goes_on(anywhere, project, "stops")


def test_a_migration_that_ends_the_process(anywhere: Anywhere, tmp_path: Path) -> None:
    """By an exit code that says that all went well; a process that it forks ends so, and may."""
    write = send("INSERT INTO player (name) VALUES ('lost')")
    forks = ("import os", "child = os.fork()", "if child == 0:", "    os._exit(3)")
    waits = ("assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3", write, "os._exit(0)")
    made = {"player": anywhere.create("player"), "leaves": forward(*forks, *waits)}
    project = anywhere.project(tmp_path, made)
    project.apply(steps=1)
    project.database.close()
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 2 and "leaves failed at line" in done.stderr and "it called os._exit(0)" in done.stderr
    assert count(anywhere, "player") == 0
    goes_on(anywhere, project, "leaves")


def test_a_migration_that_prints_a_megabyte(anywhere: Anywhere, tmp_path: Path) -> None:
    prints = forward("import sys", "print('o' * 1_000_000)", "print('e' * 1_000_000, file=sys.stderr)")
    anywhere.project(tmp_path, {"prints": prints})
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 0 and done.stdout.count("o") >= 1_000_000 and done.stderr.count("e") >= 1_000_000
    assert done.stdout.endswith("applied 20250101_000000_prints\n")


NEVER = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
    "postgres": "SELECT pg_sleep(600)",
    "mariadb": "SELECT SLEEP(600)",
}


@pytest.mark.parametrize("where", ["in Python", "in a statement"])
def test_a_migration_that_never_ends(anywhere: Anywhere, tmp_path: Path, where: str) -> None:
    waits = "import time; time.sleep(600)" if where == "in Python" else send(NEVER[anywhere.kind])
    write = send("INSERT INTO player (name) VALUES ('lost')")
    endless = forward(write, "from pathlib import Path", "Path('running').touch()", waits)
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "endless": endless})
    out, err = interrupted(start_cli(tmp_path, "migrate"), lambda: (tmp_path / "running").exists())
    assert "stopped in 20250101_000001_endless" in err and "rolled back" in err and "Traceback" not in err, out + err
    assert count(anywhere, "player") == 0
    goes_on(anywhere, project, "endless")


def test_a_syntax_error_in_the_last_file_stops_the_first(anywhere: Anywhere, tmp_path: Path) -> None:
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "broken": "def migrate_forward(:\n"})
    error = stopped(project)
    assert isinstance(error, MigrationFileError) and "20250101_000001_broken" in error.what
    assert "player" not in anywhere.tables()


@pytest.mark.parametrize("what", ["vanishes", "changes"])
def test_a_file_between_plan_and_run(anywhere: Anywhere, tmp_path: Path, what: str) -> None:
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "club": anywhere.create("club")})
    plan = project.plan()
    path = Path(plan.steps[1].path)
    path.unlink() if what == "vanishes" else path.write_text(anywhere.create("other"))
    with pytest.raises(MigrationFileError) as caught:
        project.apply(plan)
    assert "20250101_000001_club" in caught.value.what and caught.value.why and caught.value.way_out
    assert not {"player", "club", "other"} & anywhere.tables()


def test_a_history_of_a_newer_pwmig(anywhere: Anywhere, tmp_path: Path) -> None:
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "club": anywhere.create("club")})
    project.apply(steps=1)
    anywhere.run("UPDATE pwmig_history SET format = 99")
    for verb in (project.status, project.plan, project.apply, project.revert, project.rehearse):
        with pytest.raises(HistoryError, match="newer pwmig") as caught:
            verb()
        assert "update pwmig" in caught.value.way_out
    assert "club" not in anywhere.tables() and count(anywhere, "pwmig_history") == 1


# Names and passwords

NAMES = ("../evil", "a/b", "..", "add level", "it's", 'say "x"', "a" * 300, "", " ", "x;rm", "größe", "a\0b", "-x")


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:12]))
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "db" / "migrations"
    folder.mkdir(parents=True)
    with pytest.raises(PwmigError) as caught:
        create(folder, name, "")
    assert caught.value.what and caught.value.why and caught.value.way_out
    assert [path.name for path in tmp_path.rglob("*")] == ["db", "migrations"], "and nothing is made anywhere"


PASSWORDS = ("p@ss", "50%", "a%40b", "it's", 'say "x"', "a b", "a/b?c#d", "ö&=+:", "hunter2@%'\"")


@pytest.mark.filterwarnings("ignore:'passwd' is deprecated:DeprecationWarning")
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_password_in_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """It goes to the driver as it was meant, and nowhere else."""
    from pwmig.scaffold import init_project

    for number, password in enumerate(PASSWORDS):
        root = tmp_path / str(number)
        init_project(root)
        url = f"{scheme}://anna:{quote(password, safe='')}@127.0.0.1:1/shop"
        monkeypatch.setenv("DATABASE_URL", url)
        project = Project.open(root)
        options: Any = vars(project.database)["connect_params"]
        assert options.get("password", options.get("passwd")) == password
        with pytest.raises(DatabaseUnavailable, match="can't be reached") as caught:
            project.applied()
        assert not told(password, f"{caught.value} {project.location}")
    for command in (["migrate"], ["status", "--json"]):
        done = run_cli(root, *command, DATABASE_URL=url)
        assert done.returncode == 2 and "can't be reached" in done.stdout + done.stderr
        assert not told(password, done.stdout + done.stderr)


def told(password: str, text: str) -> bool:
    return any(form in text for form in (password, quote(password, safe=""), quote(password)))
