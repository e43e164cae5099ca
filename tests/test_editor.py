"""The editor without a browser: its methods, its clicks, its form, and what it shows."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest
from hypothesis import HealthCheck, given, settings
from markup import parsed, text_of
from operation_strategies import operations
from projects import CONFIG, CREATE_PLAYER, HEAD, open_project, sql_migration, states

from pwmig.drafting import Wishes
from pwmig.errors import MigrationFailed, MigrationFileError, PlanError, PwmigError
from pwmig.files import template
from pwmig.notebook.bench import Bench
from pwmig.notebook.editor import Editor
from pwmig.notebook.fields import FIELDS
from pwmig.notebook.lists import LISTS
from pwmig.notebook.operation_form import OperationForm
from pwmig.notebook.preview import Stage
from pwmig.operations import (
    KINDS,
    OPERATIONS,
    AddCheck,
    AddColumn,
    AddColumnDefault,
    AddForeignKey,
    AddIndex,
    AlterColumnType,
    Backfill,
    ChangeColumn,
    ColumnSpec,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropTable,
    Expression,
    Operation,
    RunSQL,
    SetComment,
)
from pwmig.project import Project
from pwmig.schema import Check, Column, Index, IndexPart, Schema, Table

FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Euwe')", "DELETE FROM player")
LEVEL = AddColumn("player", ColumnSpec("level", default=1))
INDEX = AddIndex("player", ("name",))
LATER = "20250101_000001_fill_player"


class Ears:
    """What an editor told: the files that were saved with their lines, and how often it was closed."""

    def __init__(self) -> None:
        self.saved: list[tuple[Path, str]] = []
        self.closed = 0
        self.asked: list[tuple[str | None, Wishes]] = []
        self.cancelled = 0

    def on_saved(self, path: Path, lines: tuple[str, ...]) -> None:
        self.saved += [(path, line) for line in lines]

    def on_ask(self, name: str | None, wishes: Wishes) -> None:
        self.asked.append((name, wishes))

    def on_cancel(self) -> None:
        self.cancelled += 1

    def on_close(self) -> None:
        self.closed += 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = open_project(tmp_path / "players", {"create_player": CREATE_PLAYER, "fill_player": FILL})
    project.apply(to="create_player")
    return project


@pytest.fixture
def ears() -> Ears:
    return Ears()


def editor_of(bench: Bench, ears: Ears, **options: Any) -> Editor:
    """An editor whose clicks are done where they are heard."""
    told = {"from_models": ears.on_ask, "cancel": ears.on_cancel}
    return Editor(bench, lambda do: do(), ears.on_saved, ears.on_close, **told, **options)


@pytest.fixture
def editor(project: Project, ears: Ears) -> Iterator[Editor]:
    bench = Bench(project)
    bench.read()
    made = editor_of(bench, ears)
    yield made
    made.preview.stop()


def settled(editor: Editor) -> None:
    """Wait until the newest preview is answered and shown."""
    editor.preview.wait(60)
    editor._previewed()


def wait_until(holds: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


# By methods


def test_a_new_draft_is_the_template_and_is_rehearsed(editor: Editor) -> None:
    editor.new()
    assert editor.face.code.value == template() and "New migration" in editor.face.title.value
    assert editor.preview_now().changes == ()
    assert "Up to date" in editor.face.state.value and "stays as it is" in editor.face.says.value


def test_operations_become_code_that_is_rehearsed_and_saved(editor: Editor, project: Project, ears: Ears) -> None:
    editor.new()
    editor.add(LEVEL)
    editor.add(INDEX)
    run = editor.preview_now()
    assert [change.kind for change in run.changes] == ["AddColumn", "AddIndex"]
    path = editor.save()
    assert path.stem.endswith("_add_player_level_and_more") and path.read_text() == editor.face.code.value
    assert ears.saved == [
        (path, "create('add_player_level_and_more', " + repr(LEVEL) + ", " + repr(INDEX) + ")"),
    ]
    assert not editor.draft.unsaved and "Saved" in editor.face.state.value
    project.apply()
    project.revert(steps=1)
    assert states(project)["add_player_level_and_more"] == "pending"


def test_what_was_saved_can_be_changed_and_saved_again(editor: Editor, ears: Ears) -> None:
    editor.new()
    editor.add(LEVEL)
    first = editor.save()
    editor.add(INDEX)
    assert editor.preview_now().steps[0].step.name == first.stem
    assert editor.save() == first and "add_index" in first.read_text()
    assert ears.saved[1][1].startswith(f"edit({first.stem!r}, source=")


def test_the_rehearsal_under_way_while_it_is_saved_does_not_run_it_twice(editor: Editor) -> None:
    editor.new()
    editor.add(LEVEL)
    editor.save()
    settled(editor)
    assert editor.preview.outlook.stage is Stage.DONE


def test_operations_are_moved_replaced_and_removed(editor: Editor) -> None:
    editor.new()
    editor.add(LEVEL)
    editor.add(INDEX)
    editor.move(1, -1)
    assert editor.draft.operations == (INDEX, LEVEL) and editor.face.place == 0
    editor.replace(0, RunSQL("SELECT 1"))
    editor.remove(1)
    assert editor.draft.operations == (RunSQL("SELECT 1"),)
    assert [label for label, _ in editor.face.list.options] == ["1  Run a statement: SELECT 1"]


def test_the_way_back_of_a_drop_is_found_in_what_the_rehearsal_saw(editor: Editor, project: Project) -> None:
    project.create(
        "add_level",
        HEAD + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(null=True)))\n",
    )
    editor.new()
    editor.add(DropColumn("player", "level"))
    assert "migrate_backward" not in editor.draft.code
    settled(editor)
    settled(editor)
    assert 'add_column("player", "level", IntegerField(null=True))' in editor.face.code.value
    assert editor.preview.outlook.stage is Stage.DONE


def test_code_by_hand_rests_the_operations_until_one_goes_back(editor: Editor) -> None:
    editor.new()
    editor.add(LEVEL)
    made = editor.draft.code
    editor.set_code("# by hand\n" + made)
    face = editor.face
    assert face.list.disabled and face.add.disabled and face.remove.disabled and not face.back.disabled
    with pytest.raises(PwmigError, match="can't be changed now"):
        editor.add(INDEX)
    editor.back_to_operations()
    assert face.code.value == made and not face.list.disabled and face.back.disabled


def test_code_that_says_operations_changes_their_list(editor: Editor) -> None:
    editor.new()
    editor.add(LEVEL)
    editor.face.code.value = editor.draft.code.replace("default=1", "default=7")
    assert "default=7" in editor.draft.operations[0].describe() and not editor.face.list.disabled


# Errors at their line


def test_a_syntax_error_is_shown_at_its_line_and_not_saved(editor: Editor, project: Project) -> None:
    editor.new()
    editor.face.name.value = "broken"
    editor.face.code.value = "a = 1\nb = = 2\nc = 3\n"
    settled(editor)
    shown = editor.face.says.value
    assert 'role="alert"' in shown and ">    2  b = = 2" in text_of(shown) and "<mark" in shown
    assert "Not saved · line 2: invalid syntax" in text_of(editor.face.state.value)
    before = project.files()
    with pytest.raises(MigrationFileError) as caught:
        editor.save()
    assert caught.value.line == 2
    editor.face.save.click()
    assert editor.face.error.visible and "line 2" in editor.face.error.text.value
    assert project.files() == before


def test_a_failure_is_shown_at_its_line_and_may_be_saved(editor: Editor) -> None:
    editor.new()
    editor.add(DropTable("nowhere"))
    with pytest.raises(MigrationFailed):
        editor.preview_now()
    assert "nowhere" in text_of(editor.face.says.value) and "<mark" in editor.face.says.value
    assert "line 6: " in editor.warning and "nowhere" in editor.warning
    editor.save()
    settled(editor)
    assert "Saved, though its rehearsal fails" in text_of(editor.face.state.value)


def test_a_long_problem_is_cut_in_the_line_and_whole_below(editor: Editor) -> None:
    editor.new()
    editor.set_code("def migrate_forward():\n    raise ValueError('x' * 5000)\n")
    with pytest.raises(MigrationFailed):
        editor.preview_now()
    state = text_of(editor.face.state.value)
    assert "line 2: " in state and "x" * 100 in state and len(state) < 300
    assert "x" * 5000 in text_of(editor.face.says.value)


BAD_NAMES = ["", "../etc/passwd", "a b"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_can_not_be_is_refused(editor: Editor, project: Project, name: str) -> None:
    editor.new()
    editor.set_code("X = 1\n")
    editor.set_name(name)
    before = project.files()
    with pytest.raises(MigrationFileError, match="can't name"):
        editor.save()
    editor.face.save.click()
    assert "can&#x27;t name a migration" in editor.face.error.text.value
    assert project.files() == before and editor.draft.unsaved


# A pending migration


def test_a_pending_migration_is_opened_rehearsed_in_its_place_and_saved(
    editor: Editor, project: Project, ears: Ears
) -> None:
    editor.open("fill_player")
    assert editor.face.code.value == FILL and editor.face.name.disabled
    editor.set_code(FILL.replace("Euwe", "Spassky"))
    run = editor.preview_now()
    assert run.steps[0].step.name == LATER
    assert project.source("fill_player") == FILL
    path = editor.save()
    assert project.source("fill_player") == editor.draft.code and "Spassky" in editor.draft.code
    assert ears.saved == [(path, f"edit({LATER!r}, source={editor.draft.code!r})")]


def test_a_migration_of_operations_is_opened_as_these(editor: Editor, project: Project) -> None:
    editor.new()
    editor.add(LEVEL)
    path = editor.save()
    editor.close()
    editor.open("add_player_level")
    assert editor.draft.operations == (LEVEL,) and editor.draft.replaces == path.stem
    assert f"Edit {path.stem}" in editor.face.title.value


def test_an_applied_migration_is_not_opened(editor: Editor) -> None:
    with pytest.raises(PlanError, match="is applied"):
        editor.open("create_player")
    with pytest.raises(PlanError, match="no migration"):
        editor.open("nowhere")


def test_a_file_that_changed_or_was_applied_meanwhile_is_not_written_over(editor: Editor, project: Project) -> None:
    editor.open("fill_player")
    editor.set_code("X = 1\n")
    file = Path(project.files()[1].path)
    file.write_text(FILL + "# another hand\n")
    with pytest.raises(MigrationFileError, match="was not saved"):
        editor.save()
    assert file.read_text().endswith("# another hand\n") and editor.draft.code == "X = 1\n"
    file.write_text(FILL)
    project.apply()
    with pytest.raises(PlanError, match="was not saved: it is applied"):
        editor.save()
    assert file.read_text() == FILL


def test_the_text_of_a_file_that_is_gone_is_saved_as_a_new_one(editor: Editor, project: Project) -> None:
    editor.open("fill_player")
    editor.set_code("X = 1\n")
    gone = Path(project.files()[1].path)
    gone.unlink()
    path = editor.save()
    assert path != gone and path.name.endswith("_fill_player.py") and path.read_text() == "X = 1\n"


# Closing


def test_what_is_not_saved_is_not_dropped_without_a_question(editor: Editor, ears: Ears) -> None:
    editor.new()
    editor.add(LEVEL)
    editor.face.close.click()
    assert ears.closed == 0 and editor.face.question.visible
    assert "add_player_level is not saved" in text_of(editor.face.question.text.value)
    for lose in (editor.new, lambda: editor.open("fill_player"), editor.close):
        with pytest.raises(PwmigError, match="is not saved"):
            lose()
    assert editor.draft.operations == (LEVEL,)
    editor.face.discard.click()
    assert ears.closed == 1 and not editor.draft.unsaved and not editor.active
    assert editor.preview.outlook.stage is Stage.IDLE


def test_what_is_saved_closes_at_once(editor: Editor, ears: Ears) -> None:
    editor.new()
    editor.face.close.click()
    editor.new()
    editor.add(LEVEL)
    editor.save()
    editor.face.close.click()
    assert ears.closed == 2 and not editor.face.question.visible


# Clicks


def test_clicks_do_what_their_methods_do(editor: Editor) -> None:
    face, form = editor.face, editor.form
    editor.new()
    fill(form, LEVEL)
    assert text_of(face.missing.value) == LEVEL.describe() and not face.add.disabled
    face.add.click()
    fill(form, INDEX)
    face.add.click()
    assert editor.draft.operations == (LEVEL, INDEX) and face.name.value == "add_player_level_and_more"
    face.list.index = 1
    assert form.wanted() == INDEX and not face.up.disabled and face.down.disabled
    face.up.click()
    assert editor.draft.operations == (INDEX, LEVEL)
    form.field("unique").box.value = True  # type: ignore[attr-defined]
    face.replace.click()
    assert editor.draft.operations[0] == AddIndex("player", ("name",), unique=True)
    face.remove.click()
    assert editor.draft.operations == (LEVEL,)
    settled(editor)
    assert "level" in face.schema.view.value and "level" in face.rows.view.value and "ALTER" in text_of(face.sql.value)
    face.save.click()
    assert not editor.draft.unsaved


def test_an_error_behind_a_click_is_shown_and_goes_with_the_next(editor: Editor) -> None:
    editor.new()
    fill(editor.form, LEVEL)
    editor.set_code("# by hand\n")
    editor.click_add()
    assert editor.face.error.visible and "Back" not in editor.face.error.text.value
    assert "can&#x27;t be changed now" in editor.face.error.text.value
    editor.face.back.click()
    assert not editor.face.error.visible


def test_a_click_on_a_disabled_button_does_nothing(editor: Editor) -> None:
    editor.new()
    for tool in (editor.face.up, editor.face.down, editor.face.remove, editor.face.replace):
        assert tool.disabled
        tool.click()
    assert editor.draft.operations == () and not editor.face.error.visible


def test_a_new_table_can_be_referred_to_before_it_is_there(editor: Editor) -> None:
    editor.new()
    editor.add(CreateTable("club", (ColumnSpec("id", "AutoField"), ColumnSpec("name", "CharField"))))
    editor.add(AddColumn("player", ColumnSpec("club_id", null=True)))
    settled(editor)
    key = AddForeignKey("player", "club_id", "club", "id", on_delete="SET NULL")
    fill(editor.form, key)
    editor.click_add()
    assert editor.preview_now().after.schema.table("player").foreign_keys[0].ref_table == "club"  # type: ignore[union-attr]


def test_a_large_database_is_rehearsed_by_a_click(project: Project, ears: Ears) -> None:
    bench = Bench(project)
    bench.read()
    editor = editor_of(bench, ears, most_bytes=100)
    editor.new()
    settled(editor)
    assert "click Preview" in editor.face.state.value
    editor.face.preview.click()
    settled(editor)
    assert "Up to date" in editor.face.state.value


def test_what_was_seen_stays_in_view_while_it_is_rehearsed_again(editor: Editor) -> None:
    editor.new()
    editor.add(LEVEL)
    editor.preview_now()
    shown = editor.face.rows.view.value
    editor.add(INDEX)
    assert "a rehearsal begins" in editor.face.state.value and editor.face.rows.view.value == shown


def test_a_database_in_memory_is_rehearsed_as_it_was_when_the_editor_was_opened(tmp_path: Path, ears: Ears) -> None:
    config = CONFIG.replace('Path(__file__).parent / "app.sqlite"', '":memory:"')
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fill_player": FILL}, config=config)
    project.apply()
    bench = Bench(project)
    bench.read()
    editor = editor_of(bench, ears)
    editor.new()
    editor.add(LEVEL)
    assert list(editor.preview_now().rows("player").index) == [1, 2]
    file = Path(editor.preview.memory)
    assert file.is_file()
    editor.close(discard=True)
    assert not file.exists()
    assert project.schema().table("player").column("level") is None  # type: ignore[union-attr]
    project.database.close()


# The form


SCHEMA = Schema(
    (
        Table("club", (Column("id", "INTEGER"), Column("name", "TEXT"))),
        Table(
            "player",
            (Column("id", "INTEGER"), Column("name", "TEXT"), Column("level", "INTEGER")),
            indexes=(Index("player_name", (IndexPart("name"),)),),
            checks=(Check("level > 0", "counts"),),
        ),
    )
)


def fill(form: OperationForm, operation: Operation) -> None:
    """Fill the form in, field by field, as a person would."""
    form.kind.value = type(operation).__name__
    for name in form.names:
        form.field(name).write(getattr(operation, name))
        form._heard()


@pytest.fixture(scope="module")
def form() -> OperationForm:
    made = OperationForm(lambda: None)
    made.offer(SCHEMA)
    return made


def test_a_rehearsal_that_ends_while_another_operation_is_chosen_finds_the_form_whole() -> None:
    made = OperationForm(lambda: None)
    made.kind.unobserve(made._picked, names="value")  # It waits for what the rehearsal's thread holds.
    made.kind.value = "CreateTable"
    made.offer(SCHEMA)
    assert "indexes" in made.names


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_operation_has_its_form_with_named_controls(form: OperationForm, kind: str) -> None:
    form.kind.value = kind
    fields = {field.name: field for field in dataclasses.fields(OPERATIONS[kind]) if field.metadata}
    assert form.names == tuple(fields)
    controls = [control for name in form.names for control in controls_of(form.field(name).box)]
    assert controls and all(control.description for control in controls), "each has a name that is read out"
    labels = [control.description for control in controls]
    assert all(fields[name].metadata["label"] in labels or name == "indexes" for name in form.names if name != "column")


@pytest.mark.parametrize("kind", OPERATIONS)
def test_no_two_fields_that_are_seen_together_have_the_same_name(
    editor: Editor, form: OperationForm, kind: str
) -> None:
    form.kind.value = kind
    fields = [field.metadata["label"] for field in dataclasses.fields(OPERATIONS[kind]) if field.metadata]
    beside = [editor.face.name.description, editor.face.list.description, form.kind.description]
    assert len({*fields, *beside}) == len(fields) + len(beside)


def test_every_kind_of_field_has_its_input() -> None:
    assert {*FIELDS, *LISTS} == set(KINDS), "an operation of these kinds needs no widget of its own"


def controls_of(widget: w.Widget) -> list[Any]:
    if isinstance(widget, w.Box):
        return [found for child in widget.children for found in controls_of(child)]
    return [] if isinstance(widget, w.HTML) else [widget]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations())
def test_an_operation_that_is_loaded_into_the_form_is_read_from_it(form: OperationForm, operation: Operation) -> None:
    form.load(operation)
    assert form.wanted() == operation


MISSING = [
    (AddColumn, "needs a name"),
    (AddCheck, "needs a name"),
    (AddColumnDefault, "needs a default"),
    (CreateTable, "needs a name"),
    (RunSQL, "no statement"),
]


@pytest.mark.parametrize(("kind", "said"), MISSING, ids=[kind.__name__ for kind, _ in MISSING])
def test_what_is_missing_is_said_in_words(editor: Editor, kind: type[Operation], said: str) -> None:
    editor.new()
    editor.form.kind.value = kind.__name__
    assert said in text_of(editor.face.missing.value) and editor.face.add.disabled


TYPED: list[tuple[str, dict[str, str], Operation]] = [
    ("AddColumn", {"column.name": "elo", "column.default": "1500"}, AddColumn("club", ColumnSpec("elo", default=1500))),
    (
        "AddColumn",
        {"column.name": "nick", "column.type": "CharField", "column.default": '""', "column.length": "20"},
        AddColumn("club", ColumnSpec("nick", "CharField", default="", max_length=20)),
    ),
    (
        "AlterColumnType",
        {"type.box": "CharField", "max_length.box": "9"},
        AlterColumnType("club", "id", "CharField", 9),
    ),
    ("AddColumnDefault", {"default.text": "7"}, AddColumnDefault("club", "id", 7)),
    (
        "AddColumnDefault",
        {"default.type": "SQL", "default.text": "CURRENT_TIMESTAMP"},
        AddColumnDefault("club", "id", Expression("CURRENT_TIMESTAMP")),
    ),
    ("Backfill", {"value.text": "7"}, Backfill("club", "id", 7)),
    (
        "Backfill",
        {"value.type": "SQL", "value.text": "id + 1", "where.box": "id > 2", "batch_size.box": "50"},
        Backfill("club", "id", Expression("id + 1"), "id > 2", 50),
    ),
    ("SetComment", {"comment.box": "where they play"}, SetComment("club", comment="where they play")),
    ("SetComment", {"column.box": "name"}, SetComment("club", "name")),
    ("ChangeColumn", {"null.box": "is required"}, ChangeColumn("club", "id", null=False)),
    (
        "ChangeColumn",
        {"type.box": "CharField", "max_length.box": "9", "null.box": "may be NULL", "name.box": "number"},
        ChangeColumn("club", "id", "CharField", 9, null=True, name="number"),
    ),
    ("ChangeColumn", {"drop_default.box": True}, ChangeColumn("club", "id", drop_default=True)),
]


@pytest.mark.parametrize(("kind", "typed", "wanted"), TYPED, ids=range(len(TYPED)))
def test_what_a_person_types_is_an_operation(kind: str, typed: dict[str, str], wanted: Operation) -> None:
    form = OperationForm(lambda: None)
    form.offer(SCHEMA)
    form.kind.value = kind
    for path, text in typed.items():
        name, part = path.split(".")
        getattr(form.field(name), part).value = text
    assert form.wanted() == wanted


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        ("AddColumn", {"column.name": "x", "column.default": "many"}, "can't be the default"),
        ("AddColumn", {"column.name": "x", "column.type": "CharField", "column.length": "long"}, "is no length"),
        ("AddColumnDefault", {"default.text": "many"}, "can't be the default"),
        ("ChangeColumn", {}, "nothing of column"),
        ("Backfill", {}, "needs a value"),
        ("Backfill", {"value.text": "7", "batch_size.box": "all"}, "is no number"),
    ],
)
def test_what_can_not_be_is_refused_in_words(kind: str, typed: dict[str, str], said: str) -> None:
    form = OperationForm(lambda: None)
    form.offer(SCHEMA)
    form.kind.value = kind
    for path, text in typed.items():
        name, part = path.split(".")
        getattr(form.field(name), part).value = text
    with pytest.raises(PwmigError, match=said):
        form.wanted()


def test_the_columns_of_an_index_are_added_moved_and_removed() -> None:
    form = OperationForm(lambda: None)
    form.offer(SCHEMA)
    form.kind.value = "AddIndex"
    form.field("table").box.value = "player"
    columns: Any = form.field("columns")
    assert form.wanted() == AddIndex("player", ("id",))
    columns.more.click()
    columns.more.click()
    assert form.wanted() == AddIndex("player", ("id", "name", "level"))
    columns.up.click()
    columns.item.box.value = "name"
    assert columns.read() == ("id", "name"), "a column stands once in an index"
    columns.item.box.value = "level"
    columns.choose(0)
    columns.less.click()
    assert form.wanted() == AddIndex("player", ("level", "name"))
    form.field("table").box.value = "club"
    assert form.wanted() == AddIndex("club", ("name",)), "what the other table has too stays"


def test_a_new_tables_indexes_and_key_are_of_its_own_columns() -> None:
    form = OperationForm(lambda: None)
    form.offer(SCHEMA)
    form.kind.value = "CreateTable"
    form.field("name").box.value = "result"
    columns: Any = form.field("columns")
    columns.item.name.value, columns.item.type.value = "a", "IntegerField"
    columns.more.click()
    with pytest.raises(PwmigError, match="needs a name"):
        form.wanted()
    columns.item.name.value = "b"
    key: Any = form.field("primary_key")
    key.more.click()
    key.more.click()
    indexes: Any = form.field("indexes")
    indexes.more.click()
    indexes.item.unique.box.value = True
    specs = (ColumnSpec("a"), ColumnSpec("b"))
    assert form.wanted() == CreateTable("result", specs, ((("a",), True),), ("a", "b"))


def test_choices_follow_the_table_and_its_facts() -> None:
    form = OperationForm(lambda: None)
    form.offer(SCHEMA)
    form.kind.value = "DropConstraint"
    form.field("table").box.value = "player"
    assert form.wanted() == DropConstraint("player", "counts")
    form.kind.value = "AddForeignKey"
    form.field("table").box.value = "player"
    form.field("rel").box.value = "club"
    assert [name for name, _ in form.field("rel_column").box.options] == ["id", "name"]


# Hostile texts


def test_hostile_names_and_code_stay_text_wherever_they_are_shown(editor: Editor) -> None:
    evil = '<img src=x onerror="alert(1)">'
    editor.new()
    editor.add(CreateTable(evil, (ColumnSpec(evil, "TextField"),)))
    editor.preview_now()
    editor.add(RunSQL(f"SELECT '{evil}' FROM nowhere -- postgresql://me:hunter2@host/db"))
    with pytest.raises(MigrationFailed):
        editor.preview_now()
    editor.click_close()
    views = [view.value for view in views_of(editor.box)]
    assert any(evil in text_of(view) for view in views)
    assert all("img" not in parsed(view).tags for view in views)
    assert "hunter2" not in "".join(views)


def views_of(widget: w.Widget) -> list[w.HTML]:
    if isinstance(widget, w.HTML):
        return [widget]
    return [found for child in getattr(widget, "children", ()) for found in views_of(child)]
