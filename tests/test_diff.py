"""What a difference is: nothing for the same, one change for one fact, an order that can be carried out."""

from __future__ import annotations

import json
import pickle
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from strategies import HOSTILE_NAMES, names, quoted, scripts

from pwmig.dialects.sqlite.seeing.introspect import introspect
from pwmig.diff import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AddTrigger,
    AddUnique,
    AlterCheck,
    AlterColumn,
    AlterForeignKey,
    AlterIndex,
    AlterOptions,
    AlterPrimaryKey,
    AlterTrigger,
    AlterUnique,
    AlterView,
    Change,
    CreateTable,
    CreateView,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    DropTable,
    DropTrigger,
    DropUnique,
    DropView,
    RenameCandidate,
    RenameColumn,
    RenameTable,
    diff,
    rename_candidates,
)
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Table, Trigger, Unique, View


def schema_of(*statements: str) -> Schema:
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.executescript(statement)
    return introspect(lambda sql, params=(): connection.execute(sql, params).fetchall())


PLAYER = Table(
    name="player",
    columns=(
        Column("id", "INTEGER", nullable=False),
        Column("name", "VARCHAR(40)", nullable=False, default="'x'", collation="NOCASE"),
        Column("team_id", "INTEGER"),
        Column("loud", "TEXT", generated="upper(name)", generated_kind="virtual"),
    ),
    primary_key=("id",),
    indexes=(Index("player_name", (IndexPart("name"),), predicate="name <> ''"),),
    uniques=(Unique(("name", "team_id"), "one_name"),),
    foreign_keys=(ForeignKey(("team_id",), "team", ("id",), "CASCADE"),),
    checks=(Check("length(name) > 1", "long"), Check("team_id > 0")),
    triggers=(Trigger("kept", "CREATE TRIGGER kept AFTER DELETE ON player BEGIN SELECT OLD.name; END"),),
)
TEAM = Table("team", (Column("id", "INTEGER", nullable=False),), ("id",))
NAMES = View("names", "CREATE VIEW names AS SELECT name FROM player")
SCHEMA = Schema((PLAYER, TEAM), (NAMES,))


def with_player(**facts: Any) -> Schema:
    return Schema((replace(PLAYER, **facts), TEAM), (NAMES,))


def with_column(place: int, **facts: Any) -> Schema:
    columns = list(PLAYER.columns)
    columns[place] = replace(columns[place], **facts)
    return with_player(columns=tuple(columns))


def with_index(**facts: Any) -> Schema:
    return with_player(indexes=(replace(PLAYER.indexes[0], **facts),))


def with_key(**facts: Any) -> Schema:
    return with_player(foreign_keys=(replace(PLAYER.foreign_keys[0], **facts),))


EXTRA = Column("level", "INTEGER")

