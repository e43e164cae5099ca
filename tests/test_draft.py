"""A migration that is being written: what becomes of its operations, its code and its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operation_strategies import operations

from pwmig import operations as vocabulary
from pwmig.codegen import read_operations
from pwmig.errors import PwmigError
from pwmig.files import NAME_LIMIT, checksum, slug, template
from pwmig.notebook import draft as drafts
from pwmig.notebook.draft import Draft, writer
from pwmig.operations import AddColumn, AddIndex, ColumnSpec, CreateTable, DropColumn, DropTable, RunSQL
from pwmig.schema import Column, Schema, Table

LEVEL = AddColumn("player", ColumnSpec("level", default=1))
INDEX = AddIndex("player", ("level",))
DROP = DropColumn("player", "born")
WRITE = writer("db.migrations_config", None)
KNOWN = writer("db.migrations_config", Schema((Table("player", (Column("born", "DATE"),)),)))


def draft_of(*steps: vocabulary.Operation) -> Draft:
    draft = drafts.new(WRITE)
    for step in steps:
        draft = drafts.added(draft, step, WRITE)
    return draft


def test_a_new_draft_is_the_empty_template() -> None:
    draft = drafts.new(WRITE)
    assert draft.code == template() and draft.operations == ()
    assert not draft.by_hand and not draft.unsaved and draft.name == ""


def test_operations_are_added_replaced_moved_and_removed() -> None:
    draft = draft_of(LEVEL, INDEX)
    assert read_operations(draft.code) == draft.operations == (LEVEL, INDEX)
    assert drafts.moved(draft, 1, -1, WRITE).operations == (INDEX, LEVEL)
    assert drafts.moved(draft, 0, 1, WRITE).operations == (INDEX, LEVEL)
    assert drafts.replaced(draft, 1, DROP, WRITE).operations == (LEVEL, DROP)
    assert drafts.removed(draft, 0, WRITE).operations == (INDEX,)
    assert drafts.removed(draft_of(LEVEL), 0, WRITE).code == template()


@pytest.mark.parametrize("place", [-1, 2])
def test_a_place_that_no_operation_has_is_refused(place: int) -> None:
    draft = draft_of(LEVEL, INDEX)
    for change in (
        lambda: drafts.removed(draft, place, WRITE),
        lambda: drafts.replaced(draft, place, DROP, WRITE),
        lambda: drafts.moved(draft, 0, place, WRITE),
    ):
        with pytest.raises(PwmigError, match=f"no operation {place}"):
            change()


def test_code_edited_by_hand_stays_and_lets_the_operations_rest() -> None:
    draft = drafts.coded(draft_of(LEVEL), "print()\n" + draft_of(LEVEL).code, WRITE)
    assert draft.by_hand and draft.operations == (LEVEL,)
    for change in (
        lambda: drafts.added(draft, INDEX, WRITE),
        lambda: drafts.removed(draft, 0, WRITE),
        lambda: drafts.moved(draft, 0, 0, WRITE),
    ):
        with pytest.raises(PwmigError, match="can't be changed now") as caught:
            change()
        assert "back to the operations" in caught.value.way_out
    assert drafts.rewritten(draft, KNOWN) == draft
    back = drafts.back_to_operations(draft)
    assert not back.by_hand and back == draft_of(LEVEL)


@given(st.lists(operations(), min_size=1, max_size=3))
def test_code_that_says_operations_is_read_as_them_as_it_is_typed(wanted: list[vocabulary.Operation]) -> None:
    text = draft_of(*wanted).code
    draft = drafts.coded(drafts.new(WRITE), text, WRITE)
    assert draft.operations == tuple(wanted) and draft.code == text and not draft.by_hand


def test_a_way_back_in_an_order_of_its_own_is_not_taken_apart() -> None:
    """Who read it as pairs, the last first, would drop the one column where the other one goes."""
    first, second = LEVEL, AddColumn("player", ColumnSpec("rank", default=2))
    text = draft_of(first, second).code
    level, rank = (f'migrator.drop_column("player", "{name}"),' for name in ("level", "rank"))
    other = text.replace(level, "...").replace(rank, level).replace("...", rank)
    assert read_operations(other) == (first, second) and other != text
    draft = drafts.coded(drafts.new(WRITE), other, WRITE)
    assert draft.by_hand and draft.code == other


def test_a_value_changed_in_the_code_changes_the_operation() -> None:
    draft = draft_of(LEVEL)
    typed = drafts.coded(draft, draft.code.replace("default=1", "default=12"), WRITE)
    assert typed.operations == (AddColumn("player", ColumnSpec("level", default=12)),) and not typed.by_hand
    more = drafts.added(typed, INDEX, WRITE)
    assert "default=12" in more.code and "add_index" in more.code


def test_half_a_line_on_the_way_changes_nothing_but_the_code() -> None:
    draft = draft_of(LEVEL)
    half = drafts.coded(draft, draft.code.replace("default=1", "default="), WRITE)
    assert half.by_hand and half.operations == (LEVEL,)
    assert drafts.coded(half, draft.code, WRITE) == draft


def test_a_way_back_that_was_typed_outlives_other_changes() -> None:
    draft = draft_of(LEVEL)
    back = draft.code.replace('migrator.drop_column("player", "level")', 'migrator.sql("SELECT 1")')
    typed = drafts.coded(draft, back, WRITE)
    assert not typed.by_hand
    more = drafts.added(typed, INDEX, WRITE).code
    assert "SELECT 1" in more and 'drop_index("player", "player_level")' in more
    assert "drop_column" not in more


@pytest.mark.parametrize(
    "text",
    [
        draft_of(LEVEL).code.partition("\n\n\ndef migrate_backward")[0] + "\n",
        draft_of(LEVEL).code.replace("db.migrations_config", "other.config"),
    ],
    ids=["without the way back that there is", "with another config"],
)
def test_what_the_operations_would_not_write_is_by_hand(text: str) -> None:
    assert drafts.coded(drafts.new(WRITE), text, WRITE).by_hand


def test_a_very_long_text_is_not_read_at_each_letter() -> None:
    text = draft_of(RunSQL("SELECT " + "1 + " * 50_000 + "1")).code
    assert drafts.coded(drafts.new(WRITE), text, WRITE).by_hand
    assert not drafts.coded(drafts.new(WRITE), draft_of(RunSQL("SELECT " + "1 + " * 5_000 + "1")).code, WRITE).by_hand


def test_once_the_schema_is_known_the_way_back_is_written() -> None:
    draft = draft_of(DROP)
    assert "migrate_backward" not in draft.code
    known = drafts.rewritten(draft, KNOWN)
    assert 'add_column("player", "born", DateField(null=True))' in known.code and not known.by_hand


def test_a_file_that_was_opened_is_not_rewritten_by_itself() -> None:
    text = draft_of(DROP).code
    draft = drafts.opened("20250101_000000_drop", text, "abc", WRITE)
    assert draft.operations == (DROP,) and not draft.unsaved
    assert drafts.rewritten(draft, KNOWN) == draft
    assert "migrate_backward" in drafts.added(draft, LEVEL, KNOWN).code


def test_a_file_that_says_more_than_operations_is_opened_as_text() -> None:
    text = "# by hand\n" + draft_of(LEVEL).code
    draft = drafts.opened("20250101_000000_a", text, "abc", WRITE)
    assert draft.by_hand and draft.code == text and draft.operations == () and not draft.unsaved
    assert drafts.back_to_operations(draft).code == template()


def test_a_draft_that_was_saved_is_that_file_from_then_on() -> None:
    draft = draft_of(LEVEL)
    assert draft.unsaved
    kept = drafts.saved(draft, "20250101_000000_add", checksum(draft.code.encode()))
    assert not kept.unsaved and kept.replaces == "20250101_000000_add"
    assert drafts.added(kept, INDEX, WRITE).name == "20250101_000000_add"


NAMES = [
    ((), ""),
    ((LEVEL,), "add_player_level"),
    ((INDEX,), "add_index_player_level"),
    ((LEVEL, INDEX), "add_player_level_and_more"),
    ((CreateTable("Größe & Co", (ColumnSpec("id", "AutoField"),)),), "create_table_gr_e_co"),
    ((DropTable("x" * 200),), "drop_table_" + "x" * 49),
    ((DropTable("x" * 200), LEVEL), "drop_table_" + "x" * 40 + "_and_more"),
]


@pytest.mark.parametrize(("steps", "name"), NAMES, ids=[name for _, name in NAMES])
def test_a_migration_is_named_after_what_it_does(steps: tuple[vocabulary.Operation, ...], name: str) -> None:
    assert drafts.suggested_name(steps) == name == draft_of(*steps).name


@given(st.lists(operations(), min_size=1, max_size=2))
def test_every_suggested_name_can_name_a_file(wanted: list[vocabulary.Operation]) -> None:
    name = drafts.suggested_name(wanted)
    assert slug(name) == name and len(name) <= NAME_LIMIT


def test_a_name_that_a_person_gave_is_kept() -> None:
    draft = drafts.named(draft_of(LEVEL), "my_own")
    assert drafts.added(draft, INDEX, WRITE).name == "my_own"
    assert drafts.added(drafts.named(draft, ""), INDEX, WRITE).name == "add_player_level_and_more"


LINES = [
    (draft_of(), "create('')"),
    (
        draft_of(LEVEL),
        "create('add_player_level', AddColumn('player', ColumnSpec('level', 'IntegerField', default=1)))",
    ),
    (drafts.coded(drafts.named(drafts.new(WRITE), "a"), "X = 'é\n", WRITE), "create('a', source=\"X = 'é\\n\")"),
    (drafts.coded(drafts.opened("b", "X = 1\n", "", WRITE), "X = 2\n", WRITE), "edit('b', source='X = 2\\n')"),
]


@pytest.mark.parametrize(("draft", "line"), LINES, ids=["template", "operations", "by hand", "a file"])
def test_what_was_clicked_is_told_as_code(draft: Draft, line: str) -> None:
    assert drafts.code_line(draft) == line


@given(st.lists(operations(), max_size=2))
def test_the_code_of_a_click_makes_the_same_operations(wanted: list[vocabulary.Operation]) -> None:
    names = {**vars(vocabulary), "create": lambda name, *steps: (name, steps)}
    draft = draft_of(*wanted)
    assert eval(drafts.code_line(draft), names) == (draft.name, tuple(wanted))


def test_statements_have_no_way_back_and_say_so_by_its_absence() -> None:
    assert "migrate_backward" not in draft_of(LEVEL, RunSQL("DELETE FROM player")).code
