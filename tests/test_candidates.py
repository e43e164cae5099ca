"""What might be a rename: evidence in the schema, and in the rows where there are any."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import CREATE_PLAYER, open_project, sql_migration

from pwmig.diff import RenameCandidate, diff, rename_candidates
from pwmig.project import Project
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Rows, Schema, Table, Unique

ID = Column("id", "integer", nullable=False)
KEY = ForeignKey(("team",), "team", ("id",))


def schema(*columns: Column, name: str = "player", **facts: Any) -> Schema:
    return Schema((Table(name, (ID, *columns), ("id",), **facts),))


def rows(columns: tuple[str, ...], *values: tuple[Any, ...], table: str = "player", keyed: bool = True) -> Rows:
    return Rows(table, columns, (columns[0],) if keyed else (), values, len(values))


def best(before: Schema, after: Schema, samples: Any = ((), ())) -> RenameCandidate:
    return rename_candidates(before, after, samples)[0]


TEXT = Column("name", "text")
EVIDENCE = [
    (schema(TEXT), schema(Column("full_name", "text")), ("the same type text", "the same place, column 2",
                                                       "names that are 62% alike")),
    (schema(Column("name", "varchar(10)")), schema(Column("names", "varchar(20)")),
     ("another type: varchar(10), now varchar(20)", "the same place, column 2", "names that are 89% alike")),
    (schema(Column("team", "int"), foreign_keys=(KEY,)),
     schema(Column("club", "int"), foreign_keys=(ForeignKey(("club",), "team", ("id",)),)),
     ("the same type int", "the same place, column 2", "the same foreign key to team")),
    (schema(Column("a", "int"), indexes=(Index("i", (IndexPart("a"),)),)),
     schema(Column("b", "int"), indexes=(Index("j", (IndexPart("b"),)),)),
     ("the same type int", "the same place, column 2", "the same index (b)")),
    (schema(Column("a", "int", default="7")), schema(Column("b", "int", default="7")),
     ("the same type int", "the same place, column 2", "the same default")),
    (schema(Column("a", "int", default="7"), uniques=(Unique(("a",)),)), schema(Column("ab", "int", nullable=False)),
     ("the same type int", "the same place, column 2", "NULL in one of them only", "another default",
      "one of them only in unique (ab)", "names that are 67% alike")),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "said"), EVIDENCE)
def test_a_candidate_says_what_speaks_for_it(before: Schema, after: Schema, said: tuple[str, ...]) -> None:
    assert best(before, after).evidence == said


REFERENCE = Column("a_id", "INTEGER", nullable=False)
TO_A = ForeignKey(("a_id",), "a", ("id",))


@pytest.mark.parametrize(
    ("counted", "key"),
    [
        (Column("id", "INTEGER", nullable=False), False),
        (Column("id", "integer", nullable=False, sequence="e_id_seq"), False),
        (Column("id", "integer", nullable=False, identity="ALWAYS"), False),
        (Column("id", "int(11)", nullable=False, autoincrement=True), False),
        (Column("id", "INTEGER", nullable=False), True),
    ],
)
def test_a_key_that_counts_and_a_column_that_refers_are_no_rename(counted: Column, key: bool) -> None:
    """Unless that is the key now: what a row is, and of which it is a part."""
    refers = replace(REFERENCE, type=counted.type, nullable=not key)
    before = Schema((Table("e", (counted,), ("id",)),))
    after = Schema((Table("e", (refers,), ("a_id",) if key else (), foreign_keys=(TO_A,)),))
    assert bool(rename_candidates(before, after)) == key
    assert bool(rename_candidates(after, before)) == key


def test_a_constraint_that_both_have_says_more_than_a_place() -> None:
    team, other = Column("team", "int"), Column("score", "int")
    before = schema(team, foreign_keys=(KEY,))
    after = schema(other, Column("club", "int"), foreign_keys=(ForeignKey(("club",), "team", ("id",)),))
    assert [one.new_name for one in rename_candidates(before, after)] == ["club", "score"]


def test_letter_case_alone_is_a_candidate_where_it_tells_names_apart() -> None:
    before, after = schema(Column("Name", "text")), schema(Column("name", "text"))
    assert rename_candidates(before, after) == ()
    exact = Schema(before.tables, exact_columns=True, exact_tables=True)
    assert best(exact, after).score > 0.9


SAMPLE = rows(("id", "name"), *((number, f"Player {number}") for number in range(9)))


def test_the_same_values_under_the_same_keys_say_more_than_all_else() -> None:
    before, after = schema(TEXT), schema(Column("zzz", "text"), Column("names", "text"))
    assert best(before, after).new_name == "names"
    same = rows(("id", "zzz", "names"), *((number, f"Player {number}", f"other {number}") for number in range(9)))
    found = rename_candidates(before, after, ((SAMPLE,), (same,)))
    assert [(one.new_name, one.evidence[0]) for one in found][:1] == [("zzz", "the same in 9 of 9 rows looked at")]
    assert [one.new_name for one in found] == ["zzz"], "other values speak against the likelier name"


def test_the_rows_may_say_that_another_type_is_a_rename_too() -> None:
    before, after = schema(Column("no", "integer")), schema(Column("number", "text"))
    was = rows(("id", "no"), *((number, number * 7) for number in range(9)))
    now = rows(("id", "number"), *((number, str(number * 7)) for number in range(9)))
    assert rename_candidates(before, after) == ()
    found = best(before, after, ((was,), (now,)))
    assert found.evidence[:2] == ("the same in 9 of 9 rows looked at", "another type: integer, now text")


def test_few_rows_and_few_values_say_little() -> None:
    before, after = schema(Column("seen", "int")), schema(Column("paid", "int"))
    scores = []
    for count in (1, 3, 9):
        was = rows(("id", "seen"), *((number, number % 2) for number in range(count)))
        now = rows(("id", "paid"), *((number, 1 - number % 2) for number in range(count)))
        scores.append(max((one.score for one in rename_candidates(before, after, ((was,), (now,)))), default=0.0))
    assert scores == sorted(scores, reverse=True) and scores[0] > 0.5 > scores[2]


def test_rows_without_a_key_are_compared_by_their_values() -> None:
    before, after = schema(TEXT), schema(Column("title", "text"))
    was = rows(("id", "name"), *((number, f"p{number}") for number in range(9)), keyed=False)
    now = rows(("id", "title"), *((number, f"p{8 - number}") for number in range(9)), keyed=False)
    assert best(before, after, ((was,), (now,))).evidence[0] == "the same in 9 of 9 values looked at"


def test_empty_cells_say_nothing() -> None:
    before, after = schema(TEXT), schema(Column("title", "text"))
    was = rows(("id", "name"), *((number, None) for number in range(9)))
    now = rows(("id", "title"), *((number, None) for number in range(9)))
    assert best(before, after, ((was,), (now,))) == best(before, after)


def test_a_table_is_known_again_by_its_rows() -> None:
    columns = (TEXT, Column("born", "integer"), Column("height", "integer"))
    before, after = schema(*columns, name="player"), schema(*columns, name="zzz")
    values = tuple((number, f"p{number}", 1900 + number, number) for number in range(9))
    was = rows(("id", "name", "born", "height"), *values)
    now = rows(("id", "name", "born", "height"), *values, table="zzz")
    other = rows(("id", "name", "born", "height"), *((*row[:1], "x", 1, 1) for row in values), table="zzz")
    plain, same = best(before, after), best(before, after, ((was,), (now,)))
    assert same.score > plain.score and same.evidence[0] == "the same in 9 of 9 rows looked at"
    assert rename_candidates(before, after, ((was,), (other,))) == ()


def test_another_database_is_looked_into_for_what_was_renamed(tmp_path: Path) -> None:
    project = open_project(tmp_path / "app", {"create_player": CREATE_PLAYER})
    project.apply()
    fill = "INSERT INTO player (id, name) VALUES " + ", ".join(f"({n}, 'player {n}')" for n in range(1, 10))
    project.database.execute_sql(fill)
    project.database.close()
    other = peewee.SqliteDatabase(tmp_path / "other.db")
    shutil.copy(project.database.database, tmp_path / "other.db")
    for sql in ("ALTER TABLE player RENAME COLUMN name TO zzz", "ALTER TABLE player ADD COLUMN names TEXT"):
        other.execute_sql(sql)
    other.close()
    found = project.difference("live", f"sqlite:///{tmp_path / 'other.db'}").renames
    assert [(one.old_name, one.new_name) for one in found] == [("name", "zzz")]
    assert found[0].evidence[0] == "the same in 9 of 9 rows looked at"


def test_no_candidate_is_assumed() -> None:
    before, after = schema(TEXT), schema(Column("names", "text"))
    assert rename_candidates(before, after) and len(diff(before, after)) == 2


def test_a_check_that_names_the_column_does_not_hide_it() -> None:
    before = schema(TEXT, checks=(Check("name <> ''"),))
    assert best(before, schema(Column("names", "text"), checks=(Check("names <> ''"),))).new_name == "names"


FOOTBALLER = """CREATE TABLE footballer
    (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, born INTEGER NOT NULL, height INTEGER NOT NULL)"""
PLAYER_MODEL = """
from peewee import *
from db.migrations_config import database

