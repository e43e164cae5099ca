"""The models' schema: what create_tables would make, seen without touching the user's database or its binding."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import peewee
import pytest
from playhouse.sqlite_ext import AutoIncrementField, FTS5Model, SearchField
from projects import open_project, run_cli, sql_migration

from pwmig.declared import compare, find_models, find_models_and_guesses, is_named_in, models_schema
from pwmig.declared.said import Late
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.errors import ProjectError
from pwmig.frames import display
from pwmig.schema import Schema

DATABASE = peewee.SqliteDatabase(None)
DIALECT = dialect_of(peewee.SqliteDatabase(":memory:"))
NOWHERE = peewee.SqliteDatabase(":memory:")


class Base(peewee.Model):
    class Meta:
        database = DATABASE


class Team(Base):
    name = peewee.CharField(40, unique=True)
    captain = peewee.DeferredForeignKey("Player", null=True)


class Player(Base):
    name = peewee.TextField(default="x", constraints=[peewee.SQL("COLLATE NOCASE"), peewee.Check("name <> ''")])
    team = peewee.ForeignKeyField(Team, null=True, on_delete="SET NULL")
    mentor = peewee.ForeignKeyField("self", null=True)
    level = peewee.IntegerField(constraints=[peewee.SQL("DEFAULT 1")])

    class Meta:
        indexes = ((("name", "level"), True),)


class Tag(Base):
    players = peewee.ManyToManyField(Player)


class Seat(Base):
    row = peewee.IntegerField()
    number = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("row", "number")
        without_rowid = True
        strict_tables = True


class Log(Base):
    line = peewee.TextField()

    class Meta:
        primary_key = False
        table_name = 'the "log"'


class Counter(Base):
    id = AutoIncrementField()


Player.add_index(Player.level.desc(), where=(Player.level > 5), name="good_ones")
MODELS = (Team, Player, Tag, Tag.players.get_through_model(), Seat, Log, Counter)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package ``scratch_models``, forgotten afterwards."""
    folder = tmp_path / "scratch_models"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "scratch_models"]:
        del sys.modules[name]


def module_of(**names: Any) -> ModuleType:
    module = ModuleType("models")
    vars(module).update(names)
    return module


# -- what the models make


def without_late_keys(schema: Schema) -> Schema:
    """The schema without the foreign keys that create_tables leaves out."""
    return replace(
        schema,
        tables=tuple(
            replace(table, foreign_keys=tuple(key for key in table.foreign_keys if not isinstance(key.name, Late)))
            for table in schema.tables
        ),
    )


def created_for_real(models: tuple[type[peewee.Model], ...]) -> Schema:
    database = peewee.SqliteDatabase(":memory:")
    with database.bind_ctx(models, bind_refs=False, bind_backrefs=False):
        database.create_tables(models)
    return DIALECT.introspect(database)


@pytest.mark.parametrize("models", [*((model,) for model in MODELS), MODELS], ids=lambda models: models[-1].__name__)
def test_the_models_schema_is_what_create_tables_makes(models: tuple[type[peewee.Model], ...]) -> None:
    found, made = models_schema(models, DIALECT, NOWHERE), created_for_real(models)
    assert without_late_keys(found) == made
    assert len(found.tables) == len(models)
    assert diff(*compare(made, found)) == ()


def test_the_facts_that_models_can_state_are_seen() -> None:
    found = models_schema(MODELS, DIALECT, NOWHERE)
    player = found.table("player")
    assert player is not None
    facts = {column.name: (column.type, column.nullable, column.default, column.collation) for column in player.columns}
    assert facts == {
        "id": ("INTEGER", False, None, None),
        "name": ("TEXT", False, None, "NOCASE"),
        "team_id": ("INTEGER", True, None, None),
        "mentor_id": ("INTEGER", True, None, None),
        "level": ("INTEGER", False, "1", None),
    }
    assert [(key.columns, key.ref_table, key.on_delete) for key in player.foreign_keys] == [
        (("mentor_id",), "player", "NO ACTION"),
        (("team_id",), "team", "SET NULL"),
    ]
    assert [(index.name, index.unique, index.predicate is not None) for index in player.indexes] == [
        ("good_ones", False, True),
        ("player_mentor_id", False, False),
        ("player_name_level", True, False),
        ("player_team_id", False, False),
    ]
    assert [check.expression for check in player.checks] == ["name <> ''"]
    seat, log, counter = found.table("seat"), found.table('the "log"'), found.table("counter")
    assert seat and log and counter
    assert (seat.primary_key, seat.options) == (("row", "number"), ("STRICT", "WITHOUT ROWID"))
    assert (log.primary_key, counter.columns[0].autoincrement) == ((), True)


