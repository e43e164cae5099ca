"""Seen whole: two schemas of PostgreSQL that differ in one fact differ in ``diff`` by exactly that.

A row is what makes a database, what alters one fact of it, the change that has to come out, and its facts; of what is
added or taken away, the change alone. What was altered is then written elsewhere, and seen there as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import peewee
import pytest
import requirements
import servers
from postgres_everything import make_roles, rolled_back, run, see

from pwmig.dialects.postgresql.writing import write
from pwmig.diff import diff


class Case(NamedTuple):
    fact: str
    before: str
    """What makes the database; statements end with a semicolon at the end of a line."""
    change: str
    kind: str
    facts: str = ""
    """The names of the facts that differ."""
    since: int = 12
    """The version of PostgreSQL that knows of it."""


T = "CREATE TABLE t (id int PRIMARY KEY, a int, b text)"
TWO = f"{T};\nCREATE TABLE u (id int PRIMARY KEY, x int, y int, UNIQUE (id, x))"
KEY = "ALTER TABLE u ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES t (id)"
SELF = "CREATE TABLE t (id int PRIMARY KEY, a int, b int, UNIQUE (a, b))"
PARTED = "CREATE TABLE t (id int, a int) PARTITION BY RANGE (a)"
PART = f"{PARTED};\nCREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10)"
CHILD = "CREATE TABLE t (id int, a int);\nCREATE TABLE c (b int) INHERITS (t)"
VIEW = f"{T};\nCREATE VIEW v AS SELECT id, a FROM t WHERE a > 1"
KEPT = f"{T};\nCREATE MATERIALIZED VIEW m AS SELECT id, a FROM t"
TOUCH = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
TRIGGER = f"{T};\n{TOUCH};\nCREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
RULE = f"{T};\nCREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING"
POLICY = f"{T};\nCREATE POLICY p ON t USING (a > 1)"
FUNCTION = "CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT 1'"
ENUM = "CREATE TYPE e AS ENUM ('a', 'b')"
DOMAIN = "CREATE DOMAIN d AS int CONSTRAINT c CHECK (VALUE > 0)"
COMPOSITE = "CREATE TYPE c AS (x int, y text)"
SEQUENCE = "CREATE SEQUENCE s"
SERIAL = "CREATE TABLE t (id serial)"
IDENTITY = "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)"


def column(fact: str, before: str, after: str, facts: str, since: int = 12) -> Case:
    """A column ``c`` of one definition, and of another."""
    made = f"CREATE TABLE t (a int, c {before})"
    return Case(f"column: {fact}", made, f"ALTER TABLE t DROP c, ADD c {after}", "AlterColumn", facts, since)


def column_set(fact: str, words: str, facts: str = "options", since: int = 12) -> Case:
    return Case(f"column: {fact}", T, f"ALTER TABLE t ALTER b SET {words}", "AlterColumn", facts, since)


def index(fact: str, before: str, after: str, facts: str, since: int = 12) -> Case:
    """An index ``i`` of one definition, and of another."""
    made = f"CREATE TABLE t (id int, a int, b text, c int4range, d jsonb);\nCREATE INDEX i ON t {before}"
    change = f"DROP INDEX i;\nCREATE INDEX i ON t {after}".replace("INDEX i ON t UNIQUE", "UNIQUE INDEX i ON t")
    return Case(
        f"index: {fact}", made.replace("INDEX i ON t UNIQUE", "UNIQUE INDEX i ON t"), change, "AlterIndex", facts, since
    )


def constraint(kind: str, fact: str, before: str, after: str, facts: str, since: int = 12) -> Case:
    """A constraint ``k`` of one definition, and of another."""
    made = f"CREATE TABLE t (id int, a int, b int, c int4range, CONSTRAINT k {before})"
    change = f"ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k {after}"
    return Case(f"{kind}: {fact}", made, change, f"Alter{kind}", facts, since)


def key(fact: str, words: str, facts: str, since: int = 12) -> Case:
    """A foreign key from u.x to t.id that becomes another one."""
    change = f"ALTER TABLE u DROP CONSTRAINT k;\n{KEY} {words}"
    return Case(f"foreign key: {fact}", f"{TWO};\n{KEY}", change, "AlterForeignKey", facts, since)


def option(fact: str, words: str, since: int = 12) -> Case:
    return Case(f"table: {fact}", T, f"ALTER TABLE t {words}", "AlterOptions", since=since)


def trigger(fact: str, after: str) -> Case:
    """A trigger ``g`` that becomes another one."""
    return Case(f"trigger: {fact}", TRIGGER, f"DROP TRIGGER g ON t;\nCREATE TRIGGER g {after}", "AlterTrigger", "sql")


def routine(fact: str, after: str) -> Case:
    return Case(f"routine: {fact}", FUNCTION, f"DROP FUNCTION f;\nCREATE FUNCTION f{after}", "AlterRoutine", "sql")


def sequence(fact: str, words: str, facts: str, before: str = SEQUENCE, since: int = 12) -> Case:
    return Case(f"sequence: {fact}", before, f"ALTER SEQUENCE s {words}", "AlterSequence", facts, since)


CASES = (
    Case("column: type", T, "ALTER TABLE t ALTER a TYPE bigint", "AlterColumn", "type"),
    column("length", "varchar(20)", "varchar(30)", "type"),
    column("precision", "numeric(10,2)", "numeric(10,3)", "type"),
    column("time zone", "timestamp", "timestamptz", "type"),
    column("parts of a second", "time", "time(3)", "type"),
    column("array", "int", "int[]", "type"),
    column("fields of an interval", "interval", "interval day to second", "type"),
    column("not NULL", "int", "int NOT NULL", "nullable"),
    column("a default", "int", "int DEFAULT 1", "default"),
    column("another default", "text DEFAULT 'a'", "text DEFAULT 'A'", "default"),
    column("a default that is empty", "text", "text DEFAULT ''", "default"),
    column("a default that says NULL", "text", "text DEFAULT 'NULL'", "default"),
    column("a computed default", "timestamptz DEFAULT now()", "timestamptz DEFAULT now() + '1 day'", "default"),
    column("collation", "text", 'text COLLATE "C"', "collation"),
    column("the expression that generates it", "int GENERATED ALWAYS AS (a + 1) STORED",
           "int GENERATED ALWAYS AS (a + 2) STORED", "generated"),
    column("generated and plain", "int GENERATED ALWAYS AS (a + 1) STORED", "int", "generated,generated_kind"),
    column("the kind of generated", "int GENERATED ALWAYS AS (a + 1) STORED", "int GENERATED ALWAYS AS (a + 1) VIRTUAL",
           "generated_kind", 18),
    column("identity", "int NOT NULL", "int GENERATED ALWAYS AS IDENTITY", "identity,sequence"),
    column("kind of identity", "int GENERATED ALWAYS AS IDENTITY", "int GENERATED BY DEFAULT AS IDENTITY", "identity"),
    column("increment of identity", "int GENERATED ALWAYS AS IDENTITY",
           "int GENERATED ALWAYS AS IDENTITY (INCREMENT 2)", "sequence"),
    column("serial", "int NOT NULL", "serial", "default,sequence"),
    column("name of a serial's sequence", "serial", "serial;\nALTER SEQUENCE t_c_seq RENAME TO q", "default,sequence"),
    Case("column: comment of its sequence", SERIAL, "COMMENT ON SEQUENCE t_id_seq IS 'c'", "AlterColumn", "sequence"),
    Case("column: grant on its sequence", IDENTITY, "GRANT USAGE ON SEQUENCE t_id_seq TO pwmig_reader", "AlterColumn",
         "sequence"),
    Case("column: start of its sequence", SERIAL, "ALTER SEQUENCE t_id_seq START 5", "AlterColumn", "sequence"),
    Case("column: owns its sequence", "CREATE SEQUENCE s;\nCREATE TABLE t (id int DEFAULT nextval('s'))",
         "ALTER SEQUENCE s OWNED BY t.id", "AlterColumn", "sequence"),
    column_set("storage", "STORAGE EXTERNAL"),
    column_set("compression", "COMPRESSION pglz", since=14),
    column_set("statistics", "STATISTICS 50"),
    column_set("no statistics", "STATISTICS 0"),
    column_set("option", "(n_distinct = 5)"),
    column_set("option for children", "(n_distinct_inherited = -1)"),
    Case("column: comment", T, "COMMENT ON COLUMN t.a IS 'c'", "AlterColumn", "comment"),
    Case("column: letter case of a comment", f"{T};\nCOMMENT ON COLUMN t.a IS 'c'", "COMMENT ON COLUMN t.a IS 'C'",
         "AlterColumn", "comment"),
    Case("column: grant", T, "GRANT UPDATE (a) ON t TO pwmig_reader", "AlterColumn", "grants"),
    Case("column: grant handed on", f"{T};\nGRANT SELECT (a) ON t TO pwmig_reader",
         "GRANT SELECT (a) ON t TO pwmig_reader WITH GRANT OPTION", "AlterColumn", "grants"),
    Case("column: type of an enum", f"{ENUM};\nCREATE TYPE f AS ENUM ('a', 'b');\nCREATE TABLE t (a e)",
         "ALTER TABLE t ALTER a TYPE f USING NULL", "AlterColumn", "type"),
    Case("column: added", T, "ALTER TABLE t ADD c int", "AddColumn"),
    Case("column: gone", T, "ALTER TABLE t DROP b", "DropColumn"),
    column("named not NULL", "int NOT NULL", "int CONSTRAINT chosen NOT NULL", "options", 18),
    column("not NULL of its own", "int NOT NULL", "int NOT NULL NO INHERIT", "options", 18),
    Case("column: not NULL not valid", "CREATE TABLE t (a int NOT NULL)",
         "ALTER TABLE t ALTER a DROP NOT NULL, ADD NOT NULL a NOT VALID", "AlterColumn", "options", 18),
    index("unique", "(a)", "UNIQUE (a)", "unique"),
    index("order", "(a)", "(a DESC)", "parts"),
    index("NULLs first", "(a)", "(a NULLS FIRST)", "parts"),
    index("NULLs last", "(a DESC)", "(a DESC NULLS LAST)", "parts"),
    index("columns", "(a)", "(a, id)", "parts"),
    index("the order of columns", "(a, id)", "(id, a)", "parts"),
    index("expression", "(lower(b))", "(upper(b))", "parts"),
    index("operator class", "(b)", "(b text_pattern_ops)", "parts"),
    index("operator class of an expression", "(lower(b))", "(lower(b) text_pattern_ops)", "parts"),
    index("parameter of an operator class", "USING brin (a int4_minmax_multi_ops)",
          "USING brin (a int4_minmax_multi_ops (values_per_range = 8))", "parts", 14),
    index("collation", "(b)", '(b COLLATE "C")', "parts"),
    index("collation of an expression", "(lower(b))", '(lower(b) COLLATE "C")', "parts"),
    index("method", "(a)", "USING hash (a)", "method"),
    index("gin and its class", "USING gin (d)", "USING gin (d jsonb_path_ops)", "parts"),
    index("include", "(a)", "(a) INCLUDE (b)", "include"),
    index("the order of include", "(a) INCLUDE (b, id)", "(a) INCLUDE (id, b)", "include"),
    index("predicate", "(a)", "(a) WHERE a > 1", "predicate"),
    index("another predicate", "(a) WHERE a > 1", "(a) WHERE a > 2", "predicate"),
    index("NULLs alike", "UNIQUE (a)", "UNIQUE (a) NULLS NOT DISTINCT", "nulls_distinct", 15),
    index("fill factor", "(a)", "(a) WITH (fillfactor = 50)", "options"),
    Case("index: statistics", f"{T};\nCREATE INDEX i ON t ((a + 1))", "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 9",
         "AlterIndex", "options"),
    Case("index: comment", f"{T};\nCREATE INDEX i ON t (a)", "COMMENT ON INDEX i IS 'c'", "AlterIndex", "comment"),
    Case("index: not valid", f"{T};\nCREATE INDEX i ON t (a)",
         "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass", "AlterIndex", "valid"),
    Case("index: name", f"{T};\nCREATE INDEX i ON t (a)", "ALTER INDEX i RENAME TO j", "AlterIndex", "name"),
    Case("index: added", T, "CREATE INDEX i ON t (a)", "AddIndex"),
    Case("index: gone", f"{T};\nCREATE INDEX i ON t (a)", "DROP INDEX i", "DropIndex"),
    Case("index: part of another", f"{PART};\nCREATE TABLE o PARTITION OF t DEFAULT;\n"
         "CREATE INDEX i ON ONLY t (a);\nCREATE INDEX j ON p (a)", "ALTER INDEX i ATTACH PARTITION j",
         "AlterIndex", "options"),
    constraint("Unique", "columns", "UNIQUE (a)", "UNIQUE (a, b)", "columns"),
    constraint("Unique", "include", "UNIQUE (a)", "UNIQUE (a) INCLUDE (b)", "include"),
    constraint("Unique", "NULLs alike", "UNIQUE (a)", "UNIQUE NULLS NOT DISTINCT (a)", "nulls_distinct", 15),
    constraint("Unique", "deferrable", "UNIQUE (a)", "UNIQUE (a) DEFERRABLE", "deferrable"),
    constraint("Unique", "deferred", "UNIQUE (a) DEFERRABLE", "UNIQUE (a) DEFERRABLE INITIALLY DEFERRED", "deferrable"),
    constraint("Unique", "fill factor", "UNIQUE (a)", "UNIQUE (a) WITH (fillfactor = 50)", "options"),
    Case("Unique: without overlaps", "CREATE TABLE t (a int4range, b int4range, CONSTRAINT k UNIQUE (a, b))",
         "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a, b WITHOUT OVERLAPS)", "AlterUnique",
         "options", 18),
    Case("Unique: comment", f"{T};\nALTER TABLE t ADD CONSTRAINT k UNIQUE (a)", "COMMENT ON CONSTRAINT k ON t IS 'c'",
         "AlterUnique", "comment"),
    Case("Unique: name", f"{T};\nALTER TABLE t ADD CONSTRAINT k UNIQUE (a)", "ALTER TABLE t RENAME CONSTRAINT k TO l",
         "AlterUnique", "name"),
    Case("Unique: added", T, "ALTER TABLE t ADD UNIQUE (a)", "AddUnique"),
    Case("Unique: gone", f"{T};\nALTER TABLE t ADD CONSTRAINT k UNIQUE (a)", "ALTER TABLE t DROP CONSTRAINT k",
         "DropUnique"),
    Case("primary key: columns", "CREATE TABLE t (a int NOT NULL, b int NOT NULL, CONSTRAINT k PRIMARY KEY (a))",
         "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k PRIMARY KEY (a, b)", "AlterPrimaryKey", "primary_key"),
    Case("primary key: order of columns", "CREATE TABLE t (a int, b int, CONSTRAINT k PRIMARY KEY (a, b))",
         "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k PRIMARY KEY (b, a)", "AlterPrimaryKey", "primary_key"),
    Case("primary key: name", T, "ALTER TABLE t RENAME CONSTRAINT t_pkey TO k", "AlterPrimaryKey", "primary_key_name"),
    Case("primary key: deferrable", T, "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) DEFERRABLE",
         "AlterPrimaryKey", "primary_key_deferrable"),
    Case("primary key: include", T, "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) INCLUDE (a, b)",
         "AlterPrimaryKey", "primary_key_options"),
    Case("primary key: fill factor", T,
         "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) WITH (fillfactor = 50)", "AlterPrimaryKey",
         "primary_key_options"),
    Case("primary key: comment", T, "COMMENT ON CONSTRAINT t_pkey ON t IS 'c'", "AlterPrimaryKey",
         "primary_key_comment"),
    Case("primary key: gone", T, "ALTER TABLE t DROP CONSTRAINT t_pkey, ALTER id SET NOT NULL", "AlterPrimaryKey",
         "primary_key,primary_key_name"),
    constraint("Exclusion", "expression", "EXCLUDE USING gist (c WITH &&)", "EXCLUDE USING gist (c WITH =)",
               "definition"),
    constraint("Exclusion", "predicate", "EXCLUDE USING gist (c WITH &&)",
               "EXCLUDE USING gist (c WITH &&) WHERE (a > 1)", "definition"),
    constraint("Exclusion", "deferrable", "EXCLUDE USING gist (c WITH &&)",
               "EXCLUDE USING gist (c WITH &&) DEFERRABLE", "definition"),
    Case("Exclusion: comment", "CREATE TABLE t (c int4range, CONSTRAINT k EXCLUDE USING gist (c WITH &&))",
         "COMMENT ON CONSTRAINT k ON t IS 'c'", "AlterExclusion", "comment"),
    Case("Exclusion: added", "CREATE TABLE t (c int4range)", "ALTER TABLE t ADD EXCLUDE USING gist (c WITH &&)",
         "AddExclusion"),
    constraint("Check", "expression", "CHECK (a > 0)", "CHECK (a > 1)", "expression"),
    constraint("Check", "not valid", "CHECK (a > 0)", "CHECK (a > 0) NOT VALID", "validated"),
    constraint("Check", "of this table only", "CHECK (a > 0)", "CHECK (a > 0) NO INHERIT", "inherited"),
    constraint("Check", "not enforced", "CHECK (a > 0)", "CHECK (a > 0) NOT ENFORCED", "enforced", 18),
    Case("Check: name", f"{T};\nALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", "ALTER TABLE t RENAME CONSTRAINT k TO l",
         "AlterCheck", "name"),
    Case("Check: comment", f"{T};\nALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", "COMMENT ON CONSTRAINT k ON t IS 'c'",
         "AlterCheck", "comment"),
    Case("Check: added", T, "ALTER TABLE t ADD CHECK (a > 0)", "AddCheck"),
    Case("Check: gone", f"{T};\nALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", "ALTER TABLE t DROP CONSTRAINT k",
         "DropCheck"),
    key("on delete", "ON DELETE CASCADE", "on_delete"),
    key("NO ACTION is not RESTRICT", "ON DELETE RESTRICT", "on_delete"),
    key("on update", "ON UPDATE SET NULL", "on_update"),
    key("match", "MATCH FULL", "match"),
    key("deferrable", "DEFERRABLE", "deferrable"),
    key("deferred", "DEFERRABLE INITIALLY DEFERRED", "deferrable"),
    key("not valid", "NOT VALID", "validated"),
    key("not enforced", "NOT ENFORCED", "enforced", 18),
    Case("foreign key: columns that are set", f"{SELF};\nALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) "
         "REFERENCES t (a, b) ON DELETE SET NULL", "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k "
         "FOREIGN KEY (a, b) REFERENCES t (a, b) ON DELETE SET NULL (b)", "AlterForeignKey", "on_delete", 15),
    Case("foreign key: the order of two columns", f"{SELF};\nALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) "
         "REFERENCES t (a, b)", "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k "
         "FOREIGN KEY (a, b) REFERENCES t (b, a)", "AlterForeignKey", "ref_columns"),
    Case("foreign key: to another table", f"{TWO};\nCREATE TABLE w (id int PRIMARY KEY);\n{KEY}",
         "ALTER TABLE u DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES w (id)", "AlterForeignKey",
         "ref_table"),
    Case("foreign key: to a table of that name in another schema",
         f"{TWO};\n{KEY};\nCREATE SCHEMA s;\nCREATE TABLE s.t (id int PRIMARY KEY)",
         "ALTER TABLE u DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES s.t (id)", "AlterForeignKey",
         "ref_table"),
    Case("foreign key: name", f"{TWO};\n{KEY}", "ALTER TABLE u RENAME CONSTRAINT k TO l", "AlterForeignKey", "name"),
    Case("foreign key: comment", f"{TWO};\n{KEY}", "COMMENT ON CONSTRAINT k ON u IS 'c'", "AlterForeignKey", "comment"),
    Case("foreign key: added", TWO, KEY, "AddForeignKey"),
    Case("foreign key: one of that name on another table", f"{TWO};\n{KEY}",
         "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t (id)", "AddForeignKey"),
    Case("foreign key: gone", f"{TWO};\n{KEY}", "ALTER TABLE u DROP CONSTRAINT k", "DropForeignKey"),
    option("unlogged", "SET UNLOGGED"),
    option("fill factor", "SET (fillfactor = 50)"),
    option("option of its TOAST table", "SET (toast.autovacuum_enabled = false)"),
    option("replica identity", "REPLICA IDENTITY FULL"),
    option("no replica identity", "REPLICA IDENTITY NOTHING"),
    option("replica identity by an index", "REPLICA IDENTITY USING INDEX t_pkey"),
    option("row security", "ENABLE ROW LEVEL SECURITY"),
    option("row security for its owner too", "FORCE ROW LEVEL SECURITY"),
    option("clustered", "CLUSTER ON t_pkey"),
    Case("table: extended statistics", T, "CREATE STATISTICS s (dependencies) ON id, a FROM t", "AlterOptions"),
    Case("table: of a type", f"{COMPOSITE};\nCREATE TABLE t (x int, y text)", "ALTER TABLE t OF c", "AlterOptions"),
    Case("table: comment", T, "COMMENT ON TABLE t IS 'it''s'", "AlterTable", "comment"),
    Case("table: grant", T, "GRANT SELECT ON t TO pwmig_reader", "AlterTable", "grants"),
    Case("table: grant handed on", f"{T};\nGRANT SELECT ON t TO PUBLIC", "GRANT SELECT ON t TO pwmig_reader WITH GRANT "
         "OPTION", "AlterTable", "grants"),
    Case("table: a right that its owner gave up", T, "REVOKE TRUNCATE ON t FROM CURRENT_USER", "AlterTable", "grants"),
    Case("table: partitioning", PARTED, "DROP TABLE t;\nCREATE TABLE t (id int, a int) PARTITION BY RANGE (id)",
         "AlterTable", "partitioning"),
    Case("table: bound of a partition", PART,
         "ALTER TABLE t DETACH PARTITION p;\nALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (1) TO (20)",
         "AlterTable", "partition_bound"),
    Case("table: no partition any more", PART, "ALTER TABLE t DETACH PARTITION p", "AlterTable",
         "partition_of,partition_bound"),
    Case("table: a partition added", PARTED, "CREATE TABLE p PARTITION OF t DEFAULT", "CreateTable"),
    Case("table: another parent", f"{CHILD};\nCREATE TABLE o (b int)", "ALTER TABLE c INHERIT o;\n"
         "ALTER TABLE c NO INHERIT o;\nCREATE TABLE c2 () INHERITS (o)", "CreateTable"),
    Case("table: no child any more", "CREATE TABLE t (a int);\nCREATE TABLE c (a int);\nALTER TABLE c INHERIT t",
         "ALTER TABLE c NO INHERIT t;\nALTER TABLE c INHERIT t;\nCOMMENT ON TABLE c IS 'c'", "AlterTable", "comment"),
    Case("table: added", T, "CREATE TABLE u (id int)", "CreateTable"),
    Case("table: one of that name in another schema", f"{T};\nCREATE SCHEMA s", "CREATE TABLE s.t (id int)",
         "CreateTable"),
    Case("table: gone", TWO, "DROP TABLE u", "DropTable"),
    trigger("when", "AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"),
    trigger("event", "BEFORE INSERT OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION f()"),
    trigger("for what", "BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f()"),
    trigger("condition", "BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION f()"),
    trigger("argument", "BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f('100%')"),
    Case("trigger: disabled", TRIGGER, "ALTER TABLE t DISABLE TRIGGER g", "AlterTrigger", "enabled"),
    Case("trigger: on replicas", TRIGGER, "ALTER TABLE t ENABLE REPLICA TRIGGER g", "AlterTrigger", "enabled"),
    Case("trigger: always", TRIGGER, "ALTER TABLE t ENABLE ALWAYS TRIGGER g", "AlterTrigger", "enabled"),
    Case("trigger: comment", TRIGGER, "COMMENT ON TRIGGER g ON t IS 'c'", "AlterTrigger", "comment"),
    Case("trigger: added", TRIGGER, "CREATE TRIGGER h BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION f()",
         "AddTrigger"),
    Case("trigger: gone", TRIGGER, "DROP TRIGGER g ON t", "DropTrigger"),
    Case("rule: what it does", RULE, "CREATE OR REPLACE RULE r AS ON DELETE TO t WHERE OLD.a > 1 DO INSTEAD NOTHING",
         "AlterRule", "sql"),
    Case("rule: disabled", RULE, "ALTER TABLE t DISABLE RULE r", "AlterRule", "enabled"),
    Case("rule: comment", RULE, "COMMENT ON RULE r ON t IS 'c'", "AlterRule", "comment"),
    Case("rule: added", T, RULE.split(";\n")[1], "AddRule"),
    Case("policy: using", POLICY, "ALTER POLICY p ON t USING (a > 2)", "AlterPolicy", "using"),
    Case("policy: check", POLICY, "ALTER POLICY p ON t WITH CHECK (a > 2)", "AlterPolicy", "check"),
    Case("policy: roles", POLICY, "ALTER POLICY p ON t TO pwmig_reader", "AlterPolicy", "roles"),
    Case("policy: command", POLICY, "DROP POLICY p ON t;\nCREATE POLICY p ON t FOR UPDATE USING (a > 1)", "AlterPolicy",
         "command"),
    Case("policy: restrictive", POLICY, "DROP POLICY p ON t;\nCREATE POLICY p ON t AS RESTRICTIVE USING (a > 1)",
         "AlterPolicy", "permissive"),
    Case("policy: comment", POLICY, "COMMENT ON POLICY p ON t IS 'c'", "AlterPolicy", "comment"),
    Case("policy: gone", POLICY, "DROP POLICY p ON t", "DropPolicy"),
    Case("view: query", VIEW, "CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 2", "AlterView", "sql"),
    Case("view: name of a column", VIEW, "ALTER VIEW v RENAME COLUMN a TO z", "AlterView", "sql"),
    Case("view: check option", VIEW, "ALTER VIEW v SET (check_option = local)", "AlterView", "options"),
    Case("view: security barrier", VIEW, "ALTER VIEW v SET (security_barrier = true)", "AlterView", "options"),
    Case("view: security of who asks", VIEW, "ALTER VIEW v SET (security_invoker = true)", "AlterView", "options", 15),
    Case("view: default of a column", VIEW, "ALTER VIEW v ALTER a SET DEFAULT 5", "AlterView", "options"),
    Case("view: comment", VIEW, "COMMENT ON VIEW v IS 'c'", "AlterView", "comment"),
    Case("view: comment of a column", VIEW, "COMMENT ON COLUMN v.a IS 'c'", "AlterView", "options"),
    Case("view: grant", VIEW, "GRANT SELECT ON v TO pwmig_reader", "AlterView", "grants"),
    Case("view: grant on a column", VIEW, "GRANT SELECT (a) ON v TO pwmig_reader", "AlterView", "options"),
    Case("view: rule", VIEW, "CREATE RULE r AS ON DELETE TO v DO INSTEAD NOTHING", "AlterView", "options"),
    Case("view: trigger", f"{VIEW};\n{TOUCH}",
         "CREATE TRIGGER g INSTEAD OF DELETE ON v FOR EACH ROW EXECUTE FUNCTION f()", "AddTrigger"),
    Case("view: added", T, "CREATE VIEW v AS SELECT 1 AS one", "CreateView"),
    Case("view: gone", VIEW, "DROP VIEW v", "DropView"),
    Case("materialized view: query", KEPT,
         "DROP MATERIALIZED VIEW m;\nCREATE MATERIALIZED VIEW m AS SELECT id, a FROM t WHERE a > 1", "AlterView",
         "sql"),
    Case("materialized view: kept or not", KEPT, "DROP MATERIALIZED VIEW m;\nCREATE VIEW m AS SELECT id, a FROM t",
         "AlterView", "sql,materialized"),
    Case("materialized view: empty", KEPT, "REFRESH MATERIALIZED VIEW m WITH NO DATA", "AlterView", "options"),
    Case("materialized view: fill factor", KEPT, "ALTER MATERIALIZED VIEW m SET (fillfactor = 50)", "AlterView",
         "options"),
    Case("materialized view: statistics", KEPT, "ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 5", "AlterView",
         "options"),
    Case("materialized view: index", KEPT, "CREATE INDEX i ON m (a)", "AddIndex"),
    Case("materialized view: comment of an index", f"{KEPT};\nCREATE INDEX i ON m (a)", "COMMENT ON INDEX i IS 'c'",
         "AlterIndex", "comment"),
    routine("body", "(x int) RETURNS int LANGUAGE sql AS 'SELECT 2'"),
    routine("name of an argument", "(y int) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    routine("default of an argument", "(x int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    routine("result", "(x int) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'"),
    routine("volatility", "(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'"),
    routine("strict", "(x int) RETURNS int LANGUAGE sql STRICT AS 'SELECT 1'"),
    routine("security", "(x int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"),
    routine("cost", "(x int) RETURNS int LANGUAGE sql COST 7 AS 'SELECT 1'"),
    routine("parallel", "(x int) RETURNS int LANGUAGE sql PARALLEL SAFE AS 'SELECT 1'"),
    routine("setting", "(x int) RETURNS int LANGUAGE sql SET work_mem = '4MB' AS 'SELECT 1'"),
    routine("language", "(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'"),
    Case("routine: another one of its name", FUNCTION, "CREATE FUNCTION f(x text) RETURNS int LANGUAGE sql AS "
         "'SELECT 1'", "CreateRoutine"),
    Case("routine: comment", FUNCTION, "COMMENT ON FUNCTION f IS 'c'", "AlterRoutine", "comment"),
    Case("routine: grant", FUNCTION, "GRANT EXECUTE ON FUNCTION f TO pwmig_reader", "AlterRoutine", "grants"),
    Case("routine: not for everybody", FUNCTION, "REVOKE EXECUTE ON FUNCTION f FROM PUBLIC", "AlterRoutine", "grants"),
    Case("routine: a procedure", T, "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'", "CreateRoutine"),
    Case("routine: an aggregate", T, "CREATE AGGREGATE g (int) (SFUNC = int4pl, STYPE = int)", "CreateRoutine"),
    Case("routine: start of an aggregate", "CREATE AGGREGATE g (int) (SFUNC = int4pl, STYPE = int)",
         "DROP AGGREGATE g (int);\nCREATE AGGREGATE g (int) (SFUNC = int4pl, STYPE = int, INITCOND = 1)",
         "AlterRoutine", "sql"),
    Case("routine: gone", FUNCTION, "DROP FUNCTION f", "DropRoutine"),
    Case("type: value of an enum", ENUM, "DROP TYPE e;\nCREATE TYPE e AS ENUM ('a', 'b', 'c')", "AlterType", "values"),
    Case("type: order of an enum", ENUM, "DROP TYPE e;\nCREATE TYPE e AS ENUM ('b', 'a')", "AlterType", "values"),
    Case("type: name of a value", ENUM, "ALTER TYPE e RENAME VALUE 'a' TO 'A'", "AlterType", "values"),
    Case("type: comment", ENUM, "COMMENT ON TYPE e IS 'c'", "AlterType", "comment"),
    Case("type: grant", ENUM, "REVOKE USAGE ON TYPE e FROM PUBLIC", "AlterType", "grants"),
    Case("type: base of a domain", DOMAIN, "DROP DOMAIN d;\nCREATE DOMAIN d AS bigint CONSTRAINT c CHECK (VALUE > 0)",
         "AlterType", "base"),
    Case("type: default of a domain", DOMAIN, "ALTER DOMAIN d SET DEFAULT 1", "AlterType", "default"),
    Case("type: domain not NULL", DOMAIN, "ALTER DOMAIN d SET NOT NULL", "AlterType", "nullable"),
    Case("type: collation of a domain", "CREATE DOMAIN d AS text",
         'DROP DOMAIN d;\nCREATE DOMAIN d AS text COLLATE "C"', "AlterType", "collation"),
    Case("type: check of a domain", DOMAIN, "ALTER DOMAIN d ADD CONSTRAINT c2 CHECK (VALUE < 9)", "AlterType",
         "checks"),
    Case("type: check of a domain not valid", DOMAIN, "ALTER DOMAIN d DROP CONSTRAINT c;\n"
         "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID", "AlterType", "checks"),
    Case("type: comment of a domain's check", DOMAIN, "COMMENT ON CONSTRAINT c ON DOMAIN d IS 'c'", "AlterType",
         "checks"),
    Case("type: attribute of a composite", COMPOSITE, "ALTER TYPE c ADD ATTRIBUTE z int", "AlterType", "attributes"),
    Case("type: comment of an attribute", COMPOSITE, "COMMENT ON COLUMN c.x IS 'c'", "AlterType", "attributes"),
    Case("type: range", "CREATE TYPE r AS RANGE (subtype = float8)",
         "DROP TYPE r;\nCREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi)", "AlterType", "definition"),
    Case("type: name of a multirange", "CREATE TYPE r AS RANGE (subtype = float8)",
         "DROP TYPE r;\nCREATE TYPE r AS RANGE (subtype = float8, multirange_type_name = many)", "AlterType",
         "definition", 14),
    Case("type: collation", "CREATE COLLATION c (provider = libc, locale = 'C')",
         "DROP COLLATION c;\nCREATE COLLATION c (provider = libc, locale = 'POSIX')", "AlterType", "definition"),
    Case("type: added", T, ENUM, "CreateType"),
    Case("type: gone", ENUM, "DROP TYPE e", "DropType"),
    sequence("start", "START 5", "start"),
    sequence("increment", "INCREMENT 5", "increment"),
    sequence("minimum", "MINVALUE -5", "minimum"),
    sequence("maximum", "MAXVALUE 5000", "maximum"),
    sequence("type", "AS int", "type", "CREATE SEQUENCE s MAXVALUE 1000"),
    sequence("cache", "CACHE 5", "cache"),
    sequence("cycle", "CYCLE", "cycle"),
    sequence("unlogged", "SET UNLOGGED", "options", since=15),
    sequence("a second one of a column", "OWNED BY t.id", "options", f"{SERIAL};\nCREATE SEQUENCE s OWNED BY NONE",),
    Case("sequence: comment", SEQUENCE, "COMMENT ON SEQUENCE s IS 'c'", "AlterSequence", "comment"),
    Case("sequence: grant", SEQUENCE, "GRANT USAGE ON SEQUENCE s TO pwmig_reader", "AlterSequence", "grants"),
    Case("sequence: added", T, SEQUENCE, "CreateSequence"),
    Case("sequence: gone", SEQUENCE, "DROP SEQUENCE s", "DropSequence"),
    Case("schema: added", T, "CREATE SCHEMA s", "CreateNamespace"),
    Case("schema: comment", "CREATE SCHEMA s", "COMMENT ON SCHEMA s IS 'c'", "AlterNamespace", "comment"),
    Case("schema: grant", "CREATE SCHEMA s", "GRANT USAGE ON SCHEMA s TO pwmig_reader", "AlterNamespace", "grants"),
)  # fmt: skip


@pytest.fixture(scope="module")
def bench(postgres_server: servers.Server) -> Iterator[peewee.Database]:
    with postgres_server.fresh() as database:
        make_roles(database)
        yield database


@pytest.mark.parametrize("case", CASES, ids=[case.fact for case in CASES])
def test_one_fact_is_one_change(postgres_server: servers.Server, bench: peewee.Database, case: Case) -> None:
    if postgres_server.version < (case.since,):
        assert_not_known(bench, case)
        return
    with rolled_back(bench):
        run(bench, case.before.split(";\n"))
        before = see(bench)
        run(bench, case.change.split(";\n"))
        after = see(bench)
        assert see(bench) == after
    (change,) = diff(before, after)
    assert (change.kind, ",".join(fact.name for fact in getattr(change, "facts", ()))) == (case.kind, case.facts)
    assert len(diff(after, before)) == 1
    for schema in (before, after):
        with rolled_back(bench):
            run(bench, write(schema))
            assert see(bench) == schema


def assert_not_known(bench: peewee.Database, case: Case) -> None:
    """A server older than the fact refuses it, or makes nothing of it: so there is nothing to be seen."""
    with rolled_back(bench):
        try:
            run(bench, case.before.split(";\n"))
            before = see(bench)
            run(bench, case.change.split(";\n"))
        except Exception as error:  # Of whichever driver: each tells the class of errors that syntax belongs to.
            assert str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)).startswith("42")
            return
        assert diff(before, see(bench)) == ()


@pytest.mark.parametrize(
    ("extension", "before", "change", "kind", "facts"),
    [
        ("btree_gist", "CREATE TABLE t (id int)", "CREATE EXTENSION btree_gist", "CreateExtension", ""),
        ("citext", "CREATE EXTENSION citext;\nCREATE TABLE t (a citext)", "ALTER TABLE t ALTER a SET NOT NULL",
         "AlterColumn", "nullable"),
        ("pg_trgm", "CREATE SCHEMA x;\nCREATE EXTENSION pg_trgm SCHEMA x;\nCREATE TABLE t (a text)",
         "CREATE INDEX i ON t USING gist (a x.gist_trgm_ops (siglen = 32))", "AddIndex", ""),
        ("hstore", "CREATE SCHEMA x;\nCREATE EXTENSION hstore", "ALTER EXTENSION hstore SET SCHEMA x", "AlterExtension",
         "schema"),
        ("earthdistance", "CREATE EXTENSION cube", "CREATE EXTENSION earthdistance", "CreateExtension", ""),
    ],
)  # fmt: skip
def test_an_extension_stands_for_what_belongs_to_it(
    bench: peewee.Database, extension: str, before: str, change: str, kind: str, facts: str
) -> None:
    if not bench.execute_sql("SELECT 1 FROM pg_available_extensions WHERE name = %s", (extension,)).fetchone():
        pytest.skip(f"this PostgreSQL comes without {extension}")
    with rolled_back(bench):
        run(bench, before.split(";\n"))
        first = see(bench)
        run(bench, change.split(";\n"))
        second = see(bench)
    (made,) = diff(first, second)
    assert (made.kind, ",".join(fact.name for fact in getattr(made, "facts", ()))) == (kind, facts)
    with rolled_back(bench):
        run(bench, write(second))
        assert see(bench) == second


def test_a_collation_that_letter_case_does_not_count_in_is_one(bench: peewee.Database) -> None:
    with rolled_back(bench):
        try:
            run(bench, ["CREATE COLLATION tried (provider = icu, locale = 'und')"])
        except Exception as error:
            assert "ICU is not supported in this build" in str(error)
            requirements.require_or_skip("postgres", "this PostgreSQL was built without ICU")
    with rolled_back(bench):
        run(bench, ["CREATE COLLATION c (provider = icu, locale = 'und')", "CREATE TABLE t (a text COLLATE c)"])
        before = see(bench)
        alike = "(provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        run(bench, ["DROP TABLE t", "DROP COLLATION c", f"CREATE COLLATION c {alike}"])
        run(bench, ["CREATE TABLE t (a text COLLATE c)"])
        after = see(bench)
    (change,) = diff(before, after)
    assert (change.kind, change.table) == ("AlterType", "c") and after.types[0].definition == alike
    with rolled_back(bench):
        run(bench, write(after))
        assert see(bench) == after
