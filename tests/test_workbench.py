"""The workbench without a browser: its methods, its buttons, its form, and what a notebook keeps of it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import ipywidgets as w
import pytest
from markup import parsed, text_of
from projects import CONFIG, CREATE_PLAYER, HEAD, sql_migration, state, states, write_project

from pwmig.errors import Cancelled, MigrationFailed, PlanError, ProjectError, PwmigError
from pwmig.notebook import Workbench
from pwmig.notebook.bench import ConfirmationNeeded, nearest_project
from pwmig.operations import (
    DropColumn,
)
from pwmig.project import Project

FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Euwe'), ('Spassky')", "DELETE FROM player")
ADD_LEVEL = (
    HEAD
    + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n\n"
    + "def migrate_backward():\n    migrate(migrator.drop_column('player', 'level'))\n"
)
SLOW = (
    "from db.migrations_config import database\n\n"
    "def migrate_forward():\n"
    "    database.execute_sql('CREATE TABLE half_way (id INTEGER)')\n"
    "    database.execute_sql('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) '\n"
    "                         'INSERT INTO half_way SELECT max(i) FROM n')\n"
)
MIGRATIONS = {"create_player": CREATE_PLAYER, "fill_player": FILL, "add_player_level": ADD_LEVEL}
LEVEL = "20250101_000002_add_player_level"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with three migrations, none of them applied."""
    return write_project(tmp_path / "players", MIGRATIONS)


@pytest.fixture
def bench(root: Path) -> Workbench:
    return Workbench(root)


def database_file(root: Path) -> Path:
    return root / "db" / "app.sqlite"