# (after, the one change, what describe() says with its sign)
ONE_FACT: list[tuple[Schema, type[Change], str]] = [
    (Schema((PLAYER, TEAM, Table("x", (EXTRA,))), (NAMES,)), CreateTable, "+ table x (level)"),
    (Schema((PLAYER,), (NAMES,)), DropTable, "- table team"),
    (with_player(columns=(*PLAYER.columns, EXTRA)), AddColumn, "+ column player.level INTEGER"),
    (with_player(columns=PLAYER.columns[:-1]), DropColumn, "- column player.loud TEXT as (upper(name)) virtual"),
    (with_column(1, type="TEXT"), AlterColumn, "~ column player.name: type VARCHAR(40) -> TEXT"),
    (with_column(1, nullable=True), AlterColumn, "~ column player.name: nullable no -> yes"),
    (with_column(1, default="'X'"), AlterColumn, "~ column player.name: default 'x' -> 'X'"),
    (with_column(1, default=None), AlterColumn, "~ column player.name: default 'x' -> none"),
    (with_column(1, collation=None), AlterColumn, "~ column player.name: collation NOCASE -> none"),
    (
        with_column(3, generated="lower(name)"),
        AlterColumn,
        "~ column player.loud: generated upper(name) -> lower(name)",
    ),
    (with_column(3, generated_kind="stored"), AlterColumn, "~ column player.loud: generated kind virtual -> stored"),
    (with_column(0, autoincrement=True), AlterColumn, "~ column player.id: autoincrement no -> yes"),
    (with_column(1, on_conflict="IGNORE"), AlterColumn, "~ column player.name: on conflict none -> IGNORE"),
    (with_player(primary_key=("id", "name")), AlterPrimaryKey, "~ player: primary key (id) -> (id, name)"),
    (with_player(primary_key_name="pk"), AlterPrimaryKey, "~ player: primary key name none -> pk"),
    (with_player(primary_key_conflict="FAIL"), AlterPrimaryKey, "~ player: primary key conflict none -> FAIL"),
    (with_player(options=("STRICT",)), AlterOptions, "~ player: options none -> (STRICT)"),
    (
        with_player(indexes=(*PLAYER.indexes, Index("i", (IndexPart("team_id", descending=True),), True))),
        AddIndex,
        "+ unique index i on player (team_id desc)",
    ),
    (with_player(indexes=()), DropIndex, "- index player_name on player (name) where name <> ''"),
    (with_index(name="other"), AlterIndex, "~ index player_name on player: name player_name -> other"),
    (with_index(unique=True), AlterIndex, "~ index player_name on player: unique no -> yes"),
    (with_index(predicate=None), AlterIndex, "~ index player_name on player: predicate name <> '' -> none"),
    (
        with_index(parts=(IndexPart(None, "lower(name)", collation="RTRIM"),)),
        AlterIndex,
        "~ index player_name on player: parts (name) -> (lower(name) collate RTRIM)",
    ),
    (with_player(uniques=(*PLAYER.uniques, Unique(("name",)))), AddUnique, "+ player: unique (name)"),
    (with_player(uniques=()), DropUnique, "- player: unique one_name (name, team_id)"),
    (
        with_player(uniques=(Unique(("name", "team_id")),)),
        AlterUnique,
        "~ player: unique one_name (name, team_id): name one_name -> none",
    ),
    (
        with_player(uniques=(Unique(("name",), "one_name"),)),
        AlterUnique,
        "~ player: unique one_name (name, team_id): columns (name, team_id) -> (name)",
    ),
    (
        with_player(foreign_keys=(*PLAYER.foreign_keys, ForeignKey(("id",), "team", ("id",), name="f"))),
        AddForeignKey,
        "+ player: foreign key f (id) -> team (id)",
    ),
    (with_player(foreign_keys=()), DropForeignKey, "- player: foreign key (team_id) -> team (id) on delete cascade"),
    (
        with_key(on_delete="SET NULL"),
        AlterForeignKey,
        "~ player: foreign key (team_id): on delete CASCADE -> SET NULL",
    ),
    (with_key(on_update="CASCADE"), AlterForeignKey, "~ player: foreign key (team_id): on update NO ACTION -> CASCADE"),
    (
        with_key(deferrable="DEFERRABLE INITIALLY DEFERRED"),
        AlterForeignKey,
        "~ player: foreign key (team_id): deferrable none -> DEFERRABLE INITIALLY DEFERRED",
    ),
    (with_key(name="f"), AlterForeignKey, "~ player: foreign key (team_id): name none -> f"),
    (with_key(ref_table="club"), AlterForeignKey, "~ player: foreign key (team_id): ref table team -> club"),
    (with_key(ref_columns=("no",)), AlterForeignKey, "~ player: foreign key (team_id): ref columns (id) -> (no)"),
    (with_player(checks=(*PLAYER.checks, Check("id < 9"))), AddCheck, "+ player: check (id < 9)"),
    (with_player(checks=PLAYER.checks[:1]), DropCheck, "- player: check (team_id > 0)"),
    (
        with_player(checks=(Check("length(name) > 2", "long"), PLAYER.checks[1])),
        AlterCheck,
        "~ player: check long (length(name) > 1): expression length(name) > 1 -> length(name) > 2",
    ),
    (
        with_player(triggers=(*PLAYER.triggers, Trigger("t", "CREATE TRIGGER t ..."))),
        AddTrigger,
        "+ trigger t on player",
    ),
    (with_player(triggers=()), DropTrigger, "- trigger kept on player"),
    (
        with_player(triggers=(Trigger("kept", "CREATE TRIGGER other"),)),
        AlterTrigger,
        "~ trigger kept on player: sql CREATE TRIGGER kept AFTER DELETE ON player BEGIN SELECT OLD.name; END"
        " -> CREATE TRIGGER other",
    ),
    (Schema(SCHEMA.tables, (NAMES, View("v", "CREATE VIEW v AS SELECT 1"))), CreateView, "+ view v"),
    (Schema(SCHEMA.tables), DropView, "- view names"),
    (
        Schema(SCHEMA.tables, (View("names", "CREATE VIEW names AS SELECT 1"),)),
        AlterView,
        "~ view names: sql CREATE VIEW names AS SELECT name FROM player -> CREATE VIEW names AS SELECT 1",
    ),
    (
        Schema(SCHEMA.tables, (replace(NAMES, triggers=(Trigger("t", "CREATE TRIGGER t"),)),)),
        AddTrigger,
        "+ trigger t on names",
    ),
]


