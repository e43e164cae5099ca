"""A verb in a process of its own: results, errors and progress come back, and it leaves nothing when it ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from projects import CREATE_PLAYER, HEAD, open_project, sql_migration, states, write_project

from pwmig.errors import Cancelled, HistoryError, MigrationFailed, MigrationFileError, ProjectError, PwmigError
from pwmig.plan import Event
from pwmig.project import Project
from pwmig.worker import VERBS, Worker

ROOT = Path(__file__).resolve().parent.parent
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
MODELS = """
from peewee import *
from db.migrations_config import database

class Player(Model):
    name = CharField(max_length=80)
    class Meta:
        database = database
"""


def forward(*lines: str) -> str:
    return HEAD + "def migrate_forward():\n" + "".join(f"    {line}\n" for line in lines)


def send(sql: str) -> str:
    return f"database.execute_sql({sql!r})"


def endless(root: Path, work: str) -> Path:
    """A project whose second migration does half of its work, touches `running`, and then stays in ``work``."""
    running = root / "running"
    lines = [send("CREATE TABLE half (x)"), f"open({str(running)!r}, 'w').close()", *work.split("\n")]
    write_project(root, {"create_player": CREATE_PLAYER, "endless": forward(*lines)}, models=MODELS)
    return running


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, "it did not get there"
        time.sleep(0.01)


def gone(process_id: int) -> bool:
    """Whether a process has ended (one that waits for its parent to notice has, too)."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def tables(root: Path) -> set[str]:
    connection = sqlite3.connect(root / "db" / "app.sqlite", timeout=0.2)
    connection.execute("BEGIN IMMEDIATE")  # Nobody holds a lock any more.
    found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.rollback()
    connection.close()
    return {name for name in found if not name.startswith(("pwmig_", "sqlite_"))}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, to see what is left in it."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_results_come_back_as_the_records_they_are(tmp_path: Path, temporary: Path) -> None:
    root = write_project(tmp_path / "p", {"create_player": CREATE_PLAYER}, models=MODELS)
    rehearsal = Worker(root, "rehearse").start().wait(60)
    assert [change.kind for change in rehearsal.changes] == ["CreateTable"] and rehearsal.target == "copy"
    assert not (root / "db" / "app.sqlite").exists()
    run = Worker(root, "apply", {"watch": True}).start().wait(60)
    assert (run.changes, run.after.schema) == (rehearsal.changes, rehearsal.after.schema)
    project = Project.open(root)
    for verb, expected in [
        ("status", project.status()),
        ("plan", project.plan()),
        ("diff", ()),
        ("schema", project.schema()),
        ("snapshot", project.snapshot()),
    ]:
        assert Worker(root, verb).start().wait(60) == expected
    assert [step.outcome for step in Worker(root, "revert").start().wait(60).steps] == ["reverted"]
    assert list(temporary.iterdir()) == []


def test_a_plan_made_here_is_run_there(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "club": CREATE_PLAYER.replace("player", "club")})
    plan = project.plan(steps=1)
    run = Worker(tmp_path, "apply", {"plan": plan}).start().wait(60)
    assert run.plan == plan and tables(tmp_path) == {"player"}


def spoil_history(root: Path) -> None:
    project = Project.open(root)
    project.apply(fake=True)
    project.database.execute_sql("UPDATE pwmig_history SET format = 99")
    project.database.close()


ERRORS: list[tuple[str, type[PwmigError], str, str]] = [
    ("no project", ProjectError, "rehearse", "there is no pwmig project"),
    ("a broken config", ProjectError, "status", "can't be imported"),
    ("a config that exits", ProjectError, "status", "can't be imported"),
    ("a broken file", MigrationFileError, "apply", "not valid Python"),
    ("a failing migration", MigrationFailed, "apply", "20250101_000000_m failed at line 6"),
    ("a failing rehearsal", MigrationFailed, "rehearse", "20250101_000000_m failed at line 6"),
    ("a newer history", HistoryError, "apply", "newer pwmig"),
]


