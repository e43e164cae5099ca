"""Law: a MariaDB schema that is written into an empty database of any name, and seen there, is equal."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import peewee
import pytest
import servers
from hypothesis import given
from hypothesis import strategies as st
from mariadb_everything import EVERYTHING, run, see, written_again
from requirements import real_data

from pwmig.dialects.mysql.quoting import literal, quote
from pwmig.dialects.mysql.writing import (
    check_clause,
    column_check,
    column_definition,
    foreign_key_clause,
    index_clause,
    primary_key_clause,
    write,
)
from pwmig.errors import DatabaseUnavailable
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Table

NAMES = ("plain", "we`ird'%s\"\\", "x.y", "everything", "select", "Ünïcode 雪")


@pytest.mark.parametrize("name", NAMES)
def test_everything_written_and_seen_again_is_equal(mariadb_server: servers.Server, name: str) -> None:
    with mariadb_server.fresh() as database:
        run(database, EVERYTHING)
        schema = see(database)
        assert written_again(mariadb_server, schema, f"{database.database} {name}") == schema


def test_what_is_written_from_a_database_of_a_hostile_name_is_equal(mariadb_server: servers.Server) -> None:
    with mariadb_server.fresh() as database:
        name = quote(f"{database.database} a`b%")
        run(database, [f"CREATE DATABASE {name}", f"USE {name}", *EVERYTHING])
        try:
            schema = see(database)
        finally:
            run(database, [f"DROP DATABASE {name}"])
        assert written_again(mariadb_server, schema) == schema


def test_chinook_written_and_seen_again_is_equal(mariadb_server: servers.Server) -> None:
    statements = _statements(real_data("chinook_mysql.sql"))
    with mariadb_server.fresh() as database:
        run(database, statements)
        schema = see(database)
        assert len(schema.tables) == 11
        assert sum(len(table.foreign_keys) for table in schema.tables) == 11
        assert written_again(mariadb_server, schema) == schema


def _statements(path: Path) -> list[str]:
    """The statements that make the tables, without those about the database itself and the rows."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = [statement.strip() for statement in re.split(r";\s*\n", text)]
    return [one for one in found if re.match(r"CREATE (TABLE|INDEX)|ALTER", one)]


# -- one case a hard thing

