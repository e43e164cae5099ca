"""DataFrames of records: paired by key, marked by sign, the values as they are, and escaped where shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markup import Tags
from runs import ID, LEVEL, NAME, rows, run_of, table

from pwmig import frames
from pwmig.diff import Change, RenameColumn, RenameTable, diff
from pwmig.errors import PwmigError
from pwmig.frames.definitions import (
    check_text,
    column_text,
    exclusion_text,
    foreign_key_text,
    index_text,
    made_text,
    policy_text,
    primary_key_text,
    unique_text,
)
from pwmig.frames.facts import facts, view_facts
from pwmig.plan import MigrationStatus, Plan, RowChanges, Run, State
from pwmig.schema import (
    Check,
    Column,
    Exclusion,
    ForeignKey,
    Index,
    IndexPart,
    Policy,
    Rows,
    Rule,
    Schema,
    Sequence,
    Snapshot,
    Table,
    Trigger,
    Unique,
    View,
)
from pwmig.sides import Difference, Kind, Side


def lines(frame: Any) -> list[tuple[Any, ...]]:
    return [tuple(line) for line in frame.itertuples(index=False)]


def changed_lines(frame: Any) -> list[tuple[Any, ...]]:
    return [line for line in lines(frame) if line[0]]


# Schema


@pytest.mark.parametrize(
    ("before", "after", "renames", "expected"),
    [
        pytest.param(table(NAME), table(NAME), (), [], id="nothing"),
        pytest.param(
            table(), table(LEVEL), (), [("+ added", "column", "level", None, "INTEGER NOT NULL")], id="a column more"
        ),
        pytest.param(table(NAME), table(), (), [("- dropped", "column", "name", "TEXT", None)], id="a column less"),
        pytest.param(
            table(NAME),
            table(dataclasses.replace(NAME, nullable=False)),
            (),
            [("~ changed", "column", "name", "TEXT", "TEXT NOT NULL")],
            id="another definition",
        ),
        pytest.param(
            table(NAME, indexes=(Index("i", (IndexPart("name"),)),)),
            table(Column("title", "TEXT"), indexes=(Index("i", (IndexPart("title"),)),)),
            (RenameColumn("player", "name", "title"),),
            [("~ renamed from name", "column", "title", "TEXT", "TEXT")],
            id="a rename takes its index along",
        ),
        pytest.param(
            table(NAME),
            table(Column("title", "TEXT", nullable=False)),
            (RenameColumn("player", "name", "title"),),
            [("~ renamed from name and changed", "column", "title", "TEXT", "TEXT NOT NULL")],
            id="a rename and more",
        ),
        pytest.param(
            table(NAME, Column("nick", "TEXT")),
            table(NAME),
            (RenameColumn("player", "nick", "name"),),
            [("~ renamed from nick", "column", "name", "TEXT", "TEXT"), ("- dropped", "column", "name", "TEXT", None)],
            id="a rename to the name of a dropped column",
        ),
        pytest.param(
            table(checks=(Check("id > 0"),)),
            table(checks=(Check("id > 1"),)),
            (),
            [("+ added", "check", "", None, "id > 1"), ("- dropped", "check", "", "id > 0", None)],
            id="an unnamed check is its expression",
        ),
        pytest.param(
            table(checks=(Check("id > 0", "positive"),)),
            table(checks=(Check("id > 1", "positive"),)),
            (),
            [("~ changed", "check", "positive", "id > 0", "id > 1")],
            id="a named check stays itself",
        ),
        pytest.param(
            table(options=()), table(options=("STRICT",)), (), [("+ added", "option", "", None, "STRICT")], id="option"
        ),
    ],
)
def test_schema_says_what_changed_by_sign_and_word(
    before: Table, after: Table, renames: tuple[Change, ...], expected: list[tuple[Any, ...]]
) -> None:
    frame = frames.schema(run_of(before, after, changes=renames), "player")
    assert list(frame.columns) == ["change", "what", "name", "before", "after"]
    assert changed_lines(frame) == expected


def named(name: str | None, **facts_: Any) -> dict[str, Any]:
    """A table's facts with one thing of that name."""
    made = {
        "indexes": lambda: Index(name or "", (IndexPart("name"),), unique=facts_.get("unique", False)),
        "uniques": lambda: Unique(("name",), name),
        "checks": lambda: Check("id > 0", name),
        "foreign_keys": lambda: ForeignKey(("id",), "club", ("id",), name=name),
    }
    return {facts_["field"]: (made[facts_["field"]](),)}