@pytest.mark.parametrize(("case", "kind", "verb", "words"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_come_back_as_what_they_are(
    tmp_path: Path, case: str, kind: type[PwmigError], verb: str, words: str
) -> None:
    broken = "def migrate_forward(:\n" if case == "a broken file" else forward("raise ValueError('half-way')")
    if case != "no project":
        write_project(tmp_path, {"m": broken})
    if case == "a newer history":
        spoil_history(tmp_path)
    if "config" in case:
        text = "import sys; sys.exit(0)\n" if "exits" in case else "x = (\n"
        (tmp_path / "db" / "migrations_config.py").write_text(text)
    with pytest.raises(kind) as caught:
        Worker(tmp_path, verb).start().wait(60)
    assert type(caught.value) is kind and words in caught.value.what
    assert caught.value.why and caught.value.way_out


def test_a_failed_run_comes_back_with_its_error(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER, "m": forward("raise ValueError('half-way')")})
    with pytest.raises(MigrationFailed) as caught:
        Worker(tmp_path, "apply").start().wait(60)
    assert caught.value.run is not None
    assert [step.outcome for step in caught.value.run.steps] == ["applied", "failed"]


def test_an_error_whose_records_can_t_travel_comes_back_in_words(tmp_path: Path) -> None:
    lines = [
        "class Odd:",
        "    def __conform__(self, protocol): return 'odd'",
        "    def __reduce__(self): raise TypeError('this stays here')",
        send("CREATE TABLE t (x)"),
        "database.execute_sql('INSERT INTO t VALUES (?)', (Odd(),))",
    ]
    for end in ("", "raise ValueError('half-way')"):
        root = write_project(tmp_path / (end or "fine")[:4], {"m": forward(*lines, end or "pass")})
        with pytest.raises(PwmigError) as caught:
            Worker(root, "apply").start().wait(60)
        assert caught.value.why and caught.value.way_out
        assert ("half-way" if end else "this stays here") in str(caught.value)


def test_events_and_printed_lines_arrive_while_it_runs(tmp_path: Path) -> None:
    printing = forward(
        "print('plain')",
        "import sys, os",
        "print('to standard error', file=sys.stderr)",
        "os.write(1, b'past Python\\n')",
        "print('é \\x1b[31m red')",
        send("CREATE TABLE t (x)"),
    )
    write_project(tmp_path, {"m": printing})
    events: list[Event] = []
    Worker(tmp_path, "apply", on_event=events.append).start().wait(60)
    assert [event.kind for event in events if event.kind != "output"] == ["step", "statement", "step-done"]
    lines = {event.text for event in events if event.kind == "output"}
    assert {"plain", "to standard error", "past Python", "é \x1b[31m red"} <= lines


def test_many_lines_and_statements_all_arrive(tmp_path: Path) -> None:
    lines = ["for n in range(3000):", "    print('x' * 200)", "    " + send("UPDATE t SET x = x + 1")]
    write_project(tmp_path, {"t": sql_migration("CREATE TABLE t (x)"), "m": forward(*lines)})
    events: list[Event] = []
    run = Worker(tmp_path, "apply", on_event=events.append).start().wait(120)
    assert len(run.steps[1].statements) == 3000
    assert sum(event.kind == "statement" for event in events) == 3001
    assert sum(event.kind == "output" for event in events) == 3000


def test_reading_from_the_keyboard_finds_its_end(tmp_path: Path) -> None:
    write_project(tmp_path, {"m": forward("import sys", "assert sys.stdin.read() == ''", send("CREATE TABLE t (x)"))})
    assert Worker(tmp_path, "apply").start().wait(60).ok


def test_a_listener_that_raises_does_not_lose_the_run(tmp_path: Path) -> None:
    def on_event(event: Event) -> None:
        raise RuntimeError("the page is gone")

    write_project(tmp_path, {"create_player": CREATE_PLAYER})
    run = Worker(tmp_path, "apply", on_event=on_event).start().wait(60)
    assert run.ok and tables(tmp_path) == {"player"}


def test_done_is_told_once_after_everything(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER})
    told: list[tuple[bool, bool]] = []
    here = threading.Event()

    def on_done(worker: Worker) -> None:
        told.append((worker.done.is_set(), worker.running))
        here.set()

    worker = Worker(tmp_path, "apply", on_done=on_done)
    assert not worker.running and worker.process_id is None
    worker.start().wait(60)
    assert here.wait(5) and told == [(True, False)]
    assert worker.wait(0) is worker.wait(0)