CASES = {
    "tables that refer to each other in a circle": (
        "CREATE TABLE a (id int PRIMARY KEY, b int)",
        "CREATE TABLE b (id int PRIMARY KEY, c int)",
        "CREATE TABLE c (id int PRIMARY KEY, a int, CONSTRAINT ca FOREIGN KEY (a) REFERENCES a (id))",
        "ALTER TABLE b ADD CONSTRAINT bc FOREIGN KEY (c) REFERENCES c (id)",
        "ALTER TABLE a ADD CONSTRAINT ab FOREIGN KEY (b) REFERENCES b (id)",
    ),
    "a foreign key to nowhere": (
        "SET STATEMENT foreign_key_checks = 0 FOR CREATE TABLE a (id int, FOREIGN KEY (id) REFERENCES nowhere (x))",
    ),
    "a foreign key without an index": (
        "CREATE TABLE a (id int PRIMARY KEY)",
        "CREATE TABLE b (id int, CONSTRAINT ba FOREIGN KEY (id) REFERENCES a (id))",
        "SET STATEMENT foreign_key_checks = 0 FOR ALTER TABLE b DROP KEY ba",
    ),
    "an index that serves a foreign key and has another name": (
        "CREATE TABLE a (id int PRIMARY KEY)",
        "CREATE TABLE b (id int, x int, KEY mine (id, x), CONSTRAINT ba FOREIGN KEY (id) REFERENCES a (id))",
    ),
    "views on views against the order of names": (
        "CREATE TABLE t (id int, a int, z int)",
        "CREATE VIEW z AS SELECT id, a FROM t",
        "CREATE VIEW m AS SELECT id, a, 1 AS z FROM z",
        "CREATE VIEW a AS SELECT m.id, m.a, m.z FROM (m JOIN t USING (id))",
    ),
    "a view on a function that reads a view": (
        "CREATE TABLE t (id int)",
        "CREATE VIEW y AS SELECT id FROM t",
        "CREATE FUNCTION most() RETURNS int READS SQL DATA RETURN (SELECT max(id) FROM y)",
        "CREATE VIEW a AS SELECT most() AS most",
    ),
    "views with commas, joins and queries of all kinds": (
        "CREATE TABLE t (id int, d date)",
        "CREATE TABLE u (id int, d date)",
        "CREATE VIEW a AS SELECT t.id FROM t, u, t t2 WHERE t.id = u.id",
        "CREATE VIEW b AS SELECT t.id FROM t JOIN u ON t.id = u.id JOIN t t2 ON t2.id = t.id",
        "CREATE VIEW c AS SELECT t.id FROM t, u LEFT JOIN t t2 ON t2.id = u.id, (t t3, u u3)",
        "CREATE VIEW d AS SELECT x.id FROM (SELECT t.id FROM t, u) x, u NATURAL JOIN t",
        "CREATE VIEW e AS SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u, t t2 WHERE u.id = t.id) "
        "UNION SELECT 1 FROM u, t",
        "CREATE VIEW f AS WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c, t WHERE n < 5) "
        "SELECT n FROM c",
        "CREATE VIEW g AS SELECT extract(YEAR FROM t.d) AS y, trim(LEADING 'x' FROM 'xy') AS x, t.id "
        "FROM t RIGHT JOIN u ON t.id = u.id",
        "CREATE VIEW h AS SELECT STRAIGHT_JOIN count(*) AS n, group_concat(t.id ORDER BY t.id SEPARATOR ', ') AS s "
        "FROM t, u GROUP BY t.d WITH ROLLUP HAVING n > 1 LIMIT 3",
        "CREATE VIEW i AS SELECT row_number() OVER (PARTITION BY t.id, t.d ORDER BY u.id) AS r FROM t CROSS JOIN u",
        "CREATE VIEW j AS SELECT CASE WHEN t.id IN (1, 2) THEN 'a, b' ELSE \"c'd\" END AS c, "
        "t.id BETWEEN 1 AND 2 AS b, t.id << 2 | ~t.id AS bits, NOT t.id AS n, t.d + INTERVAL 1 DAY AS d, "
        "cast(t.id AS char(3)) AS s FROM t",
        "CREATE VIEW k AS SELECT t.id FROM t USE INDEX (), u",
        "CREATE VIEW l AS SELECT * FROM (VALUES (1, 2), (3, 4)) v, t",
        "CREATE VIEW m AS SELECT j.x FROM t, JSON_TABLE('[1,2]', '$[*]' COLUMNS (x int PATH '$')) j",
    ),
    "texts in bodies": (
        "CREATE TABLE t (a varchar(50))",
        r"CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'it''s \\ \n \' " + '\\" %" %s"\'',
        "CREATE TRIGGER b BEFORE UPDATE ON t FOR EACH ROW BEGIN\n  -- don't \\ mind\n  # nor 'this \\\n"
        "  /* 'or \\ this */ SET NEW.a = \"\\\\ ''\"; SET @`x\\` = 1; END",
        r"CREATE FUNCTION f() RETURNS text RETURN concat('\\', N'ü\\', _utf8mb4'\\', x'5c', '\%\_')",
    ),
    "letters that the catalog can't show": (
        "CREATE TABLE t (a varchar(30) DEFAULT (concat('????', '🙂')), "
        "b varchar(30) AS (concat(a, '🙂🙂', '?', '????')), c varchar(9) CHECK (c <> '🙂?'), "
        "CONSTRAINT `named` CHECK (a <> '𠀀'))",
        "CREATE VIEW v AS SELECT '🙂' AS smile, '????' AS marks, b FROM t",
        "CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW SET NEW.a = '🙂?'",
        "CREATE FUNCTION f() RETURNS text RETURN '🙂?'",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DISABLE DO SET @a = '🙂?'",
    ),
    "triggers in an order of their own": (
        "CREATE TABLE t (a int)",
        *(f"CREATE TRIGGER {name} BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1" for name in "cab"),
        "CREATE TRIGGER zero BEFORE INSERT ON t FOR EACH ROW PRECEDES c SET NEW.a = 0",
    ),
    "an event with all words and a quote in its name": (
        "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR EXECUTE IMMEDIATE 'CREATE EVENT `it''s\nDO x\\\\` "
        "ON SCHEDULE EVERY 1 DAY STARTS ''2037-01-01 00:00:00'' DISABLE COMMENT ''a ''''b'''' \\\\\\\\'' DO "
        "SELECT \"x\", ''y''''z'''",
    ),
    "comments with everything in them": (
        r"CREATE TABLE t (a int COMMENT 'it''s \\ %s 100% \n `x` ü雪') COMMENT 'it''s \\ %s ü'",
        r"CREATE PROCEDURE p() COMMENT 'it''s \\ ü' SELECT 1",
        r"CREATE SEQUENCE s COMMENT 'it''s \\ ü'",
    ),
    "a sequence that counts down": ("CREATE SEQUENCE down INCREMENT -3 MINVALUE -100 MAXVALUE -1 START -1 NOCACHE",),
    "periods and keys that let none overlap": (
        "CREATE TABLE t (a int, s date, e date, PERIOD FOR `we``ird (x)` (s, e), UNIQUE u (a, `we``ird (x)` WITHOUT "
        "OVERLAPS), UNIQUE w (a, e, s), CHECK (a > 0))",
        "CREATE TABLE u (a int, s datetime(6), e datetime(6), PERIOD FOR p (s, e), "
        "PRIMARY KEY (a, p WITHOUT OVERLAPS))",
        "CREATE TABLE v (a int, s date NOT NULL, e date NOT NULL, CONSTRAINT p CHECK (s < e), UNIQUE u (a, e, s))",
    ),
    "many partitions of the past": (
        "CREATE TABLE t (a int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME INTERVAL 1 MONTH "
        "(PARTITION p0 HISTORY, PARTITION p1 HISTORY, PARTITION pn CURRENT)",
    ),
    "a package in the mode of Oracle": (
        "SET STATEMENT sql_mode = 'ORACLE' FOR EXECUTE IMMEDIATE "
        "'CREATE PACKAGE p COMMENT ''a ''''package'''''' AS FUNCTION x RETURN int; END'",
        "SET STATEMENT sql_mode = 'ORACLE' FOR EXECUTE IMMEDIATE "
        "'CREATE PACKAGE BODY p AS FUNCTION x RETURN int AS BEGIN RETURN 1; END; END'",
    ),
    "timestamps": (
        "CREATE TABLE t (a timestamp NULL, b timestamp NOT NULL DEFAULT '2020-01-01 00:00:00', "
        "c timestamp NULL ON UPDATE current_timestamp, d datetime(3) DEFAULT now(3) ON UPDATE now(3))",
    ),
    "character sets": (
        "CREATE TABLE t (a char(3) CHARACTER SET ascii, b text CHARACTER SET ucs2, c varchar(3) CHARACTER SET binary, "
        "d enum('ä', 'ö') CHARACTER SET latin1, e set('ж') CHARACTER SET koi8r, f varchar(9) DEFAULT 'ä') "
        "CHARACTER SET latin1 COLLATE latin1_german2_ci",
    ),
    "all kinds of columns": (
        "CREATE TABLE t (a tinyint(1), b smallint unsigned, c mediumint(5) zerofill, d bigint(7) unsigned, e bool, "
        "f decimal, g decimal(65,30) unsigned, h float(10), i float unsigned, j double(10,3), k bit, l char, "
        "m binary(9), n varbinary(99), o tinyblob, p mediumtext, q longblob, r time, s datetime, t json CHECK "
        "(t <> 'x'), u year, "
        "v linestring, w multipolygon, x geometrycollection, y inet4, z uuid NOT NULL DEFAULT '12345678-1234-1234-1234-"
        "123456789012', aa char(5) DEFAULT '', ab int DEFAULT NULL, ac varchar(9) DEFAULT 'NULL', "
        "ad text DEFAULT NULL)",
    ),
    "constant and computed defaults": (
        "CREATE TABLE t (a int DEFAULT (1 + 2 * 3), b date DEFAULT (current_date + INTERVAL 1 DAY), c int DEFAULT (a), "
        "d varchar(99) DEFAULT (concat(a, '%', user())), e bit(8) DEFAULT b'1', f double DEFAULT 1e-20, "
        "g int DEFAULT -0, h varchar(20) DEFAULT (CASE WHEN a > 1 THEN 'x' ELSE 'it''s' END), "
        "i datetime DEFAULT (now() - INTERVAL 2 HOUR), j varchar(5) DEFAULT x'4142', k json DEFAULT '[]', l "
        "json DEFAULT (json_array(1, 'x')), "
        "m time DEFAULT '10:00')",
    ),
}