@pytest.mark.parametrize(
    ("field", "what", "text"),
    [
        ("indexes", "index", "(name)"),
        ("uniques", "unique", "(name)"),
        ("checks", "check", "id > 0"),
        ("foreign_keys", "foreign key", "(id) REFERENCES club (id)"),
    ],
)
def test_what_has_another_name_is_renamed_and_not_dropped_and_added(field: str, what: str, text: str) -> None:
    before, after = table(NAME, **named("old", field=field)), table(NAME, **named("new", field=field))
    run = run_of(before, after, changes=diff(Schema((before,)), Schema((after,))))
    assert [change.kind[:5] for change in run.changes] == ["Alter"]
    assert changed_lines(frames.schema(run, "player")) == [("~ renamed from old", what, "new", text, text)]
    assert "new (was old)" in frames.styled_schema(run, "player").html


def test_a_renamed_index_that_is_another_one_too_says_both() -> None:
    before = table(NAME, **named("i", field="indexes"))
    after = table(NAME, **named("i", field="indexes", unique=True))
    run = run_of(before, after, changes=diff(Schema((before,)), Schema((after,))))
    assert changed_lines(frames.schema(run, "player")) == [("~ changed", "index", "i", "(name)", "UNIQUE (name)")]


def test_indexes_that_take_each_others_names_are_both_told() -> None:
    one, other = Index("a", (IndexPart("name"),)), Index("b", (IndexPart("id"),))
    before = table(NAME, indexes=(one, other))
    after = table(NAME, indexes=(dataclasses.replace(other, name="a"), dataclasses.replace(one, name="b")))
    run = run_of(before, after, changes=diff(Schema((before,)), Schema((after,))))
    assert [line[2] for line in changed_lines(frames.schema(run, "player"))] == ["a", "b"]


def test_schema_follows_a_renamed_table_under_either_name() -> None:
    run = run_of(table(NAME, name="old"), table(NAME, name="new"), changes=(RenameTable("new", "old"),))
    assert changed_lines(frames.schema(run, "old")) == changed_lines(frames.schema(run, "new")) == []
    assert "new" in frames.styled_schema(run, "old").html


def test_schema_of_a_created_table_has_only_an_after() -> None:
    run = run_of(None, table(NAME))
    assert {line[0] for line in lines(frames.schema(run, "player"))} == {"+ added"}


def test_two_foreign_keys_on_one_column_are_two_facts() -> None:
    keys = (ForeignKey(("id",), "a", ("id",)), ForeignKey(("id",), "b", ("id",)))
    run = run_of(table(foreign_keys=keys), table(foreign_keys=keys[:1]))
    assert changed_lines(frames.schema(run, "player")) == [
        ("- dropped", "foreign key", "", "(id) REFERENCES b (id)", None)
    ]


def test_schema_of_a_snapshot_lists_every_fact() -> None:
    full = table(
        NAME,
        indexes=(Index("i", (IndexPart("name", descending=True),), unique=True, predicate="id > 1"),),
        uniques=(Unique(("name",)),),
        foreign_keys=(ForeignKey(("id",), "club", ("id",), on_delete="CASCADE"),),
        checks=(Check("id > 0"),),
        triggers=(Trigger("t", "CREATE TRIGGER t ..."),),
        options=("STRICT",),
    )
    expected = [
        ("column", "id", "INTEGER NOT NULL"),
        ("column", "name", "TEXT"),
        ("primary key", "", "(id)"),
        ("index", "i", "UNIQUE (name DESC) WHERE id > 1"),
        ("unique", "", "(name)"),
        ("foreign key", "", "(id) REFERENCES club (id) ON DELETE CASCADE"),
        ("check", "", "id > 0"),
        ("trigger", "t", "CREATE TRIGGER t ..."),
        ("option", "", "STRICT"),
    ]
    for source in (Schema((full,)), Snapshot(Schema((full,)))):
        assert lines(frames.schema(source, "PLAYER")) == expected