def test_the_users_binding_and_database_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "app.sqlite"
    database = peewee.SqliteDatabase(str(file))
    proxy = peewee.DatabaseProxy()
    proxy.initialize(database)

    class One(peewee.Model):
        class Meta:
            pass

    One._meta.set_database(proxy)
    before = [(model._meta.database, model._meta.schema) for model in (*MODELS, One)]
    models_schema((*MODELS, One), DIALECT, NOWHERE)
    assert [(model._meta.database, model._meta.schema) for model in (*MODELS, One)] == before
    assert One._meta.database is proxy
    assert database.is_closed() and not file.exists()


def test_a_model_without_database_is_seen() -> None:
    class Loose(peewee.Model):
        pass

    Loose._meta.database = None
    assert models_schema([Loose], DIALECT, NOWHERE).table_names == ("loose",)


def test_a_full_text_model_is_seen_without_its_shadows() -> None:
    class Note(FTS5Model):
        title = SearchField()
        body = SearchField(unindexed=True)

        class Meta:
            options = {"tokenize": "porter"}

    try:
        found = models_schema([Note, Counter], DIALECT, NOWHERE)
    except ProjectError as error:
        pytest.skip(f"this SQLite has no fts5: {error.why}")
    assert found.table_names == ("counter", "note")
    written = live("""CREATE VIRTUAL TABLE note USING FTS5(title, body  unindexed, tokenize="porter")""")
    assert diff(*compare(written, models_schema([Note], DIALECT, NOWHERE))) == ()


# -- what can't be made


def refused(*models: type[peewee.Model]) -> ProjectError:
    with pytest.raises(ProjectError) as raised:
        models_schema(models, DIALECT, NOWHERE)
    assert raised.value.why and raised.value.way_out
    return raised.value


def test_a_definition_that_sqlite_refuses_names_the_model() -> None:
    class Broken(Base):
        a = peewee.IntegerField(constraints=[peewee.SQL("CHEKC (")])

    assert "test_declared.Broken" in refused(Broken).what


def test_a_schema_that_is_not_there_names_the_model_and_the_schema() -> None:
    class Elsewhere(Base):
        class Meta:
            schema = "other"

    error = refused(Elsewhere)
    assert "test_declared.Elsewhere" in error.what and "schema='other'" in error.way_out


def test_a_deferred_foreign_key_to_nothing_names_the_field() -> None:
    class Waiting(Base):
        target = peewee.DeferredForeignKey("NobodyDefinesThis")

    try:
        error = refused(Waiting)
    finally:
        peewee.DeferredForeignKey._unresolved -= {
            field for field in peewee.DeferredForeignKey._unresolved if field.rel_model_name == "nobodydefinesthis"
        }
    assert "test_declared.Waiting.target" in error.what


def test_two_models_of_one_table_are_named_both() -> None:
    class One(Base):
        class Meta:
            table_name = "shared"

    class Two(Base):
        class Meta:
            table_name = "Shared"

    error = refused(One, Two)
    assert "One" in error.what and "Two" in error.what


# -- finding


def test_models_are_found_with_their_through_models_and_without_peewees_own() -> None:
    module = module_of(
        Model=peewee.Model, FTS5Model=FTS5Model, Base=Base, Player=Player, Team=Team, Tag=Tag, again=Player, number=1
    )
    found = find_models(module)
    assert set(found) == {Player, Team, Tag, Tag.players.get_through_model()}
    assert found.index(Team) < found.index(Player) < found.index(Tag.players.get_through_model())


class BaseStamped(Base):
    at = peewee.DateTimeField()


class Stamped(BaseStamped):
    pass


class Animal(Base):
    legs = peewee.IntegerField()


class Dog(Animal):
    barks = peewee.BooleanField()


class Named(Base):
    class Meta:
        table_name = "the_named"


class Specialised(Named):
    pass


class Referenced(Base):
    pass


class Child(Referenced):
    parent = peewee.ForeignKeyField(Referenced)


class BaseStation(Base):
    height = peewee.IntegerField()


class Radio(BaseStation):
    watts = peewee.IntegerField()


class AbstractThing(Base):
    created = peewee.DateTimeField()


class Thing(AbstractThing):
    pass


class Stamps(Base):
    at = peewee.DateTimeField()

    class Meta:
        abstract = True


class Letter(Stamps):
    pages = peewee.IntegerField()


class Parcel(Letter):
    pass


class Timed(Base):
    at = peewee.DateTimeField()

    class Meta:
        abstract = True