WORK = {
    "a long statement": send(f"CREATE TABLE b AS {ENDLESS}"),
    "a long SELECT": send(ENDLESS),
    "time.sleep": "import time; time.sleep(60)",
    "a loop of Python": "while True: pass",
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
@pytest.mark.parametrize("verb", ["apply", "rehearse"])
def test_cancel_stops_it_and_rolls_back(tmp_path: Path, temporary: Path, verb: str, work: str) -> None:
    running = endless(tmp_path, work)
    worker = Worker(tmp_path, verb).start()
    wait_for(running)
    time.sleep(0.1)
    asked = time.monotonic()
    worker.cancel()
    worker.cancel()
    with pytest.raises(Cancelled) as caught:
        worker.wait(20)
    assert time.monotonic() - asked < 4  # It ended by itself; it was not killed.
    left = "rolled back" if verb == "apply" else "the database itself was not touched"
    assert "20250101_000001_endless" in caught.value.what and left in caught.value.way_out
    assert list(temporary.iterdir()) == []
    if verb == "apply":
        assert tables(tmp_path) == {"player"}
        assert states(Project.open(tmp_path)) == {"create_player": "applied", "endless": "pending"}
    else:
        assert not (tmp_path / "db" / "app.sqlite").exists()


def test_what_will_not_hear_is_killed_and_rolled_back(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwmig.worker._GRACE_S", 0.5)
    deaf = "import time\nwhile True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: pass"
    worker = Worker(tmp_path, "apply") if (running := endless(tmp_path, deaf)) else None
    assert worker is not None
    worker.start()
    wait_for(running)
    worker.cancel()
    with pytest.raises(Cancelled, match="stopped"):
        worker.wait(20)
    assert tables(tmp_path) == {"player"} and list(temporary.iterdir()) == []


def test_cancelling_what_has_ended_changes_nothing(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER})
    worker = Worker(tmp_path, "apply").start()
    run = worker.wait(60)
    worker.cancel()
    assert worker.wait(0) is run


def test_a_killed_worker_is_told_and_its_transaction_is_gone(tmp_path: Path, temporary: Path) -> None:
    running = endless(tmp_path, WORK["time.sleep"])
    worker = Worker(tmp_path, "apply").start()
    wait_for(running)
    assert worker.process_id is not None
    os.kill(worker.process_id, signal.SIGKILL)
    with pytest.raises(PwmigError) as caught:
        worker.wait(20)
    assert not isinstance(caught.value, Cancelled) and "pwmig status" in caught.value.way_out
    assert tables(tmp_path) == {"player"} and list(temporary.iterdir()) == []
    assert states(Project.open(tmp_path)) == {"create_player": "applied", "endless": "pending"}


def test_a_migration_that_ends_its_process_is_told(tmp_path: Path) -> None:
    write_project(tmp_path, {"m": forward(send("CREATE TABLE half (x)"), "import os", "os.kill(os.getpid(), 9)")})
    with pytest.raises(PwmigError) as caught:
        Worker(tmp_path, "apply").start().wait(60)
    assert caught.value.why and caught.value.way_out
    assert tables(tmp_path) == set()


@pytest.mark.parametrize("verb", ["apply", "rehearse"])
@pytest.mark.parametrize("work", [WORK["time.sleep"], WORK["a long statement"]], ids=["time.sleep", "a statement"])
def test_it_dies_with_its_parent(tmp_path: Path, temporary: Path, verb: str, work: str) -> None:
    running = endless(tmp_path, work)
    program = f"""
        import tempfile, time
        tempfile.tempdir = {str(temporary)!r}
        from pwmig.worker import Worker
        print(Worker({str(tmp_path)!r}, {verb!r}).start().process_id, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_for(running)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while not gone(child):
        assert time.monotonic() < deadline, "the worker lives on"
        time.sleep(0.05)
    assert list(temporary.iterdir()) == []
    assert verb == "rehearse" or tables(tmp_path) == {"player"}


def test_an_edited_migration_needs_no_new_session(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"create_player": CREATE_PLAYER}, models=MODELS)
    first = Worker(root, "rehearse").start().wait(60)
    (root / "db/migrations/20250101_000000_create_player.py").write_text(CREATE_PLAYER.replace("name", "called"))
    second = Worker(root, "rehearse").start().wait(60)
    names = [[column.name for column in run.after.schema.table("player").columns] for run in (first, second)]
    assert names == [["id", "name"], ["id", "called"]]


def test_a_worker_s_project_is_not_this_process_s(tmp_path: Path) -> None:
    """Nothing of the child's project gets into this process, and no module beside the project hides Python's own."""
    root = write_project(tmp_path, {"create_player": CREATE_PLAYER})
    (root / "pickle.py").write_text("raise RuntimeError('the wrong pickle')\n")
    before = {name for name in sys.modules if name.partition(".")[0] == "db"}
    assert len(Worker(root, "status").start().wait(60)) == 1
    assert {name for name in sys.modules if name.partition(".")[0] == "db"} == before


def test_only_known_verbs_are_taken(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rehearse"):
        Worker(tmp_path, "__init__")
    options: dict[str, Any] = {}
    assert all(Worker(tmp_path, verb, options).verb == verb for verb in VERBS)


def test_waiting_is_limited_and_does_not_end_it(tmp_path: Path) -> None:
    running = endless(tmp_path, WORK["time.sleep"])
    worker = Worker(tmp_path, "apply").start()
    wait_for(running)
    with pytest.raises(TimeoutError):
        worker.wait(0.05)
    assert worker.running
    worker.cancel()
    with pytest.raises(Cancelled):
        worker.wait(20)