@pytest.mark.parametrize("statements", CASES.values(), ids=CASES.keys())
def test_what_is_hard_is_written_and_seen_again_equal(
    mariadb_server: servers.Server, mariadb: peewee.Database, statements: tuple[str, ...]
) -> None:
    run(mariadb, statements)
    schema = see(mariadb)
    assert schema != Schema(exact_tables=schema.exact_tables)
    assert written_again(mariadb_server, schema) == schema


def test_a_letter_beyond_the_catalog_s_is_seen(mariadb: peewee.Database) -> None:
    run(mariadb, CASES["letters that the catalog can't show"])
    schema = see(mariadb)
    (table,) = schema.tables
    assert (table.columns[0].default, table.columns[1].generated) == (
        "concat('????','🙂')",
        "concat(`a`,'🙂🙂','?','????')",
    )
    assert [check.expression for check in table.checks] == ["`c` <> '🙂?'", "`a` <> '𠀀'"]
    assert "'🙂' AS `smile`,'????' AS `marks`" in schema.views[0].sql
    bodies = [one.sql for one in table.triggers] + [one.sql for one in schema.routines]
    bodies += [one.sql for one in schema.events]
    assert all("'🙂?'" in body for body in bodies)


def test_a_chain_of_references_may_be_long(mariadb_server: servers.Server, mariadb: peewee.Database) -> None:
    run(mariadb, ["CREATE TABLE t000 (id int PRIMARY KEY)"])
    make = "CREATE TABLE t{:03} (id int PRIMARY KEY, up int, CONSTRAINT c{} FOREIGN KEY (up) REFERENCES t{:03} (id))"
    run(mariadb, (make.format(number, number, number - 1) for number in range(1, 60)))
    schema = see(mariadb)
    mirrored = replace(schema, tables=tuple(reversed(schema.tables)))
    assert len(write(mirrored)) == 60, "no foreign key has to be added later"
    assert written_again(mariadb_server, mirrored) == schema