@pytest.mark.parametrize(
    ("record", "text", "field"),
    [
        pytest.param(record, text, field, id=f"{type(record).__name__}.{field.name}")
        for record, text in (
            (Column("c", "TEXT"), column_text),
            (Index("i", (IndexPart("c"),)), index_text),
            (Unique(("c",)), unique_text),
            (ForeignKey(("c",), "t", ("id",)), foreign_key_text),
            (Check("c > 0"), check_text),
            (Exclusion("x", "EXCLUDE (c WITH =)"), exclusion_text),
            (Trigger("t", "CREATE TRIGGER t"), made_text),
            (Rule("r", "CREATE RULE r"), made_text),
            (Policy("p"), policy_text),
            (IndexPart("c"), lambda part: index_text(Index("i", (part,)))),
        )
        for field in dataclasses.fields(record)
        # A check's column is said by its text, a table's schema by its name.
        if field.name not in ("name", "columns", "ref_columns", "generated_kind", "ref_schema")
        and not (isinstance(record, Check) and field.name == "column")
        and not (isinstance(record, IndexPart) and field.name == "expression")
    ],
)
def test_every_fact_of_the_schema_is_seen_in_its_text(record: Any, text: Any, field: dataclasses.Field[Any]) -> None:
    value = getattr(record, field.name)
    if field.name == "sequence":
        other: Any = Sequence("s", increment=2)
    elif isinstance(value, bool):
        other = not value
    else:
        parts = (IndexPart("other"),) if field.name == "parts" else ("other",)
        other = parts if isinstance(value, tuple) else "other"
    assert text(dataclasses.replace(record, **{field.name: other})) != text(record)


OF_TABLE = [
    field.name
    for field in dataclasses.fields(Table)
    if isinstance(field.default, (tuple, type(None))) and field.name not in ("schema", "primary_key_name")
]


@pytest.mark.parametrize("name", OF_TABLE)
def test_every_fact_of_a_table_is_a_line_or_in_one(name: str) -> None:
    other: dict[str, Any] = {
        "indexes": (Index("i", (IndexPart("c"),)),), "uniques": (Unique(("c",)),),
        "foreign_keys": (ForeignKey(("c",), "t", ("c",)),), "checks": (Check("c"),), "triggers": (Trigger("t", ""),),
        "primary_key_parts": (IndexPart("c", descending=True),), "exclusions": (Exclusion("x", ""),),
        "rules": (Rule("r", ""),), "policies": (Policy("p"),),
    }  # fmt: skip
    bare: Any = Table("t", (Column("c", "int"),), primary_key=("c",), partition_of="u")
    usual: Any = ("other",) if isinstance(getattr(bare, name), tuple) else "other"
    full = dataclasses.replace(bare, **{name: () if name == "primary_key" else other.get(name, usual)})
    assert facts(full) != facts(bare)


