"""What introspection sees of PostgreSQL: everything, the same whatever the connection, at five queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import peewee
import pytest
import servers
from postgres_everything import asked, everything, make_roles, rolled_back, run, see

from pwmig.dialects.postgresql.quoting import literal, quote
from pwmig.dialects.postgresql.seeing.introspect import introspect
from pwmig.dialects.postgresql.seeing.unseen import UNSEEN
from pwmig.dialects.server.asking import on
from pwmig.errors import DatabaseUnsupported
from pwmig.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexPart,
    Policy,
    Rule,
    Schema,
    Sequence,
    Table,
    Trigger,
    Unique,
)


@pytest.fixture(scope="module")
def database(postgres_server: servers.Server) -> Iterator[peewee.Database]:
    """One of everything, looked at and left as it is."""
    with postgres_server.fresh() as made:
        make_roles(made)
        run(made, everything(postgres_server.version))
        yield made


@pytest.fixture(scope="module")
def schema(database: peewee.Database) -> Schema:
    return see(database)


def named(things: tuple[Any, ...], name: str) -> Any:
    return next(thing for thing in things if thing.name == name)


def table(schema: Schema, name: str) -> Table:
    found: Table = named(schema.tables, name)
    return found


def column(schema: Schema, name: str, of: str = "authors") -> Column:
    found: Column = named(table(schema, of).columns, name)
    return found


# Every fact


COLUMNS = (
    Column("id", "integer", False, identity="ALWAYS",
           sequence=Sequence("authors_id_seq", "integer", 10, 5, 1, 2147483647, 3),
           grants=("REFERENCES TO pwmig_reader",)),
    Column("old_id", "integer", False, "nextval('authors_old_id_seq'::regclass)",
           sequence=Sequence("authors_old_id_seq", "integer", maximum=2147483647, comment="of old",
                             grants=("USAGE TO pwmig_reader",))),
    Column("big_id", "bigint", False, "nextval('authors_big_id_seq'::regclass)",
           sequence=Sequence("authors_big_id_seq")),
    Column("name", "short", False, grants=("UPDATE TO pwmig_reader",)),
    Column("nick", "text", True, "'it''s 100% \\ ok'::text", "nocase", options=("n_distinct=-0.5",),
           grants=("UPDATE TO pwmig_reader",)),
    Column("feeling", "mood", True, "'so so'::mood"),
    Column("feelings", "mood[]", True, "ARRAY['sad'::mood]"),
    Column("place", "point3"),
    Column("born", "date", True, "'2000-01-01'::date"),
    Column("seen", "timestamp(3) with time zone", False, "'2020-06-01 10:00:00+00'::timestamp with time zone"),
    Column("wait", "interval", True, "'1 day 02:00:00'::interval"),
    Column("net", "numeric(12,2)", comment="without tax, 100%"),
    Column("gross", "numeric(12,2)", generated="net * 1.19", generated_kind="stored"),
    Column("flags", "bit varying(5)", True, "'101'::\"bit\""),
    Column("raw", "bytea", True, "'\\x00ff'::bytea"),
    Column("doc", "jsonb", True, """'{"a": [1, "%s"]}'::jsonb"""),
    Column("span", "spans"),
    Column("Mixed Case", "text", comment="odd"),
    Column("tsv", "tsvector"),
    Column("big", "text", options=("STORAGE EXTERNAL", "COMPRESSION pglz", "STATISTICS 500")),
    Column("ranked", "integer", True, "nextval('counter'::regclass)"),
    Column("is_ok", "boolean", True, "is_short(5)"),
    Column("last_log", "integer"),
)  # fmt: skip


@pytest.mark.parametrize("expected", COLUMNS, ids=[column.name for column in COLUMNS])
def test_a_column_is_seen_whole(schema: Schema, expected: Column) -> None:
    assert column(schema, expected.name) == expected


def test_columns_come_in_the_order_of_the_table(schema: Schema) -> None:
    assert table(schema, "authors").column_names == tuple(column.name for column in COLUMNS)


INDEXES = (
    Index("authors_lower_born_name_net_idx",
          (IndexPart(None, "lower(nick)", descending=True, collation="nocase"), IndexPart("born", nulls_first=True),
           IndexPart("name", collation='"POSIX"', operator_class="text_pattern_ops")),
          predicate="(net > (5)::numeric) AND (nick <> ')'::text)", include=("net",), comment="to find them"),
    Index("by % tsv", (IndexPart("tsv"),), method="gin", options=("fastupdate=off",)),
    Index("by_doc", (IndexPart("doc", operator_class="jsonb_path_ops"),), method="gin"),
    Index("by_brin", (IndexPart("seen", operator_class="timestamptz_minmax_multi_ops(values_per_range='16')"),),
          method="brin"),
    Index("by_hash", (IndexPart("born"),), method="hash"),
    Index("by_sum", (IndexPart(None, "net + gross"), IndexPart("big_id", descending=True, nulls_first=False)),
          unique=True, options=("ALTER COLUMN 1 SET STATISTICS 77",)),
    Index("by_alike", (IndexPart("born"),), unique=True, nulls_distinct=False),
    Index("by_identity", (IndexPart("id"), IndexPart("seen")), unique=True),
)  # fmt: skip


@pytest.mark.parametrize("expected", INDEXES, ids=[index.name for index in INDEXES])
def test_an_index_is_seen_whole(schema: Schema, expected: Index) -> None:
    assert named(table(schema, "authors").indexes, expected.name) == expected


def test_what_backs_a_constraint_is_no_index_besides(schema: Schema) -> None:
    found = table(schema, "authors")
    assert {index.name for index in found.indexes} == {index.name for index in INDEXES}
    assert found.uniques == (
        Unique(("big_id",), "authors_big_id_key"),
        Unique(("name", "nick"), "unique_name", include=("born", "big"), deferrable="DEFERRABLE INITIALLY DEFERRED",
               options=("fillfactor=80",), comment="together"),
    )  # fmt: skip


def test_a_table_is_seen_whole(schema: Schema) -> None:
    found = table(schema, "authors")
    assert (found.primary_key, found.primary_key_name, found.primary_key_comment) == (("id",), "authors_key", "the key")
    assert [(check.name, check.expression, check.validated, check.inherited) for check in found.checks] == [
        ("authors_net_check", "net > (0)::numeric", True, True),
        ("calls", "is_short(nick)", True, True),
        ("later", "net < (1000000)::numeric", False, True),
        ("net and gross", "((net < (100)::numeric) AND (gross < (200)::numeric)) OR ((name)::text <> ')('::text)", True,
         True),
        ("only_here", "big_id > 0", True, False),
    ]  # fmt: skip
    assert named(found.checks, "net and gross").comment == "money"
    assert [(one.definition, one.comment) for one in found.exclusions] == [
        ("EXCLUDE USING gist (span WITH &&) WHERE ((big_id > 3))", "apart")
    ]
    assert found.options == (
        "CLUSTER ON by_sum",
        "CREATE STATISTICS audit.together (ndistinct, dependencies) ON born, net FROM authors",
        "FORCE ROW LEVEL SECURITY",
        "ROW LEVEL SECURITY",
        "autovacuum_enabled=false",
        "fillfactor=70",
        "toast.autovacuum_enabled=false",
    )
    assert found.comment == 'who writes; it\'s "quoted"\non two lines'
    assert found.grants == (
        "INSERT, SELECT TO pwmig_reader",
        "REVOKE TRUNCATE FROM CURRENT_USER",
        'UPDATE TO "pwmig ""Writer""" WITH GRANT OPTION',
    )


