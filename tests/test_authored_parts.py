"""What is asked and told when a migration is written, how its columns are said, and chains of migrations."""

from __future__ import annotations

import datetime
import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import authored_several
import authored_tables
import peewee
import pytest
from authored import Place, left, open_project, require_formatted, said, table, unsaid, write

from pwmig import StoredField
from pwmig.authoring import Answers, Asked, author
from pwmig.codegen import read, text_of
from pwmig.columns import ColumnSpec, Expression, Standard
from pwmig.declared import compare, python_defaults
from pwmig.dialects import dialect_of
from pwmig.operations import AddColumn, AlterColumnType, CreateTable, DropColumn, RenameColumn, RunSQL
from pwmig.schema import Check, Column, Event, ForeignKey, Index, IndexPart, Schema, Sequence, Table, Unique

TERMS = dialect_of(peewee.SqliteDatabase(None)).migration_terms
POSTGRES = dialect_of(peewee.PostgresqlDatabase(None)).migration_terms
ID = Column("id", "INTEGER", nullable=False)


def player(*columns: Column, **facts: Any) -> Schema:
    return Schema((Table("player", (ID, *columns), ("id",), **facts),))


# -- what is asked and told


def test_what_is_not_said_is_asked_with_the_names_of_now() -> None:
    live = Schema(
        (Table("player", (ID, Column("level", "INTEGER"), Column("age", "INTEGER", nullable=False)), ("id",)),)
    )
    wanted = Schema(
        (
            Table(
                "gamer",
                (ID, Column("rank", "TEXT", nullable=False), Column("age", "TEXT", nullable=False),
                 Column("born", "DATE", nullable=False)),
                ("id",),
            ),
        )
    )  # fmt: skip
    answers = Answers({"player": "gamer"}, {("player", "level"): "rank"})
    found = {(one.asked, one.table, one.column, one.before) for one in author(live, wanted, TERMS, answers).questions}
    assert found == {
        (Asked.ADDED, "gamer", "born", ("player", "born")),
        (Asked.REQUIRED, "gamer", "rank", ("player", "level")),
        (Asked.CONVERTED, "gamer", "rank", ("player", "level")),
        (Asked.CONVERTED, "gamer", "age", ("player", "age")),
    }
    told = Answers(
        answers.tables, answers.columns, {("gamer", "born"): "2000-01-01", ("gamer", "rank"): "?"},
        {("gamer", "rank"): "CAST(rank AS TEXT)", ("gamer", "age"): "age || ''"},
    )  # fmt: skip
    made = author(live, wanted, TERMS, told)
    assert made.questions == ()
    assert "cast=\"age || ''\"" in made.source() and 'migrator.backfill("gamer", {"rank": "?"})' in made.source()


def test_what_is_lost_is_told() -> None:
    live = Schema(
        (
            *player(Column("level", "INTEGER"), Column("loud", "TEXT", generated="upper('x')")).tables,
            Table("log", (ID,)),
        )
    )
    made = author(live, player(), TERMS)
    assert [(note.table, note.column, note.lost) for note in made.notes] == [
        ("log", None, True),
        ("player", "level", True),
    ]
    assert author(player(), player(Column("level", "INTEGER")), TERMS).notes == (), "the way back loses nothing of now"


def test_what_can_not_be_written_is_told() -> None:
    events = Schema(events=(Event("daily", "CREATE EVENT daily"),))
    made = author(Schema(), events, TERMS)
    assert made.forward == () and [note.lost for note in made.notes] == [False]
    assert "event daily" in made.notes[0].text