def test_all_facts_read_in_the_order_of_sql() -> None:
    column = Column("c", "int", nullable=False, default="1", charset="utf8mb4", on_update="now()", invisible=True,
                    options=("STORAGE EXTERNAL",), comment="it's", grants=("SELECT TO r",))  # fmt: skip
    assert column_text(column) == (
        "int CHARACTER SET utf8mb4 NOT NULL DEFAULT 1 ON UPDATE now() INVISIBLE STORAGE EXTERNAL COMMENT 'it''s' "
        "GRANTS SELECT TO r"
    )
    counted = Column("id", "bigint", identity="BY DEFAULT", sequence=Sequence("t_id_seq", increment=5))
    assert column_text(counted) == "bigint GENERATED BY DEFAULT AS IDENTITY SEQUENCE t_id_seq (INCREMENT 5)"
    index = Index("i", (IndexPart("a", length=5, operator_class="gist_ops", nulls_first=True),), True, "a > 1", "gist",
                  ("b",), False, True, False)  # fmt: skip
    assert index_text(index) == (
        "UNIQUE USING gist (a(5) gist_ops NULLS FIRST) INCLUDE (b) NULLS NOT DISTINCT WHERE a > 1 INVISIBLE NOT VALID"
    )
    key = ForeignKey(("a",), "audit.t", ("b",), "CASCADE", match="FULL", validated=False, ref_schema="audit")
    assert foreign_key_text(key) == "(a) REFERENCES audit.t (b) MATCH FULL ON DELETE CASCADE NOT VALID"
    assert policy_text(Policy("p", "SELECT", False, ("r", "s"), "a > 1", "b > 2")) == (
        "AS RESTRICTIVE FOR SELECT TO r, s USING (a > 1) WITH CHECK (b > 2)"
    )
    part = Table("p", (column,), ("c",), partition_of="t", partition_bound="DEFAULT", comment="x", grants=("ALL TO r",),
                 primary_key_deferrable="DEFERRABLE", primary_key_options=("USING HASH",))  # fmt: skip
    assert primary_key_text(part) == "(c) DEFERRABLE USING HASH"
    assert [(fact.what, fact.text) for fact in facts(part)][2:] == [
        ("partition of", "t DEFAULT"), ("comment", "x"), ("grant", "ALL TO r"),
    ]  # fmt: skip


def test_a_difference_has_its_changes_as_a_frame() -> None:
    sides = Side(Kind.LIVE, "live"), Side(Kind.MODELS, "models")
    before, after = Schema((Table("t", (ID,)),)), Schema((Table("t", (ID, NAME)),))
    frame = frames.changes(Difference(sides, before, after, diff(before, after)))
    assert lines(frame) == [("+", "AddColumn", "t", "column t.name TEXT")]


def test_a_view_has_facts_too() -> None:
    view = View("v", "SELECT 1", materialized=True, indexes=(Index("i", (IndexPart("a"),)),), comment="x")
    assert [(fact.what, fact.text) for fact in view_facts(view)] == [
        ("materialized view", "SELECT 1"), ("index", "(a)"), ("comment", "x"),
    ]  # fmt: skip
    for source in (Schema(views=(view,)), Snapshot(Schema(views=(view,)))):
        assert frames.schema(source, "v")["what"].tolist() == ["materialized view", "index", "comment"]


# Rows


def test_rows_are_paired_by_key_whatever_their_order() -> None:
    before = rows((1, "Tal"), (2, "Euwe"), columns=("id", "name"))
    after = rows((2, "Max Euwe"), (1, "Tal"), columns=("id", "name"))
    frame = frames.rows(run_of(table(NAME), table(NAME), before, after), "player")
    assert list(frame.columns) == [("", "change"), ("name", "before"), ("name", "after")]
    assert list(frame.index) == [2, 1] and frame.index.name == "id"
    assert lines(frame) == [("~ changed", "Euwe", "Max Euwe"), ("", "Tal", "Tal")]


def test_an_added_column_marks_itself_and_no_row() -> None:
    before = rows((1, "Tal"), (2, "Euwe"), columns=("id", "name"))
    after = rows((1, "Tal", 1), (2, "Euwe", 1), columns=("id", "name", "level"))
    run = run_of(table(NAME), table(NAME, LEVEL), before, after)
    frame = frames.rows(run, "player")
    assert list(frame.columns) == [("", "change"), ("level", "after"), ("name", "")], "the changed column comes first"
    assert set(frame[("", "change")]) == {""}
    assert "+ level after" in repr(frames.styled_rows(run, "player"))


def test_a_renamed_column_is_one_column_and_marks_no_row() -> None:
    before, after = rows((1, "GK"), columns=("id", "position")), rows((1, "GK"), columns=("id", "role"))
    run = run_of(
        table(Column("position", "TEXT")),
        table(Column("role", "TEXT")),
        before,
        after,
        (RenameColumn("player", "position", "role"),),
    )
    assert lines(frames.rows(run, "player")) == [("", "GK")]
    assert "role</" not in frames.styled_rows(run, "player").html.replace("(was position)</", "")
    assert "(was position)" in frames.styled_rows(run, "player").html