def test_triggers_rules_and_policies_are_seen_whole(schema: Schema) -> None:
    authors, books = table(schema, "authors"), table(schema, "books")
    assert [(one.name, one.enabled, one.comment) for one in authors.triggers] == [
        ("checked", "REPLICA", None), ("statement", "DISABLED", None), ("touched", "", "touches"),
    ]  # fmt: skip
    assert named(authors.triggers, "touched") == Trigger(
        "touched",
        'CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF nick, "Mixed Case" ON authors FOR EACH ROW '
        "WHEN (new.nick IS DISTINCT FROM 'x'::text) EXECUTE FUNCTION touch('an argument', '100%')",
        comment="touches",
    )
    assert books.rules[1] == Rule(
        "no_delete",
        "CREATE RULE no_delete AS\n    ON DELETE TO books\n   WHERE old.id = 1 DO INSTEAD NOTHING",
        comment="it stays",
    )
    assert (books.rules[0].name, books.rules[0].enabled) == ("also", "DISABLED")
    assert authors.policies[0] == Policy("all")
    own = authors.policies[1]
    assert (own.command, own.permissive, own.using, own.comment) == (
        "UPDATE", False, "(name)::text = CURRENT_USER", "only mine",
    )  # fmt: skip
    assert own.roles == ('"pwmig ""Writer"""', "pwmig_reader") and own.check is not None and "audit.log l" in own.check