def test_a_chain_of_a_thousand_references_is_no_recursion() -> None:
    key = ("a",)
    tables = [
        Table(f"t{number:04}", (Column("a", "int"),), foreign_keys=(ForeignKey(key, f"t{number + 1:04}", key),))
        for number in range(1500)
    ]
    assert len(write(Schema(tuple(tables), exact_tables=True))) == 1500


def test_grants_are_written_and_seen_again(mariadb_server: servers.Server, mariadb: peewee.Database) -> None:
    user, role = literal(f"u'{mariadb.database}"[:80]), quote(f"{mariadb.database} role")
    run(mariadb, [f"CREATE USER {user}@'%'", f"CREATE ROLE {role}"])
    try:
        run(
            mariadb,
            [
                "CREATE TABLE t (id int, `a``b` int)",
                "CREATE VIEW v AS SELECT id FROM t",
                "CREATE SEQUENCE s",
                f"GRANT SELECT, INSERT ON t TO {user}@'%' WITH GRANT OPTION",
                f"GRANT SELECT (id), UPDATE (`a``b`, id) ON t TO {role}",
                f"GRANT SELECT ON v TO {role}",
                f"GRANT SELECT ON s TO {role}",
            ],
        )
        schema = see(mariadb)
        (table,) = schema.tables
        shown = role.strip("`")
        assert table.grants == (f"INSERT, SELECT TO {user}@'%' WITH GRANT OPTION",)
        assert table.columns[0].grants == (f"SELECT, UPDATE TO '{shown}'",)
        assert table.columns[1].grants == (f"UPDATE TO '{shown}'",)
        assert schema.views[0].grants == schema.sequences[0].grants == (f"SELECT TO '{shown}'",)
        again = written_again(mariadb_server, schema)
        assert again == schema
        assert "GRANT" not in " ".join(write(schema, for_copy=True))
    finally:
        run(mariadb, [f"DROP USER {user}@'%'", f"DROP ROLE {role}"])