class BaseCamp(Base):
    height = peewee.IntegerField()

    class Meta:
        abstract = False


class Tent(BaseCamp):
    pass


BASES = [
    ((Base, Counter), (Counter,), "only Meta.database"),
    ((Base,), (), "a base whose models are gone"),
    ((Base, Timed, Counter), (Counter,), "no model inherits from it yet, and its Meta says that it has none"),
    ((BaseStation,), (BaseStation,), "nobody's base with columns is a model"),
    ((Stamps, Letter), (Letter,), "what its Meta says is what it has from another"),
    ((BaseStamped, Stamped), (Stamped,), "shared columns, and called a base"),
    ((Animal, Dog), (Animal, Dog), "a model that another one extends"),
    ((Named, Specialised), (Named, Specialised), "it names its table"),
    ((Referenced, Child), (Referenced, Child), "a foreign key points at it"),
    ((BaseStation, Radio), (Radio,), "called a base"),
    ((AbstractThing, Thing), (Thing,), "called abstract"),
    ((BaseCamp, Tent), (BaseCamp, Tent), "its Meta says that it has one"),
]


@pytest.mark.parametrize(("models", "found", "why"), BASES)
def test_bases_are_no_models(models: tuple[Any, ...], found: tuple[Any, ...], why: str) -> None:
    assert set(find_models(module_of(**{model.__name__: model for model in models}))) == set(found), why


GUESSES = [
    ((BaseStation, Radio), [("BaseStation", "basestation", ("Radio",), False)], "a guess by its name"),
    ((Animal, Dog), [("Animal", "animal", ("Dog",), True)], "a guess that it is a table"),
    ((Stamps, Letter, Parcel), [("Letter", "letter", ("Parcel",), False)], "an option that it may have inherited"),
    ((BaseCamp, Tent), [], "its Meta says it"),
    ((Base, Counter), [], "it has no fields to miss"),
    ((Referenced, Child), [], "a foreign key says it"),
]


@pytest.mark.parametrize(("models", "guesses", "why"), GUESSES)
def test_what_is_guessed_of_models_is_told(models: tuple[Any, ...], guesses: list[Any], why: str) -> None:
    module = module_of(**{model.__name__: model for model in models})
    found = find_models_and_guesses(module)[1]
    assert [(one.model, one.table, one.heirs, one.is_table) for one in found] == guesses, why
    assert all(model in str(one) for one in found for model in (one.model, *one.heirs))
    tables, told = find_models_and_guesses(module, lambda name: True)
    if guesses:
        assert not told and models[-2] in tables, "the table that is there says it"


def test_a_base_that_has_a_table_keeps_it() -> None:
    assert find_models(module_of(Base=Base), lambda name: name == "base") == (Base,)


SPEAKS = [
    ("migrator.add_column('basestation', 'x', f)", True),
    ('execute_sql("CREATE TABLE IF NOT EXISTS basestation (id int)")', True),
    ('execute_sql("alter table public.basestation add x int")', True),
    ('execute_sql("CREATE TABLE `basestation` (id int)")', True),
    ("class BaseStation(Model): pass", False),
    ("# the basestation of before", False),
    ("migrator.add_column('basestations', 'x', f)", False),
]


@pytest.mark.parametrize(("source", "found"), SPEAKS)
def test_a_migration_speaks_of_a_table(source: str, found: bool) -> None:
    assert is_named_in("basestation", ["", source]) == found


RADIO = """
from peewee import *
from db.migrations_config import database

class Base(Model):
    class Meta:
        database = database

class BaseStation(Base):
    height = IntegerField()

class Radio(BaseStation):
    watts = IntegerField()
"""
STATION = "CREATE TABLE basestation (id INTEGER NOT NULL PRIMARY KEY)"
RADIOS = "CREATE TABLE radio (id INTEGER NOT NULL PRIMARY KEY, height INTEGER NOT NULL, watts INTEGER NOT NULL)"


@pytest.mark.parametrize("applied", [True, False])
def test_a_model_called_a_base_is_compared_where_its_table_is_there_or_made_by_a_migration(
    tmp_path: Path, applied: bool
) -> None:
    migrations = {"stations": sql_migration(STATION), "radios": sql_migration(RADIOS)}
    project = open_project(tmp_path, migrations, models=RADIO)
    if applied:
        project.apply()
    found = project.difference("live" if applied else "radios", "models")
    assert [change.describe() for change in found.changes] == ["column basestation.height INTEGER not null"]
    assert found.notes == ()
    models = project.check().check("models")
    assert [change.describe() for change in models.findings[0].changes] == [
        "column basestation.height INTEGER not null"
    ]


