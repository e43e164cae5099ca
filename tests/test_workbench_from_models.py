"""From the models in the workbench, without a browser: its methods, its clicks, its questions, and what it shows."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest
from hostile import NAMES, PASSWORD, URL, Dangers
from markup import text_of
from projects import CONFIG, HEAD, sql_migration, state, states, write_project

from pwmig.authoring import Note
from pwmig.drafting import Draft, DraftFile, OpenQuestion, Wishes
from pwmig.errors import Cancelled, MigrationFileError, PlanError, PwmigError
from pwmig.notebook import Workbench
from pwmig.notebook.from_models import FromModels, told
from pwmig.notebook.questions import QuestionForm
from pwmig.project import Project

CREATE = sql_migration(
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, born INTEGER, nick TEXT)",
    "DROP TABLE player",
)
MODELS = (
    "from peewee import *\nfrom db.migrations_config import database\n\n\n"
    "class Player(Model):\n    {}\n\n    class Meta:\n        database = database\n"
)
AS_IT_IS = ("name = CharField(max_length=80)", "born = IntegerField(null=True)", "nick = TextField(null=True)")
ROWS = ((1, "Tal", 1936, "Misha"), (2, "Euwe", None, None))
SLOW = (
    HEAD + "def migrate_forward():\n    database.execute_sql('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
    "FROM n WHERE i < 1e12) SELECT max(i) FROM n')\n"
)


def declare(root: Path, *fields: str) -> None:
    """Let the models declare a player with these fields."""
    (root / "db" / "models.py").write_text(MODELS.format("\n    ".join(fields)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one applied migration and two rows; the models declare what is there."""
    made = write_project(tmp_path / "players", {"create_player": CREATE})
    declare(made, *AS_IT_IS)
    project = Project.open(made)
    project.apply()
    project.database.close()
    with sqlite3.connect(made / "db" / "app.sqlite") as connection:
        connection.executemany("INSERT INTO player VALUES (?, ?, ?, ?)", ROWS)
    connection.close()
    return made


@pytest.fixture
def bench(root: Path) -> Workbench:
    return Workbench(root)


def migrations(root: Path) -> list[str]:
    return sorted(path.stem[16:] for path in (root / "db" / "migrations").glob("*.py"))


