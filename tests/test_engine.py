"""Running a plan: checked whole before it starts, each migration whole or not at all, exactly once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import peewee
import pytest
from projects import CREATE_PLAYER, HEAD, open_project, run_cli, sql_migration, state, states, write_project

from pwmig.errors import (
    Cancelled,
    DatabaseUnavailable,
    MigrationFailed,
    MigrationFileError,
    OperationRefused,
    PlanError,
)
from pwmig.plan import Event
from pwmig.project import Project

ROOT = Path(__file__).resolve().parent.parent
FORWARD = HEAD + "def migrate_forward():\n"
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
MARK = "    from pathlib import Path\n    Path('running').touch()\n"
NO_KEYS = (
    "from pathlib import Path\nfrom peewee import *\nfrom pwmig import Migrator\n"
    "database = SqliteDatabase(Path(__file__).parent / 'app.sqlite')\nmigrator = Migrator.from_database(database)\n"
)


def create(table: str) -> str:
    return sql_migration(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)", f"DROP TABLE {table}")


def steps(*lines: str) -> str:
    """A migration of the lines given, without a way back."""
    return FORWARD + "".join(f"    {line}\n" for line in lines)


def send(sql: str) -> str:
    return f"database.execute_sql({sql!r})"


def database_of(root: Path) -> Path:
    return root / "db" / "app.sqlite"


def tables(root: Path) -> set[str]:
    return {str(row[1]) for row in state(database_of(root)) if row[0] == "table"}


def start_cli(root: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pwmig", *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def wait_for(path: Path, process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, "it did not get there"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# The whole plan is checked before its first statement


LATE_FAULTS = {
    "a syntax error": "def migrate_forward(:\n",
    "an import of what is not there": "import nothing_of_the_kind\n\ndef migrate_forward():\n    pass\n",
    "an error while loading": "1 / 0\n\ndef migrate_forward():\n    pass\n",
    "sys.exit while loading": "import sys\nsys.exit(3)\n",
    "SQL while loading": HEAD + "database.execute_sql('CREATE TABLE early (x)')\n\ndef migrate_forward():\n    pass\n",
    "no migrate_forward": "def migrate_backward():\n    pass\n",
    "migrate_forward that is no function": "migrate_forward = 3\n",
}


@pytest.mark.parametrize("source", LATE_FAULTS.values(), ids=LATE_FAULTS)
def test_a_fault_in_the_last_file_stops_the_run_before_the_first_statement(tmp_path: Path, source: str) -> None:
    project = open_project(tmp_path, {"a": create("a"), "b": create("b"), "c": source})
    with pytest.raises(MigrationFileError, match="20250101_000002_c"):
        project.apply()
    assert not database_of(tmp_path).exists()
    assert states(project) == {"a": "pending", "b": "pending", "c": "pending"}


def test_an_operation_outside_of_the_two_functions_is_refused_before_it_does_anything(tmp_path: Path) -> None:
    early = (
        HEAD + "migrate(migrator.add_column('a', 'x', IntegerField(null=True)))\n\ndef migrate_forward():\n    pass\n"
    )
    project = open_project(tmp_path, {"a": create("a"), "b": create("b"), "c": early})
    project.apply(to="a")
    before = database_of(tmp_path).read_bytes()
    with pytest.raises(MigrationFileError, match="20250101_000002_c can't be loaded"):
        project.apply()
    assert database_of(tmp_path).read_bytes() == before


def test_a_missing_way_back_stops_before_the_first_step_back(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": sql_migration("CREATE TABLE a (x)"), "b": create("b")})
    project.apply()
    before = database_of(tmp_path).read_bytes()
    with pytest.raises(PlanError, match="20250101_000000_a"):
        project.revert(steps=2)
    assert database_of(tmp_path).read_bytes() == before


def test_a_file_that_changes_between_plan_and_run_stops_it(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a")})
    plan = project.plan()
    Path(plan.steps[0].path).write_text(create("other"))
    with pytest.raises(MigrationFileError, match="changed while"):
        project.apply(plan)
    assert not database_of(tmp_path).exists()


def test_migrations_that_are_only_recorded_are_not_even_loaded(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": "def broken(:\n"})
    assert [step.outcome for step in project.apply(fake=True).steps] == ["faked"]
    assert states(project) == {"a": "applied"} and tables(tmp_path) == set()
    assert [step.outcome for step in project.revert(fake=True).steps] == ["faked"]
    assert states(project) == {"a": "pending"}


# A migration and its history row stand together


FAILING = {
    "an error of Python": ["raise ValueError('half-way')"],
    "an error of SQL": [send("INSERT INTO nowhere VALUES (1)")],
    "sys.exit": ["import sys; sys.exit(0)"],
    "the interpreter's exit": ["raise SystemExit"],
    "COMMIT in the middle": [send("COMMIT")],
    "BEGIN": [send("BEGIN")],
    "ROLLBACK": [send("ROLLBACK")],
    "Peewee's commit()": ["database.commit()"],
    "Peewee's rollback()": ["database.rollback()"],
    "the driver's commit()": ["database.connection().commit()"],
    "the driver's rollback()": ["database.connection().rollback()"],
    "a script, which the driver commits before": ["database.connection().executescript('CREATE TABLE c (x);')"],
    "closing the database": ["database.close()"],
    "closing the driver's connection": ["database.connection().close()"],
    "closing and writing on": ["database.connection().close()", "database.close()", send("CREATE TABLE c (x)")],
    "closing and opening again": ["database.close_all() if hasattr(database, 'close_all') else database.close()"],
    "a statement that ends the transaction": [
        send("CREATE TABLE u (x UNIQUE)"),
        send("INSERT INTO u VALUES (1)"),
        send("INSERT OR ROLLBACK INTO u VALUES (1)"),
    ],
    "a statement that ends the transaction, and more": [
        send("CREATE TABLE u (x UNIQUE)"),
        send("INSERT INTO u VALUES (1)"),
        "try:",
        "    " + send("INSERT OR ROLLBACK INTO u VALUES (1)"),
        "except IntegrityError:",
        "    pass",
        send("CREATE TABLE c (x)"),
    ],
    "the same statement again and again after one that ended the transaction": [
        "for value in (1, 2, 1, 3, 4):",
        "    try:",
        "        database.execute_sql('INSERT OR ROLLBACK INTO kept VALUES (?)', (value,))",
        "    except IntegrityError:",
        "        pass",
    ],
    "Ctrl-C in Python": ["raise KeyboardInterrupt"],
}


@pytest.mark.parametrize("lines", FAILING.values(), ids=FAILING)
def test_a_migration_that_stops_half_way_leaves_nothing(tmp_path: Path, lines: list[str]) -> None:
    create_kept = sql_migration("CREATE TABLE kept (x UNIQUE)", "DROP TABLE kept")
    half = steps(send("CREATE TABLE half (x)"), *lines, send("CREATE TABLE whole (x)"))
    project = open_project(tmp_path, {"a": create_kept, "b": half, "c": create("c")})
    with pytest.raises((MigrationFailed, Cancelled)) as caught:
        project.apply()
    assert "20250101_000001_b" in caught.value.what
    assert caught.value.why and "rolled back" in caught.value.way_out
    assert "20250101_000000_a" in caught.value.way_out
    assert tables(tmp_path) == {"kept"}
    assert ("kept", 3) not in state(database_of(tmp_path))
    assert states(Project.open(tmp_path)) == {"a": "applied", "b": "pending", "c": "pending"}


def test_a_failed_migration_can_be_mended_and_run_in_the_same_process(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": steps(send("CREATE TABLE a (x)"), "database.connection().close()")})
    with pytest.raises(MigrationFailed):
        project.apply()
    (tmp_path / "db/migrations/20250101_000000_a.py").write_text(create("a"))
    assert [step.outcome for step in project.apply().steps] == ["applied"]
    assert tables(tmp_path) == {"a"}


@pytest.mark.parametrize(
    "name", ["full_names", "locked", "readonly", "is_malformed", "interrupted", "not a database", "unable to open"]
)
def test_a_name_that_sounds_like_trouble_is_taken_for_a_name(tmp_path: Path, name: str) -> None:
    project = open_project(tmp_path, {"a": steps(send(f'INSERT INTO "{name}" VALUES (1)'))})
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    assert f"no such table: {name}" in caught.value.why
    assert caught.value.migration == "20250101_000000_a"
    assert caught.value.statement == f'INSERT INTO "{name}" VALUES (1)'


def test_the_error_tells_migration_line_statement_and_what_ran_before(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a"), "b": steps("x = 1", send("CREATE TABLE a (x)"))})
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    error = caught.value
    assert error.what == "20250101_000001_b failed at line 7"
    assert error.why == ("OperationalError: table a already exists in the statement: CREATE TABLE a (x)")
    assert error.migration == "20250101_000001_b" and error.statement == "CREATE TABLE a (x)"
    assert error.run is not None and [step.outcome for step in error.run.steps] == ["applied", "failed"]
    assert not error.run.ok


def test_what_peewee_s_atomic_encloses_is_a_savepoint(tmp_path: Path) -> None:
    lines = [
        send("CREATE TABLE a (x)"),
        "try:",
        "    with database.atomic():",
        "        " + send("INSERT INTO a VALUES (1)"),
        "        raise ValueError",
        "except ValueError:",
        "    " + send("INSERT INTO a VALUES (2)"),
        "with database.transaction() if False else database.savepoint():",
        "    " + send("INSERT INTO a VALUES (3)"),
    ]
    open_project(tmp_path, {"a": steps(*lines)}).apply()
    assert [row[1:] for row in state(database_of(tmp_path)) if row[0] == "a"] == [(2,), (3,)]


def test_what_a_migration_promised_to_do_after_the_commit_is_done_after_it(tmp_path: Path) -> None:
    lines = [
        send("CREATE TABLE a (x)"),
        "import sqlite3",
        "look = lambda: sqlite3.connect('db/app.sqlite').execute('SELECT name FROM pwmig_history').fetchall()",
        "database.after_commit(lambda: open('seen', 'w').write(repr(look())))",
    ]
    project = open_project(tmp_path, {"a": steps(*lines)})
    if not hasattr(project.database, "after_commit"):
        pytest.skip("this Peewee has no after_commit()")
    project.apply()
    assert Path("seen").read_text() == "[('20250101_000000_a',)]"


@pytest.mark.parametrize("moment", ["python", "sql"])
def test_a_killed_process_leaves_neither_effect_nor_history_row(tmp_path: Path, moment: str) -> None:
    wait = "import time; time.sleep(60)" if moment == "python" else send(f"CREATE TABLE b AS {ENDLESS}")
    first = steps(send("CREATE TABLE half (x)")) + MARK + f"    {wait}\n"
    write_project(tmp_path, {"a": create("a"), "b": first})
    process = start_cli(tmp_path, "migrate")
    wait_for(tmp_path / "running", process)
    time.sleep(0.1)
    process.kill()
    process.communicate()
    connection = sqlite3.connect(database_of(tmp_path))  # Whoever opens it next rolls it back.
    connection.execute("BEGIN IMMEDIATE")
    connection.rollback()
    connection.close()
    assert tables(tmp_path) == {"a"}
    project = Project.open(tmp_path)
    assert states(project) == {"a": "applied", "b": "pending"}
    path = tmp_path / "db/migrations/20250101_000001_b.py"
    path.write_text(create("half"))
    project.apply()
    assert tables(tmp_path) == {"a", "half"} and states(project) == {"a": "applied", "b": "applied"}


# One runner at a time


@pytest.mark.parametrize("runners", [2, 4])
def test_each_migration_takes_effect_once_however_many_run(tmp_path: Path, runners: int) -> None:
    count = (
        "import time; time.sleep(0.02); database.execute_sql(\"UPDATE tally SET runs = runs + 1 WHERE name = '{}'\")"
    )
    made = {"tally": sql_migration("CREATE TABLE tally (name, runs)")}
    made["fill"] = sql_migration("INSERT INTO tally VALUES ('m0', 0), ('m1', 0), ('m2', 0), ('m3', 0), ('m4', 0)")
    made |= {f"m{number}": steps(count.format(f"m{number}")) for number in range(5)}
    write_project(tmp_path, made)
    processes = [start_cli(tmp_path, "migrate") for _ in range(runners)]
    ended = [(process.communicate(timeout=120), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0] * runners, ended
    rows = {row[1:] for row in state(database_of(tmp_path)) if row[0] == "tally"}
    assert rows == {(f"m{number}", 1) for number in range(5)}
    told = [line for (out, _), _ in ended for line in out.splitlines() if line.startswith("applied ")]
    assert sorted(told) == sorted(f"applied 20250101_{n:06d}_{name}" for n, name in enumerate(made))
    assert set(states(Project.open(tmp_path)).values()) == {"applied"}


def test_two_who_take_back_at_once_take_back_one(tmp_path: Path) -> None:
    slow = create("c").replace(
        "def migrate_backward():\n", "def migrate_backward():\n    import time; time.sleep(1.5)\n"
    )
    project = open_project(tmp_path, {"a": create("a"), "b": create("b"), "c": slow})
    project.apply()
    project.database.close()
    processes = [start_cli(tmp_path, "migrate", "--backward") for _ in range(2)]
    assert [(process.communicate(timeout=60), process.returncode)[1] for process in processes] == [0, 0]
    assert tables(tmp_path) == {"a", "b"}


def test_threads_of_one_process_take_turns(tmp_path: Path) -> None:
    """An application with several threads, each of which calls apply() when it starts."""
    write_project(tmp_path, {f"m{number}": create(f"t{number}") for number in range(3)})
    outcomes: list[str] = []

    def start() -> None:
        database = peewee.SqliteDatabase(database_of(tmp_path))
        project = Project(database=database, migrations=folder)
        outcomes.extend(step.outcome for step in project.apply().steps)

    folder = tmp_path / "db" / "migrations"
    for path in folder.glob("2*.py"):
        path.write_text(f"def migrate_forward():\n    open({str(tmp_path / path.stem)!r}, 'a').write('x')\n")
    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [(tmp_path / path.stem).read_text() for path in folder.glob("2*.py")] == ["x"] * 3
    assert outcomes.count("applied") == 3 and set(outcomes) <= {"applied", "skipped"}


class Writer:
    """Another program that holds the write lock of a database."""

    def __init__(self, root: Path) -> None:
        self.connection = sqlite3.connect(database_of(root), isolation_level=None, check_same_thread=False)
        self.connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        self.connection.close()


def test_it_waits_for_another_writer_and_says_so_once(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a")})
    writer = Writer(tmp_path)
    threading.Timer(0.4, writer.end).start()
    events: list[Event] = []
    project.apply(listener=events.append, wait_s=30)
    waits = [event.text for event in events if event.kind == "wait"]
    assert len(waits) == 1 and "app.sqlite" in waits[0] and "30 s" in waits[0]
    assert states(project) == {"a": "applied"}


def test_it_gives_up_after_the_time_given(tmp_path: Path) -> None:
    write_project(tmp_path, {"a": create("a")})
    writer = Writer(tmp_path)
    started = time.monotonic()
    done = run_cli(tmp_path, "migrate", "--wait", "0.2")
    elapsed = time.monotonic() - started
    writer.end()
    assert done.returncode == 2 and elapsed < 10
    assert "app.sqlite is locked by another program" in done.stderr
    assert "why:" in done.stderr and "way out:" in done.stderr and "Traceback" not in done.stderr
    assert "waiting for at most 0.2 s" in done.stderr
    assert tables(tmp_path) == set()


def test_reading_goes_on_while_another_writes(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a")})
    project.apply()
    writer = Writer(tmp_path)
    assert states(project) == {"a": "applied"}
    writer.end()


def test_peewee_s_own_time_out_is_set_back(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a")})
    project.database.connect()
    before = project.database.execute_sql("PRAGMA busy_timeout").fetchone()
    project.apply()
    assert project.database.execute_sql("PRAGMA busy_timeout").fetchone() == before
    project.database.close()


# Foreign keys

CHILD = "CREATE TABLE child (id INTEGER PRIMARY KEY, player INTEGER REFERENCES player (id) ON DELETE CASCADE)"
FAMILY = {
    "create_player": CREATE_PLAYER,
    "create_child": sql_migration(CHILD, "DROP TABLE child"),
    "fill": steps(send("INSERT INTO player VALUES (1, 'Tal')"), send("INSERT INTO child VALUES (1, 1)")),
}

ORPHANING = {
    "the parent's rows deleted": send("DELETE FROM player"),
    "a child of nobody": send("INSERT INTO child VALUES (2, 99)"),
    "a child that moves to nobody": send("UPDATE child SET player = 99"),
    "the parent's table dropped": send("DROP TABLE player"),
    "a column added that refers to nobody": send(
        "ALTER TABLE child ADD COLUMN other INTEGER REFERENCES player (id) DEFAULT 99"
    ),
    "a column added that refers to nobody, and one more": (
        send("ALTER TABLE child ADD COLUMN other INTEGER REFERENCES player (id) DEFAULT 99")
        + "; "
        + send("ALTER TABLE child ADD COLUMN last INTEGER")
    ),
    "rows deleted, and a column added": (
        send("DELETE FROM player") + "; " + send("ALTER TABLE player ADD COLUMN level INTEGER")
    ),
    "a column added, and rows deleted": (
        send("ALTER TABLE player ADD COLUMN level INTEGER") + "; " + send("DELETE FROM player")
    ),
    "a column added, and a key that other rows have": (
        send("ALTER TABLE player ADD COLUMN level INTEGER") + "; " + send("UPDATE player SET id = 7")
    ),
    "through a raw cursor": "database.connection().execute('DELETE FROM player')",
}


@pytest.mark.parametrize("line", ORPHANING.values(), ids=ORPHANING)
def test_rows_that_would_refer_to_nothing_are_refused(tmp_path: Path, line: str) -> None:
    project = open_project(tmp_path, FAMILY | {"orphan": steps(line)})
    project.apply(to="fill")
    before = state(database_of(tmp_path))
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    assert "child -> player" in caught.value.what and "20250101_000003_orphan" in caught.value.what
    assert state(database_of(tmp_path)) == before
    assert states(project)["orphan"] == "pending"


@pytest.mark.parametrize(
    ("lines", "looks", "why"),
    [
        ([send("ALTER TABLE player ADD COLUMN level INTEGER")], 0, "no row can lose its parent"),
        ([send("ALTER TABLE child ADD COLUMN note TEXT DEFAULT 'x'")], 0, "nor by a default"),
        ([send("ALTER TABLE child ADD COLUMN other INTEGER REFERENCES player (id)")], 1, "but by a reference"),
        ([send("ALTER TABLE player RENAME COLUMN name TO title")], 1, "or by another name, whatever refers to it"),
        ([send("ALTER TABLE player DROP COLUMN name")], 1, "or where a column goes"),
        ([send("SELECT printf('%d', 1)"), send("ALTER TABLE player RENAME COLUMN name TO title")], 1, "as by itself"),
        ([send("ALTER TABLE player RENAME COLUMN name TO title"), send("SELECT printf('%d', 1)")], 1, "as by itself"),
    ],
)
def test_a_column_that_is_added_makes_no_look_at_the_rows_that_refer(
    tmp_path: Path, lines: list[str], looks: int, why: str
) -> None:
    project = open_project(tmp_path, FAMILY | {"next": steps(*lines)})
    project.apply(to="fill")
    project.database.connect()
    sent: list[str] = []
    project.database.connection().set_trace_callback(sent.append)
    project.apply()
    project.database.close()
    assert sum("foreign_key_check" in statement for statement in sent) == looks, why


def test_without_the_pragma_orphans_are_the_project_s_affair(tmp_path: Path) -> None:
    project = open_project(tmp_path, FAMILY | {"orphan": steps(ORPHANING["a child of nobody"])}, config=NO_KEYS)
    assert [step.outcome for step in project.apply().steps] == ["applied"] * 4


def test_orphans_that_were_there_before_elsewhere_do_not_stop_others(tmp_path: Path) -> None:
    project = open_project(tmp_path, FAMILY | {"other": create("other")})
    project.apply(to="fill")
    connection = sqlite3.connect(database_of(tmp_path))
    connection.execute("INSERT INTO child VALUES (5, 55)")
    connection.commit()
    connection.close()
    assert [step.outcome for step in project.apply().steps] == ["applied"]


@pytest.mark.parametrize(
    "last", ["pass", "raise ValueError", "database.connection().close()", "raise KeyboardInterrupt"]
)
def test_foreign_keys_are_on_again_afterwards(tmp_path: Path, last: str) -> None:
    project = open_project(tmp_path, {"a": steps(send("CREATE TABLE a (x)"), last)})
    project.database.connect()
    try:
        project.apply()
    except (MigrationFailed, Cancelled):
        assert last != "pass"
    project.database.connect(reuse_if_open=True)
    assert project.database.execute_sql("PRAGMA foreign_keys").fetchone() == (1,)
    project.database.execute_sql("CREATE TABLE still_works (x)")
    project.database.close()


def test_foreign_keys_that_were_off_stay_off(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a")}, config=NO_KEYS)
    project.database.connect()
    project.apply()
    assert project.database.execute_sql("PRAGMA foreign_keys").fetchone() == (0,)
    project.database.close()


# migrate(...) is one batch

BATCH = FORWARD + (
    "    migrate(\n"
    "        migrator.add_column('player', 'level', IntegerField(default=1)),\n"
    "        migrator.add_column('player', 'born', IntegerField(null=True)),\n"
    "        migrator.rename_column('player', 'name', 'called'),\n"
    "    )\n"
)


def test_a_batch_is_one_and_told_operation_by_operation(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "batch": BATCH})
    run = project.apply()
    assert len(run.steps[1].operations) == 3
    assert [column.name for column in project.schema().table("player").columns] == ["id", "called", "level", "born"]
    copies = [statement.sql for statement in run.steps[1].statements if statement.sql.startswith("INSERT INTO")]
    assert len(copies) <= 1, copies


def test_a_batch_with_a_fault_in_its_last_operation_does_nothing(tmp_path: Path) -> None:
    fault = BATCH.replace("rename_column('player', 'name'", "rename_column('player', 'nothing'")
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "batch": fault})
    with pytest.raises(MigrationFailed):
        project.apply()
    assert [column.name for column in project.schema().table("player").columns] == ["id", "name"]


# Events, cancelling, connections


def test_events_come_in_order_and_count(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a"), "b": create("b")})
    events: list[Event] = []
    project.apply(listener=events.append)
    told = [(event.kind, event.migration[16:], event.done, event.total) for event in events]
    assert told == [
        ("step", "a", 0, 2),
        ("statement", "a", 0, 0),
        ("step-done", "a", 1, 2),
        ("step", "b", 1, 2),
        ("statement", "b", 0, 0),
        ("step-done", "b", 2, 2),
    ]
    assert [event.text for event in events if event.kind == "step-done"] == ["applied", "applied"]
    times = [event.elapsed_s for event in events if event.kind.startswith("step")]
    assert times == sorted(times)


def test_step_done_is_told_when_it_is_done(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": create("a")})
    seen: list[set[str]] = []
    project.apply(listener=lambda event: seen.append(tables(tmp_path)) if event.kind == "step-done" else None)
    assert seen == [{"a"}]


def test_a_listener_that_raises_stops_the_run_and_leaves_the_step_whole_or_not_at_all(tmp_path: Path) -> None:
    def listener(event: Event) -> None:
        if event.kind == "statement" and event.migration.endswith("b"):
            raise RuntimeError("the page is gone")

    project = open_project(tmp_path, {"a": create("a"), "b": create("b")})
    with pytest.raises(MigrationFailed, match="20250101_000001_b"):
        project.apply(listener=listener)
    assert tables(tmp_path) == {"a"} and states(project) == {"a": "applied", "b": "pending"}


def test_statements_are_recorded_with_values_and_counts(tmp_path: Path) -> None:
    lines = [
        "database.execute_sql('INSERT INTO player VALUES (?, ?), (?, ?)', (1, 'Tal', 2, 'Hou'))",
        send("SELECT 1"),
        send("UPDATE player SET name = 'x' WHERE id > 1"),
        "with database.atomic(): " + send("DELETE FROM player"),
    ]
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "rows": steps(*lines)})
    statements = project.apply().steps[1].statements
    assert [(statement.sql.split()[0], statement.row_count) for statement in statements] == [
        ("INSERT", 2),
        ("UPDATE", 1),
        ("DELETE", 2),
    ]
    assert statements[0].params == (1, "Tal", 2, "Hou")
    assert all(statement.elapsed_s > 0 for statement in statements)


@pytest.mark.parametrize("work", [send(f"CREATE TABLE b AS {ENDLESS}"), send(ENDLESS), "import time; time.sleep(60)"])
@pytest.mark.parametrize("command", ["migrate", "rehearse"])
def test_ctrl_c_rolls_back_and_says_so(tmp_path: Path, work: str, command: str) -> None:
    write_project(tmp_path, {"a": create("a"), "b": steps(send("CREATE TABLE half (x)")) + MARK + f"    {work}\n"})
    process = start_cli(tmp_path, command)
    wait_for(tmp_path / "running", process)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 2
    left = "rolled back" if command == "migrate" else "the database itself was not touched"
    assert "stopped in 20250101_000001_b" in stderr and left in stderr and "Traceback" not in stderr
    assert tables(tmp_path) == ({"a"} if command == "migrate" else set())


def test_ctrl_c_while_waiting_for_a_writer_changes_nothing(tmp_path: Path) -> None:
    write_project(tmp_path, {"a": create("a")})
    writer = Writer(tmp_path)
    process = start_cli(tmp_path, "migrate", "--wait", "60")
    assert process.stderr is not None and "waiting" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    writer.end()
    assert process.returncode == 2 and "Traceback" not in stderr and "stopped" in stderr
    assert tables(tmp_path) == set()


@pytest.mark.parametrize("how", ["atomic", "with database", "raw BEGIN"])
def test_apply_inside_an_open_transaction_is_refused_and_leaves_it_alone(tmp_path: Path, how: str) -> None:
    project = open_project(tmp_path, {"a": create("a")})
    database = project.database
    if how == "raw BEGIN":
        database.connect()
        database.connection().execute("BEGIN")
        database.execute_sql("CREATE TABLE mine (x)")
        with pytest.raises(OperationRefused, match="already open"):
            project.apply()
        database.connection().execute("COMMIT")
    else:
        with database.atomic() if how == "atomic" else database:
            database.execute_sql("CREATE TABLE mine (x)")
            with pytest.raises(OperationRefused, match="already open"):
                project.apply()
    database.close()
    assert tables(tmp_path) == {"mine"} and states(project) == {"a": "pending"}


@pytest.mark.parametrize("source", [create("a"), steps("raise ValueError")])
@pytest.mark.parametrize("was_open", [True, False])
def test_the_connection_is_left_as_it_was(tmp_path: Path, source: str, was_open: bool) -> None:
    project = open_project(tmp_path, {"a": source})
    if was_open:
        project.database.connect()
        connection = project.database.connection()
    try:
        project.apply()
    except MigrationFailed:
        assert "raise" in source
    assert project.database.is_closed() is not was_open
    if was_open:
        assert project.database.connection() is connection
        assert not connection.in_transaction and not project.database.in_transaction()
        project.database.close()


def test_a_read_only_database_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    config = NO_KEYS.replace(
        "SqliteDatabase(Path(__file__).parent / 'app.sqlite')",
        "SqliteDatabase(f'file:{Path(__file__).parent}/app.sqlite?mode=ro', uri=True)",
    )
    project = open_project(tmp_path, {"a": create("a")}, config=config)
    sqlite3.connect(database_of(tmp_path)).close()
    database_of(tmp_path).touch()
    with pytest.raises(DatabaseUnavailable, match="can't be written"):
        project.apply()


def test_applying_nothing_makes_no_file(tmp_path: Path) -> None:
    project = open_project(tmp_path, {})
    assert project.apply().steps == () and project.revert().steps == ()
    assert not database_of(tmp_path).exists()


def test_a_migration_costs_no_look_at_other_tables(tmp_path: Path) -> None:
    """Whatever the database holds, the statements that pwmig sends for one migration are the same few."""

    def sent(tables_before: int) -> int:
        root = tmp_path / str(tables_before)
        project = open_project(root, {"a": create("a")})
        connection = sqlite3.connect(database_of(root))
        connection.executescript(";".join(f"CREATE TABLE t{n} (x REFERENCES t{n})" for n in range(tables_before)))
        connection.close()
        project.database.connect()
        count = 0

        def trace(sql: str) -> None:
            nonlocal count
            count += 1

        project.database.connection().set_trace_callback(trace)
        project.apply()
        project.database.close()
        return count

    assert sent(3) == sent(60)


def test_what_runs_in_no_transaction_is_no_migration(tmp_path: Path) -> None:
    """A coroutine, a generator and an operation that is handed back have done nothing yet."""
    bodies = {
        "async def migrate_forward():\n    pass\n": "coroutine",
        "def migrate_forward():\n    yield\n": "generator",
        "def migrate_forward():\n    return migrator.sql('SELECT 1')\n": "migrat",
    }
    for number, (body, word) in enumerate(bodies.items()):
        project = open_project(tmp_path / str(number), {"idle": HEAD + body})
        with pytest.raises(MigrationFailed, match=word):
            project.apply()
        assert states(project) == {"idle": "pending"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_of_the_migration_is_refused_the_database(tmp_path: Path) -> None:
    body = (
        "import threading\n\ndef migrate_forward():\n"
        "    thread = threading.Thread(target=lambda: database.execute_sql('CREATE TABLE t (x)'))\n"
        "    thread.start()\n    thread.join()\n"
    )
    project = open_project(tmp_path, {"threads": HEAD + body})
    with pytest.raises(MigrationFailed, match="thread of its own") as caught:
        project.apply()
    assert caught.value.way_out
    assert states(project) == {"threads": "pending"}


def test_a_block_that_closes_the_database_is_explained(tmp_path: Path) -> None:
    body = "def migrate_forward():\n    with database:\n        database.execute_sql('CREATE TABLE t (x)')\n"
    project = open_project(tmp_path, {"closes": HEAD + body})
    with pytest.raises(MigrationFailed, match="with database") as caught:
        project.apply()
    assert "database.atomic()" in caught.value.way_out
    assert project.schema().tables == ()


def test_orphans_from_before_do_not_stop_a_migration_and_new_ones_do(tmp_path: Path) -> None:
    tables = HEAD + (
        "def migrate_forward():\n"
        "    database.execute_sql('CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY)')\n"
        "    database.execute_sql('CREATE TABLE game (id INTEGER PRIMARY KEY, p INTEGER REFERENCES player (id))')\n"
    )
    write = HEAD + "def migrate_forward():\n    database.execute_sql('INSERT INTO game (p) VALUES (%s)')\n"
    project = open_project(tmp_path, {"tables": tables, "old": write % "NULL", "new": write % "99"})
    project.apply(to="tables")
    with sqlite3.connect(tmp_path / "db" / "app.sqlite") as connection:
        connection.execute("INSERT INTO game (p) VALUES (42)")
    connection.close()
    project.apply(to="old")
    with pytest.raises(MigrationFailed, match=r"1 row\(s\) would refer"):
        project.apply()


def test_a_foreign_key_that_never_could_be_checked_stops_nothing(tmp_path: Path) -> None:
    tables = HEAD + (
        "def migrate_forward():\n"
        "    database.execute_sql('CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name TEXT)')\n"
        "    database.execute_sql('CREATE TABLE game (p TEXT REFERENCES player (name))')\n"
    )
    write = HEAD + "def migrate_forward():\n    database.execute_sql('INSERT INTO player (name) VALUES (1)')\n"
    project = open_project(tmp_path, {"tables": tables, "write": write})
    with sqlite3.connect(tmp_path / "db" / "app.sqlite") as connection:
        connection.execute("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name TEXT)")
        connection.execute("CREATE TABLE game (p TEXT REFERENCES player (name))")
    connection.close()
    project.apply(to="tables", fake=True)
    project.apply()
    assert states(project) == {"tables": "applied", "write": "applied"}


def test_a_migration_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    source = HEAD + "from .helpers import TABLE\n\ndef migrate_forward():\n    database.execute_sql(TABLE)\n"
    project = open_project(tmp_path, {"beside": source})
    (project.migrations_folder / "helpers.py").write_text("TABLE = 'CREATE TABLE t (x)'\n")
    project.apply()
    assert project.schema().table_names == ("t",)


def test_a_relative_file_name_is_meant_from_the_projects_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = (
        "from peewee import *\nfrom pwmig import Migrator\ndatabase = SqliteDatabase('app.db')\n"
        "migrator = Migrator.from_database(database)\n"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    project = open_project(tmp_path / "project", {"a": CREATE_PLAYER}, config=config)
    project.apply()
    assert (tmp_path / "project" / "app.db").exists() and not list(elsewhere.iterdir())