def test_a_copy_gets_no_grants_and_no_event_that_runs(mariadb: peewee.Database) -> None:
    run(mariadb, ["CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DO 1"])
    statements = write(see(mariadb), for_copy=True)
    assert [("DISABLE" in statement) for statement in statements] == [True]
    run(mariadb, ["DROP EVENT e", *statements])
    assert see(mariadb).events[0].enabled == "DISABLED"


LIMITED = (
    ("SELECT, EXECUTE", "function told", "SELECT on mysql.proc"),
    ("SELECT, INSERT", "trigger trg of t", "TRIGGER on `t`"),
    ("SELECT, INSERT, TRIGGER", "view v", "SHOW VIEW on `v`"),
    ("ALL PRIVILEGES", "function told", "SELECT on mysql.proc"),
)


@pytest.mark.parametrize(("rights", "thing", "missing"), LIMITED)
def test_what_an_account_may_not_see_is_not_written_without_it(
    mariadb_server: servers.Server, mariadb: peewee.Database, rights: str, thing: str, missing: str
) -> None:
    make = {
        "function told": "CREATE FUNCTION told() RETURNS int RETURN 1",
        "trigger trg of t": "CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
        "view v": "CREATE VIEW v AS SELECT a FROM t",
    }
    account, name = f"'{mariadb.database}'@'localhost'", str(mariadb.database)
    run(mariadb, ["CREATE TABLE t (a int)", make[thing], f"CREATE USER {account} IDENTIFIED BY 'x'"])
    try:
        run(mariadb, [f"GRANT {rights} ON {quote(name)}.* TO {account}"])
        with mariadb_server.database(name, user=name, password="x") as limited:
            schema = see(limited)
            assert replace(schema, tables=(), views=(), routines=()) == Schema(exact_tables=schema.exact_tables)
            with pytest.raises(DatabaseUnavailable, match=f"the text of the {thing} can't be read") as caught:
                write(schema)
            assert missing in caught.value.way_out
    finally:
        run(mariadb, [f"DROP USER {account}"])


# -- the parts that migrations use

DEFINITIONS = (
    (Column("a", "int(11)"), "`a` int(11)"),
    (Column("a", "int(11)", False, "4", comment="it's"), "`a` int(11) NOT NULL DEFAULT 4 COMMENT 'it''s'"),
    (Column("a`b", "text", True, None, "utf8mb4_bin"), "`a``b` text COLLATE utf8mb4_bin"),
    (Column("a", "text", charset="latin1"), "`a` text CHARACTER SET latin1"),
    (Column("a", "timestamp", on_update="current_timestamp()"), "`a` timestamp NULL ON UPDATE current_timestamp()"),
    (Column("a", "int", False, autoincrement=True), "`a` int NOT NULL AUTO_INCREMENT"),
    (Column("a", "int", True, "3", invisible=True), "`a` int DEFAULT 3 INVISIBLE"),
    (Column("a", "int", generated="`b` + 1", generated_kind="stored"), "`a` int GENERATED ALWAYS AS (`b` + 1) STORED"),
    (
        Column("a", "text", True, "'x'", "latin1_bin", options=("COMPRESSED",)),
        "`a` text COMPRESSED COLLATE latin1_bin DEFAULT 'x'",
    ),
    (Column("a", "int", options=("WITHOUT SYSTEM VERSIONING",)), "`a` int WITHOUT SYSTEM VERSIONING"),
    (Column("a", "geometry", options=("REF_SYSTEM_ID=4326",)), "`a` geometry REF_SYSTEM_ID=4326"),
    (
        Column("a", "point", nullable=False, default="(point(1,2))", options=("REF_SYSTEM_ID=4326",), comment="x"),
        "`a` point REF_SYSTEM_ID=4326 NOT NULL DEFAULT (point(1,2)) COMMENT 'x'",
    ),
)