class Player(Model):
    name = CharField(max_length=80)
    born = IntegerField()
    height = IntegerField()

    class Meta:
        database = database
"""


@pytest.mark.parametrize("sides", [("live", "models"), ("models", "live"), ("history", "models")])
def test_a_table_that_no_model_names_may_be_the_old_name_of_one(tmp_path: Path, sides: tuple[str, str]) -> None:
    project = open_project(tmp_path, {"create": sql_migration(FOOTBALLER)}, models=PLAYER_MODEL)
    project.apply()
    found = project.difference(*sides)
    assert [(change.sign, change.table) for change in found.changes] == [
        ("-" if sides[0] == "models" else "+", "player")
    ]
    names = ("player", "footballer") if sides[0] == "models" else ("footballer", "player")
    assert [(one.old_name, one.new_name) for one in found.renames] == [names]


def test_what_no_model_names_is_read_only_where_a_model_has_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = open_project(tmp_path, {"create": sql_migration(FOOTBALLER)}, models=PLAYER_MODEL)
    project.apply()
    project.database.execute_sql("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(70) NOT NULL)")
    project.database.close()
    asked: list[Any] = []
    schema = Project.schema
    monkeypatch.setattr(Project, "schema", lambda self, tables=None: asked.append(tables) or schema(self, tables))
    assert project.difference().changes and asked == []
    project.database.execute_sql("DROP TABLE player")
    project.database.close()
    assert project.difference().renames and asked == [None]


def test_of_many_tables_that_no_model_names_the_likeliest_are_offered() -> None:
    others = tuple(schema(TEXT, name=f"log_{number}").tables[0] for number in range(50))
    likely = schema(TEXT, name="players").tables
    found = rename_candidates(Schema(), schema(TEXT), beside=((*others, *likely), ()))
    assert found[0].old_name == "players" and len(found) == 3


def test_the_tables_that_the_config_ignores_are_no_old_names(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create": sql_migration(FOOTBALLER)}, models=PLAYER_MODEL)
    project.apply()
    (tmp_path / "pyproject.toml").write_text('[tool.pwmig]\nignore = ["foot*"]\n')
    assert Project.open(tmp_path).difference().renames == ()
