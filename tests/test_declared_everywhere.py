"""The models' schema on each kind of database: made by ``create_tables``, a database never differs from its models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import peewee
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from model_strategies import model_sets
from playhouse import mysql_ext, postgres_ext
from requirements import require_extension

from pwmig.declared import compare, models_schema
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.errors import ProjectError
from pwmig.schema import Schema

Model = type[peewee.Model]


class Base(peewee.Model):
    pass


class Team(Base):
    name = peewee.CharField(40, unique=True)
    captain = peewee.DeferredForeignKey("Gamer", null=True)


class Gamer(Base):
    name = peewee.CharField(default="x", constraints=[peewee.SQL("DEFAULT 'it''s'"), peewee.Check("name <> ''")])
    team = peewee.ForeignKeyField(Team, null=True, on_delete="SET NULL", backref="players")
    mentor = peewee.ForeignKeyField("self", null=True, on_delete="CASCADE", on_update="CASCADE")
    rival = peewee.ForeignKeyField("self", null=True, on_delete="RESTRICT", index=False, constraint_name="its_rival")
    level = peewee.IntegerField(constraints=[peewee.SQL("DEFAULT 1")])
    ratio = peewee.DecimalField(10, 3, null=True)
    seen = peewee.DateTimeField(null=True, index=True)
    fine = peewee.BooleanField(default=True)
    token = peewee.UUIDField(null=True)
    blob = peewee.BlobField(null=True)
    big = peewee.BigIntegerField(null=True)

    class Meta:
        indexes = ((("name", "level"), True), (("ratio",), False))
        constraints = (peewee.SQL("CONSTRAINT sane CHECK (level < 99)"), peewee.SQL("UNIQUE (name, big)"))


Gamer.add_index(Gamer.level.desc(), name="good_ones")


class Tag(Base):
    players = peewee.ManyToManyField(Gamer)


class Seat(Base):
    row = peewee.IntegerField()
    number = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("row", "number")
        table_name = 'the "Seat" `of` all'


class Log(Base):
    line = peewee.TextField()

    class Meta:
        primary_key = False
        table_name = "select"


class Word(Base):
    word = peewee.CharField(20, primary_key=True, collation=None)


MODELS: tuple[Model, ...] = (Team, Gamer, Tag, Tag.players.get_through_model(), Seat, Log, Word)


def create(database: Any, models: Sequence[Model]) -> None:
    with database.bind_ctx(models, bind_refs=False, bind_backrefs=False):
        database.create_tables(models)


def seen(database: Any) -> Schema:
    return dialect_of(database).introspect(database)


def said(database: Any, models: Sequence[Model]) -> list[str]:
    """What would change in the database to make it what the models say."""
    declared = models_schema(models, dialect_of(database), database)
    return [f"{change.sign} {change.describe()}" for change in diff(*compare(seen(database), declared))]


@pytest.mark.parametrize("models", [(Word,), (Seat,), (Log,), MODELS], ids=lambda models: models[-1].__name__)
def test_what_create_tables_makes_does_not_differ_from_the_models(any_database: Any, models: Sequence[Model]) -> None:
    create(any_database, models)
    assert said(any_database, models) == []


def test_the_models_tables_are_made_nowhere_but_in_a_scratch_database(any_database: Any) -> None:
    assert models_schema(MODELS, dialect_of(any_database), any_database).tables
    assert seen(any_database).tables == ()


def test_a_deferred_foreign_key_may_be_there_or_not(server_database: Any) -> None:
    create(server_database, [Team, Gamer])
    with server_database.bind_ctx([Team, Gamer]):
        Team._schema.create_foreign_key(Team.captain)
    assert said(server_database, [Team, Gamer]) == []


# -- what a model may be bound to


def test_models_bound_to_anything_are_seen(any_database: Any) -> None:
    proxy, elsewhere = peewee.DatabaseProxy(), peewee.SqliteDatabase("/nowhere/at/all.db")
    proxy.initialize(elsewhere)
    for place in (None, proxy, elsewhere, peewee.DatabaseProxy(), any_database):

        class Loose(peewee.Model):
            word = peewee.CharField(index=True)

        Loose._meta.set_database(place)
        assert [table.name for table in models_schema([Loose], dialect_of(any_database), any_database).tables] == [
            "loose"
        ]
        assert Loose._meta.database is place


def test_the_target_of_a_foreign_key_that_is_no_model_of_ours_is_not_compared(any_database: Any) -> None:
    class Theirs(peewee.Model):
        pass

    class Ours(peewee.Model):
        theirs = peewee.ForeignKeyField(Theirs)

    create(any_database, [Theirs, Ours])
    assert models_schema([Ours], dialect_of(any_database), any_database).table_names == ("ours",)
    assert said(any_database, [Ours]) == []


def circle() -> tuple[Model, Model]:
    """Two models that refer to each other, none of them by a deferred key."""

    class Chicken(peewee.Model):
        pass

    class Egg(peewee.Model):
        layer = peewee.ForeignKeyField(Chicken)

    Chicken._meta.add_field("shell", peewee.ForeignKeyField(Egg, null=True))
    return Chicken, Egg


def test_models_in_a_circle_are_made(any_database: Any) -> None:
    declared = models_schema(circle(), dialect_of(any_database), any_database)
    targets = {table.name: [key.ref_table for key in table.foreign_keys] for table in declared.tables}
    assert targets == {"chicken": ["egg"], "egg": ["chicken"]}
    assert not any(field.deferred for model in circle() for field in model._meta.refs)


# -- fields of playhouse


def test_fields_of_postgresql(postgres: Any) -> None:
    class Thing(peewee.Model):
        id = postgres_ext.IdentityField(generate_always=True)
        tags = postgres_ext.ArrayField(peewee.CharField, {"max_length": 10})
        grid = postgres_ext.ArrayField(peewee.IntegerField, dimensions=2, index=False)
        data = postgres_ext.BinaryJSONField(null=True)
        plain = postgres_ext.JSONField(null=True)
        words = postgres_ext.TSVectorField()
        at = postgres_ext.DateTimeTZField(null=True)
        span = postgres_ext.IntervalField(null=True)

    create(postgres, [Thing])
    assert said(postgres, [Thing]) == []


def test_a_field_of_an_extension_is_made_where_the_database_has_it(postgres: Any) -> None:
    class Attributes(peewee.Model):
        pairs = postgres_ext.HStoreField()

    with pytest.raises(ProjectError, match="Attributes") as raised:
        models_schema([Attributes], dialect_of(postgres), postgres)
    assert "hstore" in raised.value.why
    require_extension(postgres, "hstore")
    postgres.execute_sql("CREATE EXTENSION hstore")
    create(postgres, [Attributes])
    assert said(postgres, [Attributes]) == []


def test_fields_of_mariadb(mariadb: Any) -> None:
    class Thing(peewee.Model):
        data = mysql_ext.JSONField(null=True)
        number = peewee.BigAutoField()
        at = peewee.TimestampField()
        small = peewee.SmallIntegerField()
        bits = peewee.BitField()
        when = peewee.TimeField(null=True)

    create(mariadb, [Thing])
    assert said(mariadb, [Thing]) == []


class Mood(peewee.Field):
    field_type = "mood"


def test_a_type_of_the_live_database_is_known_where_a_field_needs_it(postgres: Any) -> None:
    class Person(peewee.Model):
        mood = Mood(constraints=[peewee.SQL("DEFAULT calm()")])

    postgres.execute_sql("CREATE TYPE mood AS ENUM ('sad', 'it''s ok')")
    postgres.execute_sql("CREATE FUNCTION calm() RETURNS mood LANGUAGE sql AS $$ SELECT 'sad'::mood $$")
    create(postgres, [Person])
    assert said(postgres, [Person]) == []


def test_a_type_that_is_nowhere_names_the_model(server_database: Any) -> None:
    class Person(peewee.Model):
        mood = Mood()

    with pytest.raises(ProjectError, match=r"test_declared_everywhere\.Person") as raised:
        models_schema([Person], dialect_of(server_database), server_database)
    assert "mood" in raised.value.why


# -- sequences, schemas


def test_a_sequence_that_a_model_names_belongs_to_it(postgres: Any) -> None:
    class Ticket(peewee.Model):
        id = peewee.IntegerField(primary_key=True, sequence="ticket_no")

    declared = models_schema([Ticket], dialect_of(postgres), postgres)
    assert said(postgres, [Ticket])[0] == "+ sequence ticket_no"
    assert [sequence.name for sequence in declared.sequences] == ["ticket_no"]
    create(postgres, [Ticket])
    assert said(postgres, [Ticket]) == []


def test_a_serial_column_counts_by_a_sequence_of_any_name(postgres: Any) -> None:
    class Old(peewee.Model):
        pass

    class New(peewee.Model):
        class Meta:
            table_name = "new"

    create(postgres, [Old])
    postgres.execute_sql("ALTER TABLE old RENAME TO new")
    postgres.execute_sql("ALTER SEQUENCE old_id_seq INCREMENT 2")
    assert said(postgres, [New]) == []


class Elsewhere(peewee.Model):
    class Meta:
        schema = "audit"
        table_name = "entry"


class Reader(peewee.Model):
    entry = peewee.ForeignKeyField(Elsewhere, null=True)

    class Meta:
        schema = "audit"


def test_a_schema_of_postgresql_is_made_first(postgres: Any) -> None:
    assert said(postgres, [Elsewhere]) == ["+ schema audit", "+ table audit.entry (id)"]
    postgres.execute_sql("CREATE SCHEMA audit")
    create(postgres, [Elsewhere, Reader])
    assert said(postgres, [Elsewhere, Reader]) == []
    postgres.execute_sql("ALTER TABLE audit.entry ADD COLUMN extra int")
    assert said(postgres, [Elsewhere]) == ["- column audit.entry.extra integer"]


def test_the_default_schema_may_be_named(any_database: Any) -> None:
    default = {"postgresql": "public", "mysql": any_database.database, "sqlite": "main"}

    class Here(peewee.Model):
        class Meta:
            schema = default[dialect_of(any_database).name]

    create(any_database, [Here])
    assert said(any_database, [Here]) == []


def test_a_schema_of_mariadb_is_another_database_which_is_left_alone(
    mariadb: Any, mariadb_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mariadb_server.fresh() as other:
        monkeypatch.setattr(Elsewhere._meta, "schema", other.database)
        monkeypatch.setattr(Reader._meta, "schema", None)
        declared = models_schema([Elsewhere, Reader], dialect_of(mariadb), mariadb)
        name = f"{other.database}.entry"
        assert (declared.table_names, seen(other).tables, seen(mariadb).tables) == (("reader", name), (), ())
        reader = declared.table("reader")
        assert reader is not None and reader.foreign_keys[0].ref_table == name
        create(mariadb, [Elsewhere, Reader])
        live = dialect_of(mariadb).introspect(mariadb, declared.table_names)
        mariadb.execute_sql("DROP TABLE reader")
        assert diff(*compare(live, declared)) == ()


# -- names


def of_table(name: str, in_schema: str | None = None) -> Model:
    class Long(peewee.Model):
        class Meta:
            table_name = name
            schema = in_schema

    return Long


@pytest.mark.parametrize(("table", "schema"), [("t" * 64, None), ("é" * 32, None), ("t", "s" * 64)])
def test_a_name_that_postgresql_cuts_off_is_refused(postgres: Any, table: str, schema: str | None) -> None:
    with pytest.raises(ProjectError) as raised:
        said(postgres, [of_table("t"), of_table(table, schema)])
    error = raised.value
    assert "Long" in error.what and table in error.what and (schema or "") in error.what
    assert "63 bytes" in error.why and "Meta.table_name" in error.way_out


def test_a_name_that_mariadb_does_not_take_is_refused(mariadb: Any) -> None:
    with pytest.raises(ProjectError, match="Long") as raised:
        said(mariadb, [of_table("t" * 65)])
    assert "at most 64 letters" in raised.value.way_out


def test_a_name_as_long_as_the_database_keeps_is_seen(any_database: Any) -> None:
    longest = of_table("t" * 63)
    assert said(any_database, [longest]) == [f"+ table {'t' * 63} (id)"]


def test_a_table_with_a_percent_sign_is_seen(server_database: Any) -> None:
    assert said(server_database, [of_table("100%%")]) == ['+ table "100%" (id)']  # So Peewee has to be given it.


def test_a_model_of_the_history_is_no_difference(any_database: Any) -> None:
    assert said(any_database, [of_table("pwmig_history")]) == []


def test_models_whose_tables_letter_case_tells_apart(any_database: Any) -> None:
    models = [of_table("Aa"), of_table("aa")]
    if not seen(any_database).exact_tables:
        with pytest.raises(ProjectError, match="both have the table 'aa'"):
            said(any_database, models)
        return
    assert said(any_database, models) == ["+ table Aa (id)", "+ table aa (id)"]
    create(any_database, models)
    assert said(any_database, models) == []


# -- what no model can say


UNSAID = {
    "postgres": (
        "COMMENT ON TABLE word IS 'all'; COMMENT ON COLUMN word.word IS 'one'; COMMENT ON INDEX word_pkey IS 'key'",
        "GRANT SELECT ON word TO PUBLIC; GRANT UPDATE (word) ON word TO PUBLIC",
        "ALTER TABLE word ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON word USING (word <> '')",
        "ALTER TABLE word SET (fillfactor = 70); ALTER TABLE word ALTER word SET STORAGE EXTERNAL",
        "ALTER TABLE word ALTER word SET STATISTICS 7; ALTER TABLE word RENAME CONSTRAINT word_pkey TO its_key",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; "
        "CREATE TRIGGER t BEFORE INSERT ON word FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE RULE r AS ON DELETE TO word DO ALSO NOTHING",
        "CREATE VIEW v AS SELECT * FROM word; CREATE MATERIALIZED VIEW m AS SELECT * FROM word",
        "CREATE TYPE t AS ENUM ('a'); CREATE SEQUENCE s; CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t (a int)",
        "CREATE EXTENSION btree_gist; ALTER TABLE word ADD EXCLUDE USING gist (word WITH =)",
    ),
    "mariadb": (
        "ALTER TABLE word COMMENT 'all'", "ALTER TABLE word MODIFY word VARCHAR(20) NOT NULL COMMENT 'one'",
        "ALTER TABLE word ENGINE=Aria", "ALTER TABLE word CHARACTER SET latin1",
        "ALTER TABLE word CONVERT TO CHARACTER SET latin1", "ALTER TABLE word ROW_FORMAT=COMPRESSED",
        "CREATE TRIGGER t BEFORE INSERT ON word FOR EACH ROW SET NEW.word = 'a'",
        "CREATE VIEW v AS SELECT * FROM word", "CREATE SEQUENCE s", "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1", "ALTER TABLE word PARTITION BY KEY (word)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "statements"),
    [
        pytest.param(kind, statements, marks=getattr(pytest.mark, kind))
        for kind, cases in UNSAID.items()
        for statements in cases
    ],
)
def test_what_no_model_can_say_is_no_difference(kind: str, statements: str, request: pytest.FixtureRequest) -> None:
    database = request.getfixturevalue(kind)
    create(database, [Word])
    if extension := re.match(r"CREATE EXTENSION (\w+)", statements):
        require_extension(database, extension[1])
    for statement in statements.split("; ") if "$$" not in statements else [statements]:
        database.execute_sql(statement)
    assert said(database, [Word]) == []


def test_what_only_python_knows_is_no_difference(any_database: Any) -> None:
    create(any_database, [Gamer, Team])

    class GamerToo(peewee.Model):
        name = peewee.CharField(
            default="other", choices=[("a", "b")], help_text="x", verbose_name="y",
            constraints=[peewee.SQL("DEFAULT 'it''s'"), peewee.Check("name <> ''")],
        )  # fmt: skip

        class Meta:
            table_name = "gamer"

    changed = [line for line in said(any_database, [GamerToo]) if "gamer.name" in line]
    assert changed == []


# -- any models


@settings(max_examples=min(settings().max_examples, 40), suppress_health_check=[*HealthCheck], phases=[Phase.generate])
@given(models=model_sets())
def test_whatever_models_there_are_create_tables_makes_what_they_say(any_database: Any, models: list[Model]) -> None:
    create(any_database, models)
    try:
        assert said(any_database, models) == []
        declared = models_schema(models, dialect_of(any_database), any_database)
        assert diff(declared, models_schema(models, dialect_of(any_database), any_database)) == ()
    finally:
        with any_database.bind_ctx(models, bind_refs=False, bind_backrefs=False):
            any_database.drop_tables(models)