@pytest.mark.parametrize(("column", "expected"), DEFINITIONS, ids=[expected for _, expected in DEFINITIONS])
def test_a_column_s_definition_is_whole(column: Column, expected: str) -> None:
    assert column_definition(column) == expected


def test_clauses_say_what_the_records_hold() -> None:
    table = Table("t", (), ("a", "b"), primary_key_comment="both")
    assert primary_key_clause(table) == "PRIMARY KEY (`a`, `b`) COMMENT 'both'"
    assert check_clause(Check("a > 0", "c")) == "CONSTRAINT `c` CHECK (a > 0)"
    assert check_clause(Check("a > 0", "a", "a")) == "CHECK (a > 0)"
    assert check_clause(Check("a > 0", "c", enforced=False)) == "CONSTRAINT `c` CHECK (a > 0) NOT ENFORCED"
    key = ForeignKey(("a", "b"), "other.t", ("x", "y"), "CASCADE", "NO ACTION", name="k`", ref_schema="other")
    assert foreign_key_clause(key) == (
        "CONSTRAINT `k``` FOREIGN KEY (`a`, `b`) REFERENCES `other`.`t` (`x`, `y`) "
        "ON DELETE CASCADE ON UPDATE NO ACTION"
    )
    parts = (IndexPart("a", length=5), IndexPart("b", descending=True), IndexPart(None, "lower(`a`)"))
    assert index_clause(Index("i", parts, unique=True, comment="c")) == (
        "UNIQUE KEY `i` (`a`(5), `b` DESC, (lower(`a`))) COMMENT 'c'"
    )
    assert index_clause(Index("i", (IndexPart("a"),), method="FULLTEXT")) == "FULLTEXT KEY `i` (`a`)"
    assert index_clause(Index("i", (IndexPart("a"),)), "MEMORY") == "KEY `i` (`a`) USING BTREE"


def test_every_column_can_be_modified_to_what_it_is(mariadb: peewee.Database) -> None:
    """MODIFY drops what its definition doesn't say: nothing is lost, so nothing is left out."""
    run(mariadb, EVERYTHING)
    before = see(mariadb)
    table = before.table("everything")
    assert table is not None
    for column in table.columns:
        definition = column_definition(column, column_check(table, column.name))
        run(mariadb, [f"ALTER TABLE everything MODIFY COLUMN {definition}"])
    assert see(mariadb) == before


# -- random schemas

names = st.text(
    st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=12,
).filter(lambda name: name.strip() == name and not name.lower().startswith("pwmig_") and "\ufffd" not in name)
texts = st.text(st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12)
kinds = st.sampled_from(
    (
        *(
            ("int(11)", "1"),
            ("bigint(20) unsigned", "7"),
            ("decimal(10,2)", "1.50"),
            ("double", "0.5"),
            ("bit(3)", "b'1'"),
        ),
        *(("varchar(30)", None), ("text", None), ("char(9)", None)),
        *(("date", "'2020-01-01'"), ("datetime", "current_timestamp()"), ("timestamp", "current_timestamp()")),
        *(("uuid", "uuid()"), ("inet6", None), ("blob", None), ("json", None)),
    )
)