@pytest.mark.parametrize(("after", "kind", "said"), ONE_FACT, ids=[said for _, _, said in ONE_FACT])
def test_one_fact_is_one_change(after: Schema, kind: type[Change], said: str) -> None:
    (change,) = diff(SCHEMA, after)
    assert (type(change), change.kind) == (kind, kind.__name__)
    assert f"{change.sign} {change.describe()}" == said


@pytest.mark.parametrize("after", [after for after, _, _ in ONE_FACT])
def test_the_way_back_is_one_change_too(after: Schema) -> None:
    (change,) = diff(after, SCHEMA)
    (forward,) = diff(SCHEMA, after)
    assert change.sign == {"+": "-", "-": "+", "~": "~"}[forward.sign]


@pytest.mark.parametrize("after", [after for after, _, _ in ONE_FACT])
def test_a_change_goes_through_json_and_pickle(after: Schema) -> None:
    (change,) = diff(SCHEMA, after)
    assert pickle.loads(pickle.dumps(change)) == change
    made = json.loads(json.dumps(change.as_dict()))
    assert (made["kind"], made["sign"], made["table"]) == (change.kind, change.sign, change.table)
    assert made["description"] == change.describe()


NO_DIFFERENCE = [
    (with_player(columns=PLAYER.columns[::-1]), "the order of columns"),
    (with_column(1, name="NAME"), "letter case of a name"),
    (with_column(1, type="varchar( 40 )"), "letter case and white space of a type"),
    (with_column(3, generated="UPPER( [name] )"), "letter case, quotes and white space of an expression"),
    (with_index(predicate="(\"name\" <> '') -- all"), "parentheses around all, and a comment"),
    (with_player(options=()), "nothing"),
    (Schema((TEAM, PLAYER), (View("names", "create view NAMES as\n select name from PLAYER"),)), "order of tables"),
]


@pytest.mark.parametrize(("after", "why"), NO_DIFFERENCE)
def test_what_means_the_same_is_no_difference(after: Schema, why: str) -> None:
    assert diff(SCHEMA, after) == (), why


@given(scripts())
def test_a_schema_does_not_differ_from_itself(script: tuple[str, ...]) -> None:
    assert diff(schema_of(*script), schema_of(*script)) == ()


def things(changes: tuple[Change, ...], sign: str) -> list[str]:
    """What the changes of a sign add or take away, without the word for it."""
    told = [
        {**change.as_dict(), "kind": "", "sign": "", "description": ""} for change in changes if change.sign == sign
    ]
    return sorted(map(str, told))


