"""The workbench on PostgreSQL and MariaDB: form, preview, apply, before and after, the way back, differences."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import ipywidgets as w
import pytest
from markup import text_of
from projects import HEAD, run_cli, sql_migration, states, write_project
from server_projects import Place, place
from test_editor import fill

from pwmig import frames
from pwmig.errors import Cancelled, DatabaseUnavailable, MigrationFailed, PwmigError
from pwmig.notebook import ConfirmationNeeded, Workbench
from pwmig.notebook.operation_form import OperationForm
from pwmig.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    ColumnSpec,
    CreateTable,
    Operation,
    RenameColumn,
)
from pwmig.project import Project

__all__ = ["place"]

ROOT = Path(__file__).resolve().parent.parent

CONFIG = """
import os
from playhouse.db_url import connect
from pwmig import Migrator

database = connect(os.environ["DATABASE_URL"], unquote_password=True)
migrator = Migrator.from_database(database)
"""

FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Euwe'), ('Polgár')", "DELETE FROM player")
ADD_LEVEL = (
    HEAD
    + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n\n"
    + "def migrate_backward():\n    migrate(migrator.drop_column('player', 'level'))\n"
)
MODELS = """
from peewee import *
from db.migrations_config import database

class Player(Model):
    name = CharField(max_length=80, null=True)
    level = IntegerField(default=1)
    class Meta:
        database = database
        table_name = "player"
"""


@pytest.fixture(autouse=True)
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def root(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that takes its database from DATABASE_URL, with three migrations, none of them applied."""
    monkeypatch.setenv("DATABASE_URL", place.server.url(place.name))
    migrations = {"create_player": place.create("player"), "fill_player": FILL, "add_player_level": ADD_LEVEL}
    return write_project(tmp_path / "players", migrations, config=CONFIG, models=MODELS)


@pytest.fixture
def bench(root: Path) -> Iterator[Workbench]:
    bench = Workbench(root)
    yield bench
    bench.cancel()
    bench.wait(30)


def click(button: w.Button, bench: Workbench) -> None:
    """Click, and wait until what it began is over and shown."""
    assert not button.disabled
    button.click()
    bench.wait(60)