def test_added_and_removed_rows_come_before_those_that_stay() -> None:
    before = rows((1, "stays"), (2, "goes"), columns=("id", "name"))
    after = rows((1, "stays"), (3, "comes"), columns=("id", "name"))
    frame = frames.rows(run_of(table(NAME), table(NAME), before, after), "player")
    assert list(frame[("", "change")]) == ["- removed", "+ added", ""]
    assert list(frame.index) == [2, 3, 1]


def test_rows_that_a_run_touches_come_in_the_order_of_the_sample() -> None:
    before = rows((9, "x"), (4, "y"), (1, "z"), columns=("id", "name"))
    after = rows((9, "X"), (4, "Y"), (1, "z"), columns=("id", "name"))
    assert list(frames.rows(run_of(table(NAME), table(NAME), before, after), "player").index) == [9, 4, 1]


def test_whole_numbers_stay_whole_beside_a_null() -> None:
    before = rows((1, None), (2, 7), columns=("id", "level"))
    frame = frames.rows(run_of(table(LEVEL), table(LEVEL), before, before), "player")
    assert [type(value) for value in frame[("level", "")]] == [type(None), int]
    assert [type(value) for value in frames.rows(Snapshot(Schema(), (before,)), "player")["level"]] == [type(None), int]


def test_a_composite_key_becomes_a_multi_index() -> None:
    sample = Rows("score", ("match", "game", "points"), ("match", "game"), ((1, 1, 0.5), (1, 2, 1.0)), 2)
    frame = frames.rows(Snapshot(Schema(), (sample,)), "score")
    assert list(frame.index) == [(1, 1), (1, 2)] and list(frame.index.names) == ["match", "game"]


def test_rows_with_the_same_null_key_are_all_shown() -> None:
    sample = Rows("odd", ("code", "name"), ("code",), ((None, "a"), (None, "b")), 2)
    assert [line[1] for line in lines(frames.rows(run_of(None, None, sample, sample), "odd"))] == ["a", "b"]


def test_rows_without_a_common_key_stand_each_for_itself() -> None:
    before = Rows("t", ("a", "b"), ("a",), ((1, 2),), 1)
    after = Rows("t", ("c", "b"), ("c",), ((1, 2),), 1)
    styled = frames.styled_rows(run_of(None, None, before, after), "t")
    assert list(styled.frame[("", "change")]) == ["- removed", "+ added"]
    assert "can't be paired" in repr(styled)


def test_a_column_called_change_hides_nothing() -> None:
    sample = rows((1, "mine"), columns=("id", "change"))
    frame = frames.rows(run_of(None, None, sample, sample), "player")
    assert list(frame.columns) == [("", "change"), ("change", "")]
    assert lines(frame) == [("", "mine")]


def test_the_note_says_how_many_rows_there_are() -> None:
    sample = rows((1, "a"), columns=("id", "name"), count=31_689)
    assert "31,689 rows, 1 shown" in frames.styled_rows(Snapshot(Schema(), (sample,)), "player").html
    about = dataclasses.replace(sample, count_exact=False)
    assert "about 31,689 rows" in frames.styled_rows(Snapshot(Schema(), (about,)), "player").html


BEFORE = rows((1, "a"), (2, "b"), (3, "c"), columns=("id", "name"))
AFTER = rows((1, "A"), (3, "c"), (4, "d"), columns=("id", "name"))
FEW_BEFORE, FEW_AFTER = (dataclasses.replace(sample, row_count=31_691) for sample in (BEFORE, AFTER))