@given(scripts(), scripts())
def test_what_comes_one_way_goes_the_other(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    before, after = schema_of(*one), schema_of(*other)
    forth, back = diff(before, after), diff(after, before)
    assert things(forth, "+") == things(back, "-")
    assert things(forth, "-") == things(back, "+")
    assert bool(forth) == bool(back)


# -- renames


RENAMED = """
CREATE TABLE team (id INTEGER PRIMARY KEY, no INT UNIQUE);
CREATE TABLE player (
    id INTEGER PRIMARY KEY, name TEXT CHECK (name <> 'name'), team_no INT REFERENCES team (no) UNIQUE,
    loud TEXT AS (upper(name)), UNIQUE (name, team_no)
);
CREATE INDEX player_name ON player (name, lower(name)) WHERE name > 'a';
CREATE TRIGGER kept AFTER UPDATE OF name ON player BEGIN UPDATE team SET no = 1 WHERE NEW.name = 'name'; END;
CREATE VIEW names AS SELECT name, team.no FROM player JOIN team ON team_no = team.no;
"""
RENAMES = [
    ("ALTER TABLE player RENAME TO gamer", {"player": "gamer"}, {}, ["~ table player -> gamer"]),
    ("ALTER TABLE team RENAME TO club", {"team": "club"}, {}, ["~ table team -> club"]),
    (
        "ALTER TABLE player RENAME COLUMN name TO title",
        {},
        {("player", "name"): "title"},
        ["~ column player.name -> title"],
    ),
    ("ALTER TABLE team RENAME COLUMN no TO number", {}, {("team", "no"): "number"}, ["~ column team.no -> number"]),
    (
        "ALTER TABLE player RENAME TO gamer; ALTER TABLE gamer RENAME COLUMN name TO title;"
        "ALTER TABLE team RENAME TO club; ALTER TABLE club RENAME COLUMN no TO number",
        {"player": "gamer", "TEAM": "club"},
        {("player", "name"): "title", ("Team", "NO"): "number"},
        [
            "~ table team -> club",
            "~ table player -> gamer",
            "~ column club.no -> number",
            "~ column gamer.name -> title",
        ],
    ),
    (
        "ALTER TABLE player RENAME TO gamer; ALTER TABLE gamer ADD COLUMN level INT",
        {"player": "gamer"},
        {},
        ["~ table player -> gamer", "+ column gamer.level INT"],
    ),
    (
        "ALTER TABLE team RENAME TO club; CREATE TABLE team (a)",
        {"team": "club"},
        {},
        ["~ table team -> club", "+ table team (a)"],
    ),
]


@pytest.mark.parametrize(("statements", "tables", "columns", "said"), RENAMES)
def test_a_rename_that_is_told_shows_alone(
    statements: str, tables: dict[str, str], columns: dict[tuple[str, str], str], said: list[str]
) -> None:
    before, after = schema_of(RENAMED), schema_of(RENAMED, statements)
    found = diff(before, after, renamed_tables=tables, renamed_columns=columns)
    assert [f"{change.sign} {change.describe()}" for change in found] == said


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_rename_to_a_hostile_name_shows_alone(name: str) -> None:
    new = name + "2"
    made = f"CREATE TABLE {quoted(name)} ({quoted(name)} INT CHECK ({quoted(name)} > 0) UNIQUE)"
    column = f"ALTER TABLE {quoted(name)} RENAME COLUMN {quoted(name)} TO {quoted(new)}"
    table = f"ALTER TABLE {quoted(name)} RENAME TO {quoted(new)}"
    found = diff(
        schema_of(made),
        schema_of(made, column, table),
        renamed_tables={name: new},
        renamed_columns={(name, name): new},
    )
    assert found == (RenameTable(new, name), RenameColumn(new, name, new))


def test_a_rename_that_is_not_told_is_a_drop_and_an_add() -> None:
    after = schema_of(RENAMED, "ALTER TABLE team RENAME COLUMN id TO key")
    assert [change.kind for change in diff(schema_of(RENAMED), after)] == ["AddColumn", "AlterPrimaryKey", "DropColumn"]


def test_a_rename_of_what_is_not_there_is_left_out() -> None:
    told = {"renamed_tables": {"nothing": "player", "team": "nothing"}, "renamed_columns": {("player", "x"): "name"}}
    assert diff(SCHEMA, SCHEMA, **told) == ()  # type: ignore[arg-type]


def test_names_that_go_round_are_renamed_in_an_order_that_works() -> None:
    made = "CREATE TABLE a (x INT); CREATE TABLE b (x TEXT, y)"
    moved = "ALTER TABLE b RENAME TO c; ALTER TABLE a RENAME TO b; ALTER TABLE c RENAME COLUMN y TO z;"
    moved += "ALTER TABLE c RENAME COLUMN x TO y"
    found = diff(
        schema_of(made),
        schema_of(made, moved),
        renamed_tables={"a": "b", "b": "c"},
        renamed_columns={("b", "x"): "y", ("b", "y"): "z"},
    )
    assert found == (
        RenameTable("c", "b"),
        RenameTable("b", "a"),
        RenameColumn("c", "y", "z"),
        RenameColumn("c", "x", "y"),
    )


def test_a_rename_to_a_name_that_was_dropped_comes_after_the_drop() -> None:
    made = "CREATE TABLE a (x INT, y TEXT); CREATE TABLE b (z)"
    moved = "DROP TABLE b; ALTER TABLE a DROP COLUMN x; ALTER TABLE a RENAME COLUMN y TO x; ALTER TABLE a RENAME TO b"
    found = diff(schema_of(made), schema_of(made, moved), renamed_tables={"a": "b"}, renamed_columns={("a", "y"): "x"})
    assert [change.describe() for change in found] == ["table b", "table a -> b", "column b.x INT", "column b.y -> x"]


def test_a_text_in_which_something_else_changed_too_still_shows() -> None:
    before = schema_of(RENAMED)
    after = schema_of(
        RENAMED,
        "ALTER TABLE player RENAME COLUMN name TO title; DROP VIEW names",
        "CREATE VIEW names AS SELECT title FROM player",
    )
    found = diff(before, after, renamed_columns={("player", "name"): "title"})
    assert [change.kind for change in found] == ["RenameColumn", "AlterView"]


# -- order


def test_the_order_can_be_carried_out() -> None:
    before = schema_of(
        "CREATE TABLE old (id INTEGER PRIMARY KEY); CREATE TABLE kept (id INTEGER PRIMARY KEY, o REFERENCES old, x)",
        "CREATE TABLE old_part (o REFERENCES old); CREATE INDEX i ON kept (x)",
        "CREATE VIEW v1 AS SELECT * FROM kept; CREATE VIEW v0 AS SELECT * FROM v1",
    )
    after = schema_of(
        "CREATE TABLE a_part (id REFERENCES b_whole); CREATE TABLE b_whole (id INTEGER PRIMARY KEY)",
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, y); CREATE INDEX i2 ON kept (y)",
        "CREATE VIEW w1 AS SELECT * FROM kept; CREATE VIEW w0 AS SELECT * FROM w1",
    )
    assert [f"{change.sign} {change.describe()}" for change in diff(before, after)] == [
        "- view v0",
        "- view v1",
        "- kept: foreign key (o) -> old (id)",
        "- index i on kept (x)",
        "- table old_part",
        "- table old",
        "+ table b_whole (id)",
        "+ table a_part (id)",
        "+ column kept.y",
        "- column kept.o",
        "- column kept.x",
        "+ index i2 on kept (y)",
        "+ view w1",
        "+ view w0",
    ]