def wait_until(holds: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def without_history(state: str) -> dict[str, object]:
    return {name: held for name, held in json.loads(state).items() if not name.startswith("pwmig_")}


def content(place: Place) -> dict[str, object]:
    """All that the database holds, the history aside."""
    return without_history(place.state())


def sleeping(place: Place, seconds: int = 60) -> str:
    """A statement that takes so long."""
    said = f"SELECT 1 FROM (SELECT pg_sleep({seconds})) AS s" if place.transactional else f"SELECT SLEEP({seconds})"
    return f"INSERT INTO half {said}"


def slow(place: Place) -> str:
    """A migration that does half of its work and then stays in one statement."""
    half = sql_migration("CREATE TABLE half (id INTEGER)").rstrip("\n")
    return f"{half}\n    database.execute_sql({sleeping(place)!r})\n"


# Created by the form, looked at, applied, taken back

ASKED: Mapping[str, Operation] = {
    "a column with a default": AddColumn("player", ColumnSpec("title", "CharField", default="none", max_length=20)),
    "a table": CreateTable("club", (ColumnSpec("id", "AutoField"), ColumnSpec("city", "CharField"))),
    "a column for a reference": AddColumn("player", ColumnSpec("club_id", null=True)),
    "a reference": AddForeignKey("player", "club_id", "club", "id"),
    "an index": AddIndex("player", ("name",)),
    "a check": AddCheck("player", "level_counts", "level > 0"),
    "another name": RenameColumn("player", "name", "full_name"),
}


def add_by_form(bench: Workbench, operation: Operation) -> None:
    form: OperationForm = bench.editor.form
    fill(form, operation)
    assert form.wanted() == operation
    bench.editor.click_add()
    bench.editor.preview.wait(30)


def test_from_the_form_to_the_database_and_back(bench: Workbench, place: Place, root: Path) -> None:
    bench.apply()
    before, scratches = place.state(), place.scratches()
    click(bench.face.new, bench)
    for name, operation in ASKED.items():
        add_by_form(bench, operation)
        assert bench.editor.preview.outlook.error is None, name
    wait_until(lambda: "up to date" in bench.editor.face.state.value.lower())
    assert place.state() == before, "a live preview runs on a copy"
    bench.editor.set_name("clubs")
    bench.editor.save()
    assert bench.selected.endswith("_clubs") and bench.bench.pending == (bench.selected,)

    click(bench.face.rehearse, bench)
    run = bench.last_run
    assert run is not None and run.target == "copy" and place.state() == before
    assert run.sampled == (), "three rows are taken whole"
    rows = run.rows("player")
    assert list(rows[("title", "after")]) == ["none"] * 3 and set(rows[("", "change")]) == {""}
    assert ("full_name", "") in rows.columns, "a renamed column keeps its values"
    schema = run.schema("player").set_index("name")
    assert schema.loc["club_id", "change"] == "+ added" and "level" in str(schema.loc["level_counts", "after"])
    assert schema.loc["full_name", "change"].startswith("~")
    assert "Rehearsed on a copy" in bench.face.status.value
    assert place.scratches() == scratches, "the copies are gone"

    click(bench.face.apply, bench)
    assert {column.name for column in place.database.get_columns("player")} >= {"title", "club_id", "full_name"}
    assert "nothing pending" in bench.face.header.value and "Applied: clubs" in bench.face.status.value
    assert [list(run.rows("player")[("title", "after")]), run.changes] == [["none"] * 3, bench.last_run.changes]

    bench.select("add_player_level")
    click(bench.face.revert, bench)
    assert bench.face.question.visible, "the values of a column with a default are values"
    click(bench.face.yes, bench)
    assert content(place) == without_history(before)
    assert [states(Project.open(root))[name] for name in ("add_player_level", "clubs")] == ["applied", "pending"]


def test_before_rows_are_lost_it_asks_and_names_them(bench: Workbench, place: Place, root: Path) -> None:
    bench.apply()
    before = place.state()
    with pytest.raises(ConfirmationNeeded, match=r"the values of player\.level in 3 rows"):
        bench.revert()
    assert place.state() == before and "in 3 rows" in bench.face.question.text.value
    bench.select("create_player")
    click(bench.face.revert, bench)
    assert "- 3 rows of player" in text_of(bench.face.question.text.value)
    assert place.state() == before
    click(bench.face.yes, bench)
    assert place.run("SELECT count(*) FROM player") == [(0,)]
    assert states(Project.open(root)) == {
        "create_player": "applied",
        "fill_player": "pending",
        "add_player_level": "pending",
    }


def test_two_points_are_compared_on_a_copy(bench: Workbench, place: Place) -> None:
    bench.apply("fill_player")
    before = place.state()
    run = bench.compare("zero", "add_player_level")
    assert [change.kind for change in run.changes] == ["CreateTable"] and place.state() == before
    run = bench.compare("fill_player", "add_player_level")
    assert [change.kind for change in run.changes] == ["AddColumn"]
    assert list(run.rows("player")[("level", "after")]) == [1, 1, 1]
    assert "Compared on a copy: fill_player -> add_player_level" in text_of(bench.face.status.value)


def test_rows_are_found_sorted_and_paged_by_the_server(bench: Workbench) -> None:
    bench.apply()
    found = bench.explore("player", where=[("name", "contains", "l")], order_by="name", descending=True)
    assert list(found.frame["name"]) == ["Tal", "Polgár"]
    pages = [list(bench.explore("player", order_by="name", page=page, size=2).frame["name"]) for page in (1, 2)]
    assert pages == [["Euwe", "Polgár"], ["Tal"]]
    with pytest.raises(PwmigError, match="nothing_such"):
        bench.explore("player", where=[("nothing_such", "=", "1")])


def test_the_tables_are_drawn(bench: Workbench) -> None:
    bench.apply()
    assert "player" in bench.diagram().text and "level" in bench.diagram("player").text


def test_models_and_history_are_held_beside_the_database(bench: Workbench, place: Place) -> None:
    bench.apply()
    assert bench.bench.drift == () and "models agree" in bench.face.header.value
    before, scratches = place.state(), place.scratches()
    assert bench.diff().changes == () and bench.diff("history", "live").changes == ()
    place.run("ALTER TABLE player ADD COLUMN by_hand INTEGER")
    drift = bench.diff("history", "live")
    assert [change.describe() for change in drift.changes] != [] and drift.changes[0].kind == "AddColumn"
    assert "by_hand" in text_of(bench.face.differing.view.value) and "1 difference" in bench.face.status.value
    assert [change.kind for change in bench.diff().changes] == ["DropColumn"]
    click(bench.face.refresh, bench)
    assert "models differ from the database in 1 place" in bench.face.header.value
    place.run("ALTER TABLE player DROP COLUMN by_hand")
    assert place.state() == before and place.scratches() == scratches


# Long ones, and their end


@pytest.fixture
def long(place: Place, root: Path) -> Iterator[Workbench]:
    """A workbench whose last migration stays in one statement for a minute."""
    (root / "db" / "migrations" / "20250101_000003_slow.py").write_text(slow(place))
    bench = Workbench(root)
    bench.apply("add_player_level")
    bench.select("slow")
    yield bench
    bench.cancel()
    bench.wait(30)


def at_the_long_statement(bench: Workbench) -> bool:
    return any("SLEEP" in event.text.upper() for event in bench.bench.events)


@pytest.mark.parametrize("target", ["copy", "live"])
def test_a_long_statement_is_cancelled(long: Workbench, place: Place, root: Path, target: str) -> None:
    scratches = place.scratches()
    if target == "copy":
        long.face.rehearse.click()
    else:
        long._background.start(lambda: long.apply(confirm=True))  # Without a rehearsal before.
    wait_until(lambda: at_the_long_statement(long))
    wait_until(lambda: "statement 2: INSERT" in long.face.status.value)
    assert "<progress" in long.face.status.value and long.face.apply.disabled and not long.face.cancel.disabled
    began = time.monotonic()
    long.face.cancel.click()
    long.wait(30)
    assert time.monotonic() - began < 4, "by itself, not killed"
    assert isinstance(long.failure, Cancelled) and "stopped" in long.face.status.value
    stays = target == "live" and not place.transactional
    assert states(Project.open(root))["slow"] == ("failed" if stays else "pending")
    assert place.scratches() == scratches
    assert ("half" in place.tables()) is stays
    if stays:
        assert "CREATE TABLE half" in text_of(long.face.error.text.value), "what took effect is named"


def test_the_kernels_own_connection_sees_the_real_database_meanwhile(long: Workbench, place: Place) -> None:
    database = long.bench.project.database
    database.connect(reuse_if_open=True)
    own = database.connection()
    long.face.rehearse.click()
    wait_until(lambda: at_the_long_statement(long))
    here = "SELECT current_database()" if place.kind == "postgres" else "SELECT DATABASE()"
    assert database.execute_sql(here).fetchone() == (place.name,)
    database.execute_sql("INSERT INTO player (name, level) VALUES ('Hou', 2)")
    assert "half" not in database.get_tables() and database.connection() is own
    assert list(long.explore("player").frame["name"])[-1] == "Hou", "rows are read while it runs"
    long.cancel()
    long.wait(30)
    assert place.run("SELECT count(*) FROM player") == [(4,)]
    database.close()


KERNEL = """
import sys, time
from pwmig.notebook import Workbench

bench = Workbench(sys.argv[1])
bench.select("slow")
bench.face.rehearse.click()
while not any("SLEEP" in event.text.upper() for event in bench.bench.events):
    time.sleep(0.02)
print(bench.bench._worker.process_id, flush=True)
time.sleep(120)
"""


def gone(process_id: int) -> bool:
    """Whether a process has ended (one that waits for its parent to notice has, too)."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_killed_kernel_takes_its_worker_along_and_the_next_run_what_that_left(long: Workbench, place: Place) -> None:
    before, scratches = place.state(), place.scratches()
    kernel = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KERNEL), str(long.bench.project.root)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert kernel.stdout is not None
        worker = int(kernel.stdout.readline())
        assert len(place.scratches() - scratches) == 1, "its copy is there"
    finally:
        kernel.send_signal(signal.SIGKILL)
        kernel.wait()
    wait_until(lambda: gone(worker), 15)
    long.compare("zero", "create_player")
    assert place.scratches() == scratches and place.state() == before


# A sample is told as one

MANY = 1_500


@pytest.fixture
def many(place: Place, root: Path) -> Path:
    """More rows than a copy takes of a table."""
    project = Project.open(root)
    project.apply(to="create_player")
    place.run("INSERT INTO player (name) VALUES " + ", ".join(f"('x{number}')" for number in range(MANY)))
    (root / "db" / "migrations" / "20250101_000001_fill_player.py").write_text(
        sql_migration("DELETE FROM player WHERE id > 10")
    )
    project.database.close()
    return root


SAMPLED = "a sample of the rows of player"


def test_counts_of_a_sample_are_told_as_such(many: Path, place: Place) -> None:
    bench = Workbench(many)
    run = bench.rehearse()
    assert run.sampled == ("player",) and [(loss.row_count, loss.sampled) for loss in run.losses] == [(990, True)]
    note = frames.styled_rows(run, "player").grid.note
    assert note.startswith("In a sample of the rows: 0 added, 990 removed, 0 altered of 1,000 rows")
    for shown in (bench.face.plan.value, bench._repr_mimebundle_()["text/html"]):
        assert SAMPLED in text_of(shown) and "990 rows of player, counted in a sample" in text_of(shown)
    assert "In a sample of the rows" in text_of(bench.face.rows.view.value)
    with pytest.raises(ConfirmationNeeded, match="990 rows of player, counted in a sample") as caught:
        bench.apply()
    assert "the whole table may lose more" in caught.value.why
    assert bench.apply(confirm=True).sampled == () and "sample" not in text_of(bench.face.rows.view.value)
    assert place.run("SELECT count(*) FROM player") == [(10,)]


def test_values_that_go_with_a_column_are_counted_in_the_whole_table(many: Path, place: Place) -> None:
    bench = Workbench(many)
    forward = "def migrate_forward():\n    migrate(migrator.drop_column('player', 'name'))\n"
    path = bench.create("drop_name", source=HEAD + forward)
    for name in ("000001_fill_player", "000002_add_player_level"):
        (path.parent / f"20250101_{name}.py").unlink()
    bench.refresh()
    run = bench.rehearse()
    assert [str(loss) for loss in run.losses] == [f"the values of player.name in {MANY:,} rows"]


def test_the_command_tells_of_a_sample_too(many: Path) -> None:
    said = run_cli(many, "rehearse")
    assert said.returncode == 0, said.stderr
    assert f"the copy held {SAMPLED}" in said.stdout and "990 rows of player, counted in a sample" in said.stdout
    assert "player before: 1,000 rows of a sample" in said.stdout
    told = json.loads(run_cli(many, "rehearse", "--json").stdout)
    assert told["sampled"] == ["player"] and told["losses"][0]["sampled"] is True


def test_a_comparison_counts_in_the_sample_whatever_its_name_is_by_then(many: Path) -> None:
    rename = HEAD + "def migrate_forward():\n    migrate(migrator.rename_table('player', 'master'))\n"
    folder = many / "db" / "migrations"
    (folder / "20250101_000001_fill_player.py").write_text(rename)
    (folder / "20250101_000002_add_player_level.py").write_text(sql_migration("DELETE FROM master WHERE id > 10"))
    run = Workbench(many).compare("fill_player", "add_player_level")
    assert run.sampled == ("master",)
    assert [str(loss) for loss in run.losses] == ["990 rows of master, counted in a sample"]


# Secrets

SECRET = "hunter2-s3cret"


@pytest.fixture
def keeper(place: Place) -> Iterator[str]:
    """The URL of the test's database by an account that has a password."""
    name = f"keeper_{os.getpid()}"
    if place.kind == "postgres":
        place.server.execute(f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{SECRET}'")
    else:
        place.server.execute(f"CREATE USER {name}@'%' IDENTIFIED BY '{SECRET}'")
        place.server.execute(f"CREATE USER {name}@localhost IDENTIFIED BY '{SECRET}'")
        place.server.execute(f"GRANT ALL ON *.* TO {name}@'%'")
        place.server.execute(f"GRANT ALL ON *.* TO {name}@localhost")
    parts = urlsplit(place.server.url(place.name))
    at = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{name}:{SECRET}@{at}"))
    if place.kind == "postgres":
        place.run(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
        place.server.execute(f"DROP ROLE {name}")
    else:
        place.server.execute(f"DROP USER {name}@'%', {name}@localhost")


def told_everywhere(bench: Workbench) -> str:
    """All that a browser or a notebook's file gets of a workbench, and its log and lines."""
    state = json.dumps(w.Widget.get_manager_state(), default=str)
    return "\n".join([state, bench._repr_mimebundle_()["text/html"], *bench.lines, repr(bench)])


def test_a_password_appears_nowhere(place: Place, keeper: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    literal = CONFIG.replace('os.environ["DATABASE_URL"]', repr(keeper))
    write_project(root, {}, config=literal, models=MODELS)
    monkeypatch.delenv("DATABASE_URL")
    bench = Workbench(root)
    bench.apply("fill_player")
    click(bench.face.rehearse, bench)
    bench.diff("live", keeper)
    assert f"keeper_{os.getpid()}" in told_everywhere(bench) and SECRET not in told_everywhere(bench)
    bench.create("fails", source=sql_migration(f"SELECT '{keeper}' FROM nowhere"))
    with pytest.raises(MigrationFailed) as failed:
        bench.rehearse()
    assert SECRET not in str(failed.value) and SECRET not in told_everywhere(bench)
    wrong = keeper.replace(place.name, "there_is_none")
    with pytest.raises(PwmigError) as caught:
        bench.diff("live", wrong)
    assert SECRET not in str(caught.value) and SECRET not in told_everywhere(bench)


def test_a_server_that_is_not_there_is_told_without_a_password(
    place: Place, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = urlsplit(place.server.url("x")).scheme
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://ann:{SECRET}@127.0.0.1:1/app")
    with pytest.raises(DatabaseUnavailable) as caught:
        Workbench(root)
    assert caught.value.way_out and SECRET not in str(caught.value)