@st.composite
def columns(draw: st.DrawFn, name: str) -> str:
    kind, default = draw(kinds)
    textual = kind in ("varchar(30)", "text", "char(9)")
    words = [quote(name), kind]
    if textual:
        words += draw(st.sampled_from(([], ["COLLATE utf8mb4_bin"], ["COLLATE utf8mb4_unicode_ci"])))
        default = literal(draw(texts)[:9])
    nullable = draw(st.booleans())
    words.append("NULL" if nullable else "NOT NULL")
    words += [f"DEFAULT {default}"] if default is not None and draw(st.booleans()) else []
    words += ["ON UPDATE current_timestamp()"] if kind in ("datetime", "timestamp") and draw(st.booleans()) else []
    words += ["INVISIBLE"] if nullable and draw(st.integers(0, 4)) == 0 else []
    words += [f"COMMENT {literal(draw(texts))}"] if draw(st.booleans()) else []
    words += [f"CHECK ({quote(name)} <> {literal(draw(texts))})"] if textual and draw(st.booleans()) else []
    return " ".join(words)


@st.composite
def tables(draw: st.DrawFn, name: str, others: tuple[str, ...]) -> str:
    taken = draw(st.lists(names, min_size=1, max_size=5, unique_by=str.casefold))
    lines = ["`the key` int NOT NULL AUTO_INCREMENT", *(draw(columns(column)) for column in taken)]
    lines.append("PRIMARY KEY (`the key`)")
    for number in range(draw(st.integers(0, 2))):
        column = draw(st.sampled_from(taken))
        long = any(f"{quote(column)} {kind}" in " ".join(lines) for kind in ("text", "blob", "json"))
        part = quote(column) + ("(5)" if long else "") + draw(st.sampled_from(("", " DESC")))
        unique = draw(st.sampled_from(("", "UNIQUE ")))
        lines.append(f"{unique}KEY {quote(f'index {number} {column}'[:64])} ({part}, `the key`)")
    for number, other in enumerate(draw(st.lists(st.sampled_from(others), max_size=2)) if others else ()):
        lines.append(f"`ref {number}` int")
        action = draw(st.sampled_from(("", " ON DELETE CASCADE", " ON UPDATE SET NULL", " ON DELETE NO ACTION")))
        lines.append(f"FOREIGN KEY (`ref {number}`) REFERENCES {quote(other)} (`the key`){action}")
    if draw(st.booleans()):
        said = literal(draw(texts))
        kind = draw(st.sampled_from(("VIRTUAL", "STORED", "VIRTUAL INVISIBLE")))
        lines.append(
            f"`a number` int, `the sum` varchar(99) COLLATE utf8mb4_bin AS (concat(`a number`, {said})) {kind}"
        )
        lines.append(f"`by default` varchar(99) DEFAULT (concat({said}, user()))")
        lines.append(f"CONSTRAINT `the check` CHECK (`a number` <> {said} OR `the sum` IS NOT NULL)")
    comment = f" COMMENT {literal(draw(texts))}" if draw(st.booleans()) else ""
    comment += draw(st.sampled_from(("", " COLLATE utf8mb4_bin", " ROW_FORMAT = COMPACT", " WITH SYSTEM VERSIONING")))
    return f"CREATE TABLE {quote(name)} (\n  " + ",\n  ".join(lines) + f"\n){comment}"


@st.composite
def databases(draw: st.DrawFn) -> list[str]:
    found = draw(st.lists(names, min_size=1, max_size=4, unique_by=str.casefold))
    statements = [draw(tables(name, tuple(found[:place]))) for place, name in enumerate(found)]
    for name in found:
        if draw(st.booleans()):
            body = f"SET @a = {literal(draw(texts))}"
            trigger = quote(f"{name} trg"[:64])
            statements.append(f"CREATE TRIGGER {trigger} BEFORE INSERT ON {quote(name)} FOR EACH ROW {body}")
        if draw(st.booleans()):
            view = quote(f"{name} view"[:64])
            statements.append(f"CREATE VIEW {view} AS SELECT *, {literal(draw(texts))} AS said FROM {quote(name)}")
    return statements


@given(statements=databases())
def test_a_random_schema_written_and_seen_again_is_equal(mariadb_server: servers.Server, statements: list[str]) -> None:
    with mariadb_server.fresh() as database:
        run(database, statements)
        schema = see(database)
        assert see(database) == schema
        assert written_again(mariadb_server, schema) == schema