def test_tables_that_point_at_each_other_are_made_before_the_keys_between_them() -> None:
    made = schema_of("CREATE TABLE a (b REFERENCES b); CREATE TABLE b (a REFERENCES a, b REFERENCES b)")
    said = [
        "+ table a (b)",
        "+ table b (a, b)",
        "+ a: foreign key (b) -> b (b)",
        "+ b: foreign key (a) -> a (a)",
    ]
    found = diff(Schema(), made)
    assert [f"{change.sign} {change.describe()}" for change in found] == said
    assert [len(change.definition.foreign_keys) for change in found if isinstance(change, CreateTable)] == [0, 1]
    back = diff(made, Schema())
    assert [change.kind for change in back] == ["DropForeignKey", "DropForeignKey", "DropTable", "DropTable"]


# -- candidates


def test_a_column_that_got_another_name_is_the_first_candidate() -> None:
    after = with_player(
        columns=(
            PLAYER.columns[0],
            replace(PLAYER.columns[1], name="full_name"),
            *PLAYER.columns[2:],
            Column("level", "INTEGER"),
        ),
        indexes=(replace(PLAYER.indexes[0], parts=(IndexPart("full_name"),)),),
        uniques=(Unique(("full_name", "team_id"), "one_name"),),
    )
    (found,) = rename_candidates(SCHEMA, after)
    assert (found.table, found.old_name, found.new_name) == ("player", "name", "full_name")
    assert 0.8 < found.score <= 1