@pytest.mark.parametrize(
    ("default", "written", "imported"),
    [
        (1, "IntegerField(default=1)", "from peewee import IntegerField"),
        (datetime.datetime(2024, 2, 29), 'IntegerField(default="2024-02-29 00:00:00")', "IntegerField"),
        (datetime.datetime.now, "IntegerField(default=datetime.now)", "from datetime import datetime\n"),
        (datetime.date.today, "IntegerField(default=date.today)", "from datetime import date\n"),
        (uuid.uuid4, "IntegerField(default=uuid4)", "from uuid import uuid4\n"),
        (dict, "IntegerField(default=dict)", "from peewee import IntegerField\n\n"),
    ],
)
def test_a_default_of_python_is_a_literal_or_a_function_of_pythons(default: Any, written: str, imported: str) -> None:
    answers = Answers(defaults={("player", "level"): default})
    made = author(player(), player(Column("level", "INTEGER", nullable=False)), TERMS, answers)
    require_formatted(made.source())
    assert (made.questions, made.notes) == ((), ())
    assert written in made.source() and imported in made.source()


@pytest.mark.parametrize("default", [lambda: 1, object(), [1], float("nan")])
def test_another_default_of_python_is_told_and_asked_for(default: Any) -> None:
    answers = Answers(defaults={("player", "level"): default})
    made = author(player(), player(Column("level", "INTEGER", nullable=False)), TERMS, answers)
    assert [one.asked for one in made.questions] == [Asked.ADDED]
    assert [(note.column, note.lost) for note in made.notes] == [("level", False)]
    assert "IntegerField()" in made.source()


def test_the_defaults_of_models_are_what_the_database_gets() -> None:
    class Upper(peewee.CharField):
        def db_value(self, value: Any) -> Any:
            return str(value).upper()

    class Broken(peewee.IntegerField):
        def db_value(self, value: Any) -> Any:
            raise ZeroDivisionError

    model = table(
        "player", name=Upper(default="ann"), level=peewee.IntegerField(default=3, column_name="rank"),
        seen=peewee.DateTimeField(default=datetime.datetime.now), plain=peewee.IntegerField(), bad=Broken(default=4),
    )  # fmt: skip
    names = ("name", "rank", "seen", "plain", "bad")
    declared = Schema((Table("player", tuple(Column(name, "") for name in names)),))
    assert python_defaults([model], declared) == {
        ("player", "name"): "ANN",
        ("player", "rank"): 3,
        ("player", "seen"): datetime.datetime.now,
        ("player", "bad"): 4,
    }


def test_nothing_to_do_is_nothing() -> None:
    made = author(player(), player(), TERMS)
    assert not made and (made.forward, made.backward, made.questions, made.notes) == ((), (), (), ())


# -- names


def test_a_constraint_that_comes_gets_a_name_by_its_columns() -> None:
    taken = Check("level > 5", "player_level_check")
    live = player(Column("level", "INTEGER"), Column("name", "TEXT"), checks=(taken,))
    wanted = player(
        Column("level", "INTEGER"), Column("name", "TEXT"),
        checks=(taken, Check("level > 0"), Check("level > 1 OR name = 'level'"), Check("1 = 1")),
        uniques=(Unique(("level", "name")),),
        foreign_keys=(ForeignKey(("level",), "player", ("id",)),),
    )  # fmt: skip
    source = author(live, wanted, TERMS).source()
    assert '"player_level_check_1", Check("level > 0")' in source
    assert '"player_check"' in source and '"player_check_1"' in source
    assert 'migrator.add_unique("player", "level", "name")' in source
    assert 'add_foreign_key_constraint("player", "level", "player", "id")' in source


@pytest.mark.parametrize(
    ("first", "there", "passing"),
    [
        ("a", (), "a_before"),
        ("a", ("A_Before", "a_before_2"), "a_before_3"),
        ("é" * 31, (), "é" * 28 + "_before"),
    ],
)
def test_names_that_swap_pass_through_one_that_nothing_has(first: str, there: tuple[str, ...], passing: str) -> None:
    """Which is short enough for each database: PostgreSQL's have 63 bytes at most."""
    live = player(*(Column(name, "INTEGER") for name in (first, "z", *there)))
    answers = Answers(columns={("player", first): "z", ("player", "z"): first})
    made = author(live, live, TERMS, answers)
    assert [(one.old_name, one.new_name) for one in made.forward if isinstance(one, RenameColumn)] == [
        (first, passing), ("z", first), (passing, "z")
    ]  # fmt: skip
    assert len(made.forward) == len(made.backward) == 3