def test_foreign_keys_are_kept_together_and_those_of_one_name_apart(schema: Schema) -> None:
    assert table(schema, "books").foreign_keys == (
        ForeignKey(("author",), "authors", ("id",), "CASCADE", "SET NULL", "DEFERRABLE INITIALLY IMMEDIATE",
                   "books_author_fkey"),
        ForeignKey(("author", "part"), "books", ("author", "part"), 'SET NULL ("part")', match="FULL",
                   name="books_author_part_fkey"),
        ForeignKey(("second_author",), "authors", ("id",), "RESTRICT", name="same_name", comment="another one"),
        ForeignKey(("second_author",), "authors", ("id",), name="unchecked", validated=False),
    )  # fmt: skip
    assert table(schema, "audit.log").foreign_keys == (
        ForeignKey(("author",), "authors", ("id",), name="log_author_fkey"),
        ForeignKey(("book",), "audit.log", ("id",), "SET DEFAULT", name="same_name", ref_schema="audit"),
    )


def test_names_outside_the_default_schema_begin_with_theirs(schema: Schema) -> None:
    log = table(schema, "audit.log")
    assert (log.schema, log.plain_name) == ("audit", "log")
    assert column(schema, "level", "audit.log") == Column("level", "audit.level", True, "'low'::audit.level")
    cache = table(schema, 'Odd "place".cache')
    assert (cache.schema, cache.plain_name, cache.options) == ('Odd "place"', "cache", ("UNLOGGED",))
    assert [one.name for one in schema.namespaces] == ['Odd "place"', "audit"]
    assert named(schema.namespaces, "audit").grants == ("USAGE TO pwmig_reader WITH GRANT OPTION",)


def test_partitions_and_children_tell_what_is_theirs(schema: Schema) -> None:
    measures, other = table(schema, "measures"), table(schema, "audit.measures_other")
    assert (measures.partitioning, measures.partition_of) == ("RANGE (day)", None)
    assert (other.partition_of, other.partition_bound) == ("measures_new", "DEFAULT")
    assert other.column_names == ("value", "city", "day", "id")
    assert other.checks == (Check("value > (0)::numeric", "its_own"),)
    assert [index.options for index in other.indexes] == [("ATTACHED TO measures_new_value_idx",)]
    assert [index.valid for index in measures.indexes] == [True, False]
    assert not any(one.triggers or one.foreign_keys for one in (other, table(schema, "measures_rome")))
    trees = table(schema, "trees")
    assert trees.inherits == ("plants", "audit.log", "watered")
    assert column(schema, "name", "trees").options == ("STORAGE MAIN", "LOCAL")
    assert [check.name for check in trees.checks] == ["trees_height_check"]
    assert table(schema, "cats").inherits == ("pets",)