def rows(root: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(root / "db" / "app.sqlite") as connection:
        found = connection.execute("SELECT * FROM player ORDER BY id").fetchall()
    connection.close()
    return found


def click(control: w.Button, bench: Workbench) -> None:
    control.click()
    bench.wait(60)


def shown_error(bench: Workbench) -> str:
    return text_of(bench.face.error.text.value)


# The way through


def test_by_clicks_from_edited_models_to_an_applied_migration(bench: Workbench, root: Path) -> None:
    declare(root, "title = CharField(max_length=80)", "born = IntegerField()", "level = IntegerField(default=1)")
    bench.new()
    models = bench.editor.models
    click(models.begin, bench)
    assert models.asks and [one.about for one in models.form.inputs] == ["Is column player.name now called title?"]
    assert bench.editor.face.body.layout.display == "none" and bench.lines[-1] == "workbench.from_models()"
    models.form.inputs[0].choice.value = True
    click(models.go_on, bench)
    (fill,) = models.form.inputs
    assert fill.text.description == "Value for player.born (INTEGER)"
    fill.text.value = " 1901 "
    click(models.go_on, bench)
    assert bench.lines[-1] == "workbench.from_models(renames=('player.name:title',), fills=('player.born=1901',))"
    assert not models.asks and bench.editor.face.body.layout.display is None
    assert "column player.nick goes with its values; the attic keeps them" in text_of(models.says.value)
    assert migrations(root) == ["create_player"], "nothing is written before it is saved"
    assert bench.editor.draft.name == bench.editor.face.name.value == "change_player"
    run = bench.editor.preview_now()
    assert "RenameColumn" in {change.kind for change in run.changes}
    bench.editor.set_name("in_line")
    click(bench.editor.face.save, bench)
    assert migrations(root) == ["create_player", "in_line"] and not bench.face.layout.editing
    bench.apply(confirm=True)
    assert rows(root) == [(1, "Tal", 1936, 1), (2, "Euwe", 1901, 1)]
    bench.revert(confirm=True)
    assert rows(root) == list(ROWS)


def test_what_goes_is_told_by_what_the_project_says_of_the_attic(root: Path) -> None:
    declare(root, *AS_IT_IS[:2])
    kept = "- column player.nick goes with its values; the attic keeps them"
    lost = "- column player.nick goes with its values; nothing keeps them, as the config says attic = false"
    for said, settings in ((kept, ""), (lost, "[tool.pwmig]\nattic = false\n")):
        (root / "pyproject.toml").write_text(settings)
        bench = Workbench(root)
        bench.from_models()
        assert said in text_of(bench.editor.models.says.value)


def test_the_lines_that_clicks_leave_do_the_same_in_cells(bench: Workbench, root: Path) -> None:
    declare(root, "title = CharField(max_length=80)", *AS_IT_IS[1:])
    draft = bench.from_models()
    (question,) = draft.questions
    assert question.kind == "rename" and bench.face.layout.editing and bench.editor.models.asks
    draft = bench.from_models("in_line", renames=["player.name:title"])
    assert draft.files[0].name == "in_line" and bench.editor.draft.code == draft.whole
    assert 'rename_column("player", "name", "title")' in bench.editor.save().read_text()
    assert states(Project.open(root))["in_line"] == "pending"


def test_where_nothing_differs_it_says_so_and_writes_nothing(bench: Workbench, root: Path) -> None:
    before = state(root / "db" / "app.sqlite")
    assert not bench.from_models()
    assert "Nothing to do: the database is what the models declare" in bench.face.status.value
    assert not bench.face.layout.editing
    bench.new()
    click(bench.editor.models.begin, bench)
    assert "Nothing to do: the database is what the models declare." in bench.editor.models.says.value
    assert not bench.editor.draft.unsaved and bench.editor.face.body.layout.display is None
    assert migrations(root) == ["create_player"] and state(root / "db" / "app.sqlite") == before


def test_a_rename_that_is_none_is_declined(bench: Workbench, root: Path) -> None:
    declare(root, *AS_IT_IS[:2], "motto = TextField(null=True)")
    bench.new()
    click(bench.editor.models.begin, bench)
    bench.editor.models.form.inputs[0].choice.value = False
    click(bench.editor.models.go_on, bench)
    assert bench.lines[-1] == "workbench.from_models(declined=[('player', 'nick', 'motto')])"
    assert 'drop_column("player", "nick")' in bench.editor.draft.code
    again = bench.from_models(declined=[("player", "nick", "motto")])
    assert again.whole == bench.editor.draft.code


def test_what_rows_do_not_convert_by_is_asked_with_examples(bench: Workbench, root: Path) -> None:
    with sqlite3.connect(root / "db" / "app.sqlite") as connection:
        connection.execute("UPDATE player SET nick = '007'")
    connection.close()
    declare(root, *AS_IT_IS[:2], "nick = IntegerField(null=True)")
    draft = bench.from_models()
    (question,) = draft.questions
    assert question.kind == "cast"
    models = bench.editor.models
    (asked,) = models.form.inputs
    assert "007" in text_of(asked.box.children[0].value)
    asked.text.value = "length(nick)"
    click(models.go_on, bench)
    assert bench.lines[-1] == "workbench.from_models(casts=('player.nick=length(nick)',))"
    assert "length(nick)" in bench.editor.draft.code and not models.asks


def test_back_leaves_the_questions_and_nothing_is_written(bench: Workbench, root: Path) -> None:
    declare(root, "title = CharField(max_length=80)", *AS_IT_IS[1:])
    bench.new()
    models = bench.editor.models
    click(models.begin, bench)
    click(models.back, bench)
    assert not models.asks and models.box.layout.display == "none"
    assert bench.editor.face.body.layout.display is None and not bench.editor.draft.unsaved
    assert migrations(root) == ["create_player"]


def test_a_file_for_each_change_lists_the_files_and_saves_all(bench: Workbench, root: Path) -> None:
    declare(root, *AS_IT_IS, "level = IntegerField(default=1)", "rank = IntegerField(default=2)")
    bench.new()
    models, face = bench.editor.models, bench.editor.face
    click(models.begin, bench)
    assert models.split.layout.display is None and face.save.description == "Save"
    models.split.value = True
    bench.wait(60)
    assert bench.lines[-1] == "workbench.from_models(split=True)"
    assert face.save.description == "Save 2 files" and face.name.disabled
    said = text_of(models.says.value)
    assert "2 files, in this order:" in said and "add_player_level" in said and "add_player_rank" in said
    click(face.save, bench)
    assert migrations(root) == ["add_player_level", "add_player_rank", "create_player"]
    assert bench.lines[-2].startswith("workbench.create('add_player_level', source='from playhouse")
    assert "Saved 2 files" in bench.face.status.value and len(bench.bench.pending) == 2
    bench.apply()
    assert not bench.from_models()


def test_without_the_tick_it_is_one_file_again(bench: Workbench, root: Path) -> None:
    declare(root, *AS_IT_IS, "level = IntegerField(default=1)", "rank = IntegerField(default=2)")
    bench.from_models("mine", split=True)
    models, face = bench.editor.models, bench.editor.face
    assert models.split.value and bench.editor.draft.parts[0].name.startswith("mine_")
    models.split.value = False
    bench.wait(60)
    assert face.save.description == "Save" and bench.editor.draft.name == "mine" and not face.name.disabled


def test_a_tick_stays_while_the_files_are_written_and_goes_where_none_came(bench: Workbench, root: Path) -> None:
    declare(root, *AS_IT_IS, "level = IntegerField(default=1)", "rank = IntegerField(default=2)")
    bench.from_models()
    split, seen = bench.editor.models.split, list[bool]()
    split.observe(lambda change: seen.append(change["new"]), names="value")
    split.value = True
    bench.wait(60)
    assert seen == [True], "a tick that blinks is taken for one that was not heard"
    declare(root, *AS_IT_IS, "level = IntegerField(default=")
    split.value = False
    bench.wait(60)
    assert seen == [True, False, True] and bench.editor.draft.parts


def test_code_that_was_edited_is_one_file(bench: Workbench, root: Path) -> None:
    declare(root, *AS_IT_IS, "level = IntegerField(default=1)", "rank = IntegerField(default=2)")
    bench.from_models(split=True)
    drafted = bench.editor.draft.code
    bench.editor.set_code(drafted + "\n# looked at\n")
    assert bench.editor.draft.parts == () and bench.editor.models.split.layout.display == "none"
    assert bench.editor.face.save.description == "Save" and not bench.editor.face.name.disabled
    with pytest.raises(PwmigError, match="is not saved"):
        bench.from_models()
    assert bench.editor.draft.code.endswith("# looked at\n"), "what was typed stays"
    bench.editor.back_to_operations()
    assert bench.editor.draft.code == drafted


def test_files_are_saved_all_or_none(bench: Workbench, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(root, *AS_IT_IS, "level = IntegerField(default=1)", "rank = IntegerField(default=2)")
    bench.from_models(split=True)
    create, project = bench.bench.project.create, bench.bench.project

    def full_at_the_second(name: str, source: str | None = None) -> Path:
        if name.endswith("rank"):
            raise MigrationFileError("no migration can be written", why="the disk is full", way_out="make room")
        return create(name, source)

    monkeypatch.setattr(project, "create", full_at_the_second)
    with pytest.raises(MigrationFileError, match="can be written"):
        bench.editor.save()
    assert migrations(root) == ["create_player"] and len(bench.editor.draft.parts) == 2
    monkeypatch.undo()
    bench.editor.save()
    assert len(migrations(root)) == 3


# What goes wrong


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ("import nothing_of_that_name\n", "nothing_of_that_name"),
        ("class Player(:\n", "models.py"),
        (
            MODELS.format(AS_IT_IS[0]) + "\n\nclass Other(Player):\n    class Meta:\n        table_name = 'player'\n",
            "player",
        ),
    ],
)
def test_models_that_do_not_work_are_told_as_errors_are(bench: Workbench, root: Path, models: str, said: str) -> None:
    bench.new()
    (root / "db" / "models.py").write_text(models)
    click(bench.editor.models.begin, bench)
    assert bench.face.error.visible and said in shown_error(bench) and "Way out" in shown_error(bench)
    assert not bench.editor.models.begin.disabled and bench.editor.face.body.layout.display is None
    with pytest.raises(PwmigError):
        bench.from_models()
    assert migrations(root) == ["create_player"]