def test_a_table_that_got_another_name_is_a_candidate() -> None:
    (found,) = rename_candidates(SCHEMA, Schema((replace(PLAYER, name="gamer"), TEAM)))
    assert (found.table, found.old_name, found.new_name) == (None, "player", "gamer")


def test_columns_of_another_type_are_no_candidates() -> None:
    after = with_column(1, name="full_name", type="INTEGER")
    assert rename_candidates(SCHEMA, after) == ()


@given(scripts(), st.data())
def test_candidates_are_of_what_went_and_what_came(script: tuple[str, ...], data: st.DataObject) -> None:
    before, after = schema_of(*script), schema_of(*data.draw(scripts()))
    for found in rename_candidates(before, after):
        assert isinstance(found, RenameCandidate)
        if found.table is None:
            assert after.table(found.old_name) is None and before.table(found.new_name) is None
        else:
            old, new = before.table(found.table), after.table(found.table)
            assert old and new and not new.column(found.old_name) and not old.column(found.new_name)


# -- one step of SQLite's own is one change


def altered(script: tuple[str, ...], statement: str) -> tuple[Schema, Schema]:
    """The schema before and after a statement; assumes that SQLite takes it."""
    before = schema_of(*script)
    try:
        return before, schema_of(*script, statement)
    except sqlite3.OperationalError:
        reject()


@given(scripts(), names(), st.data())
def test_a_table_renamed_by_sqlite_is_one_change(script: tuple[str, ...], new: str, data: st.DataObject) -> None:
    old = data.draw(st.sampled_from(schema_of(*script).table_names))
    assume(new.lower() != old.lower())
    before, after = altered(script, f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)}")
    assert diff(before, after, renamed_tables={old: new}) == (RenameTable(new, old),)


@given(scripts(), names(), st.data())
def test_a_column_renamed_by_sqlite_is_one_change(script: tuple[str, ...], new: str, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(schema_of(*script).tables))
    old = data.draw(st.sampled_from(table.column_names))
    assume(new.lower() != old.lower())
    statement = f"ALTER TABLE {quoted(table.name)} RENAME COLUMN {quoted(old)} TO {quoted(new)}"
    before, after = altered(script, statement)
    found = diff(before, after, renamed_columns={(table.name, old): new})
    assert found == (RenameColumn(table.name, old, new),)


@given(scripts(), names(), st.data())
def test_a_column_added_by_sqlite_is_one_change(script: tuple[str, ...], new: str, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(schema_of(*script).tables))
    statement = f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(new)} INT NOT NULL DEFAULT 7"
    before, after = altered(script, statement)
    assert diff(before, after) == (AddColumn(table.name, Column(new, "INT", nullable=False, default="7")),)