def wait_until(holds: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def click(button: w.Button, bench: Workbench) -> None:
    """Click, and wait until what it began is over and shown."""
    button.click()
    bench.wait(60)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A workbench on a project with all its migrations applied, for tests that change nothing."""
    bench = Workbench(write_project(tmp_path_factory.mktemp("filled") / "players", MIGRATIONS))
    bench.apply()
    bench.face.new.click()
    return bench


# Methods


def test_a_rehearsal_shows_what_would_happen_and_touches_nothing(bench: Workbench, root: Path) -> None:
    run = bench.rehearse()
    assert run.target == "copy" and [step.outcome for step in run.steps] == ["applied"] * 3
    assert not database_file(root).exists()
    assert bench.last_run is run
    assert list(bench.changes()["kind"]) == ["CreateTable"]
    assert list(bench.rows("player").index) == [1, 2, 3]
    assert set(bench.schema("player")["change"]) == {"+ added"}
    assert set(bench.status()["state"]) == {"pending"}


def test_apply_goes_as_far_as_it_is_told_and_revert_takes_back_what_is_after(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    assert states(Project.open(root)) == {
        "create_player": "applied",
        "fill_player": "applied",
        "add_player_level": "pending",
    }
    bench.apply()
    assert set(states(Project.open(root)).values()) == {"applied"}
    bench.revert("fill_player", confirm=True)
    assert states(Project.open(root))["add_player_level"] == "pending"
    bench.revert("zero", confirm=True)
    assert set(states(Project.open(root)).values()) == {"pending"}


def test_before_rows_are_lost_it_asks_and_names_how_many(bench: Workbench, root: Path) -> None:
    bench.apply()
    before = state(database_file(root))
    with pytest.raises(ConfirmationNeeded, match=r"the values of player\.level in 3 rows") as caught:
        bench.revert()
    assert [str(loss) for loss in caught.value.losses] == ["the values of player.level in 3 rows"]
    assert state(database_file(root)) == before
    assert bench.face.question.visible and "in 3 rows" in bench.face.question.text.value
    assert bench.revert(confirm=True).ok
    assert not bench.face.question.visible
    assert state(database_file(root)) != before


def test_what_loses_nothing_is_not_asked_about(bench: Workbench) -> None:
    assert bench.apply().target == "live"
    assert not bench.face.question.visible


def test_the_rehearsal_at_hand_is_not_repeated(bench: Workbench) -> None:
    rehearsal = bench.rehearse()
    seen: list[str] = []
    work = bench.bench._work
    bench.bench._work = lambda verb, options: seen.append(verb) or work(verb, options)  # type: ignore[method-assign]
    assert bench.apply().plan == rehearsal.plan
    assert seen == ["apply"]


def test_the_last_pair_of_rows_is_kept_after_apply(bench: Workbench) -> None:
    bench.apply("fill_player")
    bench.apply()
    frame = bench.rows("player")
    assert ("level", "after") in frame.columns and ("level", "before") not in frame.columns
    assert "level" in bench.face.rows.view.value


def test_a_table_that_the_run_did_not_touch_is_shown_as_it_is(root: Path) -> None:
    database = sqlite3.connect(database_file(root))
    database.executescript("CREATE TABLE coach (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO coach VALUES (7, 'B')")
    database.close()
    bench = Workbench(root)
    bench.rehearse("create_player")
    assert list(bench.rows("coach").columns) == ["name"]
    assert list(bench.rows("coach").index) == [7]


def test_rows_that_were_only_out_of_sight_before_are_not_called_added(root: Path) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) "
    write_project(
        root,
        {
            "create_player": CREATE_PLAYER,
            "fill": sql_migration(f"INSERT INTO player {many} SELECT i, 'x' || i FROM n"),
            "thin": sql_migration("DELETE FROM player WHERE id % 5 = 0"),
            "more": sql_migration("INSERT INTO player VALUES (99, 'new')"),
        },
    )
    (root / "db" / "migrations" / "20250101_000001_fill_player.py").unlink()
    (root / "db" / "migrations" / "20250101_000002_add_player_level.py").unlink()
    bench = Workbench(root)
    bench.apply("20250101_000001_fill")
    bench.rehearse()
    change = bench.rows("player")[("", "change")]
    assert [key for key, word in change.items() if word == "- removed"] == list(range(5, 51, 5))
    assert [key for key, word in change.items() if word == "+ added"] == [99]
    assert len(change) > 11, "some that stay are shown beside them"


def test_an_edited_migration_needs_no_restart(bench: Workbench, root: Path) -> None:
    assert bench.rehearse().after.schema.table("player").column("level").type == "INTEGER"
    file = root / "db" / "migrations" / f"{LEVEL}.py"
    file.write_text(ADD_LEVEL.replace("IntegerField(default=1)", "TextField(default='one')"))
    assert bench.rehearse().after.schema.table("player").column("level").type == "TEXT"


def test_edited_models_need_no_restart(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    models = root / "db" / "models.py"
    head = "from peewee import *\nfrom db.migrations_config import database\n\nclass Player(Model):\n"
    meta = "\n    class Meta:\n        database = database\n"
    models.write_text(f"{head}    name = CharField(max_length=80)\n{meta}")
    bench.refresh()
    assert bench.bench.drift == () and "models agree" in bench.face.header.value
    models.write_text(f"{head}    name = CharField(max_length=80)\n    level = IntegerField()\n{meta}")
    bench.refresh()
    assert [change.kind for change in bench.bench.drift or ()] == ["AddColumn"]
    assert "differ" in bench.face.header.value


def test_models_that_do_not_import_are_named_and_stop_nothing(bench: Workbench, root: Path) -> None:
    (root / "db" / "models.py").write_text("import no_such_module\n")
    bench.refresh()
    assert "models not compared" in bench.face.header.value
    assert bench.rehearse().ok


def test_the_kernels_own_database_is_left_alone(bench: Workbench, root: Path) -> None:
    bench.apply("fill_player")
    database = bench.bench.project.database
    database.connect(reuse_if_open=True)
    own = database.connection()
    path = database.database
    bench.rehearse()
    bench.apply()
    assert database.connection() is own and database.database == path
    assert database.execute_sql("SELECT sum(level) FROM player").fetchone() == (3,)
    database.close()


def test_create_writes_the_operations_and_selects_the_file(bench: Workbench) -> None:
    bench.apply()
    path = bench.create("drop_name", DropColumn("player", "name"))
    assert bench.selected == path.stem and path.stem.endswith("_drop_name")
    text = path.read_text()
    assert 'migrator.drop_column("player", "name")' in text and "migrate_backward" in text
    assert [str(loss) for loss in bench.rehearse().losses] == ["the values of player.name in 3 rows"]


def test_create_without_operations_gives_the_template(bench: Workbench) -> None:
    assert "# migrator.add_column" in bench.create("something").read_text()


@pytest.mark.parametrize(
    ("wanted", "selected"),
    [("zero", "zero"), ("level", LEVEL), (LEVEL, LEVEL), ("create", "20250101_000000_create_player")],
)
def test_select_takes_a_part_of_a_name(bench: Workbench, wanted: str, selected: str) -> None:
    bench.select(wanted)
    assert bench.selected == bench.face.timeline.widget.value == selected


def test_select_refuses_what_is_not_there(bench: Workbench) -> None:
    with pytest.raises(PlanError, match="'coach'"):
        bench.select("coach")
    assert bench.selected == LEVEL, "the last pending one is chosen at the start"


# Errors


def test_a_failing_migration_says_what_why_and_the_way_out(root: Path) -> None:
    source = sql_migration("INSERT INTO nowhere VALUES ('postgresql://me:hunter2@host/db')")
    write_project(root, {**MIGRATIONS, "fails": source})
    bench = Workbench(root)
    bench.apply(LEVEL)
    before = state(database_file(root))
    with pytest.raises(MigrationFailed):
        bench.rehearse()
    shown = bench.face.error.text.value
    assert bench.face.error.visible and "Why:" in shown and "Way out:" in shown and "nowhere" in shown
    assert "hunter2" not in shown and "hunter2" not in bench.face.log.value
    assert state(database_file(root)) == before
    bench.rehearse("add_player_level")
    assert not bench.face.error.visible, "the next run takes the message away"


def test_an_error_behind_a_button_is_shown_too(root: Path) -> None:
    write_project(root, {**MIGRATIONS, "fails": "def migrate_forward():\n    raise ValueError('<b>not so</b>')\n"})
    bench = Workbench(root)
    bench.select("fails")
    click(bench.face.rehearse, bench)
    assert bench.face.error.visible and "&lt;b&gt;not so&lt;/b&gt;" in bench.face.error.text.value


def test_a_broken_file_is_named(root: Path) -> None:
    write_project(root, {**MIGRATIONS, "broken": "def migrate_forward(:\n"})
    bench = Workbench(root)
    with pytest.raises(PwmigError, match="broken"):
        bench.rehearse()
    assert "not valid Python" in bench.face.error.text.value


@pytest.fixture
def in_memory(tmp_path: Path) -> Workbench:
    config = CONFIG.replace('Path(__file__).parent / "app.sqlite"', '":memory:"')
    return Workbench(write_project(tmp_path, MIGRATIONS, config=config))


def test_a_database_in_memory_is_rehearsed_on_a_copy_and_changed_where_it_is(in_memory: Workbench) -> None:
    bench, database = in_memory, in_memory.bench.project.database
    assert bench.rehearse().target == "copy" and database.get_tables() == []
    assert bench.apply().target == "live"
    assert database.execute_sql("SELECT count(level) FROM player").fetchone() == (3,)
    assert set(bench.status()["state"]) == {"applied"} and "nothing pending" in bench.face.header.value
    with pytest.raises(ConfirmationNeeded, match=r"player\.level in 3 rows"):
        bench.revert()
    assert list(bench.explore("player").frame["name"]) == ["Tal", "Euwe", "Spassky"]
    assert [change.kind for change in bench.preview(DropColumn("player", "name")).changes] == ["DropColumn"]
    bench.revert("zero", confirm=True)
    assert "player" not in database.get_tables()


def test_clicks_on_a_database_in_memory_do_the_same(in_memory: Workbench) -> None:
    bench, database = in_memory, in_memory.bench.project.database
    bench.select("fill_player")
    bench.face.rehearse.click()
    assert "Rehearsed on a copy" in bench.face.status.value and database.get_tables() == []
    bench.face.apply.click()
    assert database.execute_sql("SELECT count(*) FROM player").fetchone() == (3,)
    bench.select("create_player")
    bench.face.revert.click()
    assert bench.face.question.visible
    bench.face.yes.click()
    assert database.execute_sql("SELECT count(*) FROM player").fetchone() == (0,)


def test_there_is_no_workbench_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match="no pwmig project"):
        Workbench()
    assert list(tmp_path.iterdir()) == []


def test_the_nearest_project_is_found_upwards_or_by_the_environment(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = root / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert nearest_project().root == root
    other = write_project(tmp_path / "other")
    monkeypatch.setenv("PWMIG_PROJECT", str(other))
    assert nearest_project().root == other
    assert nearest_project(root).root == root


# Buttons


def test_buttons_do_what_their_methods_do(bench: Workbench, root: Path) -> None:
    bench.select("fill_player")
    click(bench.face.rehearse, bench)
    assert not database_file(root).exists() and bench.last_run is not None and bench.last_run.target == "copy"
    click(bench.face.apply, bench)
    assert states(Project.open(root))["fill_player"] == "applied"
    assert states(Project.open(root))["add_player_level"] == "pending"
    bench.select("create_player")
    click(bench.face.revert, bench)
    assert "3 rows of player" in bench.face.question.text.value
    click(bench.face.yes, bench)
    assert states(Project.open(root))["fill_player"] == "pending"


def test_the_second_question_is_answered_by_a_click(bench: Workbench, root: Path) -> None:
    bench.apply()
    before = state(database_file(root))
    bench.select("fill_player")
    click(bench.face.revert, bench)
    assert bench.face.question.visible and bench.face.yes.description == "Revert all the same"
    assert state(database_file(root)) == before
    bench.face.no.click()
    assert not bench.face.question.visible and state(database_file(root)) == before
    click(bench.face.yes, bench)
    assert state(database_file(root)) == before, "there is no question any more that a click could answer"
    click(bench.face.revert, bench)
    click(bench.face.yes, bench)
    assert states(Project.open(root))["add_player_level"] == "pending" and not bench.face.question.visible


@pytest.mark.parametrize(
    ("selected", "rehearse", "apply", "revert"),
    [
        ("zero", True, False, True),
        ("create_player", True, False, True),
        ("fill_player", False, False, False),
        ("add_player_level", True, True, False),
    ],
)
def test_only_what_can_be_done_here_can_be_clicked(
    bench: Workbench, selected: str, rehearse: bool, apply: bool, revert: bool
) -> None:
    bench.apply("fill_player")
    bench.select(selected)
    tools = (bench.face.rehearse, bench.face.apply, bench.face.revert, bench.face.cancel)
    assert [not tool.disabled for tool in tools] == [rehearse, apply, revert, False]


def test_a_click_on_a_disabled_button_does_nothing(bench: Workbench, root: Path) -> None:
    bench.select("zero")
    assert bench.face.apply.disabled and bench.face.revert.disabled
    for tool in (bench.face.apply, bench.face.revert, bench.face.rehearse, bench.face.cancel):
        click(tool, bench)
    assert not database_file(root).exists() and set(bench.status()["state"]) == {"pending"}


@pytest.fixture
def slow(root: Path) -> Workbench:
    """A workbench whose last migration never ends."""
    write_project(root, {**MIGRATIONS, "slow": SLOW})
    bench = Workbench(root)
    bench.apply(LEVEL)
    bench.select("slow")
    return bench


def start(button: w.Button, bench: Workbench) -> None:
    """Click, and wait until the worker is at the endless statement."""
    button.click()
    wait_until(lambda: any("RECURSIVE" in event.text for event in bench.bench.events))


def test_a_click_returns_at_once_and_cancel_is_heard(slow: Workbench, root: Path) -> None:
    before = state(database_file(root))
    began = time.monotonic()
    slow.face.apply.click()
    assert time.monotonic() - began < 1, "the kernel stays free"
    wait_until(lambda: slow.bench.busy)
    assert not slow.face.cancel.disabled and slow.face.apply.disabled
    wait_until(lambda: any("RECURSIVE" in event.text for event in slow.bench.events))
    wait_until(lambda: "<progress" in slow.face.status.value and "statement 2: WITH" in slow.face.status.value)
    click(slow.face.cancel, slow)
    assert slow.face.error.visible and "<progress" not in slow.face.status.value
    assert state(database_file(root)) == before
    assert states(Project.open(root))["slow"] == "pending"


def test_only_one_run_at_a_time(slow: Workbench) -> None:
    start(slow.face.rehearse, slow)
    with pytest.raises(PwmigError, match="under way"):
        slow.rehearse()
    assert slow.cancel() is True
    slow.wait(30)
    assert slow.cancel() is False


def test_a_cancelled_rehearsal_says_so(slow: Workbench) -> None:
    start(slow.face.rehearse, slow)
    slow.cancel()
    slow.wait(30)
    assert slow.face.error.visible
    assert isinstance(slow.failure, Cancelled)


# What a notebook keeps


def test_a_notebook_gets_the_widget_a_static_form_and_a_line(bench: Workbench) -> None:
    bundle = bench._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert bundle["text/plain"] == "Workbench(players: 3 migrations, 3 pending)"
    assert "○ pending" in text_of(bundle["text/html"]) and LEVEL in bundle["text/html"]


def test_the_static_form_is_the_same_for_the_same_state(root: Path) -> None:
    forms = []
    for _ in range(2):
        bench = Workbench(root)
        bench.rehearse()
        forms.append(bench._repr_mimebundle_()["text/html"])
    assert forms[0] == forms[1]
    assert "level" in forms[0] and "Euwe" in forms[0] and str(root) not in forms[0]


def test_hostile_names_and_values_stay_text_wherever_they_are_shown(tmp_path: Path) -> None:
    evil = '<img src=x onerror="alert(1)">'
    quoted = evil.replace('"', '""')
    create = f'CREATE TABLE "{quoted}" (id INTEGER PRIMARY KEY, "{quoted}" TEXT)'
    write_project(
        tmp_path,
        {
            "create": sql_migration(create, f'DROP TABLE "{quoted}"'),
            "fill": sql_migration(f"""INSERT INTO "{quoted}" VALUES (1, '{evil}')""", f'DELETE FROM "{quoted}"'),
            "fails": f"def migrate_forward():\n    raise ValueError({evil!r})\n",
        },
    )
    bench = Workbench(tmp_path)
    bench.apply("fill")
    with pytest.raises(ConfirmationNeeded):
        bench.revert("zero")
    with pytest.raises(MigrationFailed):
        bench.apply()
    bench.face.new.click()
    pieces = [bench._repr_mimebundle_()["text/html"], *(view.value for view in html_views(bench.face.layout.root))]
    assert any(evil in text_of(piece) for piece in pieces)
    assert all("img" not in parsed(piece).tags for piece in pieces)


def html_views(widget: w.Widget) -> list[w.HTML]:
    if isinstance(widget, w.HTML):
        return [widget]
    return [found for child in getattr(widget, "children", ()) for found in html_views(child)]