# -- columns


def test_the_sequence_of_a_serial_column_follows_its_type() -> None:
    def counted(type_: str) -> Schema:
        sequence = Sequence("t_id_seq", "integer")
        column = Column("id", type_, False, "nextval('t_id_seq'::regclass)", sequence=sequence)
        return Schema((Table("t", (column,), ("id",)),))

    made = author(counted("integer"), counted("bigint"), POSTGRES)
    texts = [[one.statement for one in way if isinstance(one, RunSQL)] for way in (made.forward, made.backward)]
    assert texts == [['ALTER SEQUENCE "t_id_seq" AS bigint'], ['ALTER SEQUENCE "t_id_seq" AS integer']]


def test_an_unusual_type_is_a_stored_field() -> None:
    wanted = player(Column("mood", "mood", nullable=False), Column("tags", "text[]"))
    made = author(player(), wanted, POSTGRES, Answers(fills={("player", "mood"): "sad"}))
    assert 'StoredField("mood", default="sad")' in made.source()
    assert 'StoredField("text[]", null=True)' in made.source()
    assert "from pwmig import StoredField\n" in made.source()
    require_formatted(made.source())


def test_a_stored_field_has_its_type_letter_for_letter() -> None:
    field = StoredField("enum('100%','it''s')", null=True)
    assert (field.ddl_datatype(None).sql, field.null) == ("enum('100%','it''s')", True)
    assert field.clone().ddl_datatype(None).sql == "enum('100%','it''s')"


def test_a_spec_says_all_that_a_field_is_given() -> None:
    spec = ColumnSpec(
        "price", "DecimalField", options=(("max_digits", 12), ("decimal_places", 4)),
        constraints=(Expression("DEFAULT 1"), Expression("price > 0", "Check")), default=Standard("uuid", "uuid4"),
    )  # fmt: skip
    field: Any = spec.field()
    assert (field.max_digits, field.decimal_places, field.default) == (12, 4, uuid.uuid4)
    assert [made.sql for made in field.constraints] == ["DEFAULT 1", "CHECK (price > 0)"]
    assert not spec.is_asked and AddColumn("t", spec).describe() == (
        "add_column('t', 'price', DecimalField(max_digits=12, decimal_places=4, default=uuid4, "
        "constraints=[SQL('DEFAULT 1'), Check('price > 0')]))"
    )


@pytest.mark.parametrize(
    "operation",
    [
        AddColumn("t", ColumnSpec("c", "StoredField", storage="mood")),
        AddColumn("t", ColumnSpec("c", constraints=(Expression("DEFAULT 1"),))),
        AlterColumnType("t", "c", "DecimalField", options=(("max_digits", 12),)),
        CreateTable("t", (ColumnSpec("c"),), constraints=(Expression("c > 0", "Check"),)),
        CreateTable("t", (ColumnSpec("c"),), strict_tables=True),
    ],
)
def test_what_no_form_asks_for_is_not_read_into_one(operation: Any) -> None:
    require_formatted(text_of([operation], [], "db.migrations_config"))
    assert read(text_of([operation], [], "db.migrations_config")) is None
    plain = [DropColumn("t", "c"), RunSQL("SELECT 1")]
    assert read(text_of(plain, plain, "db.migrations_config")) is not None


def test_hostile_texts_stay_in_their_literals() -> None:
    bad = "x\"; import os; '''{y}\n\\"
    made = author(
        player(),
        Schema((Table(bad, (ID, Column(bad, "TEXT", default="'" + bad.replace("'", "''") + "'")), ("id",),
                      (Index(bad, (IndexPart(bad),)),), checks=(Check(f"1 /* {bad} */", bad),)),)),
        TERMS,
    )  # fmt: skip
    found: list[Any] = []
    names: dict[str, Any] = {"migrate": lambda *operations: found.extend(operations), "migrator": _Heard()}
    names |= {name: getattr(peewee, name) for name in ("AutoField", "TextField", "SQL", "Check")}
    body = "\n".join(line for line in made.source().splitlines() if not line.startswith("from"))
    exec(compile(body, "migration.py", "exec"), names)
    names["migrate_forward"]()
    told = [(method, args[0]) for method, args, _ in found]
    assert told == [("drop_table", "player"), ("create_table", bad), ("add_index", bad)]
    assert list(found[1][1][1]) == ["id", bad]