def test_views_are_seen_whole(schema: Schema) -> None:
    first, kept = named(schema.views, "a_first"), named(schema.views, "m_rows")
    assert first.sql.startswith('CREATE VIEW "a_first" AS\nSELECT ') and first.grants == ("SELECT TO PUBLIC",)
    assert first.options == (
        "ALTER COLUMN \"a_second\" SET DEFAULT 'nobody'::character varying",
        "COMMENT ON COLUMN \"a_second\" IS 'a name'",
        "check_option=cascaded",
        "security_barrier=true",
    )
    assert kept.materialized and kept.comment == "kept"
    assert kept.options == ('ALTER COLUMN "n" SET STATISTICS 5', "CLUSTER ON m_rows_id", "fillfactor=60")
    assert kept.indexes == (
        Index("m_rows_id", (IndexPart("id"),), unique=True, include=("n",), comment="by id"),
        Index("m_rows_sum", (IndexPart(None, "id + n"),)),
    )
    assert named(schema.views, "audit.m_empty").options == ("WITH NO DATA",)
    assert [one.name for one in named(schema.views, "grouped").triggers] == ["instead"]
    assert named(schema.views, "z_last").options == ('COLUMN "id": SELECT, UPDATE TO pwmig_reader',)


def test_types_are_seen_whole(schema: Schema) -> None:
    mood, short = named(schema.types, "mood"), named(schema.types, "short")
    assert (mood.kind, mood.values) == ("enum", ("sad", "it's ok", "so so", "happy"))
    assert mood.grants == ("REVOKE USAGE FROM PUBLIC", "USAGE TO pwmig_reader")
    assert (short.base, short.collation, short.nullable) == ("character varying(60)", '"C"', False)
    assert [(check.name, check.validated, check.comment) for check in short.checks] == [
        ("is short", True, None), ("new_ones", False, None), ("not_empty", True, "or else"),
    ]  # fmt: skip
    assert named(schema.types, "point3").attributes == (
        Column("x", "double precision"), Column("y", "audit.posint", comment="up"),
        Column("Name", "text", collation='"C"'),
    )  # fmt: skip
    assert named(schema.types, "spans").definition == (
        "(subtype = double precision, subtype_diff = moods_apart, multirange_type_name = many_spans)"
    )
    assert named(schema.types, "nocase").definition == "(provider = libc, lc_collate = 'C', lc_ctype = 'C')"


def test_routines_and_sequences_are_seen_whole(schema: Schema) -> None:
    short = [one for one in schema.routines if one.name == "is_short"]
    assert [one.arguments for one in short] == ["integer, integer", "text"]
    assert short[1].grants == ('EXECUTE TO "pwmig ""Writer"""', "REVOKE EXECUTE FROM PUBLIC")
    assert short[0].sql.startswith("CREATE OR REPLACE FUNCTION is_short(integer, upto integer DEFAULT 100)")
    assert named(schema.routines, "audit.tidy").kind == "procedure"
    assert named(schema.routines, "added").sql == (
        "CREATE AGGREGATE added(integer) (SFUNC = add_up, STYPE = numeric, FINALFUNC = a_result, INITCOND = '0', "
        "PARALLEL = SAFE)"
    )
    owned = Column("id", "integer", False, sequence=Sequence("audit.second_of_log", schema="audit"))
    assert column(schema, "id", "audit.log") == owned
    assert schema.sequences == (
        Sequence("audit.plain", schema="audit"),
        Sequence("counter", "integer", 40, -2, -100, 50, 5, True, comment="down", grants=("USAGE TO pwmig_reader",)),
    )