def test_a_value_that_can_not_be_is_told_and_the_question_stays(bench: Workbench, root: Path) -> None:
    declare(root, AS_IT_IS[0], "born = IntegerField()", AS_IT_IS[2])
    bench.from_models()
    models = bench.editor.models
    models.form.inputs[0].text.value = "long ago"
    click(models.go_on, bench)
    assert "'long ago' can't be filled into player.born" in shown_error(bench)
    assert models.asks and models.form.inputs[0].text.value == "long ago"
    models.form.inputs[0].text.value = "1901"
    click(models.go_on, bench)
    assert not models.asks and not bench.face.error.visible and "1901" in bench.editor.draft.code


def test_what_is_typed_by_hand_is_not_written_over(bench: Workbench, root: Path) -> None:
    declare(root, *AS_IT_IS, "level = IntegerField(default=1)")
    bench.new()
    bench.editor.set_code("print('mine')\n")
    click(bench.editor.models.begin, bench)
    assert "is not saved" in text_of(bench.editor.face.error.text.value)
    with pytest.raises(PwmigError, match="is not saved"):
        bench.from_models()
    assert bench.editor.draft.code == "print('mine')\n"


def test_what_is_typed_meanwhile_is_not_written_over(bench: Workbench) -> None:
    bench.new()
    bench.editor.set_code("print('mine')\n")
    with pytest.raises(PwmigError, match="is not saved"):
        bench.editor.take(Draft((DraftFile("other", "pass\n"),), "pass\n"), None, Wishes())
    assert bench.editor.draft.code == "print('mine')\n"