@pytest.mark.parametrize(
    ("before", "after", "counted", "note"),
    [
        pytest.param(BEFORE, AFTER, None, "3 rows; of the 4 rows looked at: 1 added, 1 removed, 1 altered", id="seen"),
        pytest.param(BEFORE, AFTER, (1, 1, 1), "1 added, 1 removed, 1 altered of 3 rows", id="counted"),
        pytest.param(
            FEW_BEFORE,
            FEW_AFTER,
            (2, 2, 31_689),
            "2 added, 2 removed, 31,689 altered of 31,691 rows; 4 shown",
            id="counted, few shown",
        ),
        pytest.param(
            FEW_BEFORE, FEW_AFTER, None, "31,691 rows; of the 4 rows looked at: 1 added, 1 removed, 1 altered", id="few"
        ),
        pytest.param(None, AFTER, (3, 0, 0), "there was no such table before; 3 rows", id="created"),
        pytest.param(BEFORE, None, (0, 3, 0), "there is no such table after; 3 rows", id="dropped"),
        pytest.param(
            rows(columns=("id", "name")), AFTER, None, "0 rows before, 3 rows after; of the 3 rows looked at: 3 added",
            id="filled",
        ),
    ],
)  # fmt: skip
def test_the_note_counts_what_changed(
    before: Rows | None, after: Rows | None, counted: tuple[int, int, int] | None, note: str
) -> None:
    changes = (RowChanges("player", *counted),) if counted else ()
    run = run_of(table(NAME), table(NAME), before, after, row_changes=changes)
    assert frames.styled_rows(run, "player").grid.note.startswith(note)


def test_only_the_rows_that_changed_where_that_is_wanted() -> None:
    run = run_of(table(NAME), table(NAME), BEFORE, AFTER)
    styled = frames.styled_rows(run, "player", changed_only=True)
    assert sorted(styled.frame[("", "change")]) == ["+ added", "- removed", "~ changed"]
    assert len(styled.grid.rows) == 3 and ">c<" not in styled.html
    assert styled.grid.note == frames.styled_rows(run, "player").grid.note, "the counts are of all"


@pytest.mark.parametrize(
    ("before", "after", "counted", "changed_only", "said"),
    [
        (BEFORE, BEFORE, None, True, "None of the 3 rows looked at was added, removed or altered."),
        (BEFORE, BEFORE, (0, 0, 0), True, "No row was added, removed or altered."),
        (FEW_BEFORE, FEW_BEFORE, (0, 0, 9), True, "None of the 3 rows looked at was added, removed or altered."),
        (rows(columns=("id",)), rows(columns=("id",)), None, False, "The table holds no rows."),
        (
            rows((1,), columns=("id",)),
            rows((1, 5), columns=("id", "level")),
            None,
            True,
            "None of the 1 row looked at was added, removed or altered. Of its columns changed: + level.",
        ),
    ],
)
def test_where_there_is_no_row_a_sentence_says_so(
    before: Rows, after: Rows, counted: tuple[int, int, int] | None, changed_only: bool, said: str
) -> None:
    changes = (RowChanges("player", *counted),) if counted else ()
    run = run_of(table(), table(), before, after, row_changes=changes)
    styled = frames.styled_rows(run, "player", changed_only=changed_only)
    assert styled.grid.empty == said and said in styled.html and said in repr(styled)
    assert "<table" not in styled.html


def test_a_sample_of_an_empty_table_is_a_sentence() -> None:
    styled = frames.styled_rows(Snapshot(Schema(), (rows(columns=("id",)),)), "player")
    assert "The table holds no rows." in styled.html and "<table" not in styled.html


def test_a_row_is_not_called_added_or_removed_where_all_were_counted_and_none_was() -> None:
    before, after = rows((1, "a"), columns=("id", "name"), count=90), rows((2, "b"), columns=("id", "name"), count=90)
    run = run_of(table(NAME), table(NAME), before, after, row_changes=(RowChanges("player", 0, 0, 90),))
    assert list(frames.rows(run, "player")[("", "change")]) == ["", ""]
    assert list(frames.rows(run, "player")[("name", "")]) == ["a", "b"]


@pytest.mark.parametrize("show", [frames.schema, frames.rows, frames.styled_schema, frames.styled_rows])
def test_an_unknown_table_is_refused_by_name_with_those_that_are_there(show: Any) -> None:
    sample = rows((1, "a"), columns=("id", "name"))
    for source in (run_of(table(NAME), table(NAME), sample, sample), Snapshot(Schema((table(NAME),)), (sample,))):
        with pytest.raises(PwmigError, match="'coach'") as caught:
            show(source, "coach")
        assert "player" in caught.value.why and caught.value.way_out


# What reaches the page