def test_every_field_that_postgresql_has_is_told_somewhere(postgres_server: servers.Server, schema: Schema) -> None:
    """That no fact of the records is left out of the expectations above by the fixture's lack of it."""
    newer = set() if postgres_server.version >= (18,) else {"enforced"}
    others: dict[type, set[str]] = {
        Table: {"primary_key_conflict", "primary_key_parts"},
        Column: {"autoincrement", "on_conflict", "charset", "on_update", "invisible"},
        Index: {"invisible"},
        IndexPart: {"length"},
        Unique: {"on_conflict", "parts"},
        Check: {"column", *newer},
        ForeignKey: newer,
        Sequence: set(),
        Policy: set(),
    }
    columns = [one for made in schema.tables for one in made.columns]
    indexes = [one for made in schema.tables for one in made.indexes]
    found: dict[type, list[Any]] = {
        Table: list(schema.tables),
        Column: columns,
        Index: indexes,
        IndexPart: [part for index in indexes for part in index.parts],
        Unique: [one for made in schema.tables for one in made.uniques],
        Check: [one for made in schema.tables for one in made.checks],
        ForeignKey: [one for made in schema.tables for one in made.foreign_keys],
        Sequence: [one.sequence for one in columns if one.sequence] + list(schema.sequences),
        Policy: [one for made in schema.tables for one in made.policies],
    }
    for kind, things in found.items():
        for field in fields(kind):
            values = {getattr(thing, field.name) for thing in things}
            assert (len(values) > 1) != (field.name in others[kind]), f"{kind.__name__}.{field.name}: {values}"


def test_what_is_not_looked_at_is_listed_with_the_reason() -> None:
    assert UNSEEN and all(reason.strip() and "\n" not in reason for reason in UNSEEN.values())


# The same, whoever looks


def test_the_second_look_equals_the_first(database: peewee.Database, schema: Schema) -> None:
    assert see(database) == schema


def other_drivers() -> list[str]:
    import importlib.util

    return [name for name in ("psycopg", "psycopg2") if importlib.util.find_spec(name)]


@pytest.mark.parametrize("driver", other_drivers())
def test_either_driver_sees_the_same(
    postgres_server: servers.Server, database: peewee.Database, schema: Schema, driver: str
) -> None:
    other = postgres_server.database(database.database, prefer_psycopg3=driver == "psycopg")
    with other.connection_context():
        assert any(kind.__module__.startswith(driver) for kind in type(other.connection()).__mro__)
        assert see(other) == schema
        assert see(other, ["books", "audit.log"]).tables == tuple(
            one for one in schema.tables if one.name in ("books", "audit.log")
        )


SETTINGS = (
    "SET search_path = public, audit",
    'SET search_path = "$user", public, pg_catalog, "Odd ""place"""',
    "SET quote_all_identifiers = on",
    "SET timezone = 'Asia/Kathmandu'",
    "SET datestyle = 'German'",
    "SET intervalstyle = 'iso_8601'",
    "SET extra_float_digits = -5",
    "SET bytea_output = 'escape'",
)


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_a_connection_has_set_makes_no_difference(
    postgres_server: servers.Server, database: peewee.Database, schema: Schema, setting: str
) -> None:
    other = postgres_server.database(database.database)
    with other.connection_context():
        run(other, [setting])
        before = on(other)("SELECT name, setting FROM pg_settings ORDER BY name")
        assert see(other) == schema
        assert on(other)("SELECT name, setting FROM pg_settings ORDER BY name") == before


def test_an_open_transaction_keeps_its_own_settings(database: peewee.Database, schema: Schema) -> None:
    with rolled_back(database):
        run(database, ["SET LOCAL search_path = public, audit", "SET LOCAL timezone = 'Asia/Kathmandu'"])
        assert see(database) == schema
        assert see(database, ["books"]).tables == (table(schema, "books"),)
        assert on(database)("SHOW search_path") == [("public, audit",)]
        assert on(database)("SHOW timezone") == [("Asia/Kathmandu",)]
    assert on(database)("SHOW search_path") == [('"$user", public',)]


def test_a_temporary_table_hides_nothing(database: peewee.Database, schema: Schema) -> None:
    with rolled_back(database):
        run(database, ["CREATE TEMPORARY TABLE authors (id int)", "CREATE TEMPORARY TABLE passing (id int)"])
        assert see(database) == schema