class _Heard:
    def __getattr__(self, method: str) -> Any:
        return lambda *args, **kwargs: (method, args, kwargs)


# -- what was renamed, beside the models


def test_what_no_model_says_of_a_renamed_table_stays() -> None:
    columns = (ID, Column("name", "TEXT", comment="of a person"))
    live = Schema((Table("player", columns, ("id",), checks=(Check("id > 0", "own"),), comment="all"),))
    declared = Schema((Table("gamer", (ID, Column("title", "TEXT")), ("id",), checks=(Check("id > 0"),)),))
    renamed: dict[str, Any] = {
        "renamed_tables": {"player": "gamer"}, "renamed_columns": {("player", "name"): "title"},
    }  # fmt: skip
    before, after = compare(live, declared, **renamed)
    assert before.table_names == ("player",)
    (table,) = after.tables
    assert (table.comment, table.checks[0].name, table.columns[1].comment) == ("all", "own", "of a person")
    assert compare(live, declared)[0].tables == ()


# -- chains: each migration is written from what the ones before it made


@pytest.fixture(
    params=["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb"))]
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


_numbers = itertools.count()


@pytest.fixture
def places(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    @contextmanager
    def made() -> Iterator[Place]:
        folder = tmp_path / str(next(_numbers))
        folder.mkdir()
        if kind == "sqlite":
            database = peewee.SqliteDatabase(folder / "app.sqlite")
            with database.connection_context():
                yield Place(database, folder)
            return
        with request.getfixturevalue(f"{kind}_server").fresh() as server_database:
            yield Place(server_database, folder)

    return made


def circle_and_back(kind: str) -> list[Any]:
    return [[], authored_tables.circle(kind), authored_several.one_way(kind), []]


def growth(kind: str) -> list[Any]:
    """A table that grows and shrinks again, as in a project's life."""

    def player(**fields: Any) -> Any:
        return table("player", **fields)

    team = table("team", name=peewee.CharField(40, unique=True))
    club = table("club", name=peewee.CharField(60, unique=True))
    return [
        [],
        [player(name=peewee.CharField(40))],
        [team, player(name=peewee.CharField(40), team=peewee.ForeignKeyField(team, null=True))],
        [team, player(name=peewee.CharField(60, index=True), team=peewee.ForeignKeyField(team, null=True),
                      level=peewee.IntegerField(constraints=[peewee.SQL("DEFAULT 1"), peewee.Check("level > 0")]))],
        [club, player(name=peewee.CharField(60, index=True), level=peewee.IntegerField(null=True))],
        [player(name=peewee.TextField())],
        [],
    ]  # fmt: skip


@pytest.mark.parametrize("history", [circle_and_back, growth])
def test_a_history_of_written_migrations_goes_there_and_back_and_again(kind: str, places: Any, history: Any) -> None:
    sources: dict[str, str] = {}
    schemas = []
    with places() as place:
        for number, models in enumerate(history(kind)[1:]):
            schemas.append(place.schema())
            declared = said(place, models)
            made = write(place, declared, Answers())
            assert made, number
            require_formatted(made.source())
            sources[f"step{number}"] = made.source()
            open_project(place, sources).apply()
            assert left(place, declared) == []
            assert not write(place, declared, Answers())
        assert place.schema().tables == ()
        for schema in reversed(schemas):
            open_project(place, sources).revert()
            assert unsaid(place.schema()) == unsaid(schema)
    with places() as other:
        open_project(other, sources).apply()
        assert other.schema().tables == ()