def test_diff_and_check_say_what_they_took_for_a_base_class(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"radios": sql_migration(RADIOS)}, models=RADIO)
    project.apply()
    found = project.difference()
    assert not found and len(found.notes) == 1
    said = "BaseStation is taken for a base class of Radio"
    assert said in found.notes[0]
    assert (
        said in run_cli(tmp_path, "diff").stdout
        and said in json.loads(run_cli(tmp_path, "diff", "--json").stdout)["notes"][0]
    )
    assert said in display.text(found)
    (finding,) = project.check().check("models").findings
    assert finding.severity.value == "note" and said in finding.what and project.check().ok


def test_a_package_of_models_is_read_whole(package: Path) -> None:
    (package / "base.py").write_text("import peewee\nclass BaseModel(peewee.Model):\n    pass\n")
    (package / "people.py").write_text("from .base import BaseModel\nclass Person(BaseModel):\n    pass\n")
    (package / "deep").mkdir()
    (package / "deep" / "__init__.py").write_text("")
    (package / "deep" / "things.py").write_text("from ..people import BaseModel\nclass Thing(BaseModel):\n    pass\n")
    (package / "__main__.py").write_text("raise SystemExit('this is a script')\n")
    import scratch_models  # type: ignore[import-not-found]

    assert [model.__name__ for model in find_models(scratch_models)] == ["Person", "Thing"]


@pytest.mark.parametrize("deep", [False, True])
def test_a_module_that_does_not_import_is_named(package: Path, deep: bool) -> None:
    if deep:
        (package / "bad").mkdir()
        (package / "bad" / "__init__.py").write_text("import nothing_of_that_name\n")
    else:
        (package / "bad.py").write_text("import nothing_of_that_name\n")
    import scratch_models

    with pytest.raises(ProjectError, match=r"scratch_models\.bad") as raised:
        find_models(scratch_models)
    assert "nothing_of_that_name" in raised.value.why


# -- comparing


def live(*statements: str) -> Schema:
    database = peewee.SqliteDatabase(":memory:")
    for statement in statements:
        database.execute_sql(statement)
    return DIALECT.introspect(database)


COUNTER = "CREATE TABLE counter (id INTEGER PRIMARY KEY AUTOINCREMENT)"
COMPARED = [
    ((COUNTER,), (), "the same"),
    ((COUNTER, "CREATE TABLE other (a)"), (), "a table without a model is left alone"),
    ((COUNTER, "CREATE VIEW v AS SELECT 1 AS a"), (), "no model declares a view"),
    (
        (COUNTER, "CREATE TRIGGER t AFTER INSERT ON counter BEGIN SELECT 1; END"),
        (),
        "no model declares a trigger",
    ),
    (("CREATE VIEW Counter AS SELECT 1 AS id",), (), "a model that reads a view"),
    ((), ("+ table counter (id)",), "a model without a table"),
    (
        ("CREATE TABLE COUNTER (id INTEGER PRIMARY KEY AUTOINCREMENT, a)",),
        ("- column counter.a",),
        "a column that no field has",
    ),
]


@pytest.mark.parametrize(("statements", "said", "why"), COMPARED)
def test_what_the_models_say_of_the_live_schema(statements: tuple[str, ...], said: tuple[str, ...], why: str) -> None:
    before, after = compare(live(*statements), models_schema([Counter], DIALECT, NOWHERE))
    assert tuple(f"{change.sign} {change.describe()}" for change in diff(before, after)) == said, why


def test_a_constraint_without_a_name_in_the_model_may_have_one_in_the_database() -> None:
    class Country(peewee.Model):
        class Meta:
            table_name = "country"

    class Player(peewee.Model):
        country = peewee.ForeignKeyField(Country)
        rating = peewee.IntegerField(constraints=[peewee.Check("rating > 0")])

        class Meta:
            table_name = "player"
            legacy_table_names = False

    database = peewee.SqliteDatabase(":memory:")
    for sql in (
        "CREATE TABLE country (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, country_id INTEGER NOT NULL, rating INTEGER NOT NULL, "
        "CONSTRAINT fk_country FOREIGN KEY (country_id) REFERENCES country (id), "
        "CONSTRAINT rating_is_positive CHECK (rating > 0))",
        "CREATE INDEX player_country_id ON player (country_id)",
    ):
        database.execute_sql(sql)
    dialect = dialect_of(database)
    live = dialect.introspect(database)
    assert diff(*compare(live, models_schema([Country, Player], dialect, database))) == ()
    database.execute_sql("DROP TABLE player")
    assert [change.kind for change in diff(*compare(dialect.introspect(database), live))] == ["CreateTable"]