OUR_TAGS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "p", "b", "del", "ins", "code"}
HOSTILE = ("<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "</td></table>", "&lt;b&gt;", "'\"")


@given(
    names=st.lists(
        st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique_by=str.lower
    ),
    values=st.data(),
)
def test_no_name_and_no_value_reaches_the_page_unescaped(names: list[str], values: st.DataObject) -> None:
    cell = st.sampled_from(HOSTILE) | st.none() | st.integers() | st.binary(max_size=9) | st.text(max_size=70)
    cells = values.draw(st.lists(st.tuples(*[cell for _ in names]), max_size=3))
    more = values.draw(st.lists(st.tuples(*[cell for _ in names]), max_size=3))
    name = values.draw(st.sampled_from(HOSTILE))
    columns = tuple(Column(column, name, default=name) for column in names)
    before, after = Table(name, columns[:1], (names[0],)), Table(name, columns, (names[0],))
    samples = [Rows(name, tuple(names), (names[0],), tuple(part), len(part)) for part in (cells, more)]
    run = run_of(before, after, samples[0], samples[1], diff(Schema((before,)), Schema((after,))))
    for show in (frames.styled_rows, frames.styled_schema):
        page, styled = Tags(), show(run, name)
        page.feed(styled.html)
        page.close()
        assert page.tags <= OUR_TAGS | {"details", "summary"} and page.open == []
        assert page.attributes <= {"class", "scope", "tabindex", "role", "aria-label", "style"}
        assert (
            styled.html == (frames.styled_rows if "rows" in styled.grid.title else frames.styled_schema)(run, name).html
        )


def test_html_is_the_same_each_time_and_carries_its_style() -> None:
    sample = rows((1, "a"), columns=("id", "name"))
    shown = [frames.styled_rows(run_of(None, None, sample, sample), "player")._repr_html_() for _ in range(2)]
    assert shown[0] == shown[1] and "<style>" in shown[0] and "--jp-" in shown[0]


def test_signs_stand_beside_every_colour() -> None:
    before = rows((1, "a", 1), (2, "b", 1), columns=("id", "name", "gone"))
    after = rows((1, "A", 1), (3, "c", 1), columns=("id", "name", "come"))
    html = frames.styled_rows(run_of(None, None, before, after), "player").html
    for words in ("~ changed", "+ added", "- removed", "<del>a</del>", "<ins>A</ins>"):
        assert words in html
    for sign, name in (("+", "come"), ("-", "gone"), ("~", "name")):
        assert f'<span class="pwmig-sign">{sign}</span> {name}' in html


# Status and changes


class _Project:
    def status(self) -> tuple[MigrationStatus, ...]:
        return (MigrationStatus("20250101_090000_a", State.APPLIED, applied_at="2025-01-01T09:00:00Z"),)


def test_status_takes_a_project_or_what_it_says() -> None:
    for source in (_Project(), _Project().status()):
        frame = frames.status(source)
        assert list(frame.columns) == ["migration", "state", "applied_at", "applied_by", "elapsed_s", "how"]
        assert lines(frame)[0][:3] == ("20250101_090000_a", "applied", "2025-01-01T09:00:00Z")
    assert frames.status(()).empty


def test_changes_are_one_line_each_with_their_sign() -> None:
    before, after = Schema((table(NAME),)), Schema((table(NAME, LEVEL),))
    found = diff(before, after)
    run = Run(Plan(()), "copy", (), Snapshot(before), Snapshot(after), found)
    for source in (run, found):
        frame = frames.changes(source)
        assert list(frame.columns) == ["sign", "kind", "table", "change"]
        assert lines(frame) == [("+", "AddColumn", "player", found[0].describe())]


def test_touched_tables_are_named_as_they_are_after() -> None:
    run = run_of(table(NAME, name="old"), table(NAME, name="new"), changes=(RenameTable("new", "old"),))
    assert frames.touched_tables(run) == ("new",)
    gone = run_of(table(NAME), None, changes=diff(Schema((table(NAME),)), Schema()))
    assert frames.touched_tables(gone) == ("player",)


def test_facts_of_no_table_are_none() -> None:
    assert facts(None) == ()