def test_who_may_only_read_sees_the_same(database: peewee.Database, schema: Schema) -> None:
    with rolled_back(database):
        run(database, ["SET TRANSACTION READ ONLY"])
        assert see(database) == schema


def test_another_default_schema_has_short_names(postgres: peewee.Database) -> None:
    run(postgres, [
        "CREATE SCHEMA app", "CREATE TYPE app.e AS ENUM ('a')", "CREATE TABLE public.t (id int PRIMARY KEY)",
        "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE app.t (id int REFERENCES public.t, e app.e)", "SET search_path = app",
    ])  # fmt: skip
    found = see(postgres)
    assert found.table_names == ("public.t", "t") and found.namespaces == ()
    assert table(found, "t").foreign_keys[0].ref_schema == "public"
    assert column(found, "e", "t").type == "e" and "FUNCTION f()" in found.routines[0].sql
    run(postgres, ["SET search_path = nowhere"])
    assert see(postgres).table_names == ("app.t", "public.t")


def test_pwmigs_own_tables_are_left_out(postgres: peewee.Database) -> None:
    run(postgres, [
        "CREATE TABLE pwmig_history (id serial PRIMARY KEY)", "CREATE SCHEMA pwmig_attic",
        "CREATE TABLE pwmig_attic.t (id serial)", "CREATE SEQUENCE pwmig_s", "CREATE TABLE mine (id int)",
    ])  # fmt: skip
    assert see(postgres) == Schema((Table("mine", (Column("id", "integer"),)),), exact_tables=True, exact_columns=True)


@pytest.mark.parametrize("change", ["ALTER TABLE t ADD c int UNIQUE", "DROP TABLE t", "ALTER TABLE t DROP a CASCADE"])
@pytest.mark.parametrize("question", range(1, 5))
def test_a_table_that_is_altered_between_two_questions(
    postgres_server: servers.Server, postgres: peewee.Database, change: str, question: int
) -> None:
    run(postgres, ["CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE)", "CREATE TABLE u (id serial PRIMARY KEY)"])
    count = 0

    def meanwhile(sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        nonlocal count
        if count == question:
            other = postgres_server.database(postgres.database)
            with other.connection_context():
                run(other, [change])
        count += 1
        return on(postgres)(sql, params)

    before = see(postgres)
    found = introspect(meanwhile)
    assert named(found.tables, "u") == named(before.tables, "u")
    for made in found.tables:
        names = made.column_names
        assert all(set(one.columns) <= set(names) for one in made.uniques)


# What it costs


def test_five_queries_however_many_tables(postgres: peewee.Database) -> None:
    assert len(asked(postgres)[1]) <= 5
    for count in (1, 30):
        run(postgres, [f"CREATE TABLE t{count}_{number} (id serial, u int UNIQUE)" for number in range(count)])
        assert len(asked(postgres)[1]) == 5
        assert len(asked(postgres, ["t1_0"])[1]) == 5
    assert len(asked(postgres, ["not there"])[1]) == 1


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ('CREATE TABLE "T.x" (a int); CREATE SCHEMA "T"; CREATE TABLE "T".x (b text)', ('"T.x"', '"T"."x"')),
        ('CREATE TABLE "T.x" (a int); CREATE SCHEMA "T"; CREATE VIEW "T".x AS SELECT 1', ('"T.x"', '"T"."x"')),
        (
            'CREATE SCHEMA a; CREATE TABLE a."b.c" (); CREATE SCHEMA "a.b"; CREATE TABLE "a.b".c ()',
            ('"a"."b.c"', '"a.b"."c"'),
        ),
        ('CREATE TYPE "a.b" AS ENUM (); CREATE SCHEMA a; CREATE TYPE a.b AS ENUM ()', ('"a.b"', '"a"."b"')),
    ],
)
def test_two_things_of_one_name_are_refused_with_both(
    postgres: peewee.Database, statements: str, said: tuple[str, str]
) -> None:
    run(postgres, statements.split("; "))
    with pytest.raises(DatabaseUnsupported) as raised:
        see(postgres)
    assert all(name in raised.value.what for name in said) and "rename" in raised.value.way_out
    assert see(postgres, ["other"]).tables == ()
    postgres.execute_sql('CREATE TABLE "no.such" (a int)')
    assert len(see(postgres, ["no.such"]).tables) == 1