def test_a_name_that_can_not_be_is_said_before_anything_runs(bench: Workbench) -> None:
    with pytest.raises(MigrationFileError, match="can't name a migration"):
        bench.from_models("no; name")
    assert bench.bench.events == []


def test_what_is_under_way_is_shown_and_can_be_cancelled(bench: Workbench, root: Path) -> None:
    """A pending migration that takes long stands between the database and what the models are compared with."""
    declare(root, *AS_IT_IS, "level = IntegerField(default=1)")
    Project.open(root).create("slow", SLOW)
    bench.new()
    models = bench.editor.models
    models.begin.click()
    end = time.monotonic() + 30
    while not any(event.kind == "statement" for event in bench.bench.events) and time.monotonic() < end:
        time.sleep(0.05)
    assert models.begin.disabled and models.cancel.layout.display is None
    assert "Draft under way" in bench.face.status.value
    models.begin.click()
    click(models.cancel, bench)
    assert isinstance(bench.failure, Cancelled) and 'aria-label="Stopped"' in bench.face.error.text.value
    assert not models.begin.disabled and models.cancel.layout.display == "none"
    assert bench.lines[-2:] == ("workbench.from_models()", "workbench.cancel()")
    assert migrations(root) == ["create_player", "slow"]


def test_closing_while_it_is_under_way_stops_it(bench: Workbench, root: Path) -> None:
    Project.open(root).create("slow", SLOW)
    bench.new()
    bench.editor.models.begin.click()
    end = time.monotonic() + 30
    while not bench.bench.events and time.monotonic() < end:
        time.sleep(0.05)
    click(bench.editor.face.close, bench)
    assert isinstance(bench.failure, Cancelled) and not bench.face.layout.editing


def test_a_database_in_memory_is_seen_as_it_is_here(tmp_path: Path) -> None:
    config = CONFIG.replace('Path(__file__).parent / "app.sqlite"', '":memory:"')
    root = write_project(tmp_path / "memory", {"create_player": CREATE}, config=config)
    declare(root, *AS_IT_IS[:2], "nick = TextField()")
    bench = Workbench(root)
    bench.apply()
    bench.bench.project.database.execute_sql("INSERT INTO player (name) VALUES ('Tal')")
    (question,) = bench.from_models().questions
    assert question.kind == "fill" and "1 row" in question.evidence[0]
    bench.from_models(fills=["player.nick=none"])
    bench.editor.save()
    bench.apply()
    assert not bench.from_models()


# The form


def rename(old: str, new: str, table: str | None = "player", evidence: tuple[str, ...] = ()) -> OpenQuestion:
    return OpenQuestion("rename", f"is {old} now called {new}?", (), table=table, old=old, new=new, evidence=evidence)


