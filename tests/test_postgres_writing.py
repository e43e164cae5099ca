"""Written and seen again, a schema of PostgreSQL is equal, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
import servers
from hypothesis import assume, given
from hypothesis import strategies as st
from postgres_everything import everything, make_roles, rolled_back, run, see, written_again
from requirements import real_data

from pwmig.dialects.postgresql.quoting import literal, quote
from pwmig.dialects.postgresql.writing import column_definition, index_statement, sequence_statement, write
from pwmig.dialects.postgresql.writing.mentions import mentions
from pwmig.diff import diff
from pwmig.schema import Column, Index, IndexPart, Schema, Sequence, Table

# Everything at once


def test_everything_written_is_seen_again_as_it_was(postgres_server: servers.Server, postgres: peewee.Database) -> None:
    make_roles(postgres)
    run(postgres, everything(postgres_server.version))
    schema = see(postgres)
    again = written_again(postgres_server, schema)
    assert diff(schema, again) == ()
    assert again == schema


def test_the_same_schema_is_written_in_the_same_words(
    postgres_server: servers.Server, postgres: peewee.Database
) -> None:
    make_roles(postgres)
    run(postgres, everything(postgres_server.version))
    schema = see(postgres)
    statements = write(schema)
    assert write(see(postgres)) == statements
    assert not any(one.rstrip().endswith(";") for one in statements if not one.startswith("CREATE OR"))


def test_what_was_set_for_routines_is_taken_back(postgres: peewee.Database) -> None:
    run(postgres, ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"])
    statements = write(see(postgres))
    assert statements == (
        "SET check_function_bodies = off",
        "CREATE OR REPLACE FUNCTION f()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$",
        "RESET check_function_bodies",
    )


# The order


ORDERS = {
    "views on views, against the alphabet": (
        "CREATE TABLE t (id int, a int, b int)", "CREATE VIEW c AS SELECT id, a AS b FROM t",
        "CREATE VIEW b AS SELECT c.id AS a, c.b AS c FROM c", "CREATE VIEW a AS SELECT b.a AS c, b.c AS b FROM b",
    ),
    "a column that is called as the view above": (
        "CREATE TABLE t (id int, a int)", "CREATE VIEW z AS SELECT id, a FROM t",
        "CREATE VIEW a AS SELECT id, a AS z FROM z",
    ),
    "a view that needs the primary key": (
        "CREATE TABLE z (id int PRIMARY KEY, a int)", "CREATE VIEW a AS SELECT id, a, count(*) AS n FROM z GROUP BY id",
    ),
    "views read in a subquery, a join, a CTE": (
        "CREATE VIEW z AS SELECT 1 AS id", "CREATE VIEW y AS SELECT 2 AS id", "CREATE VIEW x AS SELECT 3 AS id",
        "CREATE VIEW a AS WITH c AS (SELECT id FROM z) SELECT c.id, (SELECT max(x.id) FROM x) AS m "
        "FROM c JOIN (SELECT id FROM y) s ON s.id = c.id WHERE EXISTS (SELECT 1 FROM x WHERE x.id = c.id)",
    ),
    "a kept view on a view on a kept view": (
        "CREATE MATERIALIZED VIEW z AS SELECT 1 AS id", "CREATE VIEW y AS SELECT id FROM z",
        "CREATE MATERIALIZED VIEW x AS SELECT id FROM y", "CREATE UNIQUE INDEX i ON x (id)",
    ),
    "a view that calls a function that returns rows of a table": (
        "CREATE TABLE z (id int)", "CREATE FUNCTION y() RETURNS SETOF z LANGUAGE sql AS 'SELECT * FROM z'",
        "CREATE VIEW a AS SELECT id FROM y()",
    ),
    "the rows of a view, given back, taken, kept": (
        "CREATE TABLE z (id int)", "CREATE VIEW y AS SELECT id FROM z",
        "CREATE MATERIALIZED VIEW x AS SELECT id FROM y",
        "CREATE FUNCTION a() RETURNS SETOF y LANGUAGE sql AS 'SELECT * FROM y'",
        "CREATE FUNCTION b(v x, w y[] DEFAULT NULL) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE c (v x, w y[])", "CREATE TYPE d AS (v y)", "CREATE VIEW e AS SELECT b(v) AS n FROM c",
        "CREATE FUNCTION f(x) RETURNS y LANGUAGE sql BEGIN ATOMIC SELECT id FROM y; END",
    ),
    "parameters that are called as a view that calls the function": (
        "CREATE FUNCTION a(v int, w int) RETURNS TABLE (v1 int) LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW v AS SELECT v1 FROM a(1, 2)", "CREATE VIEW w AS SELECT v1 FROM a(1, 2)",
    ),
    "a function written out that reads a view": (
        "CREATE TABLE z (id int)", "CREATE VIEW y AS SELECT id FROM z",
        "CREATE FUNCTION a() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM y; END",
        "CREATE VIEW b AS SELECT a() AS n",
    ),
    "a default, a check and a function that reads the table": (
        "CREATE TABLE a (id int)", "CREATE FUNCTION f(a) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM a; END",
        "ALTER TABLE a ADD CHECK (f(a)), ALTER id SET DEFAULT g()",
    ),
    "a generated column and a partitioning that call a function": (
        "CREATE FUNCTION z(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
        "CREATE TABLE a (id int, b int GENERATED ALWAYS AS (z(id)) STORED)",
        "CREATE TABLE p (id int) PARTITION BY RANGE (z(id))", "CREATE INDEX i ON a (z(id)) WHERE z(id) > 1",
    ),
    "types of types": (
        "CREATE TYPE z AS ENUM ('a')", "CREATE DOMAIN y AS z[]", "CREATE TYPE x AS (z z, y y)",
        "CREATE TABLE w (x x, y y[])", "CREATE TYPE b AS (w w)", "CREATE TABLE a (b b)",
        "CREATE FUNCTION d(z) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
        "CREATE DOMAIN c AS z CHECK (d(VALUE))",
    ),
    "foreign keys in circles, one to an index": (
        "CREATE TABLE a (id int PRIMARY KEY, b int, c int)", "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)",
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b, ADD FOREIGN KEY (c) REFERENCES a",
        "CREATE UNIQUE INDEX i ON b (a)", "ALTER TABLE a ADD CONSTRAINT to_index FOREIGN KEY (c) REFERENCES b (a)",
    ),
    "partitions of partitions, indexed, keyed, referred to": (
        "CREATE TABLE z (a int, b int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a)",
        "CREATE TABLE y PARTITION OF z FOR VALUES FROM (1) TO (9) PARTITION BY HASH (b)",
        "CREATE TABLE a PARTITION OF y FOR VALUES WITH (MODULUS 2, REMAINDER 1)", "CREATE INDEX i ON z ((b + 1))",
        "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 7", "CREATE UNIQUE INDEX j ON z (a, b)",
        "CREATE TABLE b (a int, b int, FOREIGN KEY (a, b) REFERENCES z)",
        "ALTER TABLE z ADD CHECK (a <> b), ADD FOREIGN KEY (a, b) REFERENCES z",
    ),
    "children of two parents": (
        "CREATE TABLE z (a int CHECK (a > 1), b int NOT NULL)", "CREATE TABLE y (b int DEFAULT 5, c int)",
        "CREATE TABLE a (d int) INHERITS (z, y)", "CREATE TABLE b () INHERITS (a)", "ALTER TABLE y ADD e int",
    ),
    "words in comments and texts that are names": (
        "CREATE VIEW z AS SELECT 'FROM a'::text AS b", "CREATE VIEW a AS SELECT b AS \"FROM z JOIN\" FROM z",
        "CREATE SEQUENCE b", "CREATE VIEW c AS SELECT nextval('b'::regclass) AS d, 'a'::regclass AS e",
    ),
    "the same name in three schemas": (
        "CREATE SCHEMA s", "CREATE SCHEMA t", "CREATE VIEW t.a AS SELECT 1 AS a",
        "CREATE VIEW s.a AS SELECT a FROM t.a",
        "CREATE VIEW a AS SELECT a.a FROM s.a JOIN t.a b USING (a)",
    ),
    "a rule and a trigger that need what comes later": (
        "CREATE TABLE a (id int)", "CREATE TABLE z (id int)", "CREATE VIEW b AS SELECT id FROM a",
        "CREATE RULE r AS ON INSERT TO b DO INSTEAD INSERT INTO z VALUES (NEW.id) RETURNING z.id",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER g AFTER INSERT ON a FOR EACH ROW WHEN (NEW.id > 1) EXECUTE FUNCTION f()",
    ),
    "identity of partitions": (
        "CREATE TABLE z (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL) PARTITION BY RANGE (at)",
        "CREATE TABLE a PARTITION OF z DEFAULT",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(postgres_server: servers.Server) -> Iterator[peewee.Database]:
    with postgres_server.fresh() as database:
        yield database


def assert_written_whole(bench: peewee.Database, schema: Schema) -> None:
    with rolled_back(bench):
        run(bench, write(schema))
        again = see(bench)
    assert diff(schema, again) == ()
    assert again == schema


@pytest.mark.parametrize("fact", ORDERS)
def test_each_thing_is_made_behind_what_it_needs(bench: peewee.Database, fact: str) -> None:
    with rolled_back(bench):
        run(bench, ORDERS[fact])
        schema = see(bench)
    assert_written_whole(bench, schema)


@pytest.mark.parametrize(
    ("text", "relations"),
    [
        ("SELECT a.b, c FROM t a", ["t"]),
        ('SELECT x FROM (t\n     JOIN "T u" v ON ((t.id = v.id))), s.w,\n    ONLY z', ["t", "T u", "s.w", "z"]),
        ("SELECT EXTRACT(year FROM d) FROM t", ["d", "t"]),
        ("SELECT a IS DISTINCT FROM b AS c FROM t WHERE (a > ( SELECT m FROM u)) GROUP BY b, v", ["t", "u"]),
        ("SELECT 'FROM x', E'it\\'s FROM y', $$ FROM z $$, \"FROM w\" FROM t", ["t"]),
        ("SELECT f.a FROM f(1) f(a, b)", ["f"]),
        ("SELECT 'a.b'::regclass, x::t", ["a.b", "regclass", "t"]),
    ],
)
def test_a_query_names_what_it_reads_from(text: str, relations: list[str]) -> None:
    found = [one for one in mentions(text) if one.is_relation]
    assert [one.name if one.schema is None else f"{one.schema}.{one.name}" for one in found] == relations


# Parts


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (Column("a", "text"), '"a" text'),
        (Column("a", "text", False, "'x'::text", '"C"'), '"a" text COLLATE "C" DEFAULT \'x\'::text NOT NULL'),
        (Column("a", "int", generated="b + 1", generated_kind="stored"), '"a" int GENERATED ALWAYS AS (b + 1) STORED'),
        (Column("a", "int", False, identity="ALWAYS"), '"a" int GENERATED ALWAYS AS IDENTITY NOT NULL'),
        (
            Column("a", "integer", identity="BY DEFAULT", sequence=Sequence("q", "integer", 5, maximum=2**31 - 1)),
            '"a" integer GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "q" START WITH 5)',
        ),
    ],
)
def test_a_column_is_defined_in_a_line(column: Column, text: str) -> None:
    assert column_definition(column) == text
    assert "DEFAULT '" not in column_definition(column, default=False)


def test_an_index_is_a_statement() -> None:
    table = Table("audit.t", (), schema="audit")
    index = Index("i", (IndexPart("a", descending=True, nulls_first=False), IndexPart(None, "a + 1")), True, "a > 1")
    assert index_statement(table, index, concurrently=True) == (
        'CREATE UNIQUE INDEX CONCURRENTLY "i" ON "audit"."t" ("a" DESC NULLS LAST, (a + 1)) WHERE (a > 1)'
    )


@pytest.mark.parametrize(
    ("sequence", "text"),
    [
        (Sequence("s"), 'CREATE SEQUENCE "s"'),
        (Sequence("s", "smallint", maximum=32767), 'CREATE SEQUENCE "s" AS smallint'),
        (Sequence("s", increment=-1, minimum=-(2**63), maximum=-1, start=-1), 'CREATE SEQUENCE "s" INCREMENT BY -1'),
        (
            Sequence("s", maximum=9, cache=3, cycle=True, options=("UNLOGGED",)),
            'CREATE UNLOGGED SEQUENCE "s" MAXVALUE 9 CACHE 3 CYCLE',
        ),
    ],
)
def test_a_sequence_says_what_differs_from_a_plain_one(sequence: Sequence, text: str) -> None:
    assert sequence_statement(sequence) == text


@pytest.mark.parametrize("text", ["it's", "back\\slash", "100%", "", "E'x'", "'", "\\'", "a\nb", "$$"])
def test_a_text_reads_as_it_was_written(bench: peewee.Database, text: str) -> None:
    for setting in ("on", "off"):
        with rolled_back(bench):
            run(bench, [f"SET LOCAL standard_conforming_strings = {setting}"])
            found = bench.connection().cursor()
            found.execute(f"SELECT {literal(text)}")
            assert found.fetchone()[0] == text


# Random schemas


TYPES = (
    "integer", "bigint", "text", "varchar(40)", "numeric(10,2)", "boolean", "timestamp with time zone", "date[]",
    "jsonb", "uuid", "bit(3)", "char(5)", "interval", "int4range", "double precision", "bytea", "e", "d",
)  # fmt: skip
DEFAULTS = {
    "integer": ("1", "-7", "(1 + 2)"), "bigint": ("0",), "text": ("'it''s (a)'", "'\\'", "upper('x')", "NULL"),
    "varchar(40)": ("'100%'",), "numeric(10,2)": ("1.50",), "boolean": ("true",),
    "timestamp with time zone": ("now()", "'2020-01-01 00:00+03'"), "date[]": ("'{2020-01-01}'",), "jsonb": ("'{}'",),
    "e": ("'it''s'",), "interval": ("'1 day'",),
}  # fmt: skip
ACTIONS = (
    "", " ON DELETE CASCADE", " ON UPDATE SET NULL ON DELETE RESTRICT", " DEFERRABLE INITIALLY DEFERRED", " NOT VALID",
)  # fmt: skip
IDENTITIES = ("GENERATED ALWAYS AS IDENTITY", "GENERATED BY DEFAULT AS IDENTITY (START 5)")
KEYS = ("", " DEFERRABLE", " WITH (fillfactor = 50)")
ORDERINGS = ("", " DESC", " NULLS FIRST", " DESC NULLS LAST")
NAMES = (
    "player", "Player Of The Year", 'say "hi"', "it's", "per%cent", "select", "order", "naïve", "名前", "a.b", "x" * 63,
    "line\nbreak", "\\", "--", "from", "e", "d",
)  # fmt: skip


def names(count: int) -> st.SearchStrategy[list[str]]:
    letters = st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",))
    made = st.text(letters, min_size=1, max_size=12).filter(lambda name: not name.startswith("pwmig_"))
    one = st.one_of(st.sampled_from(NAMES), made)
    return st.lists(one, min_size=count, max_size=count, unique=True)


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """The names of some columns, the first an integer, and their definitions."""
    found = draw(names(draw(st.integers(1, 4))))
    first = quote(found[0])
    lines = []
    for column in found:
        kind = "integer" if column == found[0] else draw(st.sampled_from(TYPES))
        counting = kind in ("integer", "bigint") and column != found[0]
        words = [quote(column), kind]
        if kind in ("text", "varchar(40)") and draw(st.booleans()):
            words.append('COLLATE "C"')
        choice = draw(st.integers(0, 5))
        if choice == 0 and counting:
            words.append(draw(st.sampled_from(IDENTITIES)))
        elif choice == 1 and counting:
            words.append(f"GENERATED ALWAYS AS ({first} * 2) STORED")
        elif choice > 2 and kind in DEFAULTS:
            words.append(f"DEFAULT {draw(st.sampled_from(DEFAULTS[kind]))}")
        words += ["NOT NULL"] if draw(st.booleans()) else []
        if draw(st.integers(0, 4)) == 0:
            words.append(f"CHECK ({quote(column)} IS NOT NULL OR ({first} > 3 AND true))")
        lines.append(" ".join(words))
    return found, lines


@st.composite
def indexes(draw: st.DrawFn, name: str, table: str, found: list[str]) -> str:
    chosen = draw(st.lists(st.sampled_from(found), min_size=1, max_size=3, unique=True))
    parts = ", ".join(quote(column) + draw(st.sampled_from(ORDERINGS)) for column in chosen)
    unique = draw(st.sampled_from(("", "UNIQUE ")))
    where = draw(st.sampled_from(("", f" WHERE {quote(found[0])} > 5")))
    return f"CREATE {unique}INDEX {quote(name)} ON {quote(table)} ({parts}){where}"


@st.composite
def tables(draw: st.DrawFn, name: str, others: list[tuple[str, str]]) -> list[str]:
    """Statements that make a table and its indexes; ``others`` are those made before, each with its key, an integer."""
    found, lines = draw(columns())
    first = quote(found[0])
    kind, words = draw(st.sampled_from(("PRIMARY KEY", "UNIQUE"))), draw(st.sampled_from(KEYS))
    statements = [f"CREATE TABLE {quote(name)} ({', '.join([*lines, f'{kind} ({first}){words}'])})"]
    statements += [
        draw(indexes(f"{name[:9]} i{len(others)} {number}", name, found)) for number in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        statements.append(f"COMMENT ON TABLE {quote(name)} IS {literal(draw(st.sampled_from(NAMES)))}")
    if others and draw(st.booleans()):
        target, key = draw(st.sampled_from(others))
        reference = f"FOREIGN KEY ({first}) REFERENCES {quote(target)} ({quote(key)})"
        statements.append(f"ALTER TABLE {quote(name)} ADD {reference}{draw(st.sampled_from(ACTIONS))}")
    if words != " DEFERRABLE":  # no foreign key can refer to a deferrable one
        others.append((name, found[0]))
    return statements


@st.composite
def schemas(draw: st.DrawFn) -> list[str]:
    """Statements that make some tables with types, and views on them."""
    statements = ["CREATE TYPE e AS ENUM ('a', 'it''s')", "CREATE DOMAIN d AS integer CHECK (VALUE > 0)"]
    others: list[tuple[str, str]] = []
    taken = draw(names(draw(st.integers(1, 3))))
    made = [name for name in taken if name not in ("e", "d")]
    for name in made:
        statements += draw(tables(name, others))
    for number, name in enumerate(made):
        if draw(st.booleans()):
            statements.append(f"CREATE VIEW {quote('v' + str(9 - number))} AS SELECT * FROM {quote(name)}")
    return statements


@given(statements=schemas())
def test_random_schemas_written_are_seen_again(bench: peewee.Database, statements: list[str]) -> None:
    with rolled_back(bench):
        run(bench, statements)
        schema = see(bench)
        assert see(bench) == schema
        assert see(bench, schema.table_names).tables == schema.tables
    assert diff(schema, schema) == ()
    assert_written_whole(bench, schema)


@given(found=names(3))
def test_hostile_names_written_are_seen_again(bench: peewee.Database, found: list[str]) -> None:
    assume(not {"t", "v", "i", "f"}.intersection(found))
    space, name, other = map(quote, found)
    counter, body, text = map(literal, (f"{space}.{other}", f"BEGIN PERFORM {literal(space)}; RETURN NEW; END", name))
    statements = [
        f"CREATE SCHEMA {space}", f"CREATE TYPE {space}.{name} AS ENUM ({', '.join(map(literal, found))})",
        f"CREATE SEQUENCE {space}.{other}", f"CREATE DOMAIN {other} AS {space}.{name}",
        f"CREATE TABLE {name} ({name} serial, {other} {other}, {space} int DEFAULT nextval({counter}), "
        f"CONSTRAINT {space} UNIQUE ({name}), CONSTRAINT {name} CHECK ({space} > 0))",
        f"CREATE TABLE {space}.t ({name} int GENERATED ALWAYS AS IDENTITY, {other} int REFERENCES {name} ({name}))",
        f"CREATE INDEX i ON {space}.t ({other}, ({name} + {other}))",
        f"CREATE VIEW {space}.v AS SELECT {name}, {other} AS {space} FROM {space}.t",
        f"COMMENT ON COLUMN {space}.v.{name} IS {text}", f"ALTER VIEW {space}.v ALTER {name} SET DEFAULT 5",
        f"GRANT SELECT ({name}) ON {space}.v TO PUBLIC",
        f"CREATE RULE {name} AS ON DELETE TO {space}.v DO INSTEAD NOTHING",
        f"COMMENT ON RULE {name} ON {space}.v IS {text}",
        f"CREATE FUNCTION {space}.f() RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"CREATE TRIGGER {other} BEFORE UPDATE OF {other} ON {name} FOR EACH ROW EXECUTE FUNCTION {space}.f({text})",
        f"CREATE POLICY {other} ON {name} USING ({space} > 1)", f"COMMENT ON COLUMN {name}.{other} IS {literal(other)}",
        f"CREATE RULE {space} AS ON DELETE TO {name} DO INSTEAD NOTHING",
    ]  # fmt: skip
    with rolled_back(bench):
        run(bench, statements)
        schema = see(bench)
    assert_written_whole(bench, schema)


# Real data


def chinook(file: Path) -> list[str]:
    """The statements of the script that make tables, keys and indexes."""
    text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [part.strip() for part in re.split(r";\s*\n", text) if re.match(r"\s*(CREATE (TABLE|INDEX)|ALTER)", part)]


def test_chinook_written_elsewhere_is_equal(postgres_server: servers.Server, postgres: Any) -> None:
    run(postgres, chinook(real_data("chinook_postgres.sql")))
    schema = see(postgres)
    assert len(schema.tables) == 11 and sum(len(one.foreign_keys) for one in schema.tables) == 11
    assert written_again(postgres_server, schema) == schema