def test_the_tables_named_are_seen_as_among_all(database: peewee.Database, schema: Schema) -> None:
    several = ["audit.log", "measures_rome", "a_first", "m_rows", "not there"]
    for names in (["authors"], several, [], ['Odd "place".cache']):
        found = see(database, names)
        assert found.tables == tuple(one for one in schema.tables if one.name in names)
        assert found.views == tuple(one for one in schema.views if one.name in names)
        assert (found.exact_tables, found.sequences, found.types, found.routines) == (True, (), (), ())
    assert see(database, schema.table_names).tables == schema.tables


def test_to_see_one_table_costs_the_same_among_many(postgres: peewee.Database) -> None:
    def pages() -> int:
        """Pages of the catalog that it took to see one table, as each statement's plan tells them."""
        total = 0

        def explained(sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
            nonlocal total
            ((plan,),) = on(postgres)(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
            total += plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]
            return on(postgres)(sql, params)

        assert introspect(explained, ["one"]).table_names == ("one",)
        return total

    run(postgres, ["CREATE TABLE one (id serial PRIMARY KEY, name text UNIQUE, parent int REFERENCES one)", "ANALYZE"])
    few = pages()
    made = [f"CREATE TABLE t{number} (id serial PRIMARY KEY, name text UNIQUE)" for number in range(400)]
    run(postgres, ["BEGIN", *made, "COMMIT", "ANALYZE"])
    assert pages() <= few * 1.5 + 20


# Names


HOSTILE = (
    'say "hi"', "it's", "per%cent %s %(x)s", "brace{0}", "semi;colon--", "select", "a.b", "audit.log", "line\nbreak",
    "tab\t", "back\\slash", "$$", "名前", "n" * 63, "ü" * 31, "CamelCase", " ", "\u202eevil", "1st", "user", "E'x'",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_seen_as_it_is(postgres: peewee.Database, name: str) -> None:
    quoted, text = quote(name), literal(name)
    statements = (
        f"CREATE SCHEMA {quoted}",
        f"CREATE TYPE {quoted}.{quoted} AS ENUM ({text})",
        f"CREATE TABLE {quoted} ({quoted} {quoted}.{quoted} DEFAULT {text}, id int UNIQUE, "
        f"CONSTRAINT {quoted} CHECK (id > 1))",
        f"CREATE TABLE {quoted}.t ({quoted} int CONSTRAINT {quoted} REFERENCES public.{quoted} (id))",
        f"CREATE INDEX i ON {quoted}.t ({quoted}, (({quoted} + 1)))",
        f"CREATE VIEW {quoted}.v AS SELECT {quoted} FROM {quoted}.t",
        f"COMMENT ON COLUMN {quoted}.t.{quoted} IS {text}",
    )
    run(postgres, statements)
    found = see(postgres)
    first = next(one for one in found.tables if one.schema is None)
    second = next(one for one in found.tables if one.schema == name)
    assert (first.name, first.columns[0].name, first.checks[0].name) == (name, name, name)
    assert (second.name, second.plain_name, second.columns[0].comment) == (f"{name}.t", "t", name)
    assert second.foreign_keys[0].ref_table == name and second.indexes[0].parts[0].column == name
    assert found.types[0].values == (name,) and found.views[0].name == f"{name}.v"
    assert see(postgres, [name]).tables == (first,)
    assert see(postgres, [f"{name}.t"]).tables == (second,)