def test_nothing_is_answered_ahead_and_what_has_no_answer_is_named() -> None:
    form = QuestionForm()
    fill = OpenQuestion("fill", "what do the rows get?", (), table="player", column="born", type="INTEGER")
    form.ask([rename("a", "b"), fill])
    assert [one.answer for one in form.inputs] == [None, None]
    with pytest.raises(PlanError, match="2 questions have no answer yet") as caught:
        form.answered(Wishes())
    assert caught.value.why == "Is a now called b?\nWhat do the rows get?"
    form.inputs[0].choice.value = False
    form.inputs[1].text.value = "7"
    wishes = form.answered(Wishes(split=True))
    assert wishes == Wishes(declined=frozenset({("player", "a", "b")}), fills=("player.born=7",), split=True)


def test_one_thing_has_one_new_name() -> None:
    form = QuestionForm()
    form.ask([rename("a", "b"), rename("a", "c"), rename("d", "b"), rename("d", "e"), rename("a", "b", table="club")])
    choices = [one.choice for one in form.inputs]
    choices[0].value = True
    assert [choice.disabled for choice in choices] == [False, True, True, False, False]
    choices[3].value = choices[4].value = False
    wishes = form.answered(Wishes())
    assert wishes.renames == ("player.a:b",) and len(wishes.declined) == 2
    choices[0].value = False
    assert not any(choice.disabled for choice in choices)


def test_that_rows_get_the_empty_text_has_to_be_said() -> None:
    form = QuestionForm()
    ask = OpenQuestion("fill", "what?", (), table="player", column="nick", type="VARCHAR(80)")
    form.ask([ask])
    (one,) = form.inputs
    assert one.answer is None
    one.empty.value = True
    assert one.answer == "" and one.text.disabled
    assert form.answered(Wishes()).fills == ("player.nick=",)


def test_every_input_says_by_itself_what_it_is_for() -> None:
    form = QuestionForm()
    place = {"table": "player", "column": "born"}
    form.ask([rename("a", "b", table=None), OpenQuestion("cast", "how?", (), type="INTEGER", **place)])
    table, cast = form.inputs
    assert [label for label, _ in table.choice.options] == [
        "Yes: its rows stay, in b",
        "No: a is dropped, b is another table",
    ]
    assert cast.text.description == "SQL for the new value of player.born (INTEGER)"


def test_what_was_wished_is_told_in_the_same_order_each_time() -> None:
    declined = frozenset({("b", "x", "y"), (None, "z", "a"), ("a", "x", "y")})
    assert told(Wishes(declined=declined, split=True)) == {
        "declined": [(None, "z", "a"), ("a", "x", "y"), ("b", "x", "y")],
        "split": True,
    }
    assert told(Wishes()) == {}


# Hostile names and cells


def widgets(widget: w.Widget) -> list[w.Widget]:
    return [widget, *(found for child in getattr(widget, "children", ()) for found in widgets(child))]


def test_hostile_names_cells_and_notes_stay_text_and_passwords_stay_out() -> None:
    models = FromModels(lambda wishes: None, lambda: None, lambda: None, lambda do: do())
    lines = (*NAMES, URL, "x" * 10_000)
    questions = [rename(name, name, table=name, evidence=lines) for name in NAMES]
    for kind in ("fill", "cast"):
        questions += [
            OpenQuestion(kind, name, (), table=name, column=name, type=name, evidence=lines) for name in NAMES
        ]
    notes = tuple(Note(name, None, text, lost=True) for name in NAMES for text in lines)
    files = tuple(DraftFile(name, f"# {name} {URL}\n") for name in NAMES)
    for draft in (Draft(questions=tuple(questions), guesses=lines), Draft(files, "pass", notes=notes, guesses=lines)):
        models.take(draft, Wishes(split=True))
        for widget in widgets(models.box):
            if isinstance(widget, w.HTML):
                assert Dangers(widget.value).found == []
                assert len(widget.value) < 200_000
            assert PASSWORD not in str(widget.get_state())
    models.take(Draft(questions=tuple(questions)), Wishes())
    assert any(NAMES[0] in text_of(widget.value) for widget in widgets(models.box) if isinstance(widget, w.HTML))
